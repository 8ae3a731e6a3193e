"""A stand-in for the Docker SDK for Python, so that ministack's scheduler runs tasks without Docker.

A container is an entry in a dictionary. Images whose name contains `broken` cannot be pulled; what else runs, runs until
it is stopped. Only what ministack calls is here.
"""

import hashlib
import itertools

from . import errors

_numbers = itertools.count(1)
_containers = {}


class _Image:
    def __init__(self, name):
        self.id = "sha256:" + hashlib.sha256(name.encode()).hexdigest()
        self.attrs = {}

    def tag(self, repository, tag=None):
        return True


class _Images:
    def _find(self, name):
        if "broken" in name:
            raise errors.ImageNotFound(f"manifest for {name} not found")
        return _Image(name)

    def get(self, name):
        return self._find(name)

    def pull(self, name, **_):
        return self._find(name)

    def get_registry_data(self, name, **_):
        return self._find(name)


class _Container:
    def __init__(self, image):
        self.id = f"{next(_numbers):064x}"
        self.image = image
        self.status = "running"
        self.attrs = {"State": {"Status": "running", "Running": True, "ExitCode": 0}, "NetworkSettings": {"Networks": {}}}
        _containers[self.id] = self

    def reload(self):
        if self.id not in _containers:
            raise errors.NotFound(self.id)

    def logs(self, **_):
        return b""

    def stop(self, timeout=None):
        self.status = "exited"
        self.attrs["State"] = {"Status": "exited", "Running": False, "ExitCode": 0}

    def wait(self, **_):
        return {"StatusCode": self.attrs["State"]["ExitCode"]}

    def kill(self, signal=None):
        self.stop()

    def remove(self, v=False, force=False):
        _containers.pop(self.id, None)


class _Containers:
    def run(self, image, **_):
        return _Container(image)

    def get(self, name):
        if name not in _containers:
            raise errors.NotFound(name)
        return _containers[name]

    def list(self, **_):
        return list(_containers.values())


class _Client:
    images = _Images()
    containers = _Containers()

    def ping(self):
        return True


def from_env(**_):
    return _Client()
