# Sourced by the scripts beside: programs that are built by Go, which is installed where it is missing.

# Builds MODULE@VERSION into DIRECTORY.
go_get() {
    if ! command -v go >/dev/null; then
        apt-get install -qq golang-go >/dev/null 2>&1 || { apt-get update -qq && apt-get install -qq golang-go >/dev/null; }
    fi
    mkdir -p "$2"
    GOBIN="$2" GOFLAGS=-trimpath go install "$1"
}
