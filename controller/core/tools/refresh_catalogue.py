#!/usr/bin/env python3
"""Writes controller/core/data/catalogue.json anew from the public AWS API models.

    refresh_catalogue.py BOTOCORE

BOTOCORE is a botocore wheel (`pip download --no-deps botocore`) or the `data` directory of an unpacked one. The
operations to cover are read from controller/core/src/operation.rs. The same models and the same operations give the
same bytes.

What is taken are facts of an API: names, types, enumerations, bounds, what is required or deprecated. No description
is. botocore is published by Amazon under the Apache License 2.0.
"""

import gzip
import json
import pathlib
import re
import sys
import zipfile

CORE = pathlib.Path(__file__).resolve().parent.parent
OPERATIONS = CORE / "src" / "operation.rs"
CATALOGUE = CORE / "data" / "catalogue.json"

# AwsService variant in operation.rs -> folder in botocore's data.
SERVICES = {"Ecs": "ecs", "ApplicationAutoScaling": "application-autoscaling", "CodeDeploy": "codedeploy"}

# What stands for the answer of an operation that has none.
EMPTY = {"shape": "Empty", "type": "structure", "members": {}}


class Models:
    """Reads botocore's files from a wheel or a data directory."""

    def __init__(self, where):
        self.where = pathlib.Path(where)
        self.wheel = zipfile.ZipFile(self.where) if self.where.is_file() else None

    def read(self, path):
        """A file by its path inside the package, such as `data/ecs/…` or `__init__.py`."""
        if self.wheel:
            return self.wheel.read("botocore/" + path)
        return (self.where.resolve().parent / path).read_bytes()

    def version(self):
        """botocore's own version."""
        return re.search(r"__version__ = ['\"]([^'\"]+)", self.read("__init__.py").decode())[1]

    def newest(self, service):
        """The model of a service in its newest API version, and that version."""
        name = re.compile(rf"data/{service}/([0-9-]+)/service-2\.json\.gz$")
        if self.wheel:
            paths = [path.removeprefix("botocore/") for path in self.wheel.namelist()]
        else:
            paths = ["data/" + str(path.relative_to(self.where)) for path in self.where.glob(f"{service}/*/*")]
        path = max(path for path in paths if name.search(path))
        return name.search(path)[1], json.loads(gzip.decompress(self.read(path)))


def operations():
    """(operation, service) for each line of the `operations!` table."""
    table = re.findall(r"^    (\w+): (\w+) (?:Read|Write) \w+,$", OPERATIONS.read_text(), re.MULTILINE)
    unknown = {service for _, service in table} - set(SERVICES)
    if not table or unknown:
        sys.exit(f"{OPERATIONS}: no operations found, or services that SERVICES does not name: {unknown}")
    return table


def shape_of(model_shape):
    """The facts of one shape; what it refers to stays a name."""
    kind = model_shape["type"]
    if model_shape.get("document"):
        return {"type": "document"}
    shape = {"type": kind}
    if kind == "structure":
        members = model_shape["members"]
        shape["members"] = {name: members[name]["shape"] for name in sorted(members)}
        deprecated = sorted(name for name in members if members[name].get("deprecated"))
        shape |= {"required": sorted(model_shape.get("required", [])), "deprecated": deprecated}
        shape["union"] = model_shape.get("union", False)
    elif kind == "list":
        shape["element"] = model_shape["member"]["shape"]
    elif kind == "map":
        shape |= {"key": model_shape["key"]["shape"], "value": model_shape["value"]["shape"]}
    elif kind == "string":
        shape["enum"] = sorted(model_shape.get("enum", []))
    shape |= {bound: model_shape[bound] for bound in ("min", "max") if bound in model_shape}
    return {key: value for key, value in shape.items() if value != [] and value is not False}


def references(shape):
    """Names of the shapes that a shape refers to."""
    named = (shape[key] for key in ("element", "key", "value") if key in shape)
    return [*shape.get("members", {}).values(), *named]


def catalogue(models):
    """The whole catalogue."""
    services, versions = {}, {}
    for variant, folder in SERVICES.items():
        versions[folder], model = models.newest(folder)
        mine, shapes = {}, {}
        for operation in sorted(name for name, service in operations() if service == variant):
            described = model["operations"][operation]
            # An operation without an answer answers with an empty one.
            mine[operation] = [described["input"]["shape"], described.get("output", EMPTY)["shape"]]
        todo = [name for pair in mine.values() for name in pair]
        while todo:
            name = todo.pop()
            if name not in shapes:
                shapes[name] = shape_of(EMPTY if name == EMPTY["shape"] else model["shapes"][name])
                todo += references(shapes[name])
        services[folder] = {"operations": mine, "shapes": shapes}
    return {"botocore": models.version(), "apiVersions": versions, "services": services}


def write(value, depth=0):
    """JSON with one operation or shape to a line, so that a refresh reads well as a diff."""
    if not isinstance(value, dict) or depth > 3:
        return json.dumps(value, separators=(",", ":"))
    pad = " " * depth
    lines = ",\n".join(f"{pad} {json.dumps(key)}:{write(value[key], depth + 1)}" for key in sorted(value))
    return f"{{\n{lines}\n{pad}}}"


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    CATALOGUE.write_text(write(catalogue(Models(sys.argv[1]))) + "\n")
