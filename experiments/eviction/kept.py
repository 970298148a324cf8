# SPDX-License-Identifier: GPL-2.0
"""What was measured, a file a unit, so that a bench may take several sittings.

A file holds the lines that in_l1 printed, and a key: the sum of the kernel and
the words that said what to measure. Whatever has another key is measured again
and is in no table. It is written beside its place and renamed, so that a file
that exists is whole.
"""
import hashlib
import json
import os

FORMAT = 1


def sum_of(path):
    with open(path, "rb") as file:
        return hashlib.sha256(file.read()).hexdigest()[:16]


def key(unit, kernel):
    """@kernel: the sum of the bzImage."""
    words = [kernel, *unit.lab, "--", *unit.words]
    return hashlib.sha256("\0".join(words).encode()).hexdigest()[:16]


def parse(text):
    """The rows of in_l1's output. ValueError: there are none, or a line is no
    JSON object."""
    rows = [json.loads(line) for line in text.splitlines() if line]
    if not rows or not all(isinstance(row, dict) for row in rows):
        raise ValueError("not one JSON object a line")
    return rows


def save(directory, unit, kernel, rows, took_s):
    os.makedirs(directory, exist_ok=True)
    path = os.path.join(directory, unit.name + ".json")
    with open(path + ".new", "w", encoding="utf-8") as file:
        json.dump({"format": FORMAT, "unit": unit.name, "kernel": kernel,
                   "key": key(unit, kernel), "took_s": round(took_s),
                   "lab": unit.lab, "words": unit.words}, file)
        for row in rows:
            file.write("\n" + json.dumps(row))
        file.write("\n")
        file.flush()
        os.fsync(file.fileno())
    os.replace(path + ".new", path)


def load(directory, unit, kernel):
    """(rows, None), or (None, why they are not there)."""
    path = os.path.join(directory, unit.name + ".json")
    try:
        with open(path, encoding="utf-8") as file:
            head, *rows = parse(file.read())
    except FileNotFoundError:
        return None, "not measured"
    except (OSError, ValueError) as e:
        return None, f"unreadable: {e}"
    if head.get("format") != FORMAT or head.get("key") != key(unit, kernel):
        return None, "of another kernel or other words"
    return rows, None
