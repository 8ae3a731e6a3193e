//! The main job against a real AWS account, or against any endpoint that answers as AWS does. Run it with
//!
//! ```sh
//! EVENKEEL_TEST_REGION=eu-west-1 EVENKEEL_TEST_SUBNETS=subnet-0a,subnet-0b cargo run -p evenkeel-tests --example account
//! ```
//!
//! It uses the SDK's credentials. It creates a cluster, a task definition and a service with zero tasks, all named
//! `evenkeel-test-…`, changes the service behind the controller's back, and removes everything at the end, also when a
//! step fails. Nothing of it runs a task, so it costs nothing but API calls. Exit code 0: all steps held.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use evenkeel::apply::apply;
use evenkeel::clock::Clock;
use evenkeel::engine::Engine;
use evenkeel::fleet::Fleet;
use evenkeel::metrics::Metrics;
use evenkeel::reconcile::Options;
use evenkeel_aws::{Account, CallRecord, Gateway, Transport};
use evenkeel_core::admission::admit;
use evenkeel_core::manifest::{Content, Files, load};
use evenkeel_core::object::{Kind, ObjectKey};
use evenkeel_core::operation::{Access, Operation};
use evenkeel_store::Store;
use serde_json::{Value, json};

type Failure = Box<dyn std::error::Error>;

const NAME: &str = "evenkeel-test";

fn manifests(region: &str, subnets: &str) -> String {
    format!(
        "apiVersion: evenkeel.dev/v1alpha1
kind: Cluster
metadata: {{name: {NAME}}}
spec: {{region: {region}, cluster: {{clusterName: {NAME}-cluster}}}}
---
apiVersion: evenkeel.dev/v1alpha1
kind: TaskDefinition
metadata: {{name: {NAME}, namespace: {NAME}}}
spec:
  taskDefinition:
    family: {NAME}-family
    networkMode: awsvpc
    requiresCompatibilities: [FARGATE]
    cpu: .25 vCPU
    memory: 0.5 GB
    containerDefinitions:
    - name: app
      image: public.ecr.aws/docker/library/busybox:1.36.1
      command: [sleep, '3600']
      portMappings: [{{containerPort: 8080}}, {{containerPort: 443}}, {{containerPort: 80}}]
      environment: [{{name: B, value: '2'}}, {{name: A, value: '1'}}]
      healthCheck: {{command: [CMD, 'true']}}
---
apiVersion: evenkeel.dev/v1alpha1
kind: Service
metadata: {{name: {NAME}, namespace: {NAME}}}
spec:
  taskDefinition: {NAME}
  service:
    serviceName: {NAME}-service
    launchType: FARGATE
    desiredCount: 0
    networkConfiguration: {{awsvpcConfiguration: {{subnets: [{subnets}], assignPublicIp: DISABLED}}}}
    deploymentConfiguration: {{maximumPercent: 200, minimumHealthyPercent: 100}}
    tags: [{{key: purpose, value: test}}]
  scaling: {{minCapacity: 0, maxCapacity: 0}}
"
    )
}

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let variable = |name: &str| std::env::var(name).map_err(|_| format!("set {name}; see the head of this example"));
    let (region, subnets) = (variable("EVENKEEL_TEST_REGION")?, variable("EVENKEEL_TEST_SUBNETS")?);
    let clock = Clock::system();
    let writes: Arc<Mutex<Vec<Operation>>> = Arc::default();
    let noted = writes.clone();
    let on_call = Arc::new(move |call: CallRecord| {
        if call.operation.access() == Access::Write
            && let Ok(mut noted) = noted.lock()
        {
            noted.push(call.operation);
        }
    });
    let fleet = Fleet::new(Transport::Network, clock.clone(), Some(on_call), None);
    let store = Store::temporary(evenkeel_store::Options::default()).await?;
    let options = Options { installation: NAME.into(), interval: Duration::from_secs(5), ..Options::default() };
    let engine = Engine::new(store.clone(), fleet, clock.clone(), Metrics::new()?, options, fastrand::Rng::new());
    let running = tokio::spawn({
        let engine = engine.clone();
        async move { engine.run().await }
    });
    let gateway = Gateway::connect(
        &Account { region: region.clone(), ..Account::default() },
        Transport::Network,
        clock.for_aws(),
        None,
    )
    .await;
    let outcome = steps(&store, &clock, &gateway, &writes, &manifests(&region, &subnets)).await;
    engine.queue.shut_down();
    running.await?;
    clean_up(&gateway).await;
    outcome
}

