use serde_json::json;

use super::fixture::{ARN, body, now, operations, reasons, world};
use crate::memory::{CREATION_SETTLE, Ended, Failed, Rollout, SETTLE};
use crate::operation::Operation;
use crate::plan::service::TaskDefinition;
use crate::plan::{Ask, Observation, Waiting};
use crate::reason::Reason;
use crate::spec::OnFailure;

const OTHER: &str = "arn:aws:ecs:eu-west-1:123456789012:task-definition/web:9";

#[test]
fn another_revision_is_drift_and_another_number_with_the_same_content_is_not() {
    let mut moved = world().live("/taskDefinition", json!(OTHER));
    assert!(moved.plan().is_quiet(), "same content");
    moved.observed.revision_content = Some("v1-bb".into());
    let plan = moved.plan();
    assert_eq!(plan.drift[0].path, "/taskDefinition");
    assert_eq!(body(&plan, Operation::UpdateService)["taskDefinition"], ARN);
    moved.observed.revision_content = None;
    assert_eq!(reasons(&moved.plan()), [Reason::ObservationUnknown], "content not read");
}

#[test]
fn without_a_declared_task_definition_the_revision_is_whoever_deploys() {
    let mut moved = world().live("/taskDefinition", json!(OTHER));
    moved.observed.revision_content = Some("v1-bb".into());
    moved.desired.task_definition = TaskDefinition::NotOurs;
    assert!(moved.plan().is_quiet());
}

#[test]
fn a_pinned_revision_matches_by_family_and_number() {
    let mut pinned = world();
    pinned.desired.task_definition = TaskDefinition::Revision("web:7".into());
    assert!(pinned.plan().is_quiet());
    pinned.desired.task_definition = TaskDefinition::Revision("web:6".into());
    assert_eq!(body(&pinned.plan(), Operation::UpdateService)["taskDefinition"], "web:6");
}

#[test]
fn nothing_rolls_out_until_the_task_definition_is_known_and_the_rest_is_repaired() {
    let mut waiting = world()
        .live("/networkConfiguration/awsvpcConfiguration/securityGroups", json!(["sg-2"]))
        .live("/healthCheckGracePeriodSeconds", json!(0));
    waiting.desired.task_definition = TaskDefinition::Pending("TaskDefinition web has not been registered yet".into());
    let plan = waiting.plan();
    let sent = body(&plan, Operation::UpdateService);
    assert!(sent.get("networkConfiguration").is_none() && sent.get("taskDefinition").is_none());
    assert_eq!(sent["healthCheckGracePeriodSeconds"], 300);
    assert_eq!(reasons(&plan), [Reason::TaskDefinitionNotReady]);
}

#[test]
fn a_dependency_that_is_not_ready_holds_rollouts() {
    let mut blocked = world().live("/taskDefinition", json!(OTHER));
    blocked.observed.revision_content = Some("v1-bb".into());
    blocked.desired.blocked.push(Waiting::new(Reason::DependencyNotReady, "Service/prod/db"));
    let plan = blocked.plan();
    assert!(plan.actions.is_empty());
    assert_eq!(reasons(&plan), [Reason::DependencyNotReady]);
}

#[test]
fn a_dependency_that_is_not_ready_holds_nothing_up_where_nothing_is_to_roll_out() {
    let mut blocked = world();
    blocked.desired.blocked.push(Waiting::new(Reason::DependencyNotReady, "Service/prod/db"));
    assert!(blocked.plan().is_quiet());
}

#[test]
fn a_draining_service_is_missing_until_it_can_be_created_again() {
    let mut going = world().live("/status", json!("DRAINING"));
    let plan = going.plan();
    assert_eq!((plan.drift[0].path.as_str(), reasons(&plan)), ("/service", vec![Reason::Draining]));
    going.desired.mandate.deleting = true;
    assert_eq!(reasons(&going.plan()), [Reason::Deleting]);
}

