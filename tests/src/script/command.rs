//! What each command does.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use evenkeel::apply::Summary;
use evenkeel_core::manifest::Content;
use evenkeel_core::operation::{Access, Operation};
use evenkeel_sandbox::{DeploymentGroup, Hook};
use serde_json::{Value, json};

use super::print;
use super::trial::{HEAL, REST, Trial};
use super::words::{Line, duration, fault, json_and_words, key, operation, service};
use crate::World;

/// Plays one script. The world begins with the first command that is not an option.
pub(super) struct Player {
    fixtures: PathBuf,
    sandbox: evenkeel_sandbox::Options,
    options: evenkeel::reconcile::Options,
    world: Option<World>,
    /// Calls that have been printed.
    printed: usize,
    /// What the world is troubled with; without it, a story is played for what it prints.
    trial: Option<Trial>,
    /// Strikes that had time to heal.
    healed: usize,
}

impl Player {
    pub(super) fn new(fixtures: PathBuf) -> Self {
        let (sandbox, options) = (evenkeel_sandbox::Options::default(), evenkeel::reconcile::Options::default());
        Self { fixtures, sandbox, options, world: None, printed: 0, trial: None, healed: 0 }
    }

    /// A player whose world is troubled.
    pub(super) fn troubled(fixtures: PathBuf, trial: Trial) -> Self {
        Self { trial: Some(trial), ..Self::new(fixtures) }
    }

    /// The world, once the story has one.
    pub(super) fn world(&mut self) -> Option<&mut World> {
        self.world.as_mut()
    }

    /// Plays a line of a trial: nothing is said of what has to be so at once, and what was struck has time to heal.
    pub(super) async fn try_line(&mut self, line: &Line) -> Result<(), String> {
        match (line.verb.as_str(), &mut self.world) {
            ("stable" | "quiet", Some(world)) => world.live(REST).await,
            _ => drop(self.play(line).await?),
        }
        let Some(world) = &mut self.world else { return Ok(()) };
        if matches!(line.verb.as_str(), "pass" | "start" | "stable" | "quiet") {
            while std::mem::replace(&mut self.healed, world.wire.struck()) != world.wire.struck() {
                world.live(HEAL).await;
            }
        }
        if line.verb == "start" {
            world.all_ready().await?;
        }
        if line.verb == "commit" && self.trial.as_ref().is_some_and(Trial::repeats) {
            world.repeat().await;
        }
        Ok(())
    }

    /// Plays a line and gives what it prints.
    pub(super) async fn play(&mut self, line: &Line) -> Result<String, String> {
        if line.verb == "#" {
            return Ok(String::new());
        }
        if line.verb == "option" {
            return self.option(&line.words());
        }
        if self.world.is_none() {
            let (sandbox, options) = (self.sandbox.clone(), self.options.clone());
            self.world = Some(match &self.trial {
                Some(trial) => trial.world(sandbox, options).await,
                None => World::with(sandbox, options).await,
            });
        }
        let Some(world) = &mut self.world else { return Err("there is no world".into()) };
        match line.verb.as_str() {
            "load" => load(world, &self.fixtures.join(&line.rest)),
            "start" => {
                start(world, &self.fixtures.join(&line.rest)).await?;
                if self.trial.is_none() {
                    world.all_ready().await?;
                }
                world.journal.take();
                self.printed = world.wire.calls().len();
                Ok("all is ready".into())
            }
            "write" => write(world, line),
            "edit" => edit(world, &line.rest),
            "delete" => delete(world, &line.rest),
            "commit" => Ok(applied(&world.commit().await)),
            "again" => Ok(applied(&world.apply().await)),
            "annotate" => annotate(world, &line.words()).await,
            "approve" => approve(world, &line.rest).await,
            "pass" => {
                world.live(duration(&line.rest)?).await;
                Ok(String::new())
            }
            "restart" => restart(world).await,
            "lose-store" => lose_store(world).await,
            "stable" => world.ready_and_quiet().await.map(|()| "ready, and an hour without a write".into()),
            "quiet" => world.quiet().await.map(|()| "an hour without a write".into()),
            "status" => status(world, &line.rest).await,
            "log" => log(world, &line.words()),
            "calls" => {
                let from = std::mem::replace(&mut self.printed, world.wire.calls().len());
                Ok(print::writes(&world.wire.calls()[from..]))
            }
            "reads" => Ok(reads(world, self.printed)),
            "show" => show(world, &line.words()),
            "revisions" => revisions(world, &line.rest),
            _ => actor(world, line),
        }
    }

