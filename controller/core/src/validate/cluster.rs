//! Rules for `spec.cluster`.

use serde_json::Value;

use super::node::{Node, unique};
use super::service::capacity::one_base;
use super::{names, tags};
use crate::catalogue::Problem;

/// Checks a CreateCluster document in wire form.
pub fn cluster(doc: &Value) -> Vec<Problem> {
    let mut found = Vec::new();
    let doc = Node::root(doc);
    names::name(&doc.member("clusterName"), &mut found);
    tags::tags(&doc.member("tags"), &mut found);
    one_base(&doc.member("defaultCapacityProviderStrategy"), &mut found);
    let settings = doc.member("settings");
    unique(settings.items().map(|setting| setting.member("name")), "duplicate-setting", "setting", &mut found);
    found
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::validate::testing::{rules, with};

    fn base() -> Value {
        json!({"clusterName": "shop-prod", "settings": [{"name": "containerInsights", "value": "enabled"}],
            "capacityProviders": ["FARGATE", "FARGATE_SPOT"],
            "defaultCapacityProviderStrategy": [
                {"capacityProvider": "FARGATE", "base": 1}, {"capacityProvider": "FARGATE_SPOT"}],
            "tags": [{"key": "team", "value": "shop"}]})
    }

    fn told(pointer: &str, value: Value) -> String {
        rules(&super::cluster(&with(base(), pointer, value)))
    }

    #[test]
    fn a_sound_cluster_is_left_alone() {
        assert_eq!(super::cluster(&base()), []);
        assert_eq!(super::cluster(&json!({})), []);
    }

    #[test]
    fn names_tags_and_strategies_that_aws_refuses_are_told() {
        assert_eq!(told("/clusterName", json!("shop prod")), "error invalid-name /clusterName");
        assert_eq!(told("/clusterName", json!("")), "error invalid-name /clusterName");
        assert_eq!(told("/clusterName", json!("x".repeat(256))), "error invalid-name /clusterName");
        assert_eq!(told("/tags/0/key", json!("AWS:x")), "error reserved-tag /tags/0/key");
        assert_eq!(told("/tags/0", json!({"value": "x"})), "error tag-without-key /tags/0");
        assert_eq!(told("/tags/-", json!({"key": "team"})), "error duplicate-tag /tags/1/key");
        assert_eq!(
            told("/settings/-", json!({"name": "containerInsights"})),
            "error duplicate-setting /settings/1/name"
        );
        assert_eq!(
            told("/defaultCapacityProviderStrategy/1/base", json!(2)),
            "error capacity-provider-base /defaultCapacityProviderStrategy/1/base"
        );
    }
}
