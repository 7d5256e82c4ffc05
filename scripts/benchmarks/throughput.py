"""Several users at once, each asking for one signature after the other."""

import os
from statistics import mean, median

from benchmarks.network import Bench, at_once, build, outcome, show_outcome

# How many times as long as asked for users ask for these figures.
TIMES = 2

# Of the page.
EXPLAINED = """\
*Allowed* is what the protocol's own processor time allows: the cores, divided by what a signature of bare
synedrion takes of them with eight sessions always in work (the lines above the table: before the first row, and
after each). It leaves nothing to nodes for their blocks, nor to parties that wait for each other, nor to other work
on the machine; bare synedrion itself, beside idle nodes, makes the second line's.

*Used* is what all nodes together used of the processors for each answer, with their blocks: more than what bare
synedrion takes by what else a signature costs, and by what nodes do anyway in that time. Users ask for twice as long
as for other figures: in the end, when the last requests are waited for, cores are idle.

*Not ok* are answers of relayers and signers other than a signature. A client that gets one asks another
relayer, and a relayer other signers; only what fails after that has *failed*.

*Sessions* and *memory* are the most signing sessions that each node computed at once, and the most resident
memory of each, added up. Sessions that wait for their turn (a node computes four for each core, and eight at
least) are not counted: they need hardly any memory yet. What nodes grow by from row to row is not the sessions'
alone: in their first minutes they come to keep more with every block.
"""


def measure(users, seconds):
    """What a signature of bare synedrion takes of the processors is measured beside the idle network, before and
    after each row, which is held against the mean of the two: the machine is not as fast all the time. More and
    more users: resident memory shows what the most of them needed."""
    build()
    users, rows = sorted(set(users)), []
    with Bench() as bench:
        keys = bench.users(users[-1])
        bare, quiet = [at_once()], bench.memory()
        for count in users:
            bench.wait_for_aux_info()
            found, nodes = bench.watched(lambda: bench.load(keys[:count], TIMES * seconds))
            bare.append(at_once())
            answers, allowed = found["seconds"], mean(map(allowed_per_second, bare[-2:]))
            rows.append({
                "users": count,
                **outcome(found),
                "warm_ups": len(found["first"]),
                "per_second": len(answers) / found["wall"],
                "allowed_per_second": allowed,
                "of_allowed": len(answers) / found["wall"] / allowed,
                "median": median(answers),
                "slowest": max(answers),
                "nodes": nodes,
            })
    return {"bare": bare, "memory_before_mib": quiet, "rows": rows}


def allowed_per_second(run):
    """How many signatures the processors could make, if they had nothing else to do and never waited."""
    return len(os.sched_getaffinity(0)) * run["signatures"] / run["cpu_seconds"]


def total(row, what):
    return sum(node[what] for node in row["nodes"].values())


def show(found):
    for what, of in (("of the processors for each signature, s", lambda run: run["cpu_seconds"] / run["signatures"]),
                     ("signatures a second", lambda run: run["signatures"] / run["seconds"])):
        print(f"bare synedrion, {what}: {', '.join(f'{of(run):.2f}' for run in found['bare'])}")
    print(f"{'users':>5} {'answered':>9} {'failed':>7} {'not ok':>7} {'a second':>9} {'allowed':>8} {'of it':>6}"
          f" {'used':>6} {'median':>8} {'slowest':>8} {'sessions':>9} {'memory':>10}")
    for row in found["rows"]:
        refused = sum(sum(counts.values()) for counts in row["not_ok"].values())
        used = total(row, "cpu_seconds") / (row["answered"] + row["warm_ups"])
        print(f"{row['users']:5} {row['answered']:9} {row['failed']:7} {refused:7} {row['per_second']:9.2f}"
              f" {row['allowed_per_second']:8.2f} {100 * row['of_allowed']:4.0f} %"
              f" {used:4.2f} s {row['median']:6.2f} s {row['slowest']:6.2f} s"
              f" {total(row, 'sessions'):9.0f} {total(row, 'memory_mib'):6.0f} MiB")
        show_outcome(row)
    print(f"memory of all nodes: {found['memory_before_mib']:.0f} MiB before the first request")
