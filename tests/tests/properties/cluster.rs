//! P1 for clusters.

use evenkeel_core::desired::Cluster;
use evenkeel_core::memory::Memory;
use evenkeel_core::object::{Kind, Object, ObjectKey};
use evenkeel_core::operation::Operation;
use evenkeel_core::plan::{Observation, cluster};
use evenkeel_sandbox::{Caller, Sandbox};
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::strategies::{config, maybe, object, one, some, with};

const NAME: &str = "shop";

fn spec() -> BoxedStrategy<Value> {
    let logging = json!({"executeCommandConfiguration": {"logging": "OVERRIDE", "logConfiguration": {"cloudWatchLogGroupName": "g"}}});
    object(vec![
        maybe("settings", one(json!([[], [{"name": "containerInsights", "value": "enabled"}], [{"name": "containerInsights", "value": "disabled"}]]))),
        maybe("capacityProviders", some(json!(["FARGATE", "FARGATE_SPOT", "metal"]), 1)),
        maybe("configuration", one(json!([{"executeCommandConfiguration": {"logging": "DEFAULT"}}, logging]))),
        maybe("serviceConnectDefaults", one(json!([{"namespace": "arn:aws:servicediscovery:x:1:namespace/ns-1"}]))),
        maybe("tags", some(json!([{"key": "team", "value": "shop"}, {"key": "env", "value": "prod"}]), 0)),
    ])
    .prop_flat_map(|document| {
        let providers = document.get("capacityProviders").and_then(Value::as_array).cloned().unwrap_or_default();
        let strategy: Vec<Value> = providers.iter().map(|name| json!({"capacityProvider": name, "weight": 1})).collect();
        let whole = with(document.clone(), json!({"defaultCapacityProviderStrategy": strategy}));
        if strategy.is_empty() { one(json!([document])) } else { one(json!([document, whole])) }
    })
    .prop_map(|document| {
        json!({"region": "eu-west-1", "cluster": with(document, json!({"clusterName": NAME})), "defaults": {"adoption": "Adopt"}})
    })
    .boxed()
}

fn edit() -> BoxedStrategy<(Operation, Value)> {
    one(json!([
        ["UpdateClusterSettings", {"settings": [{"name": "containerInsights", "value": "enhanced"}]}],
        ["UpdateCluster", {"configuration": {"executeCommandConfiguration": {"logging": "NONE"}}}],
        ["UpdateCluster", {"serviceConnectDefaults": {"namespace": "arn:theirs"}}],
        ["PutClusterCapacityProviders", {"capacityProviders": [], "defaultCapacityProviderStrategy": []}],
        ["PutClusterCapacityProviders", {"capacityProviders": ["FARGATE", "theirs"],
                                         "defaultCapacityProviderStrategy": [{"capacityProvider": "theirs", "base": 1}]}],
        ["TagResource", {"tags": [{"key": "team", "value": "theirs"}]}],
        ["UntagResource", {"tagKeys": ["team", "evenkeel.dev/installation"]}],
        ["DeleteCluster", {}],
    ]))
    .prop_map(|pair| {
        let operation = Operation::ALL.iter().copied().find(|operation| pair[0] == operation.name()).unwrap();
        let arn = "arn:aws:ecs:eu-west-1:123456789012:cluster/shop";
        (operation, with(pair[1].clone(), json!({"cluster": NAME, "resourceArn": arn})))
    })
    .boxed()
}

struct World {
    sandbox: Sandbox,
    now: Timestamp,
    memory: Memory,
    spec: Value,
    approvals: Vec<String>,
    writes: usize,
}

impl World {
    fn aws(&mut self, operation: Operation, body: &Value) -> Result<Value, evenkeel_sandbox::ApiError> {
        self.sandbox.call(self.now, &Caller::new("123456789012", "eu-west-1"), operation, body)
    }

    fn observe(&mut self) -> cluster::Observed {
        let include = ["TAGS", "SETTINGS", "CONFIGURATIONS"];
        let answer = self.aws(Operation::DescribeClusters, &json!({"clusters": [NAME], "include": include})).unwrap();
        let found = answer["clusters"].get(0).filter(|cluster| cluster["status"] == "ACTIVE").cloned();
        cluster::Observed { cluster: found.map_or(Observation::Absent, Observation::Present), read_at: self.now }
    }

    fn converge(&mut self) -> Result<(), TestCaseError> {
        let before = self.writes;
        let object = Object::new(&ObjectKey::new(Kind::Cluster, "", NAME), self.spec.clone());
        let checked = Cluster::check(NAME, &self.spec).into_result().unwrap();
        for pass in 0.. {
            let mut desired = checked.desired(&object, "test", &evenkeel_core::plan::Holds::default());
            desired.mandate.approvals.extend(self.approvals.iter().cloned());
            let observed = self.observe();
            let plan = cluster::plan(&desired, &observed, &self.memory, self.now);
            prop_assert_eq!(&plan, &cluster::plan(&desired, &observed, &self.memory, self.now));
            let tokens = plan.waiting.iter().filter_map(|waiting| waiting.message.split_once("approve="));
            self.approvals.extend(tokens.map(|(_, token)| token.to_owned()));
            let mut memory = plan.memory.clone();
            for action in &plan.actions {
                let answer = self.aws(action.operation, &action.body);
                let answer = answer.unwrap_or_else(|error| panic!("AWS refuses a planned {action:#?}: {error:?}"));
                memory.record(action, &answer, self.now);
                self.writes += 1;
            }
            if !plan.actions.is_empty() {
                plan.remember_applied(&mut memory, self.now);
            }
            self.memory = memory;
            self.now += SignedDuration::from_secs(20);
            if plan.is_quiet() && plan.drift.is_empty() {
                break;
            }
            prop_assert!(pass < 6, "no fixpoint: {:#?}", plan);
        }
        prop_assert!(self.writes - before <= 4, "{} writes", self.writes - before);
        Ok(())
    }
}

proptest! {
    #![proptest_config(config(100))]

    #[test]
    fn a_cluster_is_brought_in_line_after_foreign_edits_and_another_generation(
        first in spec(), edits in prop::collection::vec(edit(), 0..5), second in spec()
    ) {
        let now = Timestamp::from_second(1_767_225_600).unwrap();
        let (memory, approvals) = (Memory::default(), Vec::new());
        let mut world = World { sandbox: Sandbox::default(), now, memory, spec: first, approvals, writes: 0 };
        world.converge()?;
        for (operation, body) in edits {
            // AWS may refuse it: then nothing happened.
            let _ = world.aws(operation, &body);
        }
        world.converge()?;
        world.spec = second;
        world.converge()?;
    }
}
