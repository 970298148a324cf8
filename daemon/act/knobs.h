/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The knobs of one host, reached through a driver.
 *
 * One way in for every write: compare with what the knob is known to hold,
 * write, read back, report. Private to act/.
 */
#ifndef DENSITY_ACT_KNOBS_H
#define DENSITY_ACT_KNOBS_H

#include "act.h"

/* A value of each knob that the kernel has. */
struct act_values {
	bool has[ACT_KNOB_COUNT];
	uint64_t value[ACT_KNOB_COUNT];
};

struct act_knobs {
	const struct act_driver *driver;
	void *ctx;
	struct act_hooks hooks;
	/* What each knob is known to hold: last read, or written and read back. */
	struct act_values now;
	/* The last write of the knob failed, and was reported. */
	bool broken[ACT_KNOB_COUNT];
	/* ACT_EVENT_FAILED was sent, and no broken knob has worked since. */
	bool failed;
};

/* Takes over @ctx, also on failure. Reads nothing. */
void act_knobs_init(struct act_knobs *knobs, const struct act_driver *driver,
		    void *ctx, const struct act_hooks *hooks);
void act_knobs_done(struct act_knobs *knobs);

/*
 * Learn what every knob holds. Only run must exist: another knob that is
 * absent or makes no sense is one that this kernel has not got.
 * -ENOENT when there is no KSM, or -errno; then nothing has changed.
 */
int act_knobs_read(const struct act_knobs *knobs,
		   struct act_values *ret_values);

/*
 * The same before healing: a knob that makes no sense, because its writer was
 * killed over it, holds UINT64_MAX and thus differs from every original.
 */
int act_knobs_read_damaged(const struct act_knobs *knobs,
			   struct act_values *ret_values);

/*
 * Write @value if the knob holds something else, read it back, report.
 * 0, also for a knob that does not exist; -EIO when another value is read
 * back; or -errno. @knobs->now tells what the knob holds afterwards.
 */
int act_knobs_set(struct act_knobs *knobs, enum act_knob knob, uint64_t value,
		  const char *reason);

/*
 * Give @values back in the order that the kernel accepts. Goes on after a
 * failure and returns the first one. Adds the writes that worked to
 * *written.
 */
int act_knobs_give_back(struct act_knobs *knobs,
			const struct act_values *values, const char *reason,
			unsigned int *written);

/* Tell the hook. */
void act_knobs_event(const struct act_knobs *knobs, enum act_event event,
		     const char *format, ...)
	__attribute__((format(printf, 3, 4)));

#endif
