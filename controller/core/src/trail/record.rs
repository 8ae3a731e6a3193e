//! The forms that records come in: CloudTrail's log files, EventBridge's events, and records alone.

use jiff::Timestamp;
use serde_json::Value;

use super::{Notice, Subject, Touched};
use crate::catalogue::pointer::join;

/// The notices in a document: a CloudTrail log file (`Records`), an EventBridge event (`detail-type`, `detail`), or one
/// CloudTrail record. What is of no interest gives none: reads, calls that failed, other services, unknown forms.
pub fn notices(document: &Value) -> Vec<Notice> {
    if let Some(records) = document["Records"].as_array() {
        return records.iter().filter_map(call).collect();
    }
    match document["detail-type"].as_str() {
        Some("AWS API Call via CloudTrail") => call(&document["detail"]).into_iter().collect(),
        Some("ECS Service Action" | "ECS Deployment State Change") => happened(document).into_iter().collect(),
        Some(_) => Vec::new(),
        None => call(document).into_iter().collect(),
    }
}

/// An event of ECS' own: nobody did it, but something changed.
fn happened(event: &Value) -> Option<Notice> {
    Some(Notice {
        at: event["time"].as_str()?.parse().ok()?,
        account: text(event, "account")?,
        region: text(event, "region")?,
        subject: by_arn(event["resources"][0].as_str()?)?,
        author: None,
        touched: Vec::new(),
    })
}

/// A CloudTrail record of a call that changed something (CloudTrail record contents).
fn call(record: &Value) -> Option<Notice> {
    if record["errorCode"].is_string() || record["readOnly"] == true {
        return None;
    }
    let input = &record["requestParameters"];
    let operation = record["eventName"].as_str()?;
    let (subject, touched) = match record["eventSource"].as_str()? {
        "ecs.amazonaws.com" => ecs(operation, input, &record["responseElements"])?,
        // CloudTrail names it after its older sibling and tells them apart elsewhere.
        "autoscaling.amazonaws.com" | "application-autoscaling.amazonaws.com" => scaling(operation, input)?,
        _ => return None,
    };
    let at: Timestamp = record["eventTime"].as_str()?.parse().ok()?;
    let account = text(record, "recipientAccountId").or_else(|| text(&record["userIdentity"], "accountId"))?;
    let author = author(&record["userIdentity"]);
    Some(Notice { at, account, region: text(record, "awsRegion")?, subject, author, touched })
}

/// Who made a call; nobody where Application Auto Scaling did, which moves counts within the bounds that are declared, or
/// CodeDeploy, which does what a deployment says, ours included.
fn author(identity: &Value) -> Option<String> {
    let invoked = text(identity, "invokedBy");
    let arn = text(identity, "arn").or_else(|| invoked.clone()).or_else(|| text(identity, "principalId"))?;
    let by = invoked.unwrap_or_default();
    let own = arn.contains("AWSServiceRoleForApplicationAutoScaling")
        || by.contains("application-autoscaling.")
        || by.starts_with("codedeploy.");
    (!own).then_some(arn)
}

fn ecs(operation: &str, input: &Value, output: &Value) -> Option<(Subject, Vec<Touched>)> {
    let touched = match operation {
        "CreateService" | "UpdateService" => {
            members(input, "/service", &["cluster", "service", "serviceName", "taskDefinition", "clientToken"])
                .chain(member(input, "taskDefinition", "/taskDefinition"))
                .collect()
        }
        "DeleteService" => vec![whole("/service")],
        "UpdateServicePrimaryTaskSet" | "CreateTaskSet" | "DeleteTaskSet" | "UpdateTaskSet" => {
            vec![whole("/taskDefinition")]
        }
        "CreateCluster" | "UpdateCluster" | "PutClusterCapacityProviders" | "UpdateClusterSettings" => {
            members(input, "/cluster", &["cluster", "clusterName"]).collect()
        }
        "DeleteCluster" => vec![whole("/cluster")],
        "RegisterTaskDefinition" | "DeregisterTaskDefinition" | "DeleteTaskDefinitions" => {
            vec![whole("/taskDefinition")]
        }
        "TagResource" => {
            list(input, "tags").filter_map(|tag| Some(at(join("/tags", tag["key"].as_str()?), &tag["value"]))).collect()
        }
        "UntagResource" => {
            list(input, "tagKeys").filter_map(|key| Some(whole(&join("/tags", key.as_str()?)))).collect()
        }
        "StopServiceDeployment" | "ContinueServiceDeployment" => Vec::new(),
        _ => return None,
    };
    Some((subject(input, output)?, touched))
}

