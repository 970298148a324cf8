# SPDX-License-Identifier: GPL-2.0
"""What the bench measures: a unit is one boot of L1 and one kept file."""
from dataclasses import dataclass, field

VARIANTS = ("plain", "scrub", "drop", "direct")
# MiB of a guest: enough for all of the image, and not.
ZIPF_MEMORY = {"fits": "192", "short": "144"}
ROUNDS = "2"            # of a unit's power cuts
CONTROL_ROUNDS = "2"
KINDS = ("same", "cost", "write", "cut", "zipf", "bonnie")
MEMORY = ("--memory", "2048")
ICOUNT = ("--clock", "icount", "--smp", "1")


@dataclass(frozen=True)
class Unit:
    """@kind: what of the report it is for; @repeat counts from 1; @words: of
    in_l1; @lab: options of lab/exec."""
    kind: str
    part: str
    repeat: int
    words: tuple
    lab: tuple = field(default=MEMORY)

    @property
    def name(self):
        return f"{self.kind}-{self.part}-{self.repeat}"


def rotated(items, by):
    by %= len(items)
    return items[by:] + items[:by]


def of_repeat(repeat):
    order = rotated(VARIANTS, repeat - 1)
    yield Unit("same", "image", repeat, ("same", *order))
    for variant in rotated(("scrub", "plain"), repeat - 1):
        yield Unit("write", variant, repeat, ("write", variant))
    yield Unit("cut", "writeback", repeat,
               ("cut", "writeback", ROUNDS, str(repeat)))
    for part, memory in ZIPF_MEMORY.items():
        yield Unit("zipf", part, repeat, ("zipf", memory, *order))


def once():
    """What repeats by itself, or only has to be possible."""
    yield Unit("cost", "processes", 1, ("cost",), (*MEMORY, *ICOUNT))
    # A disk that ignores the guest's flushes: the cuts have to show it.
    yield Unit("cut", "unsafe", 1, ("cut", "unsafe", CONTROL_ROUNDS, "1"))
    for variant in ("plain", "scrub"):
        yield Unit("bonnie", variant, 1, ("bonnie", variant),
                   (*MEMORY, *ICOUNT))


def units(repeats, kinds=KINDS):
    """All of the bench, repeats outermost, in the order of KINDS."""
    made = [*once(), *(unit for repeat in range(1, repeats + 1)
                       for unit in of_repeat(repeat))]
    return sorted((unit for unit in made if unit.kind in kinds),
                  key=lambda unit: (unit.repeat, KINDS.index(unit.kind)))
