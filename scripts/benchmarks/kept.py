"""What `scripts/bench all` has measured so far: what fails in the last part does not lose the others."""

import json

from local_network import CACHE

FILE = CACHE / "bench" / "all.json"


def begin(about, settings, anew=False):
    """What there is of the same code, on the same machine, with the same settings; or nothing but these. Of
    code that is in no commit nobody can tell whether it is the same."""
    fresh = {"about": about, "settings": settings}
    if anew or about["commit"].endswith("-dirty"):
        return fresh
    try:
        found = json.loads(FILE.read_text())
    except (FileNotFoundError, json.JSONDecodeError):
        return fresh
    return found if all(found.get(name) == value for name, value in fresh.items()) else fresh


def keep(found):
    FILE.parent.mkdir(parents=True, exist_ok=True)
    partial = FILE.with_suffix(".part")
    partial.write_text(json.dumps(found))
    partial.replace(FILE)
