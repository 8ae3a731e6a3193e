//! Second actors: what people, pipelines, CodeDeploy, the autoscaler's metrics and bad luck do to services.

use crate::{caller::Caller, ecs::Service, error::ApiError, region::Region, sandbox::Sandbox, scaling};
use jiff::Timestamp;

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
