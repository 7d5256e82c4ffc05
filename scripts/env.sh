# Sourced by the scripts: where things are built and kept.
#
# Everything is built with one cargo profile (release) into one target directory outside the
# checkout, which all clones on a machine share. See docs/decisions/0001-one-profile.md.

repo=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cache="${XDG_CACHE_HOME:-$HOME/.cache}/signing-network"
export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-$cache/target}"
export WASM_BUILD_WORKSPACE_HINT="$repo"
export PATH="$HOME/.cargo/bin:$PATH"
bin="$CARGO_TARGET_DIR/release"

say() { printf '\033[1m==> %s\033[0m\n' "$*" >&2; }
die() { printf 'error: %s\n' "$*" >&2; exit 1; }
