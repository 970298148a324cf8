#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""The lab's runner: does it tell apart all the ways in which a test can end?

Its tables are checked everywhere; what needs machines is skipped without a
kernel. Prints TAP. The runs use a build directory of their own, made of links.
"""
import os
import signal
import subprocess
import sys
import tempfile

from density import BUILD, TOP, Skip, run_tests, wait_for

sys.path.insert(0, os.path.join(TOP, "lab", "runner"))
sys.dont_write_bytecode = True
# pylint: disable=wrong-import-position
import ktap
import machine
import testlist

RUN = os.path.join(TOP, "lab", "run")
KERNEL = os.path.join(BUILD, "kernel", "bzImage")
work = tempfile.TemporaryDirectory(prefix="density-lab-")


def path(name):
    return os.path.join(work.name, name)


def write(name, text):
    with open(path(name), "w", encoding="utf-8") as file:
        file.write(text)
    return path(name)


def environment():
    """A build directory with the kernel, but with runs of our own."""
    os.makedirs(path("build"), exist_ok=True)
    if not os.path.lexists(path("build/kernel")):
        os.symlink(os.path.dirname(KERNEL), path("build/kernel"))
    return {**os.environ, "DENSITY_BUILD": path("build")}


def command(*args):
    return [RUN, "--tests", path("list"), "--errata", path("errata"), *args]


def run(*args):
    return subprocess.run(command(*args), capture_output=True, text=True,
                          check=False, env=environment(),
                          stdin=subprocess.DEVNULL)


def need_kernel():
    if not os.path.exists(KERNEL):
        raise Skip(f"no {os.path.relpath(KERNEL, TOP)}: make kernel")


BAD_LISTS = (
    ("smpp = 2\ncommand = true", "smpp: no such key"),
    ("smp = 0\ncommand = true", "smp: '0' is no number"),
    ("timeout = soon\ncommand = true", "timeout: 'soon' is no number"),
    ("memory = 99999999999999999999\ncommand = true", "memory:"),
    ("class = slow\ncommand = true", "class: 'slow' is none of"),
    ("kernel = fast\ncommand = true", "kernel: 'fast' is none of"),
    ("needs = a-tool\ncommand = true", "needs: 'a-tool' starts with none"),
    ("kernel-args = 'x\ncommand = true", "kernel-args: No closing quotation"),
    ("smp = 2", "has no command"),
    ("command = true\ncommand = false", "already exists"),
    ("no key here", "no key here"),
)


def bad_lists():
    """a list that says nonsense is refused, naming the place"""
    for text, wanted in BAD_LISTS:
        bad = write("bad", f"[a]\n{text}\n")
        try:
            testlist.read_tests(bad)
        except testlist.ListError as why:
            assert wanted in str(why) and bad in str(why), (text, str(why))
        else:
            raise AssertionError(f"accepted: {text}")


def bad_usage():
    """names of nothing, a missing list and a bad erratum exit with 2"""
    write("list", "[a]\ncommand = true\n")
    write("errata", "# none\n")
    for args in (("b",), ("--class", "none"), ("--tests", path("absent"), "a")):
        done = run(*args)
        assert done.returncode == 2 and not done.stdout, (args, done)
    write("errata", "a\n")
    done = run("a")
    assert done.returncode == 2 and "gives no reason" in done.stderr, done


def own_list():
    """the lab's own list and errata are good, and every command exists"""
    tests = testlist.read_tests(os.path.join(TOP, "lab", "tests.list"))
    testlist.Errata(os.path.join(TOP, "lab", "errata"))
    assert len({test.name for test in tests}) == len(tests)
    for test in tests:
        program = test.command.split()[0]
        assert os.access(os.path.join(TOP, program), os.X_OK) or \
            "/" not in program, test.name


def policies():
    """evict makes a test of each policy, called for one by one or together"""
    tests = testlist.read_tests(write("list", "[a]\nevict = x y\ncommand = true"
                                      "\n[ab]\ncommand = true\n"))
    assert [test.name for test in tests] == ["a:x", "a:y", "ab"]
    assert [test.evict for test in tests] == ["x", "y", ""]
    names = lambda *args: [t.name for t in testlist.select(tests, args, [])]
    assert names("a") == ["a:x", "a:y"]
    assert names("a:y") == ["a:y"]
    assert names("a*") == ["a:x", "a:y", "ab"]


