/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The table of processes: which of them are VMs or have mergeable memory.
 *
 * A walk lists /proc, unless no pid was given out since or memory rests, and
 * reads one small file of each process that was there before; the rest is
 * remembered by pid, start time and comm (a process that executes another
 * program keeps the first two). Kernel threads are read once a minute. A
 * process that is neither VMM nor mergeable is asked again
 * when its RSS has grown by TABLE_GROWTH_PAGES, and in doubling intervals;
 * while the host's memory rests, in these intervals only.
 *
 * libproc2 is not used: it cannot be pointed at another root, 4.0.2 does not
 * know ksm_stat, and it reads everything about everyone each time. One walk
 * over the same 80 processes: at most 169 thousand instructions and 124 system
 * calls here, 2.9 million and 1088 there.
 */
#ifndef DENSITY_PROBE_TABLE_H
#define DENSITY_PROBE_TABLE_H

#include <stdbool.h>
#include <stdint.h>

#include "../../policy/snap.h"
#include "probe.h"

#define TABLE_GROWTH_PAGES 256
/* Shells and tools come and go by the dozen: not asked below 4 MiB. */
#define TABLE_LEAST_PAGES 1024
#define TABLE_RECHECK_MIN_S 2
#define TABLE_RECHECK_MAX_S 64
#define TABLE_KTHREAD_S 64
#define TABLE_IDENTIFY_S 64
/* A law waits no longer for a newcomer to calm down (law_calm.h). */
#define TABLE_YOUNG_S 10
/* In a quiet walk a listing may be as old; else as long as no pid is new. */
#define TABLE_LISTING_S 30

struct probe_table;

/* @buf: PROBE_BUF_SIZE bytes, shared with the caller. NULL: out of memory. */
struct probe_table *probe_table_new(int root_fd, char *buf);
void probe_table_free(struct probe_table *table);

/* Copies @rules. 0 or -ENOMEM, and then the old rules stay. */
int probe_table_set_rules(struct probe_table *table,
			  const struct probe_vm_rule *rules,
			  unsigned int nrules);

enum probe_walk_kind {
	PROBE_WALK_ALL,
	/*
	 * Memory has not moved since the last walk of all: what is no VM is not
	 * read before it is due to be asked again, and a listing may be old.
	 */
	PROBE_WALK_RESTING,
	/* The same, but newcomers are listed, and asked while they are young. */
	PROBE_WALK_KNOWN,
	/* Of all, when there may be another who owns a VM. */
	PROBE_WALK_OWNERS,
};

/*
 * Read the processes. False when they could not be listed, for want of memory
 * or of descriptors: then the table stands as it was. @thp_kib: how much of all
 * anonymous memory is in huge pages.
 */
bool probe_table_walk(struct probe_table *table, uint64_t now_ns,
		      enum probe_walk_kind kind, uint64_t thp_kib);

/* See probe_glance(). */
bool probe_table_glance(struct probe_table *table, uint64_t now_ns,
			unsigned int *ret_count);

/* Ordered by pid; valid until the next walk or set_rules. */
const struct snap_vm *probe_table_vms(const struct probe_table *table,
				      uint32_t *ret_nvms);
/* SNAP_CAP_KSM_STAT, SNAP_CAP_KVM. */
uint32_t probe_table_caps(const struct probe_table *table);
/* 0 when there is none. */
int32_t probe_table_ksmd(const struct probe_table *table);
const char *probe_table_rival(const struct probe_table *table);

#endif
