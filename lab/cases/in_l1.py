# SPDX-License-Identifier: GPL-2.0
"""densityd, its module and TAP, for the cases that run it in L1.

densityd has no more rights than its unit gives it, as far as that can be had
without systemd.
"""
import json
import os
import subprocess
import time

BUILD = os.environ["DENSITY_BUILD"]
MODULE = os.environ["DENSITY_MODULE"]
DAEMON, CTL = f"{BUILD}/bin/densityd", f"{BUILD}/bin/densityctl"
STATE = "/run/densityd-test"
UNIT = os.path.join(os.path.dirname(os.path.realpath(__file__)),
                    "../../packaging/densityd.service")
CANNOT = 4
# Of all that comes in the end. It is there to end a hang.
PATIENCE_S = 120


def run(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True)


def insert():
    run("insmod", MODULE)


def remove():
    """While somebody reads from it, it cannot be removed."""
    until(lambda: subprocess.run(["rmmod", "ksmd_ext"], capture_output=True,
                                 check=False).returncode == 0, PATIENCE_S)
    if os.path.exists("/sys/module/ksmd_ext"):
        run("rmmod", "ksmd_ext")


def unit(key):
    """The words of a setting of the unit."""
    with open(UNIT, encoding="ascii") as f:
        return [word for line in f if line.startswith(key + "=")
                for word in line.strip().partition("=")[2].split()]


def as_service():
    """What to put before a command to take its rights away."""
    caps = [cap.removeprefix("CAP_").lower()
            for cap in unit("CapabilityBoundingSet")]
    return ["setpriv", "--no-new-privs", "--bounding-set",
            ",".join(["-all"] + ["+" + cap for cap in caps])]


def start_daemon(conf="/dev/null"):
    daemon = subprocess.Popen([*as_service(), DAEMON, "--config", conf,
                               "--state", STATE])
    # A killed one has left its socket.
    until(lambda: daemon.poll() is not None or
          asked("status").returncode == 0, PATIENCE_S)
    if daemon.poll() is not None:
        raise SystemExit(f"densityd did not start: {daemon.returncode}")
    return daemon


def heal():
    return subprocess.run([*as_service(), DAEMON, "--state", STATE, "--heal"],
                          capture_output=True, text=True, check=False)


def asked(*args):
    return subprocess.run([CTL, "--socket", f"{STATE}/ctl.sock", "--json", *args],
                          capture_output=True, text=True, check=False)


def ctl(*args):
    """densityctl waits three seconds; a slow machine's ksmd may work for longer."""
    end = time.monotonic() + PATIENCE_S
    while (answer := asked(*args)).returncode and time.monotonic() < end:
        time.sleep(1)
    answer.check_returncode()
    return answer.stdout


def status():
    return json.loads(ctl("status"))


def kernel(*args):
    """What densityctl reads from the module."""
    return json.loads(run(CTL, "kernel", "--json", *args).stdout)


def until(test, patience_s):
    """The first true answer, or the last one. Nobody is judged by how soon."""
    end = time.monotonic() + patience_s
    while not (answer := test()) and time.monotonic() < end:
        time.sleep(1)
    return answer


class Tap:
    """Claims, each a line; seen: what to print of one that does not hold."""

    def __init__(self):
        self.number = self.failed = 0

    def claim(self, what, ok, seen=""):
        self.number += 1
        self.failed += not ok
        if not ok and seen != "":
            print(f"# {seen}")
        print(f"{'' if ok else 'not '}ok {self.number} - {what}", flush=True)

    def end(self):
        """The exit status."""
        print(f"1..{self.number}")
        return 1 if self.failed else 0
