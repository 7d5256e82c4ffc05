"""What the Python scripts share: where things are built, and how the local network and the
command-line client are called."""

import json
import os
import pathlib
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


def run(*command):
    """Runs a command that shows its own progress."""
    # What it prints is progress here; standard output is for the result.
    if subprocess.run(command, stdout=sys.stderr).returncode != 0:
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
