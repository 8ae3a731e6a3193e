//! The periodic look at all services, in calls that they share.

use std::borrow::Cow;
use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;
use std::time::Duration;

use evenkeel_core::object::{Kind, Object, ObjectKey};
use evenkeel_store::Listing;
use serde::Deserialize;
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::fleet::Connection;
use crate::observe::{Part, Read};
use crate::reconcile::Context;
use crate::workqueue::{Priority, Workqueue};

/// Looks at one part of all services every interval, or as often as the budget allows, and wakes those that changed. The first
/// look is at once, and as fast as the budget allows: passes of the start live on it; and so is one that passes wait for.
pub(super) async fn at_all(context: Context, queue: Workqueue<ObjectKey>, part: Part) {
    let mut ticks = tokio::time::interval(context.options.interval);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut first = true;
    let mut known = None;
    loop {
        let hurry = tokio::select! {
            _ = ticks.tick() => first,
            () = context.look.notified(), if part == Part::Scaling => true,
        };
        let spread = if hurry { Duration::ZERO } else { context.options.interval };
        let started = Instant::now();
        let mut looks = JoinSet::new();
        for place in places(&context, &mut known).await {
            looks.spawn(look(context.clone(), queue.clone(), place, part, spread, first));
        }
        while looks.join_next().await.is_some() {}
        context.metrics.looked(part, started.elapsed().as_secs_f64());
        first = false;
    }
}

async fn look(
    context: Context,
    queue: Workqueue<ObjectKey>,
    place: Arc<Place>,
    part: Part,
    spread: Duration,
    first: bool,
) {
    let Place { connection, keys, names } = &*place;
    let told = Told { context: &context, queue: &queue, keys, part, first };
    match part {
        Part::Service => {
            let keep = |nth: usize, read| {
                told.take(nth, read, |key, read| context.seen.keep_service(key, &read.found, read.at))
            };
            connection.reader.services(names, spread, keep).await;
        }
        Part::Scaling => {
            let keep = |nth: usize, read| {
                told.take(nth, read, |key, read| context.seen.keep_scaling(key, &read.found, read.at))
            };
            connection.reader.scalings(names, spread, keep).await;
        }
    }
}

/// What becomes of what is read.
struct Told<'a> {
    context: &'a Context,
    queue: &'a Workqueue<ObjectKey>,
    keys: &'a [ObjectKey],
    part: Part,
    /// It is the look that the passes of the start wait for.
    first: bool,
}

impl Told<'_> {
    fn take<T>(&self, nth: usize, read: Read<T>, keep: impl Fn(&ObjectKey, &Read<T>) -> bool) {
        let key = &self.keys[nth];
        if let Some(error) = &read.error {
            tracing::warn!(%key, %error, "a service could not be read");
            // Unknown is not "changed": the resync will look again.
            if self.first {
                self.queue.add(key.clone(), Priority::Resync, "it could not be read with the others");
            }
        } else if keep(key, &read) && self.context.seen.knows(key, self.part.other()) {
            // Of the start, one pass once both parts are there, for which what was seen then is fresh enough.
            let priority = if self.first { Priority::Resync } else { Priority::Repair };
            self.queue.add(key.clone(), priority, "the observed state changed");
        }
    }
}

/// The services of one account and region.
struct Place {
    connection: Arc<Connection>,
    keys: Vec<ObjectKey>,
    /// Cluster and name in AWS, in the order of `keys`.
    names: Vec<(String, String)>,
}

/// What the places were found in, as a hash, and they.
type Known = Option<(u64, Vec<Arc<Place>>)>;

/// All services whose Cluster can be asked about, by where they are. In a quiet fleet they are where they were at the last
/// look.
async fn places(context: &Context, known: &mut Known) -> Vec<Arc<Place>> {
    let list = |kind| context.store.list(kind, None);
    let (Ok(clusters), Ok(services)) = (list(Kind::Cluster).await, list(Kind::Service).await) else {
        return Vec::new();
    };
    let mut versions = DefaultHasher::new();
    for object in clusters.encoded().chain(services.clone().encoded()) {
        (object.key(), object.resource_version()).hash(&mut versions);
    }
    let versions = versions.finish();
    if let Some((_, places)) = known.as_ref().filter(|(of, _)| *of == versions) {
        return places.clone();
    }
    let (places, whole) = found(context, services).await;
    *known = whole.then(|| (versions, places.clone()));
    places
}

/// The places of services, and whether all Clusters can be asked about.
async fn found(context: &Context, services: Listing) -> (Vec<Arc<Place>>, bool) {
    let mut places: Vec<Place> = Vec::new();
    // Of each namespace the place and the name of its cluster in AWS.
    let mut clusters: HashMap<String, Option<(usize, String)>> = HashMap::new();
    for object in services.encoded() {
        let key = object.key().clone();
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
            let json = object.json();
            let Ok(named) = serde_json::from_slice::<Named>(&json) else { continue };
            places[*place].names.push((cluster.clone(), named.spec.aws_name().unwrap_or(&key.name).to_owned()));
            places[*place].keys.push(key);
        }
    }
    let whole = clusters.values().all(Option::is_some);
    (places.into_iter().map(Arc::new).collect(), whole)
}

/// What of a stored Service tells its name in AWS: ten thousand are looked through each time.
#[derive(Deserialize)]
struct Named<'a> {
    #[serde(borrow)]
    spec: NamedSpec<'a>,
}

#[derive(Default, Deserialize)]
struct NamedSpec<'a> {
    #[serde(borrow, default)]
    service: NamedService<'a>,
}

#[derive(Default, Deserialize)]
struct NamedService<'a> {
    #[serde(borrow, default, rename = "serviceName")]
    name: Option<Cow<'a, str>>,
    #[serde(borrow, default, rename = "ServiceName")]
    capitalised: Option<Cow<'a, str>>,
}

impl NamedSpec<'_> {
    fn aws_name(&self) -> Option<&str> {
        let NamedService { name, capitalised } = &self.service;
        name.as_deref().or(capitalised.as_deref())
    }
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
    let spec = NamedSpec::deserialize(&object.spec).unwrap_or_default();
    spec.aws_name().unwrap_or(&object.metadata.name).to_owned()
}
