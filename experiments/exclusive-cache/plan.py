# SPDX-License-Identifier: GPL-2.0
"""What the bench measures: a unit is one boot of L1 and one kept file."""
import os
import sys

# A unit is what it is in the eviction bench.
sys.path.append(os.path.join(os.path.dirname(os.path.dirname(
    os.path.realpath(__file__))), "eviction"))
# pylint: disable=wrong-import-position
from units import Unit, rotated  # noqa: E402

VARIANTS = ("plain", "scrub", "drop", "direct")
# MiB of a guest: enough for all of the image, and not.
ZIPF_MEMORY = {"fits": "192", "short": "144"}
ROUNDS = "2"            # of a unit's power cuts
CONTROL_ROUNDS = "2"
TURNS = 3               # of bonnie++, each variant
KINDS = ("same", "cost", "write", "cut", "zipf", "bonnie")
MEMORY = ("--memory", "2048")
ICOUNT = ("--clock", "icount", "--smp", "1")


def boot(kind, part, repeat, words, lab=MEMORY):
    return Unit(kind, part, repeat, words, lab)


def of_repeat(repeat):
    order = rotated(VARIANTS, repeat - 1)
    yield boot("same", "image", repeat, ("same", *order))
    for variant in rotated(("scrub", "plain"), repeat - 1):
        yield boot("write", variant, repeat, ("write", variant))
    yield boot("cut", "writeback", repeat,
               ("cut", "writeback", ROUNDS, str(repeat)))
    for part, memory in ZIPF_MEMORY.items():
        yield boot("zipf", part, repeat, ("zipf", memory, *order))


def once():
    """What repeats by itself, or only has to be possible."""
    yield boot("cost", "processes", 1, ("cost",), (*MEMORY, *ICOUNT))
    # A disk that ignores the guest's flushes: the cuts have to show it.
    yield boot("cut", "unsafe", 1, ("cut", "unsafe", CONTROL_ROUNDS, "1"))
    # Its K/s are of the host's clock: only a ratio within a boot means anything.
    yield boot("bonnie", "turns", 1, ("bonnie", *("plain", "scrub") * TURNS))


def units(repeats, kinds=KINDS):
    """All of the bench, repeats outermost, in the order of KINDS."""
    made = [*once(), *(unit for repeat in range(1, repeats + 1)
                       for unit in of_repeat(repeat))]
    return sorted((unit for unit in made if unit.kind in kinds),
                  key=lambda unit: (unit.repeat, KINDS.index(unit.kind)))