KTAP = (
    ("1..2\nok 1 - a\nnot ok 2 b\n", "a+ b-", None),
    ("KTAP version 1\n1..1\n  KTAP version 1\n  1..2\n  ok 1 a\n  ok 2 b\n"
     "ok 1 suite\n", "suite.a+ suite.b+", None),
    ("1..1\n    1..1\n        1..2\n        ok 1 x\n        not ok 2 y\n"
     "    not ok 1 case\nnot ok 1 suite\n",
     "suite.case.x+ suite.case.y-", None),
    ("1..1\n  ok 1 a\nnot ok 1 suite\n", "suite.a+ suite-", None),
    ("1..2\nok 1 a # SKIP no device\nok 2 b # skip\n", "a~ b~", None),
    ("1..3\nok 1 a\n", "a+", "3 planned, 1 seen"),
    ("hello\n", "", "no test result at all"),
    ("1..0 # SKIP not here\n", "", None),
    ("1..2\n  ok 1 lost\n", "lost+", "2 planned, 0 seen"),
)


def ktap_table():
    """KTAP's subtests become flat names; a broken plan is seen"""
    for text, wanted, plan in KTAP:
        parsed = ktap.Parsed(text)
        got = " ".join(r.name + ("~" if r.skip else "+" if r.ok else "-")
                       for r in parsed.results)
        assert got == wanted, (text, got)
        assert parsed.broken_plan() == plan, (text, parsed.broken_plan())


SPLATS = (
    "[    2.6] Kernel panic - not syncing: sysrq triggered crash",
    "[   12.1] WARNING: CPU: 1 PID: 7 at arch/x86/kvm/mmu/mmu.c:1 f+0x1/0x2",
    "WARNING: possible circular locking dependency detected",
    "WARNING: suspicious RCU usage", "BUG: KASAN: slab-use-after-free in f",
    "BUG: sleeping function called from invalid context at x.c:1",
    "UBSAN: array-index-out-of-bounds in x.c", "Oops: 0000 [#1] PREEMPT SMP",
    "INFO: task kworker/0:1 blocked for more than 120 seconds.",
    "kmemleak: 3 new suspected memory leaks (see /sys/kernel/debug/kmemleak)",
    "rcu: INFO: rcu_sched detected stalls on CPUs/tasks:",
)
HARMLESS = (
    "Kernel command line: panic=-1 panic_on_warn=1 oops=panic",
    "kmemleak: Kernel memory leak detector initialized (mem pool available: 1)",
    "kmemleak: 0 new suspected memory leaks",
    "traps: a.out[12] general protection fault ip:1 sp:2 error:0",
    "Spectre V2 : WARNING: Unprivileged eBPF is enabled",
)


def splats():
    """what a kernel says when it is broken is known, and nothing else"""
    for line in SPLATS:
        assert machine.SPLAT.search(line), line
    for line in HARMLESS:
        assert not machine.SPLAT.search(line), line


# How machines end: [name] lines of the list, how the TAP line must begin, and
# what must be told about it.
ENDINGS = (
    ("good", "command = true", "ok", ""),
    ("status", "command = echo some words; exit 3", "not ok", "exit status 3"),
    ("killed", "command = kill -9 $$", "not ok", "killed by signal 9"),
    ("cannot", "command = echo no such thing; exit 4", "ok",
     "# SKIP no such thing"),
    ("hang", "timeout = 15\ncommand = sleep 1000", "not ok",
     "killed at its limit of 15 s"),
    ("crash", "command = echo c >/proc/sysrq-trigger; sleep 1000", "not ok",
     "kernel splat: "),
    ("reset", "command = echo b >/proc/sysrq-trigger; sleep 1000", "not ok",
     "L1 reset before the command ended"),
    ("complaint", "command = echo 'BUG: this is one' >/dev/kmsg", "not ok",
     "BUG: this is one"),
    ("story", "command = echo 'what led to it' >/dev/kmsg; "
     "echo 'BUG: this is one' >/dev/kmsg; "
     "for i in $(seq 50); do echo $i >/dev/kmsg; done", "not ok",
     "what led to it"),
    ("refused", "qemu-args = -no-such-option\ncommand = true", "not ok",
     "QEMU: "),
    ("lacks-file", "needs = file:no/such/file\ncommand = true", "ok",
     "# SKIP no no/such/file"),
    ("lacks-tool", "needs = tool:no-such-tool\ncommand = true", "ok",
     "# SKIP no-such-tool is not installed"),
    ("lacks-knob", "needs = l1:/sys/no-such-knob\ncommand = true", "ok",
     "# SKIP L1 has no /sys/no-such-knob"),
    ("known", "command = exit 1", "not ok", "# TODO an old story"),
    ("surprise", "command = true", "ok", "# TODO a story"),
    ("plan", "format = tap\ncommand = echo 1..2; echo ok 1 - a", "not ok",
     "2 planned, 1 seen"),
)


