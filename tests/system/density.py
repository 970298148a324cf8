# SPDX-License-Identifier: GPL-2.0
"""What the system tests share: TAP, a fake host, a daemon, its socket."""
import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import traceback

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.path.abspath(os.environ.get("DENSITY_BUILD", os.path.join(TOP, "build")))
DENSITYD = os.path.join(BUILD, "bin", "densityd")
DENSITYCTL = os.path.join(BUILD, "bin", "densityctl")
DEADLINE_S = 60     # generous: a loaded machine must not fail a test


class Skip(Exception):
    """Raised by a test that cannot run here; the text says why."""


def run_tests(tests):
    """Run functions as TAP; the name is the first line of the docstring."""
    print(f"1..{len(tests)}", flush=True)
    failed = 0
    for number, test in enumerate(tests, 1):
        name = (test.__doc__ or test.__name__).strip().splitlines()[0]
        try:
            test()
            print(f"ok {number} - {name}", flush=True)
        except Skip as why:
            print(f"ok {number} - {name} # SKIP {why}", flush=True)
        except Exception:
            failed += 1
            print(f"not ok {number} - {name}", flush=True)
            for line in traceback.format_exc().splitlines():
                print("# " + line)
    raise SystemExit(1 if failed else 0)


def wait_for(what, condition, deadline_s=DEADLINE_S):
    """Poll until condition() is true; its value. AssertionError when never."""
    end = time.monotonic() + deadline_s
    while time.monotonic() < end:
        value = condition()
        if value:
            return value
        time.sleep(0.02)
    raise AssertionError(f"never happened: {what}")


KSM = {
    "run": 0, "sleep_millisecs": 20, "pages_to_scan": 100,
    "advisor_mode": "[none] scan-time", "smart_scan": 1, "use_zero_pages": 0,
    "merge_across_nodes": 1, "max_page_sharing": 256, "pages_shared": 0,
    "pages_sharing": 0, "pages_unshared": 0, "pages_volatile": 0,
    "ksm_zero_pages": 0, "stable_node_chains": 0, "stable_node_dups": 0,
    "general_profit": 0, "pages_scanned": 0, "pages_skipped": 0,
    "full_scans": 0,
}

KNOBS = ("run", "sleep_millisecs", "pages_to_scan", "advisor_mode", "smart_scan")


