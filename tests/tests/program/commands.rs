//! Commands that end by themselves: their exit codes, and what they say where.

use evenkeel_tests::program::{Controller, Embedded, Place};
use serde_json::{Value, json};

use crate::fixture;

#[test]
fn sync_and_plan_tell_by_exit_code_what_is_the_case_and_plan_shows_no_environment_value() {
    let place = Place::new();
    fixture::lab(&place);
    fixture::service(&place, "web");
    let sandbox = Embedded::start(&place, &[]);
    let url = sandbox.url.clone();
    let at = ["--source", "source", "--endpoint-url", &url];
    let plan = |more: &[&str]| place.run(&[&["plan"], &at[..], more].concat());
    let sync = |more: &[&str]| place.run(&[&["sync", "--data", "data"], &at[..], more].concat());
    let aws = sandbox.aws(&place);

    let first = plan(&[]).expect(2);
    for line in ["> CreateCluster: ", "> RegisterTaskDefinition: ", "~ /cluster: \"lab\" <- (absent)", "3 to change"] {
        assert!(first.out.contains(line), "{line}: {}", first.out);
    }
    assert_eq!(aws.call("ecs list-clusters")["clusterArns"], json!([]), "a plan changes nothing");

    let early = sync(&["--timeout", "2s"]).expect(3);
    assert!(early.out.contains("2 of 3 objects converged"), "{}", early.out);
    assert!(early.err.contains("Service/lab/web: RolloutInProgress"), "{}", early.err);
    let done = sync(&["--timeout", "1m"]).expect(0);
    assert!(done.out.contains("3 of 3 objects converged"), "{}", done.out);
    assert!(!done.err.contains("changing AWS"), "the first run had done all: {}", done.err);
    assert_eq!(plan(&[]).expect(0).out, "3 in sync, 0 to change, 0 unknown\n");

    let secret = "another-for-nobody-91c2";
    place.write("source/definition.yaml", &fixture::task_definition("1.1").replace(fixture::SECRET, secret));
    place.write("source/web.yaml", &fixture::service_text("web", 75));
    let mut shown = Vec::new();
    for form in ["text", "yaml", "json"] {
        let planned = plan(&["-o", form]).expect(2);
        shown.extend([planned.out, planned.err]);
    }
    let planned: Value = serde_json::from_str(&shown[4]).unwrap();
    let objects = planned["objects"].as_array().unwrap();
    let service = objects.iter().find(|it| it["kind"] == "Service").unwrap();
    assert_eq!(service["sync"], "OutOfSync");
    let drift = service["drift"].as_array().unwrap();
    let grace = drift.iter().find(|it| it["path"] == "/service/healthCheckGracePeriodSeconds").unwrap();
    assert_eq!((&grace["desired"], &grace["observed"]), (&json!(75), &json!(60)));
    let definition = objects.iter().find(|it| it["kind"] == "TaskDefinition").unwrap();
    assert_eq!(definition["actions"][0]["operation"], "RegisterTaskDefinition");
    for value in [fixture::SECRET, secret] {
        assert!(!shown.iter().any(|text| text.contains(value)), "{value} is shown: {shown:?}");
    }

    place.write("source/web.yaml", "apiVersion: evenkeel.dev/v1alpha1\nkind: Service\nmetadata: [");
    let broken = plan(&[]).expect(1);
    assert!(broken.err.contains("web.yaml:4:1: error: "), "{}", broken.err);
    place.write("source/web.yaml", &fixture::service_text("web", 75));
    drop(sandbox);
    let unreachable = plan(&["--timeout", "2s"]).expect(1);
    assert!(unreachable.out.contains("unknown"), "{unreachable:?}");
}

