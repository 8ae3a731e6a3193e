#![allow(clippy::unwrap_used)]

use serde_json::{Map, Value, json};

use super::{Catalogue, Document, Problem, Severity, Shape, ShapeKind, original_path, other_initial, to_wire};
use crate::operation::Operation;

/// A valid value with every member of a shape; its members' initial letters spelled as `initial` says.
fn sample(shape: &'static Shape, initial: &impl Fn(&str) -> String) -> Value {
    match &shape.kind {
        ShapeKind::Structure(structure) => {
            let members = structure.members.iter().take(if structure.union { 1 } else { usize::MAX });
            members.map(|(name, member)| (initial(name), sample(member.shape(), initial))).collect::<Map<_, _>>().into()
        }
        ShapeKind::List { element, bounds } => {
            let count = bounds.min.unwrap_or(1.0).max(1.0) as usize;
            vec![sample(element.shape(), initial); count].into()
        }
        ShapeKind::Map { value, .. } => {
            json!({"aKey": sample(value.shape(), initial), "AKey": sample(value.shape(), initial)})
        }
        ShapeKind::String { values, bounds } => match values.first() {
            Some(value) => value.as_str().into(),
            None => "x".repeat(bounds.min.unwrap_or(1.0).max(1.0) as usize).into(),
        },
        ShapeKind::Integer(bounds) | ShapeKind::Long(bounds) => json!(bounds.min.unwrap_or(1.0) as i64),
        ShapeKind::Double(bounds) => json!(bounds.min.unwrap_or(0.5)),
        ShapeKind::Boolean => true.into(),
        ShapeKind::Timestamp => 1_700_000_000.into(),
        ShapeKind::Blob | ShapeKind::Document => "eA==".into(),
    }
}

fn problems(written: &Value, document: Document) -> Vec<Problem> {
    match to_wire(written, Catalogue::get().document(document)) {
        Ok(wire) => wire.warnings,
        Err(problems) => problems,
    }
}

/// The one problem of a task definition, as `severity rule path: message`.
fn only(written: Value) -> String {
    let problems = problems(&written, Document::TaskDefinition);
    assert_eq!(problems.len(), 1, "{problems:?}");
    let Problem { severity, rule, path, message, .. } = &problems[0];
    format!("{severity:?} {rule} {path}: {message}")
}

/// A task definition with one container that has these members.
fn container(members: Value) -> Value {
    json!({"containerDefinitions": [members]})
}

fn wire(written: &Value) -> Value {
    to_wire(written, Catalogue::get().document(Document::TaskDefinition)).unwrap().value
}

#[test]
fn every_operation_has_a_request_and_an_answer() {
    let catalogue = Catalogue::get();
    for operation in Operation::ALL {
        assert!(catalogue.input(*operation).structure().is_some(), "{operation}");
        assert!(catalogue.output(*operation).structure().is_some(), "{operation}");
    }
}

#[test]
fn every_member_goes_to_the_wire_unchanged_from_either_initial_case() {
    let catalogue = Catalogue::get();
    for operation in Operation::ALL {
        let shape = catalogue.input(*operation);
        let expected = sample(shape, &str::to_owned);
        let swapped = sample(shape, &|name| other_initial(name).unwrap());
        assert_ne!(expected, swapped);
        for written in [&expected, &swapped] {
            let wire = to_wire(written, shape).unwrap_or_else(|problems| panic!("{operation}: {problems:?}"));
            assert_eq!(wire.value, expected, "{operation}");
            assert_eq!(wire.warnings, [], "{operation}");
        }
    }
}

#[test]
fn scaling_is_one_frame_around_application_auto_scaling_requests() {
    let shape = Catalogue::get().document(Document::Scaling);
    let written = json!({
        "minCapacity": 1, "maxCapacity": 4,
        "suspendedState": {"dynamicScalingOutSuspended": false},
        "policies": [{"policyName": "cpu", "targetTrackingScalingPolicyConfiguration": {"targetValue": 60}}],
        "scheduledActions": [{"scheduledActionName": "night", "startTime": "2030-01-31T09:00:00+09:00",
            "scalableTargetAction": {"minCapacity": 0}}],
        "tags": {"team": "shop"},
    });
    let wire = to_wire(&written, shape).unwrap().value;
    let tracking = json!({"TargetValue": 60});
    assert_eq!(wire["Policies"][0]["TargetTrackingScalingPolicyConfiguration"], tracking);
    assert_eq!(wire["ScheduledActions"][0]["StartTime"], 1_896_048_000);
    assert_eq!(wire["ScheduledActions"][0]["ScalableTargetAction"], json!({"MinCapacity": 0}));
    assert_eq!(wire["Tags"], json!({"team": "shop"}));
    let problems = problems(&json!({"policies": [{}]}), Document::Scaling);
    let told: Vec<_> = problems.iter().map(ToString::to_string).collect();
    assert_eq!(
        told,
        [
            "/policies/0: `PolicyName` is missing (missing-member)",
            "/: `MaxCapacity` is missing (missing-member)",
            "/: `MinCapacity` is missing (missing-member)",
        ]
    );
}

