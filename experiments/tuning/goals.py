# SPDX-License-Identifier: GPL-2.0
"""What densityd's default law is meant to reach, and whether it does.

Each goal is one figure of the law against a limit, which may come from the
medians of its peers. It is met when the median of the repeats meets it;
beside that stands the worst repeat. Nothing is judged that was not measured:
without the law or the peer a goal depends on, it says so.
"""
import figures

LAW = "density-yield"
CAP_PCT = 20                # densityd's default, held over 5 s
CAP_SLACK_PCT = 2
PEER_AREA_LEAST = 0.75      # of the oracle's: who saves less is no peer
CONTROL_CPU_S, PER_S = 0.05, 130    # a shorter run is mostly its hunt
RSS_KIB = 8 << 10
NOT_MEASURED = "not measured"


class Figures:
    """Medians and repeats of one scenario, by controller."""

    def __init__(self, judged, seconds):
        self.judged, self.seconds = judged, seconds

    def law(self, key):
        return [f[key] for f in self.judged.get(LAW, ())
                if f[key] is not None]

    def median(self, controller, key):
        middle = figures.spread(
            [f[key] for f in self.judged.get(controller, ())])
        return middle and middle[0]

    def best_peer(self):
        """(A/C, name) of the best of those who save enough, or None."""
        return max(((self.median(name, "per_cpu_s"), name)
                    for name in self.judged
                    if not name.startswith("density-") and name != "oracle"
                    and self.median(name, "per_cpu_s") is not None
                    and (self.median(name, "area_share") or 0)
                    >= PEER_AREA_LEAST), default=None)


class Goal:
    """One line of the check, for the @scenarios it makes sense in.

    @limit and @stretch: a number, or a function of Figures; None when a peer
    is missing.
    """

    def __init__(self, text, scenarios, key, sense, limit, stretch=None,
                 form="{:.2f}", scale=None):
        self.text, self.scenarios, self.key = text, scenarios, key
        self.at_least = sense == ">="
        self.limit, self.stretch = limit, stretch
        self.form, self.scale = form, scale or (lambda f: 1)

    def meets(self, value, limit):
        if value == figures.NEVER:      # no better than a peer's "never"
            return False
        return value >= limit if self.at_least else value <= limit

    def shown(self, value):
        return "never" if value == figures.NEVER else self.form.format(value)

    def line(self, f):
        """(wanted, measured, met) in words."""
        limit, stretch = (x(f) if callable(x) else x
                          for x in (self.limit, self.stretch))
        scale = self.scale(f)
        values = [v * scale for v in f.law(self.key)] \
            if scale is not None else []
        sign = "at least" if self.at_least else "at most"
        wanted = f"{sign} {self.shown(limit)}" if limit is not None else "-"
        if stretch is not None:
            wanted += f" (stretch {self.shown(stretch)})"
        if not values or limit is None:
            return wanted, "-", NOT_MEASURED
        median, least, most = figures.spread(values)
        worst = least if self.at_least else most
        measured = self.shown(median)
        if len(values) > 1:
            measured += f" (worst {self.shown(worst)})"
        if not self.meets(median, limit):
            return wanted, measured, "**no**"
        if stretch is not None and self.meets(median, stretch):
            met = "yes, stretch"
        else:
            met = "yes"
        if not self.meets(worst, limit):
            met += ", but not in each run"
        return wanted, measured, met


def times(factor, controller, key):
    """Limit: @factor of a peer's median."""
    def limit(f):
        median = f.median(controller, key)
        return None if median is None else factor * median
    return limit


def over_best_peer(f):
    best = f.best_peer()
    return 1 / best[0] if best and best[0] else None


def per_whole_run(f):
    return PER_S / f.seconds if f.seconds >= PER_S else None


QUIET, BUSY, GUESTS = ("quiet",), ("busy",), ("guests",)
CALM = QUIET + GUESTS       # nobody else's mergeable memory
ALL = QUIET + BUSY + GUESTS

GOALS = (
    Goal("A, of the oracle's", ALL, "area_share", ">=", 0.93, 0.97,
         "{:.3f}"),
    Goal("90 % after arrival, s: 2 x aggressive's", CALM, "t90_arrive_s",
         "<=", times(2, "aggressive", "t90_arrive_s"),
         times(1, "aggressive", "t90_arrive_s"), "{:.1f}"),
    Goal("90 % after arrival, s: aggressive's", BUSY, "t90_arrive_s", "<=",
         times(1, "aggressive", "t90_arrive_s"), None, "{:.1f}"),
    Goal("90 % after arrival, s: half of advisor10's", ALL, "t90_arrive_s",
         "<=", times(0.5, "advisor10", "t90_arrive_s"), None, "{:.1f}"),
    Goal("A / C, times the best peer's", CALM, "per_cpu_s", ">=", 2.5, 4,
         scale=over_best_peer),
    Goal("A / C, times the best peer's", BUSY, "per_cpu_s", ">=", 1.5, 2.5,
         scale=over_best_peer),
    Goal("ksmd, worst 5 s, %: the cap and 2", ALL, "peak_pct", "<=",
         CAP_PCT + CAP_SLACK_PCT, None, "{:.1f}"),
    Goal("converged, %: a quarter of aggressive's", ALL, "late_pct", "<=",
         times(0.25, "aggressive", "late_pct")),
    Goal("converged, % of a core", QUIET, "late_pct", "<=", 0.7, 0.3),
    Goal("kept before the rewrite, of the oracle's", ALL,
         "kept_before_share", ">=", 0.99, None, "{:.3f}"),
    Goal("kept at the end, of the oracle's", ALL, "kept_share", ">=", 0.99,
         None, "{:.3f}"),
    Goal("before arrival, ksmd alone, %", CALM, "idle_ksmd_pct", "<=", 0.1),
    Goal("first batch after arrival, s", CALM, "first_batch_s", "<=", 2,
         None, "{:.1f}"),
    Goal("the daemon's own CPU-s per 130 s", ALL, "control_s", "<=",
         CONTROL_CPU_S, None, "{:.3f}", scale=per_whole_run),
    Goal("the daemon's RSS, KiB", ALL, "control_rss_kib", "<=", RSS_KIB,
         None, "{:.0f}"),
)


def check(judged, scenario, seconds):
    """[(what, wanted, measured, met)] for one scenario."""
    f = Figures(judged, seconds)
    return [(goal.text, *goal.line(f)) for goal in GOALS
            if scenario in goal.scenarios]


def best_peer_named(judged, seconds):
    best = Figures(judged, seconds).best_peer()
    return f"{best[1]} ({best[0]:.2f})" if best else None
