//! Rules about volumes that are configured when a service is deployed.

use super::Service;
use crate::catalogue::Problem;
use crate::validate::node::Node;

pub(super) fn check(service: &Service<'_>, found: &mut Vec<Problem>) {
    let configurations = service.doc.member("volumeConfigurations");
    if service.daemon && configurations.given() {
        let message = "a DAEMON service takes no volume configurations; remove it";
        found.push(configurations.error("daemon-volumes", message).at_key());
    }
    for configuration in configurations.items() {
        ebs(&configuration.member("managedEBSVolume"), found);
    }
    let Some(task) = &service.task else { return };
    let volumes = task.doc.member("volumes");
    for name in configurations.items().map(|configuration| configuration.member("name")) {
        if let Some(text) = name.text().filter(|text| !volumes.items().any(|volume| volume.text_of("name") == *text)) {
            let message = format!("there is no volume {text:?} in the task definition");
            found.push(name.error("unknown-volume", message));
        }
    }
    let at_launch = volumes.items().find(|volume| volume.member("configuredAtLaunch").is_true());
    if let Some(volume) = at_launch.filter(|_| !configurations.given() && service.controller != "EXTERNAL") {
        let message = format!(
            "the task definition's volume {:?} is configured at launch; say how in `volumeConfigurations`",
            volume.text_of("name")
        );
        found.push(service.doc.error("volume-not-configured", message));
    }
}

/// ECS API reference, ServiceManagedEBSVolumeConfiguration.
fn ebs(volume: &Node<'_>, found: &mut Vec<Problem>) {
    if !volume.exists() {
        return;
    }
    if !volume.member("sizeInGiB").given() && !volume.member("snapshotId").given() {
        found.push(volume.error("ebs-size", "an EBS volume needs `sizeInGiB` or `snapshotId`"));
    }
    let kind = volume.member("volumeType").text().unwrap_or("gp3");
    let iops = volume.member("iops");
    let throughput = volume.member("throughput");
    if matches!(kind, "io1" | "io2") && !iops.given() {
        found.push(volume.error("ebs-iops", format!("volume type {kind} needs `iops`")));
    }
    if matches!(kind, "gp2" | "st1" | "sc1" | "standard") && iops.given() {
        found.push(iops.error("ebs-iops", format!("volume type {kind} takes no iops; remove it")).at_key());
    }
    if kind != "gp3" && throughput.given() {
        let message = format!("volume type {kind} takes no throughput; only gp3 does");
        found.push(throughput.error("ebs-throughput", message).at_key());
    }
}
