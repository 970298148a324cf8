#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""densityd against fake hosts: what it owes its user, and the host's owner."""
import fcntl
import os
import random
import re
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time

from density import (DENSITYD, Daemon, Error, Host, Skip, run_tests, wait_for)

# Of linux/kvm.h: _IO(KVMIO, 1).
KVM_CREATE_VM = 0xAE01
EVICT = "sys/module/kvm/parameters/shadow_evict"
GUEST = b"/usr/bin/qemu-system-x86_64\0-accel\0kvm\0-name\0guest=web-1\0"


def run(*args, **options):
    return subprocess.run([DENSITYD, *args], capture_output=True, text=True,
                          timeout=60, **options)


def busy_host(**knobs):
    """A host with one mergeable guest, so that the law has work to give."""
    host = Host(**knobs)
    host.process(4321, "qemu-system-x86", rss=50000, cmdline=GUEST,
                 mergeable=True)
    return host


def written(host):
    """The daemon has put its hand on the knobs."""
    return lambda: host.knob("sleep_millisecs") in ("600000", "599999")


def test_restores_on_term():
    """SIGTERM gives every knob back and exits 0"""
    with busy_host(run=1, pages_to_scan=123, sleep_millisecs=77) as host:
        before = host.knobs()
        with Daemon(host) as daemon:
            daemon.ready()
            wait_for("ksmd is driven", written(host))
            assert daemon.end() == 0, daemon.text()
        assert host.knobs() == before, host.knobs()
        assert not os.path.exists(host.path("run/densityd/saved-knobs"))


def test_restores_on_int():
    """SIGINT does the same"""
    with busy_host(run=1) as host:
        before = host.knobs()
        with Daemon(host) as daemon:
            daemon.ready()
            wait_for("ksmd is driven", written(host))
            assert daemon.end(signal.SIGINT) == 0
        assert host.knobs() == before


def test_advisor_handed_over():
    """the kernel's advisor is switched off while we tune, and given back"""
    with busy_host(run=1, advisor_mode="none [scan-time]") as host:
        with Daemon(host) as daemon:
            daemon.ready()
            wait_for("the advisor is off",
                     lambda: host.knobs()["advisor_mode"] == "none")
            assert daemon.call("GetStatus")["original"]["advisor_mode"] == "scan-time"
            assert daemon.end() == 0
        assert host.knobs()["advisor_mode"] == "scan-time"


def test_heal_after_kill():
    """after SIGKILL `--heal` gives the knobs back, once"""
    with busy_host(run=1, pages_to_scan=123) as host:
        before = host.knobs()
        with Daemon(host) as daemon:
            daemon.ready()
            wait_for("ksmd is driven", written(host))
            daemon.end(signal.SIGKILL)
        assert host.knobs() != before
        healed = run("--root", host.root, "--heal")
        assert healed.returncode == 0, healed.stderr
        assert host.knobs() == before
        host.knob("pages_to_scan", 7)
        assert run("--root", host.root, "--heal").returncode == 0
        assert host.knob("pages_to_scan") == "7"


def test_next_start_heals():
    """after SIGKILL the next start heals, and its exit restores the originals"""
    with busy_host(run=1, pages_to_scan=123) as host:
        before = host.knobs()
        with Daemon(host) as daemon:
            daemon.ready()
            wait_for("ksmd is driven", written(host))
            daemon.end(signal.SIGKILL)
        with Daemon(host) as daemon:
            daemon.ready()
            assert "healed" in daemon.text(), daemon.text()
            assert daemon.end() == 0
        assert host.knobs() == before


