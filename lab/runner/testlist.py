# SPDX-License-Identifier: GPL-2.0
"""Read lab/tests.list and lab/errata: what there is to run, what is known.

tests.list is an INI file, a section a test; lab/README.md documents the keys.
A key that does not exist, a value that makes no sense, a test without a command
are errors: a test that silently runs otherwise than written tests nothing.
"""
import configparser
import dataclasses
import fnmatch
import shlex

FLAVOURS = ("lab", "debug")
CLASSES = ("quick", "long", "debug", "manual")
CLOCKS = ("fast", "icount")
FORMATS = ("status", "tap")


class ListError(Exception):
    """A file that people write is wrong; the text says where and how."""


@dataclasses.dataclass
class Test:
    """One thing to boot L1 for. Lists hold words, already split."""
    name: str
    command: str
    about: str = ""
    cls: str = "quick"
    kernel: str = "lab"         # flavour
    smp: int = 2
    memory: int = 1024          # MiB
    timeout: int = 300          # s, a kill limit and no more
    clock: str = "fast"
    format: str = "status"
    kernel_args: list = dataclasses.field(default_factory=list)
    qemu_args: list = dataclasses.field(default_factory=list)
    needs: list = dataclasses.field(default_factory=list)
    evict: str = ""             # value of kvm.shadow_evict, "" = as it comes


def one_of(words):
    def parse(text):
        if text not in words:
            raise ValueError(f"'{text}' is none of {', '.join(words)}")
        return text
    return parse


def number(low, high):
    def parse(text):
        if not text.isascii() or not text.isdigit() or \
                not low <= int(text) <= high:
            raise ValueError(f"'{text}' is no number from {low} to {high}")
        return int(text)
    return parse


# Key in the file -> (field, parser). `evict` multiplies a test: see expand().
KEYS = {
    "about": ("about", str),
    "command": ("command", str),
    "class": ("cls", one_of(CLASSES)),
    "kernel": ("kernel", one_of(FLAVOURS)),
    "smp": ("smp", number(1, 64)),
    "memory": ("memory", number(64, 1 << 20)),
    "timeout": ("timeout", number(1, 7 * 86400)),
    "clock": ("clock", one_of(CLOCKS)),
    "format": ("format", one_of(FORMATS)),
    "kernel-args": ("kernel_args", shlex.split),
    "qemu-args": ("qemu_args", shlex.split),
    "needs": ("needs", str.split),
    "evict": ("evict", str),
}
NEEDS = ("file:", "build:", "tool:", "l1:")


def parse_test(path, name, section):
    values = {}
    for key, text in section.items():
        if key not in KEYS:
            raise ListError(f"{path}: [{name}] {key}: no such key")
        field, parse = KEYS[key]
        try:
            values[field] = parse(text.strip())
        except ValueError as why:
            raise ListError(f"{path}: [{name}] {key}: {why}") from None
    for need in values.get("needs", []):
        if not need.startswith(NEEDS):
            raise ListError(f"{path}: [{name}] needs: '{need}' starts with "
                            f"none of {' '.join(NEEDS)}")
    if not values.get("command"):
        raise ListError(f"{path}: [{name}] has no command")
    if not name.replace("-", "").isalnum():
        raise ListError(f"{path}: [{name}]: letters, digits and - are expected")
    return Test(name=name, **values)


def expand(test):
    """`evict = a b` makes NAME:a and NAME:b of NAME."""
    policies = test.evict.split()
    if not policies:
        return [test]
    return [dataclasses.replace(test, name=f"{test.name}:{policy}",
                                evict=policy) for policy in policies]


def read_tests(path):
    """All tests of a file, in its order; ListError says what is wrong."""
    ini = configparser.ConfigParser(interpolation=None,
                                    comment_prefixes=("#",), delimiters=("=",))
    try:
        with open(path, encoding="utf-8") as file:
            ini.read_file(file)
    except (OSError, UnicodeDecodeError, configparser.Error) as why:
        raise ListError(f"{path}: {' '.join(str(why).split())}") from None
    tests = []
    for name in ini.sections():
        tests += expand(parse_test(path, name, ini[name]))
    return tests


def select(tests, names, classes):
    """The tests called for: by name (a pattern, or the part before ':'), by
    class, or, with neither, the quick ones. ListError for a name of nothing."""
    if not names and not classes:
        classes = ["quick"]
    for name in names:
        if not any(named(test, name) for test in tests):
            raise ListError(f"no test is called '{name}' (--list shows them)")
    return [test for test in tests if test.cls in classes or
            any(named(test, name) for name in names)]


def named(test, name):
    return fnmatch.fnmatchcase(test.name, name) or \
        test.name.split(":")[0] == name


class Errata:
    """Known failures: lines "PATTERN REASON", a pattern of NAME[/SUBTEST]."""

    def __init__(self, path):
        self.entries = []
        try:
            with open(path, encoding="utf-8") as file:
                lines = file.read().splitlines()
        except (OSError, UnicodeDecodeError) as why:
            raise ListError(f"{path}: {why}") from None
        for number_, line in enumerate(lines, 1):
            words = line.split(maxsplit=1)
            if not words or words[0].startswith("#"):
                continue
            if len(words) < 2:
                raise ListError(f"{path}:{number_}: '{line}' gives no reason")
            self.entries.append((words[0], words[1].strip()))

    def reason(self, name):
        """Why this one is known to fail, or None."""
        for pattern, reason in self.entries:
            if fnmatch.fnmatchcase(name, pattern):
                return reason
        return None
