#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""densityd on this host's own ksmd: real pages merge, every knob comes back.

Takes the lock that everybody takes who drives the real ksmd for a test or a
bench. Skipped, visibly, where the kernel has no KSM or it cannot be written.
"""
import fcntl
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time

from density import (DEADLINE_S, DENSITYD, Daemon, Skip, normal, run_tests, wait_for, KNOBS)

KSM = "/sys/kernel/mm/ksm"
LOCK = "/run/lock/density-ksm.lock"
PAGES_PER_MIB = 256
SIZE_MIB = 32

# A guest in miniature: identical memory in each, told by lines what to write.
GUEST = r"""
import mmap, random, sys
size = int(sys.argv[1]) << 20
memory = mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
memory.madvise(mmap.MADV_NOHUGEPAGE)
memory.madvise(mmap.MADV_MERGEABLE)
for line in sys.stdin:
    seed, first, count = map(int, line.split())
    memory[first << 20:(first + count) << 20] = random.Random(seed).randbytes(count << 20)
    print("written", flush=True)
"""


# Of linux/kvm.h: _IO(KVMIO, 1).
KVM_CREATE_VM = 0xAE01
# A VMM: a VM, a good while later memory. Tells then when the VM came, in ms.
VMM = f"""
import fcntl, mmap, os, sys, time
kvm = os.open("/dev/kvm", os.O_RDWR)
came_ms = time.time_ns() // 1000000
vm = fcntl.ioctl(kvm, {KVM_CREATE_VM}, 0)
data = os.urandom(1 << 20)
time.sleep(0.5)
ram = mmap.mmap(-1, 32 << 20, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
ram.madvise(mmap.MADV_NOHUGEPAGE)
ram.madvise(mmap.MADV_MERGEABLE)
for at in range(0, len(ram), len(data)):
    ram[at:at + len(data)] = data
print(came_ms, flush=True)
sys.stdin.read()
"""
BEAT_S = 0.02


def ksm(name, value=None):
    with open(os.path.join(KSM, name), "r" if value is None else "w") as f:
        if value is None:
            return f.read().strip()
        return f.write(str(value))


def knobs():
    return {k: normal(ksm(k)) for k in KNOBS if os.path.exists(f"{KSM}/{k}")}


class Guest:
    def __init__(self):
        self.process = subprocess.Popen(
            [sys.executable, "-c", GUEST, str(SIZE_MIB)], text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def write(self, seed, first=0, count=SIZE_MIB):
        self.process.stdin.write(f"{seed} {first} {count}\n")
        self.process.stdin.flush()
        assert self.process.stdout.readline() == "written\n"

    def merged(self):
        """Pages that really are KSM pages now: page tables do not flatter."""
        with open(f"/proc/{self.process.pid}/smaps_rollup") as f:
            for line in f:
                if line.startswith("KSM:"):
                    return int(line.split()[1]) // 4
        raise Skip("this kernel's smaps_rollup does not tell of KSM")

    def close(self):
        self.process.stdin.close()
        self.process.stdout.close()
        self.process.wait(60)


class RealHost:
    """The host itself with the daemon's state in a directory of ours."""

    def __enter__(self):
        if not os.path.exists(KSM):
            raise Skip("this kernel has no KSM")
        if not os.access(f"{KSM}/run", os.W_OK):
            raise Skip("ksmd's knobs cannot be written here")
        if not os.path.exists("/proc/self/ksm_stat"):
            raise Skip("this kernel has no /proc/PID/ksm_stat")
        os.makedirs(os.path.dirname(LOCK), exist_ok=True)
        self.lock = open(LOCK, "w")
        fcntl.flock(self.lock, fcntl.LOCK_EX)
        self.root = tempfile.mkdtemp(prefix="density-real-")
        self.before = knobs()
        self.guests = []
        return self

    def path(self, name):
        return os.path.join(self.root, os.path.basename(name))

    def guest(self, seed):
        guest = Guest()
        self.guests.append(guest)
        guest.write(seed)
        return guest

    def __exit__(self, *unused):
        for guest in self.guests:
            guest.close()
        for name, value in self.before.items():
            if normal(ksm(name)) != value:
                ksm(name, value)
        shutil.rmtree(self.root, ignore_errors=True)
        self.lock.close()


class RealDaemon(Daemon):
    def __init__(self, host, *args):
        self.sock = host.path("ctl.sock")
        self.db = host.path("history.db")
        self.log = tempfile.TemporaryFile()
        # It is not the test's affair how many others wait for a CPU here.
        with open(host.path("densityd.conf"), "w") as file:
            file.write("[yield]\npsi_cpu_brake = 100%\n")
        self.process = subprocess.Popen(
            [DENSITYD, "--state", host.root, "--config", file.name, *args],
            stderr=self.log,
            stdout=subprocess.DEVNULL, stdin=subprocess.DEVNULL)


def test_merges_rewrites_and_restores():
    """identical memory merges, again after a rewrite, and the knobs come back"""
    want = SIZE_MIB * PAGES_PER_MIB * 99 // 100
    seed = random.randrange(1 << 30)
    with RealHost() as host:
        with RealDaemon(host) as daemon:
            daemon.ready()
            guests = [host.guest(seed) for _ in range(2)]
            merged = lambda: all(g.merged() >= want for g in guests)
            wait_for("99 % is merged", merged)
            for guest in guests:
                guest.write(seed + 1, 8, 16)
            wait_for("99 % is merged again", merged)
            assert daemon.end() == 0, daemon.text()
        assert knobs() == host.before, (knobs(), host.before)


def hears_of_vms(daemon):
    """Not in a container, for one, which has a network namespace of its own."""
    try:
        kvm = os.open("/dev/kvm", os.O_RDWR)
        os.close(fcntl.ioctl(kvm, KVM_CREATE_VM, 0))
        os.close(kvm)
    except OSError as error:
        raise Skip("no KVM") from error
    try:
        wait_for("an event", lambda: daemon.call("GetStatus")["events"]["heard"], 5)
    except AssertionError:
        return False
    return True


def beats_until_hunted(daemon):
    """How often the test can ask, a beat apart, before a VMM's memory is hunted."""
    # QEMU's name, as who owns a VM is not told without debugfs; Python finds its
    # modules by its own.
    with subprocess.Popen(["qemu-system-x86_64", "-c", VMM], text=True,
                          executable=sys.executable, stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE, env={
                              **os.environ, "PYTHONHOME": sys.base_prefix}) as vmm:
        came_ms = int(vmm.stdout.readline())
        beats = 0
        while not any(d["phase"] == "hunt" and d["real_ms"] >= came_ms
                      for d in daemon.call("GetDecisions")["decisions"]):
            beats += 1
            assert beats < DEADLINE_S / BEAT_S, "never hunted"
            time.sleep(BEAT_S)
        vmm.stdin.close()
    return beats


def test_vms_are_watched():
    """who has a VM is hunted as soon as it has memory, not at the next look"""
    with RealHost() as host, RealDaemon(host) as daemon:
        daemon.ready()
        if not hears_of_vms(daemon):
            raise Skip("KVM's uevents are not told here")
        beats = sorted(beats_until_hunted(daemon) for _ in range(3))
        print(f"# beats of {BEAT_S} s: {beats}")
        # Looks are a second apart. On a slow machine beats are slow as well.
        assert beats[1] < 0.3 / BEAT_S, beats
        assert daemon.end() == 0


def test_settled_is_nearly_idle():
    """once settled, the pages scanned in 30 s are fewer than two passes"""
    with RealHost() as host, RealDaemon(host) as daemon:
        daemon.ready()
        for _ in range(2):
            host.guest(random.randrange(1 << 30))
        wait_for("it settles", lambda: daemon.call("GetStatus")["phase"] ==
                 "patrol" and daemon.call("GetStatus")["reason"] == "settled")
        def visited():
            return int(ksm("pages_scanned")) + int(ksm("pages_skipped"))
        first, now = visited(), daemon.call("GetStatus")["now_ms"]
        wait_for("30 s pass", lambda: daemon.call("GetStatus")["now_ms"] >
                 now + 30000)
        population = daemon.call("GetStatus")["population_kib"] // 4
        assert visited() - first <= 2 * population, (visited() - first, population)
        assert daemon.end() == 0


def test_kill_and_heal():
    """SIGKILL in the middle of a hunt: --heal gives the real knobs back"""
    with RealHost() as host:
        with RealDaemon(host) as daemon:
            daemon.ready()
            host.guest(1)
            wait_for("ksmd is driven", lambda: knobs() != host.before)
            daemon.end(signal.SIGKILL)
        out = subprocess.run([DENSITYD, "--state", host.root, "--heal"],
                             capture_output=True, text=True, timeout=60)
        assert out.returncode == 0, out.stderr
        assert knobs() == host.before, (knobs(), host.before)


if __name__ == "__main__":
    run_tests([f for name, f in list(globals().items())
               if name.startswith("test_")])