def test_hundred_kills():
    """100 kills at random moments: knobs healed, database sound each time"""
    rng = random.Random(20261121)
    with busy_host(run=1, pages_to_scan=123) as host:
        host.conf("[control]\ninterval = 100ms\n[history]\nflush = 1s\n")
        before = host.knobs()
        for _ in range(100):
            with Daemon(host) as daemon:
                try:
                    daemon.process.wait(rng.random() * 0.3)
                except subprocess.TimeoutExpired:
                    pass
                daemon.end(signal.SIGKILL)
            assert run("--root", host.root, "--heal").returncode == 0
            assert host.knobs() == before, host.knobs()
        db = sqlite3.connect(host.path("var/lib/densityd/history.db"))
        assert db.execute("pragma integrity_check").fetchone() == ("ok",)
        db.close()


def test_bad_reload_keeps_old():
    """SIGHUP with a bad policy file keeps the old one and says FILE:LINE"""
    with busy_host() as host:
        host.conf("[control]\nlaw = static\n")
        with Daemon(host) as daemon:
            daemon.ready()
            host.conf("[control]\nlaw = yield\ncpu_cap = lots\n")
            daemon.process.send_signal(signal.SIGHUP)
            wait_for("it complains", lambda: "densityd.conf:3" in daemon.text())
            assert daemon.call("GetStatus")["law"] == "static"
            try:
                daemon.call("Reload")
                raise AssertionError("Reload took a bad file")
            except Error as error:
                assert "densityd.conf:3" in error.parameters["message"]
            host.conf("[control]\nlaw = scan-time\n")
            daemon.process.send_signal(signal.SIGHUP)
            wait_for("the new law",
                     lambda: daemon.call("GetStatus")["law"] == "scan-time")


def test_foreign_writer():
    """a foreign writer is noticed, left alone, and its value survives us"""
    with busy_host(run=1) as host:
        host.conf("[control]\nlaw = static\ninterval = 100ms\n[static]\n"
                  "pages_to_scan = 500\nsleep_millisecs = 50\n")
        with Daemon(host) as daemon:
            daemon.ready()
            wait_for("driven", lambda: host.knob("pages_to_scan") == "500")
            host.knob("pages_to_scan", 4000)
            wait_for("noticed", lambda: daemon.call("GetStatus")["hands_off_ms"])
            assert host.knob("pages_to_scan") == "4000"
            assert host.knob("sleep_millisecs") == "20"
            assert "foreign" in daemon.text(), daemon.text()
            assert daemon.end() == 0
        assert host.knob("pages_to_scan") == "4000"
        assert host.knob("sleep_millisecs") == "20"


def test_no_ksm():
    """a kernel without KSM: it watches, says so, and exits cleanly"""
    with Host(ksm=False) as host, Daemon(host) as daemon:
        daemon.ready()
        status = daemon.call("GetStatus")
        assert status["phase"] == "off" and status["reason"] == "no-ksm", status
        assert "no KSM" in daemon.text()
        assert daemon.end() == 0


def test_dry_run():
    """--dry-run decides and records but writes nothing"""
    with busy_host(run=1) as host:
        before = host.knobs()
        with Daemon(host, "--dry-run") as daemon:
            daemon.ready()
            wait_for("a decision",
                     lambda: daemon.call("GetDecisions")["decisions"])
            assert daemon.call("GetStatus")["dry_run"] is True
            assert host.knobs() == before
            assert daemon.end() == 0
        assert host.knobs() == before


def test_unmerge_guard():
    """run=2 is refused unless memory covers the unmerge, and taken when it does"""
    with busy_host(run=1, pages_sharing=1 << 20) as host:   # 4 GiB
        host.memory(1 << 20)                                # 1 GiB
        with Daemon(host) as daemon:
            daemon.ready()
            try:
                daemon.call("Set", key="run", value="2")
                raise AssertionError("unmerge was not refused")
            except Error as error:
                assert error.name.endswith("Refused"), error
            assert host.knob("run") != "2"
            assert not daemon.call("GetStatus")["overrides"]
            host.memory(8 << 20)
            wait_for("new meminfo is seen", lambda: daemon.call("GetStatus")
                     ["host"]["mem_available_kib"] == 8 << 20)
            daemon.call("Set", key="run", value="2")
            assert host.knob("run") == "2"
            assert daemon.end() == 0
        assert host.knob("run") == "1"


