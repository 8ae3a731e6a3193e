//! What other tools do, to compare with: each service is asked about by itself, and its revision, and a call that AWS
//! refuses is made again after a while.

use std::time::{Duration, Instant};

use evenkeel_aws::{Account, ErrorClass, Gateway, Transport};
use evenkeel_core::operation::Operation;
use evenkeel_tests::fleet::{ACCOUNT, Fleet, name};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::child;
use crate::world::Aws;

/// Calls of one place at once.
const WORKERS: usize = 8;
/// First pause after a refusal; twice as long after each further one.
const PAUSE: Duration = Duration::from_millis(200);
/// A round of more services is broken off, and its time reckoned from what was done.
const MOST: usize = 200;

/// One round over all services.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Polled {
    pub(crate) calls: f64,
    pub(crate) refused: f64,
    pub(crate) seconds: f64,
    /// Seconds on a processor.
    pub(crate) busy: f64,
}

/// The calls for one service.
pub(crate) fn calls(fleet: &Fleet, nth: usize) -> [(Operation, Value); 5] {
    let (cluster, service) = (fleet.namespace(nth), name(nth));
    let scaling = json!({"ServiceNamespace": "ecs", "ResourceId": format!("service/{cluster}/{service}")});
    let targets = json!({"ServiceNamespace": "ecs", "ResourceIds": [format!("service/{cluster}/{service}")]});
    [
        (Operation::DescribeServices, json!({"cluster": cluster, "services": [service]})),
        (Operation::DescribeTaskDefinition, json!({"taskDefinition": format!("{cluster}-{service}")})),
        (Operation::DescribeScalableTargets, targets),
        (Operation::DescribeScalingPolicies, scaling.clone()),
        (Operation::DescribeScheduledActions, scaling),
    ]
}

/// A round in a process of its own.
pub(crate) fn round(aws: &Aws, fleet: &Fleet) -> Polled {
    let output = child::command(child::POLLER, fleet).arg(aws.endpoint()).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let numbers: Vec<f64> = text.split_whitespace().map(|number| number.parse().unwrap()).collect();
    let [calls, refused, seconds, busy] = numbers[..] else { panic!("the poller said {text:?}") };
    Polled { calls, refused, seconds, busy }
}

/// That process: `services clusters variables places endpoint`. Polls all places at once.
#[allow(clippy::cast_precision_loss)] // counts
pub(crate) fn run(args: &[String]) {
    let (fleet, endpoint) = (child::fleet(args), args[4].clone());
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let mut places = JoinSet::new();
        for place in 0..fleet.places {
            places.spawn(poll(fleet, place, endpoint.clone()));
        }
        let mut all = Polled::default();
        while let Some(polled) = places.join_next().await {
            let polled = polled.unwrap();
            all.calls += polled.calls;
            all.refused += polled.refused;
            all.seconds = all.seconds.max(polled.seconds);
        }
        // The part of the services that it came to took this; all take as much more.
        let done: usize = (0..fleet.places).map(|place| own(&fleet, place).len().min(MOST)).sum();
        all.busy = child::busy("self") * fleet.services as f64 / done as f64;
        println!("{} {} {} {}", all.calls, all.refused, all.seconds, all.busy);
    });
}

/// The services of a place.
fn own(fleet: &Fleet, place: usize) -> Vec<usize> {
    (0..fleet.services).filter(|nth| fleet.place(*nth) == fleet.place(place)).collect()
}

#[allow(clippy::cast_precision_loss)] // counts
async fn poll(fleet: Fleet, place: usize, endpoint: String) -> Polled {
    let (account, region) = fleet.place(place);
    let role = (account != ACCOUNT).then(|| format!("arn:aws:iam::{account}:role/evenkeel"));
    let account = Account {
        region: region.to_owned(),
        assume_role_arn: role,
        endpoint_url: Some(endpoint),
        ..Account::default()
    };
    let gateway =
        Gateway::connect(&account, Transport::Network, evenkeel::clock::Clock::system().for_aws(), None).await;
    let own = own(&fleet, place);
    let done = own.len().min(MOST);
    let started = Instant::now();
    let mut workers = JoinSet::new();
    for worker in 0..WORKERS {
        let (gateway, own) = (gateway.clone(), own[..done].to_vec());
        workers.spawn(async move {
            let mut polled = Polled::default();
            for nth in own.into_iter().skip(worker).step_by(WORKERS) {
                for (operation, body) in calls(&fleet, nth) {
                    let mut pause = PAUSE;
                    while let Err(error) = gateway.call(operation, &body).await {
                        assert_eq!(error.class, ErrorClass::Throttled, "{error}");
                        polled.refused += 1.0;
                        tokio::time::sleep(pause.mul_f64(0.5 + fastrand::f64())).await;
                        pause = (pause * 2).min(Duration::from_secs(20));
                    }
                    polled.calls += 1.0;
                }
            }
            polled
        });
    }
    let mut all = Polled::default();
    while let Some(polled) = workers.join_next().await {
        let polled = polled.unwrap();
        all.calls += polled.calls;
        all.refused += polled.refused;
    }
    let rest = own.len() as f64 / done as f64;
    let seconds = started.elapsed().as_secs_f64();
    Polled { calls: all.calls * rest, refused: all.refused * rest, seconds: seconds * rest, busy: 0.0 }
}
