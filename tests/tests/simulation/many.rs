use evenkeel_core::operation::Operation;
use evenkeel_tests::World;

const CLUSTER: &str = "apiVersion: evenkeel.dev/v1alpha1
kind: Cluster
metadata: {name: shop}
spec:
  accountId: '123456789012'
  region: ap-northeast-1
  cluster: {clusterName: shop-cluster}
";

/// A service with a definition of its own.
fn pair(name: &str, image: &str, group: &str) -> String {
    format!(
        "apiVersion: evenkeel.dev/v1alpha1
kind: TaskDefinition
metadata: {{name: {name}, namespace: shop}}
spec:
  taskDefinition:
    networkMode: awsvpc
    requiresCompatibilities: [FARGATE]
    cpu: 256
    memory: 512
    containerDefinitions: [{{name: app, image: '{image}'}}]
---
apiVersion: evenkeel.dev/v1alpha1
kind: Service
metadata: {{name: {name}, namespace: shop}}
spec:
  taskDefinition: {name}
  service:
    launchType: FARGATE
    desiredCount: 1
    networkConfiguration: {{awsvpcConfiguration: {{subnets: [subnet-a], securityGroups: [{group}]}}}}
"
    )
}

#[tokio::test(start_paused = true)]
async fn a_commit_of_more_objects_than_the_store_takes_at_once_is_one_rollout_for_each_service_all_the_same() {
    let mut world = World::new().await;
    let name = |number: usize| format!("s{number:03}");
    // Both halves of many pairs stand in different batches, whichever way they are cut.
    let count = 105;
    world.push("cluster.yaml", CLUSTER).await;
    for number in 0..count {
        let text = pair(&name(number), "app:1.0", "sg-1");
        world.files.insert(format!("{number}.yaml"), evenkeel_core::manifest::Content::Bytes(text.into_bytes()));
    }
    world.commit().await;
    world.pass(120).await;
    world.all_ready().await.unwrap();
    let before = world.wire.calls().len();
    for number in 0..count {
        let text = pair(&name(number), "app:2.0", "sg-2");
        world.files.insert(format!("{number}.yaml"), evenkeel_core::manifest::Content::Bytes(text.into_bytes()));
    }
    world.commit().await;
    world.pass(120).await;
    world.all_ready().await.unwrap();
    let writes = world.wire.writes_since(before);
    let of = |operation| writes.iter().filter(|call| call.operation == operation).count();
    assert_eq!((of(Operation::RegisterTaskDefinition), of(Operation::UpdateService)), (count, count));
}
