# SPDX-License-Identifier: GPL-2.0
"""Figures as Markdown, a section a function. Losses stay in the tables."""
import figures
import plan
from rows import number, table

# The slides' table of bonnie++: K/s plain, K/s with the exclusive cache.
SLIDES = {"putc": ("Write(char)", 24000, 32000),
          "getc": ("Read(char)", 27000, 27500),
          "get_block": ("Read(block)", 53750, 47700),
          "put_block": ("Write(block)", 22500, 23800),
          "rewrite": ("Rewrite", None, None)}
TITLES = {"plain": "nothing", "scrub": "scrubber", "drop": "drop_caches",
          "direct": "O_DIRECT"}
STAGES = {"found": "looked at, checksums calculated",
          "first": "dropped, checksums calculated",
          "dry": "looked at, checksums remembered",
          "again": "dropped, checksums remembered"}
MIB_PAGES = 256


def goals(lines):
    yield from table(("", "wanted", "measured", "met"), lines)


def each(rows, function, form="{}"):
    """A value each repeat."""
    values = [function(row) for row in rows]
    return ", ".join("-" if value is None else form.format(value)
                     for value in values) if values else None


def same(variants):
    if not variants:
        return
    yield ("## Two guests of one image, which read all of it twice\n\n"
           "Pages of the image; KiB read from the disk at first, and again.\n")
    yield from table(
        ("", "cached", "twice", "cached after", "twice after", "by before",
         "read first", "read again", "by nothing's"),
        [(TITLES[variant], each(rows, lambda r: r["cached"]),
          each(rows, lambda r: r["twice"]),
          each(rows, lambda r: r["cached_after"]),
          each(rows, lambda r: r["twice_after"]),
          each(rows, figures.cached_share, "{:.3f}"),
          each(rows, lambda r: r["first_kib"]),
          each(rows, lambda r: r["again_kib"]),
          ", ".join(number(v) or "-" for v in
                    figures.read_ratios(variants, variant)))
         for variant, rows in sorted(variants.items(), key=order)])


def order(item):
    return plan.VARIANTS.index(item[0])


def zipf(parts):
    for part, variants in parts.items():
        yield (f"## Files at random, guests of {plan.ZIPF_MEMORY[part]} MiB\n\n"
               "Cached of all files in the host, MiB, on average; KiB.\n")
        yield from table(
            ("", "cached", "guests read again", "read from the disk",
             "by nothing's", "of it again", "dropped pages",
             "of these read again"),
            [(TITLES[variant],
              each(rows, lambda r: r["images_kib"] >> 10),
              each(rows, lambda r: sum(r["guest_kib"])),
              each(rows, figures.read_kib),
              ", ".join(number(v) or "-" for v in
                        figures.read_ratios(variants, variant)),
              each(rows, lambda r: r.get("again_kib")),
              each(rows, lambda r: r.get("tally", {}).get("dropped_pages")),
              each(rows, lambda r: r.get("tally", {}).get("reread_pages")))
             for variant, rows in sorted(variants.items(), key=order)])


def durable(write, cut):
    if not write and not cut:
        return
    yield ("## A guest that writes\n\nLost are files that were not what the "
           "guest was told they are.\n")
    rows = []
    for title, of in (("writes, scrubber", write.get("scrub")),
                      ("writes, nothing", write.get("plain")),
                      ("power cuts", cut.get("writeback")),
                      ("power cuts, flushes ignored", cut.get("unsafe"))):
        if of:
            rows.append((title, len(of), figures.files(of),
                         sum(len(row["lost"]) for row in of),
                         sum(len(row.get("lost_to_crash", [])) for row in of),
                         *(figures.tally(of, name) for name in (
                             "dropped_pages", "dirty_pages",
                             "writeback_pages", "busy_pages")),
                         each([r for r in of if "dirtied_kib" in r],
                              figures.unwritten_kib)))
    yield from table(("", "runs", "files", "lost", "lost to a VMM's end",
                      "dropped pages", "met dirty", "under writeback",
                      "not let go", "dirtied, never written, KiB"), rows)


def cost(rows):
    search = figures.search_ns(rows)
    if not search:
        return
    yield ("## Cost, in instructions\n\n"
           f"A search of ksmd in both trees: {search / 2:.0f} instructions, "
           f"{figures.search_steps(rows):.1f} steps.\n")
    stages = [(title, row) for name, title in STAGES.items()
              if (row := figures.stage(rows, name))]
    yield from table(
        ("all of the image", "runs", "pages looked at", "checksums",
         "dropped", "fingerprints", "a page", "by a search",
         "of these in the walk", "mutex, a GiB of guest", "at a time"),
        [(title, row["runs"], *(row["tally"][name] for name in (
            "looked_pages", "checksums", "dropped_pages", "fingerprints")),
          number(figures.page_ns(row) / 2, "{:.0f}"),
          number(figures.page_ns(row) / search),
          number(row["parts"]["walk_image"][1] * 500
                 / row["tally"]["looked_pages"], "{:.0f}"),
          *(number(ns and ns / 2, "{:.0f}") for ns in figures.mutex(row)))
         for title, row in stages])


def bonnie(variants):
    if not variants:
        return
    yield ("## bonnie++ in two guests\n\nK/s of both together, median (least..most) "
           "of turns in one boot, by a clock that says\nnothing but in the ratio.\n")
    rows = []
    for name, (title, before, after) in SLIDES.items():
        ours = [figures.speed(variants.get(v, []), name)
                for v in ("plain", "scrub")]
        rows.append((title, before, after,
                     number(after and after / before, "{:.2f}"),
                     *("{:.0f} ({}..{})".format(*one) if one else None
                       for one in ours),
                     number(ours[1][0] / ours[0][0], "{:.2f}")
                     if all(ours) else None))
    yield from table(("", "slides: plain", "exclusive", "ratio", "plain",
                      "scrubber", "ratio"), rows)
    yield from table(
        ("", "cached, MiB, mean", "read from the disk, KiB", "written, KiB",
         "passes of ksmd", "ksmd, ms", "dropped pages", "read again"),
        [(TITLES[variant], sum(s[1] for s in row["series"])
          // max(len(row["series"]), 1), row["read_kib"], row["written_kib"],
          row["passes"], row["ksmd_ns"] // 10 ** 6,
          row.get("tally", {}).get("dropped_pages"),
          row.get("tally", {}).get("reread_pages"))
         for variant, rows in variants.items() for row in rows])
