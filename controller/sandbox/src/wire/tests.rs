#![allow(clippy::unwrap_used)]

use super::*;
use crate::{Options, Rule, When, testing::World};
use jiff::SignedDuration;
use serde_json::json;

fn request(operation: Operation, body: &Value) -> Request<Vec<u8>> {
    raw(&operation.target(), body.to_string().as_bytes(), "test", "ap-northeast-1")
}

fn raw(target: &str, body: &[u8], key: &str, region: &str) -> Request<Vec<u8>> {
    let scope = format!(
        "AWS4-HMAC-SHA256 Credential={key}/20261125/{region}/ecs/aws4_request, SignedHeaders=host, Signature=0"
    );
    Request::post("/")
        .header("content-type", "application/x-amz-json-1.1")
        .header("x-amz-target", target)
        .header("authorization", scope)
        .body(body.to_vec())
        .unwrap()
}

fn json_of(reply: &Reply) -> Value {
    serde_json::from_slice(reply.response.body()).unwrap()
}

fn list() -> Request<Vec<u8>> {
    request(Operation::ListClusters, &json!({}))
}

#[test]
fn an_answer_has_the_content_type_and_a_request_id() {
    let mut world = World::new(Options::default());
    let reply = world.sandbox.handle(world.now, &request(Operation::CreateCluster, &json!({"clusterName": "c"})));
    assert_eq!(reply.response.status(), 200);
    assert_eq!(reply.response.headers()["content-type"], "application/x-amz-json-1.1");
    assert!(reply.response.headers().contains_key("x-amzn-requestid"));
    assert_eq!(json_of(&reply)["cluster"]["clusterArn"], "arn:aws:ecs:ap-northeast-1:123456789012:cluster/c");
}

#[test]
fn errors_name_their_type_and_message() {
    let mut world = World::new(Options::default());
    let reply = world.sandbox.handle(world.now, &request(Operation::DeleteCluster, &json!({"cluster": "c"})));
    assert_eq!(reply.response.status(), 400);
    assert_eq!(json_of(&reply), json!({"__type": "ClusterNotFoundException", "message": "Cluster not found."}));
    for (target, body, code) in [
        ("AmazonEC2ContainerServiceV20141113.Nothing", &b"{}"[..], "UnknownOperationException"),
        ("AnyScaleFrontendService.CreateCluster", b"{}", "UnknownOperationException"),
        ("AmazonEC2ContainerServiceV20141113.CreateCluster", b"{", "SerializationException"),
        ("AmazonEC2ContainerServiceV20141113.CreateCluster", b"[]", "SerializationException"),
        ("AmazonEC2ContainerServiceV20141113.CreateCluster", b"{\"clusterName\":1}", "SerializationException"),
        ("AnyScaleFrontendService.DescribeScalableTargets", b"{}", "ValidationException"),
    ] {
        let reply = world.sandbox.handle(world.now, &raw(target, body, "test", "eu-west-1"));
        assert_eq!(
            (reply.response.status().as_u16(), json_of(&reply)["__type"].as_str().unwrap()),
            (400, code),
            "{target}"
        );
    }
}

#[test]
fn unknown_top_level_members_are_ignored() {
    let mut world = World::new(Options::default());
    let reply = world.sandbox.handle(world.now, &request(Operation::ListClusters, &json!({"madeUp": {"a": 1}})));
    assert_eq!(reply.response.status(), 200);
}

#[test]
fn accounts_and_regions_are_worlds_apart() {
    let mut world = World::new(Options::default());
    let create = Operation::CreateCluster.target();
    world.sandbox.handle(world.now, &raw(&create, b"{\"clusterName\":\"c\"}", "210987654321", "eu-west-1"));
    let there = raw(&Operation::ListClusters.target(), b"{}", "210987654321", "eu-west-1");
    let reply = world.sandbox.handle(world.now, &there);
    assert_eq!(json_of(&reply)["clusterArns"], json!(["arn:aws:ecs:eu-west-1:210987654321:cluster/c"]));
    let reply = world.sandbox.handle(world.now, &list());
    assert_eq!(json_of(&reply)["clusterArns"], json!([]));
}

#[test]
fn sts_tells_who_calls_and_lends_the_account_of_a_role() {
    let mut world = World::new(Options::default());
    let mut ask = |form: &str| {
        let request = Request::post("/")
            .header("content-type", "application/x-www-form-urlencoded; charset=utf-8")
            .body(form.as_bytes().to_vec())
            .unwrap();
        let reply = world.sandbox.handle(world.now, &request);
        String::from_utf8(reply.response.into_body()).unwrap()
    };
    assert!(ask("Action=GetCallerIdentity&Version=2011-06-15").contains("<Account>123456789012</Account>"));
    let assumed = ask("Action=AssumeRole&RoleArn=arn%3Aaws%3Aiam%3A%3A210987654321%3Arole%2Fdeploy&RoleSessionName=me");
    assert!(assumed.contains("<AccessKeyId>210987654321</AccessKeyId>"));
    assert!(assumed.contains("assumed-role/deploy/me"));
    assert!(ask("Action=Nothing").contains("<Code>InvalidAction</Code>"));
}

