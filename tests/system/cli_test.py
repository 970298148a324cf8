#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""densityctl against a daemon made of a few lines of Python, a made-up history
and a real pseudo-terminal.

Prints TAP. DENSITY_BUILD names the build directory (default: build/ in the
checkout). Nothing outside a temporary directory is touched.
"""
import atexit
import csv
import fcntl
import html.parser
import io
import json
import os
import pty
import re
import resource
import select
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import termios
import threading
import time
import xml.etree.ElementTree as ElementTree

HERE = os.path.dirname(os.path.abspath(__file__))
BUILD = os.path.abspath(os.environ.get("DENSITY_BUILD") or
                        os.path.join(HERE, "..", "..", "build"))
CTL = os.path.join(BUILD, "bin", "densityctl")
TMP = tempfile.mkdtemp(prefix="density-cli-")
os.chmod(TMP, 0o755)
atexit.register(shutil.rmtree, TMP, ignore_errors=True)
NOW_S = int(time.time())
HANG_S = 30         # ends a hang, judges nothing
HOSTILE = "evil\x1b[2J\x07,\"q\"\n<b>\u202e\u009b"

TESTS = []


class Skip(Exception):
    """A test that cannot run here, and why."""


def test(function):
    TESTS.append(function)
    return function


# -- a daemon that says what it is told to say --------------------------------

STATUS = {
    "version": "9.9", "pid": 4242, "started_ms": (NOW_S - 3661) * 1000,
    "now_ms": NOW_S * 1000, "root": "", "dry_run": False, "law": "yield",
    "phase": "patrol", "reason": "settled", "text": "settled: all is \x1b[5mwell",
    "knobs": {"run": 1, "sleep_millisecs": 200, "pages_to_scan": 400,
              "smart_scan": 1, "advisor_mode": "none"},
    "original": {"run": 0, "sleep_millisecs": 20, "pages_to_scan": 100,
                 "smart_scan": 1, "advisor_mode": "scan-time"},
    "hands_off_ms": 0, "stood_aside": False, "rival": None,
    "overrides": [{"key": "law", "value": "static", "left_s": 90}],
    "saved_kib": 1572864, "profit_kib": 1500000, "population_kib": 4194304,
    "ksm": {"pages_shared": 1000, "pages_sharing": 393216,
            "pages_unshared": 5, "pages_volatile": 6, "zero_pages": 0,
            "pages_scanned": 123456, "pages_skipped": 7, "full_scans": 8},
    "cpu": {"ksmd_pct": 1.25, "cap_pct": 20, "ksmd_s": 12.5,
            "daemon_s": 0.25, "daemon_rss_kib": 3072},
    "host": {"ncpus": 8, "mem_total_kib": 16777216,
             "mem_available_kib": 8388608, "swap_free_kib": 0,
             "psi_cpu_pct": 0.5, "psi_mem_pct": 0, "cow_per_s": 3,
             "numa_nodes": 1},
    "vms": 4, "caps": ["ksm"],
    "store": {"path": "/x/history.db", "state": "ok", "text": "",
              "rows_written": 1234, "rows_lost": 0, "file_bytes": 2097152},
}


def vm(pid, name, rss, saved, profit, why, mergeable=True):
    return {"pid": pid, "name": name, "vmm": "qemu", "mergeable": mergeable,
            "rss_kib": rss, "anon_kib": rss, "shared_kib": 0,
            "merging_kib": saved, "zero_kib": 0, "tracked_kib": saved,
            "profit_kib": profit, "saved_kib": saved, "why": why,
            "weight": 1000, "expect": 1000}


VMS = {"sampled_ms": NOW_S * 1000, "vms": [
    vm(101, "bravo", 3000000, 100000, 90000, []),
    vm(102, "alpha", 1000000, 800000, 10000, ["thp"]),
    vm(103, "charlie", 2000000, 0, 0, ["not-madvised", "from-the-future"],
       False),
    vm(104, HOSTILE, 500000, 50000, 99999, ["shared", "hugetlb",
                                            "opted-out"]),
]}


class Daemon:
    """Answers on a socket; `answers` maps a method to a reply, to an (error,
    parameters) pair, or to bytes that are sent as they are."""

    def __init__(self, answers=None):
        self.answers = {"GetStatus": STATUS, "GetVms": VMS,
                        "GetDecisions": {"decisions": []}}
        for method in ("Set", "Unset", "Restore", "Resume", "Reload"):
            self.answers[method] = {}
        self.answers.update(answers or {})
        self.calls = []
        self.path = tempfile.mktemp(prefix="ctl-", suffix=".sock", dir=TMP)
        self.start()

    def start(self):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.bind(self.path)
        os.chmod(self.path, 0o666)
        self.socket.listen(16)
        threading.Thread(target=self.serve, args=(self.socket,),
                         daemon=True).start()

    def serve(self, listening):
        while True:
            try:
                peer = listening.accept()[0]
            except OSError:
                return
            with peer:
                self.answer(peer)

    def answer(self, peer):
        data = b""
        while not data.endswith(b"\0"):
            more = peer.recv(65536)
            if not more:
                return
            data += more
        message = json.loads(data[:-1])
        method = message["method"].rsplit(".", 1)[1]
        assert message["method"].startswith("io.density.Control."), message
        self.calls.append((method, message.get("parameters")))
        reply = self.answers[method]
        if reply is None:
            time.sleep(HANG_S)
            return
        if isinstance(reply, dict):
            reply = json.dumps({"parameters": reply}).encode() + b"\0"
        elif isinstance(reply, tuple):
            reply = json.dumps({"error": reply[0],
                                "parameters": reply[1]}).encode() + b"\0"
        try:
            peer.sendall(reply)
        except OSError:
            pass

    def stop(self):
        # close() alone does not wake a thread within accept()
        try:
            self.socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.socket.close()
        if os.path.exists(self.path):
            os.unlink(self.path)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()


def environment(**extra):
    env = dict(os.environ, LC_ALL="C.UTF-8", TZ="UTC", TERM="xterm")
    env.pop("NO_COLOR", None)
    env.update(extra)
    return env


def ctl(*args, code=0, env=None, **kwargs):
    """Run densityctl; stderr goes to .stderr, stdout to .stdout, as text."""
    done = subprocess.run([CTL, *args], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, stdin=subprocess.DEVNULL,
                          env=env or environment(), timeout=HANG_S, **kwargs)
    done.stdout = done.stdout.decode("utf-8")
    done.stderr = done.stderr.decode("utf-8")
    assert done.returncode == code, \
        "exit %d, expected %d: %s%s" % (done.returncode, code, done.stdout,
                                        done.stderr)
    return done


def assert_tame(text):
    """No byte that a terminal would obey."""
    bad = [c for c in text if (ord(c) < 32 and c != "\n") or c == "\x7f" or
           0x80 <= ord(c) < 0xa0 or c == "\u202e"]
    assert not bad, "control characters %r in %r" % (bad, text)


NOWHERE = ["--socket", os.path.join(TMP, "nowhere.sock"),
           "--db", os.path.join(TMP, "nowhere.db")]

# -- the command line ---------------------------------------------------------


@test
def exit_code_2_for_usage_and_the_nearest_command_is_named():
    for args, words in (
            ([], "usage:"), (["stauts"], "'status'"), (["hist"], "'history'"),
            (["frobnicate"], "--help"), (["status", "x"], "usage:"),
            (["--frmat", "text", "vms"], "--format"),
            (["--format", "xml", "vms"], "text, json or csv"),
            (["history", "--from", "noon"], "yesterday"),
            (["history", "--from", "-1h", "--to", "-2h"], "--from"),
            (["history", "--columns", "saved_mb"], "saved_mib"),
            (["history", "--columns", ","], "--columns"),
            (["history", "--rollup", "day"], "minute"),
            (["plot", "--svg", "a", "--png", "b"], "--svg"),
            (["plot", "--columns", "law"], "law"),
            (["compare", "today"], "usage:"),
            (["compare", "nolaw", "today"], "nolaw"),
            (["compare", "-1h..-2h", "today"], "ends before"),
            (["set", "law"], "KEY=VALUE"), (["set"], "KEY=VALUE"),
            (["set", "=3"], "KEY=VALUE"), (["set", "run="], "KEY=VALUE"),
            (["set", "--unset", "run=1"], "--unset"),
            (["set", "run=1", "--for", "soon"], "10m"),
            (["set", "run=1", "--for", "0"], "10m"),
            (["top", "-d", "0"], "0.1"), (["top", "-s", "size"], "saved"),
            (["top", "--format", "csv"], "json"),
            (["vms", "--sort", "size"], "rss"),
            (["explain", "--limit", "-3"], "whole number")):
        done = ctl(*NOWHERE, *args, code=2)
        assert words in done.stderr, (args, done.stderr)
        assert not done.stdout, (args, done.stdout)


@test
def help_names_every_command_and_option():
    text = ctl("--help").stdout
    for command in ("status", "top", "vms", "history", "plot", "explain",
                    "compare", "report", "set", "restore", "resume", "reload",
                    "version"):
        assert re.search(r"^  %s " % command, text, re.M), command
        assert ctl("help", command).stdout == ctl(command, "--help").stdout
    assert "--png FILE" in ctl("plot", "--help").stdout


@test
def exit_code_3_without_a_daemon():
    for args in (["status"], ["vms"], ["top", "-b"], ["set", "run=1"],
                 ["restore"], ["resume"], ["reload"], ["explain"],
                 ["--json", "status"]):
        done = ctl(*NOWHERE, *args, code=3)
        assert "not running" in done.stderr, done.stderr
        assert not done.stdout
    # a socket that nobody serves any more
    path = os.path.join(TMP, "stale.sock")
    with socket.socket(socket.AF_UNIX) as stale:
        stale.bind(path)
    ctl("--socket", path, "status", code=3)


@test
def exit_code_4_without_permission():
    refusal = ("io.density.Control.PermissionDenied", {})
    with Daemon({"Set": refusal, "Restore": refusal}) as daemon:
        done = ctl("--socket", daemon.path, "set", "run=1", code=4)
        assert "root" in done.stderr
        ctl("--socket", daemon.path, "restore", code=4)
        if os.getuid():
            raise Skip("the rest needs root, to become somebody else")
        os.chmod(daemon.path, 0o600)
        # not through the build directory, which may be closed to others
        copy = shutil.copy(CTL, os.path.join(TMP, "densityctl"))
        done = subprocess.run([copy, "--socket", daemon.path, "status"],
                              user=65534, group=65534, extra_groups=[],
                              stderr=subprocess.PIPE, timeout=HANG_S)
        assert done.returncode == 4, done
        database = os.path.join(TMP, "secret.db")
        shutil.copy(history(), database)
        os.chmod(database, 0o600)
        done = subprocess.run([copy, "--db", database, "history"],
                              user=65534, group=65534, extra_groups=[],
                              stderr=subprocess.PIPE, timeout=HANG_S)
        assert done.returncode == 4, done


@test
def what_the_daemon_refuses_is_told_in_its_words():
    with Daemon({
            "Set": ("org.varlink.service.InvalidParameter",
                    {"message": "no law 'x\x1b[2J'"}),
            "Reload": ("io.density.Control.Refused",
                       {"message": "densityd.conf:3: no key 'lwa'"}),
            "Resume": ("org.varlink.service.MethodNotFound", {})}) as daemon:
        done = ctl("--socket", daemon.path, "set", "law=x", code=2)
        assert "no law 'x?[2J'" in done.stderr, done.stderr
        done = ctl("--socket", daemon.path, "reload", code=1)
        assert "densityd.conf:3" in done.stderr
        ctl("--socket", daemon.path, "resume", code=1)


@test
def garbage_on_the_socket_is_a_plain_failure():
    for garbage in (b"", b"\0", b"HTTP/1.1 400\r\n\0", b"[]\0",
                    b'{"parameters": 3}\0', b'{"error": 3}\0',
                    b'{"parameters": {"vms": ' + b"[" * 100000 + b"\0",
                    b"\xff\xfe\0"):
        with Daemon({"GetStatus": garbage}) as daemon:
            done = ctl("--socket", daemon.path, "status", code=1)
            assert done.stderr.startswith("densityctl: "), done.stderr
            assert_tame(done.stderr)


@test
def members_of_the_wrong_type_are_taken_for_absent():
    strange = {"version": 3, "pid": "x", "knobs": [], "original": 7,
               "overrides": [1, None, {}], "cpu": "none", "host": None,
               "ksm": {"pages_shared": "many"}, "store": [],
               "hands_off_ms": "long", "saved_kib": {}, "started_ms": 1e300}
    with Daemon({"GetStatus": strange, "GetVms": {"vms": [
            1, "x", {}, {"pid": 1e99, "name": 7, "why": "no"},
            {"why": [3, None]}]}}) as daemon:
        for args in (["status"], ["vms"], ["top", "-b", "-n1"]):
            assert_tame(ctl("--socket", daemon.path, *args).stdout)
    with Daemon({"GetVms": {"vms": "none"}}) as daemon:
        ctl("--socket", daemon.path, "vms")


@test
def a_daemon_that_hangs_is_given_up():
    with Daemon({"GetStatus": None}) as daemon:
        done = ctl("--socket", daemon.path, "status", code=1)
        assert "does not answer" in done.stderr


@test
def a_closed_pipe_ends_it_quietly():
    done = subprocess.run(
        "%s --db %s history --from -2h --rollup raw | head -1" %
        (CTL, history()), shell=True, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, env=environment(), timeout=HANG_S)
    assert done.stdout.startswith(b"time"), done
    assert not done.stderr, done.stderr


# -- the present --------------------------------------------------------------


@test
def status_says_it_in_words_with_units():
    with Daemon() as daemon:
        text = ctl("--socket", daemon.path, "status").stdout
    assert_tame(text)
    for words in ("9.9, PID 4242", "1 h 1 min", "1.50 GiB of 4.00 GiB",
                  "1.25 % of one core (cap 20 %)", "settled: all is ?[5mwell",
                  "law = static, 1 min 30 s more", "advisor_mode scan-time",
                  "8.00 GiB of 16.0 GiB", "1,234 rows"):
        assert words in text, (words, text)


@test
def status_warns_of_rivals_and_of_hands_off():
    trouble = dict(STATUS, rival="ksmtuned", hands_off_ms=90000, dry_run=True,
                   store=dict(STATUS["store"], state="degraded",
                              text="disk full"))
    with Daemon({"GetStatus": trouble}) as daemon:
        text = ctl("--socket", daemon.path, "status").stdout
    for words in ("ksmtuned runs", "1 min 30 s more: somebody else",
                  "no knob is written", "degraded: disk full"):
        assert words in text, (words, text)


@test
def json_passes_on_what_a_newer_daemon_adds():
    newer = dict(STATUS, novelty={"a_kib": 1})
    with Daemon({"GetStatus": newer}) as daemon:
        text = ctl("--socket", daemon.path, "status", "--json").stdout
        assert json.loads(text) == newer
        assert_tame(text)
        text = ctl("--json", "--socket", daemon.path, "vms").stdout
        assert json.loads(text) == VMS
        assert_tame(text)


@test
def vms_say_why_not_in_words():
    with Daemon() as daemon:
        text = ctl("--socket", daemon.path, "vms").stdout
    assert_tame(text)
    lines = text.splitlines()
    assert len(lines) == 5, text
    assert [line.split()[0] for line in lines] == \
        ["PID", "102", "101", "104", "103"]
    assert "huge pages" in lines[1]
    assert "not madvised (start QEMU with mem-merge=on), from-the-future" in \
        lines[4]
    for words in ("guest RAM is shared memory", "hugetlb",
                  "opted out by policy"):
        assert words in lines[3], lines[3]


@test
def vms_sort_by_what_is_asked():
    with Daemon() as daemon:
        for args, pids in ((["-s", "rss"], "101 103 102 104"),
                           (["-s", "name"], "102 101 103 104"),
                           (["-s", "pid", "-r"], "104 103 102 101"),
                           (["-s", "profit"], "104 101 102 103")):
            text = ctl("--socket", daemon.path, "vms", *args).stdout
            got = [line.split()[0] for line in text.splitlines()[1:]]
            assert got == pids.split(), (args, got)


@test
def csv_is_read_back_by_a_csv_reader():
    with Daemon() as daemon:
        text = ctl("--socket", daemon.path, "vms", "--format", "csv").stdout
    rows = list(csv.DictReader(io.StringIO(text)))
    assert len(rows) == 4
    assert rows[1]["rss_kib"] == "3000000"
    evil = rows[2]["name"]
    assert evil.startswith("evil?[2J?,\"q\"\n<b>"), repr(evil)


@test
def no_vms_is_said_and_csv_still_has_its_head():
    with Daemon({"GetVms": {"vms": []}}) as daemon:
        assert "No VM" in ctl("--socket", daemon.path, "vms").stdout
        text = ctl("--socket", daemon.path, "vms", "--format=csv").stdout
        assert text.startswith("pid,name,"), text


@test
def set_sends_strings_and_seconds():
    with Daemon() as daemon:
        path = ["--socket", daemon.path]
        text = ctl(*path, "set", "law=static", "cpu_cap=30%", "--for",
                   "10m").stdout
        assert "law is static until" in text
        assert "no longer" not in text
        ctl(*path, "set", "sleep_millisecs=20")
        ctl(*path, "set", "--unset", "law")
        ctl(*path, "set", "--unset")
        got = json.loads(ctl(*path, "--json", "set", "run=0", "-f",
                             "1h").stdout)
    assert got == {"set": [{"key": "run", "value": "0", "seconds": 3600}]}
    assert daemon.calls == [
        ("Set", {"key": "law", "value": "static", "seconds": 600}),
        ("Set", {"key": "cpu_cap", "value": "30%", "seconds": 600}),
        ("Set", {"key": "sleep_millisecs", "value": "20", "seconds": 0}),
        ("Unset", {"key": "law"}), ("Unset", {}),
        ("Set", {"key": "run", "value": "0", "seconds": 3600})], daemon.calls


@test
def bytes_that_are_no_utf8_are_refused_not_sent():
    with Daemon() as daemon:
        ctl("--socket", daemon.path, "set", b"law=\xff", code=2)
        ctl("--socket", daemon.path, "set", b"\xff=1", code=2)
        assert not daemon.calls


@test
def restore_resume_and_reload_ask_the_daemon():
    with Daemon() as daemon:
        assert "resume" in ctl("--socket", daemon.path, "restore").stdout
        ctl("--socket", daemon.path, "resume")
        ctl("--socket", daemon.path, "reload")
        got = json.loads(ctl("--socket", daemon.path, "restore", "-j").stdout)
    assert got == {"request": {"done": "restore"}}, got
    assert [call[0] for call in daemon.calls] == ["Restore", "Resume",
                                                  "Reload", "Restore"]


@test
def version_needs_no_daemon():
    assert "densityctl" in ctl(*NOWHERE, "version").stdout
    assert ctl(*NOWHERE, "--version").stdout
    assert json.loads(ctl(*NOWHERE, "version", "-j").stdout)["version"][
        "daemon_version"] is None
    with Daemon() as daemon:
        got = json.loads(ctl("--socket", daemon.path, "version", "-j").stdout)
    assert got["version"]["daemon_version"] == "9.9"


@test
def root_is_put_before_the_paths():
    root = os.path.join(TMP, "root")
    done = ctl("--root", root, "status", code=3)
    assert root + "/run/densityd/ctl.sock" in done.stderr
    done = ctl("--root", root, "history", code=1)
    assert root + "/var/lib/densityd/history.db" in done.stderr


# -- the past -----------------------------------------------------------------

_history = None


def history():
    """A made-up history of two hours, see fixtures/history_maker.c."""
    global _history
    if _history:
        return _history
    maker = os.path.join(TMP, "history_maker")
    libs = subprocess.run(["pkg-config", "--libs", "sqlite3", "jansson",
                           "libsystemd", "inih"], check=True,
                          stdout=subprocess.PIPE).stdout.decode().split()
    subprocess.run([os.environ.get("CC", "cc"), "-std=gnu11", "-D_GNU_SOURCE",
                    "-O1", "-o", maker,
                    os.path.join(HERE, "fixtures", "history_maker.c"),
                    os.path.join(BUILD, "libdensity.a"), *libs, "-lm"],
                   check=True, stdout=sys.stderr)
    _history = os.path.join(TMP, "history.db")
    subprocess.run([maker, _history, str(NOW_S)], check=True)
    return _history


def past(*args, **kwargs):
    return ctl("--socket", NOWHERE[1], "--db", history(), *args, **kwargs)


SPAN = ["--from", "@%d" % (NOW_S - 7300), "--to", "@%d" % (NOW_S + 2)]


@test
def history_gives_the_same_rows_in_every_format():
    args = ["history", "--rollup", "raw", *SPAN,
            "--columns", "saved_mib,ksmd_cpu_s,phase,law"]
    rows = json.loads(past(*args, "--json").stdout)["history"]
    table = list(csv.DictReader(io.StringIO(
        past(*args, "--format", "csv").stdout)))
    text = past(*args).stdout.splitlines()
    assert len(rows) == len(table) == len(text) - 1
    assert 3300 <= len(rows) <= 3601, len(rows)
    for row, line in zip(rows[::97], table[::97]):
        assert abs(row["saved_mib"] - float(line["saved_mib"])) < 0.01
        assert row["phase"] == line["phase"]
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00",
                            line["time"]), line
    assert rows[0]["law"] == "ksmtuned" and rows[-1]["law"] == "yield"
    assert [row["real_ms"] for row in rows] == \
        sorted(row["real_ms"] for row in rows)


@test
def rollups_agree_with_raw_rows():
    def cpu_s(rollup):
        text = past("history", *SPAN, "--columns", "ksmd_cpu_s", "--rollup",
                    rollup, "--json").stdout
        return sum(row["ksmd_cpu_s"] or 0 for row in
                   json.loads(text)["history"])
    # the last minute may not be rolled up yet
    assert abs(cpu_s("raw") - cpu_s("minute")) < 12, \
        (cpu_s("raw"), cpu_s("minute"))


@test
def an_empty_span_says_what_the_history_has():
    done = past("history", "--from", "@1000", "--to", "@2000")
    assert "reaches from" in done.stderr
    assert json.loads(past("history", "--from", "@1000", "--to", "@2000",
                           "--json").stdout) == {"history": []}


@test
def columns_help_lists_what_columns_takes():
    rows = list(csv.DictReader(io.StringIO(
        past("history", "--columns", "help", "--format", "csv").stdout)))
    names = [row["name"] for row in rows]
    assert "saved_mib" in names and "phase" in names
    past("history", "--columns", ",".join(names), "--from", "-1m")


@test
def a_database_that_is_none_is_told_apart():
    path = os.path.join(TMP, "garbage.db")
    with open(path, "wb") as garbage:
        garbage.write(os.urandom(8192))
    for command in (["history"], ["plot"], ["report", "-o", "/dev/null"],
                    ["compare", "today", "yesterday"]):
        done = ctl("--db", path, *command, code=1)
        assert path in done.stderr, done.stderr
        assert_tame(done.stderr)
    done = ctl(*NOWHERE, "history", code=1)
    assert "no history" in done.stderr


@test
def explain_falls_back_to_the_history():
    text = past("explain", "--limit", "1000").stdout
    assert_tame(text)
    assert "pages_to_scan 100 -> 2000" in text
    assert "(2000 pages every 20 ms)" in text
    assert "foreign" in text and "<i>script</i>?[2J wrote run" in text
    notes = json.loads(past("explain", "--limit", "1000", "-j").stdout)
    kinds = {note["kind"] for note in notes["explain"]}
    assert kinds == {"decision", "write", "event"}
    # the start is told before the decision of the same instant, and its write
    assert [note["kind"] for note in notes["explain"][:3]] == \
        ["event", "decision", "write"], notes["explain"][:3]
    few = json.loads(past("explain", "-n", "3", "-j").stdout)["explain"]
    assert few == notes["explain"][-3:]


@test
def explain_takes_new_decisions_from_the_daemon_and_old_ones_from_the_past():
    # the history, too, has decisions of the last 3000 seconds
    decisions = [{"real_ms": (NOW_S - 3000 + i) * 1000, "law": "yield",
                  "phase": "hunt", "reason": "arrival",
                  "text": "fresh %d\x1b[1m" % i, "run": 1, "sleep_ms": 20,
                  "scan_pages": 500} for i in range(3)]
    with Daemon({"GetDecisions": {"decisions": decisions}}) as daemon:
        out = ctl("--socket", daemon.path, "--db", history(), "explain",
                  "-n", "100", "-j").stdout
        assert daemon.calls == [("GetDecisions", {"limit": 100})]
        notes = json.loads(out)["explain"]
        fresh = [note for note in notes if "fresh" in note["text"]]
        old = [note for note in notes if note["kind"] == "decision" and
               note not in fresh]
        assert len(fresh) == 3 and old, notes
        assert all(note["real_ms"] < fresh[0]["real_ms"] for note in old), old
        assert notes == sorted(notes, key=lambda note: note["real_ms"])
        # and without a history
        text = ctl("--socket", daemon.path, *NOWHERE[2:], "explain").stdout
        assert_tame(text)
        assert text.count("fresh") == 3


@test
def compare_adds_up_and_divides():
    got = json.loads(past("compare", "ksmtuned", "yield", "--json").stdout)
    a, b, ratio = got["a"], got["b"], got["ratio_b_to_a"]
    assert a["law"] == "ksmtuned" and b["law"] == "yield"
    # fixtures/history_maker.c: 6 % of a core for an hour
    assert abs(a["ksmd_cpu_s"] - 216) < 3, a
    for key, value in ratio.items():
        if value is not None:
            assert abs(value - b[key] / a[key]) < 1e-6 * abs(value), key
    assert abs(a["saved_gib_s_per_cpu_s"] - a["saved_gib_s"] /
               (a["ksmd_cpu_s"] + a["daemon_cpu_s"])) < 1e-6
    assert abs(a["saved_gib_mean"] - a["saved_gib_s"] / a["span_s"]) < 0.01
    text = past("compare", "ksmtuned", "yield").stdout
    assert "B/A" in text and "ksmtuned" in text


@test
def compare_takes_spans_that_begin_with_a_minus():
    got = json.loads(past("compare", "-2h..-1h", "-1h..", "-j").stdout)
    assert got["a"]["law"] is None
    assert got["a"]["to_ms"] == got["b"]["from_ms"]
    done = past("compare", "@1000..@2000", "-1h..", code=1)
    assert "no samples of @1000..@2000" in done.stderr
    past("compare", "static", "yield", code=1)


def need_gnuplot():
    if not shutil.which("gnuplot"):
        raise Skip("gnuplot is not installed")


@test
def plot_draws_panes_in_plain_text():
    need_gnuplot()
    text = past("plot", *SPAN).stdout
    assert_tame(text)
    assert not text.startswith("\n") and text.count("\n") > 20
    for words in ("MiB", "ksmd", "patrol", "hunt", "brake"):
        assert words in text, text
    got = json.loads(past("plot", *SPAN, "--json").stdout)["plot"]
    assert got["file"] is None and "patrol" in got["text"]


@test
def plot_writes_svg_and_png():
    need_gnuplot()
    path = os.path.join(TMP, "plot.svg")
    past("plot", *SPAN, "--svg", path, "-c",
         "saved_mib+profit_mib,ksmd_cpu_pct,phase")
    assert ElementTree.parse(path).getroot().tag.endswith("svg")
    path = os.path.join(TMP, "plot.png")
    past("plot", *SPAN, "--png", path)
    with open(path, "rb") as png:
        assert png.read(8) == b"\x89PNG\r\n\x1a\n"
    assert not [name for name in os.listdir(TMP) if
                re.match(r"plot\.(svg|png)\..", name)]


@test
def a_picture_that_cannot_be_written_leaves_the_old_one():
    need_gnuplot()
    past("plot", *SPAN, "--svg", os.path.join(TMP, "no", "dir.svg"), code=1)
    path = os.path.join(TMP, "old.svg")
    with open(path, "w") as old:
        old.write("old")
    past("plot", "--from", "@1000", "--to", "@2000", "--svg", path, code=1)
    with open(path) as old:
        assert old.read() == "old"
    past("plot", *SPAN, "--svg", TMP, code=1)


@test
def a_full_disk_leaves_the_old_file_and_nothing_else():
    path = os.path.join(TMP, "full.html")
    with open(path, "w") as old:
        old.write("old")
    need_gnuplot()
    # more than the database's index of its log and gnuplot's script take,
    # less than the page
    limit = 100000
    done = past("report", "--from", "@%d" % (NOW_S - 7000), "-o", path, code=1,
                restore_signals=False,
                preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE,
                                                      (limit, limit)))
    assert path in done.stderr, done.stderr
    with open(path) as old:
        assert old.read() == "old"
    assert not [name for name in os.listdir(TMP) if
                name.startswith("full.html.")]
    past("report", *SPAN, "-o", "/dev/full", code=1)


@test
def without_gnuplot_the_package_is_named():
    env = environment(PATH="/nonexistent")
    done = past("plot", *SPAN, env=env, code=1)
    assert "gnuplot-nox" in done.stderr
    page = past("report", *SPAN, "-o", "-", env=env).stdout
    assert "gnuplot is not installed" in page and "<svg" not in page


class Page(html.parser.HTMLParser):
    """Checks that elements nest and that nothing is fetched."""
    VOID = {"meta", "br", "path", "rect", "circle", "use", "img"}

    def __init__(self):
        super().__init__()
        self.open, self.text, self.seen = [], "", set()

    def handle_starttag(self, tag, attrs):
        self.seen.add(tag)
        assert tag not in ("script", "link", "iframe", "img", "b" + "ase"), tag
        for name, value in attrs:
            assert not name.startswith("on"), (tag, name)
            assert name not in ("src", "href", "xlink:href"), (tag, attrs)
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if tag not in self.VOID:
            self.open.pop()

    def handle_endtag(self, tag):
        if tag not in self.VOID:
            assert self.open.pop() == tag, tag

    def handle_data(self, data):
        self.text += data


@test
def report_is_one_page_that_fetches_nothing_and_escapes_everything():
    path = os.path.join(TMP, "report.html")
    got = json.loads(past("report", *SPAN, "-o", path, "-j").stdout)["report"]
    assert got["file"] == path and got["vms"] == 4
    assert got["bytes"] == os.path.getsize(path)
    with open(path, encoding="utf-8") as report:
        source = report.read()
    page = Page()
    page.feed(source)
    assert not page.open, page.open
    assert "url(" not in source and "@import" not in source
    assert not re.search(r"https?://(?!www\.w3\.org/2000/svg)", source)
    assert "<script>" not in source
    assert "<script>alert(1)</script>&?[31m" in page.text
    assert 'db,"main"' in page.text
    assert "made-up decision <b>of the test</b>" in page.text
    assert "\x1b" not in source
    assert "prefers-color-scheme:dark" in source and "@media print" in source
    for words in ("ksmtuned", "yield", "GiB-seconds", "web-1"):
        assert words in page.text, words
    if shutil.which("gnuplot"):
        assert "svg" in page.seen
        start = source.index("<svg")
        ElementTree.fromstring(
            source[start:source.index("</svg>") + len("</svg>")])


@test
def report_of_nothing_is_refused():
    done = past("report", "--from", "@1000", "--to", "@2000", "-o",
                os.path.join(TMP, "nothing.html"), code=1)
    assert "no samples" in done.stderr
    assert not os.path.exists(os.path.join(TMP, "nothing.html"))


@test
def every_command_speaks_json():
    need_gnuplot()
    with Daemon() as daemon:
        for args in (["status"], ["vms"], ["top", "-n", "1"],
                     ["history", "--from", "-1m"], ["plot"],
                     ["explain"], ["compare", "ksmtuned", "yield"],
                     ["report", "-o", os.path.join(TMP, "r.html")],
                     ["set", "run=1"], ["set", "--unset"], ["restore"],
                     ["resume"], ["reload"], ["version"]):
            text = ctl("--socket", daemon.path, "--db", history(), "--json",
                       *args).stdout
            assert isinstance(json.loads(text), dict), args
            assert_tame(text)


@test
def nothing_on_a_pipe_is_coloured():
    with Daemon() as daemon:
        for args in (["status"], ["vms"], ["top", "-n1"], ["explain"]):
            text = ctl("--socket", daemon.path, "--db", history(),
                       *args).stdout
            assert_tame(text)


# -- a terminal ---------------------------------------------------------------


class Terminal:
    """A program on a pseudo-terminal of its own."""

    def __init__(self, *args, cols=100, rows=30, **env):
        self.master, self.slave = pty.openpty()
        self.resize(cols, rows)
        self.before = termios.tcgetattr(self.slave)
        self.output = ""
        self.raw = b""
        self.process = subprocess.Popen(
            [CTL, *args], stdin=self.slave, stdout=self.slave,
            stderr=self.slave, env=environment(**env), start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0))

    def resize(self, cols, rows):
        fcntl.ioctl(self.master, termios.TIOCSWINSZ,
                    struct.pack("HHHH", rows, cols, 0, 0))

    def pump(self, seconds):
        if select.select([self.master], [], [], seconds)[0]:
            try:
                more = os.read(self.master, 65536)
            except OSError:
                return
            self.raw += more
            self.output = self.raw.decode("utf-8", "replace")

    def wait_for(self, what, since=0):
        """Until the output after `since` satisfies `what`, a pattern or a
        function; the position behind it."""
        until = time.monotonic() + HANG_S
        while time.monotonic() < until:
            text = self.output[since:]
            if callable(what):
                if what(text):
                    return len(self.output)
            elif re.search(what, text):
                return len(self.output)
            self.pump(0.1)
        raise AssertionError("no %r in %r" % (what, self.output[since:]))

    def keys(self, text):
        os.write(self.master, text.encode())

    def screen(self):
        """The last whole frame, as lines without escape sequences."""
        frames = re.findall(r"\x1b\[H(.*?)\x1b\[J", self.output, re.S)
        text = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", frames[-1])
        return text.replace("\r", "").split("\n")

    def wait_screen(self, what):
        def shown(_):
            return "\x1b[J" in self.output and what(self.screen())
        self.wait_for(shown)
        return self.screen()

    def is_raw(self):
        return not termios.tcgetattr(self.slave)[3] & termios.ICANON

    def end(self):
        until = time.monotonic() + HANG_S
        while self.process.poll() is None and time.monotonic() < until:
            self.pump(0.05)
        self.pump(0.05)
        return self.process.wait(timeout=1)

    def assert_given_back(self):
        after = termios.tcgetattr(self.slave)
        assert after == self.before, (self.before, after)
        assert self.output.count("\x1b[?1049h") == \
            self.output.count("\x1b[?1049l"), self.output
        assert self.output.count("\x1b[?25l") == \
            self.output.count("\x1b[?25h"), self.output

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        os.close(self.master)
        os.close(self.slave)


def top(daemon, *args, **kwargs):
    terminal = Terminal("--socket", daemon.path, "top", "-d", "60", *args,
                        **kwargs)
    terminal.wait_for(r"WHY NOT(.|\n)*\x1b\[J")
    return terminal


def pids(screen):
    return [line.split()[0] for line in screen if re.match(r" +10\d ", line)]


@test
def every_way_to_end_top_gives_the_terminal_back():
    ends = [("q", None, 0), ("\x03", None, 0), ("\x1c", None, 0),
            (None, signal.SIGTERM, 0), (None, signal.SIGHUP, 0),
            (None, signal.SIGINT, 0), (None, signal.SIGSEGV, -11),
            (None, signal.SIGABRT, -6)]
    with Daemon() as daemon:
        for key, number, code in ends:
            with top(daemon) as terminal:
                assert terminal.is_raw()
                if key:
                    terminal.keys(key)
                else:
                    terminal.process.send_signal(number)
                got = terminal.end()
                assert got == code, (key, number, got)
                terminal.assert_given_back()


@test
def top_gives_the_terminal_back_while_it_asks_and_helps():
    with Daemon() as daemon:
        for keys, words in (("d", "seconds between"), ("?", "refresh now")):
            with top(daemon) as terminal:
                terminal.keys(keys)
                terminal.wait_for(words)
                terminal.keys("\x03")
                assert terminal.end() == 0
                terminal.assert_given_back()


@test
def top_ends_by_itself_after_so_many_frames():
    with Daemon() as daemon:
        with Terminal("--socket", daemon.path, "top", "-n", "2", "-d",
                      "0.1") as terminal:
            assert terminal.end() == 0
            terminal.assert_given_back()


@test
def top_in_the_background_leaves_the_terminal_alone():
    with Daemon() as daemon, top(daemon) as terminal:
        terminal.keys("\x1a")
        until = time.monotonic() + HANG_S
        while time.monotonic() < until:
            pid, status = os.waitpid(terminal.process.pid,
                                     os.WUNTRACED | os.WNOHANG)
            if pid:
                break
            terminal.pump(0.05)
        assert pid and os.WIFSTOPPED(status), status
        terminal.pump(0.05)
        terminal.assert_given_back()
        seen = len(terminal.output)
        terminal.process.send_signal(signal.SIGCONT)
        terminal.wait_for(r"\x1b\[\?1049h(.|\n)*WHY NOT(.|\n)*\x1b\[J", seen)
        assert terminal.is_raw()
        terminal.keys("q")
        assert terminal.end() == 0
        terminal.assert_given_back()


@test
def top_without_a_daemon_never_takes_the_screen():
    with Terminal(*NOWHERE, "top") as terminal:
        assert terminal.end() == 3
        assert "\x1b" not in terminal.output
        terminal.assert_given_back()


@test
def top_fits_the_screen_whatever_its_size():
    with Daemon() as daemon, top(daemon) as terminal:
        for cols, rows in ((60, 12), (200, 50), (20, 3), (1, 1), (100, 30)):
            seen = len(terminal.output)
            terminal.resize(cols, rows)
            terminal.process.send_signal(signal.SIGWINCH)
            terminal.wait_for(r"\x1b\[H(.|\n)*\x1b\[J", seen)
            screen = terminal.wait_screen(
                lambda lines: max(map(len, lines)) <= cols and
                len(lines) <= rows)
            assert screen[0][:1] == "d", screen
        terminal.keys("q")
        assert terminal.end() == 0


@test
def top_obeys_its_keys():
    with Daemon() as daemon, top(daemon) as terminal:
        assert pids(terminal.screen()) == ["102", "101", "104", "103"]
        for keys, order in (("M", "101 103 102 104"), ("P", "104 101 102 103"),
                            ("N", "102 101 103 104"), ("r", "104 103 101 102"),
                            ("\x1b[A", "104 103 101 102"),
                            ("r", "102 101 103 104"),
                            ("s", "101 102 103 104"),
                            ("s", "102 101 104 103")):
            terminal.keys(keys)
            terminal.wait_screen(lambda lines: pids(lines) == order.split())
        terminal.keys("?")
        terminal.wait_screen(lambda lines: any("refresh now" in line
                                               for line in lines))
        terminal.keys("x")
        terminal.wait_screen(lambda lines: pids(lines))
        before = len(daemon.calls)
        terminal.keys(" ")
        terminal.wait_for(lambda _: len(daemon.calls) >= before + 2)
        terminal.keys("q")
        assert terminal.end() == 0


@test
def top_asks_for_its_delay():
    with Daemon() as daemon, top(daemon) as terminal:
        terminal.keys("d0.x\x7f5\r")
        terminal.wait_screen(lambda lines: any("every 0.5 s" in line
                                               for line in lines))
        terminal.keys("dnever\r")
        terminal.wait_screen(lambda lines: any("'never' is not" in line
                                               for line in lines))
        terminal.keys("d7\x1b")
        terminal.wait_screen(lambda lines: any("every 0.5 s" in line
                                               for line in lines))
        terminal.keys("q")
        assert terminal.end() == 0


@test
def no_name_moves_the_cursor_of_top():
    with Daemon() as daemon, top(daemon) as terminal:
        terminal.keys("q")
        assert terminal.end() == 0
        assert "\x1b[2J" not in terminal.output
        assert "\x1b[5m" not in terminal.output
        assert "\x07" not in terminal.output and "\u202e" not in \
            terminal.output
        assert "evil?[2J?" in terminal.output


@test
def top_waits_for_a_daemon_that_went_away():
    with Daemon() as daemon, top(daemon) as terminal:
        daemon.stop()
        terminal.keys(" ")
        terminal.wait_screen(lambda lines: any("does not answer" in line
                                               for line in lines))
        daemon.start()
        terminal.keys(" ")
        terminal.wait_screen(pids)
        terminal.keys("q")
        assert terminal.end() == 0
        terminal.assert_given_back()


@test
def top_in_batch_mode_is_plain_lines():
    with Daemon() as daemon:
        text = ctl("--socket", daemon.path, "top", "-b", "-n", "2", "-d",
                   "0.1").stdout
        assert_tame(text)
        assert text.count("WHY NOT") == 2
        lines = ctl("--socket", daemon.path, "top", "--json", "-n", "2",
                    "-d", "0.1").stdout.splitlines()
    assert len(lines) == 2
    for line in lines:
        assert json.loads(line) == {"status": STATUS, "vms": VMS["vms"]}


@test
def colours_are_for_terminals_that_want_them():
    with Daemon() as daemon:
        for env, coloured in (({}, True), ({"NO_COLOR": "1"}, False),
                              ({"TERM": "dumb"}, False)):
            with Terminal("--socket", daemon.path, "status",
                          **env) as terminal:
                assert terminal.end() == 0
                assert ("\x1b[1m" in terminal.output) == coloured, env
    need_gnuplot()
    with Terminal("--db", history(), "plot", *SPAN, NO_COLOR="1", cols=70,
                  rows=40) as terminal:
        assert terminal.end() == 0
        assert "\x1b" not in terminal.output
        lines = terminal.output.replace("\r", "").split("\n")
        assert max(map(len, lines)) <= 70 and 30 < len(lines) <= 41, lines


def run(number, function):
    name = function.__name__
    try:
        function()
    except Skip as skip:
        print("ok %d - %s # SKIP %s" % (number, name, skip), flush=True)
    except Exception as error:          # pylint: disable=broad-except
        print("not ok %d - %s" % (number, name), flush=True)
        for line in ("%s: %s" % (type(error).__name__, error)).splitlines():
            print("# " + line, flush=True)
        return False
    else:
        print("ok %d - %s" % (number, name), flush=True)
    return True


def main():
    chosen = [function for function in TESTS
              if not sys.argv[1:] or function.__name__ in sys.argv[1:]]
    print("1..%d" % len(chosen), flush=True)
    results = [run(number, function)
               for number, function in enumerate(chosen, 1)]
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
