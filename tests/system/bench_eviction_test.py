#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""The eviction bench with made-up counts: no kernel or QEMU needed."""
import os
import subprocess
import sys
import tempfile

from density import TOP, run_tests

sys.dont_write_bytecode = True
BENCH = os.path.join(TOP, "experiments/eviction")
sys.path.insert(0, BENCH)

import figures      # noqa: E402
import goals        # noqa: E402
import kept         # noqa: E402
import plan         # noqa: E402

KERNEL = "a kernel, for all that the report knows"


def plays_row(policy, trace, pool, faults):
    return {"policy": policy, "trace": trace, "pool": pool,
            "items": plan.POOLS.get(pool, 256), "pf_taken": faults,
            "mmu_evictions": 10, "mmu_evict_spte_reads": 30,
            "mmu_evict_longest_sweep": 7, "mmu_evict_forced": 0}


def guest_rows(policy, pages, faults, recycled):
    """A guest that boots at 1000 faults, then runs `mix`."""
    def sample(load, when, more, gone):
        return {"policy": policy, "pages": pages, "sample": load, "when": when,
                "at_s": 1.5, "stats": {"pf_taken": 1000 + more,
                                       "mmu_recycled": 50 + gone,
                                       "mmu_cache_miss": 7,
                                       "mmu_refault_permille": [1, more]},
                "calls": {"kvm_mmu_page_fault": 3 * more}}
    return [{"guest": {}, "policy": policy, "pages": pages},
            sample("all", "begin", 0, 0), sample("mix", "begin", 0, 0),
            sample("mix", "end", faults, recycled),
            sample("all", "end", faults, recycled)]


def linux_unit(factor):
    rows = guest_rows("fifo", 0, 5000, 0)
    for pages in plan.LINUX_PAGES:
        rows += guest_rows("fifo", pages, 5000 + 1000 * factor, 400)
        rows += guest_rows("reuse", pages, 5000 + 200 * factor, 100)
    return rows


def averages():
    """means are geometric, spreads are medians with both ends"""
    assert abs(figures.geomean([0.25, 1, 4, 1]) - 1) < 1e-12
    assert figures.geomean([]) is None and figures.geomean([1, 0]) is None
    assert figures.spread([3, None, 1, 2]) == (2, 1, 3)
    assert figures.spread([None]) is None


def floors_are_taken_off():
    """faults count above the floor of the same trace and regions"""
    plays = figures.by_play([plays_row("fifo", "zipf", 0, 100),
                             plays_row("fifo", "zipf", 96, 1100),
                             plays_row("reuse", "zipf", 96, 350),
                             plays_row("reuse", "scan", 96, 350)])
    assert figures.pool_ratios(plays, "reuse", 96, 256, plan.TRACES) \
        == {"zipf": 0.25}
    assert figures.sweeps(plays, "reuse", 96) == (3, 7, 0)
    assert figures.sweeps(plays, "clock", 96) is None


def the_middle_of_repeated_plays_counts():
    """one play that costs more or less than its like moves no ratio"""
    rows = [{**plays_row(policy, "hotscan", 0, 257), "run_tsc": run_tsc}
            for policy, times in (("fifo", (98, 100, 101)),
                                  ("reuse", (100, 90, 100)))
            for run_tsc in times]
    plays = figures.by_middle_play(rows)
    assert [row[2] for row in goals.of_icount(plays)][-1] == "1.000", plays


def loads_are_differences():
    """a load costs what was counted between its samples; life is all"""
    loads = figures.by_load(guest_rows("reuse", 160, 30, 2))["reuse", 160]
    assert loads["mix"]["stats"] == {
        "pf_taken": 30, "mmu_recycled": 2, "mmu_cache_miss": 0,
        "mmu_refault_permille": [0, 30]}, loads
    assert loads["mix"]["calls"] == {"kvm_mmu_page_fault": 90}
    assert loads["life"]["stats"]["pf_taken"] == 1030


def loads_that_do_not_end_are_left_out():
    """a guest that died within a load has no figure for it"""
    loads = figures.by_load(guest_rows("reuse", 160, 30, 2)[:3])
    assert loads == {}, loads


def repeats_have_their_own_floor():
    """ratios are made within a boot, medians over boots"""
    repeats = [figures.by_load(linux_unit(factor)) for factor in (1, 2, 4)]
    assert figures.linux_ratios(repeats, "mix", "pf_taken", figures.STOCK)[
        "reuse", 256] == [0.2, 0.2, 0.2]
    assert figures.linux_cells(repeats, "mix", "pf_taken", figures.STOCK)[
        "fifo", 160] == [1000, 2000, 4000]
    met = [row[3] for row in goals.of_linux(repeats)]
    assert met == ["yes", "yes", "yes"], met


