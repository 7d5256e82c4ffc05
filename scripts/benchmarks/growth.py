"""How the time grows: with the parties that sign, the message, the programs' fuel, the registrations."""

import json
from statistics import median

from benchmarks.network import Bench, bare, build, outcome, show_outcome
from local_network import output

# The last is the longest that is signed. Being hex in JSON three times over, it is a body of 8.0 MB for
# the relayer and of 24.0 MB for each signer, who take 8.9 and 26.7.
MESSAGES = [32, 1 << 10, 1 << 14, 1 << 17, 1_000_000]

# Of the page.
EXPLAINED = """\
Registrations are looked up in a trie in memory, as a node's caches hold the parts of it that are used often.
A node's database, ParityDB, is not in these figures: what no cache has takes a read of it for each node of
the trie on the way to the registration, of which there are more by the logarithm of how many registrations
there are.
"""


def measure(parties, seconds):
    build()
    signing = []
    for count in parties:
        found = bare(3, count)
        in_process = min(found["bare"], found["bare_parallel"])
        signing.append({"parties": count, "bare": in_process, "driver": found["driver"],
                        "ratio": found["driver"] / in_process})
    messages = []
    with Bench() as bench:
        key = bench.users(1)
        for size in MESSAGES:
            found = bench.load(key, seconds, size)
            messages.append({"bytes": size, "median": median(found["seconds"]), **outcome(found)})
    return {"signing": signing, "messages": messages, "fuel": measured("it", "what_fuel_costs"),
            "lookups": measured("runtime", "what_a_lookup_costs")}


def measured(target, test):
    """What a test that measures something in one process has printed."""
    printed = output("cargo", "test", "--release", "--locked", "--workspace", "--test", target, "--",
                     "--ignored", "--nocapture", test)
    return next(json.loads(line) for line in printed.splitlines() if line.startswith("[{"))


def show(found):
    print(f"{'parties':>8} {'bare':>9} {'driver':>9} {'ratio':>6}")
    for row in found["signing"]:
        print(f"{row['parties']:8} {row['bare']:7.2f} s {row['driver']:7.2f} s {row['ratio']:6.2f}")
    print(f"\n{'message':>9} {'end to end':>11} {'answered':>9} {'failed':>7}")
    for row in found["messages"]:
        print(f"{row['bytes']:7} B {row['median']:9.2f} s {row['answered']:9} {row['failed']:7}")
        show_outcome(row)
    print(f"\n{'fuel':>10} {'one program':>12}")
    for row in found["fuel"]:
        print(f"{row['fuel']:10} {row['milliseconds']:9.2f} ms")
    print(f"\n{'registrations':>14} {'look-up':>10}")
    for row in found["lookups"]:
        print(f"{row['registrations']:14} {row['microseconds']:7.1f} µs")
    print("looked up in a trie in memory, not in a node's database, which is ParityDB")
