// SPDX-License-Identifier: GPL-2.0
/*
 * The memory of a guest is that of its VMM, a process. Everything here takes the
 * references that it needs for as long as it runs: what others keep is a struct
 * pid, which holds neither a process nor its memory.
 */
#include <linux/ksm_ext.h>
#include <linux/mm.h>
#include <linux/pid.h>
#include <linux/pid_namespace.h>
#include <linux/sched/coredump.h>
#include <linux/sched/mm.h>
#include <linux/sched/task.h>
#include <linux/slab.h>

#include "guest.h"

/* Fingerprints at a time; ksmd waits for as long as copying them takes. */
#define PRINTS_CHUNK 4096

struct task_struct *guest_get_task(struct pid *pid)
{
	return get_pid_task(pid, PIDTYPE_TGID);
}

struct task_struct *guest_next_task(pid_t nr)
{
	struct task_struct *task = NULL;
	struct pid *pid;

	rcu_read_lock();
	while (!task) {
		pid = find_ge_pid(nr, &init_pid_ns);
		if (!pid)
			break;
		nr = pid_nr(pid) + 1;
		/* Threads have pids, too. */
		task = pid_task(pid, PIDTYPE_TGID);
	}
	if (task)
		get_task_struct(task);
	rcu_read_unlock();
	return task;
}

bool guest_is_mergeable(struct task_struct *task)
{
	bool mergeable;

	task_lock(task);
	mergeable = task->mm && !(task->flags & PF_KTHREAD) &&
		    test_bit(MMF_VM_MERGEABLE, &task->mm->flags);
	task_unlock(task);
	return mergeable;
}

/* To be put with mmdrop(). Its memory is not held: that goes with the process. */
static struct mm_struct *grab_mm(struct pid *pid)
{
	struct task_struct *task = guest_get_task(pid);
	struct mm_struct *mm;

	if (!task)
		return NULL;

	task_lock(task);
	mm = task->flags & PF_KTHREAD ? NULL : task->mm;
	if (mm)
		mmgrab(mm);
	task_unlock(task);
	put_task_struct(task);
	return mm;
}

unsigned long guest_nr_pages(struct pid *pid)
{
	struct mm_struct *mm = grab_mm(pid);
	unsigned long nr_pages;

	if (!mm)
		return 0;

	nr_pages = get_mm_counter(mm, MM_ANONPAGES);
	mmdrop(mm);
	return nr_pages;
}

static long read_mm(struct mm_struct *mm, struct ksm_fingerprint *prints,
		    guest_prints_fn *fn, void *arg)
{
	unsigned long addr = 0;
	long total = 0;
	long nr;

	while (addr != ULONG_MAX) {
		nr = ksm_mm_fingerprints(mm, &addr, prints, PRINTS_CHUNK);
		if (nr <= 0)
			return nr ?: total;

		fn(prints, nr, arg);
		total += nr;
		cond_resched();
	}
	return total;
}

long guest_read_prints(struct pid *pid, guest_prints_fn *fn, void *arg)
{
	struct ksm_fingerprint *prints;
	struct mm_struct *mm;
	long nr = -ESRCH;

	prints = kvmalloc_array(PRINTS_CHUNK, sizeof(*prints), GFP_KERNEL);
	if (!prints)
		return -ENOMEM;

	mm = grab_mm(pid);
	if (mm) {
		nr = read_mm(mm, prints, fn, arg);
		mmdrop(mm);
	}
	kvfree(prints);
	return nr;
}
