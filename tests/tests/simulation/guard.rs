use std::path::Path;

use evenkeel::follow::follow;
use evenkeel::http::Readiness;
use evenkeel::source::{self, Source};
use evenkeel_core::desired::APPROVE;
use evenkeel_core::object::{Kind, ObjectKey};
use evenkeel_tests::World;

use super::converge::SHOP;

fn service(name: &str) -> String {
    let document = "launchType: FARGATE, desiredCount: 1, \
                    networkConfiguration: {awsvpcConfiguration: {subnets: [subnet-a], securityGroups: [sg-1]}}";
    format!(
        "{{apiVersion: evenkeel.dev/v1alpha1, kind: Service, metadata: {{name: {name}, namespace: shop}}, \
         spec: {{taskDefinition: web, service: {{{document}}}}}}}"
    )
}

fn write(directory: &Path, name: &str, text: &str) {
    std::fs::write(directory.join(name), text).unwrap();
}

#[tokio::test(start_paused = true)]
async fn removals_that_were_held_go_on_once_a_person_has_approved_them_without_another_commit() {
    let world = World::new().await;
    let directory = tempfile::tempdir().unwrap();
    write(directory.path(), "shop.yaml", SHOP);
    let names: Vec<String> = (0..6).map(|number| format!("s{number}")).collect();
    for name in &names {
        write(directory.path(), &format!("{name}.yaml"), &service(name));
    }
    let (engine, root) = (world.engine.clone(), directory.path().to_owned());
    let following =
        tokio::spawn(async move { follow(engine, Source::new(root, source::POLL), Readiness::default()).await });
    world.pass(120).await;
    world.all_ready().await.unwrap();
    for name in &names {
        std::fs::remove_file(directory.path().join(format!("{name}.yaml"))).unwrap();
    }
    world.pass(120).await;
    let key = |name: &str| ObjectKey::new(Kind::Service, "shop", name);
    assert!(world.find(&key("s0")).await.is_some(), "six at once are held");

    let events = world.engine.context.store.list(Kind::Event, None).await.unwrap();
    let said = events.into_iter().map(Result::unwrap);
    let token =
        said.filter_map(|event| event.spec["message"].as_str()?.rsplit_once('=').map(|(_, token)| token.to_owned()));
    let token = token.last().unwrap();
    world.annotate(&ObjectKey::new(Kind::Cluster, "", "shop"), APPROVE, &token).await;
    world.pass(120).await;
    for name in &names {
        assert!(world.find(&key(name)).await.is_none(), "{name}");
    }
    world.assert_stable().await;
    following.abort();
}
