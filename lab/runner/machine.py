# SPDX-License-Identifier: GPL-2.0
"""Boot one L1 under QEMU's emulation and say how it ended.

Nothing here needs /dev/kvm, root or an image. A run has a directory:

    share/command   what L1 executes (see lab/init/init.c)
    share/out/      files that it may leave
    output          what the command wrote
    status          how it ended, the last word of init
    console         the kernel's console
    qemu            what QEMU complained about, and its command line

QEMU is a child that dies with this process, whatever ends it.
"""
import contextlib
import dataclasses
import fcntl
import os
import re
import shlex
import shutil
import signal
import subprocess
import time

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.path.abspath(os.environ.get("DENSITY_BUILD", os.path.join(TOP, "build")))
QEMU = "qemu-system-x86_64"
KILL_S = 10             # from SIGTERM to SIGKILL for a QEMU that hangs
SKIPPED = 4             # exit status of a command that cannot run here (kselftest)

CPU = "EPYC,+svm,+npt,+nrip-save"
ACCEL = {
    # When the buffer of translations is full, guests of L1 may stop (README, "L1").
    "fast": "tcg,thread=multi,tb-size=2048",
    # Time is counted in instructions, on one host thread: runs repeat.
    "icount": "tcg,thread=single",
}
KERNEL_ARGS = [
    "console=ttyS0", "panic=-1", "panic_on_warn=1", "oops=panic",
    # Emulated timers are late and processors starve on a loaded host.
    "no_timer_check", "rcupdate.rcu_cpu_stall_timeout=120",
    # Its TSC is calibrated early, badly if the host is loaded, and then refined. KVM
    # keeps the early frequency for guests; where that is off by more than this and
    # TSCs cannot be scaled, they get a TSC scaled by 0, and no timer of theirs fires
    # (set_tsc_khz() in arch/x86/kvm/x86.c).
    "kvm.tsc_tolerance_ppm=10000",
    # No pin interrupts are used, all have MSI-X; to interpret what ACPI says of them
    # takes the debug kernel half a minute a device, and then fails.
    "acpi=noirq",
    "nokaslr",              # addresses in a splat mean something
    "mitigations=off", "kvm_amd.npt=0",
]

# What a kernel says when something is broken. lockdep and kmemleak heed no
# panic_on_warn, so looking is the only way to know.
SPLAT = re.compile("|".join((
    r"WARNING: (?:CPU:|possible|suspicious|inconsistent|bad unlock|lock held)",
    r"\bBUG: ", r"kernel BUG at", r"\bOops\b", r"Kernel panic", r"UBSAN: ",
    r"INFO: task .* blocked for more", r"rcu: INFO: .* detected",
    r"INFO: trying to register non-static key",
    r"kmemleak: [1-9]\d* new suspected", r"refcount_t: ",
    r"watchdog: BUG", r"Bad page state", r"=\[ BUG: ", r"DEBUG_LOCKS_WARN_ON",
)))


@dataclasses.dataclass
class Ending:
    """kind: exit, signal, error, timeout, silent (reset without a word), qemu
    (it failed). value: exit status, signal, or text. splat: first such line of
    the console, or None."""
    kind: str
    value: object
    splat: str
    seconds: float

    @property
    def ok(self):
        return self.kind == "exit" and self.value == 0 and not self.splat

    @property
    def skipped(self):
        return self.kind == "exit" and self.value == SKIPPED and not self.splat

    def words(self):
        """One line: what went wrong, gravest first."""
        if self.splat:
            return f"kernel splat: {self.splat}"
        return {"exit": f"exit status {self.value}",
                "signal": f"killed by signal {self.value}",
                "error": f"L1's init: {self.value}",
                "timeout": f"killed at its limit of {self.value} s",
                "silent": "L1 reset before the command ended",
                "qemu": f"QEMU: {self.value}"}[self.kind]


def kernel_path(flavour):
    name = "bzImage" if flavour == "lab" else f"bzImage-{flavour}"
    return os.path.join(BUILD, "kernel", name)


def module_path(kernel):
    """The module that was built for @kernel lies beside it."""
    place, name = os.path.split(kernel)
    path = os.path.join(place, name.replace("bzImage", "ksmd_ext") + ".ko")
    return path if os.path.exists(path) else os.path.join(BUILD, "kernel",
                                                          "ksmd_ext.ko")


def make_initramfs():
    """Build what is out of date; SystemExit with the compiler's words if not."""
    done = subprocess.run(["make", "-s", "-C", os.path.join(TOP, "lab"),
                           f"BUILD={BUILD}"], capture_output=True, text=True,
                          check=False)
    if done.returncode:
        raise SystemExit(f"lab: cannot build its init:\n{done.stderr}")
    return os.path.join(BUILD, "lab", "initramfs.cpio")


@contextlib.contextmanager
def run_directory(name):
    """An empty directory for the run called @name, ours alone until the end."""
    path = os.path.join(BUILD, "lab", "runs", name.replace("/", "_"))
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path + ".lock", "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        shutil.rmtree(path, ignore_errors=True)
        os.makedirs(os.path.join(path, "share", "out"))
        yield path


def read(path, name):
    with open(os.path.join(path, name), encoding="utf-8",
              errors="replace") as file:
        return file.read()


def comma(path):
    """A comma in the value of a QEMU option is written twice."""
    return path.replace(",", ",,")


