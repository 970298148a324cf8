# SPDX-License-Identifier: GPL-2.0
"""Rows of Markdown. What is missing is a dash."""


def table(head, rows):
    yield "| " + " | ".join(head) + " |"
    yield "|---|" + "---:|" * (len(head) - 1)
    for row in rows:
        yield "| " + " | ".join("-" if cell is None else str(cell)
                                for cell in row) + " |"
    yield ""


def number(value, form="{:.3f}"):
    return None if value is None else form.format(value)
