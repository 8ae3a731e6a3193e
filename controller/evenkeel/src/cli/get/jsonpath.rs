//! JSONPath templates: the part of kubectl's that scripts use to take values out of objects.
//!
//! Text outside braces stands for itself. Within braces is a text in double quotes, or a path of `.member`,
//! `['member']`, `[0]`, `[-1]`, `[*]` and `[?(@.member=="value")]`. What a path does not find is nothing.

use std::str::FromStr;

use serde_json::Value;

/// A template.
#[derive(Clone, Debug, PartialEq)]
pub struct Template(Vec<Part>);

#[derive(Clone, Debug, PartialEq)]
enum Part {
    Text(String),
    Path(Vec<Step>),
}

#[derive(Clone, Debug, PartialEq)]
enum Step {
    Member(String),
    Index(i64),
    All,
    Where(Vec<Step>, String),
}

impl FromStr for Template {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('{') {
            parts.extend((!before.is_empty()).then(|| Part::Text(before.to_owned())));
            let (inside, after) = after.split_once('}').ok_or_else(|| format!("{text:?} lacks a closing brace"))?;
            parts.push(part(inside.trim())?);
            rest = after;
        }
        parts.extend((!rest.is_empty()).then(|| Part::Text(rest.to_owned())));
        Ok(Self(parts))
    }
}

fn part(inside: &str) -> Result<Part, String> {
    if let Some(quoted) = inside.strip_prefix('"').and_then(|inside| inside.strip_suffix('"')) {
        return Ok(Part::Text(quoted.replace("\\n", "\n").replace("\\t", "\t")));
    }
    let path = inside.strip_prefix('$').unwrap_or(inside);
    steps(path).map(Part::Path).map_err(|at| {
        format!(
            "{inside:?} cannot be read at {at:?}: write a path as in .status.sync, .items[*].metadata.name or \
             .status.conditions[?(@.type==\"Ready\")].status"
        )
    })
}

/// The steps of a path, or the rest that cannot be read.
fn steps(path: &str) -> Result<Vec<Step>, &str> {
    let mut steps = Vec::new();
    let mut rest = path;
    while !rest.is_empty() {
        let (step, after) = step(rest).ok_or(rest)?;
        steps.extend(step);
        rest = after;
    }
    Ok(steps)
}

fn step(rest: &str) -> Option<(Option<Step>, &str)> {
    if let Some(after) = rest.strip_prefix("[?(@") {
        let (condition, after) = after.split_once(")]")?;
        let (path, value) = condition.split_once("==")?;
        let value = value.trim().trim_matches(['"', '\'']);
        return Some((Some(Step::Where(steps(path.trim()).ok()?, value.to_owned())), after));
    }
    if let Some(after) = rest.strip_prefix('[') {
        let (inside, after) = after.split_once(']')?;
        let step = match inside.strip_prefix('\'').and_then(|inside| inside.strip_suffix('\'')) {
            Some(member) => Step::Member(member.to_owned()),
            None if inside == "*" => Step::All,
            None => Step::Index(inside.parse().ok()?),
        };
        return Some((Some(step), after));
    }
    let after = rest.strip_prefix('.')?;
    // A backslash before a dot makes it part of the member's name, as in labels.
    let mut name = String::new();
    let mut characters = after.char_indices().peekable();
    while let Some((_, character)) = characters.next_if(|(_, character)| !['.', '['].contains(character)) {
        match character {
            '\\' => name.extend(characters.next().map(|(_, escaped)| escaped)),
            _ => name.push(character),
        }
    }
    let end = characters.peek().map_or(after.len(), |(at, _)| *at);
    let step = match name.as_str() {
        // `{.}` is the whole document.
        "" if end == after.len() && rest == "." => None,
        "" if after.starts_with('[') => None,
        "" => return None,
        "*" => Some(Step::All),
        _ => Some(Step::Member(name)),
    };
    Some((step, &after[end..]))
}

impl Template {
    /// What the template makes of a document: values found by one path are separated by spaces.
    pub(in crate::cli) fn render(&self, document: &Value) -> String {
        let render = |part: &Part| match part {
            Part::Text(text) => text.clone(),
            Part::Path(steps) => find(document, steps).into_iter().map(text).collect::<Vec<_>>().join(" "),
        };
        self.0.iter().map(render).collect()
    }
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn find<'a>(document: &'a Value, steps: &[Step]) -> Vec<&'a Value> {
    steps.iter().fold(vec![document], |found, step| found.into_iter().flat_map(|value| follow(value, step)).collect())
}

fn follow<'a>(value: &'a Value, step: &Step) -> Vec<&'a Value> {
    let elements = || value.as_array().into_iter().flatten();
    match step {
        Step::Member(name) => value.get(name).into_iter().collect(),
        Step::Index(index) => {
            let length = value.as_array().map_or(0, Vec::len);
            let index = if *index < 0 {
                usize::try_from(-index).ok().and_then(|back| length.checked_sub(back))
            } else {
                usize::try_from(*index).ok()
            };
            index.and_then(|index| value.get(index)).into_iter().collect()
        }
        Step::All => match value {
            Value::Object(members) => members.values().collect(),
            _ => elements().collect(),
        },
        Step::Where(path, wanted) => {
            elements().filter(|element| find(element, path).into_iter().any(|found| text(found) == *wanted)).collect()
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use serde_json::json;

    #[test]
    fn templates_take_out_what_their_paths_find() {
        let document = json!({
            "metadata": {"labels": {"evenkeel.dev/team": "a"}},
            "status": {"sync": "Synced", "runningCount": 3, "drift": [{"path": "/a"}, {"path": "/b"}],
                "conditions": [{"type": "Ready", "status": "True"}, {"type": "Stalled", "status": "False"}]},
        });
        for (template, expected) in [
            ("{.status.sync}", "Synced"),
            ("{$.status.sync}", "Synced"),
            ("{.status.runningCount}", "3"),
            ("{.status.drift[*].path}", "/a /b"),
            ("{.status.drift[0].path}", "/a"),
            ("{.status.drift[-1].path}", "/b"),
            ("{.status.drift[-3].path}", ""),
            ("{.status.drift[0]}", r#"{"path":"/a"}"#),
            (r#"{.status.conditions[?(@.type=="Ready")].status}"#, "True"),
            ("{.status.conditions[?(@.type=='Stalled')].status}", "False"),
            ("{.metadata.labels['evenkeel.dev/team']}", "a"),
            (r"{.metadata.labels.evenkeel\.dev/team}", "a"),
            (r#"{.status.sync}{"\n"}"#, "Synced\n"),
            ("sync: {.status.sync}, {.status.absent}", "sync: Synced, "),
            ("text", "text"),
        ] {
            assert_eq!(template.parse::<Template>().unwrap().render(&document), expected, "{template}");
        }
        assert_eq!("{.}".parse::<Template>().unwrap().render(&json!([1])), "[1]");
    }

    #[test]
    fn what_is_not_a_template_is_refused_with_examples() {
        for template in ["{.status", "{range .items[*]}", "{.a[b]}", "{..a}", "{status}", r#"{.a[?(@.b>"c")]}"#] {
            template.parse::<Template>().unwrap_err();
        }
    }
}