def test_one_daemon():
    """a second daemon on the same host refuses to start and touches nothing"""
    with busy_host() as host, Daemon(host) as daemon:
        daemon.ready()
        second = run("--root", host.root)
        assert second.returncode == 1, second
        assert "another densityd" in second.stderr
        assert daemon.call("GetStatus")["law"] == "yield"
        assert daemon.end() == 0


def test_one_writer():
    """nor does one with another --state, and --heal leaves a running one alone"""
    with busy_host(run=1, pages_to_scan=123) as host:
        before = host.knobs()
        os.makedirs(host.path("elsewhere"))
        with Daemon(host) as daemon:
            daemon.ready()
            wait_for("ksmd is driven", written(host))
            second = run("--root", host.root, "--state", host.path("elsewhere"))
            assert second.returncode == 1, second
            assert "another densityd drives" in second.stderr, second.stderr
            assert not os.path.exists(host.path("elsewhere/saved-knobs"))
            driven = host.knobs()
            heal = run("--root", host.root, "--heal")
            assert heal.returncode == 0 and "nothing to heal" in heal.stderr, heal
            assert host.knobs() == driven != before
            assert os.path.exists(host.path("run/densityd/saved-knobs"))
            assert daemon.call("GetStatus")["hands_off_ms"] == 0
            assert daemon.end() == 0
        assert host.knobs() == before


def test_heal_without_ksm():
    """on a kernel without KSM there is nothing to heal"""
    with Host(ksm=False) as host:
        heal = run("--root", host.root, "--heal")
        assert heal.returncode == 0 and "no KSM" in heal.stderr, heal


def test_failed_restore():
    """a knob that cannot be given back makes it exit 1"""
    with busy_host(run=1, pages_to_scan=123) as host:
        with Daemon(host) as daemon:
            daemon.ready()
            wait_for("ksmd is driven", written(host))
            knob = host.path("sys/kernel/mm/ksm/pages_to_scan")
            os.unlink(knob)
            os.mkdir(knob)
            assert daemon.end() == 1, daemon.text()
            assert "not every knob" in daemon.text()
        assert host.knob("sleep_millisecs") == "20"
        assert os.path.exists(host.path("run/densityd/saved-knobs"))


