# SPDX-License-Identifier: GPL-2.0
"""What a run came from: the host, and fingerprints of what was run.

A run may stand beside later ones as long as these are the same. So that words
do not cost hours of measuring, comments, docstrings and layout do not count,
and of a module only what the scenario or controller at hand uses does:

  scenario    its class, how a run is measured (measure.py, ksm.py), and the
              files that it names in made_of (the workload, the guests)
  controller  its class and settings; of ksmtuned, the script; of densityd, the
              sources in daemon/ and policy/ but for the other laws' own files

The sources stand for the binary only when it was built from them here and is
newer than they are (else: an error). Of any other binary, named by DENSITYD,
the file itself counts.
"""
import ast
import hashlib
import os
import re
import subprocess

HERE = os.path.dirname(os.path.realpath(__file__))
TOP = os.path.realpath(os.path.join(HERE, "../.."))
LAWS = ("yield", "static", "ksmtuned", "scan_time")

# A literal stays, a comment goes: whichever begins first.
C_TOKEN = re.compile(r'''("(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*')'''
                     r"|/\*.*?\*/|//[^\n]*", re.DOTALL)


def read(path):
    with open(path, encoding="utf-8") as f:
        return f.read()


def digest(parts):
    whole = hashlib.sha256()
    for part in parts:
        data = part if isinstance(part, bytes) else part.encode()
        whole.update(b"%d:" % len(data) + data)
    return whole.hexdigest()[:16]


def c_code(text):
    """Words of a C source without comments and layout."""
    return " ".join(C_TOKEN.sub(lambda m: m[1] or " ", text).split())


def _without_docstrings(tree):
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(body, list) and body \
                and isinstance(body[0], ast.Expr) \
                and isinstance(body[0].value, ast.Constant) \
                and isinstance(body[0].value.value, str):
            del body[0]
    return tree


def python_code(text, root=None):
    """A module's code, or that of @root and all that it uses of the module."""
    tree = _without_docstrings(ast.parse(text))
    if root is None:
        return ast.dump(tree)
    known = {}
    for node in tree.body:
        for name in [getattr(node, "name", None)] + [
                t.id for t in getattr(node, "targets", ())
                if isinstance(t, ast.Name)]:
            known[name] = node
    used, todo = {}, [root]
    while todo:
        name = todo.pop()
        if name in used or name not in known:
            continue
        used[name] = ast.dump(known[name])
        todo += [n.id for n in ast.walk(known[name])
                 if isinstance(n, ast.Name)]
    return "\n".join(used[name] for name in sorted(used))


def file_code(path):
    """What of a file counts, by its kind."""
    if path.endswith((".c", ".h")):
        return c_code(read(path))
    return read(path)


def sources(folder, endings=None):
    """Files below @folder of the checkout, without prose."""
    found = []
    for where, _, names in os.walk(os.path.join(TOP, folder)):
        found += [os.path.join(where, n) for n in names
                  if not n.endswith(".md")
                  and (endings is None or n.endswith(endings))]
    return sorted(found)


def files_code(paths):
    for path in paths:
        yield os.path.relpath(path, TOP)
        yield file_code(path)


def of_scenario(kind):
    paths = []
    for name in kind.made_of:
        path = os.path.join(TOP, name)
        paths += sources(name) if os.path.isdir(path) else [path]
    return digest([python_code(read(f"{HERE}/scenarios.py"), kind.__name__),
                   python_code(read(f"{HERE}/measure.py")),
                   python_code(read(f"{HERE}/ksm.py")),
                   *files_code(paths)])


def of_controller(controller):
    return digest([python_code(read(f"{HERE}/controllers.py"),
                               type(controller).__name__),
                   repr(controller.settings()), *controller.made_of()])


def of_densityd(binary, law, built_here):
    """The parts that tell one densityd from another, see above."""
    if not built_here:
        with open(binary, "rb") as f:
            return [f.read()]
    others = {f"law_{name}.c" for name in LAWS} \
        - {f"law_{law.replace('-', '_')}.c"}
    paths = [p for p in sources("daemon", (".c", ".h"))
             + sources("policy", (".c", ".h"))
             if not p.startswith(f"{TOP}/policy/sim/")]
    for path in paths:
        if os.stat(path).st_mtime > os.stat(binary).st_mtime:
            raise ValueError(f"{binary} is older than {path}: make build")
    return list(files_code(p for p in paths
                           if os.path.basename(p) not in others))


def host():
    with open("/proc/cpuinfo", encoding="utf-8") as f:
        cpu = next((line.partition(":")[2].strip() for line in f
                    if line.startswith("model name")), "unknown")
    return {"kernel": os.uname().release, "cpu": cpu,
            "ncpus": os.cpu_count(), "page_size": os.sysconf("SC_PAGESIZE"),
            "mem_mib": os.sysconf("SC_PHYS_PAGES")
            * os.sysconf("SC_PAGESIZE") >> 20}


def boot():
    return read("/proc/sys/kernel/random/boot_id")[:8]


def commit():
    """For the reader; nothing is decided by it."""
    try:
        return subprocess.run(
            ["git", "-C", TOP, "describe", "--always", "--dirty"],
            capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return ""