#[test]
fn a_missing_service_is_created_once_with_everything_it_needs() {
    let mut missing = world().scaled();
    missing.observed.service = Observation::Absent;
    let plan = missing.plan();
    assert_eq!(
        operations(&plan),
        [Operation::CreateService, Operation::RegisterScalableTarget, Operation::PutScalingPolicy]
    );
    let sent = body(&plan, Operation::CreateService);
    assert_eq!(
        (&sent["cluster"], &sent["serviceName"], &sent["taskDefinition"]),
        (&json!("prod"), &json!("web"), &json!(ARN))
    );
    let token = sent["clientToken"].as_str().unwrap();
    assert!(token.len() <= 36);
    assert_eq!(plan.memory.intent.as_ref().unwrap().operation, Operation::CreateService);

    // Right after that MISSING is not believed; two minutes later it is, with another token.
    let mut memory = plan.memory.clone();
    memory.record(&plan.actions[0], &json!({"service": {"createdAt": 5}}), now());
    memory.written.clear();
    missing.memory = memory;
    assert_eq!(reasons(&missing.plan()), [Reason::AwaitingWrite]);
    missing.memory.created_at = Some(now() - CREATION_SETTLE);
    assert_ne!(body(&missing.plan(), Operation::CreateService)["clientToken"], json!(token));
}

#[test]
fn what_was_said_of_a_service_that_is_gone_does_not_hold_for_its_successor() {
    // Adopted, so never created by us; its rollout failed; then somebody deleted it.
    let mut gone = world().applied();
    gone.memory.owned = Some(json!(1_600_000_000.5));
    gone.memory.failed =
        Some(crate::memory::Failed { content: "x".into(), reason: "it broke".into(), at: now(), causes: None });
    gone.observed.service = Observation::Absent;
    let plan = gone.plan();
    assert_eq!(operations(&plan), [Operation::CreateService]);
    assert!(plan.memory.failed.is_none() && plan.memory.owned.is_none() && plan.memory.applied.is_null());
}

#[test]
fn creating_again_after_a_crash_uses_the_same_token() {
    let mut missing = world();
    missing.observed.service = Observation::Absent;
    let first = missing.plan();
    missing.memory = first.memory.clone();
    let token = |plan| body(plan, Operation::CreateService)["clientToken"].clone();
    assert_eq!(token(&first), token(&missing.plan()));
}

#[test]
fn a_draining_name_is_waited_for() {
    let plan = world().live("/status", json!("DRAINING")).plan();
    assert_eq!((reasons(&plan), plan.actions.len()), (vec![Reason::Draining], 0));
    let mut inactive = world().live("/status", json!("INACTIVE"));
    inactive.observed.revision_content = None;
    assert_eq!(operations(&inactive.plan()), [Operation::CreateService]);
}

#[test]
fn what_was_just_created_and_is_deleted_is_created_again_at_once_and_only_what_was_before_it_is_no_answer() {
    let mut inactive = world().live("/status", json!("INACTIVE")).live("/createdAt", json!(5));
    inactive.observed.revision_content = None;
    inactive.memory.created_at = Some(now());
    inactive.memory.owned = Some(json!(5));
    assert_eq!(operations(&inactive.plan()), [Operation::CreateService]);
    inactive.memory.owned = Some(json!(6));
    assert_eq!(reasons(&inactive.plan()), [Reason::AwaitingWrite], "the read shows the one before");
}

#[test]
fn content_whose_rollout_failed_is_not_tried_again_until_it_changes_or_somebody_asks() {
    // Our rollout of ARN was rolled back by the circuit breaker to another revision.
    let mut failed = world().live("/taskDefinition", json!(OTHER)).live("/healthCheckGracePeriodSeconds", json!(0));
    failed.observed.revision_content = Some("v1-bb".into());
    let started = failed.plan();
    let answer = json!({"service": {"taskDefinition": ARN, "deployments": [{"id": "ecs-svc/2", "status": "PRIMARY"}]}});
    failed.memory = started.memory.clone();
    failed.memory.record(started.actions.last().unwrap(), &answer, now());
    failed.memory.written.clear();
    let rolled_back = json!([
        {"id": "ecs-svc/3", "status": "PRIMARY", "taskDefinition": OTHER, "rolloutState": "IN_PROGRESS",
         "rolloutStateReason": "ECS deployment circuit breaker: rolling back to deploymentId ecs-svc/1."},
        {"id": "ecs-svc/2", "status": "ACTIVE", "taskDefinition": ARN, "rolloutState": "FAILED",
         "rolloutStateReason": "ECS deployment circuit breaker: tasks failed to start."}]);
    let mut failed = failed.live("/deployments", rolled_back).later(SETTLE.as_secs() + 1);
    let plan = failed.plan();
    assert_eq!(reasons(&plan), [Reason::RolloutFailed]);
    let sent = body(&plan, Operation::UpdateService);
    assert!(sent.get("taskDefinition").is_none(), "other drift is still repaired, without the failed content");
    assert!(
        body(&plan, Operation::TagResource)["tags"].to_string().contains("failed-hash"),
        "known after a lost store too"
    );

    failed.memory = plan.memory.clone();
    assert_eq!(reasons(&failed.plan()), [Reason::RolloutFailed], "still");
    failed.desired.mandate.retry = Some("please".into());
    assert_eq!(body(&failed.plan(), Operation::UpdateService)["taskDefinition"], ARN, "asked for");
    failed.desired.mandate.retry = None;
    failed.desired.task_definition = TaskDefinition::Content { arn: ARN.into(), hash: "v1-cc".into() };
    assert_eq!(body(&failed.plan(), Operation::UpdateService)["taskDefinition"], ARN, "other content");
}