#[test]
fn validate_names_file_line_and_column_and_warnings_are_errors_when_asked() {
    let place = Place::new();
    fixture::lab(&place);
    fixture::service(&place, "web");
    let good = place.run(&["validate", "source"]).expect(0);
    assert_eq!(good.out.lines().last(), Some("3 objects, 0 errors, 0 warnings"), "{}", good.out);

    place.write("source/definition.yaml", &fixture::task_definition("latest"));
    let warned = place.run(&["validate", "source"]).expect(0);
    assert!(warned.out.contains("definition.yaml:14:16: warning: "), "{}", warned.out);
    assert!(warned.out.contains("(mutable-image-tag)"), "{}", warned.out);
    place.run(&["validate", "source", "--strict"]).expect(1);

    let typo = fixture::service_text("web", 60).replace("desiredCount", "desiredCont");
    place.write("source/web.yaml", &typo);
    let wrong = place.run(&["validate", "source"]).expect(1);
    assert!(wrong.out.contains("web.yaml:9:5: error: "), "{}", wrong.out);
    assert!(wrong.out.contains("desiredCount"), "the name that was meant: {}", wrong.out);
    let report: Value = serde_json::from_str(&place.run(&["validate", "source", "-o", "json"]).expect(1).out).unwrap();
    let problems = report["problems"].as_array().unwrap();
    assert!(problems.iter().any(|problem| problem["severity"] == "error"), "{report}");

    std::fs::create_dir(place.path("empty")).unwrap();
    let empty = place.run(&["validate", "empty"]).expect(1);
    assert!(empty.err.contains("failed to find any manifest in empty"), "{}", empty.err);
    let missing = place.run(&["validate", "nowhere"]).expect(1);
    assert!(missing.err.contains("nowhere"), "{}", missing.err);
}

#[test]
fn compare_sees_through_what_aws_fills_in_and_reorders_and_names_what_differs_for_each_kind() {
    let place = Place::new();
    let same = |kind: &str, wanted: &Value, there: &Value| {
        place.write("wanted.json", &wanted.to_string());
        place.write("there.json", &there.to_string());
        place.run(&["compare", "--kind", kind, "wanted.json", "there.json"])
    };
    let container = json!({"name": "web", "image": "web:1", "environment": [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}]});
    let definition = json!({"family": "web", "cpu": ".25 vCPU", "memory": "512", "containerDefinitions": [container]});
    let mut shown = json!({"taskDefinition": {
        "family": "web", "cpu": "256", "memory": "512", "revision": 7, "status": "ACTIVE", "volumes": [],
        "taskDefinitionArn": "arn:aws:ecs:ap-northeast-1:123456789012:task-definition/web:7",
        "requiresAttributes": [], "placementConstraints": [], "compatibilities": ["EC2"],
        "containerDefinitions": [{"name": "web", "image": "web:1", "cpu": 0, "essential": true, "mountPoints": [],
            "portMappings": [], "volumesFrom": [], "systemControls": [],
            "environment": [{"name": "B", "value": "2"}, {"name": "A", "value": "1"}]}]
    }});
    let equal = same("task-definition", &definition, &shown).expect(0);
    assert_eq!(equal.out, "no drift\n");
    shown["taskDefinition"]["containerDefinitions"][0]["image"] = json!("web:2");
    let differs = same("task-definition", &definition, &shown).expect(2);
    assert!(
        differs.out.contains(r#"/taskDefinition/containerDefinitions/web/image: "web:1" <- "web:2""#),
        "{}",
        differs.out
    );

    let service = json!({"serviceName": "web", "desiredCount": 2,
        "networkConfiguration": {"awsvpcConfiguration": {"subnets": ["subnet-b", "subnet-a"]}}});
    let mut shown = json!({"services": [{"serviceName": "web", "desiredCount": 2, "runningCount": 1, "propagateTags": "NONE",
        "deployments": [], "networkConfiguration": {"awsvpcConfiguration": {"subnets": ["subnet-a", "subnet-b"],
        "securityGroups": [], "assignPublicIp": "DISABLED"}}}]});
    same("service", &service, &shown).expect(0);
    shown["services"][0]["networkConfiguration"]["awsvpcConfiguration"]["subnets"][0] = json!("subnet-c");
    let differs = same("service", &service, &shown).expect(2);
    assert!(differs.out.contains("/service/networkConfiguration/awsvpcConfiguration/subnets"), "{}", differs.out);

    let policy = json!({"policyName": "cpu", "policyType": "TargetTrackingScaling", "targetTrackingScalingPolicyConfiguration":
        {"targetValue": 60, "predefinedMetricSpecification": {"predefinedMetricType": "ECSServiceAverageCPUUtilization"}}});
    let mut shown = json!({"ScalingPolicies": [{"PolicyARN": "arn:aws:autoscaling:x", "PolicyName": "cpu", "Alarms": [],
        "PolicyType": "TargetTrackingScaling", "CreationTime": 1_700_000_000, "TargetTrackingScalingPolicyConfiguration":
        {"TargetValue": 60.0, "PredefinedMetricSpecification": {"PredefinedMetricType": "ECSServiceAverageCPUUtilization"}}}]});
    same("scaling-policy", &policy, &shown).expect(0);
    shown["ScalingPolicies"][0]["TargetTrackingScalingPolicyConfiguration"]["TargetValue"] = json!(70.0);
    let differs = same("scaling-policy", &policy, &shown).expect(2);
    assert!(differs.out.contains("TargetValue: 60 <- 70"), "{}", differs.out);

    place.write("wanted.json", "{\"family\": ");
    let broken = place.run(&["compare", "--kind", "task-definition", "wanted.json", "there.json"]).expect(1);
    assert!(broken.err.contains("wanted.json:1:"), "{}", broken.err);
    let missing = place.run(&["compare", "--kind", "service", "nowhere.json", "there.json"]).expect(1);
    assert!(missing.err.contains("nowhere.json"), "{}", missing.err);
}

