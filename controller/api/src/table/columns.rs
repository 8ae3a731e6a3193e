//! The columns of each resource.

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::age::age;

/// What stands in a cell that has no value.
const NONE: &str = "<none>";

/// Hexadecimal digits of a commit or hash that are enough for people to tell them apart; git's own default.
const ABBREVIATED: usize = 7;

/// One column.
#[derive(Debug)]
pub(crate) struct Column {
    name: &'static str,
    description: &'static str,
    /// Only in wide output.
    wide: bool,
    content: Content,
}

#[derive(Debug)]
enum Content {
    /// The object's name; kubectl puts the kind before it where it prints several kinds.
    Name,
    /// The value at a JSON pointer, as text.
    Text(&'static str),
    /// The number at a JSON pointer.
    Number(&'static str),
    /// How many elements the list at a JSON pointer has.
    Count(&'static str),
    /// The time since that at the first of these JSON pointers that has one.
    Age(&'static [&'static str]),
    /// A text made from the document.
    Made(fn(&Value) -> Option<String>),
}

impl Column {
    const fn new(name: &'static str, content: Content, description: &'static str) -> Self {
        Self { name, description, wide: false, content }
    }

    const fn wide(name: &'static str, content: Content, description: &'static str) -> Self {
        Self { name, description, wide: true, content }
    }

    /// The column as Tables define it.
    pub(crate) fn definition(&self) -> Value {
        let (kind, format) = match self.content {
            Content::Name => ("string", "name"),
            Content::Number(_) | Content::Count(_) => ("integer", ""),
            _ => ("string", ""),
        };
        json!({
            "name": self.name,
            "type": kind,
            "format": format,
            "description": self.description,
            "priority": i32::from(self.wide),
        })
    }

    /// The cell of a document.
    pub(crate) fn cell(&self, document: &Value, now: Timestamp) -> Value {
        let text = |text: Option<String>| Value::from(text.filter(|it| !it.is_empty()).unwrap_or_else(|| NONE.into()));
        match &self.content {
            Content::Name => document["metadata"]["name"].clone(),
            Content::Text(pointer) => text(string(document, pointer)),
            Content::Number(pointer) => {
                document.pointer(pointer).filter(|it| it.is_number()).cloned().unwrap_or_else(|| NONE.into())
            }
            // Without a status nothing is known, not even that nothing differs.
            Content::Count(_) if document["status"].is_null() => NONE.into(),
            Content::Count(pointer) => document.pointer(pointer).and_then(Value::as_array).map_or(0, Vec::len).into(),
            Content::Age(pointers) => {
                let since = pointers.iter().find_map(|it| document.pointer(it)?.as_str()?.parse().ok());
                text(since.map(|since| age(since, now)))
            }
            Content::Made(make) => text(make(document)),
        }
    }
}

use Content::{Age, Count, Made, Name, Number, Text};

const NAME: Column = Column::new("Name", Name, "Name of the object; AWS's own name may be another.");
const SYNC: Column = Column::new("Sync", Text("/status/sync"), "Whether AWS is as declared.");
const HEALTH: Column = Column::new("Health", Text("/status/health"), "How what runs is doing.");
const COMMIT: Column = Column::new("Commit", Made(commit), "The commit that AWS was last seen to be in line with.");
const DRIFT: Column = Column::new("Drift", Count("/status/drift"), "How many declared fields differ.");
const AGE: Column = Column::new("Age", Age(&["/metadata/creationTimestamp"]), "Since the object was first stored.");
const REASON: Column = Column::wide("Reason", Made(reason), "Why the object is ready, or why it is not.");

/// Columns of Services.
pub(crate) const SERVICE: &[Column] = &[
    NAME,
    SYNC,
    HEALTH,
    Column::new("Desired", Number("/status/desiredCount"), "Tasks that are to run."),
    Column::new("Running", Number("/status/runningCount"), "Tasks that run."),
    Column::new("Range", Made(range), "Lower and upper bound that autoscaling keeps to."),
    Column::new("Revision", Made(revision), "Task definition revision that runs."),
    COMMIT,
    DRIFT,
    AGE,
    Column::wide("Rollout", Text("/status/rollout/state"), "State of the last rollout."),
    REASON,
    Column::wide("ARN", Text("/status/serviceArn"), "AWS's name of the service."),
];

/// Columns of TaskDefinitions.
pub(crate) const TASK_DEFINITION: &[Column] = &[
    NAME,
    SYNC,
    Column::new("Family", Made(family), "Task definition family."),
    Column::new("Revision", Made(revision), "The revision that has the declared content."),
    COMMIT,
    DRIFT,
    AGE,
    REASON,
    Column::wide("Content", Made(content), "Hash of the declared content."),
    Column::wide("ARN", Text("/status/taskDefinitionArn"), "AWS's name of the revision."),
];

/// Columns of Clusters.
pub(crate) const CLUSTER: &[Column] = &[
    NAME,
    SYNC,
    HEALTH,
    Column::new("Account", Made(|it| either(it, "/status/accountId", "/spec/accountId")), "AWS account."),
    Column::new("Region", Made(|it| either(it, "/status/region", "/spec/region")), "AWS region."),
    COMMIT,
    DRIFT,
    AGE,
    REASON,
    Column::wide("ARN", Text("/status/clusterArn"), "AWS's name of the cluster."),
];

/// Columns of the Installation.
pub(crate) const INSTALLATION: &[Column] = &[
    NAME,
    Column::new("Installation", Text("/status/installation"), "What marks what is managed, as --installation says."),
    Column::new("Suspended", Made(suspended), "Until when all of it is suspended."),
    AGE,
    REASON,
];

/// Columns of Namespaces.
pub(crate) const NAMESPACE: &[Column] =
    &[NAME, Column::new("Status", Text("/status/phase"), "Active, or Terminating while its Cluster is deleted."), AGE];

/// Columns of Events, in either of the two forms that they are served in.
pub(crate) const EVENT: &[Column] = &[
    Column::new(
        "Last Seen",
        Age(&[
            "/lastTimestamp",
            "/deprecatedLastTimestamp",
            "/firstTimestamp",
            "/deprecatedFirstTimestamp",
            "/metadata/creationTimestamp",
        ]),
        "Since it last happened.",
    ),
    Column::new("Type", Text("/type"), "Normal or Warning."),
    Column::new("Reason", Text("/reason"), "What happened, in a word."),
    Column::new("Object", Made(involved), "The object that it happened to."),
    Column::new("Message", Made(|it| either(it, "/message", "/note")), "What happened."),
    Column::wide("Source", Made(|it| either(it, "/reportingComponent", "/reportingController")), "Who says so."),
    Column::wide(
        "First Seen",
        Age(&["/firstTimestamp", "/deprecatedFirstTimestamp", "/metadata/creationTimestamp"]),
        "Since it first happened.",
    ),
    Column::wide("Count", Made(|it| either(it, "/count", "/deprecatedCount")), "How often it happened."),
    Column { wide: true, ..NAME },
];

fn string(document: &Value, pointer: &str) -> Option<String> {
    match document.pointer(pointer)? {
        Value::String(text) => Some(text.clone()),
        Value::Null => None,
        other => Some(other.to_string()),
    }
}

fn either(document: &Value, pointer: &str, otherwise: &str) -> Option<String> {
    string(document, pointer).or_else(|| string(document, otherwise))
}

/// `2-4`; kube's ranges of ports look the same.
fn range(document: &Value) -> Option<String> {
    let range = &document["status"]["range"];
    Some(format!("{}-{}", range["min"].as_i64()?, range["max"].as_i64()?))
}

/// `family:revision` out of a task definition's ARN.
fn revision(document: &Value) -> Option<String> {
    let arn = either(document, "/status/taskDefinitionArn", "/status/taskDefinition")?;
    Some(arn.rsplit('/').next().unwrap_or(&arn).to_owned())
}

fn family(document: &Value) -> Option<String> {
    either(document, "/status/family", "/spec/taskDefinition/family")
}

fn commit(document: &Value) -> Option<String> {
    string(document, "/status/lastAppliedRevision").map(|revision| abbreviated(&revision))
}

fn content(document: &Value) -> Option<String> {
    string(document, "/status/contentHash").map(|hash| abbreviated(&hash))
}

/// The first digits of what follows the name of the hash.
fn abbreviated(hash: &str) -> String {
    hash.rsplit(':').next().unwrap_or(hash).chars().take(ABBREVIATED).collect()
}

fn reason(document: &Value) -> Option<String> {
    let conditions = document["status"]["conditions"].as_array()?;
    let ready = conditions.iter().find(|condition| condition["type"] == "Ready")?;
    ready["reason"].as_str().map(str::to_owned)
}

fn suspended(document: &Value) -> Option<String> {
    let suspended = document.pointer("/status/suspended")?;
    Some(suspended["until"].as_str().map_or_else(|| "yes".to_owned(), |until| format!("until {until}")))
}

fn involved(event: &Value) -> Option<String> {
    let involved = event.get("involvedObject").unwrap_or(&event["regarding"]);
    Some(format!("{}/{}", involved["kind"].as_str()?.to_lowercase(), involved["name"].as_str()?))
}