#[test]
fn a_rollout_without_progress_has_failed_when_its_deadline_is_over_and_not_if_it_arrives_after_all() {
    let deployment = |state: &str, running: i64| {
        json!([{"id": "ecs-svc/2", "status": "PRIMARY", "taskDefinition": ARN, "rolloutState": state,
                "runningCount": running}])
    };
    let mut rolling = world().applied().live("/deployments", deployment("IN_PROGRESS", 0));
    let view = rolling.observed.service.present().unwrap().clone();
    rolling.begins();
    let deadline = rolling.desired.mandate.policy.progress_deadline.as_secs() as i64;

    let mut at = |seconds: i64, state: &str, running: i64| {
        rolling.observed.service = Observation::Present(view.clone());
        let Observation::Present(service) = &mut rolling.observed.service else { panic!() };
        service["deployments"] = deployment(state, running);
        let plan = rolling.plan_at(seconds);
        rolling.memory = plan.memory.clone();
        reasons(&plan)
    };
    assert!(at(0, "IN_PROGRESS", 0).is_empty());
    assert!(at(deadline, "IN_PROGRESS", 1).is_empty(), "a task more");
    assert!(at(2 * deadline, "IN_PROGRESS", 1).is_empty(), "not over yet");
    assert_eq!(at(2 * deadline + 1, "IN_PROGRESS", 1), [Reason::RolloutFailed]);
    assert_eq!(at(3 * deadline, "IN_PROGRESS", 2), [Reason::RolloutFailed], "it has not completed");
    assert!(at(3 * deadline + 9, "COMPLETED", 2).is_empty(), "it arrived after all");
}

#[test]
fn an_open_intent_is_waited_for_and_then_resolved_from_what_aws_shows() {
    let mut moved = world().live("/taskDefinition", json!(OTHER));
    moved.observed.revision_content = Some("v1-bb".into());
    moved.memory = moved.plan().memory;
    assert!(moved.memory.intent.is_some());
    let plan = moved.plan();
    assert_eq!((reasons(&plan), plan.actions.len()), (vec![Reason::AwaitingWrite], 0), "never re-sent blindly");
    let moved = moved.later(SETTLE.as_secs() + 1);
    assert_eq!(operations(&moved.plan()), [Operation::UpdateService], "it did not happen");
    let happened = moved.live("/taskDefinition", json!(ARN));
    assert!(happened.plan().is_quiet());
}

#[test]
fn a_failed_rollout_that_is_still_the_service_s_present_one_is_forced_when_somebody_asks_and_only_then() {
    let stuck = json!([{"id": "ecs-svc/2", "status": "PRIMARY", "taskDefinition": ARN, "rolloutState": "FAILED",
                        "rolloutStateReason": "ECS deployment circuit breaker: tasks failed to start."}]);
    let mut failed = world().applied().live("/deployments", stuck);
    failed.begins();
    let plan = failed.plan();
    assert_eq!(reasons(&plan), [Reason::RolloutFailed]);
    failed.memory = plan.memory;
    failed.desired.mandate.retry = Some("now".into());
    let sent = body(&failed.plan(), Operation::UpdateService);
    assert_eq!(sent, json!({"cluster": "prod", "service": "web", "forceNewDeployment": true}));
    let mut fine = world().applied();
    fine.desired.mandate.retry = Some("now".into());
    assert!(fine.plan().is_quiet(), "nothing failed, so there is nothing to try again");
}

