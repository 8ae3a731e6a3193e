#!/usr/bin/env python3
"""Plants mistakes in the planner, one at a time, and says which test catches each.

    tests/mutants.py [--only TEXT] [--missing] [--check]

The committed crates core and sandbox are copied to a temporary directory together with the property tests, as a small
workspace of their own; the work tree is not touched. Each mutant is one textual change. The properties run first, with
few cases; what they let through goes to the unit tests of core. The result is written to tests/mutants.md; with --only
and --missing (those that have no result yet) the other rows stay. --check only says whether every mutant still finds
its place in the work tree.

Not part of CI: a run takes about half an hour on two cores.
"""

import argparse
import os
import pathlib
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
RESULT = ROOT / "tests/mutants.md"
CORE = "controller/core/src"
PLAN = f"{CORE}/plan"

# What is changed, where, from which text to which.
MUTANTS = [
    ("the count is compared with the declared range although scheduled actions moved it", f"{PLAN}/service/count.rs",
     "if !actions.is_empty() =>", "if actions.is_empty() =>"),
    ("an unknown target counts as absent", f"{PLAN}/service/count.rs",
     "return if (min..=max).contains(&live) { Count::Fine } else { Count::Unknown };", "(min, max)"),
    ("somebody else's scalable target does not own the count", f"{PLAN}/service/count.rs",
     "Observation::Present(_) => Count::Fine,", "Observation::Present(_) => Count::Set(drift(json!(0), live, \"exact\"), 0),"),
    ("the count at the upper bound is outside the range", f"{PLAN}/service/count.rs",
     "if (low..=high).contains(&live) || low > high", "if (low..high).contains(&live) || low > high"),
    ("a stopped service fights its scheduled actions", f"{PLAN}/service/count.rs",
     '(!scheduled || suspended("ScheduledScalingSuspended"))', '(!scheduled || scheduled)'),
    ("desiredCount is sent for a service that scales", f"{PLAN}/service/count.rs",
     "return Count::Clamp(drift, low, high);", "return Count::Set(drift, low);"),
    ("a service is created with the declared count, outside its range", f"{PLAN}/service/create.rs",
     "match desired.initial_count(observed) {", "match desired.declared_count() {"),
    ("a service that is not visible yet is created again", f"{PLAN}/service/create.rs",
     "if age < CREATION_SETTLE {", "if age < SignedDuration::ZERO {"),
    ("what was said of an adopted service holds for its successor", f"{PLAN}/service/create.rs",
     "if memory.created_at.is_some() || memory.owned.is_some() {", "if false {"),
    ("the client token stays after a deletion", f"{PLAN}/service/create.rs",
     "desired.generation, content, creations]", "desired.generation, content, 0]"),
    ("what went from the manifest is not reset", f"{PLAN}/service/field.rs",
     "if !was || document.pointer(pointer).is_some() {", "if was || document.pointer(pointer).is_some() {"),
    ("loadBalancers may be taken away unasked", f"{PLAN}/service/field.rs",
     "let takes_away = field.guarded && takes_away(", "let takes_away = !field.guarded && takes_away("),
    ("Service Connect is read from the service, where it never is", f"{PLAN}/service/field.rs",
     'seen: Seen::PrimaryDeployment, ..field("serviceConnectConfiguration")', '..field("serviceConnectConfiguration")'),
    ("a new member of CreateService is forgotten", f"{PLAN}/service/field.rs",
     '    Field { seen: Seen::Nowhere, ..field("monitoring") },\n', ""),
    ("a displaced launch type is not brought back", f"{PLAN}/service/field.rs",
     'let displaced = name == "launchType"', 'let displaced = name == "launchTipe"'),
    ("a capacity provider strategy changes without a forced deployment", f"{PLAN}/service/update.rs",
     'if member == "capacityProviderStrategy" {', 'if member == "capacityProviderStrategies" {'),
    ("scaling that waits for approval counts as sent", f"{PLAN}/service/update.rs",
     "let scaling_acts = planned > 0 && acts(&scaling.drift);", "let scaling_acts = (planned > 0 || true) && acts(&scaling.drift);"),
    ("failed content is rolled out again", f"{PLAN}/service/update.rs",
     "if field.rollout && held.is_some()", "if field.rollout && held.is_none()"),
    ("an intent is not committed before a rollout", f"{PLAN}/service/update.rs",
     "if self.rolls_out {", "if !self.rolls_out {"),
    ("a count outside the range stays", f"{PLAN}/service/update.rs",
     "self.clamp.filter(|_| !registers)", "self.clamp.filter(|_| registers)"),
    ("a foreign policy in the declared list stays", f"{PLAN}/service/scaling.rs",
     "let gone = !is_wanted(key) &&", "let gone = false && !is_wanted(key) &&"),
    ("a policy is put although its type cannot be changed", f"{PLAN}/service/scaling.rs",
     "kind(own) != kind(live) || moves", "kind(own) != kind(own) || moves"),
    ("two policies that swap their metrics block each other", f"{PLAN}/service/scaling.rs",
     "|| moves && declared", "|| !moves && declared"),
    ("scheduled actions' moves of the bounds are drift", f"{PLAN}/service/scaling.rs",
     "if !before.is_null() && wanted.get(member) == Some(before) {", "if before.is_null() && wanted.get(member) == Some(before) {"),
    ("a suspension that went from the manifest stays", f"{PLAN}/service/reset.rs",
     "state[switch] = json!(false);", "state[switch] = json!(true);"),
    ("what went from inside a policy stays", f"{PLAN}/service/reset.rs",
     "(None, Some(have)) if canonical(have, rule).is_some() =>", "(None, Some(have)) if canonical(have, rule).is_none() =>"),
    ("all tags are ours", f"{PLAN}/service/tags.rs",
     "if seen == Some(&value) || ignore.covers(&path) {", "if seen.is_some() || ignore.covers(&path) {"),
    ("tags that went from the manifest stay", f"{PLAN}/mod.rs",
     ".filter(|key| !declared.contains_key(*key) && live.contains_key(*key))", ".filter(|key| declared.contains_key(*key) && live.contains_key(*key))"),
    ("a value that does not show is sent again", f"{PLAN}/mod.rs",
     "if !held.insert(path.clone()) {\n            continue;\n        }", "let _ = path;"),
    ("a fight goes on for ever", f"{PLAN}/fight.rs",
     "held.insert(drift.path.clone());", "let _ = &mut held;"),
    ("what was fought over is left alone although something else is wanted", f"{PLAN}/fight.rs",
     "if repairs.desired != drift.desired {", "if false {"),
    ("whoever still fights is taken for quiet", f"{PLAN}/fight.rs",
     "Some(yielded) if yielded.observed == drift.observed => yielded.at,", "Some(yielded) => yielded.at,"),
    ("an empty memory takes the tag of a failure for an old one", f"{PLAN}/service/update.rs",
     "if unknown { Value::Null } else { applied }", "{ let _ = unknown; applied }"),
    ("the service deployment before is taken for ours where reads lag", f"{PLAN}/service/outcome.rs",
     "Some(created) if created < begun => Stand::UnderWay,", "Some(created) if created < begun && false => Stand::UnderWay,"),
    ("CodeDeploy gets a second deployment beside one that runs", f"{PLAN}/service/code_deploy.rs",
     "if let Some(running) = seen.running() {", "if let Some(running) = seen.running().filter(|_| false) {"),
    ("an older deployment of the same content is taken for ours", f"{PLAN}/service/code_deploy.rs",
     "self.deployments.iter().filter(marked).find(recent)", "self.deployments.iter().filter(marked).find(|one| !recent(one) || true)"),
    ("a CodeDeploy deployment that has just succeeded is made again", f"{PLAN}/service/update/deploy.rs",
     "_ if since.is_some_and(|age| age < SETTLE) =>", "_ if since.is_some_and(|age| age < SETTLE && false) =>"),
    ("production's target group is forgotten", f"{PLAN}/service/update/deploy.rs",
     "live.clone_into(&mut groups.primary);", "let _ = (live, &groups);"),
    ("a rollout that has not failed is rolled back", f"{PLAN}/service/rollback.rs",
     "if memory.failed.as_ref().is_none_or(|failed| failed.content != rollout.content) {", "if false {"),
    ("a service deployment that is over is stopped", f"{PLAN}/service/rollback.rs",
     'matches!(deployment["status"].as_str(), Some("PENDING" | "IN_PROGRESS"))', 'deployment["status"].is_string()'),
    ("what has failed counts as good to go back to", f"{PLAN}/service/update/deploy.rs",
     "!rollout.is_open()) && memory.failed.is_none();", "!rollout.is_open());"),
    ("a suspension is ignored", f"{PLAN}/hold.rs",
     "let Some(held) = self.held(before, now) else { return };", "let Some(held) = self.held(before, now).filter(|_| self.holds.suspension.is_none()) else { return };"),
    ("the history of rollouts grows for ever", f"{CORE}/memory.rs",
     "self.history.drain(..surplus);", "let _ = surplus;"),
    ("a rollout that was overtaken counts as arrived", f"{CORE}/memory.rs",
     "End { outcome: Ended::Superseded,", "End { outcome: Ended::Succeeded,"),
    ("what is in line without a write does not count as applied", f"{PLAN}/mod.rs",
     "self.memory.applied = self.applied.clone();", "let _ = &self.applied;"),
    ("our own last write is not laid over older reads", f"{CORE}/memory.rs",
     "self.written.get(resource).filter(|written| read_at.duration_since(written.at) < SETTLE)",
     "self.written.get(resource).filter(|written| read_at.duration_since(written.at) < SignedDuration::ZERO)"),
    ("a revision that was just registered is registered again", f"{PLAN}/task_definition.rs",
     "if active.contains(arn) || unsettled {", "if active.contains(arn) && !unsettled {"),
    ("any revision will do", f"{PLAN}/task_definition.rs",
     "revision.content == content", "!revision.content.is_empty()"),
    ("a cluster's strategy keeps a provider that goes", f"{PLAN}/cluster.rs",
     "items.retain(", "items.iter().any("),
    ("undeclared members are drift", f"{CORE}/diff.rs",
     "if self.scope == Scope::Whole {", "if self.scope != Scope::Whole {"),
    ("an element that should not be in a list is no drift", f"{CORE}/diff.rs",
     "self.element(None, Some(element), rule, join(&path, &key));", "let _ = (&element, &key);"),
    ("sets differ by order", f"{CORE}/canonical/mod.rs",
     "Order::Set => elements.sort_by_cached_key(|(_, element)| element.to_string()),", "Order::Set => {}"),
    ("1.0 is not 1", f"{CORE}/canonical/mod.rs",
     "number.is_f64() && float.fract() == 0.0", "number.is_f64() && float.fract() > 1.0"),
    ("a host port that awsvpc fills in is content", f"{CORE}/canonical/mod.rs",
     '(mode == "awsvpc" || mode == "host")', '(mode == "none" || mode == "host")'),
    ("the protocol of a port is no part of its identity", "controller/core/data/rules/task-definition.rules",
     "keyed containerPort containerPortRange protocol=tcp", "keyed containerPort"),
    ("subnets have an order", "controller/core/data/rules/service.rules",
     "networkConfiguration.awsvpcConfiguration.subnets[]        set\n", ""),
    ("a filled-in volume attribute is drift", "controller/core/data/rules/task-definition.rules",
     'volumes[].efsVolumeConfiguration.rootDirectory            default "/"\n', ""),
    ("the grace period's default is unknown", "controller/core/data/rules/service.rules",
     "healthCheckGracePeriodSeconds                             default 0\n", ""),
]