/// What an ECS call was about. ARNs in the answer say it best; in the request cluster and service may be either, and the
/// cluster may be missing (ECS API reference: then it is `default`).
fn subject(input: &Value, output: &Value) -> Option<Subject> {
    let arns = [
        "/service/serviceArn",
        "/taskDefinition/taskDefinitionArn",
        "/cluster/clusterArn",
        "/taskDefinitions/0/taskDefinitionArn",
    ];
    let answered = arns.iter().find_map(|arn| output.pointer(arn)?.as_str());
    if let Some(found) = answered.or(input["resourceArn"].as_str()).and_then(by_arn) {
        return Some(found);
    }
    if let Some(deployment) = text(input, "serviceDeploymentArn") {
        return by_arn(&deployment);
    }
    let name = |member: &str| text(input, member).map(|name| name.rsplit('/').next().unwrap_or_default().to_owned());
    let cluster = name("cluster").unwrap_or_else(|| "default".into());
    if let Some(service) = name("service").or_else(|| name("serviceName")) {
        return Some(Subject::Service { cluster, service });
    }
    if let Some(definition) = name("taskDefinition") {
        return Some(Subject::Family(definition.split(':').next().unwrap_or_default().to_owned()));
    }
    input.get("cluster").map(|_| Subject::Cluster(cluster))
}

/// `arn:aws:ecs:REGION:ACCOUNT:service/CLUSTER/NAME` and its like. A service's ARN of the old form names no cluster.
fn by_arn(arn: &str) -> Option<Subject> {
    let mut parts = arn.splitn(6, ':').nth(5)?.split('/');
    let owned = |part: &str| part.to_owned();
    match (parts.next()?, parts.next()?, parts.next()) {
        ("service" | "service-deployment", cluster, Some(service)) => {
            Some(Subject::Service { cluster: owned(cluster), service: owned(service) })
        }
        ("cluster", cluster, None) => Some(Subject::Cluster(owned(cluster))),
        ("task-definition", name, None) => Some(Subject::Family(owned(name.split(':').next()?))),
        _ => None,
    }
}

fn scaling(operation: &str, input: &Value) -> Option<(Subject, Vec<Touched>)> {
    let named = |list: &str, name: &str| Some(whole(&join(list, input[name].as_str()?)));
    let touched = match operation {
        "RegisterScalableTarget" => {
            members(input, "/scaling", &["serviceNamespace", "resourceId", "scalableDimension", "roleARN"]).collect()
        }
        "DeregisterScalableTarget" => vec![whole("/scaling")],
        "PutScalingPolicy" | "DeleteScalingPolicy" => vec![named("/scaling/policies", "policyName")?],
        "PutScheduledAction" | "DeleteScheduledAction" => {
            vec![named("/scaling/scheduledActions", "scheduledActionName")?]
        }
        _ => return None,
    };
    let mut parts = input["resourceId"].as_str()?.split('/');
    match (parts.next()?, parts.next()?, parts.next()?) {
        ("service", cluster, service) => {
            Some((Subject::Service { cluster: cluster.into(), service: service.into() }, touched))
        }
        _ => None,
    }
}

fn whole(path: &str) -> Touched {
    Touched { path: path.to_owned(), value: None }
}

fn at(path: String, value: &Value) -> Touched {
    Touched { path, value: Some(value.clone()) }
}

fn member<'a>(input: &'a Value, name: &str, path: &'a str) -> impl Iterator<Item = Touched> + 'a {
    input.get(name).into_iter().map(|value| at(path.to_owned(), value))
}

/// The members of a request, each a path of its own.
fn members<'a>(input: &'a Value, base: &'a str, not: &'a [&str]) -> impl Iterator<Item = Touched> + 'a {
    let members = input.as_object().into_iter().flatten().filter(|(name, _)| !not.contains(&name.as_str()));
    members.map(move |(name, value)| at(join(base, name), value))
}

fn list<'a>(input: &'a Value, name: &str) -> impl Iterator<Item = &'a Value> {
    input[name].as_array().into_iter().flatten()
}

fn text(value: &Value, member: &str) -> Option<String> {
    value[member].as_str().filter(|text| !text.is_empty()).map(str::to_owned)
}
