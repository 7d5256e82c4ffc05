"""Several users at once, each asking for one signature after the other."""

from statistics import mean, median

from benchmarks.network import Bench, at_once, build, outcome, show_outcome

# Each member that signs has a session open for each request.
SESSIONS = 2


def measure(users, seconds):
    """What bare synedrion makes of the cores is measured before and after, beside the idle network; of each,
    the median counts."""
    build()
    rows = []
    with Bench() as bench:
        keys = bench.users(max(users))
        allowed = [at_once()]
        bench.wait_for_aux_info()
        quiet = bench.memory()
        for count in users:
            found, memory = bench.peak_memory(lambda: bench.load(keys[:count], seconds))
            answers = found["seconds"]
            rows.append({
                "users": count,
                **outcome(found),
                "per_second": len(answers) / found["wall"],
                "median": median(answers),
                "slowest": max(answers),
                "memory_mib": memory,
            })
        allowed.append(at_once())
    per_second = mean(map(median, allowed))
    for row in rows:
        row["of_allowed"] = row["per_second"] / per_second
    few, many = rows[0], rows[-1]
    more = SESSIONS * (many["users"] - few["users"])
    per_session = (many["memory_mib"] - few["memory_mib"]) / more if more else None
    return {"allowed_per_second": per_second, "allowed": allowed, "memory_before_mib": quiet,
            "rows": rows, "mib_per_session": per_session}


def show(found):
    before, after = (", ".join(f"{one:.2f}" for one in runs) for runs in found["allowed"])
    print(f"bare synedrion, always another session to work on: {found['allowed_per_second']:.2f} a second"
          f" (median of {before} before, and of {after} after)")
    print(f"{'users':>5} {'answered':>9} {'failed':>7} {'not ok':>7} {'a second':>9} {'of bare':>8} {'median':>8} {'slowest':>8}"
          f" {'most memory of all':>20}")
    for row in found["rows"]:
        refused = sum(sum(counts.values()) for counts in row["not_ok"].values())
        print(f"{row['users']:5} {row['answered']:9} {row['failed']:7} {refused:7} {row['per_second']:9.2f}"
              f" {100 * row['of_allowed']:6.0f} % {row['median']:6.2f} s {row['slowest']:6.2f} s"
              f" {row['memory_mib']:16.0f} MiB")
        show_outcome(row)
    print(f"memory of all nodes: {found['memory_before_mib']:.0f} MiB before the first request", end="")
    if found["mib_per_session"] is not None:
        print(f", {found['mib_per_session']:.1f} MiB more for each session that is open at once", end="")
    print()
