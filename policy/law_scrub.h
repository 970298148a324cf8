/* SPDX-License-Identifier: GPL-2.0 */
/*
 * How much of the page cache the scrubber looks at, and whether at all.
 *
 * The host caches what guests cache too. The kernel extension drops the host's copy
 * of what a guest holds, a run at the end of ksmd's passes, a budget of pages a run.
 * A dropped page is memory for as long as nobody reads it from disk again; it costs
 * CPU time to find, and whoever reads it again waits for the disk. Where memory is
 * free it gains nothing.
 *
 * Money decides, as in law_yield.h: what the last runs gained at the price of a
 * CPU-second against what they cost. A run that paid twice its cost is followed by
 * one of twice the budget, one that did not pay by one of half; after several that
 * did not the scrubber is off, and tried again after a pause that doubles. Pages that
 * come back end it at once: they are no double, whatever they look like.
 *
 * Like every law it is a pure function of the snapshot and its own state.
 */
#ifndef DENSITY_LAW_SCRUB_H
#define DENSITY_LAW_SCRUB_H

#include <stdbool.h>
#include <stdint.h>

#include "law.h"
#include "snap.h"

/* Of a run: 4 MiB to 16 GiB of pages of 4 KiB. */
#define LAW_SCRUB_LEAST_PAGES 1024u
#define LAW_SCRUB_MOST_PAGES (1u << 22)
/* A pause after runs that did not pay. */
#define LAW_SCRUB_PAUSE_MIN_S 60u
#define LAW_SCRUB_PAUSE_MAX_S 3600u

enum law_scrub_reason {
	LAW_SCRUB_NONE,		/* there is no scrubber */
	LAW_SCRUB_FREE,		/* arg: free KiB; memory is not short */
	LAW_SCRUB_TRIAL,	/* a first run, or one after a pause */
	LAW_SCRUB_PAYS,		/* arg: MiB-s gained, MiB-s that it cost */
	LAW_SCRUB_LITTLE,	/* the same: less than it cost */
	LAW_SCRUB_BACK,		/* arg: pages dropped, of these read again */
	LAW_SCRUB_PAUSE,	/* arg: seconds left */
};

struct law_scrub {
	bool primed;
	bool running;		/* as decided last */
	uint32_t budget_pages;
	uint32_t vain;		/* runs in a row that did not pay */
	uint32_t pause_s;	/* of the next pause */
	uint64_t resume_ns;	/* of the pause under way */
	struct snap_scrub last;	/* counters at the last decision */
	/* of the last runs, older ones counting less */
	double dropped, reread;
};

struct law_scrub_decision {
	enum law_scrub_reason reason;
	int64_t arg[2];
	bool enabled;
	uint32_t budget_pages;
};

void law_scrub_init(struct law_scrub *law);
/* To be called every few seconds; decides anew when a run has ended. */
void law_scrub_decide(struct law_scrub *law, const struct law_params *params,
		      const struct snap *snap,
		      struct law_scrub_decision *ret_decision);

#endif
