# SPDX-License-Identifier: GPL-2.0
"""An L2 Linux guest with a disk, driven step by step from L1.

The guest (init) says "begin LOAD" and "end LOAD STATUS" and waits each time, so
that whoever drives it decides when it goes on; what it notes in between
("note LOAD WORD...") is collected, with the moment it was read.
"""
import os
import queue
import subprocess
import threading
import time

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.realpath(__file__))))
BUILD = os.path.abspath(os.environ.get("DENSITY_BUILD", os.path.join(TOP, "build")))
KERNEL = os.path.join(BUILD, "guests", "vmlinuz")
IMAGE = os.path.join(BUILD, "lab", "l2", "initramfs.cpio")
SMALL = os.path.join(BUILD, "lab", "l2", "small.cpio")
FILES = os.path.join(BUILD, "lab", "l2", "disk.ext4")
NEEDED = (KERNEL, IMAGE, SMALL, FILES, "/dev/kvm")


class Died(Exception):
    """The guest is gone, or said nothing for too long."""


class Guest:
    """@image: the file behind its disk, mounted "ro" or "rw"; @cache: QEMU's
    word for how; @number: which of several that do the same; @initrd: IMAGE, or
    SMALL, which leaves 40 MiB more to the guest; @for_ever: when the last load is
    done, the first comes again."""

    def __init__(self, image, loads, number=1, mount="ro", cache="writeback",
                 memory_mib=192, scale=1, limit_s=600, initrd=IMAGE,
                 for_ever=False):
        self.loads, self.limit_s = loads, limit_s
        self.memory_mib = memory_mib
        self.notes = []
        self.console = f"/run/l2-console-{number}"
        self.lines = queue.Queue()
        self.process = subprocess.Popen(
            ["qemu-system-x86_64", "-accel", "kvm", "-cpu", "host",
             "-machine", "mem-merge=on", "-m", str(memory_mib), "-smp", "1",
             "-nodefaults", "-no-user-config", "-display", "none",
             "-no-reboot", "-serial", f"file:{self.console}",
             "-serial", "stdio", "-kernel", KERNEL, "-initrd", initrd,
             "-drive", f"file={image},if=none,id=disk,format=raw,cache={cache}"
             f",readonly={'on' if mount == 'ro' else 'off'}",
             "-device", "nvme,drive=disk,serial=1", "-append",
             "console=ttyS0 quiet no_timer_check nokaslr panic=-1 "
             f"mitigations=off l2.scale={scale} l2.number={number} "
             f"l2.mount={mount} l2.loads={','.join(loads)}"
             f"{' l2.forever=1' if for_ever else ''}"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        threading.Thread(target=self._listen, daemon=True).start()

    @property
    def pid(self):
        return self.process.pid

    def _listen(self):
        for line in self.process.stdout:
            words = line.split()
            if words[:1] == ["note"]:
                self.notes.append((time.monotonic(), words[1:]))
            elif words[:1] in (["begin"], ["end"]):
                self.lines.put(words)
        self.lines.put(None)

    def told(self, load, key=None):
        """What it noted of @load, the words after @key."""
        skip = 2 if key else 1
        return [words[skip:] for _, words in self.notes if words[0] == load
                and (not key or words[1:2] == [key])]

    def wait(self, *words):
        """Until it says this, and waits."""
        try:
            said = self.lines.get(timeout=self.limit_s)
        except queue.Empty:
            raise Died(f"silent for {self.limit_s} s, {self.tail()}") from None
        if said is None:
            raise Died(f"before it said {' '.join(words)}, {self.tail()}")
        if said[:len(words)] != list(words):
            raise Died(f"said {' '.join(said)}, not {' '.join(words)}")
        if said[2:] not in ([], ["0"]):
            raise Died(f"{' '.join(said)}: {self.tail()}")

    def go(self):
        self.process.stdin.write("go\n")
        self.process.stdin.flush()

    def begin(self, load):
        """From where it waits into @load."""
        self.go()
        self.wait("begin", load)
        self.go()

    def end(self, load):
        self.wait("end", load)

    def kill(self):
        """As a power cut is: nothing of the VMM's gets a chance to end."""
        self.process.kill()
        self.process.wait()

    def drain(self):
        """Of one that is gone, all that it has said is in the notes."""
        while self.lines.get() is not None:
            pass

    def finish(self):
        """It unmounts its disk and ends."""
        self.go()
        self.wait("end", "all")
        self.go()
        self.process.wait()

    def tail(self):
        try:
            with open(self.console, encoding="utf-8", errors="replace") as f:
                return "its console ends:\n" + "".join(f.readlines()[-15:])
        except OSError:
            return "it has no console"


def start(count, image, loads, **options):
    """@count guests of the same @image, up and waiting. @image may have {} for
    their number."""
    guests = [Guest(image.format(number), loads, number=number, **options)
              for number in range(1, count + 1)]
    try:
        for guest in guests:
            guest.wait("begin", "all")
    except Died:
        for guest in guests:
            guest.kill()
        raise
    return guests


def run_load(guests, load):
    """All of them at once, until the last is done."""
    for guest in guests:
        guest.begin(load)
    for guest in guests:
        guest.end(load)
