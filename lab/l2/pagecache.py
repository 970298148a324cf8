# SPDX-License-Identifier: GPL-2.0
"""The page cache of L1 and what drops from it, as counted from outside.

What is cached of an image is asked of mincore(), content of an image is read
past the cache, that of guests out of their VMMs' memory: nobody's word is taken
for what a page holds. None of it touches the cache that it looks at.
"""
import ctypes
import json
import mmap
import os
import re
import subprocess
import time

BUILD = os.path.abspath(os.environ.get("DENSITY_BUILD", "build"))
CTL = f"{BUILD}/bin/densityctl"
MODULE = os.environ.get("DENSITY_MODULE", f"{BUILD}/kernel/ksmd_ext.ko")
KSM = "/sys/kernel/mm/ksm"
PAGE = 4096
CHUNK = 1 << 20
PRESENT, SWAPPED = 1 << 63, 1 << 62
LIBC = ctypes.CDLL(None, use_errno=True)
LIBC.mmap.restype = ctypes.c_void_p
LIBC.mmap.argtypes = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int,
                      ctypes.c_int, ctypes.c_int, ctypes.c_long)
LIBC.munmap.argtypes = (ctypes.c_void_p, ctypes.c_size_t)
LIBC.mincore.argtypes = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_void_p)


def read(path):
    with open(path, encoding="ascii", errors="replace") as file:
        return file.read()


def write(path, value):
    with open(path, "w", encoding="ascii") as file:
        file.write(str(value))


def meminfo():
    """KiB by name. "Images" is what is cached and not in memory anyway."""
    found = {name: int(kib) for name, kib in re.findall(
        r"^(\S+): +(\d+)", read("/proc/meminfo"), re.M)}
    found["Images"] = found["Cached"] - found["Shmem"]
    return found


def vmstat():
    return {name: int(value) for name, value in
            (line.split() for line in read("/proc/vmstat").splitlines())}


class Disk:
    """A file system on a disk of L1's own: a file in memory behind a loop
    device, which is read and written as any disk is, and counts it."""

    mount, store = "/run/images", "/run/images.store"

    def __init__(self, mib):
        os.makedirs(self.store)
        run("mount", "-t", "tmpfs", "-o", "size=100%", "images", self.store)
        self.file = f"{self.store}/disk"
        run("truncate", "-s", f"{mib}M", self.file)
        run("mkfs.ext4", "-q", "-b", "4096", "-E", "lazy_itable_init=0", self.file)
        self.device = run("losetup", "--show", "-f", self.file).strip()
        os.makedirs(self.mount)
        run("mount", self.device, self.mount)

    def path(self, name):
        return os.path.join(self.mount, name)

    def _stat(self, field):
        name = os.path.basename(self.device)
        return int(read(f"/sys/block/{name}/stat").split()[field]) // 2

    def read_kib(self):
        return self._stat(2)

    def written_kib(self):
        return self._stat(6)

    def close(self):
        run("umount", self.mount)
        run("losetup", "-d", self.device)
        run("umount", self.store)
        os.rmdir(self.mount)
        os.rmdir(self.store)


def run(*words):
    """Its output; its errors, if it fails, in the exception."""
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{' '.join(words)}: {done.stderr.strip()}")
    return done.stdout


def drop_caches():
    """All that is clean; what is dirty is written first."""
    os.sync()
    write("/proc/sys/vm/drop_caches", 3)