def copy(to: pathlib.Path) -> None:
    """The committed sources as a small workspace."""
    paths = ["controller/core", "controller/sandbox", "tests/tests/properties", "Cargo.toml", "Cargo.lock",
             "desired-state/hands-on", "tests/scenarios/fixtures"]
    archive = subprocess.run(["git", "archive", "HEAD", *paths], cwd=ROOT, check=True, stdout=subprocess.PIPE).stdout
    subprocess.run(["tar", "x"], cwd=to, input=archive, check=True)
    manifest = (to / "Cargo.toml").read_text()
    members = 'members = ["controller/core", "controller/sandbox", "tests"]'
    manifest = re.sub(r"members = \[.*?\]", members, manifest, count=1, flags=re.S)
    manifest = re.sub(r"default-members = \[.*?\]\n", "", manifest, flags=re.S)
    (to / "Cargo.toml").write_text(manifest)
    (to / "tests/src").mkdir()
    (to / "tests/src/lib.rs").write_text("//! Nothing.\n")
    (to / "tests/Cargo.toml").write_text(
        '[package]\nname = "evenkeel-tests"\nversion = "0.1.0"\nedition = "2024"\n\n[dependencies]\n'
        "evenkeel-core.workspace = true\nevenkeel-sandbox.workspace = true\n"
        'jiff = { version = "1", default-features = false, features = ["std", "serde"] }\nserde_json = "1"\nproptest = "1"\n'
        'fastrand = "2"\n'
    )


