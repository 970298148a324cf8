/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Metrics for Prometheus, as a file that node_exporter's textfile collector
 * reads (--collector.textfile.directory).
 *
 * Names follow prometheus.io/docs/practices/naming: prefix densityd_, base
 * units (bytes, seconds, ratio), counters end in _total. A source that is
 * absent leaves its metrics out. See METRICS in densityd(8).
 */
#ifndef DENSITY_METRICS_H
#define DENSITY_METRICS_H

#include <stdint.h>
#include <stdio.h>

struct snap;
struct decision;
struct store_health;

struct metrics_input {
	const struct snap *snap;
	const struct decision *decision;
	const char *law;
	uint64_t daemon_cpu_ns;
	const struct store_health *store;	/* NULL: history is off */
	uint32_t cap_permille;		/* ksmd's CPU of one core */
	uint64_t hold_ms;		/* hands off the knobs for so long */
	uint64_t looks;			/* probe_looks() */
};

/* Write the metrics to @out; errors show in ferror(@out). */
void metrics_print(FILE *out, const struct metrics_input *input);

/*
 * Replace the file @path at once by a new one, mode 0644; a reader sees the
 * old or the new one whole. It is written first as @path.tmp, a name that
 * node_exporter does not read. Returns 0 or -errno; the old file then stays.
 */
int metrics_write(const char *path, const struct metrics_input *input);

#endif
