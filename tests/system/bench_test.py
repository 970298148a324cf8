#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""The tuning bench over several sittings, with made-up runs: no ksmd needed."""
import contextlib
import importlib.machinery
import importlib.util
import io
import json
import os
import shutil
import subprocess
import sys
import tempfile
from types import SimpleNamespace

from density import TOP, run_tests

sys.dont_write_bytecode = True
BENCH = os.path.join(TOP, "experiments/tuning")
sys.path.insert(0, BENCH)

import figures      # noqa: E402
import goals        # noqa: E402
import origin       # noqa: E402
import runs         # noqa: E402
import scenarios    # noqa: E402

SECONDS = 130
HOST = {"kernel": "6.1.0", "cpu": "A CPU", "ncpus": 2, "page_size": 4096,
        "mem_mib": 8000}
OF = {"scenario": "s1", "controller": "c1"}


def load_run_script():
    loader = importlib.machinery.SourceFileLoader("bench_run",
                                                  f"{BENCH}/run")
    spec = importlib.util.spec_from_loader("bench_run", loader)
    module = importlib.util.module_from_spec(spec)
    loader.exec_module(module)
    return module


bench_run = load_run_script()


@contextlib.contextmanager
def directory():
    path = tempfile.mkdtemp(prefix="density-bench-test-")
    try:
        yield path
    finally:
        shutil.rmtree(path)


def made_up_run(scenario="quiet", controller="oracle", repeat=0, pages=1000,
                us_per_s=1000, foreign=0, mapped=4000, **other):
    """A second between samples; of @mapped, @pages saved from 11 s on."""
    t = range(SECONDS + 1)
    saved = [pages if s > 10 else 0 for s in t]
    none = [0] * len(t)
    series = {"t_ms": [s * 1000 for s in t], "saved": saved,
              "mapped": [mapped if s > 10 else 0 for s in t],
              "counted": [p + foreign for p in saved],
              "own_merging": [2 * p for p in saved], "own_zero": none,
              "shared": saved, "ksmd_us": [s * us_per_s for s in t],
              "control_us": [s * 10 for s in t],
              "scanned": [100 * s if s > 10 else 0 for s in t],
              "skipped": none, "scan_pages": none, "sleep_ms": none}
    return {"scenario": scenario, "controller": controller,
            "repeat": repeat, "seconds": SECONDS, "rss_kib": 5000,
            "at": "2026-01-01T00:00:00Z", "boot": "b1",
            "sitting": "2026-01-01T00:00:00Z", "host": HOST,
            "loadavg": 0.5, "took_s": 134.0, "of": OF, "fault": None,
            "marks": {"arrive": 10, "last_arrive": 10, "rewrite": 80,
                      "rewritten": 81}, "series": series, **other}


def failed(run):
    run = {**run, "fault": "it did not start"}
    del run["series"]
    return run


def report(out, *options):
    return subprocess.run([f"{BENCH}/report", *options, out],
                          capture_output=True, text=True)


def columns_survive_packing():
    """a column of samples survives packing"""
    for values in ([], [0], [5, 5, 5], [-3, 7, 7, 0, -100], [10 ** 15, 1],
                   list(range(1000))):
        assert runs.unpack(runs.pack(values)) == values, values
    assert len(runs.pack(list(range(1000)))) < 20


def saved_runs_come_back():
    """a saved run comes back as it was"""
    with directory() as tmp:
        run = made_up_run()
        runs.save(tmp, run)
        assert os.listdir(tmp) == ["quiet-oracle-1.json"]
        assert runs.load(tmp) == ([run], [])


