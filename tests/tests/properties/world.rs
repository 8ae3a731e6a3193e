//! The driver: observe, plan, check, apply, remember; time moves only when told to.

use std::collections::{BTreeMap, BTreeSet};

use evenkeel_core::canonical::{DocumentKind, content_hash};
use evenkeel_core::desired::{self, owner};
use evenkeel_core::memory::Memory;
use evenkeel_core::object::{Kind, Object, ObjectKey};
use evenkeel_core::operation::{Action, Operation};
use evenkeel_core::plan::service::{Desired, Observed, SCALABLE_DIMENSION, TaskDefinition, resource_id};
use evenkeel_core::plan::task_definition::{self, Revision};
use evenkeel_core::plan::{Observation, Plan, check, service};
use evenkeel_core::spec::Defaults;
use evenkeel_core::view::{ServiceView, tags};
use evenkeel_sandbox::{ApiError, Caller, Options, Sandbox};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::services::Specs;

pub(crate) const CLUSTER: &str = "shop";
pub(crate) const SERVICE: &str = "web";
pub(crate) const FAMILY: &str = "web";

/// From one pass to the next: longer than a write may take to show.
const STEP: SignedDuration = SignedDuration::from_secs(20);

/// One task definition and one service, an AWS for them, and what the reconcilers remember.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) sandbox: Sandbox,
    pub(crate) now: Timestamp,
    pub(crate) memory: Memory,
    /// Every write that a plan asked for.
    pub(crate) written: Vec<Action>,
    /// The manifests' specs.
    specs: Specs,
    generation: i64,
    definition_memory: Memory,
    approvals: BTreeSet<String>,
    /// Time from one pass to the next.
    pub(crate) step: SignedDuration,
    caller: Caller,
}

impl World {
    /// An AWS with a cluster, and manifests with these specs.
    pub(crate) fn new(specs: &Specs) -> Self {
        Self::with(Options::default(), specs)
    }

    /// The same with another AWS.
    pub(crate) fn with(options: Options, specs: &Specs) -> Self {
        let mut world = Self {
            sandbox: Sandbox::new(options),
            now: Timestamp::from_second(1_767_225_600).unwrap(),
            memory: Memory::default(),
            written: Vec::new(),
            specs: specs.clone(),
            generation: 1,
            definition_memory: Memory::default(),
            approvals: BTreeSet::new(),
            step: STEP,
            caller: Caller::new("123456789012", "ap-northeast-1"),
        };
        let cluster = json!({"clusterName": CLUSTER, "capacityProviders": ["FARGATE", "FARGATE_SPOT", "metal"]});
        world.aws(Operation::CreateCluster, &cluster).unwrap();
        world
    }

    /// Calls AWS, as the controller or as anybody else.
    pub(crate) fn aws(&mut self, operation: Operation, body: &Value) -> Result<Value, ApiError> {
        self.sandbox.call(self.now, &self.caller, operation, body)
    }

    /// Another commit: other manifests for the same things.
    pub(crate) fn declare(&mut self, specs: &Specs) {
        self.specs = specs.clone();
        self.generation += 1;
    }

    pub(crate) fn wait(&mut self, time: SignedDuration) {
        self.now += time;
    }

    /// Sets the desired count as an autoscaler does.
    pub(crate) fn scale_to(&mut self, count: u32) {
        let caller = self.caller.clone();
        self.sandbox.set_desired_count(self.now, &caller, CLUSTER, SERVICE, count).unwrap();
    }

    fn object(&self, kind: Kind, name: &str, spec: &Value) -> Object {
        let mut object = Object::new(&ObjectKey::new(kind, "shop", name), spec.clone());
        object.metadata.uid = format!("uid-{name}");
        object.metadata.generation = self.generation;
        object
    }

