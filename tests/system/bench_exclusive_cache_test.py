#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""The exclusive cache's bench with made-up counts: no kernel or QEMU needed."""
import os
import subprocess
import sys
import tempfile

from density import TOP, run_tests

sys.dont_write_bytecode = True
BENCH = os.path.join(TOP, "experiments/exclusive-cache")
sys.path.insert(0, BENCH)
sys.path.append(os.path.join(TOP, "lab", "l2"))

import bonnie       # noqa: E402
import durable      # noqa: E402
import figures      # noqa: E402
import goals        # noqa: E402
import pagecache    # noqa: E402
import plan         # noqa: E402
import results      # noqa: E402

TALLY = {"looked_pages": 1000, "dropped_pages": 990, "reread_pages": 3,
         "dirty_pages": 5, "writeback_pages": 2, "busy_pages": 0,
         "checksums": 1000, "fingerprints": 4096}


def reader(variant, after, again_kib=0):
    return {"scenario": "same", "variant": variant, "cached": 1000,
            "cached_after": after, "twice": 900,
            "twice_after": max(after - 100, 0), "first_kib": 4000,
            "again_kib": again_kib, "tally": TALLY}


def sampler(variant, read_kib):
    return {"scenario": "zipf", "variant": variant, "images_kib": 4096,
            "read_kib": read_kib, "guest_kib": [500, 600], "tally": TALLY}


def writer(lost=(), crash=()):
    return {"scenario": "cut", "files": 31, "lost": list(lost),
            "lost_to_crash": list(crash), "tally": TALLY}


def bonnie_row(variant, putc):
    return {"scenario": "bonnie", "variant": variant, "passes": 4,
            "kib_per_s": [{"putc": putc, "getc": 5, "rewrite": 1},
                          {"putc": putc, "getc": 7}],
            "read_kib": 10, "written_kib": 20, "ksmd_ns": 1,
            "series": [[1.0, 50, 900], [2.0, 70, 880]], "tally": TALLY}


def cost_rows():
    parts = {"ksm_mm_fingerprints": [2, 130.0],
             "describe_fingerprints": [2, 30.0], "walk_image": [1, 900.0]}
    return [{"what": "search", "ns": 1000 * k, "steps": 30}
            for k in (9, 10, 14)] + \
        [{"what": name, "runs": 1, "worker_ns": ns, "tally": TALLY,
          "parts": parts} for name, ns in (("first", 3500000),
                                           ("again", 1000000))]


def made_up(unit):
    """The rows of a unit, or None."""
    if unit.kind == "same":
        return [reader("plain", 1000), reader("scrub", 50, 400),
                reader("drop", 0), reader("direct", 0, 4000)]
    if unit.kind == "zipf":
        return [sampler("plain", 1000), sampler("scrub", 1500)]
    if unit.kind == "cut":
        return [writer(["sync-1"] if unit.part == "unsafe" else [])]
    if unit.kind == "bonnie":
        # What the words say: a turn of one variant each, in this order.
        return [bonnie_row(variant, (120 if variant == "scrub" else 100) + turn)
                for turn, variant in enumerate(unit.words[1:])]
    return cost_rows() if unit.kind == "cost" else None


def met(rows):
    return [row[3] for row in rows]


def shares_are_of_before():
    """what went and what stays are judged by what was there"""
    variants = figures.by_variant([reader("scrub", 50), reader("scrub", 200)])
    assert met(goals.of_same(variants)) == ["**no**", "**no**"]
    variants = figures.by_variant([reader("scrub", 50)])
    assert met(goals.of_same(variants)) == ["yes", "yes"]
    nothing = {**reader("scrub", 0), "cached": 0, "twice": 0, "twice_after": 0}
    assert met(goals.of_same({"scrub": [nothing]})) == [goals.NOT_MEASURED] * 2


def reads_are_compared_within_a_boot():
    """disk reads are divided by those of the same boot, the worst counts"""
    variants = figures.by_variant([
        sampler("plain", 1000), sampler("scrub", 1050),
        sampler("plain", 3000), sampler("scrub", 4500)])
    assert figures.read_ratios(variants, "scrub") == [1.05, 1.5]
    rows = list(goals.of_reads({}, {"short": variants}))
    assert met(rows) == [goals.NOT_MEASURED] * 2 + ["**no**"], rows


def a_control_has_to_lose():
    """losses fail; a control without any fails as well"""
    assert met(goals.of_durable([writer()], [writer()], [writer(["a"])])) \
        == ["yes"] * 3
    assert met(goals.of_durable([writer()], [writer(["a"])], [writer()])) \
        == ["yes", "**no**", "**no**"]
    assert met(goals.of_durable([], [writer([], ["a"])], [])) \
        == [goals.NOT_MEASURED, "**no**", goals.NOT_MEASURED]


