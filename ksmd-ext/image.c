// SPDX-License-Identifier: GPL-2.0
/*
 * Images: the files and block devices whose page cache is scrubbed
 *
 * An image is a key, not a file. Neither file nor inode is held between two runs
 * of the scrubber; in each, the file is found again in the file tables of the
 * processes that have it open (survey.c). So a registered image stands in no
 * one's way: its file system can be unmounted, its file removed and the space
 * is free, as if this module were not there.
 *
 * Images are listed by id, which only grows. registry_mutex protects the list and
 * what of an image changes; a reference keeps the rest.
 */
#include <linux/backing-dev.h>
#include <linux/dcache.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/iversion.h>
#include <linux/slab.h>

#include "image.h"
#include "registry.h"

#define MAX_IMAGES 1024

static LIST_HEAD(images);
static u32 nr_images;
static u64 last_id;
static u32 generation = 1;

int image_key_of(struct file *file, struct image_key *ret_key,
		 struct address_space **ret_mapping, const char **ret_reason)
{
	struct inode *inode = file_inode(file);
	const char *reason;

	if (S_ISBLK(inode->i_mode))
		inode = file->f_mapping->host;
	else if (S_ISREG(inode->i_mode))
		inode = d_real_inode(file->f_path.dentry);
	else
		inode = NULL;

	if (!inode) {
		reason = "neither a regular file nor a block device";
		goto refuse;
	}
	/* Guests' memory is in files without backing, too: memfd, hugetlbfs. */
	if (!mapping_can_writeback(inode->i_mapping)) {
		reason = "there is no disk behind this file";
		goto refuse;
	}

	if (ret_mapping)
		*ret_mapping = inode->i_mapping;
	if (ret_key)
		*ret_key = (struct image_key) {
			.is_block = S_ISBLK(inode->i_mode),
			.dev = S_ISBLK(inode->i_mode) ? inode->i_rdev :
							inode->i_sb->s_dev,
			.ino = S_ISBLK(inode->i_mode) ? 0 : inode->i_ino,
			.generation = inode->i_generation,
		};
	return 0;

refuse:
	if (ret_reason)
		*ret_reason = reason;
	return -EINVAL;
}

u64 image_version(struct inode *inode)
{
	/* The file system has to raise it for each write once it was asked. */
	if (!S_ISREG(inode->i_mode) || !IS_I_VERSION(inode))
		return 0;
	return inode_query_iversion(inode) + 1;
}

static bool same_key(const struct image_key *a, const struct image_key *b)
{
	return a->dev == b->dev && a->ino == b->ino &&
	       a->generation == b->generation && a->is_block == b->is_block;
}

struct image *image_find(const struct image_key *key)
{
	struct image *image;

	lockdep_assert_held(&registry_mutex);

	list_for_each_entry(image, &images, node)
		if (same_key(&image->key, key))
			return image;
	return NULL;
}

struct image *image_find_from(u64 id)
{
	struct image *image;

	list_for_each_entry(image, &images, node)
		if (image->id >= id)
			return image;
	return NULL;
}

struct image *image_next(struct image *image)
{
	if (!image)
		return list_first_entry_or_null(&images, struct image, node);
	if (list_is_last(&image->node, &images))
		return NULL;
	return list_next_entry(image, node);
}

static char *name_of(struct file *file)
{
	struct name_snapshot snapshot;
	char *name;

	take_dentry_name_snapshot(&snapshot, file->f_path.dentry);
	name = kstrdup(snapshot.name.name, GFP_KERNEL);
	release_dentry_name_snapshot(&snapshot);
	return name;
}

static void changed(void)
{
	if (!++generation)
		generation = 1;
}

int image_add(const struct image_key *key, struct file *file, bool on_its_own,
	      bool *ret_added)
{
	struct image *image = image_find(key);

	if (image) {
		image->on_its_own |= on_its_own;
		image->claimed |= !on_its_own;
		*ret_added = false;
		return 0;
	}

	if (nr_images == MAX_IMAGES)
		return -ENOSPC;

	image = kzalloc(sizeof(*image), GFP_KERNEL);
	if (!image)
		return -ENOMEM;

	image->name = name_of(file);
	if (!image->name) {
		kfree(image);
		return -ENOMEM;
	}

	kref_init(&image->refs);
	image->id = ++last_id;
	image->key = *key;
	image->on_its_own = on_its_own;
	image->claimed = !on_its_own;
	list_add_tail(&image->node, &images);
	nr_images++;
	changed();
	*ret_added = true;
	return 0;
}

void image_forget(struct image *image)
{
	list_del(&image->node);
	nr_images--;
	changed();
	image_put(image);
}

void images_unclaim(void)
{
	struct image *image;

	list_for_each_entry(image, &images, node)
		image->claimed = false;
}

void images_forget_unclaimed(void)
{
	struct image *image, *next;

	list_for_each_entry_safe(image, next, &images, node)
		if (!image->claimed && !image->on_its_own)
			image_forget(image);
}

struct image *image_get(struct image *image)
{
	kref_get(&image->refs);
	return image;
}

static void release(struct kref *refs)
{
	struct image *image = container_of(refs, struct image, refs);

	kfree(image->name);
	kfree(image);
}

void image_put(struct image *image)
{
	kref_put(&image->refs, release);
}

u32 images_generation(void)
{
	return generation;
}

void images_forget_all(void)
{
	struct image *image, *next;

	list_for_each_entry_safe(image, next, &images, node)
		image_forget(image);
}
