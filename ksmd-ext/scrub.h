/* SPDX-License-Identifier: GPL-2.0 */
#ifndef KSMD_EXT_SCRUB_H
#define KSMD_EXT_SCRUB_H

#include <linux/types.h>

#include "tally.h"

struct scrub_settings {
	bool enabled;		/* to run at the end of passes */
	bool dry_run;
	u32 budget_pages;
	u32 budget_ms;
	u32 interval_ms;
};

struct scrub_state {
	struct scrub_settings settings;
	u64 runs;
	struct tally total;
	struct tally last;
	bool last_was_dry;
};

/* Called at the end of each run, from the worker. It may sleep. */
typedef void scrub_done_fn(const struct scrub_state *state);

int scrub_init(scrub_done_fn *done);
/* The run at work ends, @done is not called any more, and no run begins. */
void scrub_stop(void);
/* Nothing may be called after that. */
void scrub_exit(void);

void scrub_read(struct scrub_state *ret_state);
/* With @halt a run that is at work ends soon. */
void scrub_write(const struct scrub_settings *settings, bool halt);

void scrub_pass_ended(void);
/* -EBUSY if somebody's run is waiting already. */
int scrub_run_now(bool dry_run);

#endif /* KSMD_EXT_SCRUB_H */
