//! A small system: one cluster, `lab`, with a task definition, `web`, and services with scaling.

use evenkeel_tests::program::Place;

/// A value of the environment that must never be shown.
pub(crate) const SECRET: &str = "not-for-anybody-7f3a";

/// Writes cluster and task definition into the source directory `source`.
pub(crate) fn lab(place: &Place) {
    place.write("source/cluster.yaml", CLUSTER);
    place.write("source/definition.yaml", &task_definition("1.0"));
}

const CLUSTER: &str = "\
apiVersion: evenkeel.dev/v1alpha1
kind: Cluster
metadata: {name: lab}
spec:
  accountId: '123456789012'
  region: ap-northeast-1
  cluster: {clusterName: lab}
";

/// The task definition with an image of this tag.
pub(crate) fn task_definition(tag: &str) -> String {
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
        image: 123456789012.dkr.ecr.ap-northeast-1.amazonaws.com/web:{tag}
        portMappings: [{{containerPort: 8080}}]
        environment: [{{name: GREETING, value: {SECRET}}}]
"
    )
}

/// Writes a service of two tasks, which scaling may bring to four.
pub(crate) fn service(place: &Place, name: &str) {
    place.write(&format!("source/{name}.yaml"), &service_text(name, 60));
}

/// The manifest of a service with this health-check grace period.
pub(crate) fn service_text(name: &str, grace: u32) -> String {
    format!(
        "\
apiVersion: evenkeel.dev/v1alpha1
kind: Service
metadata: {{name: {name}, namespace: lab}}
spec:
  taskDefinition: web
  service:
    serviceName: {name}
    launchType: FARGATE
    desiredCount: 2
    deploymentConfiguration: {{minimumHealthyPercent: 100, maximumPercent: 200}}
    healthCheckGracePeriodSeconds: {grace}
    networkConfiguration:
      awsvpcConfiguration:
        subnets: [subnet-0c7b6a59483726151, subnet-0c7b6a59483726153]
        securityGroups: [sg-0c7b6a5948372615a]
        assignPublicIp: DISABLED
    loadBalancers:
      - targetGroupArn: arn:aws:elasticloadbalancing:ap-northeast-1:123456789012:targetgroup/{name}/c7b6a59483726151
        containerName: web
        containerPort: 8080
    tags: [{{key: Team, value: shop}}]
  scaling:
    minCapacity: 2
    maxCapacity: 4
    suspendedState: {{dynamicScalingOutSuspended: false}}
    policies:
      - policyName: cpu
        policyType: TargetTrackingScaling
        targetTrackingScalingPolicyConfiguration:
          predefinedMetricSpecification: {{predefinedMetricType: ECSServiceAverageCPUUtilization}}
          targetValue: 60
"
    )
}