def endings():
    """all the ways in which a machine can end are told apart"""
    need_kernel()
    write("list", "[DEFAULT]\ntimeout = 600\n" +
          "".join(f"[{name}]\n{text}\n" for name, text, *_ in ENDINGS))
    write("errata", "known an old story\nsurprise a story\n")
    done = run(*[ending[0] for ending in ENDINGS])
    assert done.returncode == 1, done
    lines = done.stdout.splitlines()
    for name, _, start, told in ENDINGS:
        # A result and what is told about it, up to the next.
        at = next((i for i, line in enumerate(lines) if
                   line.startswith(f"{start} ") and
                   line.split(" - ")[-1].split(" #")[0] == name), None)
        assert at is not None, f"{name}: no '{start}' in:\n{done.stdout}"
        end = next((i for i in range(at + 1, len(lines))
                    if not lines[i].startswith("#")), len(lines))
        assert told in "\n".join(lines[at:end]), \
            f"{name}: '{told}' is not in:\n" + "\n".join(lines[at:end])
    assert "surprise is known to fail and passed" in done.stdout, done.stdout


def subtests():
    """subtests are results of their own, and errata know them by name"""
    need_kernel()
    write("list", "[a]\nformat = tap\n"
          "command = echo 1..2; echo ok 1 - x; echo not ok 2 - y; exit 1\n")
    write("errata", "a/y an old story\n")
    done = run("a")
    assert done.returncode == 0, done.stdout
    assert done.stdout.splitlines()[:3] == [
        "ok 1 - a/x", "not ok 2 - a/y # TODO an old story",
        "1..2"], done.stdout


def output_is_whole():
    """a large output arrives whole, without the kernel's words in it"""
    need_kernel()
    write("list", "[a]\ncommand = seq 100000; echo mutter >/dev/kmsg; seq 9\n")
    write("errata", "")
    done = run("a")
    assert done.returncode == 0, done.stdout
    with open(path("build/lab/runs/a/output"), encoding="ascii") as file:
        words = [int(word) for word in file.read().split()]
    assert words == list(range(1, 100001)) + list(range(1, 10)), len(words)


def children_of(pid):
    try:
        with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
            return [int(word) for word in file.read().split()]
    except FileNotFoundError:
        return []


def is_qemu(pid):
    try:
        with open(f"/proc/{pid}/comm", encoding="ascii") as file:
            return file.read().startswith("qemu")
    except (FileNotFoundError, ProcessLookupError):
        return False


def interrupted(signo):
    need_kernel()
    write("list", "[a]\ncommand = sleep 1000\n")
    write("errata", "")
    with subprocess.Popen(command("a"), env=environment(),
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE) as runner:
        qemu = wait_for("QEMU starts", lambda: [
            pid for pid in children_of(runner.pid) if is_qemu(pid)])[0]
        runner.send_signal(signo)
        runner.communicate()
        wait_for("QEMU goes", lambda: not is_qemu(qemu))
        return runner.returncode


def interrupt():
    """Ctrl-C ends the machine, too"""
    assert interrupted(signal.SIGINT) == 130


def kill():
    """so does killing the runner outright"""
    assert interrupted(signal.SIGKILL) == -signal.SIGKILL


if __name__ == "__main__":
    run_tests([bad_lists, bad_usage, own_list, policies, ktap_table, splats,
               endings, subtests, output_is_whole, interrupt, kill])
