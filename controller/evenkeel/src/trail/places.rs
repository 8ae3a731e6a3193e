//! Which object a record is about.

use std::collections::HashMap;
use std::sync::Arc;

use evenkeel_core::object::{Kind, Object, ObjectKey};
use evenkeel_core::trail::{Notice, Subject};
use tokio::time::{Duration, Instant};

use crate::engine::aws_name;
use crate::fleet::Connection;
use crate::reconcile::Context;

/// How long the map of all objects is used before it is made anew: with ten thousand services that takes a fifth of a
/// second.
const LIFE: Duration = Duration::from_secs(10);

/// Objects that bear an AWS name, each with where it is.
type Bearers = Vec<(ObjectKey, Arc<Connection>)>;

/// Objects by region and AWS name.
#[derive(Debug, Default)]
pub(super) struct Places {
    made: Option<Instant>,
    objects: HashMap<(String, Subject), Bearers>,
}

impl Places {
    /// The objects that a record may be about; the same names may be used in several accounts.
    pub(super) async fn find(&mut self, context: &Context, notice: &Notice) -> &[(ObjectKey, Arc<Connection>)] {
        if self.made.is_none_or(|made| made.elapsed() > LIFE) {
            self.objects = objects(context).await;
            self.made = Some(Instant::now());
        }
        let found = self.objects.get(&(notice.region.clone(), notice.subject.clone()));
        found.map(Vec::as_slice).unwrap_or_default()
    }
}

async fn objects(context: &Context) -> HashMap<(String, Subject), Bearers> {
    let mut objects: HashMap<_, Bearers> = HashMap::new();
    let Ok(clusters) = context.store.list(Kind::Cluster, None).await else { return objects };
    for key in clusters.keys() {
        // One that is invalid has nothing in AWS that could be ours.
        let Ok((_, cluster)) = context.cluster_of(key).await else { continue };
        let connection = context.fleet.connection(&cluster.spec).await;
        let mut put = |subject: Subject, key: &ObjectKey| {
            let found = objects.entry((cluster.spec.region.clone(), subject)).or_default();
            found.push((key.clone(), connection.clone()));
        };
        put(Subject::Cluster(cluster.name.clone()), key);
        for kind in [Kind::TaskDefinition, Kind::Service] {
            let Ok(listing) = context.store.list(kind, Some(&key.name)).await else { continue };
            for object in listing.into_iter().flatten() {
                put(subject(&object, &cluster.name), &object.key());
            }
        }
    }
    objects
}

fn subject(object: &Object, cluster: &str) -> Subject {
    match object.kind {
        Kind::TaskDefinition => {
            let definition = &object.spec["taskDefinition"];
            let family = definition["family"].as_str().or(definition["Family"].as_str());
            Subject::Family(family.unwrap_or(&object.metadata.name).to_owned())
        }
        _ => Subject::Service { cluster: cluster.to_owned(), service: aws_name(object) },
    }
}
