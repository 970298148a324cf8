/* SPDX-License-Identifier: GPL-2.0 */
#ifndef REPLAY_GUEST_H
#define REPLAY_GUEST_H

/*
 * The memory of a guest without the guest: a child process with anonymous,
 * MADV_MERGEABLE memory in base pages, as a VMM's is, that is filled on
 * request. It touches only what it is told to; the rest stays unmapped, as
 * memory that a guest never used.
 *
 * A child ends with its parent.
 */

#include <stdint.h>

struct guest;

/** guest_new - room for @frames pages, none of them touched. */
int guest_new(const char *directory, uint64_t frames,
	      struct guest **ret_guest);

/** guest_load - put the pages of image @name where they were. */
int guest_load(struct guest *guest, const char *name);

/** guest_load_part - pages [@first, @first + @pages) of the file, packed. */
int guest_load_part(struct guest *guest, const char *name, uint64_t first,
		    uint64_t pages);

/** guest_load_permuted - the first @pages of the file in an order of @seed. */
int guest_load_permuted(struct guest *guest, const char *name, uint64_t pages,
			uint64_t seed);

/** guest_fill - @pages pages of noise, which @seed decides. */
int guest_fill(struct guest *guest, uint64_t pages, uint64_t seed);

/** guest_zero - write zeros to the first @pages pages. */
int guest_zero(struct guest *guest, uint64_t pages);

/** guest_merging - pages of it that are mapped to KSM's. */
int guest_merging(const struct guest *guest, uint64_t *ret_pages);

/** guest_free - end it and wait until its memory is gone. NULL is fine. */
void guest_free(struct guest *guest);

#endif
