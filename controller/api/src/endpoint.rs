//! From a path to what it means.

use crate::resource::{CORE, GROUP_VERSIONS, GroupVersion, Resource};
use crate::review::Review;

/// What a path asks for.
#[derive(Clone, Debug)]
pub(crate) enum Endpoint {
    /// `/version`
    Version,
    /// `/api`: versions of the core group.
    Core,
    /// `/apis`: all other groups.
    Groups,
    /// `/apis/GROUP`
    Group(GroupVersion),
    /// `/api/v1`, `/apis/GROUP/VERSION`: the resources in it.
    Resources(GroupVersion),
    /// `/openapi/v2`
    OpenApiV2,
    /// `/openapi/v3`
    OpenApiIndex,
    /// `/openapi/v3/api/v1`, `/openapi/v3/apis/GROUP/VERSION`
    OpenApi(GroupVersion),
    /// All objects of a resource, in one namespace or in all.
    Collection(&'static Resource, Option<String>),
    /// One object; the namespace is empty for those that are in none.
    Object(&'static Resource, String, String),
    /// An object's status.
    Status(&'static Resource, String, String),
    /// How many there are to be of what an object stands for.
    Scale(&'static Resource, String, String),
    /// What a client may do, or who it is.
    Review(Review),
}

impl Endpoint {
    /// What `path` means; `None`: nothing. Names are taken as they stand: those of objects need no percent-encoding.
    pub(crate) fn parse(path: &str) -> Option<Self> {
        let path = path.strip_prefix('/')?;
        let segments: Vec<&str> = path.strip_suffix('/').unwrap_or(path).split('/').collect();
        match segments.as_slice() {
            ["version"] => Some(Self::Version),
            ["api"] => Some(Self::Core),
            ["apis"] => Some(Self::Groups),
            ["apis", group] => GROUP_VERSIONS.into_iter().find(|it| it.group == *group).map(Self::Group),
            ["openapi", "v2"] => Some(Self::OpenApiV2),
            ["openapi", "v3"] => Some(Self::OpenApiIndex),
            ["openapi", "v3", rest @ ..] => match group_version(rest)? {
                (group_version, []) => Some(Self::OpenApi(group_version)),
                _ => None,
            },
            ["apis", group, "v1", plural] if let Some(review) = Review::named(group, plural) => {
                Some(Self::Review(review))
            }
            segments => match group_version(segments)? {
                (group_version, []) => Some(Self::Resources(group_version)),
                (group_version, rest) => Self::below(group_version, rest),
            },
        }
    }

    fn below(group_version: GroupVersion, segments: &[&str]) -> Option<Self> {
        let named = |plural: &str, namespaced: bool| {
            group_version.resources().find(|it| it.plural == plural && (it.namespaced || !namespaced))
        };
        match *segments {
            ["namespaces", namespace, plural] if plural != "status" => {
                Some(Self::Collection(named(plural, true)?, Some(namespace.to_owned())))
            }
            ["namespaces", namespace, plural, name] => {
                Some(Self::Object(named(plural, true)?, namespace.to_owned(), name.to_owned()))
            }
            ["namespaces", namespace, plural, name, "status"] => {
                Some(Self::Status(named(plural, true)?, namespace.to_owned(), name.to_owned()))
            }
            ["namespaces", namespace, plural, name, "scale"] => {
                let resource = named(plural, true).filter(|resource| resource.scales)?;
                Some(Self::Scale(resource, namespace.to_owned(), name.to_owned()))
            }
            [plural] => Some(Self::Collection(named(plural, false)?, None)),
            [plural, name] => {
                let resource = named(plural, false).filter(|resource| !resource.namespaced)?;
                Some(Self::Object(resource, String::new(), name.to_owned()))
            }
            [plural, name, "status"] => {
                let resource = named(plural, false).filter(|resource| !resource.namespaced)?;
                Some(Self::Status(resource, String::new(), name.to_owned()))
            }
            _ => None,
        }
    }
}

/// Takes the group and version off the front.
fn group_version<'a>(segments: &'a [&'a str]) -> Option<(GroupVersion, &'a [&'a str])> {
    match segments {
        ["api", version, rest @ ..] if *version == CORE.version => Some((CORE, rest)),
        ["apis", group, version, rest @ ..] => Some((GroupVersion::named(group, version)?, rest)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn paths_name_collections_and_objects_with_and_without_namespace() {
        let meaning = |path: &str| match Endpoint::parse(path) {
            Some(Endpoint::Collection(resource, namespace)) => {
                format!("{} in {}", resource.plural, namespace.as_deref().unwrap_or("all"))
            }
            Some(Endpoint::Object(resource, namespace, name)) => format!("{} {namespace}/{name}", resource.kind),
            Some(Endpoint::Status(resource, namespace, name)) => {
                format!("status of {} {namespace}/{name}", resource.kind)
            }
            Some(Endpoint::Scale(resource, namespace, name)) => {
                format!("scale of {} {namespace}/{name}", resource.kind)
            }
            Some(Endpoint::Group(group_version)) => format!("group {}", group_version.group),
            Some(Endpoint::Resources(group_version)) => format!("resources of {}", group_version.api_version()),
            Some(Endpoint::OpenApi(group_version)) => format!("schema of {}", group_version.api_version()),
            Some(other) => format!("{other:?}"),
            None => "nothing".to_owned(),
        };
        for (path, expected) in [
            ("/apis/evenkeel.dev/v1alpha1/services", "services in all"),
            ("/apis/evenkeel.dev/v1alpha1/namespaces/shop/services", "services in shop"),
            ("/apis/evenkeel.dev/v1alpha1/namespaces/shop/services/web", "Service shop/web"),
            ("/apis/evenkeel.dev/v1alpha1/namespaces/shop/services/web/status", "status of Service shop/web"),
            ("/apis/evenkeel.dev/v1alpha1/namespaces/shop/services/web/scale", "scale of Service shop/web"),
            ("/apis/evenkeel.dev/v1alpha1/namespaces/shop/taskdefinitions/web/scale", "nothing"),
            ("/apis/evenkeel.dev/v1alpha1/clusters/shop", "Cluster /shop"),
            ("/apis/evenkeel.dev/v1alpha1/clusters/shop/status", "status of Cluster /shop"),
            ("/apis/evenkeel.dev/v1alpha1/namespaces/shop/clusters", "nothing"),
            ("/apis/evenkeel.dev/v1alpha1/services/web", "nothing"),
            ("/apis/evenkeel.dev/v1alpha1", "resources of evenkeel.dev/v1alpha1"),
            ("/apis/evenkeel.dev/v1alpha1/", "resources of evenkeel.dev/v1alpha1"),
            ("/apis/evenkeel.dev", "group evenkeel.dev"),
            ("/apis/events.k8s.io/v1/namespaces/shop/events", "events in shop"),
            ("/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", "Review(Access)"),
            ("/apis/authorization.k8s.io/v1", "nothing"),
            ("/apis/apps/v1", "nothing"),
            ("/api/v1/namespaces", "namespaces in all"),
            ("/api/v1/namespaces/shop", "Namespace /shop"),
            ("/api/v1/namespaces/shop/status", "status of Namespace /shop"),
            ("/api/v1/namespaces/shop/events", "events in shop"),
            ("/api/v1/events", "events in all"),
            ("/openapi/v3", "OpenApiIndex"),
            ("/openapi/v3/api/v1", "schema of v1"),
            ("/openapi/v3/apis/evenkeel.dev/v1alpha1", "schema of evenkeel.dev/v1alpha1"),
            ("/", "nothing"),
            ("/metrics", "nothing"),
        ] {
            assert_eq!(meaning(path), expected, "{path}");
        }
    }
}