class Host:
    """A directory that looks like a host to --root; gone after `with`."""

    def __init__(self, ksm=True, **knobs):
        self.root = tempfile.mkdtemp(prefix="density-host-")
        if ksm:
            for name, value in {**KSM, **knobs}.items():
                self.write(f"sys/kernel/mm/ksm/{name}", value)
        self.write("proc/vmstat", "nr_anon_pages 100000\ncow_ksm 0\nksm_swpin_copy 0")
        self.memory(8 << 20)
        psi = "some avg10=0.00 avg60=0.00 avg300=0.00 total=0\n" \
              "full avg10=0.00 avg60=0.00 avg300=0.00 total=0"
        self.write("proc/pressure/cpu", psi)
        self.write("proc/pressure/memory", psi)
        self.write("proc/stat", "cpu  1 2 3 4\ncpu0 1 1 1 1\ncpu1 1 1 1 1")
        self.write("proc/sys/kernel/random/boot_id",
                   "11111111-2222-3333-4444-555555555555")
        self.process(37, "ksmd", kernel=True)

    def memory(self, available_kib):
        self.write("proc/meminfo",
                   "MemTotal:       16777216 kB\nMemFree:         4194304 kB\n"
                   f"MemAvailable:   {available_kib} kB\nBuffers:         1 kB\n"
                   "Cached:          2 kB\nSwapTotal:       0 kB\nSwapFree:        0 kB")

    def process(self, pid, comm, kernel=False, start=1000, rss=0, cmdline=b"",
                mergeable=False, merging=0):
        base = f"proc/{pid}"
        flags = 0x200000 if kernel else 0x400000
        rest = " ".join(["S", "2" if kernel else "1"] + ["0"] * 4 + [str(flags)] +
                        ["0"] * 12 + [str(start)] + ["0"] * 30)
        self.write(f"{base}/stat", f"{pid} ({comm}) {rest}")
        self.write(f"{base}/statm", f"{rss * 2} {rss} 0 1 0 {rss} 0")
        self.write(f"{base}/comm", comm)
        self.write(f"{base}/status", f"Name:\t{comm}\nRssAnon:\t{rss * 4} kB\n"
                   "RssFile:\t0 kB\nRssShmem:\t0 kB\n")
        self.write(f"{base}/schedstat", "1000000 0 5")
        self.write(f"{base}/cgroup", "0::/")
        with open(self.path(f"{base}/cmdline"), "wb") as f:
            f.write(cmdline)
        self.write(f"{base}/ksm_stat",
                   f"ksm_rmap_items {merging}\nksm_zero_pages 0\n"
                   f"ksm_merging_pages {merging}\nksm_process_profit 0\n"
                   f"ksm_merge_any: no\nksm_mergeable: {'yes' if mergeable else 'no'}")

    def path(self, name):
        return os.path.join(self.root, name)

    def write(self, name, value):
        path = self.path(name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w") as f:
            f.write(f"{value}\n")

    def read(self, name):
        with open(self.path(name)) as f:
            return f.read().strip()

    def knob(self, name, value=None):
        if value is not None:
            self.write(f"sys/kernel/mm/ksm/{name}", value)
        with open(self.path(f"sys/kernel/mm/ksm/{name}")) as f:
            return f.read().strip()

    def knobs(self):
        return {k: normal(self.knob(k)) for k in KNOBS}

    def conf(self, text):
        self.write("etc/densityd/densityd.conf", text)

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        shutil.rmtree(self.root, ignore_errors=True)


def normal(value):
    """advisor_mode as the kernel shows it and as one writes it are the same."""
    for word in value.split():
        if word.startswith("["):
            return word.strip("[]")
    return value


def connect(sock, path):
    """connect() with patience: EAGAIN while the listener's queue is full."""
    def done():
        try:
            sock.connect(path)
            return True
        except BlockingIOError:
            return False
    wait_for("a place in the queue", done)


class Error(Exception):
    def __init__(self, name, parameters):
        super().__init__(f"{name}: {parameters}")
        self.name, self.parameters = name, parameters


class Daemon:
    """A densityd of the test's own; ended by pid after `with`."""

    def __init__(self, host, *args):
        self.sock = host.path("run/densityd/ctl.sock")
        self.db = host.path("var/lib/densityd/history.db")
        self.log = tempfile.TemporaryFile()
        self.process = subprocess.Popen(
            [DENSITYD, "--root", host.root, *args], stderr=self.log,
            stdout=subprocess.DEVNULL, stdin=subprocess.DEVNULL)

    def text(self):
        self.log.seek(0)
        return self.log.read().decode(errors="replace")

    def ready(self):
        def answers():
            assert self.process.poll() is None, self.text()
            try:
                return self.call("GetStatus").get("law")
            except (OSError, ValueError):
                return None
        wait_for("the daemon answers", answers)
        return self

    def call(self, method, **parameters):
        with socket.socket(socket.AF_UNIX) as s:
            s.settimeout(DEADLINE_S)
            connect(s, self.sock)
            s.sendall(json.dumps({"method": f"io.density.Control.{method}",
                                  "parameters": parameters}).encode() + b"\0")
            data = b""
            while not data.endswith(b"\0"):
                piece = s.recv(65536)
                if not piece:
                    raise OSError("connection closed")
                data += piece
        reply = json.loads(data[:-1])
        if "error" in reply:
            raise Error(reply["error"], reply.get("parameters"))
        return reply.get("parameters", {})

    def end(self, number=signal.SIGTERM):
        """Signal and reap; the exit code (negative: killed by that signal)."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        return self.process.wait(DEADLINE_S)

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self.log.close()