#[test]
fn null_means_absent_at_any_depth() {
    let written = json!({"cpu": null, "containerDefinitions": [null, {
        "name": "a",
        "image": null,
        "environment": [null, {"name": "A", "value": null}],
        "dockerLabels": {"a": null, "b": "c"},
        "somethingNew": {"x": null},
    }]});
    let expected = json!({"containerDefinitions": [{
        "name": "a",
        "environment": [{"name": "A"}],
        "dockerLabels": {"b": "c"},
        "somethingNew": {},
    }]});
    assert_eq!(wire(&written), expected);
    assert!(
        problems(&json!({"containerDefinitions": null}), Document::TaskDefinition)[0].message.contains("is missing")
    );
}

#[test]
fn keys_of_maps_are_the_users() {
    let written = container(json!({"dockerLabels": {"Name": "x", "name": "y", "a/b": "z"}}));
    assert_eq!(wire(&written), written);
}

#[test]
fn numbers_in_quotes_are_told_with_what_to_write() {
    assert_eq!(
        only(container(json!({"memory": "512"}))),
        r#"Error wrong-type /containerDefinitions/0/memory: expected a whole number, found a string "512"; write 512"#
    );
    assert!(
        only(container(json!({"essential": "yes"})))
            .ends_with(r#"expected true or false, found a string "yes"; write true"#)
    );
    assert!(only(container(json!({"memory": 1.5}))).ends_with("expected a whole number, found 1.5"));
    assert!(only(container(json!({"memory": 99_999_999_999_u64}))).contains("out-of-range"));
}

#[test]
fn a_whole_number_is_text_in_task_sizes_only() {
    let sizes = wire(&json!({"cpu": 256, "Memory": 512, "containerDefinitions": []}));
    assert_eq!((&sizes["cpu"], &sizes["memory"]), (&json!("256"), &json!("512")));
    assert!(only(json!({"cpu": 0.25, "containerDefinitions": []})).contains("expected a string"));
    let told = only(container(json!({"environment": [{"name": "PORT", "value": 8080}]})));
    assert_eq!(
        told,
        "Error wrong-type /containerDefinitions/0/environment/0/value: expected a string, found a whole number; put it in quotes"
    );
}

#[test]
fn written_text_that_may_be_secret_is_in_no_message() {
    let told = only(container(json!({"environment": "hunter2"})));
    assert!(!told.contains("hunter2"), "{told}");
    let told = only(container(json!({"memory": "hunter2"})));
    assert!(!told.contains("hunter2"), "{told}");
}

#[test]
fn a_misspelled_member_is_an_error_and_an_unknown_one_is_passed_on() {
    assert_eq!(
        only(container(json!({"enviroment": []}))),
        "Error misspelled-member /containerDefinitions/0/enviroment: AWS has no `enviroment` here; did you mean `environment`?"
    );
    let written = container(json!({"quantumEntanglement": {"enabled": true}}));
    assert!(only(written.clone()).starts_with("Warning unknown-member /containerDefinitions/0/quantumEntanglement"));
    assert_eq!(wire(&written), written);
    assert!(problems(&container(json!({"enviroment": []})), Document::TaskDefinition)[0].at_key);
}

#[test]
fn what_aws_only_answers_with_is_left_out_with_a_warning() {
    let written =
        json!({"containerDefinitions": [], "revision": 3, "taskDefinitionArn": "arn", "compatibilities": ["EC2"]});
    assert_eq!(wire(&written), json!({"containerDefinitions": []}));
    let problems = problems(&written, Document::TaskDefinition);
    assert!(problems.iter().all(|problem| problem.rule == "output-only" && problem.severity == Severity::Warning));
    assert_eq!(problems.len(), 3);
}

#[test]
fn a_member_in_two_spellings_is_an_error_unless_one_is_null() {
    let written = json!({"containerDefinitions": [], "Family": "a", "family": "b"});
    assert!(only(written).starts_with("Error duplicate-member /family"));
    assert_eq!(wire(&json!({"containerDefinitions": [], "Family": null, "family": "b"}))["family"], "b");
}

#[test]
fn wrong_types_are_told_with_what_was_found() {
    assert!(
        only(container(json!({"command": "run"})))
            .ends_with("expected a list, found a string; put it into a list, even if it is the only one")
    );
    assert!(only(container(json!({"healthCheck": []}))).ends_with("expected an object, found a list"));
    assert!(only(container(json!({"dockerLabels": []}))).ends_with("expected an object, found a list"));
    assert!(only(container(json!({"image": {}}))).ends_with("expected a string, found an object"));
    assert!(only(json!([])).ends_with("expected an object, found a list"));
}

#[test]
fn values_out_of_an_enumeration_are_errors_only_when_near_to_a_known_one() {
    let log = |driver: &str| container(json!({"logConfiguration": {"logDriver": driver}}));
    let told = only(log("awslog"));
    assert!(told.starts_with("Error misspelled-value /containerDefinitions/0/logConfiguration/logDriver: "));
    assert!(told.ends_with(r#"AWS has no "awslog" here; did you mean "awslogs"?"#));
    assert!(only(log("opentelemetry")).starts_with("Warning unknown-value"));
    assert_eq!(wire(&log("opentelemetry")), log("opentelemetry"));
}

#[test]
fn bounds_and_required_members_are_checked() {
    let tag = |key: String| json!({"containerDefinitions": [], "tags": [{"key": key, "value": ""}]});
    assert!(
        only(tag("k".repeat(129)))
            .starts_with("Error wrong-length /tags/0/key: has 129 characters; AWS takes 1 to 128")
    );
    assert!(
        only(container(json!({"logConfiguration": {}})))
            .ends_with("/containerDefinitions/0/logConfiguration: `logDriver` is missing")
    );
    let tags: Vec<_> = (0..51).map(|n| json!({"key": n.to_string()})).collect();
    assert!(only(json!({"containerDefinitions": [], "tags": tags})).contains("has 51 elements"));
    let strategy = json!({"capacityProviderStrategy": [{"capacityProvider": "a", "weight": 1001}]});
    assert!(problems(&strategy, Document::Service)[0].message.contains("out of range; AWS takes 0 to 1000"));
}

#[test]
fn times_become_epoch_seconds() {
    let at = |time: Value| {
        let action = json!({"scheduledActionName": "a", "startTime": time});
        let written = json!({"minCapacity": 1, "maxCapacity": 1, "scheduledActions": [action]});
        to_wire(&written, Catalogue::get().document(Document::Scaling))
            .map(|wire| (wire.value["ScheduledActions"][0]["StartTime"].clone(), wire.warnings.len()))
            .map_err(|problems| problems[0].rule)
    };
    assert_eq!(at(json!("2030-01-01T00:00:00Z")), Ok((json!(1_893_456_000), 0)));
    assert_eq!(at(json!("2030-01-01T00:00:00.5Z")), Ok((json!(1_893_456_000.5), 0)));
    assert_eq!(at(json!("2030-01-01T09:00:00")), Ok((json!(1_893_488_400), 1)));
    assert_eq!(at(json!("2030-01-01")), Ok((json!(1_893_456_000), 1)));
    assert_eq!(at(json!(1_893_456_000)), Ok((json!(1_893_456_000), 0)));
    assert_eq!(at(json!("tomorrow")), Err("bad-time"));
}

#[test]
fn a_pointer_into_the_wire_form_is_found_in_the_document_as_written() {
    let written = json!({"ContainerDefinitions": [null, {"Name": null, "name": "a", "DockerLabels": {"a/b": "c"}}]});
    assert_eq!(original_path(&written, "/containerDefinitions/0/name"), "/ContainerDefinitions/1/name");
    assert_eq!(
        original_path(&written, "/containerDefinitions/0/dockerLabels/a~1b"),
        "/ContainerDefinitions/1/DockerLabels/a~1b"
    );
    assert_eq!(original_path(&written, "/containerDefinitions/0/image"), "/ContainerDefinitions/1");
    assert_eq!(original_path(&written, ""), "");
}

#[test]
fn a_shape_is_found_by_pointer() {
    let shape = Catalogue::get().input(Operation::RegisterTaskDefinition);
    assert_eq!(shape.at("/containerDefinitions/0/healthCheck").unwrap().name, "HealthCheck");
    assert!(matches!(shape.at("/containerDefinitions/0/dockerLabels/x").unwrap().kind, ShapeKind::String { .. }));
    assert!(shape.at("/containerDefinitions/0/nothing").is_none());
}
