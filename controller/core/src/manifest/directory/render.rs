//! Walks the tree, includes templates, and turns documents into objects.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::config::{Config, Configs, FILE, is_config};
use super::tree::{Tree, ancestors, is_below, resolve};
use super::{Files, MAX_PROBLEMS, Unit, definition};
use crate::catalogue::Problem;
use crate::manifest::object::{Claim, claim, key, object};
use crate::manifest::origin::{Manifest, Origin};
use crate::manifest::problem::FileProblem;
use crate::manifest::text::{Document, Fault, Location, Syntax};
use crate::manifest::variables::{Scope, substitute};
use crate::object::ObjectKey;

/// Files and inclusions that one load renders at most: four times the services that fit in one cluster (5,000, ECS
/// service quotas), and an end for templates that include each other many times over.
const MAX_RENDERED: usize = 20_000;

#[derive(Debug, Default)]
pub(super) struct Rendered {
    pub(super) manifests: Vec<Manifest>,
    pub(super) problems: Vec<FileProblem>,
    pub(super) broken: BTreeSet<Unit>,
    pub(super) broken_objects: BTreeSet<ObjectKey>,
}

pub(super) fn render(files: &Files) -> Rendered {
    let tree = Tree::new(files);
    let (configs, problems) = Configs::read(&tree);
    let rendered = Rendered { problems, ..Rendered::default() };
    let mut renderer = Renderer { tree, configs, rendered, count: 0, claimed: BTreeSet::new(), unclaimed: Vec::new() };
    if !renderer.configs.is_template("") {
        renderer.directory("", &Scope::default(), &Inclusion::default());
    }
    let Renderer { mut rendered, claimed, unclaimed, .. } = renderer;
    rendered.problems.extend(unclaimed.into_iter().filter(|problem| !claimed.contains(&problem.file)));
    rendered
}

struct Renderer<'a> {
    tree: Tree<'a>,
    configs: Configs,
    rendered: Rendered,
    /// Files and inclusions rendered so far.
    count: usize,
    /// Files that a manifest names, so that they need not be manifests.
    claimed: BTreeSet<String>,
    /// What to say about files that are no manifests, unless they are claimed.
    unclaimed: Vec<FileProblem>,
}

/// How rendering came to where it is.
#[derive(Clone, Debug, Default)]
struct Inclusion {
    /// The `evenkeel.yaml` that included this.
    via: Option<String>,
    /// What is being included, the outermost first.
    stack: Vec<String>,
}

