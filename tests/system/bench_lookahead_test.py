#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Lookahead's bench with made-up counts and a made-up guest: no kernel, no
QEMU."""
import contextlib
import json
import os
import subprocess
import sys
import tempfile

from density import TOP, run_tests

sys.dont_write_bytecode = True
BENCH = os.path.join(TOP, "experiments/lookahead")
sys.path.insert(0, BENCH)

import figures      # noqa: E402
import goals        # noqa: E402
import images       # noqa: E402
import plan         # noqa: E402

COLUMNS = ("cpu_ns", "pages_scanned", "pages_sharing", "ksm_zero_pages",
           "tree_steps", "compares", "index_bytes")


def at(cpu_ms, sharing):
    """A row of counters: all else grows with the CPU time."""
    return [cpu_ms * 1000000, cpu_ms * 100, sharing, 0, cpu_ms * 10,
            cpu_ms * 5, 64]


def one_run(config, samples, round_=0):
    """The replayer's lines of a run. @samples: (ms, pages shared)."""
    yield {"run": "any", "config": config, "round": round_}
    yield {"mark": "begin", "at": at(0, 0)}
    yield {"mark": "moment", "at": at(0, 0)}
    for sample in samples:
        yield {"sample": at(*sample)}
    yield {"mark": "end", "at": at(*samples[-1])}


def lines(*runs):
    yield {"columns": COLUMNS}
    for run in runs:
        yield from run
    yield {"done": "any"}


def parsed(*runs):
    return figures.parse(json.dumps(line) for line in lines(*runs))


def means_weigh_what_they_say():
    """over time each sample weighs the same, over CPU what it took"""
    (run,), _, done = parsed(one_run("off", [(10, 0), (20, 300), (50, 600)]))
    assert done
    assert figures.mean_saved(run) == 300
    assert figures.mean_saved_over_cpu(run) == (300 * 10 + 600 * 30) / 50


def ninety_per_cent_are_those_of_off():
    """what a setting took to 90 % is counted to off's 90 %, or it never came"""
    judged = figures.judge(parsed(
        one_run("off", [(10, 500), (20, 900), (40, 1000)]),
        one_run("both", [(5, 899), (10, 950), (15, 2000)]),
        one_run("index", [(5, 100)]))[0])
    assert judged["off"]["cpu_ns_to_90"] == 20e6
    assert judged["both"]["cpu_ns_to_90_ratio"] == 0.5
    assert judged["both"]["saved_ratio"] == 2
    assert judged["index"]["cpu_ns_to_90"] == figures.NEVER


def rounds_give_their_median():
    """a figure is the median of the rounds, and a ratio one of medians"""
    judged = figures.judge(parsed(*(
        one_run(config, [(ms * factor, 100)], round_)
        for config, factor in (("off", 2), ("both", 1))
        for round_, ms in enumerate((10, 90, 20))))[0])
    assert judged["off"]["cpu_ms"] == 40
    assert judged["both"]["cpu_ns_ratio"] == 0.5


def torn_runs_do_not_count():
    """a run without its end is none, and its file not complete"""
    torn = list(lines(one_run("off", [(10, 5)]), one_run("both", [(10, 5)])))
    runs, _, done = figures.parse(json.dumps(line) for line in torn[:-2])
    assert [run.config for run in runs] == ["off"] and not done


def limits_hold_on_their_side():
    """a goal is met on its side of the limit, and not without a figure"""
    least = goals.Goal("x", "two", "both", "x", ">=", 2)
    most = goals.Goal("x", "two", "both", "x", "<=", 2)
    for value, met in ((1, "**no**"), (2, "yes"), (3, "yes")):
        assert least.line({"two": {"both": {"x": value}}})[3] == met
    assert most.line({"two": {"both": {"x": 3}}})[3] == "**no**"
    assert most.line({"two": {"off": {"x": 3}}})[3] == goals.NOT_MEASURED


def keep(directory, name, *runs):
    path = plan.path(directory, name)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    first = {"scenario": name, "of": "made up", "rounds": 1, "took_s": 1}
    with open(path, "w", encoding="ascii") as file:
        for line in (first, *lines(*runs)):
            file.write(json.dumps(line) + "\n")


