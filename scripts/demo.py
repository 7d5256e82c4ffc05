#!/usr/bin/env python3
"""From nothing to a signed Ethereum transaction.

Installs what is missing, builds, starts five validators, waits until they hold a key that none of
them knows, deploys a program that guards who may be paid, registers a user with it, has the network
sign an EIP-1559 transaction, shows that it refuses one to another address, and stops the network.
"""

import argparse
import json
import pathlib
import subprocess
import sys
import tempfile
import time

from local_network import (CACHE, PROGRAMS, SCRIPTS, LocalNetwork, bold, build, call_cli, check_free, cli, fail,
                           interrupted, option, run)

USER = "//Alice"
ALLOWED = "0x70997970C51812dc3A010C7d01b50e0d17dc79C8"
OTHER = "0x3C44CdDdB6a900fa2b585dd299e03d12FA4293BC"


def say(message):
    print(bold(f"==> {message}"), file=sys.stderr, flush=True)


def payload(url, to):
    """An EIP-1559 transaction's signing payload."""
    return cli(url, "ethereum", "payload", "--to", to, "--value", "0.1ether", "--chain-id", "1",
               "--nonce", "0", "--max-fee", "30gwei", "--max-priority-fee", "1gwei")


def sign_when_ready(url, verifying_key, message):
    """Signs. The committee serves as soon as its first block is final: a few blocks after the key."""
    for _ in range(20):
        answer = cli(url, "sign", "--suri", USER, "--verifying-key", verifying_key, "--hex", message,
                     may_fail=True)
        if "error" not in answer:
            return answer
        print(f"not yet: {answer['error']['code']}", file=sys.stderr, flush=True)
        time.sleep(3)
    fail(f"not signed: {answer['error']['message']}")


def demo(network, seconds):
    started = time.monotonic()
    say("waiting for the network key: a committee of three makes it, any two of them can sign")
    status = network.wait_for_key()
    url = status["validators"][0]["rpc"]
    seconds["network_ready"] = time.monotonic() - started
    for validator in status["validators"]:
        print(f"{validator['name']:8} {validator['role']}", file=sys.stderr)
    print(f"network key {status['verifying_key']}", file=sys.stderr)

    started = time.monotonic()
    say(f"deploying the program allow-list and registering with it: only {ALLOWED} may be paid")
    program = cli(url, "program", "deploy", PROGRAMS / "allow-list.wasm", "--suri", USER)
    configuration = json.dumps({"allow": [ALLOWED]})
    registration = cli(url, "register", "--suri", USER, "--program", f"{program['program']}={configuration}")
    seconds["register"] = time.monotonic() - started
    print(f"the user's key {registration['verifying_key']}", file=sys.stderr)
    print(f"its address    {registration['address']}", file=sys.stderr)

    say("signing an EIP-1559 transaction of 0.1 ether to that address")
    allowed = payload(url, ALLOWED)
    started = time.monotonic()
    signature = sign_when_ready(url, registration["verifying_key"], allowed["payload"])
    seconds["sign"] = signature["seconds"]
    recovered = cli(url, "ethereum", "recover", "--payload", allowed["payload"],
                    "--signature", signature["signature"], "--expect", registration["address"])
    print(f"signature      {signature['signature']}", file=sys.stderr)
    print(f"raw            {recovered['raw']}", file=sys.stderr)
    print(f"sender, recovered from the raw transaction: {recovered['sender']}", file=sys.stderr)

    say(f"asking for the same to {OTHER}, which the program must refuse")
    # What it writes for people calls an error what is meant to happen here.
    _, refused = call_cli(url, "sign", "--suri", USER, "--verifying-key", registration["verifying_key"],
                          "--hex", payload(url, OTHER)["payload"], stderr=subprocess.DEVNULL)
    if refused is None:
        fail("signing-cli said nothing")
    if "error" not in refused:
        fail("the program did not refuse")
    if refused["error"]["code"] != "program_refused":
        fail(f"not the program refused, but: {refused['error']['message']}")
    print(f"refused, as it should be: {refused['error']['message']}", file=sys.stderr)
    return {
        "verifying_key": registration["verifying_key"],
        "address": registration["address"],
        "message": allowed["payload"],
        "signing_hash": allowed["signing_hash"],
        "signature": signature["signature"],
        "raw_transaction": recovered["raw"],
        "sender": recovered["sender"],
        "refused": refused["error"]["code"],
    }


def main():
    parser = argparse.ArgumentParser(prog="scripts/demo", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter,
                                     epilog="Example: scripts/demo --json | tail -n 1 | python3 -m json.tool")
    parser.add_argument("--json", action="store_true", help="end with one line, a JSON object")
    parser.add_argument("--keep", action="store_true", help="leave the network up; 'scripts/network down' stops it")
    parser.add_argument("--dir", help="where the network lives (default: a new temporary folder; "
                                      "with --keep, that of 'scripts/network')")
    arguments = parser.parse_args()
    try:
        build_and_show(arguments)
    except KeyboardInterrupt:
        interrupted()


def build_and_show(arguments):
    # Better now than after a build.
    if arguments.dir or arguments.keep:
        check_free(pathlib.Path(arguments.dir or CACHE / "network").resolve())
    seconds = {}
    started = time.monotonic()
    run(str(SCRIPTS / "setup"))
    build()
    seconds["build"] = time.monotonic() - started

    folder = arguments.dir or (CACHE / "network" if arguments.keep else tempfile.mkdtemp(prefix="signing-demo-"))
    folder = pathlib.Path(folder).resolve()
    network, is_up = LocalNetwork(folder), False
    try:
        say("starting five validators")
        network("up")
        is_up = True
        result = demo(network, seconds)
    except BaseException as error:
        why = "interrupted" if isinstance(error, KeyboardInterrupt) else "failed"
        if arguments.keep and is_up:
            say(f"{why}; the network stays up: 'scripts/network down{option(folder)}' stops it")
        else:
            say(f"{why}; stopping the network. Its data and logs stay in {folder}")
            network("down", "--keep-data")
        raise
    if not arguments.keep:
        say("stopping the network")
        network("down")
    result["seconds"] = {name: round(value, 2) for name, value in seconds.items()}
    if arguments.json:
        print(json.dumps(result))
    else:
        say("done")
        for name in ("address", "sender", "signature", "refused"):
            print(f"{name:10} {result[name]}")
    if arguments.keep:
        of = option(folder)
        say("the network stays up; to go on with it, for example with that user's key:")
        print(f"""  eval "$(scripts/network env{of})"
  signing-cli sign --suri {USER} --verifying-key {result['verifying_key']} --hex {result['message']}
  scripts/network status{of}    # the http addresses are those of the nodes' status pages
  scripts/network down{of}      # stops it""", file=sys.stderr)


if __name__ == "__main__":
    main()