#[test]
fn buckets_throttle_and_refill() {
    let options = Options { throttling: true, ..Options::default() };
    let mut world = World::new(options);
    let create = request(Operation::CreateCluster, &json!({"clusterName": "c"}));
    let granted = |world: &mut World, request: &Request<Vec<u8>>| {
        let reply = world.sandbox.handle(world.now, request);
        reply.response.status() == 200
    };
    assert_eq!((0..30).filter(|_| granted(&mut world, &create)).count(), 20, "the burst of the cluster modify bucket");
    assert!(granted(&mut world, &list()), "another bucket");
    let reply = world.sandbox.handle(world.now, &create);
    assert_eq!(json_of(&reply), json!({"__type": "ThrottlingException", "message": "Rate exceeded"}));
    world.pass(3);
    assert_eq!((0..30).filter(|_| granted(&mut world, &create)).count(), 3, "one a second");
    let count = world.sandbox.calls().of(Operation::CreateCluster);
    assert_eq!((count.calls, count.throttled, count.failed), (61, 38, 0));
}

#[test]
fn faults_strike_as_their_rules_say() {
    let mut world = World::new(Options::default());
    let status = |world: &mut World| world.sandbox.handle(world.now, &list()).response.status().as_u16();
    world.sandbox.add_fault(Rule::new(Operation::ListClusters, When::Nth(2), Fault::ServerError));
    assert_eq!([status(&mut world), status(&mut world), status(&mut world)], [200, 500, 200]);
    world.sandbox.clear_faults();
    world.sandbox.add_fault(Rule::any(When::First(1), Fault::AccessDenied));
    let reply = world.sandbox.handle(world.now, &list());
    assert_eq!(json_of(&reply)["__type"], "AccessDeniedException");
    assert!(json_of(&reply)["message"].as_str().unwrap().contains("is not authorized to perform: ecs:ListClusters"));
    assert_eq!(status(&mut world), 200);
    world.sandbox.clear_faults();
    world.sandbox.add_fault(Rule::any(When::Probability(0.5), Fault::Throttle));
    let struck = (0..1000).filter(|_| status(&mut world) == 400).count();
    assert!((400..600).contains(&struck), "{struck} of 1000");
    world.sandbox.clear_faults();
    world.sandbox.add_fault(Rule::any(When::Always, Fault::Unavailable));
    let reply = world.sandbox.handle(world.now, &list());
    assert!(reply.response.status() == 503 && reply.response.body().starts_with(b"<html>"));
}

#[test]
fn a_lost_answer_is_a_call_that_was_done_and_a_reset_is_not() {
    let mut world = World::new(Options::default());
    let create = |name: &str| request(Operation::CreateCluster, &json!({"clusterName": name}));
    for (name, fault, delivery) in [
        ("lost", Fault::LostAnswer, Delivery::Reset),
        ("reset", Fault::Reset, Delivery::Reset),
        ("timeout", Fault::Timeout, Delivery::Never),
        ("slow", Fault::Slow(Duration::from_secs(3)), Delivery::Answered),
        ("cut", Fault::Truncated, Delivery::Answered),
    ] {
        world.sandbox.clear_faults();
        world.sandbox.add_fault(Rule::any(When::Always, fault));
        let reply = world.sandbox.handle(world.now, &create(name));
        assert_eq!(reply.delivery, delivery, "{name}");
        assert_eq!(reply.delay.as_secs(), if name == "slow" { 3 } else { 0 });
        assert_eq!(serde_json::from_slice::<Value>(reply.response.body()).is_err(), name == "cut");
    }
    world.sandbox.clear_faults();
    let reply = world.sandbox.handle(world.now, &list());
    let clusters = crate::testing::names(&json_of(&reply)["clusterArns"]);
    assert_eq!(clusters, ["cut", "lost", "slow"]);
}

#[test]
fn reads_lag_behind_writes_for_a_bounded_while() {
    let options = Options { staleness: SignedDuration::from_secs(5), ..Options::default() };
    let mut world = World::prepared_with(options);
    world.create(json!({}));
    assert!(world.web().is_null(), "MISSING right after creation");
    world.pass(5);
    world.update(json!({"desiredCount": 3}));
    world.pass(2);
    world.update(json!({"desiredCount": 4}));
    assert_eq!(world.web()["desiredCount"], 2);
    world.pass(3);
    assert_eq!(world.web()["desiredCount"], 3);
    world.pass(2);
    assert_eq!(world.web()["desiredCount"], 4);
}

#[test]
fn the_same_seed_gives_the_same_answers_and_another_seed_others() {
    let run = |seed: u64| {
        let mut world = World::prepared_with(Options { seed, ..Options::default() });
        world.create(json!({}));
        world.pass(60);
        world.web()
    };
    assert_eq!(run(1), run(1));
    assert_ne!(run(1)["deployments"][0]["id"], run(2)["deployments"][0]["id"]);
}

#[test]
fn calls_are_counted_by_operation_until_reset() {
    let mut world = World::prepared();
    world.sandbox.reset_calls();
    world.create(json!({}));
    world.web();
    world.sandbox.handle(world.now, &list());
    world.err(Operation::DeleteService, json!({"cluster": "prod", "service": "nope"}));
    let calls = world.sandbox.calls();
    assert_eq!((calls.reads(), calls.writes()), (2, 2));
    assert_eq!(calls.of(Operation::DeleteService).failed, 1);
}
