"""Runs the commands of the documentation that are marked so, in the order of the page.

Each page has a folder of its own, in which the repository's folders are, too; variables and the working
folder last from one block to the next. What the commands keep of themselves (`scripts/network`) is below
that folder. A block that fails ends the run.

    ```sh run         once. In a page with operators, by the first of them
    ```sh run=each    by each operator, in a folder of its own, `shared` being everybody's
    ```sh run=node    likewise, and left running: it is a node. It is given the flags that five nodes on
                      one machine need and that five machines do not
    ```toml file=PATH  (or any language) what stands in a file of the page's folder
    ```text output    what the block before it must have printed, line by line, among other lines;
                      … stands for anything
"""

import os
import pathlib
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait

from local_network import CLI, NODE, SCRIPTS, TARGET, fail

REPO = SCRIPTS.parent
OPERATORS = ["alpha", "beta", "gamma", "delta", "epsilon"]
BLOCK_SECONDS = 900
# Pages that run at a time: most of what they do is to wait for blocks.
AT_A_TIME = 2

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
NODE_WRAPPER = """#!/bin/sh
case " $* " in
  *" --validator "*) exec {node} "$@" --rpc-port {rpc} --no-prometheus --allow-private-ip --no-mdns --no-telemetry ;;
  *) exec {node} "$@" ;;
esac
"""


def free_port():
    with socket.socket() as one:
        one.bind(("", 0))
        return one.getsockname()[1]


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

    def __init__(self, folder, environment):
        self.folder, self.environment, self.nodes = folder, environment, []
        self.state = folder / ".shell"
        self.state.mkdir(parents=True)

    def script(self, block):
        return SHELL.format(state=self.state, block=block)

    def run(self, block):
        """What the block prints."""
        done = subprocess.run(["bash", "-c", self.script(block.text)], cwd=self.folder, env=self.environment,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True, timeout=BLOCK_SECONDS)
        sys.stderr.write(done.stdout)
        if done.returncode != 0:
            fail(f"{block}: failed with {done.returncode}")
        return done.stdout

    def start(self, block):
        log = self.folder / f"node{len(self.nodes)}.log"
        # The shell becomes the node, so that the node gets the signal that ends it.
        text = re.sub(r"(?m)^signing-node ", "exec signing-node ", block.text, count=1)
        with open(log, "ab") as output:
            self.nodes.append((log, subprocess.Popen(
                ["bash", "-c", self.script(text)], cwd=self.folder, env=self.environment,
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


def variables(folder, **more):
    """What the commands find in their environment."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("SIGNING_")}
    # What scripts/network keeps is in the page's folder; what is built stays where it is.
    return dict(kept, CARGO_TARGET_DIR=str(TARGET), XDG_CACHE_HOME=str(folder / "cache"),
                PATH=f"{TARGET / 'release'}:{os.environ['PATH']}", **more)


def with_repository(folder):
    """The folder, with the repository's own in it."""
    folder.mkdir(parents=True)
    for name in ("client", "docs", "programs", "scripts"):
        (folder / name).symlink_to(REPO / name)
    (folder / "signing-network").symlink_to(REPO)
    return folder


def operator(folder, name):
    """One of the five, on this machine."""
    own = with_repository(folder / name)
    (own / "shared").symlink_to(folder / "shared")
    rpc = free_port()
    tools = own / "bin"
    tools.mkdir()
    wrapper = tools / "signing-node"
    wrapper.write_text(NODE_WRAPPER.format(node=NODE, rpc=rpc))
    wrapper.chmod(0o755)
    environment = variables(own, NAME=name, HOST=own_address(), BASE=str(own / "base"),
                            P2P_PORT=str(free_port()), HTTP_PORT=str(free_port()),
                            RPC=f"http://127.0.0.1:{rpc}", SIGNING_URL=f"ws://127.0.0.1:{rpc}")
    environment["PATH"] = f"{tools}:{environment['PATH']}"
    return Actor(own, environment)


def missing(expected, printed):
    """The first line of what was expected that was not printed, after those before it."""
    rest = iter(printed.splitlines())
    for line in expected:
        pattern = ".*".join(re.escape(part) for part in line.strip().split("…"))
        if line.strip() and not any(re.fullmatch(pattern, got.strip()) for got in rest):
            return line
    return None


def run_page(page, found, folder):
    if any(block.how in ("run=each", "run=node") for block in found):
        (folder / "shared").mkdir(parents=True)
        actors = [operator(folder, name) for name in OPERATORS]
    else:
        actors = [Actor(with_repository(folder / "page"), variables(folder))]
    printed, blocks = [], 0
    try:
        for block in found:
            for actor in actors:
                actor.check_nodes()
            if block.how in ("run", "run=each", "run=node"):
                begin = time.monotonic()
                chosen = actors[:1] if block.how == "run" else actors
                printed = [actor.start(block) if block.how == "run=node" else actor.run(block) for actor in chosen]
                blocks += 1
                print(f"{block}: {time.monotonic() - begin:.0f} s", file=sys.stderr, flush=True)
            elif block.how.startswith("file="):
                file = actors[0].folder / block.how.removeprefix("file=")
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text(block.text + "\n")
            elif block.how == "output":
                for text in printed:
                    line = missing(block.lines, text)
                    if line is not None:
                        fail(f"{block}: not printed: {line}")
        return blocks
    finally:
        for actor in actors:
            actor.stop()
        network = folder / "cache" / "signing-network" / "network"
        if network.exists():
            subprocess.run([str(SCRIPTS / "network"), "down", "--dir", str(network)], check=False)


def run_pages(pages, blocks):
    """Runs the pages, and says what they came to. `blocks` gives a page's blocks."""
    for program in (NODE, CLI):
        if not program.exists():
            fail(f"{program} is not there: build it with 'scripts/build'")
    found = {page: blocks(page)[0] for page in pages}
    with ThreadPoolExecutor(AT_A_TIME) as pool:
        running = [pool.submit(run_in_folder, page, of_page) for page, of_page in found.items()
                   if any(block.how.split("=")[0] == "run" for block in of_page)]
        ended, _ = wait(running, return_when=FIRST_EXCEPTION)
        if any(one.exception() for one in ended):
            # No other page begins; those that run are waited for, so that they end their nodes.
            pool.shutdown(cancel_futures=True)
    wrong = [str(one.exception()) for one in running if not one.cancelled() and one.exception()]
    if wrong:
        fail("\n".join(wrong))
    ran = sum(one.result() for one in running)
    print(f"{ran} blocks of commands have run", file=sys.stderr)


def run_in_folder(page, found):
    folder = pathlib.Path(tempfile.mkdtemp(prefix="signing-docs-"))
    print(f"{page.relative_to(REPO)}: in {folder}", file=sys.stderr, flush=True)
    ran = run_page(page, found, folder)
    # Not after a failure: the logs say why.
    shutil.rmtree(folder)
    return ran
