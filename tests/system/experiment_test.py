#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""densityctl experiment: a real densityd on a fake host takes turns."""
import json
import os
import signal
import subprocess
import time

from density import DENSITYCTL, TOP, Daemon, Host, run_tests, wait_for

GUEST = b"/usr/bin/qemu-system-x86_64\0-accel\0kvm\0-name\0guest=web-1\0"
PLAN = """[experiment]
warm_up = 1s
span = 10s
rounds = 1

[configuration few]
pages_to_scan = 300

[configuration many]
pages_to_scan = 700
sleep_millisecs = 33
"""


class Experiment:
    """A host, its daemon, and a plan that can be run."""

    def __init__(self, plan=PLAN):
        self.host = Host(run=1)
        self.host.process(4321, "qemu-system-x86", rss=50000, cmdline=GUEST,
                          mergeable=True)
        self.host.conf("[control]\nlaw = static\ninterval = 200ms\n[static]\n"
                       "pages_to_scan = 500\nsleep_millisecs = 20\n"
                       "[history]\nflush = 1s\n")
        self.plan = self.host.path("turns.plan")
        with open(self.plan, "w", encoding="utf-8") as f:
            f.write(plan)
        self.daemon = Daemon(self.host)

    def __enter__(self):
        self.daemon.__enter__()
        self.daemon.ready()
        return self

    def __exit__(self, *unused):
        self.daemon.__exit__()
        self.host.__exit__()

    def command(self, *args):
        return [DENSITYCTL, "--socket", self.daemon.sock, "--db",
                self.host.path("var/lib/densityd/history.db"), *args]

    def run(self, *args):
        return subprocess.run(self.command(*args), capture_output=True,
                              text=True, timeout=120)

    def start(self):
        return subprocess.Popen(self.command("experiment", "run", self.plan),
                                stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, text=True)

    def knobs(self):
        return (self.host.knob("pages_to_scan"),
                self.host.knob("sleep_millisecs"))

    def overrides(self):
        return {o["key"]: o for o in
                self.daemon.call("GetStatus")["overrides"]}


def test_turns_are_taken_and_told():
    """each configuration has its turn, nothing of it is left, compare tells"""
    with Experiment() as e:
        with e.start() as process:
            wait_for("the first", lambda: e.knobs() == ("300", "20"))
            wait_for("the second", lambda: e.knobs() == ("700", "33"))
            out, err = process.communicate(timeout=60)
        assert process.returncode == 0, err
        assert "few, 1 turn" in out and "many, 1 turn" in out, out
        assert not e.overrides()
        wait_for("the policy", lambda: e.knobs() == ("500", "20"))
        svg = e.host.path("outcome.svg")
        told = e.run("compare", "--experiment", "turns", "--svg", svg,
                     "--json")
        assert told.returncode == 0, told.stderr
        cells = {(c["configuration"], c["measure"]): c
                 for c in json.loads(told.stdout)["cells"]}
        for name in ("few", "many"):
            span = cells[name, "span_s"]
            assert span["turns"] == 1 and 9 < span["median"] < 12, span
            assert cells[name, "available_gib_mean"]["median"] > 0
        with open(svg, encoding="utf-8") as f:
            assert "many" in f.read()
        # All is done: the same command only tells.
        again = e.run("experiment", "run", e.plan)
        assert "0 of 2 turns" in again.stderr, again.stderr
        assert again.returncode == 0 and "many, 1 turn" in again.stdout


def test_a_stopped_one_goes_on():
    """SIGINT leaves no override; the same command goes on behind whole turns"""
    with Experiment() as e:
        with e.start() as process:
            wait_for("the second", lambda: e.knobs() == ("700", "33"))
            process.send_signal(signal.SIGINT)
            err = process.communicate(timeout=60)[1]
        assert process.returncode == 1 and "goes on" in err, err
        assert not e.overrides()
        wait_for("the policy", lambda: e.knobs() == ("500", "20"))
        wait_for("the first turn is written", lambda: e.run(
            "compare", "--experiment", "turns").returncode == 0)
        with e.start() as process:
            wait_for("the second", lambda: e.knobs() == ("700", "33"))
            out, err = process.communicate(timeout=60)
        assert process.returncode == 0, err
        assert "1 of 2 turns" in err and "many, 1 turn" in out, (out, err)


def test_a_busy_host_ends_none():
    """a daemon that answers late is waited for"""
    with Experiment() as e:
        with e.start() as process:
            wait_for("the first", lambda: e.knobs() == ("300", "20"))
            # Longer than densityctl waits where somebody looks on.
            e.daemon.process.send_signal(signal.SIGSTOP)
            time.sleep(9)
            assert process.poll() is None, process.communicate()
            e.daemon.process.send_signal(signal.SIGCONT)
            err = process.communicate(timeout=60)[1]
        assert process.returncode == 0, err


