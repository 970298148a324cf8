# SPDX-License-Identifier: GPL-2.0
"""A guest that writes while the scrubber is at work: is anything lost?

write: files rewritten in place, with and without fsync, until all is durable and
the guest ends. cut: the VMM is killed at some moment, and what of the disk is
there then is taken for the disk after a power cut: what the guest was told is
durable has to be on it. The kernel writes nothing back by itself meanwhile, so
it is there only because the guest asked for it.
"""
import contextlib
import hashlib
import os
import random
import shutil
import time

import guest
import pagecache

DISK_MIB, IMAGE_MIB = 160, 96
WRITE_SCALE = 3
FOREVER = 100000
SYNCED = (24, 64)       # files made durable before a cut, at least and at most
CUT_S = 0.5             # and so much later, at most
FLIGHT_LIMIT_S = 300


@contextlib.contextmanager
def image(options=()):
    """(the disk, an empty image on it)"""
    disk = pagecache.Disk(DISK_MIB)
    path = disk.path("image")
    try:
        pagecache.run("mount", "-o", ",".join(["remount", *options]),
                      disk.mount)
        pagecache.run("truncate", "-s", f"{IMAGE_MIB}M", path)
        pagecache.run("mkfs.ext4", "-q", "-b", "4096", "-E",
                      "lazy_itable_init=0", path)
        pagecache.drop_caches()
        yield disk, path
    finally:
        disk.close()


@contextlib.contextmanager
def scrubbing():
    """ksmd and the scrubber, without a pause."""
    ksmd = pagecache.Ksmd()
    scrubber = pagecache.Scrubber()
    ksmd.start()
    scrubber.on()
    try:
        yield scrubber
    finally:
        ksmd.stop()
        scrubber.off()
        scrubber.close()


@contextlib.contextmanager
def mounted(path):
    """The file system in @path, its journal replayed."""
    where = f"{path}.mount"
    os.makedirs(where, exist_ok=True)
    pagecache.run("mount", "-o", "loop", path, where)
    try:
        yield where
    finally:
        pagecache.run("umount", where)


def lost(where, sums):
    """Of @sums, {name: md5}, those that are not so there."""
    wrong = []
    for name, wanted in sums.items():
        try:
            with open(os.path.join(where, name), "rb") as file:
                if hashlib.md5(file.read()).hexdigest() != wanted:
                    wrong.append(name)
        except OSError:
            wrong.append(name)
    return wrong


def durable(notes):
    """{name: md5} of what the guest was told is durable, but for what it had
    begun to write again."""
    sums = {}
    for words in notes:
        if words[:1] == ["writing"] and len(words) == 2:
            sums.pop(words[1], None)
        elif words[:1] == ["synced"] and len(words) >= 3 and \
                len(words[2]) == 32:
            sums[words[1]] = words[2]
    return sums


def bdi(disk):
    """KiB that became dirty, and that were written, since the disk is there."""
    name = pagecache.read(f"/sys/block/{os.path.basename(disk.device)}/dev")
    lines = pagecache.read(f"/sys/kernel/debug/bdi/{name.strip()}/stats")
    found = dict(line.split(":") for line in lines.splitlines() if ":" in line)
    return {key: int(found[f"Bdi{word}"].split()[0])
            for key, word in (("dirtied_kib", "Dirtied"),
                              ("written_kib", "Written"))}


def write(variant="scrub"):
    """@variant plain: the same without the scrubber, for the counters."""
    with image() as (disk, path), contextlib.ExitStack() as stack:
        [one] = guest.start(1, path, ["write", "sync"], mount="rw",
                            scale=WRITE_SCALE)
        stack.callback(one.kill)
        scrubber = None
        if variant == "scrub":
            scrubber = stack.enter_context(scrubbing())
            scrubber.add([one])
        guest.run_load([one], "write")
        guest.run_load([one], "sync")
        sums = {**durable(one.told("write")), **durable(one.told("sync"))}
        one.finish()
        counted = {"runs": scrubber.state()["scrubber"]["runs"],
                   "tally": scrubber.total()} if scrubber else {}
        os.sync()
        pagecache.drop_caches()
        with mounted(path) as where:
            wrong = lost(where, sums)
        yield {"scenario": "write", "variant": variant, "files": len(sums),
               "lost": wrong, "written_by_guest_kib": WRITE_SCALE * 2 * 32768,
               **bdi(disk), **counted}


def fly(one, chance):
    """Let it write until the moment of the cut."""
    one.begin("sync")
    until = chance.randint(*SYNCED)
    deadline = time.monotonic() + FLIGHT_LIMIT_S
    while sum(words[0] == "synced" for words in one.told("sync")) < until:
        if time.monotonic() > deadline or one.process.poll() is not None:
            raise guest.Died(f"it synced less than {until} files")
        time.sleep(0.01)
    time.sleep(chance.random() * CUT_S)
    one.kill()
    one.drain()


def cut_once(disk, path, cache, scrubber, number, seed):
    chance = random.Random(f"{seed} {number}")
    [one] = guest.start(1, path, ["sync"], mount="rw", cache=cache,
                        scale=FOREVER)
    try:
        scrubber.add([one])
        before = scrubber.total()
        fly(one, chance)
    finally:
        one.kill()
    total = scrubber.total()
    sums = durable(one.told("sync"))
    # The disk as it is now, then the image as the host's cache has it.
    shutil.copyfile(disk.file, f"{disk.store}/after-cut")
    shutil.copyfile(path, f"{disk.store}/after-crash")
    with mounted(f"{disk.store}/after-cut") as where, \
            mounted(os.path.join(where, "image")) as files:
        after_cut = lost(files, sums)
    with mounted(f"{disk.store}/after-crash") as files:
        after_crash = lost(files, sums)
    return {"scenario": "cut", "cache": cache, "round": number,
            "files": len(sums), "lost": after_cut,
            "lost_to_crash": after_crash,
            "synced": sum(words[0] == "synced" for words in one.told("sync")),
            "tally": {key: total[key] - before[key] for key in total}}


def cut(cache, rounds, seed="1"):
    pagecache.write("/proc/sys/vm/dirty_writeback_centisecs", 0)
    pagecache.write("/proc/sys/vm/dirty_background_ratio", 60)
    pagecache.write("/proc/sys/vm/dirty_ratio", 80)
    with image(["commit=10000"]) as (disk, path), scrubbing() as scrubber:
        for number in range(1, int(rounds) + 1):
            yield cut_once(disk, path, cache, scrubber, number, seed)
