//! All files of a directory, together.

mod config;
mod definition;
mod render;
mod tree;

use std::collections::{BTreeMap, BTreeSet};

use sha2::{Digest, Sha256};

use super::origin::Manifest;
use super::problem::FileProblem;
use crate::catalogue::{Problem, Severity};
use crate::object::ObjectKey;

/// What is in a file, or why nobody knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    /// Its bytes.
    Bytes(Vec<u8>),
    /// It is there but was not read, and why: too large, or a link that leaves the root.
    Unreadable(String),
}

/// The files of one snapshot by their path from the root, with `/`.
pub type Files = BTreeMap<String, Content>;

/// What a directory declares.
#[derive(Clone, Debug)]
pub struct Load {
    /// The objects to apply, in the order of their keys. Those of bad files are not among them.
    pub manifests: Vec<Manifest>,
    /// All that is wrong, in the order of files and lines.
    pub problems: Vec<FileProblem>,
    /// Files with an error in them: what they declare is not applied, and keeps its last good state.
    pub broken_files: BTreeSet<String>,
    /// The objects that bad files are known to declare.
    pub broken_objects: BTreeSet<ObjectKey>,
    /// `sha256:` and the digest of all files.
    pub digest: String,
    broken: BTreeSet<Unit>,
}

/// A file as it is rendered once: by itself, or in one inclusion. It is what one error stops.
type Unit = (String, Option<String>);

/// Problems that are told of one file; whoever has more has one cause for them.
const MAX_PROBLEMS: usize = 50;

/// Loads a directory: reads its files, renders templates, substitutes variables, and checks what is ours to check.
pub fn load(files: &Files) -> Load {
    let render::Rendered { manifests, problems, broken, broken_objects } = render::render(files);
    let mut load = Load {
        manifests,
        problems: Vec::new(),
        broken_files: BTreeSet::new(),
        broken_objects,
        digest: digest(files),
        broken,
    };
    load.manifests.sort_by(|one, next| one.key.cmp(&next.key));
    load.tell(problems);
    load.refuse_duplicates();
    load.stop_broken();
    load
}

impl Load {
    /// Whether everything was understood, so that an object that is missing here was removed and not just misread. An
    /// empty directory is never taken at its word.
    pub fn whole(&self) -> bool {
        self.broken_files.is_empty() && !self.manifests.is_empty()
    }

    /// Takes in which objects the files declared when they were last good. A file that cannot be read does not say what it
    /// declares, so that these are its objects until it can: what refers to them still finds them. To be called before
    /// [`Load::check`].
    pub fn recall(&mut self, last_good: impl IntoIterator<Item = (String, ObjectKey)>) {
        let declared: BTreeSet<ObjectKey> = self.manifests.iter().map(|manifest| manifest.key.clone()).collect();
        let bad: BTreeSet<&str> =
            self.broken_files.iter().chain(self.broken.iter().map(|(file, _)| file)).map(String::as_str).collect();
        let lost = last_good.into_iter().filter(|(file, key)| bad.contains(file.as_str()) && !declared.contains(key));
        self.broken_objects.extend(lost.map(|(_, key)| key));
    }

    /// Checks each object further. The paths of problems are pointers from the object's root; an error stops the file
    /// that declares it.
    pub fn check(&mut self, check: impl Fn(&ObjectKey) -> Vec<Problem>) {
        let mut problems = Vec::new();
        for manifest in &self.manifests {
            for problem in check(&manifest.key).into_iter().take(MAX_PROBLEMS) {
                if problem.is_error() {
                    self.broken.insert(manifest.origin.unit());
                }
                problems.push(manifest.origin.place(problem));
            }
        }
        self.tell(problems);
        self.stop_broken();
    }

    fn tell(&mut self, problems: Vec<FileProblem>) {
        let errors = problems.iter().filter(|problem| problem.severity == Severity::Error);
        self.broken_files.extend(errors.map(|problem| problem.file.clone()));
        self.problems.extend(problems);
        self.problems.sort();
        self.problems.dedup();
    }

    /// Of objects that are declared twice none is applied.
    fn refuse_duplicates(&mut self) {
        let mut problems = Vec::new();
        for same in self.manifests.chunk_by(|a, b| a.key == b.key).filter(|same| same.len() > 1) {
            for (index, manifest) in same.iter().enumerate() {
                let other = &same[usize::from(index == 0)].origin;
                let message = format!("{} is declared in {other} as well: remove one", manifest.key);
                problems.push(manifest.origin.place(Problem::error("/metadata/name", "declared-twice", message)));
                self.broken.insert(manifest.origin.unit());
            }
        }
        self.tell(problems);
    }

    /// Takes out what bad files declare, and what is declared in another file as well.
    fn stop_broken(&mut self) {
        loop {
            let bad = |manifest: &Manifest| self.broken.contains(&manifest.origin.unit());
            let (stopped, good) = std::mem::take(&mut self.manifests).into_iter().partition(bad);
            self.manifests = good;
            let stopped: Vec<Manifest> = stopped;
            self.broken_objects.extend(stopped.into_iter().map(|manifest| manifest.key));

            let mut problems = Vec::new();
            for manifest in self.manifests.iter().filter(|manifest| self.broken_objects.contains(&manifest.key)) {
                let message = format!("{} is declared in a file with errors as well: remove one", manifest.key);
                problems.push(manifest.origin.place(Problem::error("/metadata/name", "declared-twice", message)));
                self.broken.insert(manifest.origin.unit());
            }
            if problems.is_empty() {
                // One error stops a file's objects wherever it is told: a task definition that stands in its own file.
                self.broken_files.extend(self.broken.iter().map(|(file, _)| file.clone()));
                return;
            }
            self.tell(problems);
        }
    }
}

impl super::origin::Origin {
    fn unit(&self) -> Unit {
        (self.file().to_owned(), self.via.clone())
    }
}

/// `sha256:` and the digest of all files with their paths.
pub fn digest(files: &Files) -> String {
    let mut hash = Sha256::new();
    let mut part = |bytes: &[u8]| {
        // With its length, so that no two sets of files make the same stream.
        hash.update((bytes.len() as u64).to_be_bytes());
        hash.update(bytes);
    };
    for (path, content) in files {
        part(path.as_bytes());
        match content {
            Content::Bytes(bytes) => part(bytes),
            Content::Unreadable(why) => part(why.as_bytes()),
        }
    }
    hash.finalize().iter().fold("sha256:".to_owned(), |text, byte| text + &format!("{byte:02x}"))
}
