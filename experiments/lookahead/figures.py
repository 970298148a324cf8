# SPDX-License-Identifier: GPL-2.0
"""From the lines that ksm-replay wrote to figures. Pure arithmetic, no I/O.

Saved is pages_sharing + ksm_zero_pages; a merge is a page saved. CPU time is
ksmd's own, from the mark "begin" on; under the lab's instruction clock it is a
count of instructions.
"""
import json
import statistics

REACHED = 0.9
NEVER = float("inf")


class Run:
    """One scenario under one configuration: rows of counters by column."""

    def __init__(self, config, round_, columns):
        self.config, self.round, self.columns = config, round_, columns
        self.marks, self.samples, self.values = [], [], {}

    def row(self, values):
        return dict(zip(self.columns, values))

    def mark(self, name):
        return next((row for n, row in self.marks if n == name), None)

    @property
    def whole(self):
        return self.mark("begin") is not None and self.mark("end") is not None

    def spent(self, column):
        """What @column grew by between begin and end, None without it."""
        begin, end = self.mark("begin")[column], self.mark("end")[column]
        return None if begin is None else end - begin


def parse(lines):
    """(whole runs, what was skipped, is it complete?)."""
    columns, runs, skipped, done = [], [], [], False
    for line in lines:
        if not line.startswith("{"):
            continue
        item = json.loads(line)
        if "columns" in item:
            columns = item["columns"]
        elif "run" in item:
            runs.append(Run(item["config"], item["round"], columns))
        elif "mark" in item:
            runs[-1].marks.append((item["mark"], runs[-1].row(item["at"])))
        elif "sample" in item:
            runs[-1].samples.append(runs[-1].row(item["sample"]))
        elif "value" in item:
            runs[-1].values[item["value"]] = item["is"]
        elif "skip" in item:
            skipped.append(item["skip"])
        elif "done" in item:
            done = True
    return [run for run in runs if run.whole], skipped, done


def saved(row):
    return row["pages_sharing"] + row["ksm_zero_pages"]


def until(run, pages, column):
    """What of @column was spent when @pages more were saved than at first."""
    begin = run.mark("begin")
    for row in after_begin(run) + [run.mark("end")]:
        if saved(row) - saved(begin) >= pages:
            return row[column] - begin[column]
    return NEVER


def after_begin(run):
    begin = run.mark("begin")
    return [row for row in run.samples if row["cpu_ns"] >= begin["cpu_ns"]]


def mean_saved(run):
    """Each sample weighs the same: over time, where they are regular."""
    return statistics.fmean(saved(row) for row in after_begin(run))


def mean_saved_over_cpu(run):
    """Each sample weighs as much as the CPU time since the one before."""
    last, area = run.mark("begin")["cpu_ns"], 0
    for row in after_begin(run):
        area += saved(row) * (row["cpu_ns"] - last)
        last = row["cpu_ns"]
    return area / (last - run.mark("begin")["cpu_ns"])


def of_run(run, goal_pages):
    """@goal_pages: what stock saved in the end; 90 % of it are waited for."""
    out = {name: run.spent(name) for name in run.columns}
    out["saved"] = saved(run.mark("end")) - saved(run.mark("begin"))
    out["cpu_ms"] = out["cpu_ns"] / 1e6
    out["merges_per_cpu_s"] = out["saved"] / (out["cpu_ns"] / 1e9)
    for name in ("cpu_ns", "pages_scanned", "tree_steps", "compares"):
        out[f"{name}_to_90"] = until(run, REACHED * goal_pages, name) \
            if goal_pages > 0 and out[name] is not None else None
    if out["cpu_ns_to_90"]:
        out["merges_per_cpu_s_to_90"] = \
            REACHED * goal_pages / out["cpu_ns_to_90"] * 1e9
    if run.samples:
        out["mean_saved"] = mean_saved(run)
        out["mean_saved_over_cpu"] = mean_saved_over_cpu(run)
    out["index_bytes"] = max((row["index_bytes"] for row in run.samples
                              if row["index_bytes"] is not None),
                             default=None)
    late = [v for k, v in run.values.items() if k.startswith("late-")]
    if late:
        out["late"] = [v / run.values["pages"] for v in late]
        out["late_least"] = min(out["late"])
    return out


def median_of(dicts):
    """Median of each figure over the rounds; lists element by element."""
    out = {}
    for key in dicts[0]:
        values = [d.get(key) for d in dicts]
        if any(v is None for v in values):
            out[key] = None
        elif isinstance(values[0], list):
            out[key] = [statistics.median(v) for v in zip(*values)]
        else:
            out[key] = statistics.median(values)
    return out


def judge(runs):
    """{config: figures}, with "x_ratio" beside each x: held to "off"."""
    stock = [r for r in runs if r.config == "off"]
    goal = statistics.median(saved(r.mark("end")) - saved(r.mark("begin"))
                             for r in stock) if stock else 0
    by_config = {}
    for run in runs:
        by_config.setdefault(run.config, []).append(of_run(run, goal))
    judged = {name: median_of(each) for name, each in by_config.items()}
    off = judged.get("off")
    for figures in judged.values():
        for key in list(figures):
            base = off and off.get(key)
            if isinstance(figures[key], (int, float)) and base:
                figures[key + "_ratio"] = figures[key] / base
    return judged