#[test]
fn with_an_empty_memory_the_tag_of_a_failure_stays_until_the_wanted_content_is_known_and_then_holds() {
    let mut lost = world();
    let content = lost.content();
    let mut tags = lost.observed.service.present().unwrap()["tags"].clone();
    tags.as_array_mut().unwrap().push(json!({"key": "evenkeel.dev/failed-hash", "value": content}));
    lost = lost.live("/tags", tags).live("/taskDefinition", json!(OTHER));
    lost.observed.revision_content = Some("v1-bb".into());
    let wanted = std::mem::replace(&mut lost.desired.task_definition, TaskDefinition::Pending("not read yet".into()));
    // In line, as far as it knows; and once with something to repair.
    for grace in [300, 10] {
        lost = lost.live("/healthCheckGracePeriodSeconds", json!(grace));
        let plan = lost.plan();
        assert!(plan.actions.iter().all(|action| action.operation == Operation::UpdateService), "{:?}", plan.actions);
        lost.memory = plan.memory.clone();
        plan.remember_applied(&mut lost.memory, now());
        lost.memory.sent.clear();
        assert_eq!(lost.memory.applied, serde_json::Value::Null);
    }
    lost = lost.live("/healthCheckGracePeriodSeconds", json!(300));
    lost.desired.task_definition = wanted;
    let plan = lost.plan();
    assert_eq!(reasons(&plan), [Reason::RolloutFailed]);
    assert_eq!(plan.actions, []);
}

#[test]
fn an_answer_that_does_not_show_what_was_asked_for_says_nothing_of_the_rollout() {
    let mut moved = world().live("/taskDefinition", json!(OTHER)).live("/deployments/0/taskDefinition", json!(OTHER));
    moved.observed.revision_content = Some("v1-bb".into());
    let plan = moved.plan();
    let before = json!({"service": {"taskDefinition": OTHER, "deployments": [
        {"id": "ecs-svc/1", "status": "PRIMARY", "taskDefinition": OTHER, "rolloutState": "COMPLETED"}]}});
    let mut memory = plan.memory.clone();
    memory.record(&plan.actions[0], &before, now());
    let rollout = memory.rollout.as_ref().unwrap();
    assert_eq!((rollout.task_definition.as_str(), rollout.deployment.as_deref()), (ARN, None));
    moved.memory = memory;
    moved.memory.written.clear();
    assert!(moved.plan().memory.rollout.unwrap().is_open(), "the deployment before is not it");
}

#[test]
fn a_blue_green_rollout_without_progress_is_stopped_once_where_the_policy_says_so() {
    let under_way = json!([
        {"id": "ecs-svc/2", "status": "PRIMARY", "taskDefinition": ARN, "runningCount": 0},
        {"id": "ecs-svc/1", "status": "ACTIVE", "taskDefinition": OTHER, "runningCount": 2}]);
    let mut rolling = world()
        .applied()
        .live("/deploymentConfiguration/strategy", json!("BLUE_GREEN"))
        .live("/deployments", under_way);
    rolling.desired.mandate.policy.on_failure = OnFailure::Rollback;
    rolling.begins();
    let plan = rolling.plan();
    assert!(plan.asks.contains(&Ask::ServiceDeployment), "only the service deployment tells how it stands");
    let stands = |status: &str| {
        Observation::Present(json!({"serviceDeploymentArn": "arn:sd", "status": status,
                                    "createdAt": now().as_second()}))
    };
    rolling.observed.deployment = stands("IN_PROGRESS");
    rolling.memory = rolling.plan().memory;
    let late = rolling.desired.mandate.policy.progress_deadline.as_secs() as i64 + 1;
    let plan = rolling.plan_at(late);
    let sent = body(&plan, Operation::StopServiceDeployment);
    assert_eq!(sent, json!({"serviceDeploymentArn": "arn:sd", "stopType": "ROLLBACK"}));
    assert!(!operations(&plan).contains(&Operation::UpdateService));
    rolling.memory = plan.memory;
    rolling.observed.deployment = stands("ROLLBACK_IN_PROGRESS");
    let plan = rolling.plan_at(late);
    assert!(!operations(&plan).contains(&Operation::StopServiceDeployment));
    assert_eq!(reasons(&plan), [Reason::RolloutFailed]);
}

