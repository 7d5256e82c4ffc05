"""Writes docs/benchmarks.json, and from it docs/benchmarks.md and its plots."""

import contextlib
import difflib
import io
import json
import os
import platform
import re
import sys

from benchmarks import faults, growth, plots, sign, throughput
from benchmarks.aims import aims
from local_network import SCRIPTS, fail, output

DOCS = SCRIPTS.parent / "docs"
MODULES = {"sign": sign, "throughput": throughput, "growth": growth, "faults": faults}
TITLES = {
    "sign": "One signature",
    "throughput": "Several users at once",
    "growth": "How it grows",
    "faults": "Faults and hand-overs",
}
PAGE = DOCS / "benchmarks.md"
# What stands between these is written by hand, and kept.
NOTES = re.compile(r"<!-- notes -->.*<!-- /notes -->", re.S)
COSTS = "## The largest costs, and what was done about them"
NO_NOTES = f"<!-- notes -->\n{COSTS}\n\n<!-- /notes -->"


def commit():
    """What is measured."""
    head = output("git", "rev-parse", "--short=10", "HEAD").strip()
    # What the documentation says changes no time, and this writes some of it.
    changed = output("git", "status", "--porcelain", "--untracked-files=no", "--", ".", ":(exclude)docs").strip()
    return f"{head}-dirty" if changed else head


def about():
    """What it is measured on."""
    with open("/proc/cpuinfo", encoding="utf-8") as cpuinfo:
        model = next((line.partition(":")[2].strip() for line in cpuinfo if line.startswith("model name")), "?")
    return {
        "cores": os.cpu_count(),
        "model": model,
        "memory_gib": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1),
        "kernel": f"{platform.system()} {platform.release().split('-')[0]}",
        "rustc": output("rustc", "--version").strip(),
    }


def machine(about):
    return (f"{about['cores']} cores, {about['model']}, {about['memory_gib']} GiB of memory, {about['kernel']}, "
            f"{about['rustc']}")


def measured_at(commits):
    """The commits that were measured, and of which the parts are if there are several."""
    of = {}
    for name in TITLES:
        of.setdefault(commits[name], []).append(name)
    return " and ".join(f"`{one}`" + (f" ({', '.join(names)})" if len(of) > 1 else "") for one, names in of.items())


def check():
    """Fails if there could be no page in the end."""
    plots.pyplot()
    notes()


def save(found):
    (DOCS / "benchmarks.json").write_text(json.dumps(found, indent=1) + "\n")


def saved():
    try:
        return json.loads((DOCS / "benchmarks.json").read_text())
    except FileNotFoundError:
        fail("there is no docs/benchmarks.json: scripts/bench all writes it")


def notes():
    """What is written by hand in the page."""
    if not PAGE.exists():
        return NO_NOTES
    kept = NOTES.search(PAGE.read_text())
    if kept is None:
        fail("docs/benchmarks.md has no <!-- notes --> … <!-- /notes -->: what is to be kept belongs between"
             " these")
    return kept.group()


def table(found):
    rows = [f"| {aim} | {measured} | {'-' if met is None else 'yes' if met else '**no**'} |\n"
            for aim, measured, met in aims(found)]
    return "| aim | measured | met |\n| --- | --- | --- |\n" + "".join(rows)


def as_text(name, found):
    text = io.StringIO()
    with contextlib.redirect_stdout(text):
        MODULES[name].show(found)
    return text.getvalue().rstrip()


def images():
    """Of each part of the page: what its plots are called, and their files."""
    return {name: [(plot.__name__.replace("_", " "), DOCS / "images" / plots.file(plot)) for plot in drawn]
            for name, drawn in plots.PLOTS.items()}


def page(found):
    """The page's text: nothing of it depends on where it is made."""
    parts = [f"# Benchmarks\n\n{table(found)}\nMeasured by `scripts/bench all` at {measured_at(found['commits'])}, on "
             f"{machine(found['about'])}.\nUsers asked for {found['settings']['seconds']} s for each figure. Other "
             "work on the machine changes times; ratios are of what ran side by side, or by turns.\n"
             "`scripts/bench page` makes this page of [benchmarks.json](benchmarks.json).\n"]
    for name, title in TITLES.items():
        parts.append(f"\n## {title}\n\n```text\n{as_text(name, found[name])}\n```\n")
        # What the figures are, where that takes more than a heading.
        parts.append(f"\n{explained}" if (explained := getattr(MODULES[name], "EXPLAINED", "")) else "")
        parts.extend(f"\n![{plot}]({file.relative_to(DOCS)})\n" for plot, file in images()[name])
    parts.append(f"\n{notes()}\n")
    return "".join(parts)


def write(found):
    """The page and its plots."""
    text = page(found)
    plots.draw(found, DOCS / "images")
    PAGE.write_text(text)
    if not costs():
        print(f"docs/benchmarks.md: write something below '{COSTS}'", file=sys.stderr)


def costs():
    """What is said of the largest costs."""
    said = notes().partition(COSTS)[2].removesuffix("<!-- /notes -->")
    return re.split(r"^## ", said, flags=re.M)[0].strip()


def hold(found):
    """Fails if the page is not what the figures give, or lacks something. Plots are not looked into."""
    if not PAGE.exists():
        fail("there is no docs/benchmarks.md: scripts/bench page writes it")
    written, wanted = PAGE.read_text().splitlines(), page(found).splitlines()
    for line in difflib.unified_diff(written, wanted, PAGE.name, "what benchmarks.json gives", lineterm=""):
        print(line, file=sys.stderr)
    if written != wanted:
        fail("docs/benchmarks.md is not what docs/benchmarks.json gives: scripts/bench page writes it")
    missing = [file.name for files in images().values() for _, file in files if not file.exists()]
    if missing:
        fail(f"docs/images lacks {', '.join(missing)}: scripts/bench page draws them")
    if not costs():
        fail(f"docs/benchmarks.md has nothing below '{COSTS}'")
