//! How a script is written: one command a line, comments, and blocks of text.

use std::time::Duration;

use evenkeel_core::object::{Kind, ObjectKey};
use evenkeel_core::operation::{Access, Operation};
use evenkeel_sandbox::{Rule, When};
use serde_json::Value;

use crate::strike;

/// A line that does or says something.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Line {
    /// From 1.
    pub(super) number: usize,
    /// The command; `#` for a comment.
    pub(super) verb: String,
    /// What follows it, without space at both ends.
    pub(super) rest: String,
    /// The lines up to `end`, for commands that take a text.
    pub(super) block: String,
}

impl Line {
    /// Reads a script. Errors begin with the line number.
    pub(super) fn read(text: &str) -> Result<Vec<Self>, String> {
        let mut lines = Vec::new();
        let mut rows = text.lines().enumerate();
        while let Some((index, row)) = rows.next() {
            let row = row.trim();
            if row.is_empty() {
                continue;
            }
            let (verb, rest) = match row.strip_prefix('#') {
                Some(comment) => ("#", comment),
                None => row.split_once(' ').unwrap_or((row, "")),
            };
            let mut block = String::new();
            if verb == "write" {
                loop {
                    match rows.next() {
                        Some((_, "end")) => break,
                        Some((_, row)) => block += &format!("{row}\n"),
                        None => return Err(format!("{}: {verb} has no end", index + 1)),
                    }
                }
            }
            let (verb, rest) = (verb.to_owned(), rest.trim().to_owned());
            lines.push(Self { number: index + 1, verb, rest, block });
        }
        Ok(lines)
    }

    /// The line as it stands in the output.
    pub(super) fn echo(&self) -> String {
        match self.verb.as_str() {
            "#" => format!("\n# {}\n", self.rest),
            verb if self.rest.is_empty() => format!("> {verb}\n"),
            verb => format!("> {verb} {}\n", self.rest),
        }
    }

    pub(super) fn words(&self) -> Vec<&str> {
        self.rest.split_whitespace().collect()
    }
}

/// `90s`, `2m`, `1h`, `500ms`.
pub(super) fn duration(text: &str) -> Result<Duration, String> {
    let digits = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let wrong = || format!("{text:?} is no duration: write 500ms, 90s, 2m, 1h or 3d");
    let number: u64 = text[..digits].parse().map_err(|_| wrong())?;
    let milliseconds = match &text[digits..] {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        _ => return Err(wrong()),
    };
    Ok(Duration::from_millis(number * milliseconds))
}

/// `Kind/name` or `Kind/namespace/name`.
pub(super) fn key(text: &str) -> Result<ObjectKey, String> {
    let parts: Vec<&str> = text.split('/').collect();
    let kind = Kind::from_name(parts[0]).ok_or_else(|| format!("{:?} is no kind", parts[0]))?;
    match parts[1..] {
        [name] if !kind.namespaced() => Ok(ObjectKey::new(kind, "", name)),
        [namespace, name] if kind.namespaced() => Ok(ObjectKey::new(kind, namespace, name)),
        _ => Err(format!("{text:?} names no object: write Kind/namespace/name, or Cluster/name")),
    }
}

/// `cluster/service`.
pub(super) fn service(text: &str) -> Result<(&str, &str), String> {
    text.split_once('/').ok_or_else(|| format!("{text:?} names no service: write cluster/service"))
}

pub(super) fn operation(text: &str) -> Result<Operation, String> {
    Operation::ALL.iter().copied().find(|op| op.name() == text).ok_or_else(|| format!("{text:?} is no operation"))
}

/// `<what> <when> <operations, reads or writes>…`.
pub(super) fn fault(words: &[&str]) -> Result<Rule, String> {
    let [what, when, about @ ..] = words else { return Err("write: fault WHAT WHEN OPERATIONS…".into()) };
    let fault = strike::fault(what).ok_or_else(|| format!("{what:?} is no fault"))?;
    let number = |text: &str| text.parse::<u64>().map_err(|error| format!("{text}: {error}"));
    let when = match when.split_once(':') {
        None if *when == "always" => When::Always,
        Some(("nth", n)) => When::Nth(number(n)?),
        Some(("first", n)) => When::First(number(n)?),
        Some(("p", p)) => When::Probability(p.parse().map_err(|error| format!("{p}: {error}"))?),
        _ => return Err(format!("{when:?}: write always, nth:N, first:N or p:0.1")),
    };
    let mut operations = Vec::new();
    for word in about {
        let access = match *word {
            "reads" => Access::Read,
            "writes" => Access::Write,
            name => {
                operations.push(operation(name)?);
                continue;
            }
        };
        operations.extend(Operation::ALL.iter().filter(|operation| operation.access() == access));
    }
    Ok(Rule { operations, when, fault })
}

/// A JSON value and the words after it.
pub(super) fn json_and_words(text: &str) -> Result<(Value, Vec<&str>), String> {
    let mut values = serde_json::Deserializer::from_str(text).into_iter::<Value>();
    let value = values.next().ok_or("a JSON document is missing")?.map_err(|error| error.to_string())?;
    let after = values.byte_offset();
    Ok((value, text[after..].split_whitespace().collect()))
}