    /// The task definition as wanted. Panics on a spec that is not valid: generators make valid ones.
    pub(crate) fn wanted_definition(&self) -> task_definition::Desired {
        let object = self.object(Kind::TaskDefinition, FAMILY, &self.specs.definition);
        let checked = desired::TaskDefinition::check(FAMILY, &self.specs.definition).into_result();
        let checked = checked.unwrap_or_else(|why| panic!("{why}\n{:#}", self.specs.definition));
        checked.desired(&object, &Defaults::default(), "test", &evenkeel_core::plan::Holds::default())
    }

    /// The service as wanted, set to this revision.
    pub(crate) fn wanted_service(&self, revision: TaskDefinition) -> Desired {
        let object = self.object(Kind::Service, SERVICE, &self.specs.service);
        let definition = self.specs.definition["taskDefinition"].clone();
        let checked = desired::Service::check(SERVICE, &self.specs.service, Some(&definition)).into_result();
        let checked = checked.unwrap_or_else(|why| panic!("{why}\n{:#}", self.specs.service));
        let mut desired = checked.desired(
            &object,
            CLUSTER,
            &Defaults::default(),
            "test",
            revision,
            Vec::new(),
            &evenkeel_core::plan::Holds::default(),
            self.now,
        );
        desired.mandate.approvals.clone_from(&self.approvals);
        assert_eq!(desired.owner, owner(&object, "test"));
        desired
    }

    /// One pass over both objects. What waits for approval is approved for the next one.
    pub(crate) fn pass(&mut self) -> Plan {
        let revision = self.reconcile_definition();
        let desired = self.wanted_service(revision);
        let observed = self.observe(&desired);
        let plan = service::plan(&desired, &observed, &self.memory, self.now);
        assert_eq!(plan, service::plan(&desired, &observed, &self.memory, self.now), "a plan is a function");
        assert_eq!(check::service(&desired, &observed, &plan), Vec::<String>::new());
        for waiting in &plan.waiting {
            let token = waiting.message.split_once("evenkeel.dev/approve=").map(|(_, token)| token.to_owned());
            self.approvals.extend(token);
        }
        let mut memory = plan.memory.clone();
        for action in &plan.actions {
            self.apply(action, &mut memory);
        }
        if !plan.actions.is_empty() {
            plan.remember_applied(&mut memory, self.now);
        }
        self.memory = memory;
        plan
    }

    fn apply(&mut self, action: &Action, memory: &mut Memory) {
        let answer = self.aws(action.operation, &action.body);
        let answer = answer.unwrap_or_else(|error| panic!("AWS refuses a planned {action:#?}: {error:?}"));
        memory.record(action, &answer, self.now);
        self.written.push(action.clone());
    }

    fn reconcile_definition(&mut self) -> TaskDefinition {
        let desired = self.wanted_definition();
        let observed = self.observe_family();
        let plan = task_definition::plan(&desired, &observed, &self.definition_memory, self.now);
        assert_eq!(plan, task_definition::plan(&desired, &observed, &self.definition_memory, self.now));
        let mut memory = plan.memory.clone();
        for action in &plan.actions {
            self.apply(action, &mut memory);
        }
        if !plan.actions.is_empty() {
            plan.remember_applied(&mut memory, self.now);
        }
        self.definition_memory = memory;
        match task_definition::resolve(&desired, &observed, &self.definition_memory) {
            Some(arn) => TaskDefinition::Content { arn, hash: desired.content() },
            None => TaskDefinition::Pending("registered just now".into()),
        }
    }

    fn observe_family(&mut self) -> task_definition::Observed {
        let body = json!({"familyPrefix": FAMILY, "status": "ACTIVE", "sort": "DESC"});
        let answer = self.aws(Operation::ListTaskDefinitions, &body).unwrap();
        let active: Vec<String> = serde_json::from_value(answer["taskDefinitionArns"].clone()).unwrap();
        let revisions = active.iter().map(|arn| (arn.clone(), self.revision(arn))).collect::<BTreeMap<_, _>>();
        task_definition::Observed { active: Observation::Present(active), revisions, needed: None, read_at: self.now }
    }

