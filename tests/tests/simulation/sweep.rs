//! Every scenario under trouble: one fault at each of its calls, two at once, and worlds that are disturbed all along.
//! Whatever it was, the story comes to the same end, without another rollout, revision or service than it has
//! undisturbed, and rests there.
//!
//! Some trials of a few scenarios, drawn from a fixed seed, are played in every run; `SWEEP` plays more, of all:
//!
//! ```sh
//! SWEEP=singles cargo test --release -p evenkeel-tests --test simulation sweep -- --nocapture   # every call, every fault
//! SWEEP=steps …      # the controller dies at every await that follows a call
//! SWEEP=disturbed …  # lagging and jumping reads, slow answers, missed and repeated events, a controller killed again and again
//! SWEEP=doubles SEED=7 TRIALS=20000 …
//! SCENARIO=image,count SWEEP=singles …
//! ```
//!
//! What fails is printed as a line that plays it again, `TRIAL='image: lost-answer UpdateService#1' …`. Lines that once
//! failed stand in `tests/regressions/trials.txt`, and are always played.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use evenkeel_core::operation::Access;
use evenkeel_sandbox::Fault;
use evenkeel_tests::script::{Disturbance, Ending, Trial, scenarios};
use evenkeel_tests::{Blow, Strike};
use serde_json::{Map, Value};

fn directory() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios")
}

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|text| !text.is_empty())
}

/// A scenario and how it goes undisturbed.
struct Story {
    name: String,
    end: Ending,
    /// Number of calls that can matter: up to the last write, and some that see it.
    calls: usize,
}

impl Story {
    fn told(path: &Path) -> Self {
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        let end = Trial::of(&name).play(&directory()).unwrap_or_else(|why| panic!("{name}: {why}"));
        let last = end.calls.iter().rposition(|call| call.operation.access() == Access::Write);
        let calls = end.calls.len().min(last.unwrap_or_default() + 20);
        Self { name, end, calls }
    }

    fn blows(&self, number: usize) -> Vec<Blow> {
        // A read whose answer is lost is one that did not happen.
        let mut blows = vec![
            Blow::Fault(Fault::Throttle),
            Blow::Fault(Fault::ServerError),
            Blow::Fault(Fault::AccessDenied),
            Blow::Fault(Fault::Reset),
            Blow::Fault(Fault::Timeout),
            Blow::Fault(Fault::Truncated),
            Blow::DieAfter(0),
        ];
        if self.end.calls[number].operation.access() == Access::Write {
            blows.extend([Blow::Fault(Fault::Unavailable), Blow::Fault(Fault::LostAnswer), Blow::DieBefore]);
        }
        blows
    }

    fn strike(&self, number: usize, blow: Blow) -> Strike {
        Strike::at(&self.end.calls, number, blow)
    }

    /// Whether it may be held up: what a strike has to heal moves the rest of the story, and windows stay where they are.
    fn can_wait(&self) -> bool {
        !self.name.starts_with("change-window")
    }

    fn trial(&self, strikes: Vec<Strike>) -> Trial {
        Trial { strikes, ..Trial::of(&self.name) }
    }

    /// Each fault at each call.
    fn singles(&self) -> Vec<Trial> {
        let at = |number| self.blows(number).into_iter().map(move |blow| self.trial(vec![self.strike(number, blow)]));
        (0..self.calls).filter(|_| self.can_wait()).flat_map(at).collect()
    }

    /// Death at each await that follows a write, and the read before it: as many steps as it takes until the next call.
    fn steps(&self) -> Vec<Trial> {
        let near = |number: &usize| {
            let calls = &self.end.calls[*number..self.calls.min(*number + 2)];
            calls.iter().any(|call| call.operation.access() == Access::Write)
        };
        let at = |number| (1..=STEPS).map(move |step| self.trial(vec![self.strike(number, Blow::DieAfter(step))]));
        (0..self.calls).filter(|_| self.can_wait()).filter(near).flat_map(at).collect()
    }

    /// Two faults, anywhere.
    fn double(&self, rng: &mut fastrand::Rng) -> Trial {
        let first = rng.usize(0..self.calls);
        // Half of them near to each other, where one meets what the other left.
        let second = if rng.bool() { first + rng.usize(1..12) } else { rng.usize(0..self.calls) };
        let strikes = [first, second.min(self.calls - 1)].map(|number| {
            let blow = rng.choice(self.blows(number)).unwrap();
            self.strike(number, blow)
        });
        self.trial(strikes.into())
    }

