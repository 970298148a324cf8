#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""make install puts each file where it belongs; make uninstall takes it away.

Installs into a temporary DESTDIR, twice: as a package would (PREFIX=/usr) and
as an administrator does (the default). Nothing of the host is touched.
"""
import glob
import os
import re
import shutil
import stat
import subprocess
import sys
import tempfile

TOP = os.path.realpath(os.path.join(os.path.dirname(__file__), "..", ".."))
BUILD = os.environ.get("DENSITY_BUILD", os.path.join(TOP, "build"))

number = 0
failed = False


def check(good, what, *notes):
    global number, failed
    number += 1
    print(f"{'ok' if good else 'not ok'} {number} - {what}")
    if not good:
        failed = True
        for note in notes:
            print("# " + str(note).replace("\n", "\n# "))


def make(*args):
    """Run make apart from a make that runs this test; (status, output)."""
    env = {name: value for name, value in os.environ.items()
           if name not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL", "DESTDIR")}
    done = subprocess.run(["make", "-C", TOP, f"BUILD={BUILD}", *args],
                          env=env, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True)
    return done.returncode, done.stdout


def files_below(directory):
    return sorted(os.path.relpath(os.path.join(here, name), directory)
                  for here, _, names in os.walk(directory) for name in names)


def wanted(prefix):
    """Every path that an installation consists of, and its mode."""
    files = {
        f"{prefix}/sbin/densityd": 0o755,
        f"{prefix}/bin/densityctl": 0o755,
        f"{prefix}/lib/systemd/system/densityd.service": 0o644,
        f"{prefix}/lib/sysusers.d/densityd.conf": 0o644,
        f"{prefix}/lib/tmpfiles.d/densityd.conf": 0o644,
        f"{prefix}/share/bash-completion/completions/densityctl": 0o644,
        "etc/densityd/densityd.conf.example": 0o644,
    }
    for preset in ("balanced", "density", "quiet"):
        files[f"{prefix}/share/densityd/{preset}.conf"] = 0o644
    for page in ("densityctl.1", "densityd.8", "densityd.conf.5"):
        files[f"{prefix}/share/man/man{page[-1]}/{page}"] = 0o644
    return files


def read(*parts):
    with open(os.path.join(*parts), encoding="utf-8") as text:
        return text.read()


def check_contents(dest, prefix):
    for program in ("sbin/densityd", "bin/densityctl"):
        path = os.path.join(dest, prefix, program)
        done = subprocess.run([path, "--version"], capture_output=True,
                              text=True)
        version = read(TOP, "VERSION").strip()
        check(done.returncode == 0 and version in done.stdout,
              f"/{prefix}/{program} runs and is of this version",
              done.stdout, done.stderr)

    unit = read(dest, prefix, "lib/systemd/system/densityd.service")
    check(not re.search(r"@[A-Z]+@", unit), "the unit has no gap left in it",
          unit)
    started = re.findall(r"^Exec\w+=[-+!@:]*(/\S+)", unit, re.M)
    ours = [path for path in started if "density" in path]
    check(ours and all(os.access(dest + path, os.X_OK) for path in ours),
          "the unit starts what was installed", started)

    example = read(dest, "etc/densityd/densityd.conf.example")
    check(example == read(TOP, "policy/balanced.conf"),
          "the example is the preset 'balanced'")

    for page in glob.glob(os.path.join(dest, prefix, "share/man/*/*")):
        check(read(page).lstrip().startswith((".", "'")),
              f"{os.path.basename(page)} is a manual page")


def check_install(dest, prefix, args):
    status, output = make("install", f"DESTDIR={dest}", *args)
    check(status == 0, f"make install succeeds with prefix /{prefix}", output)
    if status:
        return
    files = wanted(prefix)
    for path, mode in files.items():
        full = os.path.join(dest, path)
        good = os.path.isfile(full) and \
            stat.S_IMODE(os.stat(full).st_mode) == mode
        check(good, f"/{path} is there with mode {mode:o}")
    extra = sorted(set(files_below(dest)) - set(files))
    check(not extra, "and nothing else", extra)
    if not failed:
        check_contents(dest, prefix)

    own = os.path.join(dest, "etc/densityd/densityd.conf")
    with open(own, "w", encoding="utf-8") as conf:
        conf.write("# the administrator's own\n")
    status, output = make("uninstall", f"DESTDIR={dest}", *args)
    left = files_below(dest)
    check(status == 0 and left == ["etc/densityd/densityd.conf"],
          "make uninstall leaves the administrator's file alone, and only it",
          output, left)
    os.unlink(own)

    status, output = make("uninstall", f"DESTDIR={dest}", *args)
    dirs = [path for path in (f"{prefix}/share/densityd", "etc/densityd")
            if os.path.isdir(os.path.join(dest, path))]
    check(status == 0 and not dirs, "a second uninstall is harmless and "
          "removes the directories of ours", output, dirs)


def main():
    for prefix, args in (("usr", ["PREFIX=/usr"]), ("usr/local", [])):
        dest = tempfile.mkdtemp(prefix="density-install.")
        try:
            check_install(dest, prefix, args)
        finally:
            shutil.rmtree(dest)
    print(f"1..{number}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
