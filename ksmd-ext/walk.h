/* SPDX-License-Identifier: GPL-2.0 */
#ifndef KSMD_EXT_WALK_H
#define KSMD_EXT_WALK_H

#include <linux/ktime.h>
#include <linux/types.h>

#include "tally.h"

struct address_space;
struct holdings;

/* A walk through the page cache of one image. */
struct walk {
	struct address_space *mapping;
	const struct holdings *held;
	u64 image_id;
	u64 version;		/* of the file; 0: unknown */
	bool dry_run;
	bool (*stopped)(void);
	ktime_t deadline;
	u64 pages_left;		/* of the budget */
	pgoff_t cursor;		/* where it begins, and where it got to */
	bool finished;		/* that was the end of the file */
	struct tally tally;
};

/* Drop what may be dropped, until the end, the budget's end, or stopped(). */
void walk_image(struct walk *walk);

int walk_init(void);
void walk_exit(void);

#endif /* KSMD_EXT_WALK_H */
