"""Nodes in a network namespace of their own, so that they can be cut off from the others: all that goes
over the wire between the two is lost, as if it were pulled, and nobody is told."""

import os
import random
import shutil
import subprocess

from local_network import fail

LOCALHOST = "127.0.0.1"


class Apart:
    """Two wires lead to the namespace, both of the subnet 10.201.NUMBER.0/24: one between the nodes,
    which can be cut, and one over which whoever is here asks the nodes there."""

    def __init__(self, number):
        self.number = number
        self.namespace = f"signing-{number}"
        self.wire = f"signing-n{number}"
        self.other_wire = f"signing-a{number}"
        self.rpc_host = f"10.201.{number}.6"

    @classmethod
    def claim(cls):
        """Makes a namespace that nobody else has, with nothing in it yet."""
        if os.geteuid() != 0:
            fail("--apart takes root: network namespaces are made with it")
        if not shutil.which("ip") or not shutil.which("tc"):
            fail("--apart takes the programs ip and tc: apt-get install iproute2")
        for number in random.sample(range(256), 256):
            apart = cls(number)
            in_use = output("ip", "route", "show", "table", "all", "root", f"10.201.{number}.0/24")
            # Of two who try the same one, one fails.
            if not in_use and succeeds("ip", "netns", "add", apart.namespace):
                return apart
        fail("no network namespace can be made, or all of 10.201.0.0/16 is in use: see 'ip netns add x'")

    def kept(self):
        return {"number": self.number}

    def host(self, is_apart):
        """Where nodes listen for each other."""
        return f"10.201.{self.number}.{2 if is_apart else 1}"

    def connect(self):
        """Lays the wires."""
        run("ip", "-n", self.namespace, "link", "set", "lo", "up")
        for wire, here, there in ((self.wire, 1, 2), (self.other_wire, 5, 6)):
            run("ip", "link", "add", wire, "type", "veth", "peer", "name", wire, "netns", self.namespace)
            for inside, last in (([], here), (["-n", self.namespace], there)):
                run("ip", *inside, "addr", "add", f"10.201.{self.number}.{last}/30", "dev", wire)
                run("ip", *inside, "link", "set", wire, "up")

    def command(self, command):
        """The command, to be run in there. The process is the same."""
        return ["ip", "netns", "exec", self.namespace, *command]

    def cut(self):
        # A queue that has no room for anything.
        for inside in ([], ["-n", self.namespace]):
            run("tc", *inside, "qdisc", "add", "dev", self.wire, "root", "pfifo", "limit", "0")

    def heal(self):
        for inside in ([], ["-n", self.namespace]):
            run("tc", *inside, "qdisc", "del", "dev", self.wire, "root")

    def remove(self):
        """Removes all of it; it need not be whole. The wires go with the namespace."""
        subprocess.run(["ip", "netns", "del", self.namespace], stderr=subprocess.DEVNULL)
        for wire in (self.wire, self.other_wire):
            subprocess.run(["ip", "link", "del", wire], stderr=subprocess.DEVNULL)


def run(*command):
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        fail(f"{' '.join(command)}: {done.stderr.strip()}")


def output(*command):
    return subprocess.run(command, capture_output=True, text=True).stdout.strip()


def succeeds(*command):
    return subprocess.run(command, stderr=subprocess.DEVNULL).returncode == 0
