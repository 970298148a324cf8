# SPDX-License-Identifier: GPL-2.0
"""Pictures of real guests' memory, taken while they run.

Guests boot Debian's kernel under QEMU's emulation with their RAM in a file, so
that a stopped QEMU (SIGSTOP) leaves a picture behind. Page frames that were
zero in every picture so far do not belong to it: most were never touched, and
would take no memory of a host.

A picture is NAME.map, "FIRST COUNT" a line, and NAME.pages, these pages'
content; in a series each holds what differs from the one before. What there is
already is not made again: NAME.made tells what it was made from.
"""
import contextlib
import glob
import hashlib
import mmap
import os
import select
import signal
import subprocess
import time

PAGE = 4096
ZEROS = hash(bytes(PAGE))
BOOT_STEP_S = 0.25      # of QEMU's CPU time, between two pictures of a boot
GUEST_LIMIT_S = 900     # a guest that says nothing for so long hangs
TICK_S = 0.05

DISK, DESKTOP = "disk.ext4", "desktop.ext2"

# name: (guest's number, MiB, loads). A picture when all loads are done. Of the
# first three most memory is page cache, of the others most is the programs'.
GUESTS = {
    "guest-a": (1, 192, "files,own"),
    "guest-b": (2, 192, "files,own"),
    "guest-c": (3, 192, "services,own,files"),
    "mixed-a": (1, 128, "some,services,own"),
    "mixed-b": (2, 128, "services,some,own"),
}
# workload: (MiB, loads, disk, pictures by CPU time until the disk is there?)
SERIES = {
    "boot": (128, "services", DISK, True),
    "compile": (192, "compile", DISK, False),
    "desktop": (320, "desktop", DESKTOP, False),
}
PAIR = {"a": 1, "b": 2}


class Failed(Exception):
    """A guest that ended, hung or could not do its work; the text says where its
    console is."""


class Ram:
    """A guest's RAM file, and what of it is in pictures already."""

    def __init__(self, path):
        self.path = path
        self.known = {}         # frame: hash of its content

    def changed(self):
        """Yield (frame, content) of pages written since the last call."""
        with open(self.path, "rb") as file, \
                mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ) as ram:
            for start, end in extents(file.fileno()):
                for offset in range(start, end, PAGE):
                    page = ram[offset:offset + PAGE]
                    frame, digest = offset // PAGE, hash(page)
                    if self.known.get(frame, ZEROS) != digest:
                        self.known[frame] = digest
                        yield frame, page

    def save(self, directory, name):
        write_picture(directory, name, self.changed())


def extents(fd):
    """(start, end) of the parts of a file that were written, whole pages."""
    size = os.fstat(fd).st_size
    at = 0
    while at < size:
        try:
            start = os.lseek(fd, at, os.SEEK_DATA)
        except OSError:
            return
        at = os.lseek(fd, start, os.SEEK_HOLE)
        yield start // PAGE * PAGE, at


def write_picture(directory, name, pages):
    """@pages: (frame, content), by frame. The map comes last: with it the
    picture is whole."""
    path = os.path.join(directory, name)
    runs = []
    with open(path + ".pages", "wb") as file:
        for frame, page in pages:
            if runs and frame == sum(runs[-1]):
                runs[-1][1] += 1
            else:
                runs.append([frame, 1])
            file.write(page)
    with open(path + ".map.new", "w", encoding="ascii") as file:
        file.writelines(f"{first} {count}\n" for first, count in runs)
    os.replace(path + ".map.new", path + ".map")


def read_pages(directory, name):
    with open(os.path.join(directory, name + ".pages"), "rb") as file:
        while page := file.read(PAGE):
            yield page


def write_distinct(directory, names):
    """The picture "distinct": each content of @names once, zeros left out."""
    seen = {bytes(PAGE)}

    def pages():
        for name in names:
            for page in read_pages(directory, name):
                if page not in seen:
                    seen.add(page)
                    yield len(seen) - 2, page
    write_picture(directory, "distinct", pages())


def command(boot, work, disk, number, mib, loads):
    append = ("console=ttyS0 quiet no_timer_check panic=-1 mitigations=off "
              f"guest.number={number} guest.loads={loads}")
    return ["setpriv", "--pdeathsig", "KILL", "--", "qemu-system-x86_64",
            "-machine", "pc,mem-merge=off,memory-backend=ram",
            "-object", f"memory-backend-file,id=ram,size={mib}M,"
            f"mem-path={work}/ram,share=on",
            "-accel", "tcg", "-cpu", "max", "-m", str(mib),
            "-smp", "1", "-nodefaults", "-no-user-config",
            "-display", "none", "-no-reboot",
            "-serial", f"file:{work}/console", "-serial", "stdio",
            "-drive", f"if=none,id=disk,file={boot}/{disk},format=raw,"
            "readonly=on", "-device", "nvme,drive=disk,serial=density",
            "-kernel", f"{boot}/vmlinuz", "-initrd", f"{boot}/initramfs.cpio",
            "-append", append]


def cpu_s(pid):
    with open(f"/proc/{pid}/stat", encoding="ascii") as file:
        fields = file.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@contextlib.contextmanager