def budgets_are_what_off_took():
    """with equal CPU, each setting gets what off took between two pictures"""
    with tempfile.TemporaryDirectory() as directory:
        assert plan.lacks("desktop-cpu", directory) == "desktop"
        assert plan.arguments("desktop-cpu", directory) == []
        keep(directory, "desktop", one_run("off", [(30, 10)]))
        assert plan.lacks("desktop-cpu", directory) is None
        assert plan.arguments("desktop-cpu", directory) \
            == ["--moment-us", "30000"]
        assert plan.arguments("desktop", directory, 7) == ["--moment-pages", "7"]


def reports_are_made_of_files():
    """the tables and the plot are made of the kept runs alone"""
    with tempfile.TemporaryDirectory() as directory:
        for name in ("two", "desktop", "desktop-cpu"):
            keep(directory, name,
                 one_run("off", [(50, 500), (100, 1000)]),
                 one_run("both", [(20, 800), (100, 2000)]))
        done = subprocess.run([f"{BENCH}/report", directory], text=True,
                              capture_output=True, check=False)
        assert not done.returncode, done.stderr
        assert "| two, both: merges per CPU-s | >= 1.7 | 2.000 | yes |" \
            in done.stdout, done.stdout
        assert "| desktop-cpu, both: average shared pages, same CPU (slides: " \
            "2) | >= 2 | 2.347 | yes |" in done.stdout, done.stdout
        assert "| desktop | 2.000 | - | - | - | 2.347 |" in done.stdout
        assert os.path.getsize(f"{directory}/plot.svg") > 1000


def pictures_hold_what_changed():
    """the first picture is what was written, the next what is new in it"""
    page = images.PAGE
    with tempfile.TemporaryDirectory() as directory:
        ram = images.Ram(f"{directory}/ram")
        with open(ram.path, "wb") as file:
            file.truncate(64 * page)
            for frame, byte in ((3, b"a"), (4, b"b"), (9, b"c")):
                file.seek(frame * page)
                file.write(byte * page)
        ram.save(directory, "one-00")
        with open(ram.path, "r+b") as file:
            file.seek(4 * page)
            file.write(b"d" * page)
        ram.save(directory, "one-01")
        with open(f"{directory}/one-00.map", encoding="ascii") as file:
            assert file.read() == "3 2\n9 1\n"
        assert list(images.read_pages(directory, "one-01")) == [b"d" * page]


def disks_are_those_of_the_pictures():
    """the desktop's disk is made for the desktop alone"""
    assert images.disks({"desktop-b"}) == {images.DESKTOP}
    assert images.disks({"guest-a", "boot-a"}) == {images.DISK}
    assert images.disks(set()) == set()


@contextlib.contextmanager
def guest_that_says(text):
    """images.Guest over a program in QEMU's place, which says @text."""
    command = images.command
    images.command = lambda *args: ["printf", text]
    try:
        with tempfile.TemporaryDirectory() as directory:
            guest = images.Guest("", directory, images.DISK, 1, 1, "")
            try:
                yield guest
            finally:
                guest.close()
    finally:
        images.command = command


def loads_that_fail_are_told():
    """a load that fails or a guest that ends makes no picture"""
    for text, word in (("failed desktop\\n", "failed desktop"),
                       ("oh no", "ended early")):
        with guest_that_says(text) as guest:
            try:
                names = list(guest.moments())
            except images.Failed as e:
                assert word in str(e), e
            else:
                raise AssertionError(f"{text} gave {names}")


def bad_variables_are_refused():
    """SCENARIO, ROUNDS and ONLY are checked before anything is booted"""
    for name, value in (("SCENARIO", "desk"), ("ROUNDS", "0"), ("ONLY", "on"),
                        ("MOMENT_PAGES", "-1")):
        done = subprocess.run([f"{BENCH}/run"], capture_output=True, text=True,
                              env={**os.environ, name: value}, check=False)
        assert done.returncode == 1 and name in done.stderr, done


if __name__ == "__main__":
    run_tests([
        means_weigh_what_they_say, ninety_per_cent_are_those_of_off,
        rounds_give_their_median, torn_runs_do_not_count,
        limits_hold_on_their_side, budgets_are_what_off_took,
        reports_are_made_of_files, pictures_hold_what_changed,
        disks_are_those_of_the_pictures, loads_that_fail_are_told,
        bad_variables_are_refused])
