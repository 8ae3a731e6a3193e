//! Years in virtual time: what the controller holds comes to a level and stays there.
//!
//! ```sh
//! DAYS=3000 cargo test --release -p evenkeel-tests --test simulation soak -- --nocapture
//! ```

use std::collections::BTreeMap;
use std::time::Duration;

use evenkeel::metrics::Format;
use evenkeel::reconcile::Options;
use evenkeel_core::manifest::Content;
use evenkeel_core::object::Kind;
use evenkeel_core::operation::Operation;
use evenkeel_sandbox::{Fault, Rule, When};
use evenkeel_store::Table;
use evenkeel_tests::World;
use evenkeel_tests::fleet::{self, Fleet};
use serde_json::json;

/// Two clusters with two services each.
const FLEET: Fleet = Fleet { services: 4, clusters: 2, variables: 1, places: 1 };

/// What declares a service: one that comes back is taken over again. Without a limit every revision stays ACTIVE, and is
/// remembered.
fn manifests(nth: usize, tag: &str) -> Content {
    let text = FLEET.manifests(nth, tag).replacen("spec:\n", "spec:\n  retainRevisions: 10\n", 1);
    let text = text.replace("  scaling:\n", "  adoption: Adopt\n  scaling:\n");
    Content::Bytes(text.into_bytes())
}

/// A day in the life of a quiet fleet.
async fn day(world: &mut World, day: u64, rng: &mut fastrand::Rng) {
    let nth = rng.usize(0..FLEET.services);
    let (cluster, service) = (FLEET.namespace(nth), fleet::name(nth));
    match rng.u8(0..10) {
        // A new image; one in ten of them does not start.
        0..=3 => {
            let tag = format!("{day}.{}", if rng.u8(0..10) == 0 { "broken" } else { "0" });
            world.files.insert(FLEET.path(nth), manifests(nth, &tag));
            world.commit().await;
        }
        4 | 5 => {
            let grace = rng.u32(0..200);
            let body = json!({"cluster": cluster, "service": service, "healthCheckGracePeriodSeconds": grace});
            let _ = world.sandbox().call(world.clock.now(), &world.caller, Operation::UpdateService, &body);
        }
        6 => {
            let fault = rng.choice([Fault::Throttle, Fault::ServerError, Fault::LostAnswer, Fault::Timeout]).unwrap();
            world.sandbox().add_fault(Rule::any(When::Probability(0.3), fault));
            world.live(Duration::from_secs(3 * 3600)).await;
            world.sandbox().clear_faults();
        }
        7 => world.restart().await,
        // A service goes, and comes back.
        8 => {
            let file = world.files.remove(&FLEET.path(nth));
            world.commit().await;
            world.live(Duration::from_secs(2 * 3600)).await;
            world.files.extend(file.map(|file| (FLEET.path(nth), file)));
            world.commit().await;
        }
        _ => {}
    }
    world.live(Duration::from_secs(12 * 3600)).await;
    world.journal.take();
    world.wire.forget();
}

/// What the controller holds, by name.
async fn held(world: &World) -> BTreeMap<&'static str, usize> {
    let context = &world.engine.context;
    let mut held = BTreeMap::new();
    let stats = context.store.stats().await.unwrap();
    held.insert("events", stats.objects.iter().find(|(kind, _)| *kind == Kind::Event).map_or(0, |(_, count)| *count));
    for (name, table) in [
        ("memories", Table::Memory),
        ("revisions", Table::TaskDefinitions),
        ("observed", Table::Observed),
        ("source", Table::Source),
        ("history", Table::History),
    ] {
        let records = context.store.records(table).await.unwrap();
        held.insert(name, records.len());
        if matches!(table, Table::Memory | Table::History) {
            let largest = records.iter().map(|(_, value)| value.len()).max().unwrap_or_default();
            held.insert(if table == Table::Memory { "largest memory" } else { "largest history" }, largest);
        }
    }
    let mut largest = 0;
    for object in context.store.list(Kind::Service, None).await.unwrap() {
        largest = largest.max(serde_json::to_vec(&object.unwrap()).unwrap().len());
    }
    held.insert("largest service", largest);
    let queue = world.engine.queue.stats();
    held.insert("keys in the queue", queue.waiting + queue.depth.iter().map(|(_, count)| count).sum::<usize>());
    held.insert("series", context.metrics.render(&queue, Some(&stats), Format::Text).lines().count());
    held.insert("store, KiB", usize::try_from(stats.bytes / 1024).unwrap());
    held
}

#[tokio::test(start_paused = true)]
async fn over_years_what_it_holds_comes_to_a_level_and_stays_there() {
    let days = std::env::var("DAYS").map_or(30, |text| text.parse::<u64>().unwrap());
    let seed = std::env::var("SEED").map_or(1, |text| text.parse().unwrap());
    let mut rng = fastrand::Rng::with_seed(seed);
    // A look each ten minutes: what is held does not depend on how often one looks, the time that this takes does.
    let ten_minutes = Duration::from_secs(600);
    let options = Options { interval: ten_minutes, resync: 6 * ten_minutes, ..Options::default() };
    let mut world = World::with(evenkeel_sandbox::Options { seed, ..Default::default() }, options).await;
    world.sandbox().fail_tasks_of("broken");
    world.files = FLEET.files();
    world.commit().await;
    world.live(ten_minutes).await;
    let (mut first, mut second) = (BTreeMap::new(), BTreeMap::new());
    for number in 1..=days {
        day(&mut world, number, &mut rng).await;
        let most = if number * 2 <= days { &mut first } else { &mut second };
        for (name, count) in held(&world).await {
            let most = most.entry(name).or_insert(0);
            *most = count.max(*most);
        }
    }
    println!("{days} days from SEED={seed}; most in the first half, and in the second:");
    for (name, before) in &first {
        println!("  {name}: {before}, {}", second[name]);
    }
    for (name, before) in first {
        let bound = match name {
            // Thinned out now and then.
            "revisions" => 256 + 20 * FLEET.services,
            // Until each has its ten last rollouts, which takes months.
            "largest memory" | "largest service" => 16 << 10,
            // Segments of half a megabyte.
            "store, KiB" => before * 3 / 2 + 2_048,
            _ => before + before / 4 + 16,
        };
        assert!(second[name] <= bound, "SEED={seed} DAYS={days}: {name} grew from {before} to {}", second[name]);
    }
    for nth in 0..FLEET.services {
        world.files.insert(FLEET.path(nth), manifests(nth, "9.9"));
    }
    world.commit().await;
    world.live(6 * ten_minutes).await;
    world.assert_stable().await;
}