def stopped(pid):
    """The process does not run, any thread of it, while this holds."""
    os.kill(pid, signal.SIGSTOP)
    try:
        os.waitid(os.P_PID, pid, os.WSTOPPED)
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


class Guest:
    """One running guest: its moments, as they come."""

    def __init__(self, boot, work, disk, number, mib, loads):
        os.makedirs(work, exist_ok=True)
        self.work = work
        self.ram = Ram(os.path.join(work, "ram"))
        self.qemu = subprocess.Popen(
            command(boot, work, disk, number, mib, loads), stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.text = b""

    def close(self):
        self.qemu.kill()
        self.qemu.wait()
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self.ram.path)

    def line(self, wait_s):
        """The next line, or None when there is none within @wait_s."""
        if b"\n" not in self.text:
            if not select.select([self.qemu.stdout], [], [], wait_s)[0]:
                return None
            data = os.read(self.qemu.stdout.fileno(), 4096)
            if not data:
                raise Failed(f"a guest ended early, see {self.work}/console "
                             f"and: {self.text.decode(errors='replace')}")
            self.text += data
            if b"\n" not in self.text:
                return None
        line, _, self.text = self.text.partition(b"\n")
        return line.decode(errors="replace").strip()

    def moments(self, step_s=None):
        """Yield the name of each moment, the guest waiting meanwhile; with
        @step_s also "", the guest stopped, after so much CPU time each, until
        it names one itself."""
        heard, next_s = time.monotonic(), step_s
        while True:
            line = self.line(TICK_S)
            if line == "end":
                return
            if line and line.startswith("failed "):
                raise Failed(f"a guest's load {line}, see "
                             f"{self.work}/console")
            if line and line.startswith("moment "):
                heard, step_s = time.monotonic(), None
                yield line.partition(" ")[2]
                self.qemu.stdin.write(b"go\n")
                self.qemu.stdin.flush()
            elif step_s and cpu_s(self.qemu.pid) >= next_s:
                next_s += step_s
                with stopped(self.qemu.pid):
                    yield ""
            if time.monotonic() - heard > GUEST_LIMIT_S:
                raise Failed(f"a guest hangs, see {self.work}/console")

    def save(self, directory, name):
        with stopped(self.qemu.pid):
            self.ram.save(directory, name)


def make_guest(boot, images, work, name):
    guest = Guest(boot, work, DISK, *GUESTS[name])
    try:
        for moment in guest.moments():
            if moment == "loaded":
                guest.save(images, name)
    finally:
        guest.close()


def make_series(boot, images, work, workload, letter):
    mib, loads, disk, by_time = SERIES[workload]
    guest = Guest(boot, work, disk, PAIR[letter], mib, loads)
    count = 0
    try:
        for moment in guest.moments(BOOT_STEP_S if by_time else None):
            name = f"{workload}-{letter}-{count:02}"
            if moment:
                guest.save(images, name)
            else:
                guest.ram.save(images, name)
            count += 1
    finally:
        guest.close()


def origin(boot, disk):
    """Changes when what runs in the guests, or how pictures are taken, does."""
    whole = hashlib.sha256()
    with open(__file__, "rb") as file:
        whole.update(file.read())
    for name in ("vmlinuz", "initramfs.cpio", disk):
        stat = os.stat(os.path.join(boot, name))
        whole.update(f"{name} {stat.st_size} {stat.st_mtime_ns}".encode())
    return whole.hexdigest()[:16]


def steps(boot, images, work):
    """(name, disk it is made from, function) of all there is, in order."""
    for name in GUESTS:
        yield name, DISK, lambda n=name: make_guest(boot, images, work, n)
    yield "distinct", DISK, lambda: write_distinct(images,
                                                   ("guest-a", "guest-c"))
    for workload, (_, _, disk, _) in SERIES.items():
        for letter in PAIR:
            yield f"{workload}-{letter}", disk, \
                lambda w=workload, x=letter: \
                make_series(boot, images, work, w, x)


def disks(wanted):
    """What the guests of these pictures boot from."""
    return {disk for name, disk, _ in steps("", "", "") if name in wanted}


def make_all(boot, images, work, wanted, say):
    """Whatever of the pictures in @wanted is missing or was made from
    something else."""
    os.makedirs(images, exist_ok=True)
    for name, disk, make in steps(boot, images, work):
        if name not in wanted:
            continue
        of = origin(boot, disk)
        mark = os.path.join(images, name + ".made")
        with contextlib.suppress(FileNotFoundError), \
                open(mark, encoding="ascii") as file:
            if file.read() == of:
                continue
        for old in glob.glob(os.path.join(images, name + "*")):
            os.unlink(old)
        began = time.monotonic()
        make()
        with open(mark, "w", encoding="ascii") as file:
            file.write(of)
        say(f"image {name}: {time.monotonic() - began:.0f} s")


def identity(images, names):
    """Of these pictures: a run belongs to those it was made with."""
    whole = hashlib.sha256()
    for name in sorted(names):
        for path in sorted(glob.glob(os.path.join(images, name + "*.map"))):
            with open(path, "rb") as file:
                whole.update(os.path.basename(path).encode() + file.read())
    return whole.hexdigest()[:16]
