# Sourced by the scripts: where things are built and kept.
#
# Everything is built with one cargo profile (release) into one target directory outside the
# checkout, which all clones on a machine share. See docs/decisions/0001-one-profile.md.

repo=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cache="${XDG_CACHE_HOME:-$HOME/.cache}/signing-network"
export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-$cache/target}"
export WASM_BUILD_WORKSPACE_HINT="$repo"
export PATH="$HOME/.cargo/bin:$cache/node/bin:$PATH"
bin="$CARGO_TARGET_DIR/release"

say() { printf '\033[1m==> %s\033[0m\n' "$*" >&2; }
die() { printf 'error: %s\n' "$*" >&2; exit 1; }

# Cargo tells the crates of two checkouts apart by nothing but file times: after another checkout
# has built into the shared target directory, this one's older files would pass for built.
claim_target() {
  local owner="$CARGO_TARGET_DIR/.checkout"
  if [ "$(cat "$owner" 2>/dev/null)" != "$repo" ]; then
    mkdir -p "$CARGO_TARGET_DIR"
    find "$repo" -name target -prune -o \( -name '*.rs' -o -name Cargo.toml \) -exec touch {} +
    printf '%s' "$repo" >"$owner"
  fi
}
