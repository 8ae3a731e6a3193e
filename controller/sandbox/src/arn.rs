//! Amazon resource names, made and read.

/// The part behind `arn:partition:service:region:account:`, such as `cluster/prod`.
pub(crate) fn resource(arn: &str) -> Option<&str> {
    arn.strip_prefix("arn:")?.splitn(5, ':').nth(4)
}

/// A cluster's name from its name or ARN; `default` when absent.
pub(crate) fn cluster_name(reference: Option<&str>) -> &str {
    let reference = reference.filter(|text| !text.is_empty()).unwrap_or("default");
    resource(reference).and_then(|resource| resource.strip_prefix("cluster/")).unwrap_or(reference)
}

/// Key (`cluster/service`) of a service given by name or ARN. A long ARN names its own cluster, a short one does not.
pub(crate) fn service_key(cluster: &str, reference: &str) -> String {
    match resource(reference).and_then(|resource| resource.strip_prefix("service/")) {
        Some(path) if path.contains('/') => path.to_owned(),
        Some(name) => format!("{cluster}/{name}"),
        None => format!("{cluster}/{reference}"),
    }
}

/// Family and revision from an ARN, `family:revision` or `family`.
pub(crate) fn task_definition(reference: &str) -> Option<(&str, Option<usize>)> {
    let path = match resource(reference) {
        Some(resource) => resource.strip_prefix("task-definition/")?,
        None => reference,
    };
    match path.split_once(':') {
        None => Some((path, None)),
        Some((family, revision)) => Some((family, Some(revision.parse().ok().filter(|number| *number > 0)?))),
    }
}
