//! Records of who did it, over a queue that is not ours.

use evenkeel_tests::program::{Controller, Moto, Place, until};
use serde_json::{Value, json};

use crate::metrics::MANIFESTS;

pub(crate) const ALICE: &str = "arn:aws:sts::123456789012:assumed-role/Deploy/alice";

/// What EventBridge makes of a CloudTrail record.
pub(crate) fn event(name: &str, source: &str, by: &str, input: &Value) -> String {
    let now = jiff::Timestamp::now().round(jiff::Unit::Second).unwrap();
    json!({
        "version": "0", "detail-type": "AWS API Call via CloudTrail", "source": source.replace(".amazonaws.com", ""),
        "account": "123456789012", "time": now, "region": "ap-northeast-1", "resources": [],
        "detail": {
            "eventVersion": "1.08", "eventSource": source, "eventName": name, "eventTime": now, "readOnly": false,
            "awsRegion": "ap-northeast-1", "recipientAccountId": "123456789012", "eventID": "e-1",
            "userIdentity": {"type": "AssumedRole", "arn": by, "accountId": "123456789012"},
            "requestParameters": input, "responseElements": null,
        },
    })
    .to_string()
}

#[test]
fn a_queue_tells_who_it_was_and_wakes_the_service_long_before_the_next_look() {
    let place = Place::new();
    let moto = Moto::start(&place);
    let aws = moto.aws(&place);
    let ids = |line: &str| aws.call(line)[0].as_str().unwrap().to_owned();
    let manifests = MANIFESTS
        .replace("subnet-0e9f8a7b6c5d4e301", &ids("ec2 describe-subnets --query Subnets[].SubnetId"))
        .replace("sg-0e9f8a7b6c5d4e3f2", &ids("ec2 describe-security-groups --query SecurityGroups[].GroupId"));
    place.write("source/shop.yaml", &manifests);
    let queue = aws.call("sqs create-queue --queue-name evenkeel-changes")["QueueUrl"].as_str().unwrap().to_owned();
    let mut command = place.evenkeel(&["run", "--listen", "127.0.0.1:0", "--source", "source", "--data", "data"]);
    // An hour between looks: only the record can make it look.
    command.args(["--interval", "1h", "--resync", "1h", "--log-format", "json"]);
    command.args(["--endpoint-url", &moto.url, "--trail", &queue]);
    let controller = Controller::of(command);
    // moto never runs a task.
    let in_sync = |services: &[Value]| services.first().is_some_and(|it| it["status"]["sync"] == "Synced");
    until("the service to be in sync", || {
        let services = controller.list("services");
        in_sync(&services).then_some(()).ok_or_else(|| format!("{services:?}"))
    });
    place.write("source/shop.yaml", &manifests.replace("  scaling:", "  drift: {mode: Report}\n  scaling:"));
    until("the mode to be Report", || {
        let services = controller.list("services");
        let it = &services[0];
        let seen = it["spec"]["drift"]["mode"] == "Report"
            && it["status"]["observedGeneration"] == it["metadata"]["generation"];
        seen.then_some(()).ok_or_else(|| it.to_string())
    });
    // Reads are laid under our own writes for fifteen seconds.
    std::thread::sleep(std::time::Duration::from_secs(16));
    aws.call("application-autoscaling register-scalable-target --service-namespace ecs --resource-id service/shop-prod/frontapp \
              --scalable-dimension ecs:service:DesiredCount --min-capacity 2 --max-capacity 9");
    let input = json!({"serviceNamespace": "ecs", "resourceId": "service/shop-prod/frontapp",
        "scalableDimension": "ecs:service:DesiredCount", "minCapacity": 2, "maxCapacity": 9});
    let body = event("RegisterScalableTarget", "autoscaling.amazonaws.com", ALICE, &input);
    for body in ["nonsense", &body] {
        aws.run(&["sqs", "send-message", "--queue-url", &queue, "--message-body", body]).expect(0);
    }
    let drift = until("the drift with its author", || {
        let services = controller.list("services");
        let drift = services[0]["status"]["drift"][0].clone();
        if drift["by"].is_string() { Ok(drift) } else { Err(services[0].to_string()) }
    });
    assert_eq!((&drift["path"], &drift["by"]), (&json!("/scaling/maxCapacity"), &json!(ALICE)));
    assert!(drift["at"].is_string(), "{drift}");
    let described =
        place.run(&["describe", "service", "frontapp", "-n", "shop-prod", "--server", &controller.url]).expect(0);
    assert!(described.out.contains(&format!("by {ALICE} at ")), "{}", described.out);
    until("the queue to be empty", || {
        let left = aws.call(&format!("sqs get-queue-attributes --queue-url {queue} --attribute-names All"));
        let left = &left["Attributes"];
        let empty = left["ApproximateNumberOfMessages"] == "0" && left["ApproximateNumberOfMessagesNotVisible"] == "0";
        empty.then_some(()).ok_or_else(|| left.to_string())
    });
    let metrics = controller.metrics();
    for outcome in ["taken", "unreadable"] {
        let name = format!("evenkeel_trail_records_total{{outcome=\"{outcome}\"}}");
        assert!(metrics.get(&name).is_some_and(|count| *count >= 1.0), "{outcome}: {metrics:?}");
    }
}
