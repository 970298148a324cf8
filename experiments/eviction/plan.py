# SPDX-License-Identifier: GPL-2.0
"""What the bench measures: a unit is one boot of L1 and one kept file.

Traces repeat exactly, so once is enough. Instructions do not quite, for L1 has
timers: policies take turns, and the median counts. Whatever has Linux in it is
repeated, a repeat a unit with all policies in it, in an order that is rotated from
one repeat to the next.
"""
from units import Unit, rotated

POLICIES = ("fifo", "clock", "sieve", "reuse")
TRACES = ("scan", "loop", "hotscan", "movinghot", "mixedcost", "zipf", "zipf8",
          "twophase", "twoloops", "slices")
# Pool to regions: each pool has to be too small for them.
POOLS = {96: 256, 128: 256, 160: 256, 320: 768, 512: 1024}
ICOUNT = (("zipf", 96), ("hotscan", 96))
ICOUNT_TURNS = 3
LINUX_PAGES = (256, 160)
LINUX_SCALE = "3"       # so that FIFO evicts thousands of pages at 256, too
NESTED_PAGES = 64
PAPERS_PAGES = 96         # they are small, and 256 hold nearly all of each
PAPERS_POLICIES = ("fifo", "clock", "reuse")
FLOORS = ("fifo/0", "reuse/0")  # reuse zaps what a guest has unlinked


def traces():
    for regions in sorted(set(POOLS.values())):
        items = tuple(f"{t}/0/{regions}" for t in TRACES)
        yield Unit("traces", f"floor{regions}", 1, ("play", "fifo", *items))
    for pool, regions in POOLS.items():
        items = tuple(f"{t}/{pool}/{regions}" for t in TRACES)
        yield Unit("traces", str(pool), 1, ("play", ",".join(POLICIES), *items))


def icount():
    items = tuple(f"{t}/{pool}/256" for trace, least in ICOUNT
                  for t, pool in ((trace, least), (trace, 0)))
    turns = ",".join(("fifo", "reuse") * ICOUNT_TURNS)
    yield Unit("icount", "player", 1, ("play", turns, *items),
               ("--clock", "icount", "--smp", "1"))


def linux(repeats):
    for repeat in range(repeats):
        for pages in LINUX_PAGES:
            items = tuple(f"{policy}/{pages}"
                          for policy in rotated(POLICIES, repeat))
            yield Unit("linux", f"mix{pages}", repeat + 1,
                       ("linux", *FLOORS, *items, "--", "--scale",
                        LINUX_SCALE, "mix"), ("--memory", "1536"))


def nested():
    items = tuple(f"{policy}/{NESTED_PAGES}" for policy in POLICIES)
    for part, options in (("there", ()), ("comes", ("--no-prealloc",))):
        yield Unit("nested", part, 1,
                   ("linux", "fifo/0", *items, "--", "--hypervisor",
                    "--memory", "512", *options, "player"),
                   ("--memory", "1536", "--kernel-args", "kvm_amd.npt=1"))


def papers(repeats):
    for repeat in range(repeats):
        order = rotated(PAPERS_POLICIES, repeat)
        yield Unit("papers", "shadow", repeat + 1,
                   ("--calls", "linux", *FLOORS,
                    *(f"{policy}/{PAPERS_PAGES}" for policy in order),
                    "--", "stress", "redis"), ("--memory", "1536"))
        yield Unit("papers", "tdp", repeat + 1,
                   ("--calls", "linux", "own/0", "--", "stress", "redis"),
                   ("--memory", "1536", "--kernel-args", "kvm_amd.npt=1"))


KINDS = ("traces", "icount", "linux", "nested", "papers")


def units(repeats, kinds=KINDS):
    """All of the bench, repeats outermost."""
    made = {"traces": list(traces()), "icount": list(icount()),
            "linux": list(linux(repeats)), "nested": list(nested()),
            "papers": list(papers(repeats))}
    chosen = [unit for kind in KINDS if kind in kinds for unit in made[kind]]
    return sorted(chosen, key=lambda unit: unit.repeat)