    fn disturbed(&self) -> impl Iterator<Item = Trial> {
        let sound = |(_, disturbance): &(_, Disturbance)| !EXCEPT.contains(&(&self.name, *disturbance));
        let trial = |(_, disturbance)| Trial { disturbance: Some(disturbance), ..Trial::of(&self.name) };
        Disturbance::ALL.into_iter().filter(sound).map(trial)
    }

    /// What is wrong with how a trial ended.
    fn judge(&self, trial: &Trial) -> Result<(), String> {
        let end = trial.play(&directory())?;
        if let Some(difference) = difference("", &self.end.state, &end.state) {
            return Err(difference);
        }
        if trial.disturbance.is_some() {
            // Who sees something else, or at another time, may go another way.
            return Ok(());
        }
        // What was done and is not known to be done may be asked for once more by each strike. What a death comes between may
        // be asked for in one call instead of two, so nothing but the members of a call must be known.
        let (known, asked) = (members(&self.end.asked), members(&end.asked));
        if let Some(what) = asked.difference(&known).next() {
            return Err(format!("{what}: was never asked for undisturbed"));
        }
        let more =
            end.asked.iter().filter(|(what, _)| self.end.asked.contains_key(*what)).find(|(what, times)| {
                self.end.asked.get(*what).is_none_or(|known| **times > known + trial.strikes.len())
            });
        more.map_or(Ok(()), |(what, times)| {
            let known = self.end.asked.get(what).copied().unwrap_or_default();
            Err(format!("{what}: asked {times} times, and {known} times undisturbed"))
        })
    }
}

/// What cannot come to the same end.
const EXCEPT: [(&str, Disturbance); 4] = [
    // Who loses the store before his last write shows cannot know of it: it is sent again.
    ("lost-store-in-a-rollout", Disturbance::Lagging),
    ("lost-store-in-a-rollout", Disturbance::Jumping),
    // Somebody makes a scalable target and sets the count in one moment: one read shows the count, the other no target.
    ("foreign-target", Disturbance::Jumping),
    // Nobody lives long enough to see a rollout arrive, so the revision before is the one to go back to, and is kept.
    ("retain-revisions", Disturbance::Killed),
];

/// The members of the calls that were made, each with its operation.
fn members(asked: &BTreeMap<String, usize>) -> BTreeSet<String> {
    let of = |what: &String| {
        let (operation, body) = what.split_once(' ').unwrap_or((what, ""));
        let body: Map<String, Value> = serde_json::from_str(body).unwrap_or_default();
        body.into_iter().map(|(name, value)| format!("{operation} {name}={value}")).collect::<Vec<_>>()
    };
    asked.keys().flat_map(of).collect()
}

/// Scenarios of which every run plays some trials.
const SHARE: [&str; 8] = [
    "converge",
    "image-and-network",
    "count",
    "tags",
    "policies",
    "service-deleted",
    "adoption",
    "code-deploy-no-group",
];

/// Steps of the runtime after which a pass that began is over, or waits for its next call (measured: 24 at most).
const STEPS: u32 = 30;

/// Where two documents differ first.
fn difference(path: &str, expected: &Value, found: &Value) -> Option<String> {
    match (expected, found) {
        (Value::Object(a), Value::Object(b)) => a
            .keys()
            .chain(b.keys().filter(|name| !a.contains_key(*name)))
            .find_map(|name| difference(&format!("{path}/{name}"), &expected[name], &found[name])),
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => {
            let mut pairs = a.iter().zip(b).enumerate();
            pairs.find_map(|(index, (a, b))| difference(&format!("{path}/{index}"), a, b))
        }
        (a, b) if a == b => None,
        _ => Some(format!("{path}: it is {found}, and {expected} undisturbed")),
    }
}

/// Works on all items, on as many threads as there are processors.
fn on_all<T: Send, R: Send>(items: Vec<T>, work: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let (items, results) = (Mutex::new(items.into_iter()), Mutex::new(Vec::new()));
    std::thread::scope(|threads| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            threads.spawn(|| {
                loop {
                    let Some(item) = items.lock().unwrap().next() else { return };
                    let result = work(&item);
                    results.lock().unwrap().push(result);
                }
            });
        }
    });
    results.into_inner().unwrap()
}

