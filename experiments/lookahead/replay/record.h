/* SPDX-License-Identifier: GPL-2.0 */
#ifndef REPLAY_RECORD_H
#define REPLAY_RECORD_H

/*
 * What is counted, and how it is written: one JSON object a line.
 *
 *	{"columns": [NAME...]}				once
 *	{"run": SCENARIO, "config": ..., "round": N}	begins a run
 *	{"mark": NAME, "at": [...]}			a moment of it
 *	{"sample": [...]}				now and then
 *	{"value": NAME, "is": N}			a result of another kind
 *	{"done": SCENARIO}				the run is whole
 *
 * "at" and "sample" have a number a column, or null where the kernel has no
 * such counter. Columns are cpu_ns (of ksmd) and the counters of KSM.
 */

#include <stdint.h>

/** record_init - open the counters, write the columns. */
int record_init(void);

void record_run(const char *scenario, const char *config, unsigned int round);

/** record_sample - as they are now; @context is unused (struct ksmd_watch). */
int record_sample(void *context);

int record_mark(const char *name);

void record_value(const char *name, uint64_t value);

void record_done(const char *scenario);

/** record_saved - pages_sharing + ksm_zero_pages: what merging saves now. */
int record_saved(uint64_t *ret_pages);

#endif