def cached(path):
    """A byte for each page of the file: 1 where it is cached."""
    size = os.path.getsize(path)
    fd = os.open(path, os.O_RDONLY)
    try:
        address = LIBC.mmap(None, size, mmap.PROT_READ, mmap.MAP_SHARED, fd, 0)
        there = (ctypes.c_ubyte * ((size + PAGE - 1) // PAGE))()
        failed = LIBC.mincore(address, size, there)
        LIBC.munmap(address, size)
    finally:
        os.close(fd)
    if failed:
        raise OSError(ctypes.get_errno(), "mincore")
    return bytes(byte & 1 for byte in there)


def contents(path):
    """A number for each page of the file, the same for the same content; read
    from the disk itself."""
    found = []
    fd = os.open(path, os.O_RDONLY | os.O_DIRECT)
    with mmap.mmap(-1, CHUNK) as buffer:
        while length := os.preadv(fd, [buffer], len(found) * PAGE):
            found += [hash(buffer[at:at + PAGE])
                      for at in range(0, length, PAGE)]
    os.close(fd)
    return found


def guest_contents(pid, memory_mib):
    """The set of these numbers over all memory of a VMM's guest."""
    begin = end = 0
    for line in read(f"/proc/{pid}/maps").splitlines():
        begin, end = (int(x, 16) for x in line.split()[0].split("-"))
        if end - begin == memory_mib << 20:
            break
    else:
        raise RuntimeError(f"{pid} has no memory of {memory_mib} MiB")
    found = set()
    with open(f"/proc/{pid}/pagemap", "rb") as file:
        file.seek(begin // PAGE * 8)
        entries = file.read((end - begin) // PAGE * 8)
    with open(f"/proc/{pid}/mem", "rb", buffering=0) as file:
        for i in range((end - begin) // PAGE):
            if int.from_bytes(entries[i * 8:i * 8 + 8], "little") & PRESENT:
                file.seek(begin + i * PAGE)
                found.add(hash(file.read(PAGE)))
    return found


def held_by_all(of_image, guests):
    """A byte for each page of the image: 1 where all guests have its content."""
    common = set.intersection(*(guest_contents(g.pid, g.memory_mib)
                                for g in guests))
    return bytes(number in common for number in of_image)


def both(first, second):
    """Pages that are in both."""
    return sum(a & b for a, b in zip(first, second))


class Ksmd:
    """The ksmd of L1, at so many pages in 20 ms; stopped at first."""

    def __init__(self, pages=4000):
        write(f"{KSM}/run", 0)
        write(f"{KSM}/pages_to_scan", pages)
        write(f"{KSM}/sleep_millisecs", 20)
        self.pid = next(int(d) for d in os.listdir("/proc") if d.isdecimal()
                        and read(f"/proc/{d}/comm") == "ksmd\n")

    def start(self):
        write(f"{KSM}/run", 1)

    def stop(self):
        """It has ended its batch when it is told to forget nothing."""
        write(f"{KSM}/run", 0)

    @property
    def passes(self):
        return int(read(f"{KSM}/full_scans"))

    @property
    def cpu_ns(self):
        return int(read(f"/proc/{self.pid}/schedstat").split()[0])

    def wait(self, passes, limit_s=600):
        """So many whole ones from now."""
        until, deadline = self.passes + passes + 1, time.monotonic() + limit_s
        while self.passes < until:
            if time.monotonic() > deadline:
                raise RuntimeError(f"no {passes} passes in {limit_s} s")
            time.sleep(0.05)


class Scrubber:
    """The module's, by way of densityctl."""

    def __init__(self):
        run("insmod", MODULE)

    def close(self):
        run("rmmod", "ksmd_ext")

    @staticmethod
    def ask(*words):
        said = run(CTL, "kernel", "--json", *(str(word) for word in words))
        return json.loads(said) if said.strip() else None

    def add(self, guests):
        for guest in guests:
            self.ask("add", guest.pid)

    def state(self):
        return self.ask("scrub")

    def total(self):
        """Pages, since it was loaded."""
        return self.state()["total"]

    def on(self):
        self.ask("scrub", "on")

    def off(self):
        self.ask("scrub", "off")

    def once(self, dry_run=False, limit_s=120):
        """One run, now. What it counted."""
        runs, deadline = self.state()["scrubber"]["runs"], \
            time.monotonic() + limit_s
        self.ask("scrub", "dry-run" if dry_run else "run")
        while self.state()["scrubber"]["runs"] == runs:
            if time.monotonic() > deadline:
                raise RuntimeError(f"no run in {limit_s} s")
            time.sleep(0.5)
        return self.state()["last_run"]
