/* SPDX-License-Identifier: GPL-2.0 */
#ifndef KSMD_EXT_SURVEY_H
#define KSMD_EXT_SURVEY_H

#include <linux/list.h>
#include <linux/path.h>
#include <linux/types.h>

struct address_space;
struct image;
struct pid;

/* A guest that has an image open. */
struct opener {
	struct list_head node;
	struct pid *pid;
};

/*
 * An image that somebody has open. Path and inode keep the mapping where it is,
 * and no file is held: its locks go when its owner closes it.
 */
struct target {
	struct list_head node;
	struct image *image;
	struct path path;
	struct address_space *mapping;	/* NULL: not found open yet */
	struct list_head openers;	/* by pid */
	u32 nr_openers;
};

/*
 * Find for each registered image the guests that have it open, into a list of
 * targets, by id. Images and inodes are referenced until survey_drop(), which
 * wants no mutex.
 * -ENOMEM.
 */
int survey_take(struct list_head *ret_targets);
void survey_drop(struct list_head *targets);

/* Are the same guests behind both? */
bool survey_same_openers(const struct target *a, const struct target *b);

#endif /* KSMD_EXT_SURVEY_H */