def test_a_killed_one_leaves_nothing_for_long():
    """its overrides end by themselves when densityctl was killed"""
    with Experiment() as e:
        with e.start() as process:
            wait_for("the first", lambda: e.knobs() == ("300", "20"))
            process.kill()
            process.communicate(timeout=60)
        left = e.overrides()
        assert left and all(0 < o["left_s"] <= 42 for o in left.values()), left


def test_the_plan_that_is_shipped_is_taken():
    """policy/laws.plan begins"""
    with Experiment() as e:
        e.plan = os.path.join(TOP, "policy", "laws.plan")
        with e.start() as process:
            wait_for("its law", lambda: e.overrides().get("law", {})
                     .get("value") == "yield")
            process.send_signal(signal.SIGINT)
            err = process.communicate(timeout=60)[1]
        assert "6 of 6 turns" in err and not e.overrides(), err


def test_somebody_else_ends_it():
    """an override of somebody else ends the experiment, and stays"""
    with Experiment() as e:
        with e.start() as process:
            wait_for("the first", lambda: e.knobs() == ("300", "20"))
            e.daemon.call("Set", key="pages_to_scan", value="444")
            err = process.communicate(timeout=60)[1]
        assert process.returncode == 1 and "somebody else" in err, err
        assert list(e.overrides()) == ["pages_to_scan"]
        assert e.knobs() == ("444", "20")
        early = e.run("experiment", "run", e.plan)
        assert early.returncode == 1 and "somebody" in early.stderr, early


BAD = (
    (PLAN.replace("span = 10s", "span = 1s"), ":3: span: "),
    (PLAN.replace("span = 10s\n", ""), "expected a span"),
    (PLAN.replace("rounds = 1", "rounds = 0"), ":4: rounds: "),
    (PLAN.replace("rounds = 1", "rounds = 1\nrounds = 2"), "expected it once"),
    (PLAN.replace("rounds", "turns"), ":4: found \"turns\""),
    (PLAN.replace("300", "-3"), ":7: pages_to_scan: "),
    (PLAN.replace("pages_to_scan = 300", "colour = 3"), ":7: unknown key"),
    (PLAN.replace("[configuration few]", "[configuration f e w]"), ":7: "),
    (PLAN.replace("many]", "few]"), ":10: "),
    (PLAN.replace("[configuration many]", "[night]"), ":10: found \"[night]"),
    (PLAN.replace("pages_to_scan = 300\n", ""), "a setting in every section"),
    (PLAN[:PLAN.index("[configuration many]")], "two sections"),
    ("[experiment]\nname = ../x\n", ":2: name: "),
    ("warm_up = 1s\n", ":1: "),
    ("\x1b[31m\n", ":1: "),
    ("", "expected a span"),
)


def test_bad_plans():
    """a bad plan is told by line and what was expected, and changes nothing"""
    with Experiment() as e:
        for text, expected in BAD:
            with open(e.plan, "w", encoding="utf-8") as f:
                f.write(text)
            done = e.run("experiment", "run", e.plan)
            assert done.returncode == 2, (text, done)
            assert expected in done.stderr, (text, expected, done.stderr)
            assert "\x1b" not in done.stderr
        assert not e.overrides()
        for args, code in ((("experiment", "walk", e.plan), 2),
                           (("experiment", "run", "/nowhere.plan"), 2),
                           (("compare", "--experiment", "none"), 1),
                           (("compare", "--experiment", "a", "b", "c"), 2),
                           (("compare", "a"), 2)):
            assert e.run(*args).returncode == code, args


def test_end_turn_is_checked():
    """what would go into the history is a name and a number, or refused"""
    good = {"experiment": "a", "plan": "b", "configuration": "c", "round": 1,
            "from_ms": 1, "to_ms": 2}
    with Experiment() as e:
        e.daemon.call("EndTurn", **good)
        for key, value in (("experiment", "a\"b"), ("plan", "x" * 33),
                           ("configuration", ""), ("round", 0),
                           ("from_ms", 2), ("to_ms", "x"), ("round", None)):
            try:
                e.daemon.call("EndTurn", **{**good, key: value})
            except Exception as error:  # the daemon's, of any name
                assert "expected" in str(vars(error)), error
            else:
                raise AssertionError(f"took {key}={value!r}")


if __name__ == "__main__":
    run_tests([f for name, f in list(globals().items())
               if name.startswith("test_")])
