//! The comparison rules: small tables of text, one line a path, read once into a tree.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use serde_json::Value;

/// How the elements of a list are told apart and whether their order means anything.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Order {
    /// Order means something.
    #[default]
    Ordered,
    /// Order means nothing, and the whole element is its identity.
    Set,
    /// Order means nothing; elements are told apart by these members (with the value that an absent one stands for).
    Keyed(Vec<(String, Option<String>)>),
}

/// How a scalar is written differently without meaning something else.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Form {
    /// As it stands.
    #[default]
    Exact,
    /// Task CPU: `1 vCPU` is `1024`.
    CpuUnits,
    /// Task memory: `1 GB` is `1024` (MiB).
    MemoryUnits,
    /// Letter case means nothing and the API takes lower case.
    LowerCase,
    /// Letter case means nothing and the API takes upper case.
    UpperCase,
}

/// What is known about one path and what lies below it.
#[derive(Debug, Default)]
pub struct Rule {
    /// The rule's own text, for people who ask why two values are held equal or different. Empty: no special rule.
    pub text: String,
    /// For lists: identity and order of elements.
    pub order: Order,
    /// What an absent value stands for.
    pub default: Option<Value>,
    /// For scalars: equal spellings.
    pub form: Form,
    /// Pairs of words that mean the same (`host=instanceid`).
    pub synonyms: Vec<(String, String)>,
    /// The value may be a secret and is masked wherever it is shown.
    pub secret: bool,
    children: BTreeMap<String, Rule>,
    element: Option<Box<Rule>>,
}

static NO_RULE: OnceLock<Rule> = OnceLock::new();

impl Rule {
    /// The rule of paths that have none: exact, ordered, without default.
    pub fn none() -> &'static Self {
        NO_RULE.get_or_init(Self::default)
    }

    /// The rule of a member of this structure.
    pub fn member(&self, name: &str) -> &Self {
        self.children.get(name).unwrap_or_else(|| Self::none())
    }

    /// The rule of the elements of this list.
    pub fn element(&self) -> &Self {
        self.element.as_deref().unwrap_or_else(|| Self::none())
    }

    /// Name of the rule for people: its text, or what holds without one.
    pub fn describe(&self) -> &str {
        if self.text.is_empty() { "exact" } else { &self.text }
    }

    /// The identity of a list element under a keyed rule: its key members joined by `/`, without absent ones. For
    /// other rules `None`.
    pub fn key_of(&self, element: &Value) -> Option<String> {
        let Order::Keyed(members) = &self.order else { return None };
        let parts: Vec<String> = members
            .iter()
            .filter_map(|(member, default)| match element.get(member) {
                Some(Value::String(text)) => Some(text.clone()),
                Some(Value::Null) | None => default.clone(),
                Some(other) => Some(other.to_string()),
            })
            .collect();
        Some(parts.join("/"))
    }

    /// Reads a table: `path rule…` a line, `#` begins a comment. The tables are part of the program, so a mistake in
    /// one is a bug: unknown words are refused with their line.
    pub(crate) fn parse(table: &str) -> Result<Self, String> {
        let mut root = Self::default();
        for (number, line) in table.lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let (path, words) = line.split_once(' ').unwrap_or((line, ""));
            let rule = root.at(path);
            rule.learn(words.trim()).map_err(|why| format!("line {}: {why}", number + 1))?;
        }
        Ok(root)
    }

    fn at(&mut self, path: &str) -> &mut Self {
        let mut rule = self;
        let mut segments = path.split('.').peekable();
        while let Some(segment) = segments.next() {
            let (name, list) = match segment.strip_suffix("[]") {
                Some(name) => (name, true),
                None => (segment, false),
            };
            rule = rule.children.entry(name.to_owned()).or_default();
            // `x[]` at the end of a path speaks of the list itself, further in of its elements.
            if list && segments.peek().is_some() {
                rule = rule.element.get_or_insert_with(Box::default);
            }
        }
        rule
    }

    fn learn(&mut self, words: &str) -> Result<(), String> {
        self.text = words.to_owned();
        let mut rest = words;
        while !rest.is_empty() {
            let (word, after) = rest.split_once(' ').unwrap_or((rest, ""));
            rest = after.trim_start();
            match word {
                "ordered" => self.order = Order::Ordered,
                "set" => self.order = Order::Set,
                "secret" => self.secret = true,
                "cpu-units" => self.form = Form::CpuUnits,
                "memory-units" => self.form = Form::MemoryUnits,
                "upper-case" => {
                    // Said of a list, it holds for its elements.
                    self.element.get_or_insert_with(Box::default).form = Form::UpperCase;
                }
                "lower-case" => self.form = Form::LowerCase,
                "default" => {
                    self.default = Some(serde_json::from_str(rest).map_err(|err| format!("default: {err}"))?);
                    rest = "";
                }
                "keyed" => {
                    let members = rest.split(' ').map(|member| match member.split_once('=') {
                        Some((name, value)) => (name.to_owned(), Some(value.to_owned())),
                        None => (member.to_owned(), None),
                    });
                    self.order = Order::Keyed(members.collect());
                    rest = "";
                }
                other => match other.split_once('=') {
                    Some((from, to)) => self.synonyms.push((from.to_owned(), to.to_owned())),
                    None => return Err(format!("unknown word {other:?}")),
                },
            }
        }
        Ok(())
    }

    /// Every path that this table has a rule for, in the table's own notation.
    pub fn paths(&self) -> Vec<String> {
        let mut paths = Vec::new();
        self.collect("", &mut paths);
        paths
    }

    fn collect(&self, prefix: &str, paths: &mut Vec<String>) {
        for (name, child) in &self.children {
            let path = if prefix.is_empty() { name.clone() } else { format!("{prefix}.{name}") };
            if !child.text.is_empty() {
                paths.push(path.clone());
            }
            child.collect(&path, paths);
            if let Some(element) = &child.element {
                element.collect(&format!("{path}[]"), paths);
            }
        }
    }
}
