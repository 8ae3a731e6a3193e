use evenkeel_core::object::Kind;
use evenkeel_core::operation::Operation;
use evenkeel_tests::World;
use serde_json::json;

pub(crate) const SHOP: &str = "apiVersion: evenkeel.dev/v1alpha1
kind: Cluster
metadata: {name: shop}
spec:
  accountId: '123456789012'
  region: ap-northeast-1
  cluster: {clusterName: shop-cluster, settings: [{name: containerInsights, value: enabled}]}
---
apiVersion: evenkeel.dev/v1alpha1
kind: TaskDefinition
metadata: {name: web, namespace: shop}
spec:
  taskDefinition:
    family: shop-web
    networkMode: awsvpc
    requiresCompatibilities: [FARGATE]
    cpu: 256
    memory: 512
    executionRoleArn: arn:aws:iam::123456789012:role/execution
    containerDefinitions:
    - {name: app, image: 'app:1.0', portMappings: [{containerPort: 80}], environment: [{name: B, value: '2'}, {name: A, value: '1'}]}
---
apiVersion: evenkeel.dev/v1alpha1
kind: Service
metadata: {name: web, namespace: shop}
spec:
  taskDefinition: web
  service:
    serviceName: shop-web-service
    launchType: FARGATE
    desiredCount: 2
    healthCheckGracePeriodSeconds: 300
    deploymentConfiguration:
      maximumPercent: 200
      minimumHealthyPercent: 100
      deploymentCircuitBreaker: {enable: true, rollback: true}
    networkConfiguration:
      awsvpcConfiguration: {subnets: [subnet-b, subnet-a], securityGroups: [sg-1], assignPublicIp: DISABLED}
    tags: [{key: team, value: shop}]
  scaling:
    minCapacity: 2
    maxCapacity: 4
    policies:
    - policyName: cpu
      policyType: TargetTrackingScaling
      targetTrackingScalingPolicyConfiguration:
        targetValue: 60
        predefinedMetricSpecification: {predefinedMetricType: ECSServiceAverageCPUUtilization}
";

#[tokio::test(start_paused = true)]
async fn from_an_empty_account_everything_comes_up_and_stays_without_another_write() {
    let mut world = World::new().await;
    let summary = world.push("shop.yaml", SHOP).await;
    assert_eq!(summary.created, 3);
    world.pass(120).await;
    world.assert_stable().await;
    let service = world.service("shop-cluster", "shop-web-service");
    assert_eq!((&service["desiredCount"], &service["runningCount"]), (&json!(2), &json!(2)));
    let writes: Vec<Operation> = world.wire.writes_since(0).iter().map(|call| call.operation).collect();
    let expected = [
        Operation::CreateCluster,
        Operation::RegisterTaskDefinition,
        Operation::CreateService,
        Operation::RegisterScalableTarget,
        Operation::PutScalingPolicy,
    ];
    assert_eq!(writes, expected);
    assert!(world.object(Kind::Service, "shop", "web").await.status["range"]["max"] == 4);
}
