//! What every pass works with.

use std::hash::{Hash, Hasher};
use std::sync::Arc;
use std::time::Duration;

use evenkeel_core::desired::{Cluster, suspension};
use evenkeel_core::object::{Kind, Object, ObjectKey};
use evenkeel_core::plan::Holds;
use evenkeel_core::reason::Reason;
use evenkeel_core::window;
use evenkeel_store::{Store, StoreError};
use jiff::Timestamp;
use serde_json::Value;
use tokio::sync::Notify;

use crate::clock::Clock;
use crate::fleet::Fleet;
use crate::metrics::Metrics;
use crate::observe::{Revisions, Seen};
use crate::trail::Trail;
use crate::workqueue::{Outcome, Retry, spread};

/// What the operator chose.
#[derive(Clone, Debug)]
pub struct Options {
    /// Name of this installation, which marks what it manages.
    pub installation: String,
    /// Nothing is written to AWS: plans are made and reported.
    pub read_only: bool,
    /// How often all services are read.
    pub interval: Duration,
    /// How often every object is planned again although nothing about it is known to have changed.
    pub resync: Duration,
    /// How often a service whose tasks are being replaced is looked at.
    pub rollout_watch: Duration,
    /// How many passes run at once.
    pub concurrency: usize,
    /// The part of AWS's published request rates that is used, above 0 and at most 1. `None`: calls are not counted, as
    /// against an AWS without limits.
    pub budget_share: Option<f64>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            installation: "default".into(),
            read_only: false,
            interval: Duration::from_secs(60),
            resync: Duration::from_secs(600),
            rollout_watch: Duration::from_secs(10),
            // Passes wait for AWS most of the time; the rate budget, not this, is the bound.
            concurrency: 64,
            budget_share: None,
        }
    }
}

/// Everything that a pass needs; clones share it.
#[derive(Clone, Debug)]
pub struct Context {
    /// The store.
    pub store: Store,
    /// Connections.
    pub fleet: Fleet,
    /// Last observations.
    pub seen: Seen,
    /// Told when passes wait for a look at the scaling of all.
    pub(crate) look: Arc<Notify>,
    /// What records say about who changed what.
    pub trail: Trail,
    /// Content of revisions.
    pub revisions: Revisions,
    /// Time.
    pub clock: Clock,
    /// Metrics.
    pub metrics: Metrics,
    /// What the operator chose.
    pub options: Options,
}

impl Context {
    /// The Cluster that an object lives in, checked; or why that cannot be said.
    ///
    /// # Errors
    /// The reason and a sentence for the object's status.
    pub(crate) async fn cluster_of(&self, key: &ObjectKey) -> Result<(Object, Cluster), (Reason, String)> {
        let key = key.cluster_of();
        let object = self.store.get(&key).await.map_err(|error| (Reason::InternalError, error.to_string()))?;
        let Some(object) = object else {
            let message = format!("there is no Cluster {:?}, which the namespace stands for", key.name);
            return Err((Reason::ClusterNotReady, message));
        };
        let checked = Cluster::check(&object.metadata.name, &object.spec).into_result();
        let cluster = checked.map_err(|message| (Reason::ClusterNotReady, format!("{key} is invalid: {message}")))?;
        Ok((object, cluster))
    }

    /// What holds an object from outside of its manifest: the suspension that is in force (its own, its Cluster's, or that
    /// of the whole installation), and its Cluster's change windows.
    ///
    /// # Errors
    /// The store's.
    pub(crate) async fn holds(&self, object: &Object, now: Timestamp) -> Result<Holds, StoreError> {
        let cluster = self.store.get(&object.key().cluster_of()).await?;
        let installation = self.store.get(&ObjectKey::installation()).await?;
        let windows = cluster.as_ref().map(|cluster| window::of_cluster(&cluster.spec)).unwrap_or_default();
        Ok(Holds {
            suspension: suspension(object, cluster.iter().chain(&installation), now),
            closed: window::closed_for(&windows, cluster.iter().chain([object]), now),
        })
    }

    /// Makes sure, before a pass writes, that nobody has suspended its object while it was reading and planning.
    ///
    /// # Errors
    /// When to try again.
    pub(super) async fn may_write(&self, key: &ObjectKey) -> Result<(), Outcome> {
        let holds = match self.store.get(key).await {
            Ok(Some(object)) => self.holds(&object, self.clock.now()).await,
            Ok(None) => return Err(Outcome::Retry(Retry::Conflict)),
            Err(error) => Err(error),
        };
        match holds {
            Ok(Holds { suspension: None, .. }) => Ok(()),
            Ok(_) => Err(Outcome::Retry(Retry::Conflict)),
            Err(error) => {
                tracing::error!(%key, %error, "the store cannot be read");
                Err(Outcome::Retry(Retry::Bug))
            }
        }
    }

    /// When an object is planned again although nothing about it is known to have changed: the period with a tenth to
    /// either side, always the same for one object, so that a fleet spreads out.
    pub(crate) fn resync_of(&self, key: &ObjectKey) -> Duration {
        spread(self.period_of(key), fraction(key))
    }

    /// When that is for the first time after a start, at which no object is to come with all others.
    pub(crate) fn phase_of(&self, key: &ObjectKey) -> Duration {
        self.period_of(key).mul_f64(fraction(key))
    }

    /// Families change by our own hand or not at all, and reading one costs calls, so they come less often.
    fn period_of(&self, key: &ObjectKey) -> Duration {
        match key.kind {
            Kind::TaskDefinition => self.options.resync * 6,
            _ => self.options.resync,
        }
    }
}

/// A number between 0 and 1 that is always the same for one object.
fn fraction(key: &ObjectKey) -> f64 {
    let mut hasher = std::hash::DefaultHasher::new();
    key.hash(&mut hasher);
    #[allow(clippy::cast_precision_loss)] // a fraction needs no more than 53 bits
    let fraction = hasher.finish() as f64 / u64::MAX as f64;
    fraction
}

/// The value at a pointer as text.
pub(super) fn text_at<'a>(value: &'a Value, pointer: &str) -> Option<&'a str> {
    value.pointer(pointer).and_then(Value::as_str)
}
