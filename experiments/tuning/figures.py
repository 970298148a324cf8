# SPDX-License-Identifier: GPL-2.0
"""From the series of a run to its figures. Pure arithmetic, no I/O.

Saved memory is what the bench's own processes map less what exists of it:
Anonymous - Pss_Anon, summed over them. The kernel's pages_sharing will not do:
a page that was written to has been copied at once, but is counted as shared
until ksmd passes it again, which flatters the slow just after a rewrite.

That counter still tells whether others' pages got into a run: on a host where
nothing else merges it equals the bench's own merged pages (ksm_stat) less one
for each distinct page (pages_shared). own_gap() is the difference, until guests
leave: what they shared stays counted until ksmd comes by.

What a run keeps of the oracle's saving is told from what exists, not from what
is saved: no two runs of real guests map the same pages, and a page that nobody
mapped is no saving lost.

A figure that does not apply to a run is None, a goal not reached is NEVER.
"""
import bisect
import math
import statistics
from typing import NamedTuple

PAGES_PER_GIB = 1 << 18
PEAK_WINDOW_S = 5
CONVERGED_S = (50, 80)
END_WINDOW_S = 5
REACHED = 0.9
GAP_MAX = 0.02
NEVER = math.inf


class Series:
    """Columns of samples, read at any second."""

    def __init__(self, columns):
        self.c = columns
        self.t = [ms / 1000 for ms in columns["t_ms"]]
        self.cpu = [k + c for k, c in zip(columns["ksmd_us"],
                                          columns["control_us"])]

    def at(self, values, t_s):
        i = bisect.bisect_right(self.t, t_s) - 1
        return values[max(i, 0)]

    def cpu_s(self, values, from_s, to_s):
        return (self.at(values, to_s) - self.at(values, from_s)) / 1e6

    def pct(self, values, from_s, to_s):
        return 100 * self.cpu_s(values, from_s, to_s) / (to_s - from_s)

    def mean(self, values, from_s, to_s):
        part = [v for t, v in zip(self.t, values) if from_s <= t <= to_s]
        return statistics.fmean(part) if part else 0.0

    def area(self, values, from_s, to_s):
        """Integral by trapezoids."""
        total = 0.0
        for i in range(1, len(self.t)):
            if from_s <= self.t[i - 1] and self.t[i] <= to_s:
                total += (values[i] + values[i - 1]) / 2 \
                    * (self.t[i] - self.t[i - 1])
        return total

    def first(self, test, from_s):
        """Seconds from @from_s to the first sample that passes, or NEVER."""
        for i, t in enumerate(self.t):
            if t > from_s and test(i):
                return t - from_s
        return NEVER


def end_s(run, seconds):
    """The last moment at which all of the memory was still there."""
    return min(run["marks"].get("leave", seconds), seconds)


class Plateau(NamedTuple):
    """Pages at a time when nothing has changed for long."""

    saved: float
    exist: float

    def kept_by(self, other):
        """@other's saving as a share of this one, memory mapped being equal."""
        return 1 - (other.exist - self.exist) / self.saved \
            if self.saved else None


def plateau(s, from_s, to_s):
    saved = s.mean(s.c["saved"], from_s, to_s)
    return Plateau(saved, s.mean(s.c["mapped"], from_s, to_s) - saved)


def of_run(run, seconds, converged_s=CONVERGED_S, oracle=None):
    """@oracle: (Plateau before the rewrite, Plateau at the end)."""
    s, marks = Series(run["series"]), run["marks"]
    saved, ksmd = s.c["saved"], s.c["ksmd_us"]
    arrive, last = marks.get("arrive", 0), marks.get("last_arrive", 0)
    end = end_s(run, seconds)
    looked = [a + b for a, b in zip(s.c["scanned"], s.c["skipped"])]
    at_arrival = s.at(looked, arrive)
    ran_to = min(seconds, s.t[-1])
    cpu_s = s.cpu_s(s.cpu, 0, ran_to)
    area = s.area(saved, 0, ran_to) / PAGES_PER_GIB
    before_s = min(converged_s[1], marks.get("rewrite", end)) - 0.2
    out = {
        "area_gib_s": area,
        "cpu_s": cpu_s,
        "per_cpu_s": area / cpu_s if cpu_s > 0 else None,
        "before": plateau(s, before_s - END_WINDOW_S, before_s),
        "end": plateau(s, end - END_WINDOW_S, end - 0.5),
        "peak_pct": max((s.pct(ksmd, t, t + PEAK_WINDOW_S) for t in s.t
                         if t + PEAK_WINDOW_S <= ran_to), default=None),
        "late_pct": s.pct(s.cpu, *converged_s)
        if end >= converged_s[1] else None,
        "idle_pct": s.pct(s.cpu, 0, arrive - 0.1) if arrive > 1 else None,
        "idle_ksmd_pct": s.pct(ksmd, 0, arrive - 0.1) if arrive > 1 else None,
        "first_batch_s": s.first(lambda i: looked[i] > at_arrival, arrive),
        "control_s": s.cpu_s(s.c["control_us"], 0, ran_to),
        "control_rss_kib": run["rss_kib"],
        "own_gap": own_gap(s, end),
        "t90_arrive_s": None, "t90_rewrite_s": None,
        "kept_before_share": None, "kept_share": None,
    }
    if oracle:
        goal, goal_end = (p.saved * REACHED for p in oracle)
        out["kept_before_share"] = oracle[0].kept_by(out["before"])
        out["kept_share"] = oracle[1].kept_by(out["end"])
        rewritten = marks.get("rewritten")
        out["t90_arrive_s"] = s.first(lambda i: saved[i] >= goal, last)
        # Saving that is later than the rewrite answers another question.
        if last + out["t90_arrive_s"] > marks.get("rewrite", seconds):
            out["t90_arrive_s"] = NEVER
        if rewritten is not None:
            out["t90_rewrite_s"] = s.first(
                lambda i: saved[i] >= goal_end, rewritten)
    return out


def own_gap(s, to_s):
    """Share of the counted area that is not of the bench's own pages."""
    own = [max(m + z - sh, 0) for m, z, sh in
           zip(s.c["own_merging"], s.c["own_zero"], s.c["shared"])]
    whole = s.area(s.c["counted"], 0, to_s)
    # Against a tenth of a GiB-second at least: a few pages are no gap.
    return (whole - s.area(own, 0, to_s)) / max(whole, PAGES_PER_GIB / 10)


def disturbed(run, seconds):
    """Others' pages were merged, too: the run says nothing."""
    return abs(own_gap(Series(run["series"]), end_s(run, seconds))) > GAP_MAX


def oracle_of(runs, seconds, converged_s):
    """What there was to be saved: the medians of the oracle's @runs."""
    each = [of_run(r, seconds, converged_s) for r in runs]
    if not each:
        return None
    return tuple(Plateau(*map(statistics.median, zip(*(f[key] for f in each))))
                 for key in ("before", "end"))


def spread(values):
    """(median, least, most) of those that apply; NEVER sorts last."""
    known = [v for v in values if v is not None]
    if not known:
        return None
    return statistics.median(known), min(known), max(known)
