# SPDX-License-Identifier: GPL-2.0
"""From the kept rows to figures. Nothing is averaged away: of several repeats the
worst one counts where something is claimed, and all are shown."""
from statistics import median

GIB_PAGES = (1 << 30) // 4096


def rows_of(found, kind, part):
    """All rows of all repeats of a unit."""
    return [row for rows in found.get(kind, {}).get(part, []) for row in rows]


def by_variant(rows):
    """{variant: [row of each repeat]}"""
    found = {}
    for row in rows:
        found.setdefault(row["variant"], []).append(row)
    return found


def share(part, whole):
    return part / whole if whole else None


def worst(values, of):
    """@of: max or min. None of none."""
    values = [value for value in values if value is not None]
    return of(values) if values else None


def dropped_share(row):
    """Of the pages that both guests held as well, those that went."""
    return share(row["twice"] - row["twice_after"], row["twice"])


def cached_share(row):
    return share(row["cached_after"], row["cached"])


def read_kib(row):
    """From the disk, in all."""
    return row["read_kib"] if "read_kib" in row else \
        row["first_kib"] + row["again_kib"]


def read_ratios(variants, variant):
    """Disk reads by those without scrubbing, of the same boot."""
    return [share(read_kib(row), read_kib(plain)) for row, plain in
            zip(variants.get(variant, []), variants.get("plain", []))]


def lost(rows):
    """Files that were not what the guest had been told they are."""
    return sum(len(row["lost"]) + len(row.get("lost_to_crash", []))
               for row in rows)


def files(rows):
    return sum(row["files"] for row in rows)


def tally(rows, name):
    return sum(row["tally"][name] for row in rows if "tally" in row)


def unwritten_kib(row):
    """What became dirty and was never written: dirty pages that were dropped
    would be in there."""
    return row["dirtied_kib"] - row["written_kib"]


def search_ns(rows):
    """Instructions of one search of ksmd's, times 2."""
    values = [row["ns"] for row in rows if row["what"] == "search"]
    return median(values) if values else None


def search_steps(rows):
    values = [row["steps"] for row in rows if row["what"] == "search"]
    return median(values) if values else None


def stage(rows, name):
    """The row of that stage of cost.py, or None."""
    return next((row for row in rows if row["what"] == name), None)


def page_ns(row):
    """Instructions of the scrubber, times 2, by pages of the cache."""
    return row and share(row["worker_ns"], row["tally"]["looked_pages"])


def mutex(row):
    """(ns for a GiB of guest, ns at a time): ksmd waits for as long. What is not
    held any more when fingerprints are described is left out, if the compiler
    left that a function of its own."""
    if not row or "ksm_mm_fingerprints" not in row["parts"]:
        return None, None
    calls, us = row["parts"]["ksm_mm_fingerprints"]
    us -= row["parts"].get("describe_fingerprints", (0, 0))[1]
    return (us * 1000 * GIB_PAGES / row["tally"]["fingerprints"],
            us * 1000 / calls)


def speed(rows, name):
    """(median, least, most) K/s of both guests together, by bonnie++'s @name; None
    where neither row has it of both."""
    values = [sum(guest[name] for guest in row["kib_per_s"]) for row in rows
              if all(name in guest for guest in row["kib_per_s"])]
    return (median(values), min(values), max(values)) if values else None
