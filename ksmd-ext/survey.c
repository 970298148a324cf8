// SPDX-License-Identifier: GPL-2.0
/*
 * Who has which image open?
 *
 * A page may go only if every guest that has the image open holds it, and who
 * opens a file is not told to anybody. So before each run of the scrubber the
 * file tables of all guests are read: of processes whose memory KSM looks at, and
 * of those that own a VM of KVM's, registered or not. A reader that is no guest, a
 * backup say, has no say: it may have to read from disk.
 *
 * The thread group leader's file table is read. An image that a VMM has not open
 * itself but has served by another process (vhost-user, NBD) has no opener, and
 * is left alone.
 */
#include <linux/fs.h>
#include <linux/path.h>
#include <linux/pid.h>
#include <linux/sched/task.h>
#include <linux/slab.h>

#include "guest.h"
#include "image.h"
#include "registry.h"
#include "survey.h"
#include "vmm.h"
#include "vms.h"

static int add_target(struct list_head *targets, struct image *image)
{
	struct target *target = kzalloc(sizeof(*target), GFP_KERNEL);

	if (!target)
		return -ENOMEM;

	target->image = image_get(image);
	INIT_LIST_HEAD(&target->openers);
	list_add_tail(&target->node, targets);
	image->target = target;
	return 0;
}

static void drop_target(struct target *target)
{
	struct opener *opener, *next;

	list_for_each_entry_safe(opener, next, &target->openers, node) {
		put_pid(opener->pid);
		kfree(opener);
	}
	if (target->mapping) {
		iput(target->mapping->host);
		path_put(&target->path);
	}
	target->image->target = NULL;
	image_put(target->image);
	list_del(&target->node);
	kfree(target);
}

static int add_opener(struct target *target, struct pid *pid)
{
	struct opener *opener;

	/* Processes come one after the other, so a second file is seen here. */
	if (target->nr_openers &&
	    list_last_entry(&target->openers, struct opener, node)->pid == pid)
		return 0;

	opener = kmalloc(sizeof(*opener), GFP_KERNEL);
	if (!opener)
		return -ENOMEM;

	opener->pid = get_pid(pid);
	list_add_tail(&opener->node, &target->openers);
	target->nr_openers++;
	return 0;
}

static void hold_inode(struct target *target, struct file *file,
		       struct address_space *mapping)
{
	if (target->mapping)
		return;

	target->path = file->f_path;
	path_get(&target->path);
	/* That of a block device is not the path's. */
	ihold(mapping->host);
	target->mapping = mapping;
}

static int note_file(struct file *file, void *arg)
{
	struct address_space *mapping;
	struct image_key key;
	struct pid *pid = arg;
	struct image *image;

	if (image_key_of(file, &key, &mapping, NULL))
		return 0;

	image = image_find(&key);
	/* An image registered meanwhile waits for the next survey. */
	if (!image || !image->target)
		return 0;

	hold_inode(image->target, file, mapping);
	return add_opener(image->target, pid);
}

static int note_process(struct task_struct *task)
{
	struct pid *pid = get_task_pid(task, PIDTYPE_TGID);
	int err = 0;

	/* Reaped meanwhile. */
	if (!pid)
		return 0;

	if (guest_is_mergeable(task) || vmm_find(pid) ||
	    vms_is_owner(pid_nr(pid)))
		err = registry_each_file(task, note_file, pid);
	put_pid(pid);
	return err;
}

static int note_processes(void)
{
	struct task_struct *task;
	pid_t nr = 1;
	int err = 0;

	while (!err && (task = guest_next_task(nr))) {
		nr = task->pid + 1;
		err = note_process(task);
		put_task_struct(task);
		cond_resched();
	}
	return err;
}

/* An image that was open and is not any more has served its time. */
static void settle(struct list_head *targets)
{
	struct target *target, *next;

	list_for_each_entry_safe(target, next, targets, node) {
		struct image *image = target->image;

		image->nr_openers = target->nr_openers;
		if (target->nr_openers) {
			image->was_open = true;
			continue;
		}
		if (image->was_open)
			image_forget(image);
		drop_target(target);
	}
}

int survey_take(struct list_head *ret_targets)
{
	struct image *image;
	LIST_HEAD(targets);
	int err = 0;

	/* A VM that started since it was last looked has a say, too. */
	vms_refresh();
	mutex_lock(&registry_mutex);
	registry_sweep();
	for (image = image_next(NULL); image && !err; image = image_next(image))
		err = add_target(&targets, image);
	if (!err && !list_empty(&targets))
		err = note_processes();
	if (!err)
		settle(&targets);
	mutex_unlock(&registry_mutex);

	if (err) {
		survey_drop(&targets);
		return err;
	}
	list_replace_init(&targets, ret_targets);
	return 0;
}

void survey_drop(struct list_head *targets)
{
	struct target *target, *next;

	list_for_each_entry_safe(target, next, targets, node)
		drop_target(target);
}

bool survey_same_openers(const struct target *a, const struct target *b)
{
	const struct opener *other;
	const struct opener *opener;

	if (a->nr_openers != b->nr_openers)
		return false;

	other = list_first_entry(&b->openers, struct opener, node);
	list_for_each_entry(opener, &a->openers, node) {
		if (opener->pid != other->pid)
			return false;
		other = list_next_entry(other, node);
	}
	return true;
}
