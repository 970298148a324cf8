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
import origin

KSMTUNED_CONF = "/etc/ksmtuned.conf"
HERE = os.path.dirname(os.path.realpath(__file__))
BUILD = os.environ.get("DENSITY_BUILD",
                       os.path.realpath(os.path.join(HERE, "../../build")))
TICK_S = 1 / os.sysconf("SC_CLK_TCK")

# Flat out: an upper bound for what merging can save, at whatever it costs.
ORACLE_BATCH = 20000
READY_S = 15

# Prefix of a command that shall not outlive a killed bench.
DIE_WITH_US = ("setpriv", "--pdeathsig", "TERM")


class Skip(Exception):
    """This controller cannot run here; the text says why."""


class Fixed:
    """Knobs set once. The kernel's own advisor belongs here, too."""

    def __init__(self, name, summary, **knobs):
        self.name, self.summary, self.knobs = name, summary, knobs

    def settings(self):
        return sorted(self.knobs.items())

    def made_of(self):
        """What else decides what it does, for its fingerprint."""
        return []

    def keep(self, directory):
        """Hold on to what is run, whatever is installed or built later."""

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
    """Debian's script, unchanged, with the settings @conf.

    Its file and the environment have the same variables and the file wins,
    so the host's own, if there is one, is hidden in a mount namespace.
    """

    def __init__(self, name, summary, **conf):
        self.name, self.summary, self.conf = name, summary, conf
        self.script = None
        self.pid = self.last_cpu_s = 0

    def settings(self):
        return sorted(self.conf.items())

    def made_of(self):
        return [origin.read(self.script)]

    def keep(self, directory):
        pass    # a script that the host's package manager owns

    def check(self):
        # Installed, or only unpacked by packaging/install-deps.
        self.script = shutil.which("ksmtuned", path=os.pathsep.join(
            (os.environ.get("PATH", ""), "/usr/sbin",
             os.path.join(BUILD, "unpacked/usr/sbin"))))
        if not self.script:
            raise Skip("there is no ksmtuned: apt-get install ksmtuned")

    def start(self, tmp):
        pidfile = f"{tmp}/ksmtuned.pid"
        env = {k: v for k, v in os.environ.items()
               if not k.startswith("KSM_")}
        env.update(self.conf, PIDFILE=pidfile)
        subprocess.run(
            ["unshare", "--mount", "sh", "-c",
             'if [ -e "$1" ]; then mount --bind /dev/null "$1"; fi\n'
             'exec "$2"', "sh", KSMTUNED_CONF, self.script],
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
            "DENSITYD", os.path.join(BUILD, "bin/densityd")))
        self.process = self.found = self.log = None
        self.last_cpu_s = 0.0

    def settings(self):
        return self.law

    def made_of(self):
        return origin.of_densityd(
            self.binary, self.law, self.binary
            == os.path.realpath(os.path.join(BUILD, "bin/densityd")))

    def keep(self, directory):
        """A copy: `make` may replace the binary while the bench goes on."""
        copy = os.path.join(directory, "densityd")
        shutil.copy(self.binary, copy)
        self.binary = copy

    def check(self):
        if not os.access(self.binary, os.X_OK):
            raise Skip(f"{self.binary} is not built")

    def start(self, tmp):
        conf = f"{tmp}/densityd.conf"
        with open(conf, "w", encoding="ascii") as f:
            f.write(f"[control]\nlaw = {self.law}\n")
        self.found = ksm.knobs()
        state = f"{tmp}/state"
        os.mkdir(state)
        ready = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        ready.bind(f"{tmp}/notify")
        ready.settimeout(READY_S)
        self.log = open(f"{tmp}/densityd.log", "w", encoding="utf-8")
        self.process = subprocess.Popen(
            [*DIE_WITH_US, self.binary, "--config", conf,
             "--state", state],
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
        if died is not None:
            return f"densityd had ended with status {died}"
        if status:
            return f"densityd ended with status {status}"
        if ksm.knobs() != self.found:
            return f"densityd left {ksm.knobs()}, had found {self.found}"
        return None


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
                 KSM_MONITOR_INTERVAL="10", KSM_THRES_COEF="99"),
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
