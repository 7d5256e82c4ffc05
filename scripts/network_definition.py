"""Which nodes a local network has, and how they run: so many of the well-known development accounts, or
what a network definition of zombienet says."""

import json
import pathlib
import platform
import subprocess

from local_network import NODE, fail

# The well-known development accounts, in the order in which they join.
NAMES = ["alice", "bob", "charlie", "dave", "eve", "ferdie", "one", "two"]
# How many of them are validators in the chain specifications that come with the node.
BUILT_IN = 5


class Definition:
    """Nodes are dictionaries: `name`, `dev_keys` (whether it is a validator from the beginning, with the
    keys of the development account of its name), `flags`."""

    def __init__(self, chain, nodes, genesis=None):
        self.chain = chain
        self.nodes = nodes
        self.genesis = genesis or {}

    @classmethod
    def of(cls, arguments):
        if arguments.definition:
            if arguments.validators:
                fail("--validators and --definition exclude each other")
            return cls.read(pathlib.Path(arguments.definition), arguments.chain)
        count = arguments.validators or BUILT_IN
        if not 4 <= count <= len(NAMES):
            fail(f"--validators takes 4 to {len(NAMES)}: a committee of 3 and a relayer are the least, "
                 "and there are no more well-known accounts")
        nodes = [{"name": name, "dev_keys": True, "flags": []} for name in NAMES[:count]]
        return cls(arguments.chain or "local", nodes)

    @classmethod
    def read(cls, file, chain=None):
        """As zombienet's native provider understands it, as far as such networks need."""
        try:
            import tomllib
        except ImportError:
            fail(f"{file} is TOML, which Python reads from 3.11 on, and this is {platform.python_version()}: put a "
                 "newer python3 on the PATH, before the other (Debian has one from 12 on, Ubuntu from 24.04 on), or "
                 "do without a definition, as 'scripts/network up --validators N' does")
        try:
            relaychain = tomllib.loads(file.read_text())["relaychain"]
            nodes = [read_node(node, relaychain.get("default_args", [])) for node in relaychain["nodes"]]
            return cls(chain or relaychain["chain"], nodes, relaychain.get("genesis"))
        except OSError as error:
            fail(f"{file} cannot be read: {error}")
        except (tomllib.TOMLDecodeError, KeyError) as error:
            fail(f"{file} is no network definition: {error}")

    def specification(self):
        """The chain's specification, if it is another than the one that comes with the node."""
        validators = [node["name"] for node in self.nodes if node["dev_keys"]]
        if validators == NAMES[:BUILT_IN] and not self.genesis and len(self.nodes) == BUILT_IN:
            return None
        specification = json.loads(node_output("export-chain-spec", "--chain", self.chain))
        patch = specification["genesis"]["runtimeGenesis"]["patch"]
        choose_validators(patch, validators)
        endow(patch, [address(f"//{node['name'].capitalize()}{path}")
                      for node in self.nodes for path in ("", "//stash")])
        merge(patch, self.genesis)
        return specification


def read_node(node, default_args):
    name, is_validator = node["name"], node.get("validator", True)
    flags = node.get("args") or default_args
    if is_validator and name not in NAMES:
        fail(f"{name} cannot be a validator from the beginning: only {', '.join(NAMES)} have keys")
    if not is_validator and "--validator" not in flags:
        fail(f"{name} is no validator, and its args have no --validator: such nodes are of no use here")
    if "--signer-listen" in flags:
        fail(f"{name}: write --signer-listen=… as one argument")
    # These are given to every node, or are where it listens, which is chosen for it.
    flags = [flag for flag in flags
             if flag not in ("--validator", "--no-mdns") and not flag.startswith("--signer-listen")]
    return {"name": name, "dev_keys": is_validator, "flags": flags}


def choose_validators(patch, names):
    """Puts these validators in place of the specification's own."""
    template, stake = patch["session"]["keys"][0][2], patch["staking"]["stakers"][0][2]
    keys, stakers = [], []
    for name in names:
        uri = f"//{name.capitalize()}"
        stash = address(f"{uri}//stash")
        own = {key: address(uri, "ed25519" if key == "grandpa" else "sr25519") for key in template}
        keys.append([stash, stash, own])
        stakers.append([stash, stash, stake, "Validator"])
    patch["session"]["keys"] = keys
    patch["staking"]["stakers"] = stakers
    patch["staking"]["validatorCount"] = len(names)


def endow(patch, accounts):
    """Gives these accounts what the others have, if they have nothing."""
    balances = patch["balances"]["balances"]
    endowment, endowed = balances[0][1], {account for account, _ in balances}
    balances += [[account, endowment] for account in accounts if account not in endowed]


def merge(into, patch):
    for key, value in patch.items():
        if isinstance(value, dict) and isinstance(into.get(key), dict):
            merge(into[key], value)
        else:
            into[key] = value


def address(uri, scheme="sr25519"):
    inspected = node_output("key", "inspect", uri, "--scheme", scheme, "--output-type", "json")
    return json.loads(inspected)["ss58Address"]


def node_output(*arguments):
    return subprocess.run([str(NODE), *arguments], capture_output=True, text=True, check=True).stdout
