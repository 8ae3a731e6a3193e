//! Label and field selectors, in kube's notation.

use evenkeel_core::object::ObjectKey;
use evenkeel_store::{Encoded, StoreError};
use serde_json::Value;

use crate::failure::Failure;
use crate::pick::Pick;
use crate::resource::Resource;
use crate::shelf;

/// Which objects a request is about.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Selector {
    requirements: Vec<Requirement>,
    /// What must be read of an object to tell.
    pick: Pick,
}

#[derive(Clone, Debug, PartialEq)]
struct Requirement {
    subject: Subject,
    test: Test,
}

#[derive(Clone, Debug, PartialEq)]
enum Subject {
    /// A label, by its key.
    Label(String),
    /// A field, by its dotted path. An absent one is the empty text, as kube has it.
    Field(String),
}

#[derive(Clone, Debug, PartialEq)]
enum Test {
    In(Vec<String>),
    NotIn(Vec<String>),
    Present,
    Absent,
}

impl Selector {
    /// Reads a label selector and a field selector; empty ones select everything.
    pub(crate) fn parse(resource: &Resource, labels: &str, fields: &str) -> Result<Self, Failure> {
        let labels = split(labels).into_iter().map(|text| label(text.trim()));
        let fields = split(fields).into_iter().map(|text| field(text.trim(), resource));
        let requirements: Vec<Requirement> = labels.chain(fields).collect::<Result<_, _>>()?;
        let mut pick = Pick::default();
        for requirement in &requirements {
            match &requirement.subject {
                Subject::Label(_) => pick.add(["metadata", "labels"]),
                Subject::Field(path) => pick.add(path.split('.')),
            }
        }
        Ok(Self { requirements, pick })
    }

    /// Whether everything is meant.
    pub(crate) fn is_everything(&self) -> bool {
        self.requirements.is_empty()
    }

    /// Whether an object is meant, or not, for as long as it lives: only its name and namespace are asked about.
    pub(crate) fn is_fixed(&self) -> bool {
        self.requirements.iter().all(|it| matches!(&it.subject, Subject::Field(path) if path.starts_with("metadata.")))
    }

    /// Whether an object is meant. It is read only where its key does not tell, and then as little as tells.
    pub(crate) fn selects(&self, resource: &Resource, object: &Encoded) -> Result<bool, StoreError> {
        if !self.requirements.iter().all(|it| it.may_hold(object.key())) {
            return Ok(false);
        }
        Ok(self.is_fixed() || self.matches(&shelf::part(resource, object, &self.pick)?))
    }

    /// Whether a document is meant.
    fn matches(&self, document: &Value) -> bool {
        self.requirements.iter().all(|requirement| requirement.holds(document))
    }
}

impl Requirement {
    /// Whether nothing in the key speaks against it.
    fn may_hold(&self, key: &ObjectKey) -> bool {
        match &self.subject {
            Subject::Field(path) if path == "metadata.name" => self.test.passes(Some(&key.name)),
            Subject::Field(path) if path == "metadata.namespace" => self.test.passes(Some(&key.namespace)),
            _ => true,
        }
    }

    fn holds(&self, document: &Value) -> bool {
        self.test.passes(match &self.subject {
            Subject::Label(key) => document["metadata"]["labels"].get(key).and_then(Value::as_str),
            Subject::Field(path) => {
                Some(path.split('.').fold(document, |at, member| &at[member]).as_str().unwrap_or(""))
            }
        })
    }
}

impl Test {
    fn passes(&self, value: Option<&str>) -> bool {
        match (self, value) {
            (Test::In(values), Some(value)) => values.iter().any(|wanted| wanted == value),
            (Test::NotIn(values), Some(value)) => values.iter().all(|unwanted| unwanted != value),
            (Test::Present, value) => value.is_some(),
            (Test::Absent, value) => value.is_none(),
            (Test::In(_), None) => false,
            (Test::NotIn(_), None) => true,
        }
    }
}

/// The requirements of a selector: separated by commas, but not by those in parentheses or behind a backslash.
fn split(selector: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let (mut start, mut depth, mut escaped) = (0, 0_u32, false);
    for (at, character) in selector.char_indices() {
        match character {
            _ if escaped => {
                escaped = false;
                continue;
            }
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            ',' if depth == 0 => {
                parts.push(&selector[start..at]);
                start = at + 1;
            }
            _ => {}
        }
        escaped = character == '\\';
    }
    parts.push(&selector[start..]);
    parts.retain(|part| !part.trim().is_empty());
    parts
}

/// `a=b`, `a==b` or `a!=b`, as the two sides and whether they are to be equal.
fn equality(text: &str) -> Option<(&str, &str, bool)> {
    let at = text.find('=')?;
    let (key, value) = (&text[..at], &text[at + 1..]);
    match key.strip_suffix('!') {
        Some(key) => Some((key.trim(), value.trim(), false)),
        None => Some((key.trim(), value.strip_prefix('=').unwrap_or(value).trim(), true)),
    }
}

