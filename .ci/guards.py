#!/usr/bin/env python3
"""Guards that no compiler has: which crate may use which, where the SDK and sled are named, and how long files are.

Each guard names what is wrong and what to do. Exit code 1 if any finds something.
"""

import pathlib
import re
import subprocess
import sys
import tomllib

ROOT = pathlib.Path(__file__).resolve().parent.parent
# What each crate may import of ours (docs/architecture.md, "Crates that point one way").
MAY_USE = {
    "evenkeel-core": set(),
    "evenkeel-store": {"evenkeel-core"},
    "evenkeel-sandbox": {"evenkeel-core"},
    "evenkeel-aws": {"evenkeel-core"},
    "evenkeel-api": {"evenkeel-core", "evenkeel-store"},
}
# What the pure crate must not have: it would not be pure any more.
IMPURE = ["tokio", "aws-config", "aws-sdk-ecs", "sled", "rand", "fastrand", "reqwest", "hyper", "axum"]
# A file is one idea; past this there is a second one in it.
LINES = 450

found = []


def tracked(*patterns):
    out = subprocess.run(["git", "ls-files", "-z", *patterns], cwd=ROOT, check=True, capture_output=True)
    return [ROOT / name for name in out.stdout.decode().split("\0") if name]


def crates():
    for manifest in sorted(ROOT.glob("controller/*/Cargo.toml")):
        data = tomllib.loads(manifest.read_text())
        yield data["package"]["name"], set(data.get("dependencies", {}))


for name, dependencies in crates():
    ours = {other for other in dependencies if other.startswith("evenkeel")}
    if name in MAY_USE and ours - MAY_USE[name]:
        found.append(f"{name} imports {sorted(ours - MAY_USE[name])}; it may import {sorted(MAY_USE[name])}")
    if name == "evenkeel-core" and dependencies & set(IMPURE):
        found.append(f"{name} depends on {sorted(dependencies & set(IMPURE))}: what decides stays pure")
    if name != "evenkeel-aws" and any(other.startswith(("aws-sdk", "aws-smithy", "aws-config")) for other in dependencies):
        found.append(f"{name} names the AWS SDK; only evenkeel-aws does")

for path in tracked("controller/core/src/*.rs", "controller/core/src/**/*.rs"):
    text = path.read_text()
    for word in ["SystemTime::now", "Instant::now", "Timestamp::now", "Zoned::now", "std::fs", "std::net", "std::env"]:
        if word in text:
            found.append(f"{path.relative_to(ROOT)} uses {word}: time, files and environment come in as arguments")

sled = [p for p in tracked("controller/store/src/*.rs", "controller/store/src/**/*.rs") if re.search(r"\bsled::", p.read_text())]
if len(sled) != 1:
    found.append(f"one file of the store names sled, not {[str(p.relative_to(ROOT)) for p in sled]}")

for path in tracked("*.rs"):
    count = path.read_text().count("\n")
    if count > LINES:
        found.append(f"{path.relative_to(ROOT)} has {count} lines (at most {LINES}): look for the second idea in it")
    for word in ["todo!(", "unimplemented!(", "#[ignore", "dbg!("]:
        if word in path.read_text() and path.name != "guards.py":
            found.append(f"{path.relative_to(ROOT)} has {word}: finish it or leave it out")

for line in found:
    print(f"guard: {line}")
print(f"{len(found)} findings")
sys.exit(1 if found else 0)
