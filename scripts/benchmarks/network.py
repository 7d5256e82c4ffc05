"""A network that is ready to be measured, with users on it, and what its nodes say of themselves."""

import contextlib
import http.client
import itertools
import json
import os
import re
import sys
import tempfile
import threading
import time
import urllib.request
from collections import Counter
from statistics import median

from local_network import PROGRAMS, SCRIPTS, TARGET, LocalNetwork, cli, fail, last_json, output, process_stat
from local_network import build as build_all

USER = "//Bob"
ACCOUNT = "5FHneW46xGXgs5mUiveU4sbTyGBzmstUspZC92UhjJM694ty"
PREPARE_SECONDS = 600
SERIES = re.compile(r'^(\w+)(?:\{(.*)\})? ([-+.\deE]+)$')
# `0: bare 0.878 s, bare parallel 0.950 s, driver 0.907 s`, as the benchmark prints each round.
ROUND = re.compile(r"^\d+: bare ([\d.]+) s, bare parallel ([\d.]+) s, driver ([\d.]+) s")
KINDS = ("bare", "bare_parallel", "driver")
# How many signing sessions a node computes at once (offchain-signer/src/service/committee_signer.rs).
COMPUTED_AT_ONCE = max(4 * len(os.sched_getaffinity(0)), 8)
# What a node can be to a request.
ROLES = ("relayer", "signer")


class Bench:
    """A network of `zombienet/`, warm: the key is there, and auxiliary information for the next hand-over
    too, the making of which would compete with what is measured."""

    def __init__(self, definition="local"):
        self.definition = SCRIPTS.parent / "zombienet" / f"{definition}.toml"

    def __enter__(self):
        self.network = LocalNetwork(tempfile.mkdtemp(prefix="signing-bench-"))
        try:
            self.network("up", "--definition", self.definition)
            self.url = self.network.wait_for_key()["validators"][0]["rpc"]
            self.wait_for_aux_info()
        except BaseException:
            # Nobody comes to __exit__ from here.
            self.network("down")
            raise
        return self

    def __exit__(self, *_):
        self.network("down")

    def wait_for_aux_info(self):
        print("waiting for auxiliary information", file=sys.stderr, flush=True)
        deadline = time.monotonic() + PREPARE_SECONDS
        while time.monotonic() < deadline:
            committee = cli(self.url, "--quiet", "committee")
            if committee["standbys"] and all(one["prepared"] for one in committee["standbys"]):
                return
            time.sleep(2)
        fail(f"no auxiliary information after {PREPARE_SECONDS} s")

    def users(self, count):
        """Verifying keys of so many users, who share one program."""
        program = cli(self.url, "--quiet", "program", "deploy", PROGRAMS / "requester-only.wasm",
                      "--suri", USER)["program"]
        instance = f"{program}=" + json.dumps({"accounts": [ACCOUNT]})
        return [cli(self.url, "--quiet", "register", "--suri", USER, "--program", instance)["verifying_key"]
                for _ in range(count)]

    def load(self, keys, seconds, size=32):
        """What came of the users' requests, as `sign_load` tells it; and in `not_ok`, what nodes have answered
        besides signatures. A client that hears of it asks another relayer, and a relayer other signers."""
        before = self.metrics()
        found = last_json(output(TARGET / "release" / "examples" / "sign_load", self.url, USER, seconds,
                                 size, *keys))
        if not found["seconds"]:
            fail(f"none of {found['failed']} requests was answered: {found['errors']}")
        return {**found, "not_ok": not_ok(before, self.metrics())}

    def nodes(self):
        return json.loads((self.network.path / "network.json").read_text())["nodes"]

    def metrics(self):
        """All nodes' series, added up: {(name, labels): value}."""
        total = Counter()
        for node in self.nodes():
            total.update(series_of(node))
        return dict(total)

    def memory(self):
        """Resident memory of all nodes, in MiB."""
        return sum(map(memory_of, self.nodes()))

    def watched(self, work):
        """What `work` returns; and for each node the most resident memory while it ran, in MiB, the most signing
        sessions that it computed at once, and what it used of the processors, in seconds. (A look at sessions costs
        a node more: they are fewer.)"""
        nodes, done = self.nodes(), threading.Event()
        used = {node["name"]: -cpu_seconds_of(node) for node in nodes}
        most = {node["name"]: {"memory_mib": memory_of(node), "sessions": sessions_of(node)} for node in nodes}

        def look(what, of):
            for node in nodes:
                one = most[node["name"]]
                # A node that does not answer once is looked at again soon.
                with contextlib.suppress(OSError, http.client.HTTPException):
                    one[what] = max(one[what], of(node))

        def sample():
            for tick in itertools.count():
                look("memory_mib", memory_of)
                if tick % 10 == 0:
                    look("sessions", sessions_of)
                if done.wait(0.1):
                    return

        sampler = threading.Thread(target=sample)
        sampler.start()
        try:
            found = work()
        finally:
            done.set()
            sampler.join()
        for node in nodes:
            most[node["name"]]["cpu_seconds"] = used[node["name"]] + cpu_seconds_of(node)
        return found, most


