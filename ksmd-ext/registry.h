/* SPDX-License-Identifier: GPL-2.0 */
#ifndef KSMD_EXT_REGISTRY_H
#define KSMD_EXT_REGISTRY_H

#include <linux/mutex.h>
#include <linux/types.h>

struct file;
struct image_key;
struct pid;
struct task_struct;

/* Protects the lists of images and VMMs, and what in them changes. */
extern struct mutex registry_mutex;

/*
 * Register one open file, on its own, and, unless it is NULL, its VMM. Returns
 * the number of images added, or -EINVAL, -ENOSPC, -ENOMEM with *ret_reason.
 */
int registry_add_file(struct file *file, struct pid *vmm,
		      const char **ret_reason);

/* Register a VMM and all images that it has open; the same. */
int registry_add_vmm(struct task_struct *task, struct pid *vmm,
		     const char **ret_reason);

/* -ENOENT */
int registry_del_image(u64 id);
/* The images that came with it go when no other VMM brings them. -ENOENT */
int registry_del_vmm(struct pid *vmm);

/*
 * Forget VMMs that have exited, and images that came with a VMM and that no VMM
 * has open any more; register what VMMs have opened since. With registry_mutex.
 */
void registry_sweep(void);

void registry_exit(void);

/*
 * Call @fn with each file that a process has open. The thread group leader's
 * table is meant. It stops when @fn returns other than 0, and returns that.
 */
typedef int registry_file_fn(struct file *file, void *arg);
int registry_each_file(struct task_struct *task, registry_file_fn *fn,
		       void *arg);

#endif /* KSMD_EXT_REGISTRY_H */
