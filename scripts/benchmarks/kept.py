"""What `scripts/bench all` has measured so far: what fails in the last part does not lose the others."""

import json
import sys

from local_network import CACHE

FILE = CACHE / "bench" / "all.json"


def begin(about, settings, commit, again=None):
    """What there is of the same code, on the same machine, with the same settings; or, if there is a list of what
    is measured again, all but that, of whatever code: the page says which. Of code that is in no commit nobody can
    tell whether it is the same."""
    fresh = {"about": about, "settings": settings, "commits": {}}
    try:
        found = json.loads(FILE.read_text())
    except (FileNotFoundError, json.JSONDecodeError):
        return fresh
    differs = {
        "there are changes that are in no commit": commit.endswith("-dirty"),
        "that was another machine or compiler": found.get("about") != about,
        "those were other options": found.get("settings") != settings,
    }
    if any(differs.values()):
        why = ", ".join(reason for reason, holds in differs.items() if holds)
        print(f"nothing of what was measured before is kept: {why}", file=sys.stderr)
        return fresh
    for name, measured_at in list(found["commits"].items()):
        if measured_at != commit if again is None else name in again:
            del found["commits"][name], found[name]
    return found


def keep(found):
    FILE.parent.mkdir(parents=True, exist_ok=True)
    partial = FILE.with_suffix(".part")
    partial.write_text(json.dumps(found))
    partial.replace(FILE)
