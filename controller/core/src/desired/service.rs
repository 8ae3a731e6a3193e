//! A Service, checked.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Map, Value};

use super::{Checked, Document, mandate, owner, pin, take_tags, text};
use crate::catalogue::{Catalogue, Problem};
use crate::object::Object;
use crate::operation::Operation;
use crate::plan::{self, Holds, Waiting};
use crate::spec::{self, Defaults, ServiceSpec};
use crate::validate::{self, ServiceContext};
use crate::view::Controller;

/// A Service whose spec has been read and checked.
#[derive(Clone, Debug, PartialEq)]
pub struct Service {
    /// The spec.
    pub spec: ServiceSpec,
    /// AWS name: `serviceName`, else the object's name.
    pub name: String,
    /// CreateService input without cluster, name, task definition and tags.
    pub document: Map<String, Value>,
    /// Declared tags.
    pub tags: BTreeMap<String, String>,
    /// Declared scaling.
    pub scaling: Option<Map<String, Value>>,
}

/// Rules for `spec.codeDeploy`.
fn code_deploy(spec: &ServiceSpec) -> Vec<Problem> {
    let Some(code_deploy) = &spec.code_deploy else { return Vec::new() };
    let mut found = Vec::new();
    if Controller::of(&spec.service) != Controller::CodeDeploy {
        let message = "only a service with the deployment controller CODE_DEPLOY is deployed by CodeDeploy: say so in \
                       service.deploymentController, or remove this";
        found.push(Problem::error("/spec/codeDeploy", "needs-code-deploy-controller", message).at_key());
    }
    for (nth, hook) in code_deploy.hooks.iter().enumerate().filter(|(_, hook)| hook.len() != 1) {
        let message = format!("one hook an entry, as in `- AfterInstall: my-function`; here are {}", hook.len());
        found.push(Problem::error(format!("/spec/codeDeploy/hooks/{nth}"), "one-hook-an-entry", message));
    }
    found
}

impl Service {
    /// Reads and checks the spec of a Service, against the task definition that it runs where that is known.
    pub fn check(name: &str, spec: &Value, task_definition: Option<&Value>) -> Checked<Self> {
        let spec: ServiceSpec = match spec::read(spec, "/spec") {
            Ok(spec) => spec,
            Err(problems) => return Checked::broken(problems),
        };
        let mut service = Document::new(&spec.service, "/spec/service").default("serviceName", name);
        let wire = service.wire(Catalogue::get().input(Operation::CreateService));
        let mut scaling = spec.scaling.as_ref().map(|written| Document::new(written, "/spec/scaling"));
        let scaling_wire = scaling.as_mut().and_then(|scaling| match validate::scaling_to_wire(&scaling.written) {
            Ok(wire) => {
                scaling.found(wire.warnings);
                scaling.found(validate::scaling(&wire.value));
                Some(wire.value)
            }
            Err(problems) => {
                scaling.found(problems);
                None
            }
        });
        if let Some(wire) = &wire {
            let context = ServiceContext { task_definition, scaling: scaling_wire.as_ref() };
            service.found(validate::service(wire, context));
        }
        let mut problems = service.problems;
        problems.extend(scaling.into_iter().flat_map(|scaling| scaling.problems));
        problems.extend(code_deploy(&spec));
        let Some(wire) = wire else { return Checked::broken(problems) };
        let mut members = wire.as_object().cloned().unwrap_or_default();
        let tags = take_tags(&mut members);
        let name = text(&members, "serviceName");
        members.remove("serviceName");
        let scaling = scaling_wire.and_then(|scaling| scaling.as_object().cloned());
        Checked::new(Self { name, document: members, tags, scaling, spec }, problems)
    }

    /// What its plan works on. `task_definition` is what `spec.taskDefinition` resolves to; `blocked` is what has to be
    /// ready first and is not.
    #[allow(clippy::too_many_arguments)] // each comes from elsewhere, and none can be left out
    pub fn desired(
        &self,
        object: &Object,
        cluster: &str,
        defaults: &Defaults,
        installation: &str,
        task_definition: plan::service::TaskDefinition,
        blocked: Vec<Waiting>,
        holds: &Holds,
        now: Timestamp,
    ) -> plan::service::Desired {
        let pinned = pin(&object.metadata, &task_definition, now).map(|pin| pin.revision);
        plan::service::Desired {
            cluster: cluster.to_owned(),
            service: self.name.clone(),
            owner: owner(object, installation),
            generation: object.metadata.generation,
            document: self.document.clone(),
            tags: self.tags.clone(),
            task_definition: pinned.map_or(task_definition, plan::service::TaskDefinition::Revision),
            code_deploy: self.spec.code_deploy.clone().unwrap_or_default(),
            scaling: self.scaling.clone(),
            mandate: mandate(self.spec.policy(defaults), &object.metadata, holds),
            blocked,
        }
    }
}
