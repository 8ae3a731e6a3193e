//! DescribeServiceRevisions.

use super::parts;
use crate::{
    ecs::{Family, Service, rollout::ServiceRevision, tasks::image_digest},
    error::{Answer, ApiError},
    input::Input,
    region::Region,
    time::epoch,
};
use jiff::Timestamp;
use serde_json::{Value, json};

/// DescribeServiceRevisions: up to twenty.
pub(in crate::ecs) fn describe(region: &mut Region, now: Timestamp, input: Input<'_>) -> Answer {
    let arns = input.strings("serviceRevisionArns")?;
    match arns.len() {
        0 => return Err(ApiError::parameter("serviceRevisionArns cannot be empty.")),
        21.. => return Err(ApiError::parameter("serviceRevisionArns cannot have more than 20 elements.")),
        _ => {}
    }
    let (mut rows, mut failures) = (Vec::new(), Vec::new());
    for arn in arns {
        let found = parts(arn, "service-revision").and_then(|(key, id)| {
            let service = region.services.seen(key, now).filter(|service| !service.is_gone())?;
            Some((service, service.revisions.iter().find(|revision| revision.id == id)?))
        });
        match found {
            Some((service, revision)) => rows.push(document(region, service, revision)),
            None => failures.push(json!({"arn": arn, "reason": "MISSING"})),
        }
    }
    Ok(json!({"serviceRevisions": rows, "failures": failures}))
}

fn document(region: &Region, service: &Service, revision: &ServiceRevision) -> Value {
    let mut document = Value::Object((*revision.members).clone());
    let definition = revision.members.get("taskDefinition").and_then(Value::as_str).unwrap_or("");
    let found = Family::find(&region.families, definition);
    let containers = found.map(|found| found.containers()).unwrap_or_default().iter();
    let images = containers.map(|container| {
        let image = container["image"].as_str().unwrap_or("");
        json!({"containerName": container["name"], "image": image, "imageDigest": image_digest(image)})
    });
    document["containerImages"] = images.collect();
    document["serviceRevisionArn"] = json!(service.service_revision_arn(&revision.id));
    document["serviceArn"] = json!(service.arn);
    document["clusterArn"] = json!(service.cluster_arn);
    document["guardDutyEnabled"] = json!(false);
    document["createdAt"] = epoch(revision.created);
    if let Some(version) = document.get("platformVersion").and_then(Value::as_str) {
        document["platformVersion"] = json!(if version == "LATEST" { "1.4.0" } else { version });
        document["platformFamily"] = json!("Linux");
    }
    let balancers = revision.members.get("loadBalancers").and_then(Value::as_array).into_iter().flatten();
    let resolved = balancers.zip(&revision.target_groups).map(|(balancer, group)| {
        let mut row = json!({"targetGroupArn": group});
        if let Some(rule) = balancer["advancedConfiguration"]["productionListenerRule"].as_str() {
            row["productionListenerRule"] = json!(rule);
        }
        row
    });
    let resolved: Vec<Value> = resolved.collect();
    document["resolvedConfiguration"] = json!({"loadBalancers": resolved});
    document
}
