# Sourced by the scripts: where things are built and kept.
#
# Everything is built with one cargo profile (release) into one target directory outside the
# checkout, which all clones on a machine share. See docs/decisions/0001-one-profile.md.

# The checkout, also if scripts/ is reached by a link.
repo=$(cd -P "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
cache="${XDG_CACHE_HOME:-$HOME/.cache}/signing-network"
export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-$cache/target}"
export WASM_BUILD_WORKSPACE_HINT="$repo"
export PATH="$HOME/.cargo/bin:$cache/node/bin:$PATH"
bin="$CARGO_TARGET_DIR/release"

if [ -t 2 ]; then bold=$'\033[1m' plain=$'\033[0m'; else bold='' plain=''; fi
say() { printf '%s==> %s%s\n' "$bold" "$*" "$plain" >&2; }
die() { printf 'error: %s\n' "$*" >&2; exit 1; }

# Cargo tells the crates of two checkouts apart by nothing but file times: after another checkout
# has built into the shared target directory, this one's older files would pass for built. Until the script
# ends, no other checkout can claim it: what this one builds meanwhile would be newer than the other's files.
claim_target() {
  local owner="$CARGO_TARGET_DIR/.checkout" told=
  # One that has called this script has claimed it already.
  [ "${SIGNING_CLAIM:-}" != "$CARGO_TARGET_DIR of $repo" ] || return 0
  mkdir -p "$CARGO_TARGET_DIR"
  exec {claim}>>"$CARGO_TARGET_DIR/.claim"
  flock --shared "$claim"
  # With a look at the owner again after each wait: it may be another script of this checkout by then.
  while [ "$(cat "$owner" 2>/dev/null)" != "$repo" ]; do
    if flock --nonblock "$claim"; then
      find "$repo" -name target -prune -o \( -name '*.rs' -o -name Cargo.toml \) -exec touch {} +
      printf '%s' "$repo" >"$owner"
    else
      [ -n "$told" ] || say "waiting for $(cat "$owner"), which uses $CARGO_TARGET_DIR"
      told=1
      sleep 1
    fi
    flock --shared "$claim"
  done
  export SIGNING_CLAIM="$CARGO_TARGET_DIR of $repo"
}
