# SPDX-License-Identifier: GPL-2.0
"""In L1: Linux guests under shadow paging that do their load on and on."""
import json
import os
import shutil
import subprocess

from guest import FILES
from pagecache import Disk, drop_caches

RUN = os.path.join(os.path.dirname(os.path.realpath(__file__)), "run")
LOADS = ("redis", "stress", "files")
MEMORY_MIB = 192
# Short of what they use, as 2 % is for a big guest with many processes.
POOL = 160


def make_disk():
    """What "files" reads, of which L1 caches nothing yet: (Disk, its image)."""
    disk = Disk(os.path.getsize(FILES) * 5 // 4 >> 20)
    image = disk.path("image")
    shutil.copyfile(FILES, image)
    drop_caches()
    return disk, image


def start(load, image):
    """A guest with @load, once it is at work; None when it did not come up. Its
    counters, printed at each load's end, are nobody's business here."""
    process = subprocess.Popen(
        [RUN, "--merge", "--no-prealloc", "--for-ever", "--pages", str(POOL),
         "--memory", str(MEMORY_MIB),
         *(["--disk", image] if load == "files" else []), load],
        stdout=subprocess.PIPE, text=True)
    for line in process.stdout:
        item = json.loads(line)
        if item.get("when") == "begin" and item["sample"] != "all":
            return process
    return None


def console(guest):
    """What it printed last."""
    try:
        with open(f"/run/l2-console-{guest.pid}", encoding="utf-8",
                  errors="replace") as f:
            return "".join(f.readlines()[-30:])
    except OSError as error:
        return str(error)


def stop(guests):
    for guest in guests:
        guest.terminate()
    subprocess.run(["pkill", "-x", "qemu-system-x86"], check=False)
    for guest in guests:
        guest.wait()
