//! The pure part of a pass: canonical forms, hashes and plans, on one core.

use std::hint::black_box;
use std::time::{Duration, Instant};

use evenkeel::observe::{Scaling, read_family};
use evenkeel_core::canonical::{DocumentKind, content_hash};
use evenkeel_core::desired::{Cluster, Service, TaskDefinition};
use evenkeel_core::memory::Memory;
use evenkeel_core::object::{Kind, Object, ObjectKey};
use evenkeel_core::plan::{self, Observation, check};
use evenkeel_store::Table as Records;
use evenkeel_tests::fleet::{Fleet, name};
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::controller::{Controller, virtually};
use crate::processor;
use crate::table::{Table, ratio, whole};

/// One service whose task definition has as many variables as the larger ones in the field.
const ONE: Fleet = Fleet { services: 1, clusters: 1, variables: 120, places: 1 };

pub(crate) fn print() {
    let Inputs { service, family } = virtually(inputs());
    let (desired, observed, memory, now) = (&service.desired, &service.observed, &service.memory, service.now);
    let drifted = drifted(observed);
    let table = Table::new(
        "Planning on one core, 120 variables",
        &["what", "per second", "microseconds", "ratio to a quiet plan"],
    );
    let quiet = rate(|| plan::service::plan(desired, observed, memory, now));
    let row = |what: &str, rate: f64| {
        table.row(&[what.to_owned(), whole(rate), format!("{:.1}", 1e6 / rate), ratio(quiet, rate)]);
    };
    row("service: plan without drift", quiet);
    row("service: plan with drift in 4 places", rate(|| plan::service::plan(desired, &drifted, memory, now)));
    row(
        "service: read spec, validate, plan, check the plan",
        rate(|| {
            let checked = Service::check(&service.object.metadata.name, &service.object.spec, None);
            let plan = plan::service::plan(desired, &drifted, memory, now);
            (checked, check::service(desired, &drifted, &plan), plan)
        }),
    );
    let wanted =
        plan::task_definition::Desired { document: other_image(&family.desired.document), ..family.desired.clone() };
    let plan_of = |desired| plan::task_definition::plan(desired, &family.observed, &family.memory, family.now);
    row("task definition: plan without drift", rate(|| plan_of(&family.desired)));
    row("task definition: plan with another image", rate(|| plan_of(&wanted)));
    row(
        "task definition: read spec and validate",
        rate(|| TaskDefinition::check(&family.object.metadata.name, &family.object.spec)),
    );
    let document = &family.desired.document;
    row("task definition: canonical form", rate(|| DocumentKind::TaskDefinition.canonical(document)));
    row("task definition: canonical form and hash", rate(|| content_hash(DocumentKind::TaskDefinition, document)));
    row("for comparison: the same document to JSON text", rate(|| document.to_string()));
}

/// Calls a second of processor time: the median of five runs of a fifth of a second, after one to warm up.
fn rate<T>(mut call: impl FnMut() -> T) -> f64 {
    let mut runs: Vec<f64> = (0..6)
        .map(|_| {
            let (started, before, mut calls) = (Instant::now(), processor::time(), 0.0);
            while started.elapsed() < Duration::from_millis(200) {
                black_box(call());
                calls += 1.0;
            }
            calls / (processor::time() - before).as_secs_f64()
        })
        .collect();
    runs.remove(0);
    runs.sort_by(f64::total_cmp);
    runs[runs.len() / 2]
}

/// Everything that plans work on, as a controller has it of a fleet in line.
struct Inputs {
    service: Planned<plan::service::Desired, plan::service::Observed>,
    family: Planned<plan::task_definition::Desired, plan::task_definition::Observed>,
}

struct Planned<D, O> {
    object: Object,
    desired: D,
    observed: O,
    memory: Memory,
    now: Timestamp,
}

async fn inputs() -> Inputs {
    let controller = Controller::of(&ONE, Duration::ZERO).await;
    let context = &controller.engine.context;
    let (namespace, name, now) = (ONE.namespace(0), name(0), controller.clock.now());
    let installation = &context.options.installation;
    let object = async |kind, namespace: &str, name: &str| {
        context.store.get(&ObjectKey::new(kind, namespace, name)).await.unwrap().unwrap()
    };
    let memory = async |object: &Object| -> Memory {
        let record = context.store.record(Records::Memory, &object.metadata.uid).await.unwrap();
        record.map(|bytes| serde_json::from_slice(&bytes).unwrap()).unwrap_or_default()
    };
    let cluster = object(Kind::Cluster, "", &namespace).await;
    let cluster = Cluster::check(&namespace, &cluster.spec).into_result().unwrap();
    let defaults = &cluster.spec.defaults;

    let family = object(Kind::TaskDefinition, &namespace, &name).await;
    let checked = TaskDefinition::check(&name, &family.spec).into_result().unwrap();
    let wanted = checked.desired(&family, defaults, installation, &evenkeel_core::plan::Holds::default());
    let connection = context.fleet.connection(&cluster.spec).await;
    let (gateway, content) = (connection.gateway(), wanted.content());
    let revisions = &context.revisions;
    let read = read_family(gateway, revisions, &controller.clock, &wanted.family, &content, None).await.unwrap();

    let service = object(Kind::Service, &namespace, &name).await;
    let checked = Service::check(&name, &service.spec, None).into_result().unwrap();
    let arn = family.status["taskDefinitionArn"].as_str().unwrap().to_owned();
    let revision = plan::service::TaskDefinition::Content { arn, hash: content };
    let desired = checked.desired(
        &service,
        &cluster.name,
        defaults,
        installation,
        revision,
        Vec::new(),
        &evenkeel_core::plan::Holds::default(),
        now,
    );
    let (found, read_at) = context.seen.service(&service.key(), Timestamp::MIN).unwrap();
    let (scaling, _) = context.seen.scaling(&service.key(), Timestamp::MIN).unwrap();
    let Scaling { target, policies, scheduled_actions } = scaling;
    let observed =
        plan::service::Observed { service: found, target, policies, scheduled_actions, read_at, ..Default::default() };
    let quiet = plan::service::plan(&desired, &observed, &memory(&service).await, now);
    assert!(quiet.is_quiet() && quiet.drift.is_empty(), "{quiet:?}");
    Inputs {
        service: Planned { memory: memory(&service).await, object: service, desired, observed, now },
        family: Planned { memory: memory(&family).await, object: family, desired: wanted, observed: read, now },
    }
}

/// Somebody changed the count, the grace period, the deployment configuration and a policy.
fn drifted(observed: &plan::service::Observed) -> plan::service::Observed {
    let mut observed = observed.clone();
    let Observation::Present(service) = &mut observed.service else { panic!("the service is there") };
    service["desiredCount"] = json!(9);
    service["healthCheckGracePeriodSeconds"] = json!(1);
    service["deploymentConfiguration"]["maximumPercent"] = json!(150);
    let Observation::Present(policies) = &mut observed.policies else { panic!("its policies are there") };
    policies[0]["TargetTrackingScalingPolicyConfiguration"]["TargetValue"] = json!(99.0);
    observed
}

fn other_image(document: &Value) -> Value {
    let mut document = document.clone();
    document["containerDefinitions"][0]["image"] = json!("another:2.0");
    document
}
