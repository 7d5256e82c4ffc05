"""One signature after the other, end to end, against bare synedrion with as many parties."""

from statistics import median

from benchmarks.network import (Bench, bare, build, in_process, median_of, memory_by_sessions, outcome, rounds,
                                show_outcome, stages)

# The stage that bare synedrion has, too.
PROTOCOL = "protocol"
# What a node does before it asks others, in this order.
FIRST = ["body", "decryption", "chain_reads", "queue", "programs", "session_setup"]
# What the client spends by itself.
CLIENT = ["chain_reads", "verification"]
# How often the network and bare synedrion take turns, and how often its parties sign each time.
SLICES = 3
ROUNDS = 5
# Of fewer answers a median says little: then they take more turns, but not for longer than this many times
# as long.
ANSWERS = 10
PATIENCE = 4
# Until all nodes have done it once, seconds.
WARM_UP = 10

# Of the page.
EXPLAINED = """\
An open session's memory is what a process of its own has resident at most with the most sessions at once, less
what one has with a single session, divided by the parties that it has more. These are the driver's, with links
in memory: what connections between nodes keep is not in it, nor what a node has of a request beside its session.
"""


def measure(seconds):
    """Two of three in five nodes, and three of five in seven."""
    build()
    memory = memory_by_sessions()
    return {**measure_on("local", 2, seconds), "three": measure_on("large", 3, seconds), "memory": memory}


def bytes_of_a_session(memory):
    """What an open session takes of a party's memory: by how much the most differ from the fewest."""
    few, *_, many = sorted(memory, key=lambda row: row["sessions"])
    more = many["sessions"] * many["parties"] - few["sessions"] * few["parties"]
    return (many["bytes"] - few["bytes"]) / more


def measure_on(definition, parties, seconds):
    """The network and bare synedrion take turns, so that other load on the machine falls on both. The
    network is idle while bare synedrion runs, but idle nodes make blocks: that takes a little of the
    processor, and makes bare synedrion look a little slower than on a machine of its own."""
    loads, runs = [], []
    with Bench(definition) as bench:
        key = bench.users(1)
        warm_up = bench.load(key, WARM_UP)
        before = bench.metrics()
        while another_turn(loads):
            bench.wait_for_aux_info()
            loads.append(bench.load(key, seconds / SLICES))
            runs.append(bare(ROUNDS, parties))
        after = bench.metrics()
    answers = [one for load in loads for one in load["seconds"]]
    # With those that opened connections: the nodes have counted them, too.
    timed = answers + [one for load in loads for one in load["first"]]
    end_to_end, mean = median(answers), sum(timed) / len(timed)
    of_client = {what: sum(load["client"][what] for load in loads) / len(timed) for what in CLIENT}
    spent = {stage: each for stage, each in stages(before, after).items() if each is not None}
    of_rounds = rounds(before, after)
    return {
        "requests": len(answers),
        **outcome(warm_up, *loads),
        "end_to_end": end_to_end,
        "driver": median_of(runs, "driver"),
        "bare": in_process(runs),
        "ratio": end_to_end / in_process(runs),
        "slices": [slice_of(load, run) for load, run in zip(loads, runs)],
        "mean": mean,
        "stages": {f"{role}, {stage}": each for (role, stage), each in sorted(spent.items())},
        "rounds": of_rounds,
        "parts": parts(mean, of_client, spent, of_rounds),
        "beside_protocol_ms": 1000 * (mean - spent["signer", PROTOCOL]),
    }


def another_turn(loads):
    few = sum(len(load["seconds"]) for load in loads) < ANSWERS
    return len(loads) < SLICES or (few and len(loads) < PATIENCE * SLICES)


def slice_of(load, run):
    end_to_end, alone = median(load["seconds"]), in_process([run])
    return {"end_to_end": end_to_end, "bare": alone, "ratio": end_to_end / alone}


def parts(mean, of_client, spent, of_rounds):
    """The mean time of a request in parts that add up to it, in seconds. What a relayer calls protocol
    is the time in which it waits for its signers and checks their answers, so theirs is within. What no
    stage accounts for is a rest: that of the signers, whose stages are their mean, has also what the
    slower one takes longer, and that of HTTP to the relayer the client's sealing, the opening of connections, and
    what relayers have taken that did not answer with a signature."""
    relayer = {f"relayer, {stage}": spent["relayer", stage] for stage in FIRST}
    signer = {f"signer, {stage}": spent["signer", stage] for stage in FIRST}
    protocol = {f"signer, protocol: round {number}": each for number, each in of_rounds.items()}
    answers = {f"{role}, answer": spent[role, "answer"] for role in ("signer", "relayer")}
    waiting, session = spent["relayer", PROTOCOL], spent["signer", PROTOCOL]
    return {
        "client, chain_reads": of_client["chain_reads"],
        "rest: sealing, HTTP to the relayer":
            mean - sum(of_client.values()) - sum(relayer.values()) - waiting,
        **relayer,
        "rest: HTTP to signers, making their inputs":
            waiting - sum(signer.values()) - session - sum(answers.values()),
        **signer,
        **protocol,
        "rest: signer, protocol: beside its rounds": session - sum(protocol.values()),
        **answers,
        "client, verification": of_client["verification"],
    }


def show(found):
    show_on(found, "five nodes, 2 of 3", "two")
    print()
    show_on(found["three"], "seven nodes, 3 of 5", "three")
    print(f"\n{'sessions at once, in one process':45} {'memory':>10}")
    for row in found["memory"]:
        print(f"{row['sessions']:15} of {row['parties']} parties {'':15} {row['bytes'] / 1e6:10.1f} MB")
    print(f"{'each session more, of each of its parties':45} {bytes_of_a_session(found['memory']) / 1e6:10.2f} MB")


def show_on(found, network, parties):
    print(f"{f'end to end, {network}, median':45} {found['end_to_end']:6.3f} s")
    print(f"{f'this driver, {parties} parties in one process':45} {found['driver']:6.3f} s")
    print(f"{f'bare synedrion, {parties} parties in one process':45} {found['bare']:6.3f} s")
    print(f"{'end to end / bare':45} {found['ratio']:6.2f}")
    for number, one in enumerate(found["slices"], 1):
        print(f"{f'  in slice {number} of the time':45} {one['ratio']:6.2f}"
              f"   {one['end_to_end']:.3f} s / {one['bare']:.3f} s")
    print(f"{found['requests']} requests measured; with those that warmed nodes up, {found['answered']} answered,"
          f" {found['failed']} failed")
    show_outcome(found)
    print("\nmean time of a request, in parts")
    for part, seconds in found["parts"].items():
        print(f"  {part:43} {1000 * seconds:8.2f} ms")
    print(f"  {'all of these':43} {1000 * found['mean']:8.2f} ms")
    print(f"  {'all that is not the signers’ protocol':43} {found['beside_protocol_ms']:8.2f} ms")
