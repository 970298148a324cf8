/* SPDX-License-Identifier: GPL-2.0 */
/* From snapshots to host rows: spans and differences of counters. */
#ifndef DENSITY_SAMPLER_H
#define DENSITY_SAMPLER_H

#include <stdbool.h>
#include <stdint.h>

#include "host_row.h"

struct snap;

/* A span reaches at most so far beyond the tick in use. */
#define SAMPLER_SLACK_MS 5000
/* The first gap of a run, when the tick is not known yet. */
#define SAMPLER_FIRST_TICK_MS 5000
#define SAMPLER_GAPS 3

/* All zero is the state before the first snapshot. */
struct sampler {
	bool any;
	uint64_t mono_ms;		/* of the snapshot before */
	uint64_t next_ms;		/* tick that its decision asked for */
	uint64_t gaps_ms[SAMPLER_GAPS];
	unsigned int ngaps;
	int64_t counter[HOST_NCOLS];	/* totals; HOST_NULL when unknown */
};

/*
 * Fill @ret_row from @snap but for id, run, law and phase. @next_ms is what
 * the decision taken from @snap says about the next tick, 0 for the usual one.
 */
void sampler_take(struct sampler *sampler, const struct snap *snap,
		  uint32_t next_ms, uint64_t daemon_cpu_ns,
		  struct host_row *ret_row);

#endif
