# SPDX-License-Identifier: GPL-2.0
"""What the host goes through in a run: memory arrives, changes and leaves.

A scenario has prepare() (before the controller starts), events() (what to do
at which second of the measured run) and finish(). It fills `marks` with the
moments that the figures refer to, in seconds of the run. When a file in its
made_of changes, its old runs are stale.
"""
import os
import select
import subprocess
import time

import controllers
import ksm

HERE = os.path.dirname(os.path.realpath(__file__))
TOP = os.path.realpath(os.path.join(HERE, "../.."))

ARRIVE_S = 10
REWRITE_S = 80
LEAVE_S = 115       # guests only
GUESTS_ARRIVE_S = (10, 25, 40)
AGED_PASSES = 16    # smart_scan's schedule is sparse from age 14 on
FOREIGN_PROCS = 4
FOREIGN_MIB = 164   # each: 4 x 164 MiB are 168k pages

# The command line is one that ksmtuned takes for a guest's.
GUEST_LIKE = ("qemu-system-workload", "-enable-kvm")


class Workload:
    """A running workload program, its pids and the lines it prints."""

    def __init__(self, binary, *options, argv0=GUEST_LIKE):
        self.process = subprocess.Popen(
            [*argv0, *options], executable=binary, stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, start_new_session=True)
        os.set_blocking(self.process.stdout.fileno(), False)
        self.pids, self.counts, self.rest = [], {}, b""

    def poll(self):
        """Take in what was printed since; never waits."""
        try:
            data = os.read(self.process.stdout.fileno(), 65536)
        except BlockingIOError:
            return
        *lines, self.rest = (self.rest + data).split(b"\n")
        for line in lines:
            word, pid, *more = line.decode("ascii").split()
            if word == "pid":
                self.pids.append(int(pid))
            self.counts[word] = self.counts.get(word, 0) \
                + (int(more[0]) if more else 1)

    def wait_filled(self, procs, timeout_s=60):
        end = time.monotonic() + timeout_s
        while self.counts.get("filled", 0) < procs:
            if self.process.poll() is not None or time.monotonic() > end:
                raise RuntimeError("the workload did not come up")
            select.select([self.process.stdout], [], [], 0.2)
            self.poll()

    def rewrite(self):
        self.process.stdin.write(b"rewrite\n")
        self.process.stdin.flush()

    def end(self):
        try:
            self.process.stdin.close()
        except BrokenPipeError:
            pass
        status = self.process.wait(30)
        self.poll()
        if status:
            raise RuntimeError(f"the workload ended with status {status}")


class Processes:
    """Four processes that share pages, on a host without other tenants."""

    name = "quiet"
    made_of = ("experiments/tuning/workload.c",)
    summary = ("4 processes of 48 MiB identical, 24 unique, 12 volatile and "
               "8 zero each; half of the identical part is rewritten")
    warm_s = 3
    converged_s = (50, 80)
    procs = 4

    def __init__(self, tools, seconds):
        self.binary, self.seconds = tools.workload, seconds
        self.marks, self.work = {}, None

    def prepare(self):
        pass

    def events(self):
        yield ARRIVE_S, self._arrive
        if self.seconds > REWRITE_S:
            yield REWRITE_S, self._rewrite

    def _arrive(self, now_s):
        self.marks["arrive"] = self.marks["last_arrive"] = now_s
        self.work = Workload(self.binary, "--procs", str(self.procs))

    def _rewrite(self, now_s):
        self.marks["rewrite"] = now_s
        self.work.rewrite()

    def poll(self, now_s):
        if not self.work:
            return
        self.work.poll()
        for word, mark in (("filled", "filled"), ("rewritten", "rewritten")):
            if self.work.counts.get(word, 0) == self.procs:
                self.marks.setdefault(mark, now_s)

    def pids(self):
        return self.work.pids if self.work else []

    def finish(self):
        work, self.work = self.work, None
        if work:
            work.end()
            self.marks["volatile_writes"] = work.counts.get("writes", 0)


class Busy(Processes):
    """The same beside tenants with 168k mergeable pages that are unique."""

    name = "busy"
    summary = ("the same, on a host where ksmd has long known 168k pages of "
               "others, none of which has a twin")
    warm_s = 15

    def __init__(self, tools, seconds):
        super().__init__(tools, seconds)
        self.foreign = None

    def prepare(self):
        self.foreign = Workload(
            self.binary, "--procs", str(FOREIGN_PROCS), "--seed", "77",
            "--same-mib", "0", "--unique-mib", str(FOREIGN_MIB),
            "--volatile-mib", "0", "--zero-mib", "0", argv0=("tenants",))
        self.foreign.wait_filled(FOREIGN_PROCS)
        ksm.set_knobs(1, 20000, 0)
        ksm.wait_passes(AGED_PASSES)
        ksm.set_knobs(0, 100, 20)

    def finish(self):
        try:
            super().finish()
        finally:
            foreign, self.foreign = self.foreign, None
            if foreign:
                foreign.end()


class Guests:
    """Three small QEMU guests that come, churn, rewrite half and leave."""

    name = "guests"
    made_of = ("lab/guests",)
    summary = ("3 QEMU guests with 40 MiB of identical files come at 10, 25 "
               "and 40 s, rewrite half at 80 s, leave at 115 s")
    warm_s = 3
    converged_s = (65, 80)

    def __init__(self, tools, seconds):
        self.tools, self.seconds = tools, seconds
        self.marks, self.running = {}, []

    def prepare(self):
        subprocess.run([f"{TOP}/lab/guests/make-guest"], check=True,
                       stdout=subprocess.DEVNULL)

    def events(self):
        for at_s in GUESTS_ARRIVE_S:
            yield at_s, self._arrive

    def _arrive(self, now_s):
        self.marks.setdefault("arrive", now_s)
        self.marks["last_arrive"] = now_s
        # The name makes ksmtuned count it, see GUEST_LIKE.
        name = f"bench{len(self.running) + 1}-enable-kvm"
        log = f"{self.tools.tmp}/{name}.console"
        self.running.append((log, subprocess.Popen(
            [*controllers.DIE_WITH_US,
             f"{TOP}/lab/guests/start-guest", "--foreground",
             "--console", log,
             "--rewrite-after", str(round(REWRITE_S - now_s)),
             "--leave-after", str(round(LEAVE_S - now_s)), name],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            start_new_session=True)))

    def poll(self, now_s):
        """Consoles are read once a second, processes at each sample."""
        alive = [p.poll() is None for _, p in self.running]
        if alive and not all(alive):
            self.marks.setdefault("leave", now_s)
        if int(now_s * 10) % 10 or "rewritten" in self.marks:
            return
        for word, mark in (("loaded", "filled"), ("rewriting", "rewrite"),
                           ("rewritten", "rewritten")):
            said = sum(self._said(log, word) for log, _ in self.running)
            if said == len(GUESTS_ARRIVE_S) or (said and mark == "rewrite"):
                self.marks.setdefault(mark, now_s)

    @staticmethod
    def _said(log, word):
        try:
            with open(log, "rb") as f:
                return b"density: " + word.encode() + b"\r" in f.read()
        except FileNotFoundError:
            return False

    def pids(self):
        return [p.pid for _, p in self.running if p.poll() is None]

    def finish(self):
        running, self.running = self.running, []
        for _, process in running:
            if process.poll() is None:
                process.terminate()
            process.wait(30)


TABLE = {s.name: s for s in (Processes, Busy, Guests)}
