//! What infrastructure tools make before a service can be deployed to with CodeDeploy.

use crate::{caller::Caller, error::ApiError, sandbox::Sandbox};
use evenkeel_core::operation::Operation;
use jiff::Timestamp;
use serde_json::{Value, json};

/// A deployment group as Terraform would make it: all traffic at once, rollback on failure and on alarm.
#[derive(Clone, Copy, Debug)]
pub struct DeploymentGroup<'a> {
    /// Name of the application, which is made if it is not there.
    pub application: &'a str,
    /// Name of the group.
    pub group: &'a str,
    /// Name of the service's cluster.
    pub cluster: &'a str,
    /// Name of the service; it need not exist yet.
    pub service: &'a str,
    /// The two target groups, by ARN or by name. An ARN lets services show just that after a swap.
    pub target_groups: [&'a str; 2],
    /// ARN of the production listener.
    pub production_listener: &'a str,
    /// ARN of the test listener.
    pub test_listener: Option<&'a str>,
    /// Minutes for which the original task set is kept.
    pub termination_wait_minutes: i64,
}

impl Sandbox {
    /// Makes an application, if need be, and a deployment group, as an infrastructure tool does; no call is counted.
    ///
    /// # Errors
    ///
    /// What CreateApplication and CreateDeploymentGroup answer, such as `DeploymentGroupAlreadyExistsException`.
    pub fn provision_code_deploy(
        &mut self,
        now: Timestamp,
        caller: &Caller,
        group: &DeploymentGroup<'_>,
    ) -> Result<(), ApiError> {
        let application = json!({"applicationName": group.application, "computePlatform": "ECS"});
        match self.act(now, caller, Operation::CreateApplication, &application) {
            Err(error) if error.code != "ApplicationAlreadyExistsException" => return Err(error),
            _ => {}
        }
        let region = self.region(now, caller);
        for arn in group.target_groups {
            region.code_deploy.learn_target_group(arn);
        }
        let role = region.iam_arn("role/ecsCodeDeployRole");
        self.act(now, caller, Operation::CreateDeploymentGroup, &group.request(&role)).map(|_| ())
    }
}

impl Sandbox {
    /// Makes the deployment group of a service that was just created, where it needs one and the options say so.
    pub(crate) fn provision_created(&mut self, now: Timestamp, caller: &Caller, answer: &Value) {
        let text = |pointer: &str| answer.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
        if !self.options.deployment_groups || text("/service/deploymentController/type") != "CODE_DEPLOY" {
            return;
        }
        let cluster = text("/service/clusterArn").rsplit('/').next().unwrap_or_default().to_owned();
        let (service, target_group) = (text("/service/serviceName"), text("/service/loadBalancers/0/targetGroupArn"));
        let partner = partner(&target_group);
        let region = self.region(now, caller);
        let [production, test] =
            [443, 1443].map(|port| region.arn("elasticloadbalancing", &format!("listener/app/{service}/{port}")));
        let group = DeploymentGroup {
            application: &format!("AppECS-{cluster}-{service}"),
            group: &format!("DgpECS-{cluster}-{service}"),
            cluster: &cluster,
            service: &service,
            target_groups: [&target_group, &partner],
            production_listener: &production,
            test_listener: Some(&test),
            termination_wait_minutes: self.options.termination_wait_minutes,
        };
        // A group that is there already, by this name or for this service, is as good.
        let _ = self.provision_code_deploy(now, caller, &group);
    }
}

/// The target group beside a target group: `…-tg02` beside `…-tg01`, else the same name with `-2`.
fn partner(arn: &str) -> String {
    let name = crate::code_deploy::target_group_name(arn);
    let other = match (name.strip_suffix('1'), name.strip_suffix('2')) {
        (Some(stem), _) => format!("{stem}2"),
        (_, Some(stem)) => format!("{stem}1"),
        _ => format!("{name}-2"),
    };
    arn.replace(&format!("/{name}/"), &format!("/{other}/"))
}

impl DeploymentGroup<'_> {
    /// The CreateDeploymentGroup request for it.
    fn request(&self, role: &str) -> Value {
        let groups = self.target_groups.map(|arn| json!({"name": crate::code_deploy::target_group_name(arn)}));
        let mut pair = json!({
            "targetGroups": groups,
            "prodTrafficRoute": {"listenerArns": [self.production_listener]},
        });
        if let Some(listener) = self.test_listener {
            pair["testTrafficRoute"] = json!({"listenerArns": [listener]});
        }
        json!({
            "applicationName": self.application,
            "deploymentGroupName": self.group,
            "serviceRoleArn": role,
            "deploymentStyle": {"deploymentType": "BLUE_GREEN", "deploymentOption": "WITH_TRAFFIC_CONTROL"},
            "ecsServices": [{"clusterName": self.cluster, "serviceName": self.service}],
            "loadBalancerInfo": {"targetGroupPairInfoList": [pair]},
            "blueGreenDeploymentConfiguration": {
                "terminateBlueInstancesOnDeploymentSuccess": {
                    "action": "TERMINATE", "terminationWaitTimeInMinutes": self.termination_wait_minutes,
                },
                "deploymentReadyOption": {"actionOnTimeout": "CONTINUE_DEPLOYMENT", "waitTimeInMinutes": 0},
            },
            "autoRollbackConfiguration": {
                "enabled": true, "events": ["DEPLOYMENT_FAILURE", "DEPLOYMENT_STOP_ON_ALARM"],
            },
        })
    }
}