def test_watchdog_waits_for_run():
    """a write of run, which may wait for ksmd, has the watchdog's patience"""
    with busy_host(run=1) as host, socket.socket(
            socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(host.path("notify"))
        manager.setblocking(False)
        os.environ["NOTIFY_SOCKET"] = host.path("notify")
        os.environ["WATCHDOG_USEC"] = "30000000"
        try:
            daemon = Daemon(host)
        finally:
            del os.environ["NOTIFY_SOCKET"], os.environ["WATCHDOG_USEC"]
        with daemon:
            daemon.ready()
            wait_for("ksmd is driven", written(host))
            daemon.call("Set", key="run", value="0")
            assert daemon.end() == 0
        told = []
        while True:
            try:
                told += manager.recv(4096).decode().split()
            except BlockingIOError:
                break
        told = [t for t in told if t.startswith("WATCHDOG_USEC=")]
        assert len(told) >= 4 and not len(told) % 2, told
        assert set(told[0::2]) == {"WATCHDOG_USEC=3600000000"}, told
        assert set(told[1::2]) == {"WATCHDOG_USEC=30000000"}, told


def test_restore_and_resume():
    """Restore gives the knobs back and stays away until Resume"""
    with busy_host(run=1) as host:
        host.conf("[control]\nlaw = static\ninterval = 100ms\n[static]\n"
                  "pages_to_scan = 500\n")
        before = host.knobs()
        with Daemon(host) as daemon:
            daemon.ready()
            wait_for("driven", lambda: host.knob("pages_to_scan") == "500")
            daemon.call("Restore")
            assert host.knobs() == before
            first = daemon.call("GetStatus")
            assert first["stood_aside"] is True
            wait_for("ticks go on", lambda: daemon.call("GetStatus")["now_ms"]
                     > first["now_ms"] + 300)
            assert host.knobs() == before
            daemon.call("Resume")
            wait_for("driven again", lambda: host.knob("pages_to_scan") == "500")
            assert daemon.end() == 0
        assert host.knobs() == before


def refused(daemon, method, **parameters):
    """The message that the call is refused with."""
    try:
        daemon.call(method, **parameters)
    except Error as error:
        assert error.name.endswith("Refused"), error
        return error.parameters["message"]
    raise AssertionError(f"{method} was not refused")


def status_when(daemon, what, condition):
    """The first status that the condition holds for."""
    def look():
        status = daemon.call("GetStatus")
        return status if condition(status) else None
    return wait_for(what, look)


def test_hands_off_words():
    """while hands are off no law is asked, and the status says why"""
    with busy_host(run=1) as host:
        host.conf("[control]\nlaw = static\ninterval = 100ms\n[static]\n"
                  "pages_to_scan = 500\n")
        with Daemon(host) as daemon:
            daemon.ready()
            wait_for("driven", lambda: host.knob("pages_to_scan") == "500")
            host.knob("pages_to_scan", 4000)
            held = status_when(daemon, "noticed", lambda s: s["hands_off_ms"])
            assert (held["phase"], held["reason"]) == ("off", "none"), held
            assert "somebody else" in held["text"], held
            daemon.call("Restore")
            away = status_when(daemon, "ticks go on", lambda s:
                               s["now_ms"] > held["now_ms"] + 300)
            assert away["phase"] == "off" and "stand aside" in away["text"], away
            assert refused(daemon, "Set", key="pages_to_scan", value="777") == \
                "stood aside; resume first"
            assert not daemon.call("GetStatus")["overrides"]
            daemon.call("Unset")
            assert host.knob("pages_to_scan") == "4000"
            daemon.call("Resume")
            wait_for("driven", lambda: host.knob("pages_to_scan") == "500")
            status_when(daemon, "it decides", lambda s: s["phase"] == "fixed")
            host.knob("pages_to_scan", 4000)
            status_when(daemon, "noticed", lambda s: s["hands_off_ms"])
            daemon.call("Set", key="sleep_millisecs", value="70")
            assert host.knob("sleep_millisecs") == "70"
            assert host.knob("pages_to_scan") == "500"
            assert daemon.end() == 0
        assert host.knob("pages_to_scan") == "4000"


def test_refused_set_leaves_no_trace():
    """a Set that is refused leaves the decision in force as it was"""
    with busy_host(run=1, pages_sharing=1 << 20) as host:
        host.conf("[control]\nlaw = static\ninterval = 60s\n")
        host.memory(1 << 20)
        with Daemon(host) as daemon:
            daemon.ready()
            before = status_when(daemon, "a decision",
                                 lambda s: s["phase"] == "fixed")
            refused(daemon, "Set", key="run", value="2")
            after = daemon.call("GetStatus")
            assert (after["reason"], after["text"]) == \
                (before["reason"], before["text"]), after
            daemon.call("Set", key="pages_to_scan", value="200")
            assert host.knob("pages_to_scan") == "200"
            assert len(daemon.call("GetDecisions")["decisions"]) == 2


def test_reload_at_once():
    """a reload is heeded at once, however long the interval was"""
    with busy_host(run=1) as host:
        host.conf("[control]\nlaw = static\ninterval = 1min\n")
        with Daemon(host) as daemon:
            daemon.ready()
            first = daemon.call("GetStatus")
            host.conf("[control]\nlaw = scan-time\ninterval = 1min\n")
            daemon.call("Reload")
            second = status_when(daemon, "the new law",
                                 lambda s: s["law"] == "scan-time")
            # Otherwise the ticks are an interval apart.
            assert second["now_ms"] - first["now_ms"] < 55000, second


def test_ksmd_share_of_covered_time():
    """ksmd's percentage is of the time that was really watched"""
    with busy_host(run=1) as host:
        host.conf("[control]\nlaw = static\ninterval = 2s\n"
                  "cpu_cap_window = 1s\n")
        with Daemon(host) as daemon:
            daemon.ready()
            seen = [daemon.call("GetStatus")]
            for i in range(1, 4):
                host.write("proc/37/schedstat", f"{i * 200000000} 0 5")
                seen.append(status_when(daemon, "a tick", lambda s:
                                        s["now_ms"] != seen[-1]["now_ms"]))
            for old, new in zip(seen[1:], seen[2:]):
                part = (new["cpu"]["ksmd_s"] - old["cpu"]["ksmd_s"]) * 100 / \
                    ((new["now_ms"] - old["now_ms"]) / 1000)
                assert abs(new["cpu"]["ksmd_pct"] - part) < part / 50, seen


def test_metrics():
    """metrics honour `set cpu_cap`; a failure shows in the status"""
    with busy_host(run=1) as host:
        host.conf("[control]\ninterval = 100ms\n"
                  "[metrics]\npath = /m/d.prom\ninterval = 1s\n")
        with Daemon(host) as daemon:
            daemon.ready()
            daemon.call("Set", key="cpu_cap", value="90%")
            bad = status_when(daemon, "it fails",
                              lambda s: s["metrics"]["text"])
            assert bad["metrics"]["path"] == host.path("m/d.prom"), bad
            os.mkdir(host.path("m"))
            status_when(daemon, "it is well", lambda s:
                        not s["metrics"]["text"])
            with open(host.path("m/d.prom")) as f:
                assert "densityd_ksmd_cpu_cap_ratio 0.900\n" in f.read()


def test_counters_follow_ksmd():
    """counters that only ksmd moves are read again when it has run"""
    with busy_host(run=1) as host:
        host.conf("[control]\nlaw = static\ninterval = 100ms\n")
        with Daemon(host) as daemon:
            daemon.ready()
            status_when(daemon, "driven", lambda s: s["phase"] == "fixed")
            for i, sharing in enumerate((7000, 8000, 9000)):
                host.write("sys/kernel/mm/ksm/pages_sharing", sharing)
                if i < 2:
                    host.write("proc/37/schedstat", f"{2000000 + i} 0 5")
                else:
                    host.write("sys/kernel/mm/ksm/ksm_zero_pages", 3)
                status_when(daemon, "it is seen", lambda s:
                            s["ksm"]["pages_sharing"] == sharing)
            assert daemon.end() == 0


def test_table_stands():
    """when /proc cannot be listed the table of VMs stands, with its time"""
    with busy_host(run=1) as host:
        host.conf("[control]\ninterval = 100ms\n[history]\nvm_interval = 1s\n")
        with Daemon(host) as daemon:
            daemon.ready()
            wait_for("VMs", lambda: daemon.call("GetVms")["vms"])
            os.rename(host.path("proc"), host.path("gone"))
            os.symlink("proc", host.path("proc"))       # ELOOP
            first = daemon.call("GetStatus")["now_ms"]
            stamp = daemon.call("GetVms")["sampled_ms"]
            status_when(daemon, "a walk is due",
                        lambda s: s["now_ms"] > first + 2500)
            vms = daemon.call("GetVms")
            assert len(vms["vms"]) == 1 and vms["sampled_ms"] == stamp, vms
            os.unlink(host.path("proc"))
            os.rename(host.path("gone"), host.path("proc"))
            wait_for("it is read again", lambda:
                     daemon.call("GetVms")["sampled_ms"] > stamp)


def test_override_expires():
    """an override is applied at once and expires by itself"""
    with busy_host(run=1) as host:
        host.conf("[control]\nlaw = static\ninterval = 100ms\n[static]\n"
                  "pages_to_scan = 500\n")
        with Daemon(host) as daemon:
            daemon.ready()
            daemon.call("Set", key="pages_to_scan", value="900", seconds=2)
            assert host.knob("pages_to_scan") == "900"
            assert daemon.call("GetStatus")["overrides"][0]["key"] == "pages_to_scan"
            wait_for("back", lambda: host.knob("pages_to_scan") == "500")
            for key, value in (("pages_to_scan", "-1"), ("run", "7"),
                               ("law", "none"), ("cpu_cap", "900%"),
                               ("colour", "blue"), ("sleep_millisecs", "1e9")):
                try:
                    daemon.call("Set", key=key, value=value)
                    raise AssertionError(f"took {key}={value}")
                except Error as error:
                    assert "expected" in error.parameters["message"], error
            assert not daemon.call("GetStatus")["overrides"]


def test_switches_of_our_kernel():
    """the checksum index is switched on, set by hand, and given back"""
    with busy_host(run=1, lookahead=1, checksum_index=0) as host:
        host.conf("[control]\ninterval = 100ms\n")
        host.write(EVICT, "reuse")
        with Daemon(host) as daemon:
            daemon.ready()
            wait_for("the index", lambda: host.knob("checksum_index") == "1")
            assert host.knob("lookahead") == "1"
            status = daemon.call("GetStatus")
            assert status["original"]["checksum_index"] == 0, status
            assert "checksum index pays" in status["finding"], status
            assert "finding: the checksum index pays" in daemon.text()
            assert "checksum_index: 0 -> 1 (the checksum index" in daemon.text()
            for key, value in (("checksum_index", "0"), ("lookahead", "0")):
                daemon.call("Set", key=key, value=value)
                wait_for(key, lambda k=key: host.knob(k) == "0")
            daemon.call("Set", key="shadow_evict", value="fifo")
            wait_for("fifo", lambda: host.read(EVICT) == "fifo")
            # The law goes on: a switch is no fixed knob, and somebody chose.
            assert "finding" not in daemon.call("GetStatus")
            assert daemon.call("GetStatus")["phase"] != "fixed"
            daemon.call("Unset")
            wait_for("the index", lambda: host.knob("checksum_index") == "1")
            wait_for("as it was", lambda: host.knob("lookahead") == "1")
            daemon.call("Set", key="shadow_evict", value="clock")
            wait_for("clock", lambda: host.read(EVICT) == "clock")
            assert daemon.end() == 0, daemon.text()
        assert host.knob("checksum_index") == "0"
        assert host.knob("lookahead") == "1"
        assert host.read(EVICT) == "reuse"
    with busy_host(run=1) as host, Daemon(host) as daemon:
        daemon.ready()
        for key, value in (("lookahead", "1"), ("shadow_evict", "fifo"),
                           ("shadow_divide", "0"), ("scrub", "0")):
            try:
                daemon.call("Set", key=key, value=value)
                raise AssertionError(f"took {key}, which the kernel lacks")
            except Error as error:
                assert "kernel" in error.parameters["message"], error


COUNTS = ("tree_steps", "compares", "bytes_compared", "lookahead_tries",
          "lookahead_hits", "index_tries", "index_hits", "index_skips",
          "first_sight_merges", "index_bytes")


def test_counts_of_our_kernel():
    """status has each of our kernel's counts, or none of them"""
    counts = {name: 100 + i for i, name in enumerate(COUNTS)}
    for missing in (None, "compares"):
        files = {name: n for name, n in counts.items() if name != missing}
        with busy_host(run=1, lookahead=0, checksum_index=0, **files) as host:
            with Daemon(host) as daemon:
                ksm = daemon.ready().call("GetStatus")["ksm"]
                shown = {name: ksm[name] for name in COUNTS if name in ksm}
                assert shown == ({} if missing else counts), shown
                assert daemon.end() == 0, daemon.text()


def test_unprivileged():
    """a user without privilege may look but not touch"""
    with busy_host() as host, Daemon(host) as daemon:
        daemon.ready()
        os.chmod(host.root, 0o755)
        code = ("import os,socket,json,sys\n"
                "os.setgid(65534); os.setuid(65534)\n"
                "for m in ('GetStatus', 'Restore'):\n"
                "    s = socket.socket(socket.AF_UNIX); s.connect(sys.argv[1])\n"
                "    s.sendall(json.dumps({'method': 'io.density.Control.' + m})"
                ".encode() + b'\\0')\n"
                "    d = b''\n"
                "    while not d.endswith(b'\\0'): d += s.recv(65536)\n"
                "    print(json.loads(d[:-1]).get('error'))\n")
        if os.geteuid():
            raise Skip("needs root to become nobody")
        out = subprocess.run([sys.executable, "-c", code, daemon.sock],
                             capture_output=True, text=True, timeout=60)
        assert out.stdout.split() == ["None",
                                      "io.density.Control.PermissionDenied"], out


def test_socket_abuse():
    """garbage and floods on the socket do not disturb control"""
    with busy_host() as host, Daemon(host) as daemon:
        daemon.ready()
        rng = random.Random(7)
        socks = []
        for i in range(200):
            s = socket.socket(socket.AF_UNIX)
            s.setblocking(False)
            try:
                s.connect(daemon.sock)
                s.send(rng.randbytes(rng.randrange(1, 2000)))
            except OSError:
                pass
            socks.append(s)
        for s in socks:
            s.close()
        first = wait_for("it answers still", lambda: daemon.call("GetStatus"))
        wait_for("it ticks still", lambda: daemon.call("GetStatus")["now_ms"]
                 > first["now_ms"] + 1500)
        assert daemon.end() == 0


def test_history_degrades():
    """a history that cannot be written is reported, and control goes on"""
    with busy_host(run=1) as host:
        os.makedirs(host.path("var/lib/densityd/history.db/in-the-way"))
        with Daemon(host) as daemon:
            daemon.ready()
            wait_for("ksmd is driven", written(host))
            wait_for("it is reported", lambda: daemon.call("GetStatus")
                     ["store"]["state"] != "ok")
            assert daemon.call("GetStatus")["store"]["text"]
            assert daemon.end() == 0


def test_history_records():
    """samples, decisions, knob writes and events are in the history"""
    with busy_host(run=1) as host:
        host.conf("[control]\ninterval = 100ms\n[history]\nflush = 1s\n")
        with Daemon(host) as daemon:
            daemon.ready()
            wait_for("rows", lambda: daemon.call("GetStatus")
                     ["store"]["rows_written"] > 20)
            assert daemon.end() == 0
        db = sqlite3.connect(host.path("var/lib/densityd/history.db"))
        tables = [r[0] for r in db.execute(
            "select name from sqlite_master where type = 'table'")]
        filled = {t for t in tables
                  if db.execute(f"select count(*) from {t}").fetchone()[0]}
        db.close()
        assert len(filled) >= 5, (tables, filled)


def test_check_config():
    """--check-config says FILE:LINE; --dump-config names each value's origin"""
    with Host() as host:
        host.conf("[control]\nlaw = yeild\n")
        bad = run("--root", host.root, "--check-config")
        assert bad.returncode == 1 and "densityd.conf:2" in bad.stderr, bad
        assert "yield" in bad.stderr, bad.stderr
        host.conf("[control]\ncpu_cap = 15%\n")
        assert run("--root", host.root, "--check-config").returncode == 0
        dump = run("--root", host.root, "--dump-config").stdout
        line = [l for l in dump.splitlines() if l.startswith("cpu_cap =")]
        assert len(line) == 1 and "15%" in line[0] and "densityd.conf:2" in line[0]
        assert "default" in dump
        missing = run("--config", host.path("absent.conf"), "--check-config")
        assert missing.returncode == 1 and "absent.conf" in missing.stderr


def test_exit_codes():
    """usage errors exit 2, a missing root 1, no permission 4"""
    assert run("--colour").returncode == 2
    assert run("extra").returncode == 2
    assert run("--heal", "--check-config").returncode == 2
    assert run("--root", "/nonexistent-density-root").returncode == 1
    assert run("--version").stdout.startswith("densityd ")
    assert "Usage" in run("--help").stdout
    if os.geteuid():
        raise Skip("needs root to become nobody")
    with busy_host() as host:
        subprocess.run(["chmod", "-R", "a+rX,go-w", host.root], check=True)
        program = shutil.copy(DENSITYD, host.path("densityd"))
        os.chmod(program, 0o755)
        out = subprocess.run([program, "--root", host.root], user=65534,
                             group=65534, capture_output=True, text=True,
                             timeout=60)
        assert out.returncode == 4, out
        assert "root" in out.stderr


def test_unprivileged_dry_run():
    """--dry-run needs no right to write the knobs"""
    if os.geteuid():
        raise Skip("needs root to become nobody")
    with busy_host(run=1) as host:
        subprocess.run(["chmod", "-R", "a+rX,go-w", host.root], check=True)
        os.makedirs(host.path("state"))
        os.chmod(host.path("state"), 0o777)
        program = shutil.copy(DENSITYD, host.path("densityd"))
        os.chmod(program, 0o755)
        process = subprocess.Popen(
            [program, "--root", host.root, "--state", host.path("state"),
             "--dry-run"], user=65534, group=65534, stderr=subprocess.PIPE)
        try:
            wait_for("it runs or ends", lambda: process.poll() is not None or
                     os.path.exists(host.path("state/history.db")))
            process.terminate()
            text = process.communicate(timeout=60)[1].decode()
            assert process.returncode == 0, text
        finally:
            process.kill()
            process.wait()


def test_vanishing_processes():
    """processes that come and go between two reads do no harm"""
    with busy_host() as host:
        host.conf("[control]\ninterval = 100ms\n[history]\nvm_interval = 1s\n")
        with Daemon(host) as daemon:
            daemon.ready()
            for i in range(30):
                host.process(5000 + i, "a) b", rss=9000, mergeable=True,
                             start=2000 + i, cmdline=b"\xff\xfe\n\0x")
                if i > 5:
                    shutil.rmtree(host.path(f"proc/{5000 + i - 5}"))
                first = daemon.call("GetStatus")["now_ms"]
                wait_for("a tick", lambda: daemon.call("GetStatus")["now_ms"] > first)
            assert daemon.end() == 0, daemon.text()


def make_vms(seconds):
    """VMs of KVM that come and go, one after the other."""
    try:
        kvm = os.open("/dev/kvm", os.O_RDWR)
    except OSError as error:
        raise Skip("no KVM") from error
    end = time.monotonic() + seconds
    try:
        while time.monotonic() < end:
            os.close(fcntl.ioctl(kvm, KVM_CREATE_VM, 0))
    except OSError as error:
        raise Skip("KVM makes no VMs") from error
    finally:
        os.close(kvm)


def test_vms_by_the_thousand():
    """where VMs come and go all the time, all processes are read once a second"""
    with tempfile.TemporaryDirectory() as state:
        metrics, conf = f"{state}/density.prom", f"{state}/densityd.conf"
        with open(conf, "w", encoding="ascii") as f:
            f.write(f"[metrics]\npath = {metrics}\ninterval = 1s\n")

        def looks():
            with open(metrics, encoding="ascii") as f:
                return int(re.search(r"^densityd_process_looks_total (\d+)$",
                                     f.read(), re.M).group(1))
        process = subprocess.Popen([DENSITYD, "--dry-run", "--config", conf,
                                    "--state", state],
                                   stderr=subprocess.DEVNULL)
        try:
            wait_for("metrics", lambda: os.path.exists(metrics))
            before, begun = looks(), time.monotonic()
            make_vms(4)
            seconds = time.monotonic() - begun
            assert looks() - before <= seconds + 3, (before, looks(), seconds)
            process.terminate()
            assert process.wait(60) == 0
        finally:
            process.kill()
            process.wait()


if __name__ == "__main__":
    run_tests([f for name, f in list(globals().items())
               if name.startswith("test_")])
