"""What the Python scripts share: where things are built, and how the local network and the
command-line client are called."""

import fcntl
import json
import os
import pathlib
import shlex
import socket
import subprocess
import sys

SCRIPTS = pathlib.Path(__file__).resolve().parent
CACHE = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache") / "signing-network"
TARGET = pathlib.Path(os.environ.get("CARGO_TARGET_DIR") or CACHE / "target")
NODE = TARGET / "release" / "signing-node"
CLI = TARGET / "release" / "signing-cli"
PROGRAMS = TARGET / "programs"
# What a build needs to know, and where Rust and Node.js are, as scripts/env.sh says it.
PATH = f"{pathlib.Path.home()}/.cargo/bin:{CACHE}/node/bin:{os.environ.get('PATH', os.defpath)}"
ENVIRONMENT = dict(os.environ, CARGO_TARGET_DIR=str(TARGET), WASM_BUILD_WORKSPACE_HINT=str(SCRIPTS.parent),
                   PATH=PATH)


def fail(message):
    sys.exit(f"error: {message}")


def bold(text):
    """For a terminal."""
    return f"\033[1m{text}\033[0m" if sys.stderr.isatty() else text


def interrupted():
    """The end of a script that somebody has interrupted."""
    print("interrupted", file=sys.stderr)
    sys.exit(130)


def run(*command):
    """Runs a command that shows its own progress."""
    # What it prints is progress here; standard output is for the result.
    with subprocess.Popen(command, stdout=sys.stderr) as process:
        try:
            code = process.wait()
        except KeyboardInterrupt:
            # On a terminal it has been interrupted, too, and tidies up.
            try:
                process.wait(120)
            except subprocess.TimeoutExpired:
                process.terminate()
            raise
    if code != 0:
        fail(f"{' '.join(map(str, command))} failed")


def output(*command):
    """What a command prints; what it reports besides is shown."""
    done = subprocess.run([str(part) for part in command], cwd=SCRIPTS.parent, env=ENVIRONMENT,
                          stdout=subprocess.PIPE, text=True)
    if done.returncode != 0:
        fail(f"{' '.join(map(str, command))} failed")
    return done.stdout


def last_json(text):
    """The object on the last line: the lines before it are for people."""
    return json.loads(text.strip().splitlines()[-1])


def call_cli(url, *arguments, stderr=None):
    """The command-line client's exit code and answer; with `stderr`, its progress goes there."""
    done = subprocess.run([str(CLI), "--json", "--url", url, *map(str, arguments)],
                          stdout=subprocess.PIPE, stderr=stderr, text=True)
    return done.returncode, last_json(done.stdout) if done.stdout.strip() else None


def cli(url, *arguments, may_fail=False):
    """The command-line client's answer. If it may fail, its error is one."""
    code, answer = call_cli(url, *arguments)
    if code != 0 and not may_fail:
        fail(f"signing-cli {' '.join(map(str, arguments))} failed")
    if answer is None:
        fail(f"signing-cli {' '.join(map(str, arguments))} said nothing")
    return answer


def process_stat(pid):
    """What Linux tells of a process, from its state on, which comes third (proc_pid_stat(5))."""
    return pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()


def process_state(pid):
    """The state, number of threads and time of start, in ticks since the machine's, of a process."""
    fields = process_stat(pid)
    return fields[0], int(fields[17]), int(fields[19])


def is_running(node):
    """Whether the process of a node of a network's `network.json` is there and is this node (a process id may have
    been used again)."""
    try:
        state, threads, started = process_state(node["pid"])
    except (OSError, KeyError):
        return False
    # Of one that was killed the first thread may end before others, which hold its files until then.
    return started == node["started"] and (state != "Z" or threads > 1)


def free_ports(count, address="127.0.0.1"):
    """Ports of an address (every one, if it is empty) that nobody listens on now; all different."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for one in sockets:
            one.bind((address, 0))
        return [one.getsockname()[1] for one in sockets]
    finally:
        for one in sockets:
            one.close()


def build():
    """Builds, and keeps others from building over it."""
    hold(str(SCRIPTS / "build"))


def claim():
    """Keeps others from building, for those who build something else."""
    hold("bash", "-c", '. "$0" && claim_target', str(SCRIPTS / "env.sh"))


def hold(*command):
    """Runs what claims the target directory; until this script ends, no other checkout can (claim_target in env.sh)."""
    mine = f"{TARGET} of {SCRIPTS.parent}"
    while True:
        run(*command)
        if os.environ.get("SIGNING_CLAIM") == mine:
            return  # Who has called this script has claimed it.
        lock = open(TARGET / ".claim", "a")
        fcntl.flock(lock, fcntl.LOCK_SH)
        if not other_owner():
            break
        # It has been faster.
        lock.close()
    # Open to the end; and those that this one calls need not claim it.
    hold.lock = lock
    for environment in (os.environ, ENVIRONMENT):
        environment["SIGNING_CLAIM"] = mine


def check_free(folder):
    """Fails if a network runs in this folder."""
    file = folder / "network.json"
    if file.exists() and any(map(is_running, json.loads(file.read_text())["nodes"])):
        fail(f"a network is running in {folder}: stop it with 'scripts/network down{option(folder)}', "
             "or choose another --dir")


def option(folder):
    """What has scripts/network find a network there."""
    return f" --dir {shlex.quote(str(folder))}" if folder != CACHE / "network" else ""


def other_owner():
    """The checkout that has claimed the target directory last, if it is another one."""
    try:
        owner = (TARGET / ".checkout").read_text()
    except FileNotFoundError:
        return None
    return None if owner == str(SCRIPTS.parent) else owner


class LocalNetwork:
    """The network in a folder, driven through `scripts/network`."""

    def __init__(self, folder):
        self.folder = str(folder)
        self.path = pathlib.Path(folder)

    def __call__(self, *arguments):
        run(str(SCRIPTS / "network"), *arguments, "--dir", self.folder)

    def status(self):
        return json.loads(output(SCRIPTS / "network", "status", "--json", "--dir", self.folder))

    def wait_for_key(self):
        """The status as soon as there is a network key."""
        self("wait")
        return self.status()