def failing(output: str) -> list[str]:
    return re.findall(r"^test (\S+) \.\.\. FAILED$", output, flags=re.M)


def run(directory: pathlib.Path) -> tuple[str, list[str]]:
    """Which tests fail: none, some, or the build."""
    environment = {**os.environ, "PROPTEST_CASES": "15", "PROPTEST_MAX_SHRINK_ITERS": "0", "RUST_BACKTRACE": "0",
                   "CARGO_PROFILE_DEV_DEBUG": "false"}
    for seeds in (directory / "tests/tests/properties").glob("*.regressions"):
        # What another mutant failed with is no case for this one.
        seeds.unlink()
    for what in (["-p", "evenkeel-tests", "--test", "properties"], ["-p", "evenkeel-core", "--lib"]):
        build = subprocess.run(["cargo", "test", "--no-run", *what], cwd=directory, env=environment,
                               capture_output=True, text=True)
        if build.returncode != 0:
            return "does not build", [line for line in build.stderr.splitlines() if line.startswith("error")][:1]
        try:
            test = subprocess.run(["cargo", "test", *what], cwd=directory, env=environment, capture_output=True,
                                  text=True, timeout=300)
        except subprocess.TimeoutExpired:
            return "caught", ["it never ends"]
        if found := failing(test.stdout):
            return "caught", found
    return "SURVIVED", []