    fn option(&mut self, words: &[&str]) -> Result<String, String> {
        if self.world.is_some() {
            return Err("options come before everything else".into());
        }
        match *words {
            ["unheeded", member] => self.sandbox.unheeded.push(member.to_owned()),
            ["staleness", text] => {
                self.sandbox.staleness = duration(text)?.try_into().map_err(|_| format!("{text} is too long"))?;
            }
            ["latency", text] => self.sandbox.latency = duration(text)?,
            ["throttling"] => self.sandbox.throttling = true,
            ["deployment-groups"] => self.sandbox.deployment_groups = true,
            ["installation", name] => self.options.installation = name.to_owned(),
            ["read-only"] => self.options.read_only = true,
            _ => return Err(format!("there is no option {words:?}")),
        }
        Ok(String::new())
    }
}

/// What second actors do, and what goes wrong.
fn actor(world: &World, line: &Line) -> Result<String, String> {
    let (words, now) = (line.words(), world.clock.now());
    let mut sandbox = world.sandbox();
    match (line.verb.as_str(), words.as_slice()) {
        ("aws", [name, ..]) => {
            let operation = operation(name)?;
            let (body, pointers) = json_and_words(&line.rest[name.len()..])?;
            let answer = sandbox.call(now, &world.caller, operation, &body).map_err(|error| format!("{error:?}"))?;
            return Ok(if pointers.is_empty() { String::new() } else { print::picked(&answer, &pointers) });
        }
        ("metric", [name, metric, value]) => {
            let (cluster, service) = service(name)?;
            let metric = match *metric {
                "cpu" => "ECSServiceAverageCPUUtilization",
                "memory" => "ECSServiceAverageMemoryUtilization",
                other => other,
            };
            let value = value.parse().map_err(|error| format!("{value}: {error}"))?;
            sandbox.set_metric(now, &world.caller, cluster, service, metric, value);
        }
        ("count", [name, count]) => {
            let (cluster, service) = service(name)?;
            let count = count.parse().map_err(|error| format!("{count}: {error}"))?;
            let set = sandbox.set_desired_count(now, &world.caller, cluster, service, count);
            set.map_err(|error| format!("{error:?}"))?;
        }
        ("fail-image", [image]) => sandbox.fail_tasks_of(image),
        ("fail-health", [image, after]) => {
            let after = duration(after)?.try_into().map_err(|_| format!("{after} is too long"))?;
            sandbox.fail_health_checks_of(image, after);
        }
        ("heal-image", [image]) => sandbox.heal_tasks_of(image),
        ("alarm", [name, state @ ("on" | "off")]) => sandbox.set_alarm(now, name, *state == "on"),
        ("hook", [function, does]) => {
            let hook = match *does {
                "fails" => Some(Hook::Fails),
                "waits" => Some(Hook::Waits),
                "succeeds" => None,
                other => return Err(format!("{other:?}: write fails, waits or succeeds")),
            };
            sandbox.set_hook(now, function, hook);
        }
        ("code-deploy", [group, name, blue, green, wait]) => {
            let (application, group) = service(group)?;
            let (cluster, service) = service(name)?;
            let listeners = listeners(application);
            let made = DeploymentGroup {
                application,
                group,
                cluster,
                service,
                target_groups: [blue, green],
                production_listener: &listeners[0],
                test_listener: Some(&listeners[1]),
                termination_wait_minutes: i64::try_from(duration(wait)?.as_secs() / 60).unwrap_or_default(),
            };
            let made = sandbox.provision_code_deploy(now, &world.caller, &made);
            made.map_err(|error| format!("{error:?}"))?;
        }
        ("fault", words) => sandbox.add_fault(fault(words)?),
        ("no-faults", []) => sandbox.clear_faults(),
        _ => return Err("there is no such command, or not with these words".into()),
    }
    Ok(String::new())
}