#[test]
fn a_service_deployment_that_is_older_than_the_rollout_does_not_tell_how_it_ended() {
    let primary = |id: &str, arn: &str| {
        json!([{"id": id, "status": "PRIMARY", "taskDefinition": arn, "runningCount": 0, "createdAt": now().as_second(),
                "rolloutState": "IN_PROGRESS"}])
    };
    for (seen, age) in [(primary("ecs-svc/2", ARN), 20), (primary("ecs-svc/1", OTHER), 100)] {
        for status in ["SUCCESSFUL", "STOPPED", "ROLLBACK_SUCCESSFUL"] {
            let mut rolling = world()
                .applied()
                .live("/deploymentConfiguration/strategy", json!("BLUE_GREEN"))
                .live("/deployments", primary("ecs-svc/2", ARN));
            rolling.begins();
            rolling = rolling.live("/deployments", seen.clone());
            let before = json!({"status": status, "createdAt": now().as_second() - age});
            rolling.observed.deployment = Observation::Present(before);
            assert!(
                rolling.plan().memory.rollout.unwrap().is_open(),
                "{status}: reads lag, and this is the one before"
            );
        }
    }
}

#[test]
fn where_no_service_deployment_is_as_new_as_the_rollout_after_a_minute_its_tasks_tell_how_it_ended() {
    let arrived = json!([{"id": "ecs-svc/2", "status": "PRIMARY", "taskDefinition": ARN, "desiredCount": 2,
                          "runningCount": 2, "createdAt": now().as_second(), "rolloutState": "COMPLETED"}]);
    let mut rolling =
        world().applied().live("/deploymentConfiguration/strategy", json!("BLUE_GREEN")).live("/deployments", arrived);
    rolling.begins();
    let before = json!({"status": "SUCCESSFUL", "createdAt": now().as_second() - 3_600});
    rolling.observed.deployment = Observation::Present(before);
    assert!(rolling.plan().memory.rollout.unwrap().is_open(), "reads may lag");
    let end = rolling.later(61).plan().memory.rollout.unwrap().end.unwrap();
    assert_eq!(end.outcome, Ended::Succeeded);
}

#[test]
fn a_rollout_goes_back_once_it_has_failed_and_not_before() {
    let under_way = json!([
        {"id": "ecs-svc/2", "status": "PRIMARY", "taskDefinition": ARN, "runningCount": 0, "rolloutState": "IN_PROGRESS"},
        {"id": "ecs-svc/1", "status": "ACTIVE", "taskDefinition": OTHER, "runningCount": 2}]);
    let mut rolling = world().applied().live("/deployments", under_way);
    rolling.desired.mandate.policy.on_failure = OnFailure::Rollback;
    rolling.memory.last_good = Some(OTHER.into());
    rolling.begins();
    rolling.memory = rolling.plan().memory;
    assert_eq!(rolling.plan().actions, []);
    let late = rolling.desired.mandate.policy.progress_deadline.as_secs() as i64 + 1;
    assert_eq!(body(&rolling.plan_at(late), Operation::UpdateService)["taskDefinition"], json!(OTHER));
}

#[test]
fn what_runs_and_has_failed_before_is_nothing_to_go_back_to() {
    let mut settled = world().applied();
    settled.memory.last_good = Some(OTHER.into());
    assert_eq!(settled.plan().memory.last_good.as_deref(), Some(ARN));
    let content = settled.content();
    settled.memory.failed = Some(Failed { content, reason: "it broke".into(), at: now(), causes: None });
    assert_eq!(settled.plan().memory.last_good.as_deref(), Some(OTHER));
}

#[test]
fn the_last_rollouts_are_remembered_and_one_that_was_overtaken_has_not_arrived() {
    let mut world = world().applied();
    for number in 1..=15 {
        world.begins();
        let rollout = world.memory.rollout.as_ref().unwrap();
        assert_eq!((rollout.number, rollout.is_open()), (number, true));
    }
    let history = &world.memory.history;
    let numbers: Vec<u32> = history.iter().map(|rollout| rollout.number).collect();
    assert_eq!(numbers, (6..15).collect::<Vec<u32>>(), "with the present one there are ten");
    let overtaken = |rollout: &Rollout| rollout.end.as_ref().is_some_and(|end| end.outcome == Ended::Superseded);
    assert!(history.iter().all(overtaken), "{history:?}");
}
