"""One signature after the other, end to end, against bare synedrion with the same two parties."""

from statistics import median

from benchmarks.network import Bench, bare, build, rounds, stages

# The stage that bare synedrion has, too.
PROTOCOL = "protocol"
# How often the parties in one process sign.
ROUNDS = 11


def measure(seconds):
    build()
    with Bench() as bench:
        key = bench.users(1)
        before = bench.metrics()
        answers = bench.load(key, seconds)["seconds"]
        after = bench.metrics()
    spent = stages(before, after)
    parties = bare(ROUNDS)
    in_process = min(parties["bare"], parties["bare_parallel"])
    end_to_end = median(answers)
    protocol = spent["signer", PROTOCOL]
    return {
        "requests": len(answers),
        "end_to_end": end_to_end,
        "driver": parties["driver"],
        "bare": in_process,
        "ratio": end_to_end / in_process,
        "mean": sum(answers) / len(answers),
        "stages": {f"{role}, {stage}": seconds for (role, stage), seconds in sorted(spent.items())
                   if seconds is not None},
        "rounds": rounds(before, after),
        "beside_protocol_ms": 1000 * (sum(answers) / len(answers) - protocol),
    }


def show(found):
    print(f"{'end to end, five nodes, 2 of 3, median':45} {found['end_to_end']:6.3f} s")
    print(f"{'this driver, two parties in one process':45} {found['driver']:6.3f} s")
    print(f"{'bare synedrion, two parties in one process':45} {found['bare']:6.3f} s")
    print(f"{'end to end / bare':45} {found['ratio']:6.2f}")
    print("\nmean time of a request in each stage")
    for stage, seconds in found["stages"].items():
        print(f"  {stage:43} {1000 * seconds:8.2f} ms")
    for number, seconds in found["rounds"].items():
        print(f"  {'of the protocol: round ' + number:43} {1000 * seconds:8.2f} ms")
    print(f"  {'all that is not the signers’ protocol':43} {found['beside_protocol_ms']:8.2f} ms")
