//! Second actors: what people, pipelines, CodeDeploy, the autoscaler's metrics and bad luck do to services.

use crate::{
    caller::Caller,
    ecs::{Controller, Service},
    error::ApiError,
    region::Region,
    sandbox::Sandbox,
    scaling,
};
use jiff::Timestamp;
use serde_json::{Value, json};

impl Sandbox {
    /// Sets a service's desired count as an autoscaler does at any moment; no call is counted.
    ///
    /// # Errors
    ///
    /// `ServiceNotFoundException` when `cluster` has no ACTIVE service of that name.
    pub fn set_desired_count(
        &mut self,
        now: Timestamp,
        caller: &Caller,
        cluster: &str,
        service: &str,
        desired: u32,
    ) -> Result<(), ApiError> {
        self.on_service(now, caller, cluster, service, |service, region| {
            service.set_desired(i64::from(desired), now, &region.options.timing);
            Ok(())
        })
    }

    /// From now on, tasks stop before they run when an image of theirs contains `pattern`, or when `pattern` is their
    /// task definition's ARN.
    pub fn fail_tasks_of(&mut self, pattern: &str) {
        self.options.failing_images.push(pattern.to_owned());
        self.share_failing_images();
    }

    /// Takes [`fail_tasks_of`](Self::fail_tasks_of) back: tasks started from now on run.
    pub fn heal_tasks_of(&mut self, pattern: &str) {
        self.options.failing_images.retain(|failing| failing != pattern);
        self.share_failing_images();
    }

    fn share_failing_images(&mut self) {
        for region in self.regions.values_mut() {
            region.options.failing_images.clone_from(&self.options.failing_images);
        }
    }

    /// Takes up to `count` running tasks of a service away at once; its scheduler replaces them.
    ///
    /// # Errors
    ///
    /// `ServiceNotFoundException` when `cluster` has no ACTIVE service of that name.
    pub fn crash_tasks(
        &mut self,
        now: Timestamp,
        caller: &Caller,
        cluster: &str,
        service: &str,
        count: usize,
    ) -> Result<(), ApiError> {
        self.on_service(now, caller, cluster, service, |service, region| {
            service.crash(count, now, &region.options.timing);
            Ok(())
        })
    }

    /// Sets the value of a metric of a service, for target tracking policies to act on until it is set again. `metric`
    /// is a predefined metric type (`ECSServiceAverageCPUUtilization`) or a customized metric's name.
    pub fn set_metric(
        &mut self,
        now: Timestamp,
        caller: &Caller,
        cluster: &str,
        service: &str,
        metric: &str,
        value: f64,
    ) {
        let region = self.region(now, caller);
        let key = format!("{cluster}/{service}");
        region.metrics.entry(key.clone()).or_default().insert(metric.to_owned(), value);
        scaling::watch_metrics(region, &key, now);
    }

    /// Deploys to a service of the CODE_DEPLOY controller as CodeDeploy does: a second task set comes up beside the
    /// first with the other task definition, and takes its place, and with `target_group` its target group, once all
    /// its tasks run.
    ///
    /// # Errors
    ///
    /// `ServiceNotFoundException` without such a service, `InvalidParameterException` for another controller or while
    /// a deployment runs.
    pub fn blue_green(
        &mut self,
        now: Timestamp,
        caller: &Caller,
        cluster: &str,
        service: &str,
        task_definition: &str,
        target_group: Option<&str>,
    ) -> Result<(), ApiError> {
        self.on_service(now, caller, cluster, service, |service, region| {
            if service.controller() != Controller::CodeDeploy || service.is_deploying() {
                return Err(ApiError::parameter(
                    "CodeDeploy deploys to services of the CODE_DEPLOY controller, one deployment at a time.",
                ));
            }
            let mut members = service.revision();
            members.insert("taskDefinition".to_owned(), json!(task_definition));
            if let (Some(group), Some(balancer)) = (target_group, members.get_mut("loadBalancers")) {
                for one in balancer.as_array_mut().into_iter().flatten().filter(|one| one.is_object()) {
                    one["targetGroupArn"] = Value::from(group);
                }
            }
            service.deploy(Some(&members), now, &region.options.timing, &mut region.ids);
            Ok(())
        })
    }

    fn on_service(
        &mut self,
        now: Timestamp,
        caller: &Caller,
        cluster: &str,
        service: &str,
        act: impl FnOnce(&mut Service, &mut Region) -> Result<(), ApiError>,
    ) -> Result<(), ApiError> {
        let region = self.region(now, caller);
        let key = format!("{cluster}/{service}");
        let present = region.services.live(&key).filter(|service| service.is_active());
        let mut changed = present.cloned().ok_or_else(ApiError::service_not_found)?;
        act(&mut changed, region)?;
        *region.services.write(&key, now) = Some(changed);
        region.note(&key);
        Ok(())
    }
}
