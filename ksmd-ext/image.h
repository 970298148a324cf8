/* SPDX-License-Identifier: GPL-2.0 */
#ifndef KSMD_EXT_IMAGE_H
#define KSMD_EXT_IMAGE_H

#include <linux/kref.h>
#include <linux/list.h>
#include <linux/types.h>

#include "tally.h"

struct address_space;
struct file;
struct inode;
struct target;

/* What tells a file from all others, without holding it. */
struct image_key {
	dev_t dev;		/* of the file system, or the block device */
	u64 ino;
	u32 generation;		/* told apart from a file that has its number now */
	bool is_block;
};

struct image {
	struct list_head node;
	struct kref refs;
	u64 id;
	struct image_key key;
	char *name;
	bool on_its_own;	/* asked for itself, not found with its VMM */
	bool claimed;		/* found with some VMM at the last sweep */
	bool was_open;
	u32 nr_openers;		/* at the last look */
	pgoff_t cursor;
	struct tally tally;
	struct target *target;	/* of the scrubber alone, while it runs */
};

/*
 * The key of a file with a page cache that can be scrubbed, and that cache.
 * Otherwise -EINVAL, and *ret_reason says why. Outputs may be NULL.
 */
int image_key_of(struct file *file, struct image_key *ret_key,
		 struct address_space **ret_mapping, const char **ret_reason);

/*
 * A number that differs from what it was whenever the file was written; 0 when
 * that cannot be known.
 */
u64 image_version(struct inode *inode);

/* The functions from here on want registry_mutex. */

/*
 * Register an image, or claim it for a VMM, if not on its own. -ENOSPC if there
 * are too many, -ENOMEM. *@ret_added: it is new.
 */
int image_add(const struct image_key *key, struct file *file, bool on_its_own,
	      bool *ret_added);
struct image *image_find(const struct image_key *key);
/* The one of the lowest id from @id on. */
struct image *image_find_from(u64 id);
/* The one behind @image, the first one for NULL. */
struct image *image_next(struct image *image);
void image_forget(struct image *image);
/* None is claimed any more; then, those that nobody wants are forgotten. */
void images_unclaim(void);
void images_forget_unclaimed(void);

struct image *image_get(struct image *image);
/* Wants no mutex. */
void image_put(struct image *image);

/* Other than the last one, if an image has been added or forgotten since. */
u32 images_generation(void);

void images_forget_all(void);

#endif /* KSMD_EXT_IMAGE_H */
