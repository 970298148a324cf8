# SPDX-License-Identifier: GPL-2.0
"""Where the bench's files are, and what of them is of the kernel and the module
that are built now. They are kept as those of the eviction bench are."""
import hashlib
import os

import plan
import kept             # of the eviction bench, by way of plan

TOP = os.path.realpath(os.path.join(os.path.dirname(
    os.path.realpath(__file__)), "../.."))

BUILD = os.path.abspath(os.environ.get("DENSITY_BUILD")
                        or os.path.join(TOP, "build"))
KERNEL = os.path.join(BUILD, "kernel", "bzImage")
MODULE = os.path.join(BUILD, "kernel", "ksmd_ext.ko")
OUT = os.path.join(BUILD, "bench-exclusive-cache")
REPEATS_MAX = 99


def measured():
    """The sum of what is measured: the kernel and the module."""
    both = kept.sum_of(KERNEL) + kept.sum_of(MODULE)
    return hashlib.sha256(both.encode()).hexdigest()[:16]


def gather(directory):
    """{kind: {part: [rows of each repeat]}}, and the sum."""
    of = measured()
    found = {kind: {} for kind in plan.KINDS}
    for unit in plan.units(REPEATS_MAX):
        rows, _ = kept.load(os.path.join(directory, "runs"), unit, of)
        if rows is not None:
            found[unit.kind].setdefault(unit.part, []).append(rows)
    return found, of