    /// A revision as AWS describes it.
    pub(crate) fn revision(&mut self, arn: &str) -> Revision {
        let body = json!({"taskDefinition": arn, "include": ["TAGS"]});
        let answer = self.aws(Operation::DescribeTaskDefinition, &body).unwrap();
        let document = answer["taskDefinition"].clone();
        let content = content_hash(DocumentKind::TaskDefinition, &document);
        Revision { document, content, tags: tags(answer.get("tags")) }
    }

    /// Everything that AWS shows of the service.
    pub(crate) fn observe(&mut self, desired: &Desired) -> Observed {
        let body = json!({"cluster": CLUSTER, "services": [SERVICE], "include": ["TAGS"]});
        let service = self.aws(Operation::DescribeServices, &body).unwrap()["services"].get(0).cloned();
        let mut revision_content = None;
        if let (TaskDefinition::Content { arn, .. }, Some(service)) = (&desired.task_definition, &service) {
            let live = ServiceView(service).task_definition();
            revision_content = (!live.is_empty() && live != arn).then(|| self.revision(live).content);
        }
        let id = resource_id(CLUSTER, SERVICE);
        let body = json!({"ServiceNamespace": "ecs", "ResourceIds": [id], "ScalableDimension": SCALABLE_DIMENSION});
        let target = self.aws(Operation::DescribeScalableTargets, &body).unwrap()["ScalableTargets"].get(0).cloned();
        let body = json!({"ServiceNamespace": "ecs", "ResourceId": id});
        let policies = self.aws(Operation::DescribeScalingPolicies, &body).unwrap();
        let actions = self.aws(Operation::DescribeScheduledActions, &body).unwrap();
        let found = |value: Option<Value>| value.map_or(Observation::Absent, Observation::Present);
        let list = |answer: &Value, member: &str| Observation::Present(answer[member].as_array().cloned().unwrap());
        Observed {
            service: found(service),
            revision_content,
            target: found(target),
            policies: list(&policies, "ScalingPolicies"),
            scheduled_actions: list(&actions, "ScheduledActions"),
            // What plans ask for beyond the service: nobody has made a deployment group, and no rollout is looked into.
            deployment: Observation::Absent,
            code_deploy: Observation::Absent,
            causes: Observation::Absent,
            images: Observation::Absent,
            read_at: self.now,
        }
    }

    /// The live service. Panics when there is none.
    pub(crate) fn live(&mut self) -> Observed {
        let desired = self.wanted_service(TaskDefinition::NotOurs);
        self.observe(&desired)
    }

    /// Passes until one finds nothing to do and nothing to wait for, and then many hours without a write.
    pub(crate) fn converge(&mut self) {
        let before = self.written.len();
        // All is done in a few passes, but that reads may lag behind and that a service that somebody deleted just after
        // its creation comes back after two minutes.
        let quiet = (0..40).any(|_| {
            let plan = self.pass();
            self.wait(self.step);
            plan.is_quiet() && plan.drift.is_empty()
        });
        let wrote = |world: &Self| {
            let written = world.written[before..].iter();
            written
                .map(|action| format!("{} {} ({})", action.operation, action.body, action.reason))
                .collect::<Vec<_>>()
        };
        if !quiet {
            let plan = self.pass();
            panic!("no fixpoint: {:#?}\n{:#?}\nwritten: {:#?}", plan.drift, plan.waiting, wrote(self));
        }
        // Each of the parts is written once: anything near this bound is a loop.
        let writes = self.written.len() - before;
        assert!(writes <= 20, "{writes} writes: {:#?}", wrote(self));
        self.assert_stable();
    }

    /// Nothing is written any more, whatever time passes.
    pub(crate) fn assert_stable(&mut self) {
        let before = self.written.len();
        for hours in [0, 1, 24] {
            self.wait(SignedDuration::from_hours(hours));
            let plan = self.pass();
            assert!(
                plan.is_quiet() && plan.drift.is_empty(),
                "{:#?} {:#?} {:#?}",
                plan.drift,
                plan.actions,
                plan.waiting
            );
        }
        assert_eq!(self.written.len(), before, "{:#?}", &self.written[before..]);
    }
}