def series_of(node):
    """What a node's signer says of itself: {(name, labels): value}."""
    with urllib.request.urlopen(f"http://127.0.0.1:{node['prometheus']}/metrics", timeout=10) as answer:
        lines = answer.read().decode().splitlines()
    matches = (SERIES.match(line) for line in lines if line.startswith("signing_"))
    return {(name, labels or ""): float(value) for name, labels, value in (one.groups() for one in matches if one)}


def sessions_of(node):
    """How many signing sessions a node has open, as far as it computes them: others wait for their turn, and
    need hardly any memory until it comes."""
    name = "signing_sessions_open"
    is_open = [value for (of, labels), value in series_of(node).items()
               if of == name and label(labels, "kind") == "signing"]
    if not is_open:
        fail(f"{node['name']} has no series {name}")
    return min(sum(is_open), COMPUTED_AT_ONCE)


def memory_of(node):
    """Resident memory of a node, in MiB."""
    with open(f"/proc/{node['pid']}/statm", encoding="ascii") as statm:
        return int(statm.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20


def cpu_seconds_of(node):
    """What a node has used of the processors, in seconds."""
    user, system = process_stat(node["pid"])[11:13]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


def label(labels, name):
    found = re.search(rf'{name}="([^"]*)"', labels)
    return found.group(1) if found else None


def stages(before, after):
    """Seconds per answered request that relayers and signers spent in each stage, from two looks at
    the metrics. A request goes through T signers at a time: theirs is the mean of them."""
    rows = {}
    for (name, labels), value in after.items():
        if name == "signing_request_stage_seconds_sum":
            rows[label(labels, "role"), label(labels, "stage")] = value - before.get((name, labels), 0.0)
    for role in ROLES:
        count = sum(value - before.get((name, labels), 0.0) for (name, labels), value in after.items()
                    if name == "signing_requests_total" and label(labels, "role") == role
                    and label(labels, "outcome") == "ok")
        for (of, stage), seconds in list(rows.items()):
            if of == role:
                rows[of, stage] = seconds / count if count else None
    return rows


def rounds(before, after):
    """Mean seconds that signers spent in each round of a signing session, in their order."""
    name, spent = "signing_protocol_round_seconds", {}
    for (of, labels), value in after.items():
        if of == f"{name}_sum" and label(labels, "protocol") == "interactive_signing":
            count = after[f"{name}_count", labels] - before.get((f"{name}_count", labels), 0.0)
            if count:
                spent[label(labels, "round")] = (value - before.get((of, labels), 0.0)) / count
    return dict(sorted(spent.items()))


def in_one_process(kinds, *arguments):
    """What the benchmark signing prints of these kinds, and of no others: the rest takes time."""
    return cargo_bench("signing", "--", *arguments, "--only", kinds)


def cargo_bench(name, *arguments):
    return output("cargo", "bench", "--locked", "--workspace", "--bench", name, *arguments)


def bare(rounds, parties):
    """Bare synedrion, and this project's driver, in one process. `times` has each round's."""
    text = in_one_process("bare,driver", rounds, parties)
    rows = [match.groups() for match in map(ROUND.match, text.splitlines()) if match]
    if not rows:
        fail("the benchmark signing has printed no rounds")
    times = {kind: [float(seconds) for seconds in column] for kind, column in zip(KINDS, zip(*rows))}
    return {**last_json(text), "times": times}


def at_once():
    """How many signatures bare synedrion makes with always another session to work on, in how many seconds, and
    of how many seconds of the processors."""
    return last_json(in_one_process("at_once"))["at_once"]


def memory_by_sessions():
    """The most resident memory of a process with so many sessions at once, by their number."""
    return last_json(cargo_bench("memory"))


def median_of(runs, kind):
    """The median of all rounds of these runs of `bare`."""
    return median(seconds for run in runs for seconds in run["times"][kind])


def in_process(runs):
    """What a signature by bare synedrion takes: the better one of its two kinds."""
    return min(median_of(runs, "bare"), median_of(runs, "bare_parallel"))


def not_ok(before, after):
    """How often relayers and signers came to something else than a signature between two looks at the
    metrics, by outcome."""
    counts = {role: {} for role in ROLES}
    for (name, labels), value in after.items():
        more = round(value - before.get((name, labels), 0.0))
        if name == "signing_requests_total" and label(labels, "outcome") != "ok" and more:
            counts[label(labels, "role")][label(labels, "outcome")] = more
    return counts


def added_up(counts):
    """How often each came, in all of these."""
    total = Counter()
    for count in counts:
        total.update(count)
    return dict(total)


def outcome(*loads):
    """What came of all requests of these loads."""
    return {
        "answered": sum(len(load["seconds"]) for load in loads),
        "failed": sum(load["failed"] for load in loads),
        "errors": added_up(load["errors"] for load in loads),
        "not_ok": {role: added_up(load["not_ok"][role] for load in loads) for role in ROLES},
    }


def show_outcome(found):
    """What else there was than signatures."""
    for error, count in found["errors"].items():
        print(f"  failed, {count} times: {error}")
    for role, counts in found["not_ok"].items():
        if counts:
            told = ", ".join(f"{count} {name}" for name, count in sorted(counts.items()))
            print(f"  answers of {role}s other than ok: {told}")


def build():
    """All that is needed while the network is up: a compiler would compete with what is measured."""
    build_all()
    output("cargo", "build", "--release", "--locked", "--workspace", "--example", "sign_load")
    for bench in ("signing", "memory"):
        cargo_bench(bench, "--no-run")
