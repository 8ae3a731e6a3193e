//! Rules about volumes and where they are mounted.

use super::Task;
use crate::catalogue::Problem;
use crate::validate::names;
use crate::validate::node::{Node, unique};

/// The ways to configure a volume, of which each takes one.
const KINDS: [&str; 6] = [
    "host",
    "dockerVolumeConfiguration",
    "efsVolumeConfiguration",
    "s3filesVolumeConfiguration",
    "fsxWindowsFileServerVolumeConfiguration",
    "configuredAtLaunch",
];

pub(super) fn check(task: &Task<'_>, found: &mut Vec<Problem>) {
    let volumes: Vec<_> = task.doc.member("volumes").items().collect();
    unique(volumes.iter().map(|volume| volume.member("name")), "duplicate-volume", "volume", found);
    for volume in &volumes {
        names::name(&volume.member("name"), found);
        let kinds: Vec<_> = KINDS.into_iter().filter(|kind| volume.member(kind).given()).collect();
        if kinds.len() > 1 {
            found.push(volume.error("volume-kind", format!("has {}; a volume takes one of them", kinds.join(" and "))));
        }
        efs(&volume.member("efsVolumeConfiguration"), found);
        let s3 = volume.member("s3filesVolumeConfiguration");
        if s3.given() && !task.doc.member("taskRoleArn").given() {
            found.push(s3.error("task-role-required", "S3 Files volumes need a task-level `taskRoleArn`"));
        }
    }
    let at_launch = volumes.iter().map(|volume| volume.member("configuredAtLaunch")).filter(Node::is_true);
    for extra in at_launch.skip(1) {
        let message = "only one volume of a task definition can be configured at launch";
        found.push(extra.error("volumes-at-launch", message));
    }
    for container in &task.containers {
        for mount in container.member("mountPoints").items() {
            let source = mount.member("sourceVolume");
            if let Some(name) =
                source.text().filter(|name| !volumes.iter().any(|volume| volume.text_of("name") == *name))
            {
                let message = format!("there is no volume {name:?} in this task definition");
                found.push(source.error("unknown-volume", message));
            }
        }
    }
}

/// ECS API reference, EFSVolumeConfiguration and EFSAuthorizationConfig.
fn efs(efs: &Node<'_>, found: &mut Vec<Problem>) {
    let access_point = efs.at("/authorizationConfig/accessPointId");
    let root = efs.member("rootDirectory");
    if access_point.given() && !matches!(root.text(), None | Some("" | "/")) {
        let message = "with an access point the root directory is the access point's; remove it";
        found.push(root.error("efs-root-directory", message));
    }
    let iam = efs.member("authorizationConfig").text_of("iam") == "ENABLED";
    if (access_point.given() || iam) && efs.text_of("transitEncryption") != "ENABLED" {
        let message = "an access point or IAM authorization needs `transitEncryption: ENABLED`";
        found.push(efs.error("efs-transit-encryption", message));
    }
}
