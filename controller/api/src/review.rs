//! Access reviews: what the client may do, and who it is. Clients such as k9s ask before every view.
//!
//! There are no users here: who reaches the server may do what the table of resources says.

use serde_json::{Value, json};

use crate::failure::Failure;
use crate::resource::{RESOURCES, Resource};

/// What is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Review {
    /// May I do this?
    Access,
    /// What may I do?
    Rules,
    /// Who am I?
    Who,
}

impl Review {
    /// The review with this path, if there is one.
    pub(crate) fn named(group: &str, plural: &str) -> Option<Self> {
        match (group, plural) {
            ("authorization.k8s.io", "selfsubjectaccessreviews") => Some(Self::Access),
            ("authorization.k8s.io", "selfsubjectrulesreviews") => Some(Self::Rules),
            ("authentication.k8s.io", "selfsubjectreviews") => Some(Self::Who),
            _ => None,
        }
    }

    /// The answer to a request: the request with its status.
    pub(crate) fn answer(self, request: Value) -> Result<Value, Failure> {
        let mut answer = crate::change::object(request)?;
        let (kind, group) = match self {
            Self::Access => ("SelfSubjectAccessReview", "authorization.k8s.io/v1"),
            Self::Rules => ("SelfSubjectRulesReview", "authorization.k8s.io/v1"),
            Self::Who => ("SelfSubjectReview", "authentication.k8s.io/v1"),
        };
        let status = match self {
            Self::Access => access(&answer["spec"]),
            Self::Rules => json!({
                "resourceRules": RESOURCES.iter().map(rule).collect::<Vec<_>>(),
                "nonResourceRules": [{"verbs": ["get"], "nonResourceURLs": ["*"]}],
                "incomplete": false,
            }),
            Self::Who => json!({"userInfo": {"username": "system:anonymous", "groups": ["system:unauthenticated"]}}),
        };
        answer["kind"] = kind.into();
        answer["apiVersion"] = group.into();
        if !answer["metadata"].is_object() {
            answer["metadata"] = json!({});
        }
        answer["status"] = status;
        Ok(answer)
    }
}

fn rule(resource: &Resource) -> Value {
    json!({"verbs": resource.verbs, "apiGroups": [resource.group], "resources": [resource.plural]})
}

fn access(spec: &Value) -> Value {
    let wanted = &spec["resourceAttributes"];
    let text = |member: &str| wanted[member].as_str().unwrap_or_default();
    let fits = |asked: &str, own: &str| asked == own || asked == "*";
    let allows = |resource: &Resource| {
        fits(text("group"), resource.group)
            && fits(text("resource"), resource.plural)
            && ["", "status"].contains(&text("subresource"))
            && (text("subresource").is_empty() || text("verb") == "get")
            && (text("verb") == "*" || resource.verbs.contains(&text("verb")))
    };
    let allowed = match wanted.is_object() {
        true => RESOURCES.iter().any(allows),
        false => spec["nonResourceAttributes"]["verb"] == "get",
    };
    match allowed {
        true => json!({"allowed": true}),
        false => json!({"allowed": false, "reason": "this API does not serve that"}),
    }
}