def a_policy_may_have_a_floor_of_its_own():
    """a policy that has fewer faults without a limit is told from FIFO"""
    rows = linux_unit(1) + guest_rows("reuse", 0, 4900, 0)

    def faults(above):
        return figures.linux_cells([figures.by_load(rows)], "mix", "pf_taken",
                                   above)["reuse", 256]
    assert faults(figures.ZERO) == [5200]
    assert faults(figures.STOCK) == [200]
    assert faults(figures.OWN) == [300]


def goals_are_met_or_not():
    """a goal is met, missed, or not measured"""
    assert goals.row("x", 0.5, 0.5)[3] == "yes"
    assert goals.row("x", 0.5, 0.501)[3] == "**no**"
    assert goals.row("x", 0.5, None)[3] == goals.NOT_MEASURED
    assert {row[3] for row in goals.of_traces({}, {})} == {goals.NOT_MEASURED}
    assert {row[3] for row in goals.of_linux([])} == {goals.NOT_MEASURED}


def units_have_names_of_their_own():
    """no two units share a file, and repeats keep their words"""
    three, five = plan.units(3), plan.units(5)
    assert len({unit.name for unit in five}) == len(five)
    assert set(three) < set(five)
    assert [u.repeat for u in five] == sorted(u.repeat for u in five)


def files_are_of_one_kernel():
    """another kernel, other words or a torn file: to be measured again"""
    unit, other = plan.units(1)[:2]
    with tempfile.TemporaryDirectory() as directory:
        rows = [{"policy": "fifo", "text": "a\nb"}]
        kept.save(directory, unit, "k1", rows, 3)
        assert kept.load(directory, unit, "k1") == (rows, None)
        assert kept.load(directory, unit, "k2")[0] is None
        assert kept.load(directory, other, "k1") == (None, "not measured")
        path = os.path.join(directory, unit.name + ".json")
        with open(path, "r+", encoding="utf-8") as file:
            file.truncate(os.path.getsize(path) - 5)
        assert kept.load(directory, unit, "k1")[1].startswith("unreadable")
        with open(path, "w", encoding="utf-8"):
            pass
        assert kept.load(directory, unit, "k1")[0] is None


def reports_are_made_of_files():
    """the table is made of the kept units alone"""
    with tempfile.TemporaryDirectory() as directory:
        os.mkdir(f"{directory}/kernel")
        with open(f"{directory}/kernel/bzImage", "w", encoding="ascii") as f:
            f.write(KERNEL)
        kernel = kept.sum_of(f"{directory}/kernel/bzImage")
        for unit in plan.units(2):
            if unit.kind == "linux":
                kept.save(f"{directory}/runs", unit, kernel, linux_unit(1), 1)
        done = subprocess.run(
            [f"{BENCH}/report", directory], capture_output=True, text=True,
            env={**os.environ, "DENSITY_BUILD": directory}, check=False)
        assert not done.returncode, done.stderr
        assert "| 256 | reuse | 200 (200..200) | 0.200 (0.200..0.200) |" \
            in done.stdout, done.stdout
        assert os.path.getsize(f"{directory}/plot.svg") > 1000
        with open(f"{directory}/kernel/bzImage", "a", encoding="ascii") as f:
            f.write(", and another")
        done = subprocess.run(
            [f"{BENCH}/report", directory], capture_output=True, text=True,
            env={**os.environ, "DENSITY_BUILD": directory}, check=False)
        assert done.returncode and "no unit" in done.stderr, done


def bad_variables_are_refused():
    """ONLY and REPEATS are checked before anything is booted"""
    for name, value in (("ONLY", "trace"), ("REPEATS", "0"),
                        ("REPEATS", "-1")):
        done = subprocess.run([f"{BENCH}/run"], capture_output=True, text=True,
                              env={**os.environ, name: value}, check=False)
        assert done.returncode == 1 and name in done.stderr, done


if __name__ == "__main__":
    run_tests([
        averages, floors_are_taken_off,
        the_middle_of_repeated_plays_counts, loads_are_differences,
        loads_that_do_not_end_are_left_out, repeats_have_their_own_floor,
        a_policy_may_have_a_floor_of_its_own, goals_are_met_or_not,
        units_have_names_of_their_own, files_are_of_one_kernel,
        reports_are_made_of_files, bad_variables_are_refused])