def missing() -> list[str]:
    return [f"{name}: {(ROOT / path).read_text().count(old)} places in {path}"
            for name, path, old, _ in MUTANTS if (ROOT / path).read_text().count(old) != 1]


def write(rows: dict[str, str]) -> None:
    """Writes what is known so far, so that a run that is stopped is not lost."""
    lines = [rows[name] for name, *_ in MUTANTS if name in rows]
    RESULT.write_text(
        "# Mutants\n\nMistakes that were planted in the planner, and the tests that catch them. Written by "
        "`tests/mutants.py`, which holds the\nchanges themselves. The properties ran 15 cases each; what they let through "
        "went to the unit tests of core.\n\n| mistake | file | result |\n|---|---|---|\n" + "\n".join(lines) + "\n"
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", help="only mutants whose name contains this", default="")
    parser.add_argument("--missing", action="store_true", help="only mutants that have no result yet")
    parser.add_argument("--check", action="store_true", help="only look whether every mutant finds its place")
    options = parser.parse_args()
    if wrong := missing():
        print("\n".join(wrong))
        return 1
    if options.check:
        return 0
    known = re.findall(r"^(\| (.*?) \| `.*)$", RESULT.read_text(), flags=re.M) if RESULT.exists() else []
    rows, tried, survivors = {name: row for row, name in known}, 0, 0
    with tempfile.TemporaryDirectory(prefix="mutants-") as temporary:
        directory = pathlib.Path(temporary)
        copy(directory)
        status, tests = run(directory)
        if status != "SURVIVED":
            print(f"without any mutant: {status} {tests}")
            return 1
        wanted = [one for one in MUTANTS if options.only in one[0] and not (options.missing and one[0] in rows)]
        for name, path, old, new in wanted:
            file = directory / path
            original = file.read_text()
            file.write_text(original.replace(old, new))
            status, tests = run(directory)
            file.write_text(original)
            survivors += status != "caught"
            shown = ", ".join(f"`{test.removeprefix('plan::')}`" for test in tests[:3])
            more = f" and {len(tests) - 3} more" if len(tests) > 3 else ""
            print(f"{status:14} {name}: {shown}{more}", flush=True)
            rows[name] = f"| {name} | `{path.removeprefix('controller/core/')}` | {status}: {shown}{more} |"
            tried += 1
            write(rows)
    print(f"{survivors} of {tried} were not caught")
    return 1 if survivors else 0


if __name__ == "__main__":
    sys.exit(main())
