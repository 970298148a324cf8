# SPDX-License-Identifier: GPL-2.0
"""TAP as the kernel's tests write it (KTAP): subtests indented below the result
of their parent. What comes out is flat: "suite.case", leaves only.
"""
import dataclasses
import re

RESULT = re.compile(r"^(\s*)(not )?ok\s+(\d+)\b\s*(?:- )?(.*)$")
PLAN = re.compile(r"^1\.\.(\d+)(?:\s*#\s*skip\s*(.*))?", re.IGNORECASE)
SKIP = re.compile(r"#\s*SKIP\S*\s*(.*)$", re.IGNORECASE)


@dataclasses.dataclass
class Result:
    name: str
    ok: bool
    skip: str = None        # the reason, when it was skipped
    notes: list = dataclasses.field(default_factory=list)


class Parsed:
    """results: leaves; planned: how many the outermost level promised."""

    def __init__(self, text):
        self.results = []
        self.planned = None
        self.seen = 0
        self.skip_all = None
        pending = {}            # depth -> results that wait for their parent
        notes = []
        for line in text.splitlines():
            plan = PLAN.match(line)
            match = RESULT.match(line)
            if plan:
                self.planned = int(plan.group(1))
                if not self.planned:
                    self.skip_all = plan.group(2) or "nothing planned"
            elif match:
                self._result(match, pending, notes)
                notes = []
            elif line.strip():
                notes.append(line)
        # A parent whose own line never came: its children still count.
        for depth in sorted(pending):
            self.results += pending[depth]

    def _result(self, match, pending, notes):
        depth = len(match.group(1).expandtabs())
        name = match.group(4).strip()
        skip = SKIP.search(name)
        if skip:
            name = name[:skip.start()].strip()
        result = Result(name or f"{match.group(3)}", not match.group(2),
                        (skip.group(1) or "no reason given") if skip else None,
                        notes)
        children = []
        for deeper in sorted(d for d in pending if d > depth):
            children += pending.pop(deeper)
        for child in children:
            child.name = f"{result.name}.{child.name}"
        if children and (result.ok or not all(c.ok for c in children)):
            family = children
        else:
            family = children + [result]
        if depth:
            pending.setdefault(depth, []).extend(family)
        else:
            self.seen += 1
            self.results += family

    def broken_plan(self):
        """What is wrong with the plan, or None."""
        if self.planned is None:
            return None if self.results else "no test result at all"
        if self.skip_all is None and self.planned != self.seen:
            return f"{self.planned} planned, {self.seen} seen"
        return None
