//! A fleet of any size to load, reconcile and count with: services like those of a web shop, each with its own task
//! definition, load balancer and two scaling policies.

use std::fmt::Write;

use evenkeel_core::manifest::{Content, Files};

/// Account of every cluster, where there is one place.
pub const ACCOUNT: &str = "123456789012";
/// Its region.
pub const REGION: &str = "ap-northeast-1";
/// Accounts and regions of a fleet that has more than one place.
const PLACES: [(&str, &str); 6] = [
    (ACCOUNT, REGION),
    (ACCOUNT, "eu-central-1"),
    ("210987654321", REGION),
    ("210987654321", "eu-central-1"),
    ("111122223333", REGION),
    ("111122223333", "eu-central-1"),
];

/// How large a fleet is.
#[derive(Clone, Copy, Debug)]
pub struct Fleet {
    /// Services in all clusters together.
    pub services: usize,
    /// Clusters.
    pub clusters: usize,
    /// Environment variables of each application container.
    pub variables: usize,
    /// Accounts and regions that the clusters take turns in, up to six.
    pub places: usize,
}

impl Fleet {
    /// Objects that the fleet declares.
    pub fn objects(&self) -> usize {
        self.clusters + 2 * self.services
    }

    /// The directory that declares it: a file for each cluster, and one for each service with its task definition.
    pub fn files(&self) -> Files {
        let clusters = (0..self.clusters)
            .map(|nth| (format!("{}/cluster.yaml", cluster(nth)), cluster_manifest(self.cluster_place(nth), nth)));
        let services = (0..self.services).map(|nth| (self.path(nth), self.manifests(nth, "1.0")));
        clusters.chain(services).map(|(path, text)| (path, Content::Bytes(text.into_bytes()))).collect()
    }

    /// Account and region of the nth service.
    pub fn place(&self, nth: usize) -> (&'static str, &'static str) {
        self.cluster_place(nth % self.clusters)
    }

    fn cluster_place(&self, nth: usize) -> (&'static str, &'static str) {
        PLACES[nth % self.places]
    }

    /// Namespace, and beginning of the AWS names, of the nth service.
    pub fn namespace(&self, nth: usize) -> String {
        cluster(nth % self.clusters)
    }

    /// The file of the nth service.
    pub fn path(&self, nth: usize) -> String {
        format!("{}/{}.yaml", self.namespace(nth), name(nth))
    }

    /// What stands in it, with an application image of this tag.
    pub fn manifests(&self, nth: usize, tag: &str) -> String {
        let (namespace, name) = (self.namespace(nth), name(nth));
        let mut environment = String::new();
        for variable in 0..self.variables {
            let _ = write!(
                environment,
                "
      - {{name: SETTING_{variable:03}, value: 'https://{name}-{variable}.{namespace}.internal.example.com'}}"
            );
        }
        format!(
            "apiVersion: evenkeel.dev/v1alpha1
kind: TaskDefinition
metadata: {{name: {name}, namespace: {namespace}}}
spec:
  taskDefinition:
    family: {namespace}-{name}
    requiresCompatibilities: [FARGATE]
    networkMode: awsvpc
    cpu: 1 vCPU
    memory: 2 GB
    executionRoleArn: arn:aws:iam::{ACCOUNT}:role/execution
    taskRoleArn: arn:aws:iam::{ACCOUNT}:role/{namespace}-{name}
    containerDefinitions:
    - name: app
      image: {ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/{name}:{tag}
      portMappings: [{{containerPort: 8080}}]
      logConfiguration:
        logDriver: awslogs
        options: {{awslogs-group: /ecs/{name}, awslogs-region: {REGION}, awslogs-stream-prefix: app}}
      secrets:
      - {{name: PASSWORD, valueFrom: 'arn:aws:ssm:{REGION}:{ACCOUNT}:parameter/{name}/password'}}
      environment:{environment}
      - {{name: NAME, value: {name}}}
---
apiVersion: evenkeel.dev/v1alpha1
kind: Service
metadata: {{name: {name}, namespace: {namespace}}}
spec:
  taskDefinition: {name}
  service:
    launchType: FARGATE
    platformVersion: 1.4.0
    desiredCount: 2
    healthCheckGracePeriodSeconds: 300
    deploymentConfiguration:
      maximumPercent: 200
      minimumHealthyPercent: 100
      deploymentCircuitBreaker: {{enable: true, rollback: true}}
    networkConfiguration:
      awsvpcConfiguration:
        subnets: [subnet-0a1b2c3d4e5f60718, subnet-0b1b2c3d4e5f60718]
        securityGroups: [sg-0a1b2c3d4e5f60718]
        assignPublicIp: DISABLED
    loadBalancers:
    - targetGroupArn: arn:aws:elasticloadbalancing:{REGION}:{ACCOUNT}:targetgroup/{name}/0123456789abcdef
      containerName: app
      containerPort: 8080
    tags: [{{key: System, value: shop}}, {{key: Team, value: {name}}}]
  scaling:
    minCapacity: 2
    maxCapacity: 4
    policies:
    - policyName: cpu
      policyType: TargetTrackingScaling
      targetTrackingScalingPolicyConfiguration:
        targetValue: 60
        predefinedMetricSpecification: {{predefinedMetricType: ECSServiceAverageCPUUtilization}}
    - policyName: memory
      policyType: TargetTrackingScaling
      targetTrackingScalingPolicyConfiguration:
        targetValue: 80
        predefinedMetricSpecification: {{predefinedMetricType: ECSServiceAverageMemoryUtilization}}
"
        )
    }
}

/// The name of the nth service and of its task definition.
pub fn name(nth: usize) -> String {
    format!("web-{nth:05}")
}

fn cluster(nth: usize) -> String {
    format!("shop-{nth:03}")
}

fn cluster_manifest((account, region): (&str, &str), nth: usize) -> String {
    let name = cluster(nth);
    // The sandbox takes the account of a role for that of the credentials.
    let role = if account == ACCOUNT {
        String::new()
    } else {
        format!("\n  assumeRoleArn: arn:aws:iam::{account}:role/evenkeel")
    };
    format!(
        "apiVersion: evenkeel.dev/v1alpha1
kind: Cluster
metadata: {{name: {name}}}
spec:
  accountId: '{account}'
  region: {region}{role}
  cluster: {{settings: [{{name: containerInsights, value: enabled}}]}}
"
    )
}
