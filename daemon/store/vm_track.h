/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Which VMs are known, under which number, and what was last written of them.
 *
 * A VM is a process: pid and start time. Its number holds for the daemon's
 * life; the file's id is that number plus a base of the open file. @dirty
 * marks what table vm does not know yet.
 */
#ifndef DENSITY_VM_TRACK_H
#define DENSITY_VM_TRACK_H

#include <stdbool.h>
#include <stdint.h>

#include "../../policy/snap.h"

#define VM_TRACK_MAX 16384

/* In pages of the host; cut to 2^31 - 1, which is 8 TiB. */
struct vm_value {
	int32_t rss_pages;
	int32_t merging_pages;
	int32_t zero_pages;
	int32_t profit_pages;
};

struct vm_track {
	int32_t pid;
	uint32_t vmm;
	uint64_t start_ticks;
	uint32_t number;
	bool dirty;
	bool seen;		/* set by the caller: in the table just read */
	bool has_value;
	struct vm_value value;	/* as last written */
	uint64_t written_ms;	/* mono */
	int64_t born_ms;	/* real: first seen */
	int64_t ended_ms;	/* real: first missed; 0 = lives */
	char name[SNAP_NAME_LEN];
};

struct vm_tracker {
	unsigned int count, room;
	uint32_t next_number;
	struct vm_track *vms;	/* by pid, then start time */
};

void vm_tracker_free(struct vm_tracker *tracker);

/* The VM's entry, made if need be; NULL: no memory, or VM_TRACK_MAX. */
struct vm_track *vm_track_get(struct vm_tracker *tracker,
			      const struct snap_vm *vm, int64_t real_ms);
/* Those not seen since the last call have ended at @real_ms. */
void vm_track_sweep(struct vm_tracker *tracker, int64_t real_ms);
/* Everything dirty is in the file: forget VMs that have ended. */
void vm_track_written(struct vm_tracker *tracker);
/* Another file: it knows nothing. */
void vm_track_forget(struct vm_tracker *tracker);

struct vm_value vm_value_of(const struct snap_vm *vm, uint32_t page_size);
bool vm_value_equal(const struct vm_value *a, const struct vm_value *b);

/* "qemu", "process": as in docs/control.md. */
const char *vm_vmm_name(uint32_t vmm);

#endif