#[test]
fn version_and_help_answer_and_what_nobody_knows_is_an_error_of_use() {
    let place = Place::new();
    let version = place.run(&["version"]).expect(0).out;
    assert!(version.starts_with("evenkeel ") && version == place.run(&["--version"]).expect(0).out, "{version}");
    let help = place.run(&["--help"]).expect(0).out;
    for command in ["run", "sandbox", "sync", "validate", "plan", "compare", "get", "describe", "version"] {
        assert!(help.contains(&format!("\n  {command} ")), "{command} is in the help: {help}");
        let help = place.run(&[command, "--help"]).expect(0).out;
        assert!(help.contains("Usage: evenkeel"), "{help}");
    }
    let unknown = place.run(&["frobnicate"]);
    assert!(unknown.code != 0 && unknown.err.contains("frobnicate"), "{unknown:?}");
    let nobody = place.run(&["get", "services", "--server", "http://127.0.0.1:1"]).expect(1);
    assert!(nobody.err.contains("no controller answers at http://127.0.0.1:1"), "{}", nobody.err);
}

#[test]
fn a_flag_wins_over_the_environment_which_wins_over_the_file_and_a_file_with_a_typo_is_refused() {
    let place = Place::new();
    fixture::lab(&place);
    place.copy(&place.path("source"), "from-flag");
    place.copy(&place.path("source"), "from-environment");
    place.write("evenkeel.yaml", "source: from-file\nsandbox: true\ntimeout: 1s\n");
    let typo = place.run(&["plan", "--config", "evenkeel.yaml"]).expect(1);
    assert!(typo.err.contains("evenkeel.yaml") && typo.err.contains("timeout"), "{}", typo.err);

    place.write("evenkeel.yaml", "source: from-file\nsandbox: true\nlog: error\n");
    // Of the three directories only the file's is not there, so each plan tells by its end which one it read.
    let plan = |flags: &[&str], environment: &[(&str, &str)]| {
        let mut command = place.evenkeel(&[&["plan"], flags].concat());
        command.env("EVENKEEL_CONFIG", "evenkeel.yaml").envs(environment.iter().copied());
        evenkeel_tests::program::finish(command)
    };
    let file = plan(&[], &[]).expect(1);
    assert!(file.err.contains("from-file"), "{}", file.err);
    let environment = [("EVENKEEL_SOURCE", "from-environment")];
    plan(&[], &environment).expect(2);
    std::fs::remove_dir_all(place.path("from-environment")).unwrap();
    let gone = plan(&[], &environment).expect(1);
    assert!(gone.err.contains("from-environment"), "{}", gone.err);
    plan(&["--source", "from-flag"], &environment).expect(2);
}

#[test]
fn budget_shows_what_is_left_of_the_share_and_says_where_there_is_no_limit() {
    let place = Place::new();
    fixture::lab(&place);
    fixture::service(&place, "web");
    let sandbox = Embedded::start(&place, &[]);
    let limited = Controller::start(&place, &["--source", "source", "--data", "data", "--endpoint-url", &sandbox.url]);
    limited.ready(3);
    let said = |controller: &Controller, arguments: &[&str]| {
        place.run(&[arguments, &["--server", &controller.url]].concat()).expect(0).out
    };
    let table = said(&limited, &["budget"]);
    assert!(table.starts_with("50 % of AWS's") && table.contains("TaskDefinitionModify"), "{table}");
    let json: Value = serde_json::from_str(&said(&limited, &["budget", "--json"])).unwrap();
    assert_eq!((&json["kind"], &json["share"]), (&"Budget".into(), &0.5.into()));
    let free = Controller::start(&place, &["--source", "source", "--sandbox"]);
    assert!(said(&free, &["budget"]).starts_with("calls are not limited"));
}
