# SPDX-License-Identifier: GPL-2.0
"""Two guests of one image that only read: what is cached twice, what of it goes,
and what has to be read from the disk for that."""
import contextlib
import shutil
import threading

import guest
import pagecache

DISK_MIB = 144
MEMORY_MIB = 192
PASSES_MAX = 12
WARM_PASSES = 3
QUIET_PASSES = 2        # with nothing dropped: all that will go has gone
ZIPF_SCALE = 1          # thousands of files a guest


@contextlib.contextmanager
def image():
    """(the disk, the image of both guests on it)"""
    disk = pagecache.Disk(DISK_MIB)
    path = disk.path("image")
    shutil.copyfile(guest.FILES, path)
    pagecache.drop_caches()
    try:
        yield disk, path
    finally:
        disk.close()


@contextlib.contextmanager
def guests_of(path, loads, variant, memory_mib, **options):
    cache = "none" if variant == "direct" else "writeback"
    pagecache.drop_caches()
    guests = []
    try:
        guests = guest.start(2, path, loads, cache=cache,
                             memory_mib=memory_mib, **options)
        yield guests
    finally:
        for each in guests:
            each.kill()


def guest_io(guests, load):
    """KiB: what each of them has read from its disk in each turn of @load."""
    turns = [[int(words[0]) for words in g.told(load, "read")] for g in guests]
    return [[now - then for now, then in zip(of, [0, *of])] for of in turns]


def guest_cached(guests, load):
    return [int(g.told(load, "cached")[0][0]) for g in guests]


class Actor:
    """What a variant does about it while ksmd goes on: begin() to end()."""

    def __init__(self, variant, ksmd, guests):
        self.variant, self.ksmd, self.guests = variant, ksmd, guests
        self.scrubber = None
        self.ended = threading.Event()
        self.thread = None
        self.drops = 0

    def begin(self):
        if self.variant == "scrub":
            self.scrubber = pagecache.Scrubber()
            self.scrubber.add(self.guests)
            self.scrubber.on()
        elif self.variant == "drop":
            self.thread = threading.Thread(target=self._drop)
            self.thread.start()

    def _drop(self):
        """At the end of each pass, as the scrubber does."""
        passes = self.ksmd.passes
        while not self.ended.wait(0.05):
            if self.ksmd.passes != passes:
                passes = self.ksmd.passes
                pagecache.drop_caches()
                self.drops += 1

    def settle(self):
        """Until nothing goes any more."""
        quiet = passes = dropped = 0
        while quiet < QUIET_PASSES and passes < PASSES_MAX:
            self.ksmd.wait(1)
            passes += 1
            before, dropped = dropped, self.dropped()
            quiet = quiet + 1 if dropped == before and passes > 1 else 0
        return passes

    def dropped(self):
        return self.scrubber.total()["dropped_pages"] if self.scrubber else 0

    def end(self):
        """What it counted."""
        self.ended.set()
        if self.thread:
            self.thread.join()
        if not self.scrubber:
            return {"drops": self.drops}
        state = self.scrubber.state()
        self.scrubber.off()
        self.scrubber.close()
        self.scrubber = None
        return {"runs": state["scrubber"]["runs"], "tally": state["total"]}


def same_once(disk, path, numbers, variant):
    with guests_of(path, ["files", "files"], variant, MEMORY_MIB) as guests:
        start_kib = disk.read_kib()
        guest.run_load(guests, "files")
        first_kib = disk.read_kib() - start_kib

        ksmd = pagecache.Ksmd()
        ksmd.start()
        ksmd.wait(3)
        ksmd.stop()
        held = pagecache.held_by_all(numbers, guests)
        before, before_kib = pagecache.cached(path), pagecache.meminfo()

        actor = Actor(variant, ksmd, guests)
        actor.begin()
        ksmd.start()
        passes = actor.settle()
        after, after_kib = pagecache.cached(path), pagecache.meminfo()

        start_kib = disk.read_kib()
        guest.run_load(guests, "files")
        again_kib = disk.read_kib() - start_kib
        said = actor.end()
        ksmd.stop()
        sums = [each.told("files", "sum") for each in guests]
        return {
            "scenario": "same", "variant": variant, "passes": passes,
            "cached": sum(before), "cached_after": sum(after),
            "twice": pagecache.both(before, held),
            "twice_after": pagecache.both(after, held),
            "images_kib": before_kib["Images"],
            "images_after_kib": after_kib["Images"],
            "first_kib": first_kib, "again_kib": again_kib, **said,
            "guest_kib": guest_io(guests, "files"),
            "guest_cached_kib": guest_cached(guests, "files"),
            "read_alike": all(one == two for one, two in sums)}


def same(*variants):
    """Both read all files once, and then once more, which their own memory is
    big enough for."""
    with image() as (disk, path):
        numbers = pagecache.contents(path)
        for variant in variants:
            yield same_once(disk, path, numbers, variant)


class Sampler:
    """The mean of what is cached of images."""

    def __init__(self):
        self.values = []
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self._sample)
        self.thread.start()

    def _sample(self):
        while not self.ended.wait(0.2):
            self.values.append(pagecache.meminfo()["Images"])

    def end(self):
        self.ended.set()
        self.thread.join()
        return sum(self.values) // max(len(self.values), 1)


def zipf_once(disk, path, memory_mib, variant):
    with guests_of(path, ["zipf", "zipf"], variant, memory_mib,
                   scale=ZIPF_SCALE) as guests:
        ksmd = pagecache.Ksmd()
        actor = Actor(variant, ksmd, guests)
        actor.begin()
        ksmd.start()
        start_kib = disk.read_kib()
        guest.run_load(guests, "zipf")
        ksmd.wait(WARM_PASSES)
        again_kib, began = disk.read_kib(), ksmd.passes
        sampler = Sampler()
        guest.run_load(guests, "zipf")
        passes = ksmd.passes - began
        end_kib = disk.read_kib()
        images_kib = sampler.end()
        said = actor.end()
        ksmd.stop()
        return {"scenario": "zipf", "variant": variant,
                "memory_mib": memory_mib, "passes": passes,
                "images_kib": images_kib, "read_kib": end_kib - start_kib,
                "again_kib": end_kib - again_kib, **said,
                "bytes": [int(g.told("zipf", "bytes")[1][0]) for g in guests],
                "guest_kib": [of[1] for of in guest_io(guests, "zipf")],
                "guest_cached_kib": guest_cached(guests, "zipf")}


def zipf(memory_mib, *variants):
    """Both read files at random, some often, while ksmd goes on; they have
    @memory_mib, be it enough for all of the files or not. In the second turn ksmd
    knows what they hold, and of the files they read all that their memory has
    lost again."""
    with image() as (disk, path):
        for variant in variants:
            yield zipf_once(disk, path, int(memory_mib), variant)
