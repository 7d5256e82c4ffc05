"""Runs the commands of the documentation that are marked so, in the order of the page.

Each page has a folder of its own, in which the repository's folders are, too; variables and the working
folder last from one block to the next. What the commands keep of themselves (`scripts/network`) is below
that folder. A block that fails ends the run.

    ```sh run         once. In a page with operators, by the first of them
    ```sh run=each    by each operator, in a folder of its own, `shared` being everybody's
    ```sh run=node    likewise, and left running: it is a node. It is given the flags that five nodes on
                      one machine need and that five machines do not
    ```sh run=long    as `run`, but only with --long: it waits for much, or builds
    ```sh run=service as root of a machine of its own that has systemd, where one of the operators of
                      genesis.md, who has stopped the node, makes a service of it. After that page, in the order
                      of SERVICE_PAGES. Names, addresses and ports are replaced by the operator's own
    ```toml file=PATH  (or any language) what stands in a file of the page's folder, or of that machine
    ```text output    what the block before it must have printed, line by line, among other lines;
                      … stands for anything
"""

import json
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait

from docs_actors import REPO, Actor, Service, operator, variables, with_repository
from docs_machine import Machine, why_not
from local_network import CLI, NODE, SCRIPTS, fail

GENESIS = REPO / "docs" / "operator" / "genesis.md"
SERVICE_PAGES = [REPO / "docs" / "operator" / name for name in ("guide.md", "backup.md")]
OPERATORS = ["alpha", "beta", "gamma", "delta", "epsilon"]
SERVICE = "run=service"
# Pages that run at a time: most of what they do is to wait for blocks.
AT_A_TIME = 2


def missing(expected, printed):
    """The first line of what was expected that was not printed, after those before it."""
    rest = iter(printed.splitlines())
    for line in expected:
        pattern = ".*".join(re.escape(part) for part in line.strip().split("…"))
        if line.strip() and not any(re.fullmatch(pattern, got.strip()) for got in rest):
            return line
    return None


def run_page(page, found, service, folder):
    if any(block.how in ("run=each", "run=node") for block in found):
        (folder / "shared").mkdir(parents=True)
        actors = [operator(folder, name) for name in OPERATORS]
    else:
        actors = [Actor(with_repository(folder / "page"), variables(folder))]
    try:
        ran = run_blocks(found, actors, actors)
        return ran + make_service(service, actors, folder) if service else ran
    finally:
        for actor in actors:
            actor.stop()
        network = folder / "cache" / "signing-network" / "network"
        if network.exists():
            subprocess.run([str(SCRIPTS / "network"), "down", "--dir", str(network)], check=False)


def run_blocks(found, actors, everybody):
    """Has the actors run the blocks, while the nodes of everybody run. How many there were."""
    printed, ran = [], 0
    for block in found:
        for actor in everybody:
            actor.check_nodes()
        if block.how.split("=")[0] == "run":
            begin = time.monotonic()
            chosen = actors if block.how in ("run=each", "run=node") else actors[:1]
            printed = [actor.start(block) if block.how == "run=node" else actor.run(block) for actor in chosen]
            ran += 1
            print(f"{block}: {time.monotonic() - begin:.0f} s", file=sys.stderr, flush=True)
        elif block.how.startswith("file="):
            actors[0].write(block.how.removeprefix("file="), block.text)
        elif block.how == "output":
            for text in printed:
                line = missing(block.lines, text)
                if line is not None:
                    fail(f"{block}: not printed: {line}")
    return ran


def make_service(found, actors, folder):
    """Makes a service of the node of one who holds a share."""
    status = subprocess.run([CLI, "--json", "status"], env=actors[0].environment, stdout=subprocess.PIPE, check=True)
    signers = {validator["endpoint"] for validator in json.loads(status.stdout)["validators"]
               if validator["role"] == "signer"}
    who = next((actor for actor in actors if "{HOST}:{HTTP_PORT}".format_map(actor.environment) in signers), None)
    if who is None:
        fail(f"none of the operators holds a share: {signers}")
    print(f"{who.folder.name} holds a share, and makes a service of the node", file=sys.stderr, flush=True)
    who.stop()
    machine = Machine(folder / "machine", who.folder)
    try:
        return run_blocks(found, [Service(who, machine)], actors)
    except BaseException:
        machine.tell()
        raise
    finally:
        machine.stop()


def of_kinds(found, kinds):
    """Those blocks that are run in one of these ways, and what belongs to them. Files of the whole machine are the
    service's."""
    kept, runs = [], False
    for block in found:
        if block.how.startswith("file="):
            belongs = block.how.startswith("file=/") == (SERVICE in kinds)
        elif block.how == "output":
            belongs = runs
        else:
            belongs = runs = block.how in kinds
        kept += [block] if belongs else []
    return kept if any(block.how in kinds for block in kept) else []


def blocks_of_service(pages, blocks):
    """Those of the last of SERVICE_PAGES that is among the pages, and of what stands before it."""
    last = max((SERVICE_PAGES.index(page) for page in pages if page in SERVICE_PAGES), default=-1)
    return [block for page in SERVICE_PAGES[:last + 1] for block in of_kinds(blocks(page)[0], {SERVICE})]


def run_pages(pages, blocks, named, long):
    """Runs the pages, and says what they came to. `blocks` gives a page's blocks, `named` says whether somebody
    wants just these."""
    for program in (NODE, CLI):
        if not program.exists():
            fail(f"{program} is not there: build it with 'scripts/build'")
    service, left_out = blocks_of_service(pages, blocks), ""
    if service and why_not():
        count = sum(block.how == SERVICE for block in service)
        left_out = f"{count} blocks that make a service of a node cannot be run here: {why_not()}"
        if named:
            fail(left_out)
        service = []
    # Whoever wants the service wants what comes before it.
    chosen = [*pages, GENESIS] if service and GENESIS not in pages else pages
    kinds = {"run", "run=each", "run=node"} | ({"run=long"} if long else set())
    found = {page: of_kinds(blocks(page)[0], kinds) for page in chosen}
    with ThreadPoolExecutor(AT_A_TIME) as pool:
        running = [pool.submit(run_in_folder, page, of_page, service if page == GENESIS else [])
                   for page, of_page in found.items() if of_page]
        ended, _ = wait(running, return_when=FIRST_EXCEPTION)
        if any(one.exception() for one in ended):
            # No other page begins; those that run are waited for, so that they end their nodes.
            pool.shutdown(cancel_futures=True)
    wrong = [str(one.exception()) for one in running if not one.cancelled() and one.exception()]
    if wrong:
        fail("\n".join(wrong))
    ran = sum(one.result() for one in running)
    print("; ".join(filter(None, [f"{ran} blocks of commands have run", left_out])), file=sys.stderr)


def run_in_folder(page, found, service):
    folder = pathlib.Path(tempfile.mkdtemp(prefix="signing-docs-"))
    print(f"{page.relative_to(REPO)}: in {folder}", file=sys.stderr, flush=True)
    ran = run_page(page, found, service, folder)
    # Not after a failure: the logs say why.
    shutil.rmtree(folder)
    return ran
