//! A pass over a Cluster.

use evenkeel_aws::AwsError;
use evenkeel_core::desired::Cluster;
use evenkeel_core::object::{Kind, Object, ObjectKey};
use evenkeel_core::operation::{Bucket, Operation};
use evenkeel_core::plan::{self, Observation};
use evenkeel_core::reason::Reason;
use evenkeel_core::status::Health;
use evenkeel_store::StoreError;
use serde_json::{Value, json};

use super::Context;
use super::pass::Pass;
use crate::budget::Metered;
use crate::workqueue::{Outcome, Retry, Work};

pub(super) async fn reconcile(context: &Context, object: Object, work: &Work<ObjectKey>) -> Outcome {
    let mut pass = match Pass::begin(context, object, work.priority).await {
        Ok(pass) => pass,
        Err(outcome) => return outcome,
    };
    if pass.object.metadata.deletion_timestamp.is_some() {
        match inhabitants(context, &pass.key.name).await {
            Ok(0) => {}
            Ok(count) => {
                // What lives in it needs its account and region until AWS is clean of it.
                let message = format!("{count} objects of its namespace are still being deleted");
                return pass.fail(Reason::Deleting, message, None).await;
            }
            Err(error) => return pass.fail(Reason::InternalError, error.to_string(), Some(Retry::Bug)).await,
        }
    }
    // Validate: pure.
    let cluster = match Cluster::check(&pass.object.metadata.name, &pass.object.spec).into_result() {
        Ok(cluster) => cluster,
        Err(message) => return pass.fail(Reason::Invalid, message, Some(Retry::Invalid)).await,
    };
    if let Err(message) = pass.identify(format!("{}/{}", cluster.spec.region, cluster.name)) {
        return pass.fail(Reason::ReplacementRequired, message, Some(Retry::Invalid)).await;
    }
    // Observe: reads.
    let connection = context.fleet.connection(&cluster.spec).await;
    if let Err(error) = connection.verify(&cluster.spec).await {
        return pass.unread(&error).await;
    }
    let mut pass = match pass.admitted(connection.gateway(), Bucket::ClusterRead, 1.0).await {
        Ok(pass) => pass,
        Err(outcome) => return outcome,
    };
    let read_at = context.clock.now();
    let observed = match read(connection.gateway(), &cluster.name).await {
        Ok(observed) => observed,
        Err(error) => return pass.unread(&error).await,
    };
    pass.details.insert("clusterName".into(), json!(cluster.name));
    pass.details.insert("region".into(), json!(cluster.spec.region));
    if let Some(account) = &cluster.spec.account_id {
        pass.details.insert("accountId".into(), json!(account));
    }
    pass.health = match &observed {
        Observation::Present(live) => {
            pass.details.insert("clusterArn".into(), live["clusterArn"].clone());
            if live["status"] == "ACTIVE" { Health::Healthy } else { Health::Progressing }
        }
        Observation::Absent => Health::Missing,
        Observation::Unknown => Health::Unknown,
    };
    // Plan: pure. Then act and report.
    let desired = cluster.desired(&pass.object, &context.options.installation, &pass.holds);
    let observed = plan::cluster::Observed { cluster: observed, read_at };
    let plan = plan::cluster::plan(&desired, &observed, &pass.memory, pass.now);
    pass.finish(plan, connection.gateway(), &[]).await
}

/// How many objects a namespace holds.
async fn inhabitants(context: &Context, namespace: &str) -> Result<usize, StoreError> {
    let mut count = 0;
    for kind in [Kind::TaskDefinition, Kind::Service] {
        count += context.store.list(kind, Some(namespace)).await?.keys().count();
    }
    Ok(count)
}

pub(crate) async fn read(gateway: &Metered, name: &str) -> Result<Observation<Value>, AwsError> {
    let body = json!({"clusters": [name], "include": ["TAGS", "SETTINGS", "CONFIGURATIONS"]});
    let answer = gateway.call(Operation::DescribeClusters, &body).await?;
    Ok(match answer["clusters"].as_array().and_then(|clusters| clusters.first()) {
        Some(cluster) if cluster["status"] == "INACTIVE" => Observation::Absent,
        Some(cluster) => Observation::Present(cluster.clone()),
        None if answer["failures"][0]["reason"] == "MISSING" => Observation::Absent,
        None => Observation::Unknown,
    })
}
