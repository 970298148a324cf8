# SPDX-License-Identifier: GPL-2.0
"""From the rows of units to figures. Pure: no file, clock or process.

Faults count above the floor, which is what a pool without limit takes. Where
the floor is measured by Linux, it is that of the same boot of L1.
"""
import math
import statistics

SWEEP = ("mmu_evict_spte_reads", "mmu_evict_longest_sweep", "mmu_evict_forced")


def spread(values):
    """(median, least, most), or None of nothing."""
    values = [v for v in values if v is not None]
    if not values:
        return None
    return statistics.median(values), min(values), max(values)


def geomean(values):
    """None when there are none, or one is not above zero."""
    values = list(values)
    if not values or min(values) <= 0:
        return None
    return math.exp(sum(map(math.log, values)) / len(values))


def ratio(part, whole):
    return part / whole if whole else None


def by_play(rows):
    """{(policy, trace, pool, regions): row} of the trace player's rows."""
    return {(r["policy"], r["trace"], r["pool"], r["items"]): r for r in rows}


def by_middle_play(rows):
    """The same of plays that were repeated: the one of median run time."""
    plays = {}
    for row in rows:
        (key,) = by_play([row])
        plays.setdefault(key, []).append(row)
    return {key: sorted(same, key=lambda row: row["run_tsc"])[len(same) // 2]
            for key, same in plays.items()}


def above_floor(plays, policy, trace, pool, regions):
    """None when it or the floor was not measured."""
    row = plays.get((policy, trace, pool, regions))
    floor = plays.get(("fifo", trace, 0, regions))
    return row["pf_taken"] - floor["pf_taken"] if row and floor else None


def pool_ratios(plays, policy, pool, regions, traces):
    """{trace: faults above the floor by FIFO's}."""
    ratios = {}
    for trace in traces:
        ours = above_floor(plays, policy, trace, pool, regions)
        fifo = above_floor(plays, "fifo", trace, pool, regions)
        if ours is not None and fifo:
            ratios[trace] = ours / fifo
    return ratios


def sweeps(plays, policy, pool):
    """(SPTE reads a victim, longest sweep, forced) over all traces at @pool."""
    rows = [r for (p, _, n, _), r in plays.items() if (p, n) == (policy, pool)]
    victims = sum(r["mmu_evictions"] for r in rows)
    if not victims:
        return None
    reads, _, forced = (sum(r[name] for r in rows) for name in SWEEP)
    return reads / victims, max(r[SWEEP[1]] for r in rows), forced


def counts_line(row):
    """A line of kernel-counts.txt."""
    return " ".join(str(row[key]) for key in (
        "policy", "trace", "pool", "steps", "seed", "cr3s", "items",
        "pf_taken", "mmu_recycled"))


def difference(begin, end):
    """What was counted between two samples; histograms by element."""
    return {key: [b - a for a, b in zip(begin[key], value)]
            if isinstance(value, list) else value - begin[key]
            for key, value in end.items()
            if isinstance(value, (int, list))
            and isinstance(begin.get(key), type(value))
            and (isinstance(value, int) or len(value) == len(begin[key]))}


def by_load(rows):
    """{(policy, pages): {load: {"stats": .., "calls": ..}}} of lab/l2/run's
    rows. Load "all" stands for everything after the boot, "life" for
    everything. A load that did not end is left out."""
    found, begun = {}, {}
    for row in rows:
        if "sample" not in row:
            continue
        guest, load = (row["policy"], row["pages"]), row["sample"]
        if row["when"] == "begin":
            begun[guest, load] = row
            continue
        begin = begun.pop((guest, load), None)
        if not begin:
            continue
        loads = found.setdefault(guest, {})
        loads[load] = {key: difference(begin.get(key, {}), row.get(key, {}))
                       for key in ("stats", "calls")}
        if load == "all":
            loads["life"] = {key: row.get(key, {})
                             for key in ("stats", "calls")}
    return found


ZERO, STOCK, OWN = "zero", "stock", "own"   # what a count is above


def linux_floor(guests, load, counter, policy, above):
    """What a guest without a limit counted in the same boot: STOCK under FIFO,
    which is 6.12's, OWN under @policy, if it differs; None if there was none."""
    if above == ZERO:
        return 0
    keys = [(policy, 0)] if above == OWN else []
    for key in [*keys, ("fifo", 0)]:
        if load in guests.get(key, {}):
            return guests[key][load]["stats"][counter]
    return None


def linux_cells(repeats, load, counter, above):
    """{(policy, pages): [a value each repeat]}. @repeats: by_load() of each.
    @above: ZERO, STOCK or OWN."""
    cells = {}
    for guests in repeats:
        for (policy, pages), loads in guests.items():
            floor = linux_floor(guests, load, counter, policy, above)
            if pages and load in loads and floor is not None:
                cells.setdefault((policy, pages), []).append(
                    loads[load]["stats"][counter] - floor)
    return cells


def linux_ratios(repeats, load, counter, above):
    """The same by FIFO's of the same boot."""
    cells = {}
    for guests in repeats:
        once = linux_cells([guests], load, counter, above)
        for (policy, pages), (value,) in once.items():
            fifo = once.get(("fifo", pages))
            if fifo and fifo[0] > 0:
                cells.setdefault((policy, pages), []).append(value / fifo[0])
    return cells
