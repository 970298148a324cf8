# SPDX-License-Identifier: GPL-2.0
"""What the patches are to reach; ratios to the same kernel with both switches
off, in the same boot, unless the text says otherwise."""

NOT_MEASURED = "not measured"


class Goal:
    """One figure of one configuration in one scenario against a limit."""

    def __init__(self, text, scenario, config, key, sense, limit):
        self.text, self.scenario, self.config = text, scenario, config
        self.key, self.sense, self.limit = key, sense, limit

    def line(self, judged):
        """(what, wanted, measured, met) in words. @judged: by scenario."""
        value = judged.get(self.scenario, {}).get(self.config, {}) \
            .get(self.key)
        wanted = f"{self.sense} {self.limit:g}"
        what = f"{self.scenario}, {self.config}: {self.text}"
        if value is None:
            return what, wanted, "-", NOT_MEASURED
        met = value >= self.limit if self.sense == ">=" \
            else value <= self.limit
        return what, wanted, f"{value:.3f}", "yes" if met else "**no**"


# Guests whose pages lie in the same order: two that read the same files, and, what
# permuted is compared with, all of whose pages are the same.
CONTIGUOUS = ("two", "clones")

# At 90 % of the sharing most searches were for pages that have a twin. After
# it, to convergence, comes a pass over pages that have none: those lookahead
# cannot help, and how many there are is a matter of the guests.
LOOKAHEAD = (
    ("tree steps", "tree_steps", "<=", 0.53),
    ("compares", "compares", "<=", 0.65),
    ("CPU", "cpu_ns", "<=", 0.85),
    ("merges per CPU-s", "merges_per_cpu_s", ">=", 1.17),
)

GOALS = (
    *(Goal(f"{text}, to 90 % of the sharing", scenario, "lookahead",
           f"{key}_to_90_ratio", sense, limit)
      for scenario in CONTIGUOUS for text, key, sense, limit in LOOKAHEAD),
    *(Goal(f"{text}, to convergence", scenario, "lookahead", f"{key}_ratio",
           sense, limit)
      for scenario in CONTIGUOUS for text, key, sense, limit in LOOKAHEAD
      if key != "cpu_ns"),
    Goal("CPU", "permuted", "lookahead", "cpu_ns_ratio", "<=", 1.005),
    Goal("sharing", "permuted", "lookahead", "saved_ratio", ">=", 0.999),
    Goal("merges per CPU-s", "two", "both", "merges_per_cpu_s_ratio", ">=",
         1.7),
    Goal("sharing", "two", "both", "saved_ratio", ">=", 0.999),
    Goal("sharing", "third", "both", "saved_ratio", ">=", 0.999),
    Goal("sharing", "permuted", "both", "saved_ratio", ">=", 0.999),
    Goal("sharing", "zero", "both", "saved_ratio", ">=", 0.999),
    Goal("CPU", "unique", "both", "cpu_ns_ratio", "<=", 0.43),
    Goal("pages scanned to 90 % of the sharing", "third", "both",
         "pages_scanned_to_90_ratio", "<=", 0.49),
    Goal("CPU to 90 % of the sharing", "third", "both",
         "cpu_ns_to_90_ratio", "<=", 0.5),
    Goal("worst of nine phases, share merged", "twins", "both",
         "late_least", ">=", 0.99),
    Goal("average shared pages, same CPU (slides: 1.375)", "boot-cpu",
         "lookahead", "mean_saved_over_cpu_ratio", ">=", 1.375),
    Goal("average shared pages, same CPU (slides: 1.375)", "boot-cpu",
         "both", "mean_saved_over_cpu_ratio", ">=", 1.375),
    Goal("average shared pages, same CPU (slides: 1.154)", "compile-cpu",
         "lookahead", "mean_saved_over_cpu_ratio", ">=", 1.154),
    Goal("average shared pages, same CPU (slides: 1.154)", "compile-cpu",
         "both", "mean_saved_over_cpu_ratio", ">=", 1.154),
    Goal("average shared pages, same CPU (slides: 2)", "desktop-cpu",
         "lookahead", "mean_saved_over_cpu_ratio", ">=", 2),
    Goal("average shared pages, same CPU (slides: 2)", "desktop-cpu",
         "both", "mean_saved_over_cpu_ratio", ">=", 2),
)


def check(judged):
    return [goal.line(judged) for goal in GOALS]
