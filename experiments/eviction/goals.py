# SPDX-License-Identifier: GPL-2.0
"""What `reuse` is meant to reach, and whether it does: (text, wanted, measured,
met) for each figure. What was not measured is not judged."""
import figures
import plan

OURS = "reuse"
GEOMEANS = {96: 0.43, 128: 0.43, 320: 0.46, 512: 0.51}
OF_LRU = 0.82
SINGLE = (("zipf", 96, 0.42), ("mixedcost", 96, 0.22), ("loop", 160, 0.80),
          ("hotscan", 96, 0.30))
WORST = 1.01
LINUX = (("avoidable faults", "pf_taken", figures.STOCK, 256, 0.25),
         ("avoidable faults", "pf_taken", figures.STOCK, 160, 0.42),
         ("recycled pages", "mmu_recycled", figures.ZERO, 256, 0.35))
ICOUNT = {("zipf", 96): 0.50, ("hotscan", 96): 0.48,
          ("zipf", 0): 1.005, ("hotscan", 0): 1.005}
NOT_MEASURED = "not measured"


def row(text, most, value, form="{:.3f}", note=""):
    wanted = f"at most {form.format(most)}" if most is not None else "-"
    if value is None or most is None:
        return text, wanted, "-", NOT_MEASURED
    met = "yes" if value <= most else "**no**"
    return text, wanted, form.format(value) + note, met


def of_traces(plays, lru):
    """@lru: {(trace, pool): faults of exact LRU above the floor, by FIFO's}."""
    worst = []
    for pool, regions in plan.POOLS.items():
        ratios = figures.pool_ratios(plays, OURS, pool, regions, plan.TRACES)
        whole = len(ratios) == len(plan.TRACES)
        mean = figures.geomean(ratios.values()) if whole else None
        if pool in GEOMEANS:
            yield row(f"faults by FIFO's, geometric mean, pool {pool}",
                      GEOMEANS[pool], mean)
        theirs = figures.geomean([lru[t, pool] for t in plan.TRACES
                                  if (t, pool) in lru])
        yield row(f"that by exact LRU's, pool {pool}", OF_LRU,
                  mean / theirs if mean and theirs else None)
        worst += [(value, trace, pool) for trace, value in ratios.items()]
    for trace, pool, most in SINGLE:
        ratios = figures.pool_ratios(plays, OURS, pool, plan.POOLS[pool],
                                     plan.TRACES)
        yield row(f"{trace}, pool {pool}", most, ratios.get(trace))
    value, trace, pool = max(worst, default=(None, None, None))
    yield row("worst trace and pool", WORST, value,
              note=f" ({trace}, {pool})")


def of_sweeps(plays):
    for pool in plan.POOLS:
        ours = figures.sweeps(plays, OURS, pool)
        clock = figures.sweeps(plays, "clock", pool)
        yield row(f"longest sweep, SPTE reads, pool {pool}: the clock's",
                  clock and clock[1], ours and ours[1], "{:.0f}")


def of_linux(repeats):
    for what, counter, above, pages, most in LINUX:
        cells = figures.linux_ratios(repeats, "mix", counter, above)
        middle = figures.spread(cells.get((OURS, pages), []))
        yield row(f"L2 Linux, {what} by FIFO's, {pages} pages", most,
                  middle and middle[0],
                  note=middle and f" ({middle[1]:.3f}..{middle[2]:.3f}, "
                                  f"{len(cells[OURS, pages])} repeats)")


def instructions(plays, policy, trace, pool):
    play = plays.get((policy, trace, pool, 256))
    return play and play["run_tsc"]


def of_icount(plays):
    for (trace, pool), most in ICOUNT.items():
        ours, fifo = (instructions(plays, policy, trace, pool)
                      for policy in (OURS, "fifo"))
        yield row(f"guest's run time, {trace}, "
                  + (f"pool {pool}" if pool else "no limit"), most,
                  ours / fifo if ours and fifo else None)
