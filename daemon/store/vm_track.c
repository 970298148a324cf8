// SPDX-License-Identifier: GPL-2.0
/*
 * A sorted array: VMs come and go rarely and are looked up on every sweep.
 * See vm_track.h.
 */
#include <stdlib.h>
#include <string.h>

#include "vm_track.h"

void vm_tracker_free(struct vm_tracker *tracker)
{
	free(tracker->vms);
	memset(tracker, 0, sizeof(*tracker));
}

static int order(const struct vm_track *track, const struct snap_vm *vm)
{
	if (track->pid != vm->pid)
		return track->pid < vm->pid ? -1 : 1;
	if (track->start_ticks != vm->start_ticks)
		return track->start_ticks < vm->start_ticks ? -1 : 1;
	return 0;
}

/* The first entry that is not below @vm. */
static unsigned int lower_bound(const struct vm_tracker *tracker,
				const struct snap_vm *vm)
{
	unsigned int low = 0, high = tracker->count;

	while (low < high) {
		unsigned int middle = low + (high - low) / 2;

		if (order(&tracker->vms[middle], vm) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static bool make_room(struct vm_tracker *tracker)
{
	unsigned int room = tracker->room ? tracker->room * 2 : 64;
	struct vm_track *vms;

	if (tracker->count < tracker->room)
		return true;
	if (tracker->count >= VM_TRACK_MAX)
		return false;
	vms = realloc(tracker->vms, room * sizeof(*vms));
	if (!vms)
		return false;
	tracker->vms = vms;
	tracker->room = room;
	return true;
}

static void set_name(struct vm_track *track, const struct snap_vm *vm)
{
	size_t len = strnlen(vm->name, SNAP_NAME_LEN - 1);

	if (strlen(track->name) == len && !memcmp(track->name, vm->name, len))
		return;
	/* A name may become known later than the process. */
	memcpy(track->name, vm->name, len);
	track->name[len] = '\0';
	track->dirty = true;
}

struct vm_track *vm_track_get(struct vm_tracker *tracker,
			      const struct snap_vm *vm, int64_t real_ms)
{
	unsigned int at = lower_bound(tracker, vm);
	struct vm_track *track;

	if (at == tracker->count || order(&tracker->vms[at], vm)) {
		if (!make_room(tracker))
			return NULL;
		track = &tracker->vms[at];
		memmove(track + 1, track,
			(tracker->count - at) * sizeof(*track));
		memset(track, 0, sizeof(*track));
		track->pid = vm->pid;
		track->start_ticks = vm->start_ticks;
		track->number = ++tracker->next_number;
		track->born_ms = real_ms;
		track->dirty = true;
		tracker->count++;
	}
	track = &tracker->vms[at];
	set_name(track, vm);
	if (track->ended_ms || track->vmm != vm->vmm)
		track->dirty = true;
	track->vmm = vm->vmm;
	track->ended_ms = 0;
	return track;
}

void vm_track_sweep(struct vm_tracker *tracker, int64_t real_ms)
{
	for (unsigned int i = 0; i < tracker->count; i++) {
		struct vm_track *track = &tracker->vms[i];

		if (!track->seen && !track->ended_ms) {
			track->ended_ms = real_ms ? real_ms : 1;
			track->dirty = true;
		}
		track->seen = false;
	}
}

void vm_track_written(struct vm_tracker *tracker)
{
	unsigned int kept = 0;

	for (unsigned int i = 0; i < tracker->count; i++) {
		tracker->vms[i].dirty = false;
		if (tracker->vms[i].ended_ms)
			continue;
		if (kept != i)
			tracker->vms[kept] = tracker->vms[i];
		kept++;
	}
	tracker->count = kept;
}

void vm_track_forget(struct vm_tracker *tracker)
{
	for (unsigned int i = 0; i < tracker->count; i++) {
		tracker->vms[i].dirty = true;
		tracker->vms[i].has_value = false;
	}
}

static int32_t cut(uint64_t pages)
{
	return pages > INT32_MAX ? INT32_MAX : (int32_t)pages;
}

struct vm_value vm_value_of(const struct snap_vm *vm, uint32_t page_size)
{
	int64_t profit = vm->profit_bytes / (page_size ? page_size : 4096);
	struct vm_value value = {
		.rss_pages = cut(vm->rss_pages),
		.merging_pages = cut(vm->merging_pages),
		.zero_pages = cut(vm->zero_pages),
	};

	if (profit < INT32_MIN)
		profit = INT32_MIN;
	value.profit_pages = profit > INT32_MAX ? INT32_MAX : (int32_t)profit;
	return value;
}

bool vm_value_equal(const struct vm_value *a, const struct vm_value *b)
{
	return a->rss_pages == b->rss_pages &&
	       a->merging_pages == b->merging_pages &&
	       a->zero_pages == b->zero_pages &&
	       a->profit_pages == b->profit_pages;
}

const char *vm_vmm_name(uint32_t vmm)
{
	static const char *const names[] = {
		[SNAP_VMM_NONE] = "process",
		[SNAP_VMM_QEMU] = "qemu",
		[SNAP_VMM_FIRECRACKER] = "firecracker",
		[SNAP_VMM_CLOUD_HYPERVISOR] = "cloud-hypervisor",
		[SNAP_VMM_CROSVM] = "crosvm",
		[SNAP_VMM_OTHER] = "other",
	};

	if (vmm >= sizeof(names) / sizeof(names[0]))
		return "other";
	return names[vmm];
}
