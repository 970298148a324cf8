# SPDX-License-Identifier: GPL-2.0
"""A unit of a bench in the lab: one boot of L1 and one kept file."""
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Unit:
    """@kind: what of the report it is for; @repeat counts from 1; @words: of
    in_l1; @lab: options of lab/exec."""
    kind: str
    part: str
    repeat: int
    words: tuple
    lab: tuple = field(default=())

    @property
    def name(self):
        return f"{self.kind}-{self.part}-{self.repeat}"


def rotated(items, by):
    by %= len(items)
    return items[by:] + items[:by]