def damage_is_told():
    """a damaged file is named and neither used nor removed"""
    with directory() as tmp:
        runs.save(tmp, made_up_run())
        with open(f"{tmp}/quiet-oracle-1.json", encoding="ascii") as f:
            good = f.read()
        lacking = json.loads(good)
        del lacking["host"]
        short = json.loads(good)
        short["series"]["saved"] = "0 1 1"
        for text in ("", "{", "[]", "{}", good[:-200], good.replace(
                '"repeat": 0', '"repeat": 1'), json.dumps(lacking),
                json.dumps(short), good.replace('"mem_mib"', '"x"'),
                good.replace('"format": 1', '"format": 2'),
                good.replace('"t_ms": "0 ', '"t_ms": "zero ')):
            with open(f"{tmp}/quiet-oracle-1.json", "w",
                      encoding="ascii") as f:
                f.write(text)
            kept, damaged = runs.load(tmp)
            assert not kept and len(damaged) == 1, text[:80]
            assert os.path.exists(damaged[0][0])


def only_what_changed_is_made_again():
    """a changed controller makes its own runs stale and nobody else's"""
    ours, peer = SimpleNamespace(name="density-yield"), \
        SimpleNamespace(name="stock")
    plan = [(0, "quiet", ours), (0, "quiet", peer), (1, "quiet", peer)]
    kept = [made_up_run(controller="density-yield"),
            made_up_run(controller="stock")]

    def left(of):
        with contextlib.redirect_stdout(io.StringIO()):
            return bench_run.remaining(plan, kept, of)

    assert left(lambda s, c: OF) == plan[2:]
    assert left(lambda s, c: {**OF, "controller": "c2"}
                if c is ours else OF) == [plan[0], plan[2]]
    assert left(lambda s, c: {**OF, "scenario": "s2"}) == plan


def what_failed_is_made_again():
    """a failed run and one that others' pages got into are made again"""
    assert runs.stale(made_up_run(), OF) is None
    assert runs.stale(failed(made_up_run()), OF) == "it failed"
    assert "others" in runs.stale(made_up_run(foreign=500), OF)


def one_directory_one_host():
    """runs of another host, kernel or length are refused, not mixed"""
    kept = [made_up_run()]
    runs.claim(kept, {**HOST, "mem_mib": 8003}, SECONDS)
    for host, seconds in (({**HOST, "kernel": "6.12"}, SECONDS),
                          ({**HOST, "cpu": "B CPU"}, SECONDS),
                          ({**HOST, "mem_mib": 16000}, SECONDS),
                          (HOST, 30)):
        try:
            runs.claim(kept, host, seconds)
        except runs.Mixed:
            continue
        raise AssertionError(f"{host} and {seconds} s were accepted")


def options(out, **other):
    everybody = {c.name: c for c in bench_run.controllers.table()}
    return SimpleNamespace(**{
        "repeats": 2, "seconds": SECONDS, "scenarios": ["quiet"],
        "controllers": [everybody["oracle"], everybody["stock"]],
        "fresh": False, "out": out, "runs": f"{out}/runs", **other})


def sit(opt, until=None, fail=False):
    """A sitting in which @until ends the run of that number by Ctrl-C.

    Returns the labels of the runs that were begun.
    """
    begun = []

    def attempts(kind, controller, opt, binary, label):
        begun.append(label)
        if until and len(begun) == until:
            raise KeyboardInterrupt
        run = made_up_run(controller=controller.name)
        if fail:
            run = failed(run)
        return {k: run[k] for k in ("series", "marks", "fault", "rss_kib")
                if k in run}

    old = (bench_run.attempts, bench_run.build_workload, bench_run.LET_GO_S,
           bench_run.os.geteuid, origin.host)
    bench_run.attempts, bench_run.LET_GO_S = attempts, 0
    origin.host = lambda: HOST
    bench_run.build_workload = lambda tools: ""
    bench_run.os.geteuid = lambda: 0
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            bench_run.bench(opt)
    except KeyboardInterrupt:
        pass
    finally:
        (bench_run.attempts, bench_run.build_workload, bench_run.LET_GO_S,
         bench_run.os.geteuid, origin.host) = old
    return begun


