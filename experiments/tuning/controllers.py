# SPDX-License-Identifier: GPL-2.0
"""Who is compared: everything that can stand at ksmd's knobs.

A controller is started before the measured run and stopped after it. Its own
CPU counts as well as ksmd's, whether it is a daemon or a script that forks.
"""
import os
import shutil
import signal
import socket
import subprocess
import time

import ksm

KSMTUNED = "/usr/sbin/ksmtuned"
KSMTUNED_CONF = "/etc/ksmtuned.conf"
TICK_S = 1 / os.sysconf("SC_CLK_TCK")

# Flat out: an upper bound for what merging can save, at whatever it costs.
ORACLE_BATCH = 20000


class Skip(Exception):
    """This controller cannot run here; the text says why."""


class Fixed:
    """Knobs set once. The kernel's own advisor belongs here, too."""

    def __init__(self, name, summary, **knobs):
        self.name, self.summary, self.knobs = name, summary, knobs

    def check(self):
        if self.knobs.get("advisor", "none") != "none" \
                and not ksm.has_advisor():
            raise Skip("this kernel has no advisor_mode (6.8)")

    def start(self, tmp):
        ksm.set_knobs(1, **self.knobs)

    def cpu_s(self):
        return 0.0

    def rss_kib(self):
        return 0

    def stop(self):
        """Say what was found wrong at the end, or None."""
        if ksm.read("run") != "1":
            return f"somebody wrote {ksm.read('run')} to run"
        if self.knobs.get("advisor", "none") == "none" and \
                ksm.count("pages_to_scan") != self.knobs["scan_pages"]:
            return "somebody wrote another pages_to_scan"
        return None


