# SPDX-License-Identifier: GPL-2.0
"""bonnie++ in two guests at once, each on a disk of its own, as in the slides.

Its K/s are of a clock that other work on the host slows, of guests that are emulated
and a disk as fast as memory: variants take turns in one boot, and only their ratio
means anything. (With a clock that counts instructions, guests with Linux stand still
before they are up.) What was read from the disk and written to it stands beside.
"""
import csv
import threading
import time

import guest
import pagecache
import reads

DISK_MIB, IMAGE_MIB = 256, 112
# Its second file, of 64 MiB, is not to fit; with 80 a guest may run out while it boots.
MEMORY_MIB = 88
SAMPLE_S = 1
# The guest's two runs, and the fields of bonnie++'s CSV that are asked of each:
# its format 1.98, see bon_csv2txt(1).
FIELDS = ({"putc": 9, "getc": 15},
          {"put_block": 11, "rewrite": 13, "get_block": 17})


def figures(lines):
    """K/s by name; what was not measured, or not well enough, is absent."""
    return {name: int(row[at])
            for row, fields in zip(csv.reader(lines), FIELDS)
            for name, at in fields.items() if row[at].isdecimal()}


class Series:
    """[s, MiB cached of images, MiB free], now and then."""

    def __init__(self):
        self.rows = []
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self._sample)
        self.thread.start()

    def _sample(self):
        begun = time.monotonic()
        while not self.ended.wait(SAMPLE_S):
            info = pagecache.meminfo()
            self.rows.append([round(time.monotonic() - begun, 1),
                              info["Images"] >> 10, info["MemFree"] >> 10])

    def end(self):
        self.ended.set()
        self.thread.join()
        return self.rows


def make_images(disk):
    for number in (1, 2):
        path = disk.path(f"image-{number}")
        pagecache.run("truncate", "-s", f"{IMAGE_MIB}M", path)
        pagecache.run("mkfs.ext4", "-q", "-F", "-b", "4096", path)


def once(disk, variant):
    make_images(disk)
    with reads.guests_of(disk.path("image-{}"), ["bonnie"], variant, MEMORY_MIB,
                         mount="rw", initrd=guest.SMALL) as guests:
        ksmd = pagecache.Ksmd()
        actor = reads.Actor(variant, ksmd, guests)
        read_kib, written_kib = disk.read_kib(), disk.written_kib()
        cpu_ns = ksmd.cpu_ns
        actor.begin()
        ksmd.start()
        series, passes = Series(), ksmd.passes
        guest.run_load(guests, "bonnie")
        passes = ksmd.passes - passes
        rows = series.end()
        cpu_ns = ksmd.cpu_ns - cpu_ns
        said = actor.end()
        ksmd.stop()
        return {"scenario": "bonnie", "variant": variant, "passes": passes,
                "kib_per_s": [figures(map(" ".join, g.told("bonnie")))
                              for g in guests],
                "read_kib": disk.read_kib() - read_kib,
                "written_kib": disk.written_kib() - written_kib,
                "ksmd_ns": cpu_ns, "series": rows, **said}


def bonnie(*variants):
    disk = pagecache.Disk(DISK_MIB)
    try:
        for variant in variants:
            yield once(disk, variant)
    finally:
        disk.close()
