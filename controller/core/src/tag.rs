//! The tags that mark AWS resources as ours. What must survive a lost store stands in them.

/// Tag that says which installation manages a resource.
pub const TAG_INSTALLATION: &str = "evenkeel.dev/installation";
/// Tag that says which object manages a resource, as `namespace/name`.
pub const TAG_OBJECT: &str = "evenkeel.dev/object";
/// Tag of a task definition revision: hash of its content.
pub const TAG_CONTENT: &str = "evenkeel.dev/content-hash";
/// Tag of a service: hash of the content whose rollout failed.
pub const TAG_FAILED: &str = "evenkeel.dev/failed-hash";
