# SPDX-License-Identifier: GPL-2.0
"""Figures as Markdown, a section a function. Losses stay in the tables."""
import figures
import plan
from rows import number, table

# Figure 6 of the paper and its text: samples (of CPU time, not calls) under FIFO
# and under its LRU, and page faults of stress-ng.
PAPER_SAMPLES = {"kvm_handle_page_fault": (17.26, 13.87),
                 "kvm_mmu_page_fault": (17.20, 13.83),
                 "paging64_page_fault": (16.81, 13.51),
                 "kvm_faultin_pfn": (11.34, 8.01),
                 "handle_mm_fault": (5.31, 3.69)}
PAPER_FAULTS = (117375, 112016)
STATS = ("pf_taken", "mmu_cache_miss", "mmu_recycled")


def span(values, form="{:.2f}"):
    """The median, and the least and greatest if they are several."""
    found = figures.spread(values)
    if not found:
        return None
    text = [form.format(value) for value in found]
    return text[0] if len(values) == 1 else f"{text[0]} ({text[1]}..{text[2]})"


def checked(lines):
    yield from table(("reuse", "wanted", "measured", "met"), lines)


def traces(plays, lru):
    pools = {pool: regions for pool, regions in plan.POOLS.items()
             if any(key[2] == pool for key in plays)}
    if not pools:
        return
    yield "## Traces, by FIFO's: geometric mean of ten, worst, sweeps\n"
    rows = []
    for pool, regions in pools.items():
        for policy in plan.POLICIES[1:]:
            of = figures.pool_ratios(plays, policy, pool, regions, plan.TRACES)
            if not of:
                continue
            worst = max(of, key=of.get)
            sweep = figures.sweeps(plays, policy, pool) or (None,) * 3
            rows.append((pool, policy, number(figures.geomean(of.values())),
                         f"{of[worst]:.3f} {worst}",
                         number(sweep[0], "{:.2f}"), sweep[1], sweep[2]))
        rows.append((pool, "exact LRU (simulated)", number(figures.geomean(
            [lru[trace, pool] for trace in plan.TRACES])), None, None, None,
            None))
    yield from table(("pool", "policy", "mean", "worst", "SPTE reads a victim",
                      "longest sweep", "forced"), rows)
    for pool, regions in pools.items():
        yield f"Faults (pf_taken), pool {pool}, {regions} regions:\n"
        yield from table(
            ("trace", "floor", *plan.POLICIES),
            [(trace, *(plays.get(key, {}).get("pf_taken") for key in
                       [("fifo", trace, 0, regions)] +
                       [(p, trace, pool, regions) for p in plan.POLICIES]))
             for trace in plan.TRACES])


def linux(repeats):
    if not repeats:
        return
    yield ("## A Linux guest: processes, pipes and gzip at once, 256 MiB\n\n"
           f"Median (least..greatest) of {len(repeats)} boots of L1, each for "
           "one limit.\n")
    floors = {policy: [guests[policy, 0]["mix"]["stats"]["pf_taken"]
                       for guests in repeats
                       if "mix" in guests.get((policy, 0), {})]
              for policy in plan.POLICIES}
    yield ("Faults without a limit: " + ", ".join(
        f"{policy} {span(counts, '{:.0f}')}"
        for policy, counts in floors.items() if counts) + ".\n")
    rows = []
    for pages in plan.LINUX_PAGES:
        for policy in plan.POLICIES:
            key = (policy, pages)
            rows.append((pages, policy, *(
                span(of(repeats, "mix", counter, above).get(key, []), form)
                for counter, above in (("pf_taken", figures.STOCK),
                                       ("pf_taken", figures.OWN),
                                       ("mmu_recycled", figures.ZERO))
                for of, form in ((figures.linux_cells, "{:.0f}"),
                                 (figures.linux_ratios, "{:.3f}")))))
    yield ("Avoidable: above FIFO's faults without a limit. Above its own: those "
           "of the policy without a limit.\n")
    yield from table(("pages", "policy", "avoidable faults", "by FIFO's",
                      "above its own", "by FIFO's",
                      "recycled pages", "by FIFO's"), rows)


