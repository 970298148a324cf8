# SPDX-License-Identifier: GPL-2.0
"""The scenarios, in their order, and what each is called with."""
import json
import os
from types import SimpleNamespace

import figures

CONFIGS = ("off", "lookahead", "index", "both")

# ksmd's pages between two pictures of a series. Those of a boot are a quarter of
# a second apart, and ksmd comes round in some four of them: it lags behind, as
# one held to its CPU does. To compile a file or to open a window takes seconds,
# and ksmd with 6.12's knobs looks at 5000 pages in each.
MOMENT_PAGES = {"boot": 12288, "compile": 49152, "desktop": 49152}


def _row(scenario, about, images=(), budget_of=None):
    """@images: what it replays. @budget_of: the scenario whose CPU it gets."""
    return SimpleNamespace(scenario=scenario, about=about, images=images,
                           budget_of=budget_of)


_TWO = ("guest-a", "guest-b")
_DISTINCT = ("guest-a", "guest-c", "distinct")
_BOOT = ("boot-a", "boot-b")
_COMPILE = ("compile-a", "compile-b")
_DESKTOP = ("desktop-a", "desktop-b")

TABLE = {
    "two": _row("two", "two guests, until nothing more merges", _TWO),
    "mixed": _row("mixed", "two guests whose memory is mostly that of "
                  "programs, until nothing more merges",
                  ("mixed-a", "mixed-b")),
    "third": _row("third", "a third guest joins two that have settled",
                  _TWO + ("guest-c",)),
    "clones": _row("clones", "four processes, the same pages in the same "
                   "order", _DISTINCT),
    "permuted": _row("permuted", "four processes, the same pages, each in its "
                     "own order", _DISTINCT),
    "unique": _row("unique", "the distinct pages of guests: nothing to share",
                   _DISTINCT),
    "twins": _row("twins", "pages whose twins arrive 14 to 22 passes later, "
                  "smart_scan on"),
    "zero": _row("zero", "pages of zeros"),
    "zero-mapped": _row("zero-mapped", "pages of zeros with use_zero_pages"),
    "boot": _row("boot", "two guests while they boot, ksmd at a fixed rate",
                 _BOOT),
    "compile": _row("compile", "two guests while they compile, ksmd at a "
                    "fixed rate", _COMPILE),
    "desktop": _row("desktop", "two guests while windows are opened and used, "
                    "ksmd at a fixed rate", _DESKTOP),
    "boot-cpu": _row("boot", "two guests while they boot, each setting with "
                     "the CPU time that stock took", _BOOT,
                     budget_of="boot"),
    "compile-cpu": _row("compile", "two guests while they compile, each "
                        "setting with the CPU time that stock took",
                        _COMPILE, budget_of="compile"),
    "desktop-cpu": _row("desktop", "two guests while windows are opened and "
                        "used, each setting with the CPU time that stock took",
                        _DESKTOP, budget_of="desktop"),
}


def path(out, name):
    return os.path.join(out, "runs", name + ".jsonl")


def load(out, name):
    """(first line, runs, skipped) of a kept scenario, None without it."""
    try:
        with open(path(out, name), encoding="ascii") as file:
            first = json.loads(file.readline())
            runs, skipped, done = figures.parse(file)
    except (OSError, ValueError):
        return None
    return (first, runs, skipped) if done else None


def lacks(name, out):
    """The scenario that must be there before @name, if it is not."""
    first = TABLE[name].budget_of
    if not first:
        return None
    kept = load(out, first)
    return None if kept and any(r.config == "off" for r in kept[1]) else first


def arguments(name, out, moment_pages=None):
    """ksm-replay's. A budget of CPU time is what stock took at a fixed rate,
    by moment."""
    row = TABLE[name]
    if name in MOMENT_PAGES:
        return ["--moment-pages", str(moment_pages or MOMENT_PAGES[name])]
    if not row.budget_of:
        return []
    if lacks(name, out):
        return []
    stock = next(r for r in load(out, row.budget_of)[1] if r.config == "off")
    moments = sum(mark == "moment" for mark, _ in stock.marks)
    # To the nearest ms, or no second run would have the same arguments.
    ms = max(1, round(stock.spent("cpu_ns") / moments / 1e6))
    return ["--moment-us", str(ms * 1000)]