def qemu_command(test, kernel, initramfs, path, console=False):
    """The command line for @test (testlist.Test); a list of words."""
    share = comma(os.path.join(path, "share"))
    args = KERNEL_ARGS + test.kernel_args
    words = [QEMU, "-name", f"lab-{test.name}", "-no-user-config",
             "-nodefaults", "-display", "none", "-no-reboot",
             # A host's ksmd has no business in here: what it does is measured.
             "-machine", "mem-merge=off",
             "-accel", ACCEL[test.clock], "-cpu", CPU,
             "-smp", str(test.smp), "-m", str(test.memory),
             "-kernel", kernel, "-initrd", initramfs,
             "-virtfs", "local,path=/,mount_tag=host,security_model=none,"
             "readonly=on,multidevs=remap",
             "-virtfs", f"local,path={share},mount_tag=lab,"
             "security_model=none,multidevs=remap"]
    if test.clock == "icount":
        words += ["-icount", "shift=1,sleep=off"]
    if console:
        words += ["-serial", "mon:stdio"]
        args = args + ["loglevel=4", "--", "console"]
    else:
        words += ["-serial", "file:" + comma(os.path.join(path, "console")),
                  "-device", "virtio-serial-pci"]
        for port in ("output", "status"):
            words += ["-chardev", f"file,id={port},path=" +
                      comma(os.path.join(path, port)),
                      "-device", f"virtserialport,chardev={port},"
                      f"name=org.density.lab.{port}"]
    return words + ["-append", " ".join(args)] + test.qemu_args


def write_command(path, test, kernel, command):
    """share/command: prepare what the test asks of L1, then become @command."""
    lines = ["# What L1 runs for " + test.name]
    for name in ("TERM", "NO_COLOR"):
        if name in os.environ:
            lines.append(f"export {name}={shlex.quote(os.environ[name])}")
    lines += [f"export DENSITY_BUILD={shlex.quote(BUILD)}",
              f"export DENSITY_MODULE={shlex.quote(module_path(kernel))}",
              "export LAB_OUT=/run/lab/out",
              f"cd {shlex.quote(TOP)} || exit"]
    for need in test.needs:
        if need.startswith("l1:"):
            lines.append(f"[ -e {shlex.quote(need[3:])} ] || "
                         f"{{ echo 'L1 has no {need[3:]}'; exit {SKIPPED}; }}")
    if test.evict:
        knob = "/sys/module/kvm/parameters/shadow_evict"
        lines.append(f"[ -e {knob} ] || {{ echo 'this kernel has no "
                     f"kvm.shadow_evict'; exit {SKIPPED}; }}")
        lines.append(f"echo {shlex.quote(test.evict)} >{knob} || exit")
        lines.append(f"export LAB_EVICT={shlex.quote(test.evict)}")
    lines.append(command)
    with open(os.path.join(path, "share", "command"), "w",
              encoding="utf-8") as file:
        file.write("\n".join(lines) + "\n")


def start(words, **kwargs):
    """QEMU in a group of its own (the terminal's Ctrl-C is for the runner) that
    gets SIGKILL when this process ends, however it does."""
    return subprocess.Popen(["setpriv", "--pdeathsig", "KILL", "--"] + words,
                            stdin=kwargs.pop("stdin", subprocess.DEVNULL),
                            **kwargs)


def stop(qemu):
    """End @qemu, gently first. Its wait status is collected."""
    if qemu.poll() is None:
        qemu.send_signal(signal.SIGTERM)
        try:
            qemu.wait(KILL_S)
        except subprocess.TimeoutExpired:
            qemu.kill()
    qemu.wait()


def boot(test, kernel, path, command, tick=None):
    """Run @command in an L1 as @test describes it, files in @path; an Ending.
    @tick is called with the seconds passed, some times a second."""
    initramfs = make_initramfs()
    write_command(path, test, kernel, command)
    words = qemu_command(test, kernel, initramfs, path)
    began = time.monotonic()
    timeout = False
    with open(os.path.join(path, "qemu"), "w", encoding="utf-8") as log:
        print(shlex.join(words), file=log, flush=True)
        qemu = start(words, stdout=log, stderr=log, process_group=0)
        try:
            while qemu.poll() is None:
                seconds = time.monotonic() - began
                if seconds > test.timeout:
                    timeout = True
                    break
                if tick:
                    tick(seconds)
                time.sleep(0.1)
        finally:
            stop(qemu)
    return judge(path, test, qemu.returncode, timeout,
                 time.monotonic() - began)


def judge(path, test, qemu_status, timeout, seconds):
    splat = None
    status = []
    if os.path.exists(os.path.join(path, "console")):
        lines = read(path, "console").splitlines()
        splat = next((line.strip() for line in lines if SPLAT.search(line)),
                     None)
    if os.path.exists(os.path.join(path, "status")):
        status = read(path, "status").strip().split(maxsplit=1)
    if timeout:
        kind, value = "timeout", test.timeout
    elif len(status) == 2 and status[0] in ("exit", "signal", "error"):
        kind, value = status
        value = value if kind == "error" else int(value)
    elif qemu_status:
        kind = "qemu"
        words = read(path, "qemu").strip().splitlines()
        value = words[-1] if len(words) > 1 else f"status {qemu_status}"
    else:
        kind, value = "silent", ""
    return Ending(kind, value, splat, seconds)
