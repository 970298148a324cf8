# SPDX-License-Identifier: GPL-2.0
"""The finished runs, a file each, so that a bench may take several sittings.

A file is small enough to be committed with others: each column of samples is
one line of text, the differences of neighbours, a run of n equal ones as
"dxn". It is written beside its place and renamed, so that a file that exists
is whole.

One directory holds the runs of one host and one length only (claim()). Within
it a run is made again when it failed or when the controller or the scenario
has changed since (stale()), and what a report must not mix with the newest
runs is left out of it (of_one_kind()).
"""
import json
import os
from itertools import groupby

import figures

FORMAT = 1
MEMORY_TOLERANCE = 0.02     # what the kernel keeps for itself differs by boot
NEEDED = ("scenario", "controller", "repeat", "seconds", "at", "sitting",
          "boot", "host", "loadavg", "took_s", "of")
HOST = {"kernel", "cpu", "ncpus", "page_size", "mem_mib"}


class Mixed(ValueError):
    """Runs that must not stand in one table; the text says which."""


def pack(values):
    steps = [b - a for a, b in zip([0, *values], values)]
    text = []
    for step, same in groupby(steps):
        n = len(list(same))
        text.append(f"{step}x{n}" if n > 1 else str(step))
    return " ".join(text)


def unpack(text):
    values, last = [], 0
    for word in text.split():
        step, _, n = word.partition("x")
        for _ in range(int(n or 1)):
            last += int(step)
            values.append(last)
    return values


def label(run):
    return f"{run['scenario']}-{run['controller']}-{run['repeat'] + 1}"


def save(directory, run):
    """@run: what measure() gave and NEEDED."""
    os.makedirs(directory, exist_ok=True)
    kept = {"format": FORMAT, **run}
    if "series" in run:
        kept["marks"] = {k: round(v, 3) for k, v in run["marks"].items()}
        kept["series"] = {k: pack(v) for k, v in run["series"].items()}
    path = os.path.join(directory, label(run) + ".json")
    with open(path + ".new", "w", encoding="ascii") as f:
        json.dump(kept, f, indent=1)
        f.write("\n")
        f.flush()
        os.fsync(f.fileno())
    os.replace(path + ".new", path)


def _read(path):
    with open(path, encoding="ascii") as f:
        run = json.load(f)
    if not isinstance(run, dict) or run.pop("format", None) != FORMAT:
        raise ValueError(f"not a run of format {FORMAT}")
    missing = [k for k in NEEDED if k not in run]
    if missing:
        raise ValueError("it lacks " + ", ".join(missing))
    if set(run["of"]) != {"scenario", "controller"} \
            or set(run["host"]) != HOST:
        raise ValueError("its origin is incomplete")
    if label(run) + ".json" != os.path.basename(path):
        raise ValueError(f"it holds the run {label(run)}")
    if "series" in run:
        run["series"] = {k: unpack(v) for k, v in run["series"].items()}
        if len({len(v) for v in run["series"].values()}) != 1 \
                or "marks" not in run:
            raise ValueError("its samples are damaged")
    elif not run.get("fault"):
        raise ValueError("it has neither samples nor a fault")
    return run


def load(directory):
    """All runs by date, and [(path, why)] of the files that are none."""
    found, damaged = [], []
    for name in sorted(os.listdir(directory)
                       if os.path.isdir(directory) else ()):
        path = os.path.join(directory, name)
        if not name.endswith(".json"):
            continue
        try:
            found.append(_read(path))
        except (OSError, ValueError, AttributeError, TypeError) as e:
            damaged.append((path, str(e)))
    return sorted(found, key=lambda r: r["at"]), damaged


def forget(directory):
    for name in os.listdir(directory) if os.path.isdir(directory) else ():
        if name.endswith((".json", ".json.new")):
            os.unlink(os.path.join(directory, name))


def describe(host):
    return (f"Linux {host['kernel']}, {host['ncpus']} CPUs ({host['cpu']}), "
            f"{host['mem_mib']} MiB")


def same_host(a, b):
    return all(a[k] == b[k] for k in ("kernel", "cpu", "ncpus",
                                      "page_size")) \
        and abs(a["mem_mib"] - b["mem_mib"]) \
        <= MEMORY_TOLERANCE * a["mem_mib"]


def claim(kept, host, seconds):
    """May runs of this length on this host be added to @kept?"""
    for run in kept:
        if not same_host(run["host"], host):
            raise Mixed(f"run {label(run)} was made on another host or "
                        f"kernel: {describe(run['host'])}, not "
                        f"{describe(host)}")
        if run["seconds"] != seconds:
            raise Mixed(f"run {label(run)} took {run['seconds']} s, not "
                        f"{seconds} s")


def stale(run, of):
    """Why @run has to be made again, or None. @of: see origin.of()."""
    if "series" not in run:
        return "it failed"
    if figures.disturbed(run, run["seconds"]):
        return "others' pages were merged meanwhile"
    for what in ("scenario", "controller"):
        if run["of"][what] != of[what]:
            return f"the {what} has changed"
    return None


def of_one_kind(kept):
    """(runs that may stand in one table, those left out of it).

    The newest runs tell what a scenario and a controller are now. A run of
    what they were before must not enter a median with those, nor a table of
    another scenario under the same name. Runs of several hosts or lengths
    are refused as a whole.
    """
    scenario, controller = {}, {}
    for run in kept:        # by date, so that the last one stays
        claim(kept[:1], run["host"], run["seconds"])
        scenario[run["scenario"]] = run["of"]["scenario"]
        controller[run["controller"]] = run["of"]["controller"]
    good, old = [], []
    for run in kept:
        now = run["of"] == {"scenario": scenario[run["scenario"]],
                            "controller": controller[run["controller"]]}
        (good if now else old).append(run)
    return good, old


def left_s(plan, kept, guess_s):
    """Seconds that @plan, [(repeat, scenario, ...)], will take: as its
    scenario's runs took so far, else guess_s(scenario)."""
    total = 0
    for _, scenario, *_ in plan:
        took = figures.spread([r["took_s"] for r in kept
                               if r["scenario"] == scenario
                               and "series" in r])
        total += took[0] if took else guess_s(scenario)
    return total
