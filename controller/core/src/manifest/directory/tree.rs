//! The files of a directory as a tree, each read once while it is wanted.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::sync::Arc;

use super::{Content, Files};
use crate::manifest::text::{Document, Fault, File, Location, Syntax};

/// One file, read.
#[derive(Debug, Default)]
pub(super) struct Parsed {
    /// Its documents, up to the first that cannot be read.
    pub(super) documents: Vec<Arc<Document>>,
    /// Why the rest cannot be read.
    pub(super) fault: Option<Fault>,
    /// Whether the fault is of interest even if nothing refers to the file: JSON files are often somebody else's.
    pub(super) ours: bool,
}

#[derive(Debug)]
pub(super) struct Tree<'a> {
    files: &'a Files,
    /// Files and subdirectories by directory; the root is `""`.
    directories: BTreeMap<&'a str, (Vec<&'a str>, BTreeSet<&'a str>)>,
    parsed: RefCell<BTreeMap<&'a str, Rc<Parsed>>>,
}

impl<'a> Tree<'a> {
    /// Hidden files and directories are left out, and so is what is neither YAML nor JSON; what could not be read may
    /// be anything and stays in.
    pub(super) fn new(files: &'a Files) -> Self {
        let mut tree = Self { files, directories: BTreeMap::new(), parsed: RefCell::default() };
        tree.directories.entry("").or_default();
        let relevant =
            |path: &str, content: &Content| Syntax::of(path).is_some() || matches!(content, Content::Unreadable(_));
        for (path, _) in files.iter().filter(|(path, content)| relevant(path, content) && !hidden(path)) {
            let mut directory = parent(path);
            tree.directories.entry(directory).or_default().0.push(path);
            while !directory.is_empty() {
                let above = parent(directory);
                tree.directories.entry(above).or_default().1.insert(directory);
                directory = above;
            }
        }
        tree
    }

    pub(super) fn is_directory(&self, path: &str) -> bool {
        self.directories.contains_key(path)
    }

    pub(super) fn is_file(&self, path: &str) -> bool {
        self.files.contains_key(path) && Syntax::of(path).is_some() && !hidden(path)
    }

    /// Files that stand in the directory itself, in order.
    pub(super) fn files(&self, directory: &str) -> &[&'a str] {
        self.directories.get(directory).map_or(&[], |(files, _)| files)
    }

    /// Directories right below it, in order.
    pub(super) fn subdirectories(&self, directory: &str) -> impl Iterator<Item = &'a str> {
        self.directories.get(directory).into_iter().flat_map(|(_, below)| below.iter().copied())
    }

    pub(super) fn directories(&self) -> impl Iterator<Item = &'a str> {
        self.directories.keys().copied()
    }

    /// The file's documents.
    pub(super) fn read(&self, path: &str) -> Rc<Parsed> {
        if let Some(parsed) = self.parsed.borrow().get(path) {
            return Rc::clone(parsed);
        }
        let Some((path, content)) = self.files.get_key_value(path) else { return Rc::default() };
        let parsed = Rc::new(parse(path, content));
        self.parsed.borrow_mut().insert(path, Rc::clone(&parsed));
        parsed
    }
}

impl Tree<'_> {
    /// What a file holds is not wanted any more, and is read again should it be.
    pub(super) fn forget(&self, path: &str) {
        self.parsed.borrow_mut().remove(path);
    }
}

fn parse(path: &str, content: &Content) -> Parsed {
    let syntax = Syntax::of(path).unwrap_or(Syntax::Yaml);
    let unreadable = |fault: Fault| Parsed { documents: Vec::new(), fault: Some(fault), ours: true };
    match content {
        Content::Unreadable(why) => {
            unreadable(Fault { location: Location { line: 1, column: 1 }, message: why.clone(), rule: "unreadable" })
        }
        Content::Bytes(bytes) => match File::decode(path, syntax, bytes) {
            Err(fault) => unreadable(fault),
            Ok(file) => {
                let ours = syntax == Syntax::Yaml || file.text.contains(crate::object::GROUP);
                let (documents, fault) = Arc::new(file).documents();
                Parsed { documents: documents.into_iter().map(Arc::new).collect(), fault, ours }
            }
        },
    }
}

/// The directory that a path stands in; `""` is the root.
pub(super) fn parent(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(parent, _)| parent)
}

/// The directory and those around it, the nearest first and the root last.
pub(super) fn ancestors(directory: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(Some(directory), |inner| (!inner.is_empty()).then(|| parent(inner)))
}

/// Whether `path` is `directory` or stands somewhere below it.
pub(super) fn is_below(path: &str, directory: &str) -> bool {
    directory.is_empty() || path.strip_prefix(directory).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// The path that `relative` means in `directory`.
pub(super) fn resolve(directory: &str, relative: &str) -> Result<String, String> {
    if relative.starts_with('/') {
        return Err(format!("{relative:?} starts at the root of the file system: write it relative to this file"));
    }
    let mut parts: Vec<&str> = directory.split('/').filter(|part| !part.is_empty()).collect();
    for part in relative.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.pop().is_none() => return Err(format!("{relative:?} leaves the root of the directory")),
            ".." => {}
            part => parts.push(part),
        }
    }
    Ok(parts.join("/"))
}

fn hidden(path: &str) -> bool {
    path.split('/').any(|part| part.starts_with('.'))
}
