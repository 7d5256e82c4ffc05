"""Several users at once, each asking for one signature after the other."""

from statistics import mean, median

from benchmarks.network import Bench, at_once, build, outcome, show_outcome

# Of the page.
EXPLAINED = """\
*Not ok* are answers of relayers and signers other than a signature. A client that gets one asks another
relayer, and a relayer other signers; only what fails after that has *failed*.

*Sessions* and *memory* are the most signing sessions that each node computed at once, and the most resident
memory of each, added up. Sessions that wait for their turn (a node computes four for each core, and eight at
least) are not counted: they need hardly any memory yet. What nodes grow by from row to row is not the sessions'
alone: in their first minutes they come to keep more with every block.
"""


def measure(users, seconds):
    """What bare synedrion makes of the cores is measured before and after, beside the idle network; of each,
    the median counts. More and more users: resident memory shows what the most of them needed."""
    build()
    users, rows = sorted(set(users)), []
    with Bench() as bench:
        keys = bench.users(users[-1])
        allowed = [at_once()]
        bench.wait_for_aux_info()
        quiet = bench.memory()
        for count in users:
            found, nodes = bench.watched(lambda: bench.load(keys[:count], seconds))
            answers = found["seconds"]
            rows.append({
                "users": count,
                **outcome(found),
                "per_second": len(answers) / found["wall"],
                "median": median(answers),
                "slowest": max(answers),
                "nodes": nodes,
            })
        allowed.append(at_once())
    per_second = mean(map(median, allowed))
    for row in rows:
        row["of_allowed"] = row["per_second"] / per_second
    return {"allowed_per_second": per_second, "allowed": allowed, "memory_before_mib": quiet, "rows": rows}


def total(row, what):
    return sum(node[what] for node in row["nodes"].values())


def show(found):
    before, after = (", ".join(f"{one:.2f}" for one in runs) for runs in found["allowed"])
    print(f"bare synedrion, always another session to work on: {found['allowed_per_second']:.2f} a second"
          f" (median of {before} before, and of {after} after)")
    print(f"{'users':>5} {'answered':>9} {'failed':>7} {'not ok':>7} {'a second':>9} {'of bare':>8} {'median':>8}"
          f" {'slowest':>8} {'sessions':>9} {'memory':>10}")
    for row in found["rows"]:
        refused = sum(sum(counts.values()) for counts in row["not_ok"].values())
        print(f"{row['users']:5} {row['answered']:9} {row['failed']:7} {refused:7} {row['per_second']:9.2f}"
              f" {100 * row['of_allowed']:6.0f} % {row['median']:6.2f} s {row['slowest']:6.2f} s"
              f" {total(row, 'sessions'):9.0f} {total(row, 'memory_mib'):6.0f} MiB")
        show_outcome(row)
    print(f"memory of all nodes: {found['memory_before_mib']:.0f} MiB before the first request")
