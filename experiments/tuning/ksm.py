# SPDX-License-Identifier: GPL-2.0
"""The host's one ksmd: who may drive it, its knobs, its counters.

Every bench and test that drives the real ksmd holds LOCK while it does, and
gives every knob back before it lets go. What the knobs were is also written
beside the lock before the first write, so that the next holder heals a host
whose last one was killed.
"""
import fcntl
import json
import os
import time

SYSFS = "/sys/kernel/mm/ksm"
LOCK = "/run/lock/density-ksm.lock"
SAVED = "/run/lock/density-ksm.saved"

# In the order in which they are restored: while an advisor is at work the
# kernel refuses writes to pages_to_scan, so the mode goes first.
KNOBS = ("advisor_mode", "advisor_target_scan_time", "pages_to_scan",
         "sleep_millisecs", "smart_scan")
ABSENT_OK = ("advisor_mode", "advisor_target_scan_time", "smart_scan")


class Unusable(Exception):
    """This host's ksmd cannot be measured; the text says why."""


def read(name):
    with open(f"{SYSFS}/{name}", encoding="ascii") as f:
        text = f.read().strip()
    if "[" in text:  # "none [scan-time]"
        return text[text.index("[") + 1:text.index("]")]
    return text


def count(name):
    """A counter or gauge; one that this kernel does not have is 0."""
    try:
        return int(read(name))
    except FileNotFoundError:
        return 0


def write(name, value):
    """Write and read back: a value that does not stick is an error."""
    try:
        with open(f"{SYSFS}/{name}", "w", encoding="ascii") as f:
            f.write(str(value))
    except FileNotFoundError:
        if name in ABSENT_OK:
            return
        raise
    now = read(name)
    if now != str(value):
        raise Unusable(f"{SYSFS}/{name}: wrote {value}, reads {now}")


def has_advisor():
    return os.path.exists(f"{SYSFS}/advisor_mode")


def set_knobs(run, scan_pages, sleep_ms, advisor="none", target_s=None):
    write("advisor_mode", "none")
    write("pages_to_scan", scan_pages)
    write("sleep_millisecs", sleep_ms)
    write("smart_scan", 1)
    if advisor != "none":
        write("advisor_target_scan_time", target_s)
        write("advisor_mode", advisor)
    write("run", run)


def knobs():
    return {name: read(name) for name in KNOBS + ("run",)
            if os.path.exists(f"{SYSFS}/{name}")}


def find_ksmd():
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/stat", encoding="utf-8",
                      errors="replace") as f:
                text = f.read()
        except OSError:
            continue
        name = text[text.index("(") + 1:text.rindex(")")]
        ppid = text[text.rindex(")") + 2:].split()[1]
        if name == "ksmd" and ppid == "2":
            return int(pid)
    raise Unusable("no ksmd thread is visible here (a container?)")


def cpu_ns(pid):
    """Time on a CPU of one thread, from schedstat."""
    with open(f"/proc/{pid}/schedstat", encoding="ascii") as f:
        return int(f.read().split()[0])


def mergeable_pids():
    """Processes that gave ksmd some memory (ksm_stat says so since 6.16)."""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/ksm_stat", encoding="ascii") as f:
                if "ksm_mergeable: yes" in f.read():
                    found.append(int(pid))
        except OSError:
            continue
    return found


class Host:
    """The right to drive ksmd, for the length of a `with` block."""

    def __init__(self, say=print):
        self.say = say
        self.lock = None
        self.original = None

    def __enter__(self):
        if os.geteuid() != 0:
            raise Unusable("driving ksmd needs root")
        if not os.access(f"{SYSFS}/run", os.W_OK):
            raise Unusable(f"{SYSFS}/run is not writable: no KSM here")
        self.lock = open(LOCK, "a", encoding="ascii")
        try:
            fcntl.flock(self.lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self.say(f"waiting for {LOCK}")
            fcntl.flock(self.lock, fcntl.LOCK_EX)
        try:
            self._heal()
            self._check_unused()
            self.original = knobs()
            with open(SAVED, "w", encoding="ascii") as f:
                json.dump(self.original, f)
        except BaseException:
            self.lock.close()
            raise
        return self

    def __exit__(self, *exc):
        try:
            self._restore(self.original)
        finally:
            self.lock.close()

    def _heal(self):
        try:
            with open(SAVED, encoding="ascii") as f:
                left = json.load(f)
        except FileNotFoundError:
            return
        except ValueError:
            os.unlink(SAVED)  # killed before it wrote the first knob
            return
        self.say("the last holder was killed: giving its knobs back")
        self._restore(left)

    def _check_unused(self, timeout_s=60):
        """Merged pages may be the last of a process that is just ending."""
        end = time.monotonic() + timeout_s
        while read("run") != "0" or count("pages_sharing"):
            if time.monotonic() > end:
                raise Unusable(
                    f"ksmd is in use on this host (run={read('run')}, "
                    f"pages_sharing={count('pages_sharing')}); stop "
                    "whatever tunes it and write 2, then 0, to run")
            time.sleep(1)

    def wait_alone(self, timeout_s=600):
        """Wait until nobody else has memory that ksmd would look at."""
        end, told = time.monotonic() + timeout_s, None
        while True:
            others = mergeable_pids()
            if not others:
                return
            if time.monotonic() > end:
                raise Unusable("other processes have mergeable memory: pid "
                               + ", ".join(map(str, others)))
            if told != others:
                self.say("waiting for others with mergeable memory: pid "
                         + ", ".join(map(str, others)))
                told = others
            time.sleep(2)

    def forget_pages(self):
        """Unmerge all and drop what ksmd knows of every page."""
        write("run", 2)
        write("run", 0)

    def _restore(self, original):
        self.forget_pages()
        advised = original.get("advisor_mode", "none") != "none"
        for name in KNOBS:
            if name not in original:
                continue
            if name == "pages_to_scan" and advised:
                continue  # the kernel's advisor owns it
            write(name, original[name])
        write("run", original["run"])
        os.unlink(SAVED)


def wait_passes(passes, timeout_s=180):
    """Let ksmd finish @passes more whole passes."""
    want = count("full_scans") + passes
    end = time.monotonic() + timeout_s
    while count("full_scans") < want:
        if time.monotonic() > end:
            raise Unusable(f"ksmd did not finish {passes} passes "
                           f"in {timeout_s} s")
        time.sleep(0.1)