async fn steps(
    store: &Store,
    clock: &Clock,
    gateway: &Gateway,
    writes: &Mutex<Vec<Operation>>,
    text: &str,
) -> Result<(), Failure> {
    let files = Files::from([("test.yaml".to_owned(), Content::Bytes(text.as_bytes().to_vec()))]);
    let mut load = load(&files);
    admit(&mut load);
    if !load.whole() {
        return Err(format!("the manifests are refused: {:?}", load.problems).into());
    }
    apply(store, &load, "sha1:test", clock.now()).await?;
    ready(store).await?;
    println!("converged");
    let taken = || writes.lock().map(|mut writes| std::mem::take(&mut *writes)).unwrap_or_default();
    taken();
    // Several looks at everything, and the time in which AWS may still show older state.
    tokio::time::sleep(Duration::from_secs(60)).await;
    let extra = taken();
    if !extra.is_empty() {
        return Err(format!("a further pass wrote {extra:?}: AWS shows something that the rules do not know").into());
    }
    println!("a further minute made no write");
    let change = json!({"cluster": format!("{NAME}-cluster"), "service": format!("{NAME}-service"),
                        "deploymentConfiguration": {"maximumPercent": 150, "minimumHealthyPercent": 50}});
    gateway.call(Operation::UpdateService, &change).await?;
    tokio::time::sleep(Duration::from_secs(15)).await;
    ready(store).await?;
    let repaired = taken();
    if repaired != [Operation::UpdateService] {
        return Err(format!(
            "a changed deployment configuration was to be repaired by one UpdateService, not {repaired:?}"
        )
        .into());
    }
    println!("drift was found and repaired by one call");
    Ok(())
}

/// Waits until everything is ready; says what is not when the time is up.
async fn ready(store: &Store) -> Result<(), Failure> {
    let mut last = Value::Null;
    for _ in 0..180 {
        let key = ObjectKey::new(Kind::Service, NAME, NAME);
        if let Some(object) = store.get(&key).await? {
            let conditions = object.status["conditions"].as_array().cloned().unwrap_or_default();
            if conditions.iter().any(|condition| condition["type"] == "Ready" && condition["status"] == "True") {
                return Ok(());
            }
            last = object.status;
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    Err(format!("not ready after three minutes: {last:#}").into())
}

/// Removes what was created. What is gone already is no failure.
async fn clean_up(gateway: &Gateway) {
    let (cluster, service) = (format!("{NAME}-cluster"), format!("{NAME}-service"));
    let target = json!({"ServiceNamespace": "ecs", "ResourceId": format!("service/{cluster}/{service}"),
                        "ScalableDimension": "ecs:service:DesiredCount"});
    let mut calls = vec![
        (Operation::DeregisterScalableTarget, target),
        (Operation::DeleteService, json!({"cluster": cluster, "service": service, "force": true})),
    ];
    let list = json!({"familyPrefix": format!("{NAME}-family"), "status": "ACTIVE"});
    if let Ok(listed) = gateway.call(Operation::ListTaskDefinitions, &list).await {
        for arn in listed["taskDefinitionArns"].as_array().into_iter().flatten() {
            calls.push((Operation::DeregisterTaskDefinition, json!({"taskDefinition": arn})));
        }
    }
    calls.push((Operation::DeleteCluster, json!({"cluster": cluster})));
    for (operation, body) in calls {
        // A draining service holds its cluster for a while.
        for _ in 0..20 {
            match gateway.call(operation, &body).await {
                Ok(_) => break,
                Err(error) if error.code == "ClusterContainsServicesException" => {
                    tokio::time::sleep(Duration::from_secs(15)).await;
                }
                Err(error) => {
                    eprintln!("cleaning up: {error}");
                    break;
                }
            }
        }
    }
}
