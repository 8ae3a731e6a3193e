//! The periodic look at all services, in calls that they share.

use std::collections::HashMap;
use std::sync::Arc;

use evenkeel_core::object::{Kind, Object, ObjectKey};
use tokio::task::JoinSet;

use crate::fleet::Connection;
use crate::observe::Reading;
use crate::reconcile::Context;
use crate::workqueue::{Priority, Workqueue};

/// Looks at all services every interval, and wakes those that changed.
pub(super) async fn at_all(context: Context, queue: Workqueue<ObjectKey>) {
    let mut ticks = tokio::time::interval(context.options.interval);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    // The first tick comes at once; the passes that the start queues read for themselves.
    ticks.tick().await;
    loop {
        ticks.tick().await;
        let mut looks = JoinSet::new();
        for Place { connection, keys, names } in places(&context).await {
            let (context, queue) = (context.clone(), queue.clone());
            looks.spawn(async move {
                let tell = |nth: usize, reading: Reading| {
                    let key: &ObjectKey = &keys[nth];
                    match reading.error {
                        // Unknown is not "changed": the resync will look again.
                        Some(error) => tracing::warn!(%key, %error, "a service could not be read"),
                        None if context.seen.keep(key, &reading.observed) => {
                            queue.add(key.clone(), Priority::Repair, "the observed state changed");
                        }
                        None => {}
                    }
                };
                connection.reader.services(&names, tell).await;
            });
        }
        while looks.join_next().await.is_some() {}
    }
}

/// The services of one account and region.
struct Place {
    connection: Arc<Connection>,
    keys: Vec<ObjectKey>,
    /// Cluster and name in AWS, in the order of `keys`.
    names: Vec<(String, String)>,
}

/// All services whose Cluster can be asked about, by where they are.
async fn places(context: &Context) -> Vec<Place> {
    let Ok(listing) = context.store.list(Kind::Service, None).await else { return Vec::new() };
    let mut places: Vec<Place> = Vec::new();
    // Of each namespace the place and the name of its cluster in AWS.
    let mut clusters: HashMap<String, Option<(usize, String)>> = HashMap::new();
    for object in listing.into_iter().flatten() {
        let key = object.key();
        if !clusters.contains_key(&key.namespace) {
            let found = connection_of(context, &key).await.map(|(connection, name)| {
                let known = places.iter().position(|place| Arc::ptr_eq(&place.connection, &connection));
                let place = known.unwrap_or_else(|| {
                    places.push(Place { connection, keys: Vec::new(), names: Vec::new() });
                    places.len() - 1
                });
                (place, name)
            });
            clusters.insert(key.namespace.clone(), found);
        }
        if let Some(Some((place, cluster))) = clusters.get(&key.namespace) {
            places[*place].names.push((cluster.clone(), aws_name(&object)));
            places[*place].keys.push(key);
        }
    }
    places
}

/// The connection of the Cluster that a service lives in, and that Cluster's name in AWS.
async fn connection_of(context: &Context, key: &ObjectKey) -> Option<(Arc<Connection>, String)> {
    let (_, cluster) = context.cluster_of(key).await.ok()?;
    let connection = context.fleet.connection(&cluster.spec).await;
    connection.verify(&cluster.spec).await.ok()?;
    Some((connection, cluster.name))
}

/// The AWS name of a Service, without checking its whole spec.
pub(crate) fn aws_name(object: &Object) -> String {
    let service = &object.spec["service"];
    let given = service["serviceName"].as_str().or(service["ServiceName"].as_str());
    given.unwrap_or(&object.metadata.name).to_owned()
}