def icount(plays):
    if not plays:
        return
    yield "## Guest's run time in instructions (icount)\n"
    rows = []
    for policy, trace, pool, regions in plays:
        fifo = plays.get(("fifo", trace, pool, regions))
        ours = plays[policy, trace, pool, regions]
        if policy != "fifo" and fifo:
            rows.append((trace, pool or "no limit", policy,
                         f"{fifo['run_tsc'] / 1e6:.1f}",
                         f"{ours['run_tsc'] / 1e6:.1f}",
                         f"{ours['run_tsc'] / fifo['run_tsc']:.4f}"))
    yield from table(("trace", "pool", "policy", "fifo, 10^6 cycles",
                      "policy, 10^6 cycles", "ratio"), rows)


def nested(parts):
    if not parts:
        return
    yield ("## Nested: L1 shadows the page tables that L2 keeps for L3\n\n"
           f"{plan.NESTED_PAGES} shadow pages; L3 plays zipf and hotscan. "
           "Pre-populated: L2's memory is there before it boots.\n")
    rows = []
    for part, title in (("there", "yes"), ("comes", "no")):
        for (policy, pages), loads in parts.get(part, {}).items():
            for load, what in (("player", "load"), ("life", "with boot")):
                stats = loads.get(load, {}).get("stats", {})
                if stats:
                    rows.append((title, policy if pages else "no limit", what,
                                 *(stats.get(key) for key in STATS),
                                 stats.get("mmu_evictions")))
    yield from table(("pre-populated", "policy", "counted over", *STATS,
                      "mmu_evictions"), rows)


def paper_ratios(guests, load):
    """Rows: faults by FIFO's, all of them and above those without a limit."""
    for title, above in (("pf_taken, by FIFO's", figures.ZERO),
                         ("that above FIFO's without a limit", figures.STOCK)):
        yield title, *(
            span(figures.linux_ratios(repeats, load, "pf_taken", above)
                 .get(key, []), "{:.3f}") if key[1] else None
            for _, repeats, key in guests)


def papers(parts):
    if not parts:
        return
    yield ("## The paper's workloads\n\nMedian (least..greatest). The paper "
           f"has, for stress-ng: {PAPER_FAULTS[0]} faults under FIFO, "
           f"{PAPER_FAULTS[1]} under its LRU, "
           f"{PAPER_FAULTS[1] / PAPER_FAULTS[0]:.3f}.\n")
    guests = [(title, repeats, key) for title, repeats, key in (
        *((policy, parts.get("shadow"), (policy, plan.PAPERS_PAGES))
          for policy in plan.PAPERS_POLICIES),
        *((f"{policy}, no limit", parts.get("shadow"), (policy, 0))
          for policy in ("fifo", "reuse")),
        ("TDP", parts.get("tdp"), ("own", 0))) if repeats]
    for load in ("stress", "redis"):
        yield f"### {load}, {plan.PAPERS_PAGES} shadow pages\n"
        names = sorted({name for _, repeats, key in guests for of in repeats
                        for name in of.get(key, {}).get(load, {})
                        .get("calls", {})})
        rows = [(f"calls of {name}" if kind == "calls" else name, *(
            span([of[key][load][kind].get(name, 0) for of in repeats
                  if load in of.get(key, {})], "{:.0f}")
            for _, repeats, key in guests))
                for kind, each in (("stats", STATS), ("calls", names))
                for name in each]
        rows[1:1] = paper_ratios(guests, load)
        yield from table(("", *(title for title, _, _ in guests)), rows)
    yield "The paper's Figure 6, 10^9 samples of CPU time, by 6.12's names:\n"
    yield from table(("function", "FIFO", "its LRU", "ratio"),
                     [(name, fifo, lru, f"{lru / fifo:.3f}")
                      for name, (fifo, lru) in PAPER_SAMPLES.items()])
