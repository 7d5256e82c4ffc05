"""Writes docs/benchmarks.md and its plots."""

import contextlib
import io
import os
import platform
import subprocess

from benchmarks import faults, growth, sign, throughput
from local_network import SCRIPTS, fail

DOCS = SCRIPTS.parent / "docs"
MODULES = {"sign": sign, "throughput": throughput, "growth": growth, "faults": faults}
TITLES = {
    "sign": "One signature",
    "throughput": "Several users at once",
    "growth": "How it grows",
    "faults": "Faults and hand-overs",
}

def machine():
    with open("/proc/cpuinfo", encoding="utf-8") as cpuinfo:
        model = next((line.partition(":")[2].strip() for line in cpuinfo if line.startswith("model name")), "?")
    return f"{os.cpu_count()} cores, {model}, Linux {platform.release().split('-')[0]}"

def version():
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], cwd=SCRIPTS.parent, check=True,
                            stdout=subprocess.PIPE, text=True)
    return commit.stdout.strip()

def as_text(name, found):
    text = io.StringIO()
    with contextlib.redirect_stdout(text):
        MODULES[name].show(found)
    return text.getvalue().rstrip()

def plot(found):
    try:
        import matplotlib
    except ImportError:
        fail("plots need matplotlib: apt-get install python3-matplotlib")
    matplotlib.use("svg")
    # The same file from the same figures.
    matplotlib.rcParams["svg.hashsalt"] = "signing"
    from matplotlib import pyplot

    def save(name, title, xlabel, ylabel):
        pyplot.title(title)
        pyplot.xlabel(xlabel)
        pyplot.ylabel(ylabel)
        pyplot.legend()
        pyplot.tight_layout()
        pyplot.savefig(DOCS / "images" / f"bench-{name}.svg", metadata={"Date": None})
        pyplot.close()

    (DOCS / "images").mkdir(exist_ok=True)
    rows = found["throughput"]["rows"]
    users = [row["users"] for row in rows]
    pyplot.figure(figsize=(6, 3.5))
    pyplot.plot(users, [row["per_second"] for row in rows], marker="o", label="network of five nodes")
    pyplot.axhline(found["throughput"]["allowed_per_second"], linestyle="--", color="gray",
                   label="bare synedrion, all cores busy")
    pyplot.ylim(bottom=0)
    save("throughput", "Signatures a second", "users at once", "signatures a second")

    rows = found["growth"]["signing"]
    pyplot.figure(figsize=(6, 3.5))
    parties = [row["parties"] for row in rows]
    pyplot.plot(parties, [row["driver"] for row in rows], marker="o", label="this driver")
    pyplot.plot(parties, [row["bare"] for row in rows], marker="o", label="bare synedrion")
    pyplot.xticks(parties)
    pyplot.ylim(bottom=0)
    save("parties", "One signature, all parties on one machine", "parties", "seconds")

    rows = found["growth"]["lookups"]
    pyplot.figure(figsize=(6, 3.5))
    pyplot.semilogx([row["registrations"] for row in rows], [row["microseconds"] for row in rows], marker="o",
                    label="look-up of one")
    pyplot.ylim(bottom=0)
    save("lookups", "A registration, looked up", "registrations", "microseconds")

PLOTS = {"throughput": ["throughput"], "growth": ["parties", "lookups"]}

def write(found):
    plot(found)
    parts = [f"# Benchmarks\n\nWritten by `scripts/bench all` at `{version()}`, on {machine()}. Other work "
             "on the machine changes times; ratios are of what ran side by side.\n"]
    for name, title in TITLES.items():
        parts.append(f"\n## {title}\n\n```text\n{as_text(name, found[name])}\n```\n")
        parts.extend(f"\n![{plot}](images/bench-{plot}.svg)\n" for plot in PLOTS.get(name, []))
    (DOCS / "benchmarks.md").write_text("".join(parts))
