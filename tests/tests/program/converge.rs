//! The example system from nothing.

use evenkeel_tests::program::{Controller, Place, root, until};
use serde_json::Value;

/// Ends every value of the environment in the example's task definition, so that one is known wherever it is shown.
const MARK: &str = "-for-nobody-7f3a";

fn mark_environment(place: &Place) {
    let file = "desired-state/templates/frontapp/frontapp.json";
    let mut document: Value = serde_json::from_str(&std::fs::read_to_string(place.path(file)).unwrap()).unwrap();
    let variables = document["containerDefinitions"][0]["environment"].as_array_mut().unwrap();
    assert!(variables.len() > 100, "the example has an environment of a real application");
    for variable in variables {
        variable["value"] = format!("{}{MARK}", variable["value"].as_str().unwrap()).into();
    }
    place.write(file, &document.to_string());
}

#[test]
fn the_example_system_converges_then_nothing_is_written_and_no_environment_value_is_shown() {
    let place = Place::new();
    place.copy(&root().join("desired-state"), "desired-state");
    mark_environment(&place);
    let mut controller = Controller::start(&place, &["--sandbox", "--log", "debug"]);
    assert_eq!(controller.get("/livez"), (200, "ok".to_owned()));
    controller.ready(9);
    assert_eq!(controller.get("/readyz"), (200, "ok\n".to_owned()));
    let writes = controller.writes();
    assert_eq!(writes["CreateService"], 3);
    assert_eq!(writes["RegisterTaskDefinition"], 3);
    assert_eq!(writes["CreateCluster"], 3);
    assert_eq!(writes["PutScalingPolicy"], 2, "the hands-on does not scale");
    controller.looks_three_times();
    assert_eq!(controller.writes(), writes, "what has converged is written to no more");

    let metrics = controller.metrics();
    let ready = |series: &str| {
        series.starts_with("evenkeel_object_condition{") && series.contains("status=\"True\",type=\"Ready\"")
    };
    // The nine of the directory, and the Installation itself.
    assert_eq!(metrics.iter().filter(|(series, value)| ready(series) && **value == 1.0).count(), 10);
    assert_eq!(metrics["evenkeel_source_objects"], 9.0);
    assert_eq!(metrics["evenkeel_plans_refused_total"], 0.0);
    assert_eq!(metrics["evenkeel_reconcile_panics_total"], 0.0);

    let said = |arguments: &[&str]| place.run(&[arguments, &["--server", &controller.url]].concat()).expect(0).out;
    let services = said(&["get", "services"]);
    assert!(services.contains("frontapp") && services.contains("Synced") && services.contains("Healthy"), "{services}");
    let described = said(&["describe", "service", "frontapp", "-n", "shop-prod"]);
    assert!(described.contains("shop-prod-frontapp-service") && described.contains("2 to 4 tasks"), "{described}");
    let mut shown = vec![services, described, controller.get("/metrics").1, controller.process.lines().join("\n")];
    for form in ["yaml", "json"] {
        shown.push(said(&["get", "taskdefinitions", "-o", form]));
    }
    shown.push(said(&["describe", "taskdefinition", "frontapp", "-n", "shop-prod"]));
    shown.push(controller.get("/apis/evenkeel.dev/v1alpha1/taskdefinitions").1);
    for text in shown {
        assert!(!text.contains(MARK), "a value of the environment is shown in: {text}");
    }
    let revision = "ecs describe-task-definition --task-definition shop-prod-frontapp-family";
    assert!(controller.aws(&place).call(revision).to_string().contains(MARK), "AWS has the values");

    controller.process.signal("TERM");
    assert_eq!(controller.process.exit(), 0, "{}", controller.process.lines().join("\n"));
    until("the port to be free", || match ureq::get(format!("{}/livez", controller.url)).call() {
        Ok(_) => Err("it answers".to_owned()),
        Err(_) => Ok(()),
    });
}
