//! Stories under trouble: what a scenario comes to when its calls are struck, or when its world is disturbed all along.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;
use std::time::Duration;

use evenkeel_core::object::Kind;
use evenkeel_core::operation::Access;
use jiff::SignedDuration;
use serde_json::{Value, json};

use super::command::Player;
use super::{read, runtime};
use crate::world::Nuisance;
use crate::{Call, Strike, World, account};

/// What a strike has to heal before the story goes on: the longest wait after a failure (five minutes and a tenth, after a
/// missing permission), and a rollout.
pub(super) const HEAL: Duration = Duration::from_secs(600);

/// How long a world that has come to rest is watched, in the middle of a story and at its end: many looks at everything,
/// and at the end the longest resync.
pub(super) const REST: Duration = Duration::from_secs(600);

/// What is the matter all the time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Disturbance {
    /// Reads lag behind writes, by ten seconds.
    Lagging,
    /// Reads show now what is, and now what was, up to ten seconds ago.
    Jumping,
    /// Every answer takes seconds, in which other things happen.
    Slow,
    /// Events are missed: watches of the store lose their place.
    Missed,
    /// Events come twice: each commit, and every few seconds a change of each object that changes nothing.
    Repeated,
    /// The controller is killed every few seconds.
    Killed,
}

impl Disturbance {
    /// All of them, by name.
    pub const ALL: [(&'static str, Self); 6] = [
        ("lagging", Self::Lagging),
        ("jumping", Self::Jumping),
        ("slow", Self::Slow),
        ("missed", Self::Missed),
        ("repeated", Self::Repeated),
        ("killed", Self::Killed),
    ];
}

/// A scenario's trouble. It is written as `image: lost-answer UpdateService#1 + throttle DescribeServices#9`, or as
/// `image: jumping`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Trial {
    /// Name of the scenario.
    pub scenario: String,
    /// What goes wrong at single calls.
    pub strikes: Vec<Strike>,
    /// What is the matter all along.
    pub disturbance: Option<Disturbance>,
}

impl fmt::Display for Trial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let known = Disturbance::ALL.iter().filter(|(_, one)| Some(*one) == self.disturbance);
        let words: Vec<String> =
            known.map(|(name, _)| (*name).to_owned()).chain(self.strikes.iter().map(Strike::to_string)).collect();
        write!(f, "{}: {}", self.scenario, words.join(" + "))
    }
}

/// What a story came to.
#[derive(Debug)]
pub struct Ending {
    /// Everything in AWS, and what is said of each object.
    pub state: Value,
    /// How often each thing was asked of AWS and done.
    pub asked: BTreeMap<String, usize>,
    /// All calls until the story was told.
    pub calls: Vec<Call>,
    /// How many strikes came.
    pub struck: usize,
}

impl Trial {
    /// A scenario without trouble.
    pub fn of(scenario: &str) -> Self {
        Self { scenario: scenario.to_owned(), ..Self::default() }
    }

    /// Reads one.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let (scenario, trouble) = text.split_once(':').ok_or_else(|| format!("{text:?} names no scenario"))?;
        let mut trial = Self::of(scenario.trim());
        for word in trouble.split('+').map(str::trim).filter(|word| !word.is_empty()) {
            match Disturbance::ALL.iter().find(|(name, _)| *name == word) {
                Some((_, disturbance)) => trial.disturbance = Some(*disturbance),
                None => trial.strikes.push(Strike::parse(word)?),
            }
        }
        Ok(trial)
    }

    pub(super) fn repeats(&self) -> bool {
        self.disturbance == Some(Disturbance::Repeated)
    }

    /// The world of the story.
    pub(super) async fn world(
        &self,
        mut sandbox: evenkeel_sandbox::Options,
        options: evenkeel::reconcile::Options,
    ) -> World {
        let mut recent = evenkeel_store::Options::default().recent_changes;
        match self.disturbance {
            Some(Disturbance::Lagging) => sandbox.staleness = SignedDuration::from_secs(10),
            Some(Disturbance::Jumping) => {
                sandbox.staleness = SignedDuration::from_secs(10);
                sandbox.jumping = true;
            }
            Some(Disturbance::Slow) => sandbox.latency = Duration::from_millis(900),
            Some(Disturbance::Missed) => recent = 1,
            Some(Disturbance::Repeated | Disturbance::Killed) | None => {}
        }
        let mut world = World::on(sandbox, options, recent).await;
        world.wire.strike(&self.strikes);
        world.nuisance = match self.disturbance {
            Some(Disturbance::Repeated) => Some((Duration::from_secs(7), Nuisance::Repeat)),
            Some(Disturbance::Killed) => Some((Duration::from_secs(11), Nuisance::Kill)),
            _ => None,
        };
        world
    }

    /// Plays the scenario, of this directory, under its trouble. When the story is told there is no more of it, and the
    /// world has time to come to rest, and then some in which nothing may be written.
    ///
    /// # Errors
    /// A line that cannot be played, or what was written when nothing was to be.
    pub fn play(&self, directory: &Path) -> Result<Ending, String> {
        let path = directory.join(&self.scenario).with_extension("txt");
        let lines = read(&path)?;
        runtime()?.block_on(async {
            let mut player = Player::troubled(directory.join("fixtures"), self.clone());
            for line in &lines {
                player.try_line(line).await.map_err(|why| format!("line {}, {}: {why}", line.number, line.verb))?;
            }
            let world = player.world().ok_or("the scenario does nothing")?;
            let (calls, struck) = (world.wire.calls(), world.wire.struck());
            world.wire.disarm();
            world.nuisance = None;
            world.live(HEAL).await;
            world.quiet_for(2 * REST).await?;
            let done =
                world.wire.calls().into_iter().filter(|call| call.accepted && call.operation.access() == Access::Write);
            let mut asked = BTreeMap::new();
            for mut call in done {
                // It follows from the object's uid, and that from what was stored before.
                call.body.as_object_mut().map(|body| body.remove("clientToken"));
                *asked.entry(format!("{} {}", call.operation, call.body)).or_default() += 1;
            }
            Ok(Ending { state: json!({"aws": account(world), "said": said(world).await}), asked, calls, struck })
        })
    }
}

/// What is said of each object, in words that do not differ from run to run.
async fn said(world: &World) -> Value {
    let mut found = BTreeMap::new();
    for kind in [Kind::Cluster, Kind::TaskDefinition, Kind::Service] {
        let Ok(listing) = world.engine.context.store.list(kind, None).await else { continue };
        for object in listing.into_iter().flatten() {
            let conditions = object.status["conditions"].as_array().cloned().unwrap_or_default();
            let ready = conditions.iter().find(|condition| condition["type"] == "Ready").cloned().unwrap_or_default();
            let words = json!([ready["status"], ready["reason"], object.status["sync"], object.status["health"]]);
            found.insert(object.key().to_string(), words);
        }
    }
    json!(found)
}
