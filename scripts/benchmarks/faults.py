"""What a report costs the chain, what checking each kind of proof takes, and how long a hand-over is."""

import re

from local_network import TARGET, claim, fail, last_json, output

# `kind  1234 bytes  1.2ms`, as the test prints it.
PROOF = re.compile(r"^(\w+) +(\d+) bytes +([\d.]+)(ns|µs|ms|s)$")
MILLISECONDS = {"ns": 1e-6, "µs": 1e-3, "ms": 1, "s": 1000}


def proofs():
    """For each kind of proof among two participants: the longest report, and the longest check."""
    text = output("cargo", "test", "--release", "--locked", "--workspace", "--lib", "--",
                  "--ignored", "--nocapture", "what_it_costs")
    text, found = text.partition("3 participants")[0], {}
    lines = (line.rstrip() for line in text.splitlines())
    for name, size, time, unit in (match.groups() for match in map(PROOF.match, lines) if match):
        one = found.setdefault(name, {"bytes": 0, "check_ms": 0})
        one["bytes"] = max(one["bytes"], int(size))
        one["check_ms"] = max(one["check_ms"], float(time) * MILLISECONDS[unit])
    if not found:
        fail("the test what_it_costs has printed nothing")
    return found


def measure(members):
    claim()
    kinds = proofs()
    output("cargo", "build", "--release", "--locked", "--workspace", "--example", "report_weights")
    sizes = [kind["bytes"] for kind in kinds.values()]
    weights = last_json(output(TARGET / "release" / "examples" / "report_weights", *sizes))
    reports = {"without proof": {"bytes": 0, "check_ms": 0, **weights["without_proof"]}}
    for (name, kind), weight in zip(kinds.items(), weights["with_proof"]):
        reports[name] = {**kind, **weight}
    times = last_json(output("cargo", "bench", "--locked", "--workspace", "--bench", "hand_over", "--",
                             *members))
    return {"reports": reports, **times}


def show(found):
    print(f"{'report of a fault':28} {'bytes':>7} {'check':>11} {'weight':>12} {'in a block':>11}")
    for name, one in found['reports'].items():
        print(f"{name:28} {one['bytes']:7} {one['check_ms']:8.2f} ms {one['microseconds'] / 1000:9.2f} ms"
              f" {one['in_a_block']:11}")
    print(f"\n{'hand-over, all on ' + str(found['cores']) + ' cores':28} {'prepared':>11} {'unprepared':>12}"
          f" {'ahead of time':>14}")
    for one in found["hand_over"]:
        print(f"{str(one['members']) + ' members':28} {one['with']:9.3f} s {one['without']:10.2f} s {one['ahead']:12.2f} s")
