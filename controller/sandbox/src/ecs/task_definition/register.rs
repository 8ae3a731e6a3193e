//! RegisterTaskDefinition: neither idempotent nor with a client token; every call makes the next number.

use super::{Family, Revision, Status, check, defaults};
use crate::{
    error::{Answer, ApiError},
    ids::Ids,
    input::{Input, Type, check_types},
    region::Region,
    tags::Tags,
};
use jiff::Timestamp;
use serde_json::{Value, json};

const TYPES: &[(Type, &[&str])] = &[
    (
        Type::String,
        &["family", "taskRoleArn", "executionRoleArn", "networkMode", "cpu", "memory", "pidMode", "ipcMode"],
    ),
    (
        Type::List,
        &[
            "containerDefinitions",
            "volumes",
            "placementConstraints",
            "requiresCompatibilities",
            "tags",
            "inferenceAccelerators",
        ],
    ),
    (Type::Structure, &["proxyConfiguration", "ephemeralStorage", "runtimePlatform"]),
    (Type::Boolean, &["enableFaultInjection"]),
];

/// The largest request that is taken (Amazon ECS service quotas: task definition size 64 KB).
const LARGEST: usize = 65_536;

pub(in crate::ecs) fn register(region: &mut Region, now: Timestamp, input: Input<'_>) -> Answer {
    let size = serde_json::to_string(input.0).map_or(0, |text| text.len());
    if size > LARGEST {
        return Err(ApiError::client(format!("Actual length: '{size}'. Max allowed length is '{LARGEST}' bytes.")));
    }
    check_types(input.0, TYPES)?;
    let family = input.required("family", ApiError::client)?;
    let tag_list = input.list("tags")?;
    if tag_list.is_some_and(Vec::is_empty) {
        return Err(ApiError::client("Tags can not be empty"));
    }
    let tags = Tags::from_list(tag_list)?;

    let mut document = input.0.clone();
    document.retain(|name, value| name != "tags" && !value.is_null() && !region.options.unheeded.contains(name));
    // An empty role is what forms send for none.
    document.retain(|name, value| !(matches!(name.as_str(), "taskRoleArn" | "executionRoleArn") && *value == ""));
    check::check(&document)?;

    let number = region.families.live(family).map_or(0, |family| family.revisions.len()) + 1;
    let arn = region.arn("ecs", &format!("task-definition/{family}:{number}"));
    defaults::fill(&mut document, &mut Ids::labelled(region.options.seed, &arn));
    document.insert("taskDefinitionArn".to_owned(), json!(arn));
    document.insert("revision".to_owned(), json!(number));
    document.insert("registeredBy".to_owned(), Value::from(region.iam_arn("user/sandbox")));

    let revision = Revision {
        document,
        arn,
        tags,
        status: Status::Active,
        registered: now,
        deregistered: None,
        delete_requested: None,
    };
    let mut answer = json!({"taskDefinition": revision.describe()});
    if tag_list.is_some() {
        answer["tags"] = revision.tags.list();
    }
    region.families.write(family, now).get_or_insert_with(Family::default).revisions.push(revision);
    Ok(answer)
}
