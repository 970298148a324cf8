// SPDX-License-Identifier: GPL-2.0
/*
 * VMMs: the processes whose images and working sets are looked after
 *
 * What is kept of a process is its struct pid, which names it and holds nothing
 * of it. Who exits is forgotten at the next survey.
 */
#include <linux/ksm_ext.h>
#include <linux/lockdep.h>
#include <linux/pid.h>
#include <linux/slab.h>

#include "registry.h"
#include "vmm.h"

#define MAX_VMMS 1024

static LIST_HEAD(vmms);
static u32 nr_vmms;
static u64 last_serial;
static u32 generation = 1;

static void changed(void)
{
	if (!++generation)
		generation = 1;
}

struct vmm *vmm_find(const struct pid *pid)
{
	struct vmm *vmm;

	lockdep_assert_held(&registry_mutex);

	list_for_each_entry(vmm, &vmms, node)
		if (vmm->pid == pid)
			return vmm;
	return NULL;
}

struct vmm *vmm_next(struct vmm *vmm)
{
	if (!vmm)
		return list_first_entry_or_null(&vmms, struct vmm, node);
	if (list_is_last(&vmm->node, &vmms))
		return NULL;
	return list_next_entry(vmm, node);
}

int vmm_add(struct pid *pid, bool all_files)
{
	struct vmm *vmm = vmm_find(pid);
	int err;

	if (vmm) {
		vmm->all_files |= all_files;
		return 0;
	}

	if (nr_vmms == MAX_VMMS)
		return -ENOSPC;

	vmm = kzalloc(sizeof(*vmm), GFP_KERNEL);
	if (!vmm)
		return -ENOMEM;

	err = contents_init(&vmm->contents);
	if (err) {
		kfree(vmm);
		return err;
	}

	kref_init(&vmm->refs);
	vmm->serial = ++last_serial;
	vmm->pid = get_pid(pid);
	vmm->all_files = all_files;
	list_add_tail(&vmm->node, &vmms);
	nr_vmms++;
	changed();
	return 0;
}

void vmm_forget(struct vmm *vmm)
{
	list_del(&vmm->node);
	nr_vmms--;
	changed();
	vmm_put(vmm);
}

struct vmm *vmm_get(struct vmm *vmm)
{
	kref_get(&vmm->refs);
	return vmm;
}

static void release(struct kref *refs)
{
	struct vmm *vmm = container_of(refs, struct vmm, refs);

	contents_destroy(&vmm->contents);
	put_pid(vmm->pid);
	kfree(vmm);
}

void vmm_put(struct vmm *vmm)
{
	if (vmm)
		kref_put(&vmm->refs, release);
}

void vmm_publish(struct vmm *vmm, const struct vmm_look *look)
{
	vmm->look = *look;
	vmm->reread = vmm->reread_since;
	vmm->reread_since = 0;
	vmm->nr_looks++;
}

u32 vmms_generation(void)
{
	return generation;
}

void vmms_forget_all(void)
{
	struct vmm *vmm, *next;

	list_for_each_entry_safe(vmm, next, &vmms, node)
		vmm_forget(vmm);
}

void vmm_begin_look(struct vmm *vmm, struct vmm_look *ret_look)
{
	contents_next_look(&vmm->contents, vmm->look.fingerprints);
	*ret_look = (struct vmm_look) {};
}

static void count_print(struct vmm_look *look, u8 flags)
{
	if (flags & KSM_FP_ZERO)
		look->zero++;
	if (flags & KSM_FP_STABLE)
		look->stable++;
	else if (flags & KSM_FP_UNCHANGED)
		look->unchanged++;
	else if (flags & KSM_FP_VOLATILE)
		look->volatile_++;
}

void vmm_see(struct vmm *vmm, struct vmm_look *look,
	     const struct ksm_fingerprint *prints, long nr)
{
	long i;

	look->fingerprints += nr;
	for (i = 0; i < nr; i++) {
		count_print(look, prints[i].flags);
		if (!(prints[i].flags & KSM_FP_VOLATILE))
			look->reappeared += contents_see(&vmm->contents,
							 prints[i].checksum);
	}
}
