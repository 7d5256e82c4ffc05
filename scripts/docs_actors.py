"""Those who run the commands of the documentation (`docs_runner.py` says which), and what they find around them."""

import os
import re
import socket
import subprocess
import sys
import time

from local_network import NODE, SCRIPTS, TARGET, fail, free_ports

REPO = SCRIPTS.parent
BLOCK_SECONDS = 900

# Variables and the working folder last to the next block. What a block prints is kept apart from what the
# shell is told afterwards.
SHELL = """
set -euo pipefail
[ ! -f {state}/variables ] || . {state}/variables
[ ! -f {state}/folder ] || cd "$(cat {state}/folder)"
set -a
{block}
set +a
export -p >{state}/variables
pwd >{state}/folder
"""

# Five nodes on one machine: each needs ports of its own, and addresses that are not public.
NODE_FLAGS = "--rpc-port {rpc} --no-prometheus --allow-private-ip --no-mdns --no-telemetry"
NODE_WRAPPER = """#!/bin/sh
case " $* " in
  *" --validator "*) exec {node} "$@" {flags} ;;
  *) exec {node} "$@" ;;
esac
"""


def own_address():
    """An address of this machine that is not its loopback, as chains that matter want it; its name if
    it has none."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        try:
            # Nothing is sent: this asks which address would be.
            one.connect(("192.0.2.1", 9))
            address = one.getsockname()[0]
            return address if not address.startswith("127.") else socket.gethostname()
        except OSError:
            return socket.gethostname()


class Actor:
    """Somebody who runs commands, in a folder."""

    def __init__(self, folder, environment, state=".shell"):
        self.folder, self.environment, self.nodes = folder, environment, []
        self.state = folder / state
        self.state.mkdir(parents=True)

    def command(self, text):
        return ["bash", "-c", SHELL.format(state=self.state, block=text)]

    def run(self, block):
        """What the block prints."""
        try:
            done = subprocess.run(self.command(block.text), cwd=self.folder, env=self.environment,
                                  stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True, timeout=BLOCK_SECONDS)
        except subprocess.TimeoutExpired:
            fail(f"{block}: does not end within {BLOCK_SECONDS} s")
        sys.stderr.write(done.stdout)
        if done.returncode != 0:
            fail(f"{block}: failed with {done.returncode}")
        return done.stdout

    def write(self, path, text):
        file = self.folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text + "\n")

    def start(self, block):
        log = self.folder / f"node{len(self.nodes)}.log"
        # The shell becomes the node, so that the node gets the signal that ends it.
        text = re.sub(r"(?m)^signing-node ", "exec signing-node ", block.text, count=1)
        with open(log, "ab") as output:
            self.nodes.append((log, subprocess.Popen(
                self.command(text), cwd=self.folder, env=self.environment,
                stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True)))
        time.sleep(2)
        self.check_nodes()

    def check_nodes(self):
        for log, node in self.nodes:
            if node.poll() is not None:
                tail = log.read_text(errors="replace").splitlines()[-15:]
                fail("a node has ended:\n" + "\n".join(tail))

    def stop(self):
        for _, node in self.nodes:
            node.terminate()
        for _, node in self.nodes:
            try:
                node.wait(30)
            except subprocess.TimeoutExpired:
                node.kill()
                node.wait()
        self.nodes = []


class Service(Actor):
    """An operator who goes on as root of a machine with systemd, where a service is to take the place of the node."""

    def __init__(self, who, machine):
        # What is installed there, and not what was built.
        path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
        super().__init__(who.folder, dict(who.environment, PATH=path), state=".service")
        (self.state / "folder").write_text(str(self.folder))
        self.machine = machine

    def command(self, text):
        return [*self.machine.enter(), *super().command(self.own(text))]

    def write(self, path, text):
        """A unit, with what five nodes on one machine need."""
        flags = NODE_FLAGS.format(rpc=self.environment["RPC_PORT"])
        unit = self.own(text).replace("--validator", f"--validator {flags}")
        done = subprocess.run([*self.machine.enter(), "tee", path], stdout=subprocess.DEVNULL, text=True,
                              input=unit + "\n")
        if done.returncode != 0:
            fail(f"{path} cannot be written")

    def own(self, text):
        """The text, with this operator's values in place of those of the documentation."""
        values = {"alpha.example.org": "HOST", "30333": "P2P_PORT", "9955": "HTTP_PORT", "alpha": "NAME"}
        return re.sub("|".join(map(re.escape, values)), lambda found: self.environment[values[found[0]]], text)


def variables(folder, **more):
    """What the commands find in their environment."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("SIGNING_")}
    # What scripts/network keeps is in the page's folder; what is built stays where it is.
    return dict(kept, CARGO_TARGET_DIR=str(TARGET), XDG_CACHE_HOME=str(folder / "cache"),
                PATH=f"{TARGET / 'release'}:{os.environ['PATH']}", **more)


def with_repository(folder):
    """The folder, with the repository's own in it."""
    folder.mkdir(parents=True)
    for name in ("client", "docs", "programs", "scripts", "zombienet"):
        (folder / name).symlink_to(REPO / name)
    (folder / "signing-network").symlink_to(REPO)
    return folder


def operator(folder, name):
    """One of the five, on this machine."""
    own = with_repository(folder / name)
    (own / "shared").symlink_to(folder / "shared")
    # Others come to the second and the third, at whichever address of this machine.
    rpc, p2p, http = free_ports(3, "")
    tools = own / "bin"
    tools.mkdir()
    wrapper = tools / "signing-node"
    wrapper.write_text(NODE_WRAPPER.format(node=NODE, flags=NODE_FLAGS.format(rpc=rpc)))
    wrapper.chmod(0o755)
    environment = variables(own, NAME=name, HOST=own_address(), HOME=str(own), BASE=str(own / "signing-node"),
                            RPC_PORT=str(rpc), P2P_PORT=str(p2p), HTTP_PORT=str(http),
                            RPC=f"http://127.0.0.1:{rpc}", SIGNING_URL=f"ws://127.0.0.1:{rpc}")
    environment["PATH"] = f"{tools}:{environment['PATH']}"
    return Actor(own, environment)