/// ARNs of a production and a test listener.
fn listeners(application: &str) -> [String; 2] {
    let arn = "arn:aws:elasticloadbalancing:ap-northeast-1:123456789012:listener/app";
    [443, 1443].map(|port| format!("{arn}/{application}/0123456789abcdef/{port}"))
}

fn load(world: &mut World, directory: &std::path::Path) -> Result<String, String> {
    let wrong = |error: std::io::Error| format!("{}: {error}", directory.display());
    for entry in std::fs::read_dir(directory).map_err(wrong)? {
        let path = entry.map_err(wrong)?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        world.files.insert(name, Content::Bytes(std::fs::read(&path).map_err(wrong)?));
    }
    Ok(String::new())
}

/// Loads and commits a directory, and gives it the time to become ready.
async fn start(world: &mut World, directory: &std::path::Path) -> Result<(), String> {
    load(world, directory)?;
    world.commit().await;
    world.live(Duration::from_secs(120)).await;
    Ok(())
}

fn write(world: &mut World, line: &Line) -> Result<String, String> {
    world.files.insert(line.rest.clone(), Content::Bytes(line.block.clone().into_bytes()));
    Ok(String::new())
}

/// `PATH OLD => NEW`: the text must stand in the file exactly once. `\n` in it is a line break.
fn edit(world: &mut World, rest: &str) -> Result<String, String> {
    let (path, change) = rest.split_once(' ').ok_or("write: edit PATH OLD => NEW")?;
    let (old, new) = change.split_once("=>").ok_or("write: edit PATH OLD => NEW")?;
    let (old, new) = (old.trim().replace("\\n", "\n"), new.trim().replace("\\n", "\n"));
    let Some(Content::Bytes(bytes)) = world.files.get_mut(path) else { return Err(format!("there is no {path}")) };
    let text = String::from_utf8_lossy(bytes).into_owned();
    match text.matches(&old).count() {
        1 => *bytes = text.replace(&old, &new).into_bytes(),
        count => return Err(format!("{old:?} stands in {path} {count} times, not once")),
    }
    Ok(String::new())
}

fn delete(world: &mut World, path: &str) -> Result<String, String> {
    world.files.remove(path).map(|_| String::new()).ok_or_else(|| format!("there is no {path}"))
}

fn applied(summary: &Summary) -> String {
    let counts = [
        (summary.created, "created"),
        (summary.changed, "changed"),
        (summary.deleted, "deleted"),
        (summary.waiting, "waiting"),
    ];
    let counts = counts.iter().filter(|(count, _)| *count > 0).map(|(count, word)| format!("{count} {word}"));
    let counts: Vec<String> = counts.collect();
    let mut rows = vec![if counts.is_empty() { "nothing changed".to_owned() } else { counts.join(", ") }];
    rows.extend(summary.held.iter().map(|why| format!("held: {why}")));
    rows.join("\n")
}

async fn annotate(world: &World, words: &[&str]) -> Result<String, String> {
    let [object, assignment] = words else { return Err("write: annotate OBJECT NAME=VALUE".into()) };
    let (name, value) = assignment.split_once('=').ok_or("write: annotate OBJECT NAME=VALUE")?;
    world.annotate(&key(object)?, &format!("evenkeel.dev/{name}"), value).await;
    Ok(String::new())
}

/// Approves all that an object waits for a word about.
async fn approve(world: &World, object: &str) -> Result<String, String> {
    let key = key(object)?;
    let found = world.find(&key).await.ok_or_else(|| format!("there is no {key}"))?;
    let waiting = found.status["waiting"].as_array().cloned().unwrap_or_default();
    let tokens: Vec<String> = waiting
        .iter()
        .filter_map(|waiting| waiting["message"].as_str()?.split_once("evenkeel.dev/approve="))
        .map(|(_, token)| token.to_owned())
        .collect();
    if tokens.is_empty() {
        return Err(format!("{key} waits for no approval"));
    }
    world.annotate(&key, "evenkeel.dev/approve", &tokens.join(",")).await;
    Ok(String::new())
}

async fn restart(world: &mut World) -> Result<String, String> {
    world.restart().await;
    Ok(String::new())
}

async fn lose_store(world: &mut World) -> Result<String, String> {
    world.lose_store().await;
    Ok(String::new())
}