impl Renderer<'_> {
    /// Renders a directory and those below it; `around` are the variables around it.
    fn directory(&mut self, directory: &str, around: &Scope, inclusion: &Inclusion) {
        let mut scope = around.clone();
        let mut includes = Vec::new();
        match self.configs.get(directory) {
            Some(None) => return self.give_up(directory, inclusion),
            Some(Some(Config { spec, document })) => {
                scope = around.within(&spec.variables);
                includes = spec.include.iter().cloned().map(|include| (include, document.clone())).collect();
            }
            None => {}
        }
        for path in self.tree.files(directory).to_vec() {
            self.file(path, &scope, inclusion);
        }
        for (index, (include, document)) in includes.into_iter().enumerate() {
            if let Err(message) = self.include(directory, &include, &scope, inclusion) {
                let problem = Problem::error(format!("/include/{index}"), "include", message);
                self.rendered.problems.push(FileProblem::of(&document, problem));
            }
        }
        for below in self.tree.subdirectories(directory).collect::<Vec<_>>() {
            if !self.configs.is_template(below) {
                self.directory(below, &scope, inclusion);
            }
        }
    }

    /// Renders a template, or a file of one, with the variables that hold in the including directory.
    fn include(&mut self, from: &str, include: &str, scope: &Scope, inclusion: &Inclusion) -> Result<(), String> {
        let path = resolve(from, include)?;
        let is_file = self.tree.is_file(&path);
        if !is_file && !self.tree.is_directory(&path) {
            return Err(format!("there is no directory {path}, and no YAML or JSON file of that name"));
        }
        let directory = if is_file { super::tree::parent(&path) } else { &path };
        if inclusion.stack.contains(&path) || (inclusion.via.is_none() && is_below(from, &path)) {
            let way: Vec<&str> = inclusion.stack.iter().map(String::as_str).chain([path.as_str()]).collect();
            return Err(format!("this inclusion comes back to itself: {}", way.join(" → ")));
        }
        if !ancestors(directory).any(|around| self.configs.is_template(around)) {
            if let Some(broken) = ancestors(directory).find(|around| matches!(self.configs.get(around), Some(None))) {
                return Err(format!("{} has errors", join(broken, FILE)));
            }
            let config = join(directory, FILE);
            return Err(format!("{path} is no template: only those can be included. Write template: true in {config}"));
        }

        self.count()?;
        // What stands around the template gives defaults, from the root inwards.
        let mut inner = scope.include();
        let mut above: Vec<&str> = ancestors(directory).skip(usize::from(!is_file)).collect();
        above.reverse();
        for around in above {
            match self.configs.get(around) {
                Some(Some(config)) => inner = inner.within(&config.spec.variables),
                Some(None) => return Err(format!("{} has errors", join(around, FILE))),
                None => {}
            }
        }
        let mut inclusion = inclusion.clone();
        // The outermost includer names what is rendered: it has the variables that tell one rendering from another.
        inclusion.via.get_or_insert_with(|| join(from, FILE));
        inclusion.stack.push(path.clone());
        match is_file {
            true => self.file(&path, &inner, &inclusion),
            false => self.directory(&path, &inner, &inclusion),
        }
        Ok(())
    }

    fn count(&mut self) -> Result<(), String> {
        self.count += 1;
        match self.count {
            ..=MAX_RENDERED => Ok(()),
            _ => Err(format!("more than {MAX_RENDERED} files and inclusions are not rendered: include less")),
        }
    }

    fn file(&mut self, path: &str, scope: &Scope, inclusion: &Inclusion) {
        if is_config(path) {
            return;
        }
        let unit = (path.to_owned(), inclusion.via.clone());
        if let Err(message) = self.count() {
            let fault = Fault { location: Location { line: 1, column: 1 }, message, rule: "include" };
            self.rendered.problems.push(FileProblem::fault(path, fault));
            self.rendered.broken.insert(unit);
            return;
        }
        let parsed = self.tree.read(path);
        let mut problems = Vec::new();
        if let Some(fault) = parsed.fault.clone().filter(|_| parsed.ours) {
            problems.push(FileProblem::fault(path, fault));
        }
        let mut manifests = Vec::new();
        for document in &parsed.documents {
            match self.document(document, scope, inclusion) {
                Ok(manifest) => manifests.extend(manifest),
                Err(found) => problems.extend(found),
            }
        }
        self.rendered.manifests.extend(manifests);
        if inclusion.via.is_none() {
            // Only templates are read again.
            self.tree.forget(path);
        }
        if !problems.is_empty() {
            self.rendered.broken.insert(unit);
            self.rendered.broken_objects.extend(parsed.documents.iter().filter_map(|document| {
                let mut value = document.value.clone();
                substitute(&mut value, scope);
                key(&value)
            }));
            self.rendered.problems.extend(problems);
        }
    }

    /// The object that a document is; nothing where it is none of ours.
    fn document(
        &mut self,
        document: &Document,
        scope: &Scope,
        inclusion: &Inclusion,
    ) -> Result<Option<Manifest>, Vec<FileProblem>> {
        let mut origin = Origin { document: Arc::new(document.place()), inlined: None, via: inclusion.via.clone() };
        let place = |problems: Vec<Problem>| -> Vec<FileProblem> {
            problems.into_iter().take(MAX_PROBLEMS).map(|problem| origin.place(problem)).collect()
        };
        let mut value = document.value.clone();
        match claim(&value) {
            Claim::Ours => {}
            Claim::Misspelled(problem) => return Err(place(vec![problem])),
            Claim::Foreign => {
                if document.file.syntax == Syntax::Yaml {
                    self.unclaimed.push(definition::unclaimed(document));
                }
                return Ok(None);
            }
        }
        if self.configs.substitutes(&document.file.path) {
            let problems = substitute(&mut value, scope);
            if !problems.is_empty() {
                return Err(place(problems));
            }
        }
        let mut object = object(&value).map_err(place)?;
        definition::inline(&mut object, &mut origin, scope, (&self.tree, &self.configs), &mut self.claimed)?;
        let place = origin.clone();
        Manifest::new(object, origin).map(Some).map_err(|problem| vec![place.place(problem)])
    }

    /// Where an `evenkeel.yaml` is broken nobody knows the variables below it: nothing there is rendered.
    fn give_up(&mut self, directory: &str, inclusion: &Inclusion) {
        for path in self.tree.files(directory).to_vec() {
            let parsed = self.tree.read(path);
            let ours = |document: &&Arc<Document>| !matches!(claim(&document.value), Claim::Foreign);
            if is_config(path) || !parsed.documents.iter().any(|document| ours(&document)) {
                continue;
            }
            self.rendered.broken.insert((path.to_owned(), inclusion.via.clone()));
            let keys = parsed.documents.iter().filter(ours).filter_map(|document| key(&document.value));
            self.rendered.broken_objects.extend(keys);
        }
        for below in self.tree.subdirectories(directory).collect::<Vec<_>>() {
            if !self.configs.is_template(below) {
                self.give_up(below, inclusion);
            }
        }
    }
}

fn join(directory: &str, name: &str) -> String {
    if directory.is_empty() { name.to_owned() } else { format!("{directory}/{name}") }
}
