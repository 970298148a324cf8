/* SPDX-License-Identifier: GPL-2.0 */
/*
 * ksmd on a meter: one batch at a time, each paid from the CPU cap.
 *
 * ksmd sleeps for LAW_SLEEP_MS_MAX; a *different* sleep_millisecs wakes it for
 * exactly one batch of pages_to_scan pages, and a batch ends by itself at the
 * end of a pass. The meter sends a batch, knows when it is over and what a page
 * of it cost, and sizes the next one so that even at the worst cost a page the
 * window of the cap can pay for it.
 *
 * Kernels before 6.5 do not tell pages_scanned: there a batch is over when
 * ksmd's CPU stands still. Without schedstat its CPU is estimated from pages.
 */
#ifndef DENSITY_LAW_METER_H
#define DENSITY_LAW_METER_H

#include <stdbool.h>
#include <stdint.h>

#include "law.h"
#include "law_window.h"

/* A batch smaller than this teaches nothing and costs more to send. */
#define LAW_METER_LEAST_PAGES 256u
/* A batch holds ksm_thread_mutex, which a writer of `run` waits for. */
#define LAW_METER_BATCH_NS 200000000ull
/* Scanning a page costs 1 to 2.5 us; the price before one was measured. */
#define LAW_METER_SCAN_NS 1500u

struct law_meter {
	struct law_window window;
	/* now */
	uint64_t now_ns;
	uint64_t cpu_ns;
	uint64_t visited;	/* pages scanned and skipped */
	uint64_t scanned;
	uint64_t merged;	/* at first sight; 0: not told */
	uint64_t cpu_base_ns;	/* at the first look */
	bool saw_cpu;		/* schedstat has been readable */
	/* what ksmd was told */
	uint32_t run, sleep_ms, scan_pages;
	/* the batch in flight */
	bool awake;
	uint64_t batch_ns, batch_scanned, batch_cpu_ns, batch_merged;
	uint64_t moved_ns;	/* when ksmd was last seen to work in it */
	/* learnt, a page */
	uint64_t last_cost_ns;	/* of the last batch */
	uint64_t scan_ns;	/* of batches that do not merge */
};

enum law_meter_batch {
	LAW_METER_NONE,		/* none in flight, or not over yet */
	LAW_METER_DONE,
	LAW_METER_PASS_DONE,	/* and with it the pass */
};

void law_meter_init(struct law_meter *meter, const struct law_params *params);
void law_meter_observe(struct law_meter *meter, const struct law_params *params,
		       const struct snap *snap);

/*
 * Has the batch in flight ended? @full_scans is what it was when the pass
 * began, @expected_ns what a page is thought to cost, @merging that the batch
 * merges and so says nothing about the cost of scanning.
 */
enum law_meter_batch law_meter_reap(struct law_meter *meter,
				    const struct snap *snap,
				    uint64_t full_scans, uint64_t expected_ns,
				    bool merging);

/* Pages of a batch worth @budget_ns; 0 when the window cannot pay for one. */
uint32_t law_meter_size(const struct law_meter *meter,
			const struct law_params *params,
			const struct snap *snap, uint64_t expected_ns,
			uint64_t budget_ns);
/* Wake ksmd for one batch. */
void law_meter_send(struct law_meter *meter, uint32_t pages);

/* Will the batch in flight get through @pages more? With some to spare. */
bool law_meter_covers(const struct law_meter *meter, uint64_t pages);

/* The host's own work waits for CPU: the cap is a quarter. */
bool law_meter_braked(const struct law_params *params, const struct snap *snap);
uint32_t law_meter_cap_permille(const struct law_params *params,
				const struct snap *snap);
uint64_t law_meter_used_ns(const struct law_meter *meter);
/* CPU that the window can still pay for. */
uint64_t law_meter_left_ns(const struct law_meter *meter,
			   const struct law_params *params,
			   const struct snap *snap);

/* Of @scanned pages so many merged that this tells nothing of what looking costs. */
bool law_meter_is_merging(uint64_t scanned, uint64_t merged);

/* Let @cost_ns follow what @pages pages cost; too few teach nothing. */
void law_meter_learn(uint64_t *cost_ns, uint64_t cpu_ns, uint64_t pages);

#endif
