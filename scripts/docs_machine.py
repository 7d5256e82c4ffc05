"""A machine for the commands that set up a service.

systemd in namespaces of its own, over this machine's root file system, which is not changed: what is written there
is in memory, and goes with it. It shares this machine's network. Of the services that this machine has, it has only
what systemd itself brings, and of that nothing that changes the kernel's settings. Takes root.
"""

import functools
import os
import pathlib
import subprocess
import sys
import time

from local_network import TARGET, fail

SYSTEMD = pathlib.Path("/lib/systemd/systemd")
BOOT_SECONDS = 60
STOP_SECONDS = 60
UNSHARE = ["unshare", "--mount", "--propagation", "private", "--pid", "--fork", "--kill-child", "--cgroup", "--uts",
           "--ipc"]

# Whether it can be made here.
TRY = """
set -e
mount -t tmpfs none /mnt
mkdir /mnt/upper /mnt/work /mnt/root /mnt/groups
mount -t overlay none -o lowerdir=/,upperdir=/mnt/upper,workdir=/mnt/work /mnt/root
mount -t cgroup2 none /mnt/groups
"""

# $1: the machine's folder. The others: a command that begins it. What is mounted here is seen nowhere else. The
# cgroup namespace begins at the group in which its first process is: nothing else must be in it.
OUTSIDE = """
set -euo pipefail
cd "$1"
shift
mkdir groups
mount -t cgroup2 none groups
group=$(mktemp -d groups/signing-docs-XXXXXX)
( echo "$BASHPID" > "$group/cgroup.procs"
  exec setpriv --pdeathsig KILL "$@" ) &
inside=$!
# With the first process of a PID namespace all others end, and who has made it waits for them.
end() {
  kill -KILL $(cat "/proc/$inside/task/$inside/children" 2>/dev/null) 2>/dev/null || true
  wait "$inside" || true
  find "$group" -depth -type d -exec rmdir {} ';'
}
trap end EXIT
trap 'exit 1' TERM INT
wait "$inside"
"""

# $1: the machine's folder. $2: a folder of this machine that it shares. $3: one that it sees.
INSIDE = """
set -euo pipefail
umask 022
cd "$1"
mkdir disk root
mount -t tmpfs none disk
mkdir disk/upper disk/work
mount -t overlay none -o "lowerdir=/,upperdir=$1/disk/upper,workdir=$1/disk/work" root
cd root
mount -t proc none proc
mount --bind proc/sys proc/sys
mount -o remount,bind,ro proc/sys
# systemd takes it from there that devices are not its own.
mount -t sysfs -o ro none sys
mount -t cgroup2 none sys/fs/cgroup
mount -t tmpfs -o mode=755 none dev
for device in null zero full random urandom tty; do
  touch "dev/$device"
  mount --bind "/dev/$device" "dev/$device"
done
mkdir dev/pts dev/shm
mount -t devpts -o newinstance,ptmxmode=0666 none dev/pts
ln -s pts/ptmx dev/ptmx
ln -s /proc/self/fd dev/fd
mount -t tmpfs -o mode=1777 none dev/shm
mount -t tmpfs -o mode=755 none run
mount -t tmpfs -o mode=1777 none tmp
mkdir -p "./$2" "./$3"
mount --bind "$2" "./$2"
mount --bind -o ro "$3" "./$3"
# Nothing of what this machine's root has enabled.
mount -t tmpfs -o mode=755 none etc/systemd/system
mkdir -p run/systemd/system
for unit in systemd-sysctl.service systemd-modules-load.service systemd-binfmt.service network-online.target; do
  ln -s /dev/null "run/systemd/system/$unit"
done
mkdir run/outside
pivot_root . run/outside
umount -l /run/outside
rmdir /run/outside
# Everybody is root here.
rm -f /usr/local/bin/sudo
printf '#!/bin/sh\\nexec "$@"\\n' > /usr/local/bin/sudo
chmod 755 /usr/local/bin/sudo
# systemd hands credentials to services through mounts that the services see.
mount --make-rshared /
exec env -i container=other PATH=/usr/sbin:/usr/bin:/sbin:/bin \\
  setpriv --bounding-set=-net_admin,-sys_module,-sys_time,-sys_rawio \\
  /lib/systemd/systemd --system --unit=basic.target
"""


@functools.cache
def why_not():
    """Why there can be no such machine here; None if there can."""
    if os.geteuid() != 0:
        return "they take root"
    if not SYSTEMD.exists():
        return "they take systemd ('scripts/setup --tests' installs it)"
    tried = subprocess.run([*UNSHARE, "sh", "-c", TRY], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    return f"they take the right to make namespaces: {tried.stdout.strip()}" if tried.returncode else None


class Machine:
    """It runs from the beginning to `stop`. `folder` is made for it; it shares `shared`."""

    def __init__(self, folder, shared):
        folder.mkdir(parents=True)
        self.folder, self.systemd = folder, None
        inside = [*UNSHARE, "bash", "-c", INSIDE, "inside", str(folder), str(shared), str(TARGET / "release")]
        with open(folder / "outside.log", "wb") as log:
            self.outside = subprocess.Popen(
                ["setpriv", "--pdeathsig", "TERM", "unshare", "--mount", "--propagation", "private",
                 "bash", "-c", OUTSIDE, "outside", str(folder), *inside],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)
        try:
            self.boot()
        except BaseException:
            self.stop()
            raise

    def boot(self):
        until = time.monotonic() + BOOT_SECONDS
        while time.monotonic() < until and self.outside.poll() is None:
            self.systemd = self.systemd or next(filter(is_systemd, below(self.outside.pid)), None)
            if self.systemd and self.ask("systemctl", "is-system-running") in ("running", "degraded"):
                return
            time.sleep(0.2)
        self.tell()
        fail("systemd does not start: " + (self.folder / "outside.log").read_text(errors="replace"))

    def enter(self):
        """What to put before a command, for it to run there."""
        if self.outside.poll() is not None or not is_systemd(self.systemd):
            fail("the machine with systemd has ended")
        return ["nsenter", "--target", str(self.systemd), "--mount", "--pid", "--ipc", "--uts", "--cgroup"]

    def ask(self, *command):
        done = subprocess.run([*self.enter(), *command], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        return done.stdout.strip()

    def tell(self):
        """Keeps what it says of itself, and prints the end of that."""
        if self.systemd and is_systemd(self.systemd):
            journal = self.ask("journalctl", "--no-pager") + "\n"
            (self.folder / "journal.log").write_text(journal)
            print("\n".join(journal.splitlines()[-15:]), file=sys.stderr)

    def stop(self):
        if self.systemd and is_systemd(self.systemd):
            # Its services end in order, then it does.
            self.ask("systemctl", "poweroff")
            try:
                self.outside.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                pass
        self.outside.terminate()
        self.outside.wait()


def is_systemd(process):
    try:
        return pathlib.Path(f"/proc/{process}/exe").readlink().name == SYSTEMD.name
    except OSError:
        return False


def below(process):
    """The processes that this one has started, and those that they have."""
    try:
        children = pathlib.Path(f"/proc/{process}/task/{process}/children").read_text().split()
    except OSError:
        return []
    return [one for child in map(int, children) for one in [child, *below(child)]]