fn test(values: Vec<String>, equal: bool) -> Test {
    if equal { Test::In(values) } else { Test::NotIn(values) }
}

fn label(text: &str) -> Result<Requirement, Failure> {
    let (key, test) = if let Some((key, rest)) = text.split_once(char::is_whitespace).filter(|(_, it)| it.contains('('))
    {
        let (operator, values) = rest.split_once('(').unwrap_or((rest, ""));
        let values = values.trim_end().strip_suffix(')').unwrap_or("").split(',').map(|value| value.trim().to_owned());
        match operator.trim() {
            "in" => (key, Test::In(values.collect())),
            "notin" => (key, Test::NotIn(values.collect())),
            _ => ("", Test::Present),
        }
    } else if let Some((key, value, equal)) = equality(text) {
        (key, test(vec![value.to_owned()], equal))
    } else if let Some(key) = text.strip_prefix('!') {
        (key.trim(), Test::Absent)
    } else {
        (text, Test::Present)
    };
    let fits = |c: char| c.is_ascii_alphanumeric() || "-_./".contains(c);
    if key.is_empty() || !key.chars().all(fits) {
        let message = format!(
            "label selector {text:?} cannot be read: write key=value, key!=value, key in (a,b), key notin (a,b), key or !key"
        );
        return Err(Failure::bad_request(message));
    }
    Ok(Requirement { subject: Subject::Label(key.to_owned()), test })
}

fn field(text: &str, resource: &Resource) -> Result<Requirement, Failure> {
    let Some((path, value, equal)) = equality(text) else {
        let message = format!("field selector {text:?} cannot be read: write path=value or path!=value");
        return Err(Failure::bad_request(message));
    };
    if !supported(resource).contains(&path) {
        // kube's own words; then what helps.
        let message = format!("field label not supported: {path}; supported: {}", supported(resource).join(", "));
        return Err(Failure::bad_request(message));
    }
    // A backslash stands before a comma, an equals sign or a backslash that is meant as such.
    let mut literal = String::new();
    let mut characters = value.chars();
    while let Some(character) = characters.next() {
        literal.extend(if character == '\\' { characters.next() } else { Some(character) });
    }
    Ok(Requirement { subject: Subject::Field(path.to_owned()), test: test(vec![literal], equal) })
}

fn supported(resource: &Resource) -> Vec<&'static str> {
    let namespace = resource.namespaced.then_some("metadata.namespace");
    std::iter::once("metadata.name").chain(namespace).chain(resource.selectable.iter().copied()).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::resource::RESOURCES;
    use serde_json::json;

    fn selects(labels: &str, fields: &str) -> Result<bool, Failure> {
        let resource = RESOURCES.iter().find(|resource| resource.kind == "Service").unwrap();
        let document = json!({
            "metadata": {"name": "web", "namespace": "shop", "labels": {"tier": "front", "evenkeel.dev/team": "a"}},
            "status": {"sync": "OutOfSync"},
        });
        Ok(Selector::parse(resource, labels, fields)?.matches(&document))
    }

    #[test]
    fn label_selectors_mean_what_they_mean_in_kube() {
        for (selector, expected) in [
            ("", true),
            ("tier=front", true),
            ("tier==front", true),
            ("tier = front", true),
            ("tier!=front", false),
            ("tier=back", false),
            ("absent!=x", true),
            ("absent=x", false),
            ("tier in (back, front)", true),
            ("tier in (back)", false),
            ("tier notin (back)", true),
            ("absent notin (back)", true),
            ("tier", true),
            ("!tier", false),
            ("!absent", true),
            ("evenkeel.dev/team=a", true),
            ("tier in (front,back),evenkeel.dev/team=a,!absent", true),
            ("tier in (front,back),evenkeel.dev/team=b", false),
        ] {
            assert_eq!(selects(selector, ""), Ok(expected), "{selector}");
        }
    }

    #[test]
    fn field_selectors_know_names_and_the_fields_that_people_filter_by() {
        for (selector, expected) in [
            ("metadata.name=web", true),
            ("metadata.name!=web", false),
            ("metadata.namespace=shop,metadata.name=web", true),
            ("status.sync=OutOfSync", true),
            ("status.sync!=Synced", true),
            ("status.health=", true),
            ("metadata.name=we\\,b", false),
        ] {
            assert_eq!(selects("", selector), Ok(expected), "{selector}");
        }
    }

    #[test]
    fn selectors_that_cannot_be_read_are_refused_with_what_to_write() {
        for (labels, fields) in [("a b", ""), ("=x", ""), ("a near (b)", ""), ("", "metadata.name"), ("", "spec.x=1")] {
            let failure = selects(labels, fields).unwrap_err().status();
            assert_eq!(failure["code"], 400, "{labels}{fields}");
        }
        let message = selects("", "spec.x=1").unwrap_err().status()["message"].as_str().unwrap().to_owned();
        assert!(message.contains("status.sync"), "{message}");
    }
}
