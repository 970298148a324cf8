/* SPDX-License-Identifier: GPL-2.0 */
#ifndef KSMD_EXT_HOLDINGS_H
#define KSMD_EXT_HOLDINGS_H

#include <linux/types.h>

/*
 * What every one of several guests holds
 *
 * A hash table of the checksums of the first guest's pages, each with the number
 * of guests that had it so far; a later guest adds nothing, it only counts up
 * what all guests before it had, too. So the table never outgrows the first
 * guest, however many follow. Checksums are good hashes already, and say what
 * they say: two contents may have the same one, once in 2^32.
 *
 * A table that is full forgets the rest of the first guest: less is dropped.
 */
struct holdings {
	struct holdings_slot *slots;
	u32 mask;
	u32 nr_used;
	u32 nr_guests;
};

/* For a first guest of about @nr_pages. -ENOMEM. */
int holdings_init(struct holdings *holdings, unsigned long nr_pages);
void holdings_destroy(struct holdings *holdings);

/* What is added from now on is of one more guest. */
void holdings_next_guest(struct holdings *holdings);
void holdings_add(struct holdings *holdings, u32 checksum);

/* Have all guests, at least one, a page of this checksum? */
bool holdings_have(const struct holdings *holdings, u32 checksum);

#endif /* KSMD_EXT_HOLDINGS_H */
