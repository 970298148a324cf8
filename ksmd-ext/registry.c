// SPDX-License-Identifier: GPL-2.0
/*
 * Who and what is registered: entry of images and VMMs, and their removal
 */
#include <linux/fdtable.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/sched/task.h>

#include "guest.h"
#include "image.h"
#include "registry.h"
#include "vmm.h"

DEFINE_MUTEX(registry_mutex);

int registry_each_file(struct task_struct *task, registry_file_fn *fn,
		       void *arg)
{
	unsigned int fd = 0;
	struct file *file;
	int r = 0;

	while (!r) {
		rcu_read_lock();
		file = task_lookup_next_fdget_rcu(task, &fd);
		rcu_read_unlock();
		if (!file)
			break;

		r = fn(file, arg);
		fput(file);
		fd++;
		cond_resched();
	}
	return r;
}

static const char *reason_of(int err)
{
	return err == -ENOSPC ? "as many as can be are registered" :
				"out of memory";
}

int registry_add_file(struct file *file, struct pid *vmm,
		      const char **ret_reason)
{
	struct image_key key;
	bool added;
	int err;

	err = image_key_of(file, &key, NULL, ret_reason);
	if (err)
		return err;

	mutex_lock(&registry_mutex);
	err = vmm ? vmm_add(vmm, false) : 0;
	if (!err)
		err = image_add(&key, file, true, &added);
	mutex_unlock(&registry_mutex);

	if (err)
		*ret_reason = reason_of(err);
	return err ?: added;
}

static int add_if_image(struct file *file, void *arg)
{
	struct image_key key;
	int *nr_added = arg;
	bool added;
	int err;

	if (image_key_of(file, &key, NULL, NULL))
		return 0;

	err = image_add(&key, file, false, &added);
	if (!err)
		*nr_added += added;
	return err;
}

int registry_add_vmm(struct task_struct *task, struct pid *vmm,
		     const char **ret_reason)
{
	int nr_added = 0;
	bool known;
	int err;

	mutex_lock(&registry_mutex);
	known = vmm_find(vmm);
	err = vmm_add(vmm, true);
	if (!err)
		err = registry_each_file(task, add_if_image, &nr_added);
	if (err) {
		/* All or nothing: the sweep takes the images along. */
		if (!known && vmm_find(vmm))
			vmm_forget(vmm_find(vmm));
		registry_sweep();
	}
	mutex_unlock(&registry_mutex);

	if (err)
		*ret_reason = reason_of(err);
	return err ?: nr_added;
}

/* What cannot be registered for want of memory may be so the next time. */
static void sweep_vmm(struct vmm *vmm)
{
	struct task_struct *task = guest_get_task(vmm->pid);
	int nr_added = 0;

	if (!task) {
		vmm_forget(vmm);
		return;
	}

	if (vmm->all_files)
		registry_each_file(task, add_if_image, &nr_added);
	put_task_struct(task);
}

void registry_sweep(void)
{
	struct vmm *vmm, *next;

	lockdep_assert_held(&registry_mutex);

	images_unclaim();
	for (vmm = vmm_next(NULL); vmm; vmm = next) {
		next = vmm_next(vmm);
		sweep_vmm(vmm);
	}
	images_forget_unclaimed();
}

int registry_del_image(u64 id)
{
	struct image *image;
	int err = -ENOENT;

	mutex_lock(&registry_mutex);
	image = image_find_from(id);
	if (image && image->id == id) {
		image_forget(image);
		err = 0;
	}
	mutex_unlock(&registry_mutex);
	return err;
}

int registry_del_vmm(struct pid *pid)
{
	struct vmm *vmm;

	mutex_lock(&registry_mutex);
	vmm = vmm_find(pid);
	if (vmm) {
		vmm_forget(vmm);
		registry_sweep();
	}
	mutex_unlock(&registry_mutex);
	return vmm ? 0 : -ENOENT;
}

void registry_exit(void)
{
	mutex_lock(&registry_mutex);
	images_forget_all();
	vmms_forget_all();
	mutex_unlock(&registry_mutex);
}
