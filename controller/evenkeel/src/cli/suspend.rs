//! `evenkeel suspend` and `evenkeel resume`: of an object, of a Cluster with all that is in it, or of everything.

use std::time::Duration;

use clap::Args;
use evenkeel_core::desired::{SUSPEND, SUSPEND_BY, SUSPEND_REASON, SUSPEND_UNTIL};
use evenkeel_core::object::{INSTALLATION, Kind};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::client::{ClientError, Resource, ServerArgs};
use super::completion::{kind_candidates, name_candidates, namespace_candidates};
use super::config::duration;
use super::operate::{Found, whole_seconds};

/// Who is meant.
#[derive(Args, Clone, Debug)]
pub(super) struct WhomArgs {
    /// Name of a service or a Cluster; or KIND/NAME, or KIND and a name
    #[arg(value_name = "SERVICE|CLUSTER|KIND/NAME", required_unless_present = "all", add = kind_candidates())]
    resource: Option<String>,
    /// Name of the object, where only its kind comes before
    #[arg(add = name_candidates())]
    name: Option<String>,
    /// Its namespace, which is a Cluster's name; not needed while the name is in one namespace only
    #[arg(short, long, add = namespace_candidates())]
    namespace: Option<String>,
    /// The whole installation: every Cluster that is and will be, with all that is in it
    #[arg(long, conflicts_with_all = ["resource", "name", "namespace"])]
    all: bool,
    #[command(flatten)]
    server: ServerArgs,
}

/// Arguments of `evenkeel suspend`.
#[derive(Args, Clone, Debug)]
pub(super) struct SuspendArgs {
    #[command(flatten)]
    whom: WhomArgs,
    /// Why
    #[arg(long)]
    reason: Option<String>,
    /// By whom
    #[arg(long, env = "USER")]
    by: Option<String>,
    /// For how long, such as 2h; without it, until it is resumed
    #[arg(long = "for", value_name = "DURATION", value_parser = duration, conflicts_with = "until")]
    span: Option<Duration>,
    /// Until when, as in 2026-01-31T18:00:00Z
    #[arg(long, value_name = "TIME")]
    until: Option<Timestamp>,
}

impl WhomArgs {
    pub(super) fn find(&self) -> Result<Found, ClientError> {
        let named =
            |kind: Kind, name: &str| Found::named(Resource::of(kind), name, self.namespace.as_deref(), &self.server);
        let Some(word) = self.resource.as_deref().filter(|_| !self.all) else {
            return named(Kind::Installation, INSTALLATION);
        };
        let bare = self.name.is_none() && !word.contains('/');
        if !bare || Kind::from_resource(word).is_some() {
            let (resource, name) = Resource::target(word, self.name.as_deref())?;
            let name = name.ok_or_else(|| {
                ClientError::Usage(format!("which of them? Give a name; `evenkeel get {}` lists them", resource.plural))
            })?;
            return Found::named(resource, name, self.namespace.as_deref(), &self.server);
        }
        // A name alone: what it means must be clear, since much may hang on it.
        let found = [Kind::Service, Kind::Cluster].map(|kind| named(kind, word));
        match found {
            [Ok(_), Ok(_)] => Err(ClientError::Usage(format!(
                "{word} is a service and a Cluster: say service/{word} or cluster/{word}"
            ))),
            [Ok(found), Err(_)] | [Err(ClientError::Refused(_)), Ok(found)] => Ok(found),
            [Err(ClientError::Refused(_)), Err(ClientError::Refused(_))] => Err(ClientError::Refused(format!(
                "there is no service and no Cluster {word:?}: `evenkeel get services` and `evenkeel get clusters` list them"
            ))),
            [Err(error), _] => Err(error),
        }
    }

    /// Key of what suspends an object besides itself.
    fn above(&self, found: &Found) -> Result<Option<String>, ClientError> {
        let through = |suspended: &Value| suspended["through"].as_str().map(str::to_owned);
        let Some(namespace) = found.object["metadata"]["namespace"].as_str() else {
            return Ok(through(&found.object["status"]["suspended"]));
        };
        let cluster = Found::named(Resource::of(Kind::Cluster), namespace, None, &self.server)?;
        let suspended = &cluster.object["status"]["suspended"];
        Ok((!suspended.is_null()).then(|| through(suspended).unwrap_or_else(|| format!("Cluster/{namespace}"))))
    }

    /// What is told of `found`.
    fn label(&self, found: &Found) -> String {
        match found.resource.kind {
            "Installation" => "the whole installation".to_owned(),
            "Cluster" => format!("{}, with all that is in it,", found.label),
            _ => found.label.clone(),
        }
    }
}

/// `evenkeel suspend`.
pub(super) fn suspend(args: &SuspendArgs) -> Result<String, ClientError> {
    let found = args.whom.find()?;
    let until = match (args.until, args.span) {
        (None, Some(span)) => Some(whole_seconds(Timestamp::now().saturating_add(span).unwrap_or(Timestamp::MAX))),
        (until, _) => until,
    };
    // What is not given is taken off, so that nothing is left of an earlier suspension.
    found.annotate(json!({
        SUSPEND: "true",
        SUSPEND_REASON: args.reason,
        SUSPEND_BY: args.by,
        SUSPEND_UNTIL: until.map(|until| until.to_string()),
    }))?;
    let end = until.map_or_else(|| "until it is resumed".to_owned(), |until| format!("until {until}"));
    Ok(format!("{} is suspended {end}", args.whom.label(&found)))
}

/// `evenkeel resume`.
pub(super) fn resume(args: &WhomArgs) -> Result<String, ClientError> {
    let found = args.find()?;
    let label = args.label(&found);
    let was = found.object["metadata"]["annotations"].get(SUSPEND).is_some();
    if was {
        found.annotate(json!({SUSPEND: null, SUSPEND_REASON: null, SUSPEND_BY: null, SUSPEND_UNTIL: null}))?;
    }
    let told = if was { "is resumed" } else { "is not suspended" };
    // Who takes a stop off wants to know what else stands.
    let above = args.above(&found)?.map(|above| {
        let command = match above.split_once('/') {
            Some(("Installation", _)) => "--all".to_owned(),
            _ => above.to_lowercase(),
        };
        format!("; it is still suspended through {above}: evenkeel resume {command}")
    });
    Ok(format!("{label} {told}{}", above.unwrap_or_default()))
}