class Ksmtuned:
    """Debian's script, unchanged, with @conf in place of its own."""

    def __init__(self, name, summary, conf=()):
        self.name, self.summary, self.conf = name, summary, conf
        self.pid = self.last_cpu_s = 0

    def check(self):
        if not os.access(KSMTUNED, os.X_OK):
            raise Skip(f"{KSMTUNED} is not installed")
        if not os.path.exists(KSMTUNED_CONF):
            raise Skip(f"{KSMTUNED_CONF} is missing")

    def start(self, tmp):
        conf, pidfile = f"{tmp}/ksmtuned.conf", f"{tmp}/ksmtuned.pid"
        with open(conf, "w", encoding="ascii") as f:
            f.writelines(f"{line}\n" for line in self.conf)
        env = {k: v for k, v in os.environ.items()
               if not k.startswith("KSM_")}
        env["PIDFILE"] = pidfile
        # A namespace of its own, so that the host's file stays untouched.
        subprocess.run(
            ["unshare", "--mount", "sh", "-c",
             'mount --bind "$1" "$2" && exec "$3"', "sh",
             conf, KSMTUNED_CONF, KSMTUNED],
            env=env, check=True, start_new_session=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        for _ in range(50):
            time.sleep(0.1)
            try:
                with open(pidfile, encoding="ascii") as f:
                    self.pid = int(f.read())
                return
            except (OSError, ValueError):
                continue
        raise RuntimeError("ksmtuned did not start")

    def cpu_s(self):
        """The shell's own time and that of the children it has reaped."""
        try:
            with open(f"/proc/{self.pid}/stat", encoding="utf-8") as f:
                fields = f.read().rpartition(")")[2].split()
        except OSError:
            return self.last_cpu_s
        self.last_cpu_s = sum(map(int, fields[11:15])) * TICK_S
        return self.last_cpu_s

    def rss_kib(self):
        return status_kib(self.pid, "VmHWM")

    def stop(self):
        pid, self.pid = self.pid, 0
        if not pid:
            return None
        group = os.getpgid(pid) if os.path.exists(f"/proc/{pid}") else 0
        if not group:
            return "ksmtuned had died"
        os.killpg(group, signal.SIGKILL)  # a shell in wait defers SIGTERM
        return None


class Densityd:
    """Our daemon under one of its laws, its state in a directory apart."""

    def __init__(self, name, summary, law):
        self.name, self.summary, self.law = name, summary, law
        self.binary = os.path.realpath(os.environ.get(
            "DENSITYD", os.path.join(os.path.dirname(__file__),
                                     "../../build/bin/densityd")))
        self.process = None
        self.last_cpu_s = 0.0

    def check(self):
        if not os.access(self.binary, os.X_OK):
            raise Skip(f"{self.binary} is not built")

    def start(self, tmp):
        conf = f"{tmp}/densityd.conf"
        with open(conf, "w", encoding="ascii") as f:
            f.write(f"[policy]\nlaw = {self.law}\n")
        for name in ("run", "lib"):
            os.mkdir(f"{tmp}/{name}")
        self.made = [d for d in ("/run/densityd", "/var/lib/densityd")
                     if not os.path.exists(d)]
        for d in self.made:
            os.mkdir(d)
        ready = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        ready.bind(f"{tmp}/notify")
        ready.settimeout(15)
        self.log = open(f"{tmp}/densityd.log", "w", encoding="utf-8")
        # The host's root, but for the two directories that hold state.
        self.process = subprocess.Popen(
            ["unshare", "--mount", "sh", "-c",
             'mount --bind "$1/run" /run/densityd && '
             'mount --bind "$1/lib" /var/lib/densityd && '
             'exec "$2" --config "$1/densityd.conf"', "sh",
             tmp, self.binary],
            env={**os.environ, "NOTIFY_SOCKET": f"{tmp}/notify"},
            start_new_session=True, stdin=subprocess.DEVNULL,
            stdout=self.log, stderr=self.log)
        with ready:
            self._wait_ready(ready)

    def _wait_ready(self, ready):
        try:
            while b"READY=1" not in ready.recv(4096):
                pass
        except TimeoutError:
            self.stop()
            with open(self.log.name, encoding="utf-8",
                      errors="replace") as f:
                raise RuntimeError("densityd did not become ready: "
                                   + f.read()[-500:]) from None

    def cpu_s(self):
        total, base = 0, f"/proc/{self.process.pid}/task"
        try:
            for tid in os.listdir(base):
                total += ksm.cpu_ns(f"{self.process.pid}/task/{tid}")
        except OSError:
            return self.last_cpu_s
        self.last_cpu_s = total / 1e9
        return self.last_cpu_s

    def rss_kib(self):
        return status_kib(self.process.pid, "VmHWM")

    def stop(self):
        """SIGTERM must end it with status 0 and the knobs given back."""
        if not self.process:
            return None
        process, self.process = self.process, None
        died = process.poll()
        process.terminate()
        try:
            status = process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            status = process.wait()
        self.log.close()
        for d in self.made:
            try:
                os.rmdir(d)
            except OSError:
                pass  # somebody else has begun to use it
        if died is not None:
            return f"densityd had ended with status {died}"
        return f"densityd ended with status {status}" if status else None


def status_kib(pid, key):
    try:
        with open(f"/proc/{pid}/status", encoding="utf-8",
                  errors="replace") as f:
            for line in f:
                if line.startswith(key + ":"):
                    return int(line.split()[1])
    except OSError:
        pass
    return 0


def table():
    """In the order of the report. `oracle` is what the others are held to."""
    return [
        Fixed("oracle", "flat out, no sleep: the most that can be saved",
              scan_pages=ORACLE_BATCH, sleep_ms=0),
        Fixed("stock", "the kernel's default, 100 pages every 20 ms",
              scan_pages=100, sleep_ms=20),
        Fixed("paper", "the papers' setting, 100 pages every 200 ms",
              scan_pages=100, sleep_ms=200),
        Fixed("aggressive", "2000 pages every 20 ms",
              scan_pages=2000, sleep_ms=20),
        Fixed("advisor", "the kernel's scan-time advisor, target 200 s",
              scan_pages=100, sleep_ms=20, advisor="scan-time",
              target_s=200),
        Fixed("advisor10", "the same, target 10 s",
              scan_pages=100, sleep_ms=20, advisor="scan-time",
              target_s=10),
        Ksmtuned("ksmtuned", "Debian's script as it comes"),
        Ksmtuned("ksmtuned-best", "the same with a file that makes it act",
                 conf=("KSM_MONITOR_INTERVAL=10", "KSM_THRES_COEF=99")),
        Densityd("density-yield", "densityd, law yield", "yield"),
        Densityd("density-static", "densityd, law static", "static"),
        Densityd("density-ksmtuned", "densityd, law ksmtuned", "ksmtuned"),
        Densityd("density-scan-time", "densityd, law scan-time",
                 "scan-time"),
    ]


def choose(names):
    """Those of @names (all, when empty) in the table's order."""
    everybody = table()
    unknown = set(names) - {c.name for c in everybody}
    if unknown:
        raise ValueError("ONLY names nobody: " + ", ".join(sorted(unknown))
                         + "; known: "
                         + ", ".join(c.name for c in everybody))
    return [c for c in everybody if not names or c.name in names]


def scratch(parent, name):
    path = os.path.join(parent, name)
    shutil.rmtree(path, ignore_errors=True)
    os.makedirs(path)
    return path
