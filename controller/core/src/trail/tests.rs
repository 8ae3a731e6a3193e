#![allow(clippy::unwrap_used)]

use serde_json::{Value, json};

use super::{Notice, Subject, attribute, notices, told};
use crate::diff::Drift;

const ALICE: &str = "arn:aws:sts::123456789012:assumed-role/Deploy/alice";

fn call(source: &str, name: &str, input: Value, output: Value) -> Value {
    json!({
        "eventVersion": "1.08", "eventSource": source, "eventName": name, "eventTime": "2026-01-02T03:04:05Z",
        "awsRegion": "eu-west-1", "recipientAccountId": "123456789012", "readOnly": false,
        "userIdentity": {"type": "AssumedRole", "arn": ALICE, "accountId": "123456789012"},
        "requestParameters": input, "responseElements": output,
    })
}

fn update(input: Value) -> Value {
    let output = json!({"service": {"serviceArn": "arn:aws:ecs:eu-west-1:123456789012:service/prod/web"}});
    call("ecs.amazonaws.com", "UpdateService", input, output)
}

fn one(record: &Value) -> Notice {
    let mut found = notices(record);
    assert_eq!(found.len(), 1, "{record}");
    found.remove(0)
}

fn drift(path: &str, observed: Value) -> Drift {
    Drift { path: path.into(), desired: None, observed: Some(observed), rule: "exact".into() }
}

fn web() -> Subject {
    Subject::Service { cluster: "prod".into(), service: "web".into() }
}

#[test]
fn a_record_tells_who_changed_what_in_each_form_that_it_comes_in() {
    let record = update(json!({"cluster": "prod", "service": "web", "desiredCount": 9}));
    let event = json!({"detail-type": "AWS API Call via CloudTrail", "source": "aws.ecs", "detail": record});
    let file = json!({"Records": [record, {"eventSource": "s3.amazonaws.com", "eventName": "PutObject"}]});
    for form in [&record, &event, &file] {
        let notice = one(form);
        assert_eq!((notice.subject.clone(), notice.author.as_deref()), (web(), Some(ALICE)));
        assert_eq!(notice.at.to_string(), "2026-01-02T03:04:05Z");
        assert!(notice.explains(&drift("/service/desiredCount", json!(9))));
    }
}

#[test]
fn a_record_explains_the_paths_that_it_touched_with_the_value_that_is_seen_and_no_others() {
    let notice = one(&update(json!({
        "cluster": "prod", "service": "web", "desiredCount": 9, "taskDefinition": "web:12",
        "deploymentConfiguration": {"maximumPercent": 150},
    })));
    let revision = json!("arn:aws:ecs:eu-west-1:123456789012:task-definition/web:12");
    let other = json!("arn:aws:ecs:eu-west-1:123456789012:task-definition/web:13");
    for (path, observed, explained) in [
        ("/service/desiredCount", json!(9), true),
        ("/service/desiredCount", json!(8), false),
        ("/service/desiredCountdown", json!(9), false),
        ("/service/deploymentConfiguration/maximumPercent", json!(150), true),
        ("/service/deploymentConfiguration/minimumHealthyPercent", json!(0), true),
        ("/service/healthCheckGracePeriodSeconds", json!(9), false),
        ("/taskDefinition", revision, true),
        ("/taskDefinition", other, false),
        ("/scaling/minCapacity", json!(9), false),
    ] {
        assert_eq!(notice.explains(&drift(path, observed.clone())), explained, "{path}: {observed}");
    }
}

#[test]
fn scaling_is_recorded_under_the_name_of_its_older_sibling() {
    let of = |name: &str, input: Value| {
        let mut input = input;
        input["resourceId"] = json!("service/prod/web");
        one(&call("autoscaling.amazonaws.com", name, input, Value::Null))
    };
    let bounds = of("RegisterScalableTarget", json!({"minCapacity": 1, "maxCapacity": 9}));
    assert_eq!(bounds.subject, web());
    assert!(bounds.explains(&drift("/scaling/maxCapacity", json!(9))));
    assert!(!bounds.explains(&drift("/scaling/maxCapacity", json!(4))));
    let policy = of("PutScalingPolicy", json!({"policyName": "cpu"}));
    assert!(
        policy
            .explains(&drift("/scaling/policies/cpu/targetTrackingScalingPolicyConfiguration/targetValue", json!(90)))
    );
    assert!(!policy.explains(&drift("/scaling/policies/memory", json!({}))));
    let gone = of("DeregisterScalableTarget", json!({}));
    assert!(gone.explains(&Drift { observed: None, ..drift("/scaling/minCapacity", Value::Null) }));
}

#[test]
fn families_clusters_and_tags_are_found_by_name_and_by_arn() {
    let ecs = |name: &str, input: Value| one(&call("ecs.amazonaws.com", name, input, Value::Null));
    assert_eq!(
        ecs("DeregisterTaskDefinition", json!({"taskDefinition": "web:3"})).subject,
        Subject::Family("web".into())
    );
    assert_eq!(
        ecs("UpdateCluster", json!({"cluster": "prod", "settings": []})).subject,
        Subject::Cluster("prod".into())
    );
    let old = ecs("DeleteService", json!({"service": "web"}));
    assert_eq!(old.subject, Subject::Service { cluster: "default".into(), service: "web".into() });
    let arn = "arn:aws:ecs:eu-west-1:123456789012:service/prod/web";
    let tagged = ecs("TagResource", json!({"resourceArn": arn, "tags": [{"key": "team", "value": "blue"}]}));
    assert_eq!(tagged.subject, web());
    assert!(
        tagged.explains(&drift("/tags/team", json!("blue"))) && !tagged.explains(&drift("/tags/team", json!("red")))
    );
    let untagged = ecs("UntagResource", json!({"resourceArn": arn, "tagKeys": ["team"]}));
    assert!(untagged.explains(&Drift { observed: None, ..drift("/tags/team", Value::Null) }));
}

