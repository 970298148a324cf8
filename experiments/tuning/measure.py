# SPDX-License-Identifier: GPL-2.0
"""One run: a scenario under a controller, sampled ten times a second.

What is here decides what the samples mean: a change of the code makes all runs
that were measured before it stale (see origin.py).
"""
import os
import time

import ksm

HZ = 10

# Reading smaps_rollup walks page tables; every second sample is enough.
SMAPS_EVERY = 2

COLUMNS = ("t_ms", "saved", "mapped", "counted", "own_merging", "own_zero", "shared",
           "ksmd_us", "control_us", "scanned", "skipped", "scan_pages",
           "sleep_ms")


def own_pages(pids):
    """Merged and zero pages of the bench's own processes."""
    merging = zero = 0
    for pid in pids:
        try:
            with open(f"/proc/{pid}/ksm_stat", encoding="ascii") as f:
                for line in f:
                    word, _, value = line.partition(" ")
                    if word == "ksm_merging_pages":
                        merging += int(value)
                    elif word == "ksm_zero_pages":
                        zero += int(value)
        except OSError:
            continue  # it has just ended
    return merging, zero


def anon_pages(pids):
    """Anonymous pages mapped by the bench, and those less what exists."""
    mapped_kib = exist_kib = 0
    for pid in pids:
        try:
            with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as f:
                part = dict(line.split()[:2] for line in f if ": " in line)
            mapped_kib += int(part["Anonymous:"])
            exist_kib += int(part["Pss_Anon:"])
        except (OSError, KeyError):
            continue  # it is about to end
    page_kib = os.sysconf("SC_PAGESIZE") // 1024
    return mapped_kib // page_kib, (mapped_kib - exist_kib) // page_kib


def sample(t_s, scenario, controller, ksmd, anon):
    """@anon: as anon_pages() last gave it."""
    mapped, saved = anon
    merging, zero = own_pages(scenario.pids())
    return (round(t_s * 1000), saved, mapped,
            ksm.count("pages_sharing") + ksm.count("ksm_zero_pages"),
            merging, zero, ksm.count("pages_shared"),
            ksm.cpu_ns(ksmd) // 1000, round(controller.cpu_s() * 1e6),
            ksm.count("pages_scanned"), ksm.count("pages_skipped"),
            ksm.count("pages_to_scan"), ksm.count("sleep_millisecs"))


def record(scenario, controller, seconds, ksmd):
    """The measured part of a run: one row of COLUMNS every 100 ms."""
    events = sorted(scenario.events(), key=lambda e: e[0])
    rows, anon, start = [], (0, 0), time.monotonic()
    while True:
        now = time.monotonic() - start
        while events and events[0][0] <= now:
            events.pop(0)[1](now)
        scenario.poll(now)
        if len(rows) % SMAPS_EVERY == 0:
            anon = anon_pages(scenario.pids())
        rows.append(sample(now, scenario, controller, ksmd, anon))
        if now >= seconds:
            return rows
        now = time.monotonic() - start
        time.sleep((int(now * HZ) + 1) / HZ - now)


def measure(scenario, controller, seconds, tmp, say):
    """One run, from a host that knows no page to one that knows none.

    The time that it took, waiting for the host apart, is in `took_s`.
    """
    run = {}
    with ksm.Host(say) as host:
        host.wait_alone()
        begun = time.monotonic()
        host.forget_pages()
        try:
            scenario.prepare()
            controller.start(tmp)
            time.sleep(scenario.warm_s)
            rows = record(scenario, controller, seconds, ksm.find_ksmd())
            run["rss_kib"] = controller.rss_kib()
            run["fault"] = controller.stop()
        finally:
            controller.stop()
            scenario.finish()
    run["took_s"] = round(time.monotonic() - begun, 1)
    run["marks"] = scenario.marks
    run["series"] = {name: [row[i] for row in rows]
                     for i, name in enumerate(COLUMNS)}
    return run