async fn status(world: &World, object: &str) -> Result<String, String> {
    let key = key(object)?;
    Ok(world.find(&key).await.map_or_else(|| "there is none".to_owned(), |object| print::status(&object.status)))
}

fn log(world: &World, objects: &[&str]) -> Result<String, String> {
    let keys = objects.iter().map(|object| key(object)).collect::<Result<Vec<_>, _>>()?;
    let mut entries = world.journal.take();
    entries.retain(|entry| keys.is_empty() || keys.contains(&entry.key));
    Ok(print::journal(&entries))
}

fn reads(world: &World, from: usize) -> String {
    let mut counts: BTreeMap<Operation, usize> = BTreeMap::new();
    for call in world.wire.calls().split_off(from) {
        if call.operation.access() == Access::Read {
            *counts.entry(call.operation).or_default() += 1;
        }
    }
    let rows: Vec<String> = counts.iter().map(|(operation, count)| format!("{operation} {count}")).collect();
    rows.join("\n")
}

fn show(world: &World, words: &[&str]) -> Result<String, String> {
    let [what, name, pointers @ ..] = words else { return Err("write: show WHAT CLUSTER/SERVICE POINTERS…".into()) };
    let (cluster, service) = service(name)?;
    let resource = json!({
        "ServiceNamespace": "ecs", "ResourceId": format!("service/{name}"), "ScalableDimension": "ecs:service:DesiredCount",
    });
    let document = match *what {
        "service" => world.service(cluster, service),
        "target" => {
            let body = json!({"ServiceNamespace": "ecs", "ResourceIds": [format!("service/{name}")]});
            world.aws(Operation::DescribeScalableTargets, &body)["ScalableTargets"][0].clone()
        }
        "policies" => named(&world.aws(Operation::DescribeScalingPolicies, &resource)["ScalingPolicies"], "PolicyName"),
        "actions" => {
            let answer = world.aws(Operation::DescribeScheduledActions, &resource);
            named(&answer["ScheduledActions"], "ScheduledActionName")
        }
        "deployment" => newest_deployment(world, cluster, service),
        other => return Err(format!("{other:?}: write service, target, policies, actions or deployment")),
    };
    if document.is_null() {
        return Ok("there is none".into());
    }
    Ok(print::picked(&document, pointers))
}

/// The newest CodeDeploy or service deployment of a service.
fn newest_deployment(world: &World, cluster: &str, service: &str) -> Value {
    let of = json!({"cluster": cluster, "service": service});
    let briefs = world.aws(Operation::ListServiceDeployments, &of);
    if let Some(arn) = briefs["serviceDeployments"][0]["serviceDeploymentArn"].as_str() {
        let answer = world.aws(Operation::DescribeServiceDeployments, &json!({"serviceDeploymentArns": [arn]}));
        return answer["serviceDeployments"][0].clone();
    }
    let ids = world.aws(Operation::ListDeployments, &json!({}));
    let infos = ids["deployments"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|id| world.aws(Operation::GetDeployment, &json!({"deploymentId": id}))["deploymentInfo"].clone());
    let here = |info: &Value| {
        let group = json!({
            "applicationName": info["applicationName"], "deploymentGroupName": info["deploymentGroupName"],
        });
        let group = world.aws(Operation::GetDeploymentGroup, &group);
        group["deploymentGroupInfo"]["ecsServices"][0] == json!({"clusterName": cluster, "serviceName": service})
    };
    let mut infos = infos.filter(here);
    infos.next().unwrap_or_default()
}

/// A list as a map by name.
fn named(list: &Value, name: &str) -> Value {
    let elements = list.as_array().into_iter().flatten();
    elements.map(|element| (element[name].as_str().unwrap_or_default().to_owned(), element.clone())).collect()
}

/// The ACTIVE revisions of a family.
fn revisions(world: &World, family: &str) -> Result<String, String> {
    let answer = world.aws(Operation::ListTaskDefinitions, &json!({"familyPrefix": family}));
    let arns = answer["taskDefinitionArns"].as_array().into_iter().flatten().filter_map(Value::as_str);
    Ok(arns.filter_map(|arn| arn.rsplit('/').next()).collect::<Vec<_>>().join("\n"))
}