/// Stories by name, as they go undisturbed.
fn stories(wanted: impl Fn(&str) -> bool) -> Vec<Story> {
    let mut paths = scenarios(&directory());
    paths.retain(|path| path.file_stem().is_some_and(|name| wanted(&name.to_string_lossy())));
    let mut stories = on_all(paths, |path| Story::told(path));
    stories.sort_by(|a, b| a.name.cmp(&b.name));
    stories
}

fn play(stories: &[Story], trials: Vec<Trial>) {
    let (count, done) = (trials.len(), AtomicUsize::new(0));
    let failures = on_all(trials, |trial| {
        let story = stories.iter().find(|story| story.name == trial.scenario).expect("its story is told");
        let failure = story.judge(trial).err().map(|why| format!("TRIAL='{trial}' {COMMAND}\n  {why}"));
        if let Some(failure) = &failure {
            println!("{failure}");
        }
        let done = done.fetch_add(1, Ordering::Relaxed) + 1;
        if done % 1_000 == 0 {
            println!("{done} of {count} trials");
        }
        failure
    });
    let failures: Vec<String> = failures.into_iter().flatten().collect();
    println!("{count} trials, {} failed", failures.len());
    assert!(failures.is_empty(), "{} of {count} trials failed\n\n{}", failures.len(), failures.join("\n"));
}

const COMMAND: &str = "cargo test -p evenkeel-tests --test simulation sweep -- --nocapture";

/// Trials that once failed.
fn regressions() -> Vec<Trial> {
    let lines =
        include_str!("../../regressions/trials.txt").lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines.map(|line| Trial::parse(line).unwrap()).collect()
}

/// Some of them, the same ones each time.
fn some(mut trials: Vec<Trial>, count: usize, rng: &mut fastrand::Rng) -> Vec<Trial> {
    rng.shuffle(&mut trials);
    trials.truncate(count);
    trials
}

#[test]
fn whatever_goes_wrong_at_its_calls_every_scenario_comes_to_the_same_end() {
    if let Some(line) = variable("TRIAL") {
        let trial = Trial::parse(&line).unwrap();
        return play(&stories(|name| name == trial.scenario), vec![trial]);
    }
    let (sweep, only, regressions) = (variable("SWEEP"), variable("SCENARIO"), regressions());
    let stories = stories(|name| match (&only, &sweep) {
        (Some(only), _) => only.split(',').any(|one| one == name),
        (None, Some(_)) => true,
        (None, None) => SHARE.contains(&name) || regressions.iter().any(|trial| trial.scenario == name),
    });
    assert!(!stories.is_empty(), "there is no such scenario");
    let number = |name: &str, otherwise: usize| variable(name).map_or(otherwise, |text| text.parse().unwrap());
    let seed = number("SEED", 1) as u64;
    let mut rng = fastrand::Rng::with_seed(seed);
    let doubles = |rng: &mut fastrand::Rng, count| -> Vec<Trial> {
        let stories: Vec<&Story> = stories.iter().filter(|story| story.can_wait()).collect();
        (0..count).map(|_| stories[rng.usize(0..stories.len())].double(rng)).collect()
    };
    let all = |of: fn(&Story) -> Vec<Trial>| -> Vec<Trial> { stories.iter().flat_map(of).collect() };
    let disturbed = |story: &Story| story.disturbed().collect();
    let trials = match sweep.as_deref() {
        Some("singles") => all(Story::singles),
        Some("steps") => all(Story::steps),
        Some("disturbed") => all(disturbed),
        Some("doubles") => doubles(&mut rng, number("TRIALS", 1_000)),
        Some(other) => panic!("SWEEP={other}: write singles, steps, disturbed or doubles"),
        None => {
            let mut trials = regressions;
            trials.retain(|trial| stories.iter().any(|story| story.name == trial.scenario));
            for (kind, count) in [(all(Story::singles), 40), (all(Story::steps), 15), (all(disturbed), 10)] {
                trials.extend(some(kind, count, &mut rng));
            }
            trials.extend(doubles(&mut rng, 20));
            trials
        }
    };
    let trials = match variable("TRIALS") {
        Some(_) => some(trials, number("TRIALS", 0), &mut rng),
        None => trials,
    };
    println!("SEED={seed}");
    play(&stories, trials);
}
