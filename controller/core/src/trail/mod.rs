//! Who changed what: records of CloudTrail, and what they say about drift.
//!
//! A [`Notice`] is a hint to look again, and at best a name for a difference that a read has shown. It is never a source
//! of truth: records come late, twice, or not at all (CloudTrail user guide; EventBridge delivers at least once).

mod attribute;
mod record;

use jiff::Timestamp;
use serde_json::Value;

use crate::diff::Drift;

pub use attribute::{SOURCE, UNKNOWN, attribute, told};
pub use record::notices;

/// That somebody or something touched a resource.
#[derive(Clone, Debug, PartialEq)]
pub struct Notice {
    /// When, to the second.
    pub at: Timestamp,
    /// The account that the resource is in.
    pub account: String,
    /// The region that the resource is in.
    pub region: String,
    /// Which resource.
    pub subject: Subject,
    /// Who; absent where AWS acted on its own behalf, as Application Auto Scaling does.
    pub author: Option<String>,
    /// What was set.
    touched: Vec<Touched>,
}

/// A resource by its AWS names.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Subject {
    /// A cluster.
    Cluster(String),
    /// A service, with what scales it.
    Service {
        /// Its cluster.
        cluster: String,
        /// Its name.
        service: String,
    },
    /// A family of task definitions.
    Family(String),
}

/// A path that a call names, and what it says about it.
#[derive(Clone, Debug, PartialEq)]
struct Touched {
    path: String,
    /// What was set, where the record tells.
    value: Option<Value>,
}

impl Notice {
    /// Whether this may be what made a difference: it touched the path, and what it set there is what AWS shows.
    pub fn explains(&self, drift: &Drift) -> bool {
        self.author.is_some()
            && self.touched.iter().any(|touched| {
                let below = drift.path.strip_prefix(touched.path.as_str());
                below.filter(|rest| rest.is_empty() || rest.starts_with('/')).is_some_and(|rest| {
                    let set = touched.value.as_ref().and_then(|value| value.pointer(rest));
                    set.is_none_or(|set| agree(set, drift.observed.as_ref()))
                })
            })
    }

    /// Whether `own`, the ARN that STS gives for our credentials, is who did it. Sessions of one role are one: a
    /// controller that was restarted is the same.
    pub fn is_by(&self, own: &str) -> bool {
        self.author.as_deref().is_some_and(|author| role(author) == role(own))
    }
}

/// Without the name of the session, if it is the ARN of an assumed role.
fn role(arn: &str) -> &str {
    match arn.split_once(":assumed-role/") {
        Some((before, rest)) => &arn[..before.len() + ":assumed-role/".len() + rest.find('/').unwrap_or(rest.len())],
        None => arn,
    }
}

/// Whether a value that was set may be the one that is seen. Only plain values speak against each other: structures are
/// filled in by AWS. A revision may be called `family:revision` or by its ARN.
fn agree(set: &Value, seen: Option<&Value>) -> bool {
    match (set, seen) {
        (Value::String(set), Some(Value::String(seen))) => {
            let last = |name: &str| name.rsplit('/').next().unwrap_or_default().to_owned();
            let (set, seen) = (last(set), last(seen));
            set == seen || seen.strip_prefix(&set).is_some_and(|rest| rest.starts_with(':'))
        }
        (Value::Number(_) | Value::Bool(_), Some(seen @ (Value::Number(_) | Value::Bool(_)))) => set == seen,
        _ => true,
    }
}

#[cfg(test)]
mod tests;
