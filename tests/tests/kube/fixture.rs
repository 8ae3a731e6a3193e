//! A small system, and kubectl against it.

use std::path::PathBuf;
use std::process::Command;

use evenkeel_tests::program::{Controller, Finished, Place, finish, root};

/// A value of the environment that must never be shown.
pub(crate) const SECRET: &str = "not-for-anybody-91ce";

/// Minor versions that differ in what they send: 1.35 is the first that watches for initial events, 1.37 the first that
/// asks for nothing but aggregated discovery v2.
pub(crate) const MINORS: [&str; 3] = ["1.35", "1.36", "1.37"];

/// A controller over one cluster, `lab`, with a task definition and a service, `web`.
pub(crate) struct Lab {
    pub(crate) place: Place,
    pub(crate) controller: Controller,
}

impl Lab {
    /// Starts it, and waits until everything is ready.
    pub(crate) fn start() -> Self {
        let place = Place::new();
        place.write("source/cluster.yaml", CLUSTER);
        place.write("source/web/definition.yaml", &definition());
        place.write("source/web/service.yaml", &service("web", 4));
        let controller = Controller::start(&place, &["--sandbox", "--source", "source"]);
        controller.ready(3);
        Self { place, controller }
    }

    /// kubectl of a minor version, with a cache of its own; none of them sees the machine's configuration.
    pub(crate) fn kubectl(&self, minor: &str, words: &[&str]) -> Command {
        let mut command = self.place.command(&kubectl(minor));
        let cache = self.place.path(&format!("cache-{minor}"));
        command.arg("--server").arg(&self.controller.url).arg("--cache-dir").arg(cache).args(words);
        command
    }

    /// Runs kubectl to its end, with the words of a line; `'…'` keeps spaces.
    pub(crate) fn run(&self, minor: &str, line: &str) -> Finished {
        finish(self.kubectl(minor, &words(line)))
    }
}

/// The program of a minor version.
pub(crate) fn kubectl(minor: &str) -> PathBuf {
    let kubectl = root().join(format!("target/kubectl/{minor}/kubectl"));
    assert!(kubectl.exists(), "{} is missing: run tests/setup/kube.sh", kubectl.display());
    kubectl
}

/// The words of a line: separated by spaces, but not within single quotes.
pub(crate) fn words(line: &str) -> Vec<&str> {
    let mut words = Vec::new();
    for (index, part) in line.split('\'').enumerate() {
        match index % 2 {
            0 => words.extend(part.split(' ').filter(|word| !word.is_empty())),
            _ => words.push(part),
        }
    }
    words
}

/// The manifest of the cluster.
pub(crate) const CLUSTER: &str = "\
apiVersion: evenkeel.dev/v1alpha1
kind: Cluster
metadata: {name: lab}
spec:
  accountId: '123456789012'
  region: ap-northeast-1
  cluster: {clusterName: lab}
";

/// The manifest of the task definition.
pub(crate) fn definition() -> String {
    format!(
        "\
apiVersion: evenkeel.dev/v1alpha1
kind: TaskDefinition
metadata: {{name: web, namespace: lab}}
spec:
  taskDefinition:
    family: lab-web
    requiresCompatibilities: [FARGATE]
    networkMode: awsvpc
    cpu: '256'
    memory: '512'
    executionRoleArn: arn:aws:iam::123456789012:role/ecsTaskExecutionRole
    containerDefinitions:
      - name: web
        image: 123456789012.dkr.ecr.ap-northeast-1.amazonaws.com/web:1.0
        environment: [{{name: GREETING, value: {SECRET}}}]
"
    )
}

/// The manifest of a service with this upper bound of scaling.
pub(crate) fn service(name: &str, most: u32) -> String {
    format!(
        "\
# The first line of the manifest is the second of the file.
apiVersion: evenkeel.dev/v1alpha1
kind: Service
metadata:
  name: {name}
  namespace: lab
  labels: {{team: shop}}
spec:
  taskDefinition: web
  service:
    serviceName: {name}
    launchType: FARGATE
    desiredCount: 2
    networkConfiguration:
      awsvpcConfiguration: {{subnets: [subnet-0c7b6a59483726151], securityGroups: [sg-0c7b6a5948372615a]}}
  scaling: {{minCapacity: 2, maxCapacity: {most}}}
"
    )
}