def interrupted_benches_go_on():
    """after Ctrl-C the same command makes the rest, then nothing"""
    with directory() as out:
        first = sit(options(out), until=2)
        second = sit(options(out))
        assert len(first) == 2 and len(second) == 3, (first, second)
        assert second[0] == first[1]
        assert len(set(first + second)) == 4
        assert sit(options(out)) == []
        assert len(sit(options(out, repeats=3))) == 2
        assert len(sit(options(out, fresh=True))) == 4


def failures_replace_no_samples():
    """a run that fails does not take the place of samples"""
    with directory() as out:
        old = made_up_run(of={**OF, "scenario": "before"})
        runs.save(f"{out}/runs", old)
        sit(options(out, repeats=1), fail=True)
        kept, _ = runs.load(f"{out}/runs")
        assert old in kept
        assert [r["fault"] for r in kept if "series" not in r] \
            == ["it did not start"]     # stock had none
        assert len(sit(options(out, repeats=1))) == 2


def foreign_directories_are_left_alone():
    """runs of another length stop the bench before it deletes or makes any"""
    with directory() as out:
        runs.save(f"{out}/runs", made_up_run())
        try:
            sit(options(out, seconds=30))
        except ValueError as e:
            assert "FRESH=1" in str(e)
        else:
            raise AssertionError("30 s were mixed with 130 s")
        assert len(runs.load(f"{out}/runs")[0]) == 1


def reports_tell_the_sittings():
    """the report tells over how many sittings and dates it was measured"""
    with directory() as out:
        runs.save(f"{out}/runs", made_up_run())
        runs.save(f"{out}/runs", made_up_run(
            controller="stock", at="2026-01-03T00:00:00Z", boot="b2",
            sitting="2026-01-03T00:00:00Z"))
        done = report(out, "--json", f"{out}/all.json")
        assert done.returncode == 0, done.stderr
        assert "2 runs of 130 s each, made in 2 sittings and 2 boots of " \
            "one host, 2026-01-01 to 2026-01-03" in done.stdout
        with open(f"{out}/all.json", encoding="utf-8") as f:
            assert json.load(f)["runs"][0]["series"] \
                == made_up_run()["series"]


def reports_refuse_a_mixture():
    """the report refuses runs of two hosts"""
    with directory() as out:
        runs.save(f"{out}/runs", made_up_run())
        runs.save(f"{out}/runs", made_up_run(
            controller="stock", host={**HOST, "kernel": "6.12"}))
        done = report(out)
        assert done.returncode == 1 and "another host" in done.stderr
        assert not os.path.exists(f"{out}/table.md")


def reports_leave_out_what_was_before():
    """a controller's runs of before its change are in no median"""
    with directory() as out:
        runs.save(f"{out}/runs", made_up_run())
        runs.save(f"{out}/runs", made_up_run(controller="stock", repeat=0))
        runs.save(f"{out}/runs", made_up_run(
            controller="stock", repeat=1, of={**OF, "controller": "c2"},
            at="2026-01-02T00:00:00Z"))
        text = report(out).stdout
        assert "has changed since: quiet-stock-1." in text
        assert "| stock | 1 |" in text


def comments_cost_no_runs():
    """comments and layout change no fingerprint, code does"""
    c = 'int f(void)\n{\n\treturn g("/* kept */");\n}\n'
    same = '/* new */\nint f(void) {\n  return g("/* kept */"); // x\n}'
    assert origin.c_code(c) == origin.c_code(same)
    assert origin.c_code(c) != origin.c_code(c.replace("kept", "lost"))
    py = 'X = 1\nclass A:\n    """Doc."""\n    x = X\nclass B:\n    y = 2\n'

    def code(text):
        return origin.python_code(text, "A")
    assert code(py) == code(py.replace("Doc.", "Words.") + "# end\n")
    assert code(py) == code(py.replace("y = 2", "y = 3"))
    assert code(py) != code(py.replace("X = 1", "X = 2"))


