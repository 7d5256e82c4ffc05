"""Several users at once, each asking for one signature after the other."""

from statistics import mean, median

from benchmarks.network import Bench, at_once, build, outcome, show_outcome

# Of the page.
EXPLAINED = """\
*Not ok* are answers of relayers and signers other than a signature. A client that gets one asks another
relayer, and a relayer other signers; only what fails after that has *failed*.

*Sessions* and *memory* are the most signing sessions that each node computed at once, and the most resident
memory of each, added up. An open session's memory is what the nodes that sign grew by from the first row to
the last, divided by the sessions that they had more. It is the most and no median, because the allocator
gives little back: resident memory stays where the most sessions at once have brought it, and users only
become more from row to row. What else a node comes to keep in these minutes is taken for the sessions', which
makes the figure too high; memory that was left free when the key was made is used again, which makes it too
low. Sessions that wait for their turn (a node computes four for each core, and eight at least) are not
counted: they need hardly any memory yet, and would make the figure look better.
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
    return {"allowed_per_second": per_second, "allowed": allowed, "memory_before_mib": quiet,
            "rows": rows, "sessions": of_sessions(rows[0]["nodes"], rows[-1]["nodes"])}


def of_sessions(few, many):
    """What the nodes that sign have grown by from few users to many, by the most memory and the most sessions
    of each."""
    grown = [{what: node[what] - few[name][what] for what in node} for name, node in many.items()]
    grown = [node for node in grown if node["sessions"] > 0]
    more, memory = (sum(node[what] for node in grown) for what in ("sessions", "memory_mib"))
    measured = more > 0 and memory > 0
    return {"more": more, "memory_mib": memory, "mib_each": memory / more if measured else None}


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
    sessions = found["sessions"]
    each = "not measured" if sessions["mib_each"] is None else f"{sessions['mib_each']:.1f} MiB each"
    print(f"memory of all nodes: {found['memory_before_mib']:.0f} MiB before the first request; those that sign grew"
          f" by {sessions['memory_mib']:.0f} MiB\nwith {sessions['more']:.0f} sessions more: {each}")
