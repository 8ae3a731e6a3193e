//! Access reviews: what the client may do, and who it is. Clients such as k9s ask before every view.
//!
//! Who may operate may do what the table of resources says; who may read, the part of it that only reads.

use serde_json::{Value, json};

use crate::access::{Client, Role};
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
    pub(crate) fn answer(self, request: Value, client: &Client) -> Result<Value, Failure> {
        let mut answer = crate::change::object(request)?;
        let (kind, group) = match self {
            Self::Access => ("SelfSubjectAccessReview", "authorization.k8s.io/v1"),
            Self::Rules => ("SelfSubjectRulesReview", "authorization.k8s.io/v1"),
            Self::Who => ("SelfSubjectReview", "authentication.k8s.io/v1"),
        };
        let status = match self {
            Self::Access => access(&answer["spec"], client),
            Self::Rules => json!({
                "resourceRules": RESOURCES.iter().map(|resource| rule(resource, client)).collect::<Vec<_>>(),
                "nonResourceRules": [{"verbs": ["get"], "nonResourceURLs": ["*"]}],
                "incomplete": false,
            }),
            Self::Who => {
                let group = match *client == Client::anonymous() {
                    true => "system:unauthenticated".to_owned(),
                    false => format!("evenkeel:{}", client.role),
                };
                json!({"userInfo": {"username": client.name, "groups": [group]}})
            }
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

/// The verbs of a resource that a client may use.
fn verbs(resource: &Resource, client: &Client) -> Vec<&'static str> {
    let may = |verb: &&'static str| client.role == Role::Operate || ["get", "list", "watch"].contains(verb);
    resource.verbs.iter().copied().filter(may).collect()
}

fn rule(resource: &Resource, client: &Client) -> Value {
    json!({"verbs": verbs(resource, client), "apiGroups": [resource.group], "resources": [resource.plural]})
}

fn access(spec: &Value, client: &Client) -> Value {
    let wanted = &spec["resourceAttributes"];
    let text = |member: &str| wanted[member].as_str().unwrap_or_default();
    let fits = |asked: &str, own: &str| asked == own || asked == "*";
    let allows = |resource: &Resource| {
        fits(text("group"), resource.group)
            && fits(text("resource"), resource.plural)
            && match text("subresource") {
                "" => {
                    text("verb") == "*" && client.role == Role::Operate
                        || verbs(resource, client).contains(&text("verb"))
                }
                below => text("verb") == "get" && resource.subresources().iter().any(|(name, _)| *name == below),
            }
    };
    let allowed = match wanted.is_object() {
        true => RESOURCES.iter().any(allows),
        false => spec["nonResourceAttributes"]["verb"] == "get",
    };
    match allowed {
        true => json!({"allowed": true}),
        false => json!({"allowed": false, "reason": "this API does not serve that, or not to you"}),
    }
}
