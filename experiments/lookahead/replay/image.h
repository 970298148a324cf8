/* SPDX-License-Identifier: GPL-2.0 */
#ifndef REPLAY_IMAGE_H
#define REPLAY_IMAGE_H

/*
 * A guest's RAM at one moment, or what changed in it since the moment before:
 * NAME.map, lines "FIRST COUNT" of page frames in order, and NAME.pages, the
 * content of these pages, one after the other. Frames that no line has were
 * never touched (or have not changed).
 */

#include <stddef.h>
#include <stdint.h>

#define PAGE_BYTES 4096ul

struct extent {
	uint64_t first, count;		/* page frames */
};

struct image {
	int pages_fd;
	uint64_t frames;		/* all extents lie below */
	uint64_t pages;			/* in all extents */
	size_t nextents;
	struct extent *extents;
};

/**
 * image_open - read the map of @name in @directory.
 * -EPROTO: extents out of order, or more pages than NAME.pages has.
 */
int image_open(const char *directory, const char *name,
	       struct image *ret_image);

/** image_load - to memory that has room for image->frames pages. */
int image_load(const struct image *image, uint8_t *memory);

/**
 * image_load_permuted - the first @pages of the file, packed, in an order
 * that @seed decides.
 */
int image_load_permuted(const struct image *image, uint64_t pages,
			uint64_t seed, uint8_t *memory);

/** image_load_part - @pages pages of the file from @first on, packed. */
int image_load_part(const struct image *image, uint64_t first, uint64_t pages,
		    uint8_t *memory);

void image_close(struct image *image);

#endif
