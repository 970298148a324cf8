# SPDX-License-Identifier: GPL-2.0
"""What the scrubber costs, in instructions, beside what ksmd's searches cost.

Two processes stand for the guests: memory that KSM may merge, in which all of an
image is, and pages of their own. To be run with --clock icount on one processor:
then time is a count of instructions (2 ns each).

A search. ksmd looks at all pages in every pass (smart_scan, lookahead and index
off). A page whose content has changed since the last pass is only checksummed; one
that has not is searched for in both trees. So the pages of their own are changed
before every second pass, and the difference of two such passes is that many
searches, beside nothing else: the slides' scrubber made one for each cached page.

The scrubber. All of its CPU time, of the scheduler's books, by the pages of the
cache that it looked at; and the kernel's function profile of its parts. Four times
all of the image: looked at, which finds what a search would have found, with
checksums to be calculated; dropped, with all of them to be calculated again; looked
at with checksums remembered; and dropped with these.
"""
import glob
import mmap
import os
import re
import subprocess
import sys
import time

import pagecache
import reads

PAGE = pagecache.PAGE
IMAGE_PAGES = 16384
OWN_PAGES = 6144
PAIRS = 3               # of passes with and without searches
RUNS_MAX = 20           # of the scrubber, for all of the image
MADV_MERGEABLE, MADV_NOHUGEPAGE = 12, 15
GIB_PAGES = (1 << 30) // PAGE
TRACING = "/sys/kernel/tracing"
PARTS = ("run_once", "survey_take", "read_guest", "walk_image",
         "ksm_mm_fingerprints", "describe_fingerprints")
LIBRARIES = "/usr/lib/x86_64-linux-gnu/*.so*"
LINE = re.compile(r"\s*(\S+)\s+(\d+)\s+([\d.]+) us")


def own_contents():
    """Distinct pages of real files, that are no part of the image."""
    seen = set()
    for path in sorted(glob.glob(LIBRARIES)):
        if os.path.islink(path):
            continue
        with open(path, "rb") as file:
            while len(page := file.read(PAGE)) == PAGE:
                if hash(page) not in seen:
                    seen.add(hash(page))
                    yield page


