/* SPDX-License-Identifier: GPL-2.0 */
#ifndef KSMD_EXT_GUEST_H
#define KSMD_EXT_GUEST_H

#include <linux/types.h>

struct ksm_fingerprint;
struct pid;
struct task_struct;

/* A process's thread group leader, or NULL. Put it with put_task_struct(). */
struct task_struct *guest_get_task(struct pid *pid);

/* The process of the lowest pid from @nr on, in the initial namespace, or NULL.*/
struct task_struct *guest_next_task(pid_t nr);

/* Does KSM look at the memory of this process? */
bool guest_is_mergeable(struct task_struct *task);

/* Pages of anonymous memory, about; 0 if it is gone. */
unsigned long guest_nr_pages(struct pid *pid);

typedef void guest_prints_fn(const struct ksm_fingerprint *prints, long nr,
			     void *arg);

/*
 * Call @fn with all fingerprints that KSM has of the process's memory, some
 * thousand at a time. Returns their number; -ESRCH if the process is gone,
 * -ENOENT if KSM doesn't know it, or not any more: it may exit meanwhile and its
 * memory goes at once; -ENOMEM. @fn may have been called before an error is met.
 */
long guest_read_prints(struct pid *pid, guest_prints_fn *fn, void *arg);

#endif /* KSMD_EXT_GUEST_H */
