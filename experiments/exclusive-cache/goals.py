# SPDX-License-Identifier: GPL-2.0
"""What the exclusive cache is meant to reach, and whether it does: (text, wanted,
measured, met) for each figure. What was not measured is not judged."""
import figures
import plan

DROPPED = 0.99
CACHED = 0.10
COST = 0.30
MUTEX_MS = 10
REREAD = 1.10
NOT_MEASURED = "not measured"


def row(text, wanted, value, form="{:.3f}", least=False, note=""):
    bound = f"{'>=' if least else '<='} {form.format(wanted)}"
    if value is None:
        return text, bound, "-", NOT_MEASURED
    met = value >= wanted if least else value <= wanted
    return text, bound, form.format(value) + note, "yes" if met else "**no**"


def of_same(variants):
    rows = variants.get("scrub", [])
    pages = sum(row["twice"] for row in rows)
    yield row("pages cached twice, dropped", DROPPED,
              figures.worst(map(figures.dropped_share, rows), min), "{:.4f}",
              least=True, note=f" (of {pages})")
    yield row("cached of the image, by before", CACHED,
              figures.worst(map(figures.cached_share, rows), max), "{:.4f}")


def of_durable(written, cuts, control):
    """A control that loses nothing proves nothing."""
    yield row("files lost, writing with and without fsync", 0,
              figures.lost(written) if written else None, "{}",
              note=f" of {figures.files(written)}")
    yield row(f"files lost in power cuts ({len(cuts)})", 0,
              figures.lost(cuts) if cuts else None, "{}",
              note=f" of {figures.files(cuts)}")
    yield row("the same, disk that ignores flushes: is noticed", 1,
              figures.lost(control) if control else None, "{}", least=True,
              note=f" of {figures.files(control)}")


def of_cost(rows):
    search = figures.search_ns(rows)
    for name, text in (("first", "checksums calculated"),
                       ("again", "checksums remembered")):
        cost = figures.page_ns(figures.stage(rows, name))
        yield row(f"a page's cost by that of a search, {text}", COST,
                  cost / search if cost and search else None)
    held_ns, _ = figures.mutex(figures.stage(rows, "first"))
    yield row("ksmd's mutex held, ms for a GiB of guest, at 5*10^8 "
              "instructions a second", MUTEX_MS,
              held_ns and held_ns / 1e6, "{:.2f}")


def of_reads(same, zipf):
    yield row("disk reads by no scrubbing's, all files twice", REREAD,
              figures.worst(figures.read_ratios(same, "scrub"), max))
    for part, memory in plan.ZIPF_MEMORY.items():
        yield row(f"the same, files at random, guests of {memory} MiB "
                  f"({'the files fit' if part == 'fits' else 'short'})",
                  REREAD, figures.worst(figures.read_ratios(
                      zipf.get(part, {}), "scrub"), max))