def scenarios_are_told_apart():
    """each scenario and controller has a fingerprint of its own"""
    kinds = [origin.of_scenario(s) for s in scenarios.TABLE.values()]
    assert len(set(kinds)) == len(kinds)
    fixed = [origin.of_controller(c) for c in bench_run.controllers.table()
             if isinstance(c, bench_run.controllers.Fixed)]
    assert len(set(fixed)) == len(fixed) > 4
    with directory() as tmp:        # newer than all sources
        binary = f"{tmp}/densityd"
        with open(binary, "w", encoding="ascii") as f:
            f.write("one")
        os.utime(binary, (2 ** 33, 2 ** 33))
        laws = [origin.digest(origin.of_densityd(binary, law, True))
                for law in ("yield", "static", "ksmtuned", "scan-time")]
        assert len(set(laws)) == 4
        os.utime(binary, (0, 0))
        try:
            origin.of_densityd(binary, "yield", True)
        except ValueError as e:
            assert "make build" in str(e)
        else:
            raise AssertionError("a binary older than its sources passed")
        assert origin.of_densityd(binary, "yield", False) == [b"one"]


def what_nobody_mapped_is_no_loss():
    """kept is told from what exists, whatever a run's guests mapped"""
    def kept(run):
        f = figures.of_run(run, SECONDS, figures.CONVERGED_S, oracle)
        return f["kept_before_share"], f["kept_share"]

    oracle = figures.oracle_of([made_up_run()], SECONDS, figures.CONVERGED_S)
    assert kept(made_up_run()) == (1, 1)
    assert kept(made_up_run(pages=900)) == (0.9, 0.9)
    assert kept(made_up_run(pages=900, mapped=3900)) == (1, 1)
    assert kept(made_up_run(pages=1100, mapped=4200)) == (0.9, 0.9)


def goals_are_met_or_not():
    """a goal is met, missed or not measured, and never is never met"""
    law = {"t90_arrive_s": figures.NEVER, "per_cpu_s": 10.0,
           "area_share": 0.95, "control_s": 0.09}
    peer = {"t90_arrive_s": figures.NEVER, "per_cpu_s": 4.0,
            "area_share": 0.8}
    poor = {"t90_arrive_s": 1.0, "per_cpu_s": 50.0, "area_share": 0.7}
    table = {goals.LAW: [law], "advisor10": [peer], "stock": [poor]}
    f = goals.Figures(table, 2 * goals.PER_S)
    met = {g.text: g.line(f)[2] for g in goals.GOALS
           if "quiet" in g.scenarios and g.key in law}
    assert met["A, of the oracle's"] == "yes"
    assert met["90 % after arrival, s: half of advisor10's"] == "**no**"
    assert met["90 % after arrival, s: 2 x aggressive's"] \
        == goals.NOT_MEASURED
    assert f.best_peer() == (4.0, "advisor10")      # stock saves too little
    assert met["A / C, times the best peer's"] == "yes"
    assert met["the daemon's own CPU-s per 130 s"] == "yes"


def the_worst_run_is_told():
    """a goal that only the median meets says so"""
    law = [{"area_share": share} for share in (0.99, 0.98, 0.90)]
    row = goals.GOALS[0].line(goals.Figures({goals.LAW: law}, SECONDS))
    assert row[1:] == ("0.980 (worst 0.900)",
                       "yes, stretch, but not in each run"), row


if __name__ == "__main__":
    run_tests([
        columns_survive_packing, saved_runs_come_back, damage_is_told,
        only_what_changed_is_made_again, what_failed_is_made_again,
        one_directory_one_host, interrupted_benches_go_on,
        failures_replace_no_samples, foreign_directories_are_left_alone,
        reports_tell_the_sittings, reports_refuse_a_mixture,
        reports_leave_out_what_was_before, comments_cost_no_runs,
        scenarios_are_told_apart, what_nobody_mapped_is_no_loss,
        goals_are_met_or_not,
        the_worst_run_is_told])
