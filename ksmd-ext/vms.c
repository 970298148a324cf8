// SPDX-License-Identifier: GPL-2.0
/*
 * VMs that come and go
 *
 * KVM tells nobody in the kernel of a VM's start or end. So the VMs of
 * kvm_shadow_walk_vms() are compared with those of the last time: once a second,
 * and whenever somebody needs to know. The walk is in order of ids and ids only
 * grow, so one pass over the remembered list, in the same order, is all there is
 * to a comparison.
 *
 * A VM that starts and ends between two looks is never heard of.
 *
 * vms_lock protects the list; @changed is called under it, so that nobody hears
 * of a VM's end before its start.
 */
#include <asm/kvm_shadow.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/workqueue.h>

#include "vms.h"

#define VMS_LOOK_MS 1000

struct vm_entry {
	struct list_head node;
	struct vm_known known;
};

static DEFINE_MUTEX(vms_lock);
static LIST_HEAD(entries);
static u32 generation = 1;
static vms_change_fn *tell_changed;

static void look_again(struct work_struct *work);
static DECLARE_DEFERRABLE_WORK(look_work, look_again);

/* Where the comparison is: everything before @next is done. */
struct vms_diff {
	struct vm_entry *next;
	bool changed;
};

static void tell(const struct vm_entry *entry, bool started)
{
	if (tell_changed)
		tell_changed(&entry->known, started);
}

static void forget(struct vm_entry *entry)
{
	list_del(&entry->node);
	kfree(entry);
}

/* Those below @id were not met in the walk: they are gone. */
static void forget_below(struct vms_diff *diff, u64 id)
{
	while (!list_entry_is_head(diff->next, &entries, node) &&
	       diff->next->known.id < id) {
		struct vm_entry *gone = diff->next;

		diff->next = list_next_entry(gone, node);
		tell(gone, false);
		forget(gone);
		diff->changed = true;
	}
}

static int meet(const struct kvm_shadow_vm *vm, void *arg)
{
	struct vms_diff *diff = arg;
	struct vm_entry *entry;

	forget_below(diff, vm->id);
	if (!list_entry_is_head(diff->next, &entries, node) &&
	    diff->next->known.id == vm->id) {
		diff->next = list_next_entry(diff->next, node);
		return 0;
	}

	entry = kmalloc(sizeof(*entry), GFP_KERNEL);
	if (!entry)
		return -ENOMEM;

	entry->known.id = vm->id;
	entry->known.tgid = vm->tgid;
	strscpy_pad(entry->known.comm, vm->comm);
	list_add_tail(&entry->node, &diff->next->node);
	tell(entry, true);
	diff->changed = true;
	return 0;
}

u32 vms_refresh(void)
{
	struct vms_diff diff = {};
	u32 now;

	mutex_lock(&vms_lock);
	diff.next = list_first_entry(&entries, struct vm_entry, node);
	/* Without memory the walk ends early, and the rest waits for the next. */
	if (!kvm_shadow_walk_vms(0, meet, &diff))
		forget_below(&diff, U64_MAX);
	/* Zero is what an unused dump has as its generation. */
	if (diff.changed && !++generation)
		generation = 1;
	now = generation;
	mutex_unlock(&vms_lock);
	return now;
}

static void look_again(struct work_struct *work)
{
	vms_refresh();
	schedule_delayed_work(&look_work, msecs_to_jiffies(VMS_LOOK_MS));
}

bool vms_is_owner(pid_t tgid)
{
	struct vm_entry *entry;
	bool found = false;

	mutex_lock(&vms_lock);
	list_for_each_entry(entry, &entries, node) {
		found = tgid && entry->known.tgid == tgid;
		if (found)
			break;
	}
	mutex_unlock(&vms_lock);
	return found;
}

void vms_start(vms_change_fn *changed)
{
	vms_refresh();
	tell_changed = changed;
	schedule_delayed_work(&look_work, msecs_to_jiffies(VMS_LOOK_MS));
}

void vms_stop(void)
{
	cancel_delayed_work_sync(&look_work);
}

void vms_exit(void)
{
	struct vm_entry *entry, *next;

	list_for_each_entry_safe(entry, next, &entries, node)
		forget(entry);
}