#[test]
fn calls_that_failed_or_read_and_forms_that_nobody_knows_say_nothing() {
    let mut failed = update(json!({"service": "web", "desiredCount": 9}));
    failed["errorCode"] = json!("AccessDenied");
    let read = call("ecs.amazonaws.com", "DescribeServices", json!({"services": ["web"]}), Value::Null);
    for document in
        [failed, read, json!([1]), json!("x"), json!({"detail-type": "ECS Task State Change"}), json!({"Records": 3})]
    {
        assert_eq!(notices(&document), [], "{document}");
    }
}

#[test]
fn what_aws_does_by_itself_is_blamed_on_nobody() {
    let mut scaled = update(json!({"service": "web", "desiredCount": 9}));
    scaled["userIdentity"] = json!({
        "type": "AssumedRole",
        "arn": "arn:aws:sts::123456789012:assumed-role/AWSServiceRoleForApplicationAutoScaling_ECSService/AutoScaling-UpdateDesiredCapacity",
        "invokedBy": "ecs.application-autoscaling.amazonaws.com",
    });
    let event = json!({"detail-type": "ECS Service Action", "source": "aws.ecs", "account": "123456789012",
        "time": "2026-01-02T03:04:05Z", "region": "eu-west-1",
        "resources": ["arn:aws:ecs:eu-west-1:123456789012:service/prod/web"], "detail": {}});
    let mut deployed = update(json!({"service": "web", "desiredCount": 9}));
    let deploys = "arn:aws:sts::123456789012:assumed-role/codeDeployForEcs/ecs-deployment";
    deployed["userIdentity"] = json!({"type": "AssumedRole", "arn": deploys, "invokedBy": "codedeploy.amazonaws.com"});
    for record in [scaled, deployed, event] {
        let notice = one(&record);
        assert_eq!((&notice.subject, &notice.author), (&web(), &None));
        assert!(!notice.explains(&drift("/service/desiredCount", json!(9))));
    }
}

#[test]
fn sessions_of_one_role_are_one() {
    let notice = one(&update(json!({"service": "web"})));
    assert!(notice.is_by("arn:aws:sts::123456789012:assumed-role/Deploy/another-session"));
    assert!(!notice.is_by("arn:aws:sts::123456789012:assumed-role/Deployer/alice"));
    assert!(!notice.is_by("arn:aws:iam::123456789012:user/alice"));
}

fn status(generation: i64, drift: Value) -> Value {
    json!({"observedGeneration": generation, "drift": drift})
}

#[test]
fn drift_says_who_and_when_and_goes_on_saying_so() {
    let notice = one(&update(json!({"service": "web", "desiredCount": 9})));
    let differs = || status(1, json!([drift("/service/desiredCount", json!(9)), drift("/tags/team", json!("red"))]));
    let (mut first, before) = (differs(), status(1, json!([])));
    attribute(&mut first, &before, &[notice], &[]);
    assert_eq!((&first["drift"][0]["by"], &first["drift"][0]["at"]), (&json!(ALICE), &json!("2026-01-02T03:04:05Z")));
    assert_eq!((&first["drift"][1]["by"], first["drift"][1].get("at")), (&json!("unknown"), None));
    assert_eq!(told(&first), format!("; changed by {ALICE} at 2026-01-02T03:04:05Z, somebody unknown"));
    let mut second = differs();
    attribute(&mut second, &first, &[], &[]);
    assert_eq!(second, first);
    let mut third = status(1, json!([drift("/service/desiredCount", json!(8))]));
    attribute(&mut third, &second, &[], &[]);
    assert_eq!(third["drift"][0]["by"], "unknown", "another value is another change");
    assert_eq!(
        third["lastForeignChange"],
        json!({"path": "/service/desiredCount", "by": ALICE, "at": "2026-01-02T03:04:05Z"})
    );
}

#[test]
fn what_a_commit_changed_is_nobodys_foreign_change() {
    let mut after = status(2, json!([drift("/service/desiredCount", json!(2))]));
    attribute(&mut after, &status(1, json!([])), &[], &[]);
    assert_eq!((&after["drift"][0]["by"], told(&after).as_str()), (&json!("source"), ""));
    // A new revision reaches a service whose own manifest is the same.
    let mut before = status(2, json!([]));
    before["taskDefinition"] = json!("web:1");
    let mut after = status(2, json!([drift("/taskDefinition", json!("web:1"))]));
    attribute(&mut after, &before, &[], &[]);
    assert_eq!(after["drift"][0]["by"], "source");
    let mut after = status(2, json!([drift("/taskDefinition", json!("web:9"))]));
    attribute(&mut after, &before, &[], &[]);
    assert_eq!(after["drift"][0]["by"], "unknown");
}

#[test]
fn a_record_that_comes_after_the_repair_still_tells_who_it_was() {
    let notice = one(&update(json!({"service": "web", "desiredCount": 9})));
    let mut after = status(1, json!([]));
    let gone = [drift("/service/desiredCount", json!(9)), drift("/tags/team", json!("red"))];
    assert_eq!(attribute(&mut after, &status(1, json!([])), &[notice], &gone), ["/service/desiredCount"]);
    assert_eq!(after["lastForeignChange"]["by"], ALICE);
}