class Memory:
    """Of this process, for KSM to merge, in small pages."""

    def __init__(self, pages):
        self.map = mmap.mmap(-1, pages * PAGE,
                             flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
        self.map.madvise(MADV_NOHUGEPAGE)
        self.map.madvise(MADV_MERGEABLE)


def be_guest(path, number):
    """Hold the image and own pages; change those at each line of input. The
    image stays open, as a VMM has it."""
    memory = Memory(IMAGE_PAGES + OWN_PAGES).map
    image = os.open(path, os.O_RDWR)
    os.preadv(image, [memoryview(memory)[:IMAGE_PAGES * PAGE]], 0)
    pages = own_contents()
    for i in range(2 * OWN_PAGES):
        page = next(pages)
        if i % 2 == number:
            at = (IMAGE_PAGES + i // 2) * PAGE
            memory[at:at + PAGE] = page
    # No file but the image stays open, or it would be taken for one.
    pages.close()
    for turn, _ in enumerate(sys.stdin):
        for i in range(OWN_PAGES if turn else 0):
            at = (IMAGE_PAGES + i + 1) * PAGE
            memory[at - 8:at] = (turn << 32 | i << 1 | number).to_bytes(
                8, "little")
        print("done", flush=True)


class Process:
    def __init__(self, path, number):
        self.process = subprocess.Popen(
            [sys.executable, os.path.realpath(__file__), path, str(number)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            env={**os.environ, "PYTHONPATH": os.path.dirname(
                pagecache.__file__)})

    @property
    def pid(self):
        return self.process.pid

    def turn(self):
        """The first: it has all its memory. Each other: its own is changed."""
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        if not self.process.stdout.readline():
            raise RuntimeError("a process that stands for a guest has died")

    def end(self):
        self.process.kill()
        self.process.wait()


class Passes:
    """ksmd, a pass at a time: it is woken by a changed sleep_millisecs, for a
    batch that ends with the pass."""

    def __init__(self):
        self.ksmd = pagecache.Ksmd(pages=10 ** 8)
        self.sleep = 3600000
        pagecache.write(f"{pagecache.KSM}/smart_scan", 0)
        pagecache.write(f"{pagecache.KSM}/sleep_millisecs", self.sleep)

    def one(self):
        """Instructions of ksmd, in ns, and steps in its trees."""
        begun, passes = self.ksmd.cpu_ns, self.ksmd.passes
        steps = self._steps()
        self.sleep += 1
        pagecache.write(f"{pagecache.KSM}/sleep_millisecs", self.sleep)
        self.ksmd.start()
        while self.ksmd.passes == passes:
            time.sleep(0.02)
        time.sleep(0.1)
        return self.ksmd.cpu_ns - begun, self._steps() - steps

    @staticmethod
    def _steps():
        return int(pagecache.read(f"{pagecache.KSM}/tree_steps"))


class Profile:
    """The kernel's own of some functions."""

    def __init__(self, names):
        with open(f"{TRACING}/available_filter_functions",
                  encoding="ascii") as file:
            known = {line.split()[0] for line in file}
        pagecache.write(f"{TRACING}/set_ftrace_filter",
                        "\n".join(name for name in names if name in known))

    def __enter__(self):
        # While others run, a function costs nothing.
        pagecache.write(f"{TRACING}/options/sleep-time", 0)
        pagecache.write(f"{TRACING}/function_profile_enabled", 1)
        return self

    def __exit__(self, *_):
        pagecache.write(f"{TRACING}/function_profile_enabled", 0)

    @staticmethod
    def read():
        """{name: (calls, us in all)}"""
        found = {}
        for path in glob.glob(f"{TRACING}/trace_stat/function[0-9]*"):
            for line in pagecache.read(path).splitlines():
                if match := LINE.match(line):
                    hits, us = found.get(match[1], (0, 0.0))
                    found[match[1]] = (hits + int(match[2]),
                                       us + float(match[3]))
        return found


def searches(passes, processes):
    """(ns a search, steps a search), a pair for each pair of passes."""
    for _ in range(PAIRS):
        for process in processes:
            process.turn()
        without_ns, without_steps = passes.one()
        with_ns, with_steps = passes.one()
        pages = OWN_PAGES * len(processes)
        yield ((with_ns - without_ns) / pages,
               (with_steps - without_steps) / pages)


def workers_ns():
    """CPU time of each kernel worker: the scrubber is in one of them."""
    found = {}
    for directory in os.listdir("/proc"):
        try:
            if directory.isdecimal() and pagecache.read(
                    f"/proc/{directory}/comm").startswith("kworker/"):
                found[directory] = int(pagecache.read(
                    f"/proc/{directory}/schedstat").split()[0])
        except (FileNotFoundError, ProcessLookupError):
            pass
    return found


def stage(scrubber, name, dry_run, pages):
    """Runs until so many pages have been looked at, which takes several: a run
    ends with its budget."""
    begun, total, runs = workers_ns(), {}, 0
    with Profile(PARTS) as profile:
        while total.get("looked_pages", 0) < pages and runs < RUNS_MAX:
            for key, count in scrubber.once(dry_run).items():
                total[key] = total.get(key, 0) + count
            runs += 1
        parts = profile.read()
    ns = sum(now - begun.get(pid, 0) for pid, now in workers_ns().items())
    return {"scenario": "cost", "what": name, "runs": runs, "worker_ns": ns,
            "tally": total, "parts": parts}


def forget_checksums(path):
    """They are those of a version of the file, and a write makes another."""
    with open(path, "r+b", buffering=0) as file:
        page = file.read(PAGE)
        file.seek(0)
        file.write(page)
        os.fsync(file.fileno())


def read_as_two(path):
    """What is not in the cache is again, as if two guests had read it."""
    for _ in range(2):
        with open(path, "rb") as file:
            file.read(IMAGE_PAGES * PAGE)


def cost():
    with reads.image() as (_, path):
        processes = [Process(path, number) for number in range(2)]
        try:
            yield from measure(path, processes)
        finally:
            for process in processes:
                process.end()


def measure(path, processes):
    for process in processes:
        process.turn()
    passes = Passes()
    for _ in range(4):
        passes.one()
    for ns, steps in searches(passes, processes):
        yield {"scenario": "cost", "what": "search", "ns": ns, "steps": steps}

    scrubber = pagecache.Scrubber()
    try:
        scrubber.add(processes)
        yield stage(scrubber, "found", True, IMAGE_PAGES)
        forget_checksums(path)
        yield stage(scrubber, "first", False, IMAGE_PAGES)
        read_as_two(path)
        yield stage(scrubber, "dry", True, IMAGE_PAGES)
        yield stage(scrubber, "again", False, IMAGE_PAGES)
    finally:
        scrubber.close()


if __name__ == "__main__":
    be_guest(sys.argv[1], int(sys.argv[2]))