def costs_are_by_a_search():
    """a page's cost is by the median search, the mutex by a GiB of guest"""
    rows = cost_rows()
    assert figures.search_ns(rows) == 10000
    assert figures.page_ns(figures.stage(rows, "first")) == 3500
    assert figures.page_ns(figures.stage(rows, "dry")) is None
    held_ns, once_ns = figures.mutex(figures.stage(rows, "first"))
    assert abs(held_ns - 6.4e6) < 1 and abs(once_ns - 50000) < 1
    del rows[-1]["parts"]["describe_fingerprints"]
    held_ns, _ = figures.mutex(figures.stage(rows, "first"))
    assert abs(held_ns - 8.32e6) < 1
    assert met(goals.of_cost(rows)) == ["**no**", "yes", "yes"]
    assert met(goals.of_cost([])) == [goals.NOT_MEASURED] * 3


def durable_is_what_was_said_last():
    """a file that is being written again is not judged; torn lines are none"""
    one, two = "a" * 32, "b" * 32
    assert durable.durable([
        ["writing", "x"], ["synced", "x", one, "-"], ["writing", "y"],
        ["synced", "y", one], ["writing", "y"], ["writing", "z"],
        ["synced", "z", two[:9]], ["writing"], ["synced", "x", two]]) \
        == {"x": two}
    with tempfile.TemporaryDirectory() as directory:
        with open(f"{directory}/x", "w", encoding="ascii") as file:
            file.write("hello")
        good = "5d41402abc4b2a76b9719d911017c592"
        assert durable.lost(directory, {"x": good}) == []
        assert durable.lost(directory, {"x": one, "gone": one}) == ["x", "gone"]


def cached_pages_are_counted():
    """mincore sees a file's pages, one by one"""
    with tempfile.NamedTemporaryFile() as file:
        file.write(b"x" * (3 * pagecache.PAGE + 1))
        file.flush()
        assert pagecache.cached(file.name) == bytes([1, 1, 1, 1])
    assert pagecache.both(bytes([1, 0, 1]), bytes([1, 1, 0])) == 1


def bonnie_lines_are_read():
    """characters from the first line, blocks from the second, no plus signs"""
    line = "1.98,2.00a,l2,1,17,4M,,8192,5,{},99,{},98,{},9,{},99,+++++,+++,1,2"
    assert bonnie.figures([line.format(10, 20, 30, 40),
                           line.format(11, 21, 31, 41)]) \
        == {"putc": 10, "getc": 40, "put_block": 21, "rewrite": 31}


def units_have_names_of_their_own():
    """no two units share a file, and repeats keep their words"""
    three, five = plan.units(3), plan.units(5)
    assert len({unit.name for unit in five}) == len(five)
    assert set(three) < set(five)
    assert [u.repeat for u in five] == sorted(u.repeat for u in five)


def build_of(directory, words):
    os.makedirs(f"{directory}/kernel", exist_ok=True)
    for name in ("bzImage", "ksmd_ext.ko"):
        with open(f"{directory}/kernel/{name}", "a", encoding="ascii") as file:
            file.write(words)


def report(directory):
    return subprocess.run([f"{BENCH}/report", directory], text=True,
                          capture_output=True, check=False,
                          env={**os.environ, "DENSITY_BUILD": directory})


def reports_are_made_of_files():
    """the table is made of the kept units alone, of this kernel and module"""
    with tempfile.TemporaryDirectory() as directory:
        build_of(directory, "made up")
        kernel, module = results.KERNEL, results.MODULE
        try:
            results.KERNEL = f"{directory}/kernel/bzImage"
            results.MODULE = f"{directory}/kernel/ksmd_ext.ko"
            of = results.measured()
        finally:
            results.KERNEL, results.MODULE = kernel, module
        for unit in plan.units(2):
            if rows := made_up(unit):
                results.kept.save(f"{directory}/runs", unit, of, rows, 1)
        done = report(directory)
        assert not done.returncode, done.stderr
        assert "| scrubber | 1000, 1000 | 900, 900 | 50, 50 |" in done.stdout, \
            done.stdout
        assert "| Write(char) | 24000 | 32000 | 1.33 | 204 (200..208) | " \
            "246 (242..250) | 1.21 |" in done.stdout, done.stdout
        assert "| Rewrite | - | - | - | - | - | - |" in done.stdout
        assert done.stdout.count("| scrubber | 60 |") == plan.TURNS, done.stdout
        assert "not measured" not in done.stdout.replace(
            "writing with and without fsync | <= 0 | - | not measured", "")
        assert os.path.getsize(f"{directory}/plot.svg") > 1000
        build_of(directory, ", and another")
        done = report(directory)
        assert done.returncode and "no unit" in done.stderr, done


def bad_variables_are_refused():
    """ONLY and REPEATS are checked before anything is booted"""
    for name, value in (("ONLY", "sam"), ("REPEATS", "0"), ("REPEATS", "-1")):
        done = subprocess.run([f"{BENCH}/run"], capture_output=True, text=True,
                              env={**os.environ, name: value}, check=False)
        assert done.returncode == 1 and name in done.stderr, done


if __name__ == "__main__":
    run_tests([
        shares_are_of_before, reads_are_compared_within_a_boot,
        a_control_has_to_lose, costs_are_by_a_search,
        durable_is_what_was_said_last, cached_pages_are_counted,
        bonnie_lines_are_read, units_have_names_of_their_own,
        reports_are_made_of_files, bad_variables_are_refused])
