//! The source changes at any moment, also while it is read: commits that come file by file, links that move and vanish,
//! trees that are removed under the reader, empty ones, and history that goes back.
//!
//! What is read is real files, and how they change between two reads is real time, so that a seed repeats what is done and
//! not when: `SEED=7 STORMS=100 cargo test -p evenkeel-tests --test simulation storm`.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use evenkeel::follow::follow;
use evenkeel::http::Readiness;
use evenkeel::source::{self, Source};
use evenkeel_core::object::Kind;
use evenkeel_core::operation::Operation;
use evenkeel_tests::World;
use serde_json::json;

use super::converge::SHOP;

/// What git-sync publishes: worktrees, and a link to one of them.
struct Published(PathBuf);

impl Published {
    fn tree(&self, commit: u64) -> PathBuf {
        self.0.join(format!(".worktrees/{commit:040x}"))
    }

    /// The three objects in three files, which agree on a number.
    fn files(number: u64) -> Vec<(String, String)> {
        let text = SHOP.replace("app:1.0", &format!("app:{number}")).replace("[sg-1]", &format!("[sg-{number}]"));
        text.split("---\n").enumerate().map(|(nth, part)| (format!("{nth}.yaml"), part.to_owned())).collect()
    }

    fn write(&self, commit: u64, files: &[(String, String)], pause: u64) {
        let tree = self.tree(commit);
        fs::create_dir_all(&tree).unwrap();
        fs::write(tree.join(".git"), format!("gitdir: ../../.git/worktrees/{commit:040x}\n")).unwrap();
        for (name, text) in files {
            let (half, rest) = text.split_at(text.len() / 2);
            fs::write(tree.join(name), half).unwrap();
            std::thread::sleep(Duration::from_millis(pause));
            fs::write(tree.join(name), format!("{half}{rest}")).unwrap();
        }
    }

    fn link(&self, commit: u64) {
        let aside = self.0.join("aside");
        let _ = fs::remove_file(&aside);
        symlink(format!(".worktrees/{commit:040x}"), &aside).unwrap();
        fs::rename(aside, self.0.join("current")).unwrap();
    }

    /// One thing after another, until it is over; the last commit that was published whole.
    fn storm(&self, mut rng: fastrand::Rng, over: &AtomicBool) -> u64 {
        let mut last = 1;
        for commit in 2.. {
            if over.load(Ordering::Relaxed) {
                break;
            }
            match rng.u8(0..6) {
                // A commit, and the worktree before goes at once.
                0 | 1 => {
                    self.write(commit, &Self::files(commit), rng.u64(0..5));
                    self.link(commit);
                    if rng.bool() {
                        let _ = fs::remove_dir_all(self.tree(last));
                    }
                    last = commit;
                }
                // The link is gone for a while.
                2 => {
                    let _ = fs::remove_file(self.0.join("current"));
                    std::thread::sleep(Duration::from_millis(rng.u64(0..250)));
                    self.link(last);
                }
                // A tree without a manifest.
                3 => {
                    self.write(commit, &[], 0);
                    self.link(commit);
                    std::thread::sleep(Duration::from_millis(rng.u64(0..250)));
                    self.link(last);
                }
                // The tree is removed under the reader, and made again.
                4 => {
                    let _ = fs::remove_dir_all(self.tree(last));
                    std::thread::sleep(Duration::from_millis(rng.u64(0..250)));
                    self.write(last, &Self::files(last), 0);
                }
                // History goes back, and on again.
                _ => {
                    self.write(1, &Self::files(1), 0);
                    self.link(1);
                    std::thread::sleep(Duration::from_millis(rng.u64(0..250)));
                    self.write(last, &Self::files(last), 0);
                    self.link(last);
                }
            }
            std::thread::sleep(Duration::from_millis(rng.u64(0..200)));
        }
        self.write(last, &Self::files(last), 0);
        self.link(last);
        last
    }
}

/// The number that image and security group of the store's objects have in common.
async fn numbers(world: &World) -> [String; 2] {
    let definition = world.object(Kind::TaskDefinition, "shop", "web").await.spec;
    let service = world.object(Kind::Service, "shop", "web").await.spec;
    let image = definition["taskDefinition"]["containerDefinitions"][0]["image"].as_str().unwrap_or_default();
    let group = &service["service"]["networkConfiguration"]["awsvpcConfiguration"]["securityGroups"][0];
    [image.replace("app:", ""), group.as_str().unwrap_or_default().replace("sg-", "")]
}

async fn weather(seed: u64, directory: &Path) {
    let again = format!("SEED={seed} STORMS=1 cargo test -p evenkeel-tests --test simulation storm");
    let published = Arc::new(Published(directory.to_owned()));
    published.write(1, &Published::files(1), 0);
    published.link(1);
    let world = World::new().await;
    let (engine, source) = (world.engine.clone(), Source::new(directory.join("current"), source::POLL));
    let following = tokio::spawn(follow(engine, source, Readiness::default()));
    world.pass(120).await;
    world.all_ready().await.unwrap();
    let over = Arc::new(AtomicBool::new(false));
    let thread = {
        let (published, over) = (published.clone(), over.clone());
        std::thread::spawn(move || published.storm(fastrand::Rng::with_seed(seed), &over))
    };
    for _ in 0..60 {
        world.pass(10).await;
        let [image, group] = numbers(&world).await;
        assert_eq!(image, group, "{again}: half of a commit was applied");
    }
    over.store(true, Ordering::Relaxed);
    let last = tokio::task::spawn_blocking(|| thread.join().unwrap()).await.unwrap();
    world.pass(600).await;
    world.ready_and_quiet().await.unwrap_or_else(|why| panic!("{again}\n{why}"));
    assert_eq!(numbers(&world).await, [last.to_string(), last.to_string()], "{again}");
    let gone = [Operation::DeleteService, Operation::DeleteCluster, Operation::DeregisterScalableTarget];
    let taken: Vec<_> = world.wire.calls().into_iter().filter(|call| gone.contains(&call.operation)).collect();
    assert!(taken.is_empty(), "{again}: {taken:?}");
    let stopped = world.wire.writes_since(0).into_iter().any(|call| call.body["desiredCount"] == json!(0));
    assert!(!stopped, "{again}");
    following.abort();
}

#[tokio::test(start_paused = true)]
async fn whatever_happens_to_the_source_whole_commits_are_applied_and_nothing_is_removed() {
    let number = |name: &str, otherwise| std::env::var(name).map_or(otherwise, |text| text.parse::<u64>().unwrap());
    let first = number("SEED", 1);
    for seed in first..first + number("STORMS", 1) {
        let directory = tempfile::tempdir().unwrap();
        weather(seed, directory.path()).await;
    }
}
