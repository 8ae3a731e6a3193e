#![allow(clippy::unwrap_used)]

use evenkeel_core::object::Kind;
use evenkeel_core::operation::Operation;
use serde_json::Value;

use super::*;

fn key(name: &str) -> ObjectKey {
    ObjectKey::new(Kind::Service, "shop", name)
}

fn actions(operations: &[Operation]) -> Vec<Action> {
    let action = |operation: &Operation| Action { operation: *operation, body: Value::Null, reason: String::new() };
    operations.iter().map(action).collect()
}

/// Takes the tokens for good.
fn reserve(
    budget: &Budget,
    now: Instant,
    key: &ObjectKey,
    priority: Priority,
    actions: &[Action],
) -> Result<(), Short> {
    budget.reserve(now, key, priority, None, actions).map(|held| drop(held.spent()))
}

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

#[test]
fn a_plan_gets_all_its_tokens_or_none() {
    let (budget, now) = (Budget::new(0.5), Instant::now());
    let plan = actions(&[Operation::RegisterTaskDefinition; 6]);
    reserve(&budget, now, &key("a"), Priority::NewCommit, &plan).unwrap();
    let short = reserve(&budget, now, &key("b"), Priority::NewCommit, &plan).unwrap_err();
    // 4 of 10 are left, and half a token comes each second.
    assert_eq!((short.bucket, short.wait.as_secs()), (Bucket::TaskDefinitionModify, 4));
    assert!((budget.levels(now)[0].tokens - 4.0).abs() < 1e-9);
    assert_eq!(budget.levels(now)[0].waiting, 1);
    reserve(&budget, now + short.wait, &key("b"), Priority::NewCommit, &plan).unwrap();
    assert_eq!(budget.levels(now + short.wait)[0].waiting, 0);
}

#[test]
fn reads_and_writes_never_wait_for_each_other() {
    let (budget, now) = (Budget::new(0.5), Instant::now());
    for _ in 0..200 {
        budget.book(now, Bucket::ServiceRead);
    }
    assert!(budget.admit(now, &key("a"), Priority::Repair, Bucket::ServiceRead, 1.0).is_err());
    reserve(&budget, now, &key("a"), Priority::Repair, &actions(&[Operation::UpdateService])).unwrap();
}

#[test]
fn everybody_who_waits_comes_back_to_tokens_that_are_there() {
    let (budget, start) = (Budget::new(0.5), Instant::now());
    let plan = actions(&[Operation::UpdateService]);
    let mut due: BTreeMap<Instant, Vec<usize>> = BTreeMap::new();
    let (mut asked, mut done) = (0, 0);
    let mut ask = |now: Instant, nth: usize| {
        asked += 1;
        reserve(&budget, now, &key(&format!("{nth}")), Priority::NewCommit, &plan).map_err(|short| now + short.wait)
    };
    for nth in 0..1_000 {
        match ask(start, nth) {
            Ok(()) => done += 1,
            Err(then) => due.entry(then).or_default().push(nth),
        }
    }
    let mut last = start;
    while let Some((now, waiters)) = due.pop_first() {
        last = now;
        for nth in waiters {
            match ask(now, nth) {
                Ok(()) => done += 1,
                Err(then) => due.entry(then).or_default().push(nth),
            }
        }
    }
    assert_eq!(done, 1_000);
    // 25 at once, and 2.5 a second.
    let took = last.duration_since(start).as_secs_f64();
    assert!((390.0..395.0).contains(&took), "{took} seconds");
    assert!(asked < 2_100, "each asks about twice, not {asked} times together");
}

#[test]
fn repair_goes_before_commits_that_wait_already() {
    let (budget, now) = (Budget::new(0.5), Instant::now());
    let plan = actions(&[Operation::UpdateService]);
    while reserve(&budget, now, &key("first"), Priority::NewCommit, &plan).is_ok() {}
    for nth in 0..100 {
        let name = format!("commit-{nth}");
        assert!(reserve(&budget, now, &key(&name), Priority::NewCommit, &plan).is_err());
    }
    let short = reserve(&budget, now + seconds(1), &key("repair"), Priority::Repair, &plan);
    assert!(short.is_ok(), "two tokens came meanwhile: {short:?}");
}

#[test]
fn a_plan_larger_than_the_bucket_goes_once_it_is_full() {
    let (budget, now) = (Budget::new(0.1), Instant::now());
    let plan = actions(&[Operation::RegisterTaskDefinition; 5]);
    reserve(&budget, now, &key("a"), Priority::NewCommit, &plan).unwrap();
    let short = reserve(&budget, now, &key("b"), Priority::NewCommit, &plan).unwrap_err();
    reserve(&budget, now + short.wait, &key("b"), Priority::NewCommit, &plan).unwrap();
    assert!(short.wait >= seconds(40), "the debt of the first one comes first: {short:?}");
}

#[test]
fn what_is_wanted_no_more_holds_nobody_up() {
    let (budget, now) = (Budget::new(0.5), Instant::now());
    let plan = actions(&[Operation::RegisterTaskDefinition; 10]);
    reserve(&budget, now, &key("a"), Priority::NewCommit, &plan).unwrap();
    reserve(&budget, now, &key("b"), Priority::NewCommit, &plan).unwrap_err();
    let one = actions(&[Operation::RegisterTaskDefinition]);
    let behind = reserve(&budget, now, &key("c"), Priority::NewCommit, &one).unwrap_err();
    assert_eq!(behind.wait.as_secs(), 22);
    budget.leave(&key("b"));
    let first = reserve(&budget, now, &key("c"), Priority::NewCommit, &one).unwrap_err();
    assert_eq!(first.wait.as_secs(), 2);
}

#[tokio::test(start_paused = true)]
async fn what_a_plan_needs_no_more_goes_back_and_what_it_needs_more_is_taken() {
    let (budget, now) = (Budget::new(0.5), Instant::now());
    let level = || budget.levels(now)[0].tokens;
    let (one, two) = (actions(&[Operation::UpdateService]), actions(&[Operation::UpdateService; 2]));
    let held = budget.reserve(now, &key("a"), Priority::Repair, None, &two).unwrap();
    assert_eq!(level(), 23.0);
    let held = budget.reserve(now, &key("a"), Priority::Repair, Some(held), &one).unwrap();
    assert_eq!(level(), 24.0);
    drop(held);
    assert_eq!(level(), 25.0, "nothing was written after all");
    let held = budget.reserve(now, &key("a"), Priority::Repair, None, &one).unwrap();
    budget.reserve(now, &key("a"), Priority::Repair, Some(held), &two).unwrap().spent();
    assert_eq!(level(), 23.0);
}
