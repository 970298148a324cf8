/* SPDX-License-Identifier: GPL-2.0 */
#ifndef KSMD_EXT_CONTENTS_H
#define KSMD_EXT_CONTENTS_H

#include <linux/types.h>

/*
 * Contents that a guest had, so that one that comes back is noticed
 *
 * A content that was seen at a look, not at a later one, and is there again, had
 * left the guest's memory and was fetched anew: the guest is short of memory for
 * its working set. Of a big guest only one content in 2^sample_shift is watched,
 * chosen by its checksum, and counts for all of them. A content that finds its
 * slot taken by one that is still there is not watched.
 */
struct contents {
	struct contents_slot *slots;
	u32 look;
	u32 sample_shift;
};

/* -ENOMEM */
int contents_init(struct contents *contents);
void contents_destroy(struct contents *contents);

/* A new look at a guest which had @nr_pages at the last one. */
void contents_next_look(struct contents *contents, u64 nr_pages);

/* How many contents came back, as far as this one shows: mostly 0. */
u32 contents_see(struct contents *contents, u32 checksum);

#endif /* KSMD_EXT_CONTENTS_H */
