/* SPDX-License-Identifier: GPL-2.0 */
/*
 * One process as the table remembers it, and how a walk refreshes it.
 *
 * A member is "tracked" when it appears in the snapshot: it is a VMM, or ksmd
 * has or may have its memory. Only then has it a struct snap_vm.
 *
 * A process that stays has its statm kept open, and ksm_stat when it is
 * tracked. Such a descriptor names the process better than pid and start time
 * do, so that stat, the dearest of the files, is read once a minute only and
 * when there is something to ask: it may execute another program. While a tracked
 * process is young, its CPU time is followed.
 */
#ifndef DENSITY_PROBE_MEMBER_H
#define DENSITY_PROBE_MEMBER_H

#include <stdbool.h>
#include <stdint.h>

#include "../../policy/snap.h"
#include "look.h"
#include "proc.h"

struct probe_member {
	int32_t pid;
	uint32_t vmm;			/* enum snap_vmm by its program */
	uint64_t start_ticks;
	uint64_t cpu_ticks;		/* when stat was last read */
	uint64_t young_until_ns;	/* and until then it is read in each walk */
	bool owns_kvm;			/* when it was last refreshed */
	char comm[PROBE_COMM_LEN];
	bool kthread;
	bool is_ksmd;
	uint16_t recheck_s;		/* grows while there is nothing */
	uint64_t recheck_ns;		/* when to ask again anyway */
	uint64_t checked_pages;		/* RSS when it was last asked */
	uint64_t identify_ns;		/* until then it is taken for the same */
	int statm_fd;			/* kept open; 0: not */
	int ksm_fd;			/* of ksm_stat */
	struct probe_look look;
	struct snap_vm *vm;		/* NULL unless tracked */
};

/* What a refresh may use and what it reports beside the member. */
struct probe_walk {
	int root_fd;
	char *buf;			/* PROBE_BUF_SIZE bytes */
	uint64_t now_ns;
	uint32_t page_size;
	bool owns_kvm;			/* the member owns a VM */
	struct probe_ration *ration;
	bool first;			/* who is found was there before */
	bool quiet;			/* the host's memory has not moved */
	uint64_t thp_kib;		/* the host's, in huge pages */
	bool saw_ksm_stat;		/* set when one could be read */
};

/*
 * @member->pid is set; the rest is zero or from the last walk. False when the
 * process is gone, a zombie or unreadable: forget it.
 */
bool probe_member_refresh(struct probe_member *member,
			  struct probe_walk *walk);
void probe_member_clear(struct probe_member *member);

/*
 * Of a tracked one, from files that are kept open: has its memory become
 * mergeable, or what can merge grown, since it was refreshed? Or has it gone?
 */
bool probe_member_moved(struct probe_member *member,
			const struct probe_walk *walk);

/* The daemon that @member is and that writes the same knobs, or NULL. */
const char *probe_member_rival(const struct probe_member *member);

#endif
