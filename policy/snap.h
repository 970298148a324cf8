/* SPDX-License-Identifier: GPL-2.0 */
/*
 * struct snap: everything that is known about the host at one instant.
 *
 * Probes fill it, laws decide from it, the store, the socket and the metrics
 * file read it. It is plain data: no pointer in it is followed but @vms and
 * @shadows, which belong to the probe and stay valid until the next probe_take()
 * and the next probe_extension().
 *
 * Units are in the names. A "page" is a base page of @page_size bytes.
 * Counters that grow for ever keep the kernel's own type and are compared
 * as differences; a source that is absent leaves its capability bit clear and
 * its fields zero, which is never an error.
 */
#ifndef DENSITY_SNAP_H
#define DENSITY_SNAP_H

#include <stdbool.h>
#include <stdint.h>

#define SNAP_NAME_LEN 64
#define SNAP_NODES_MAX 64

/* Capabilities: which sources answered when this snapshot was taken. */
enum snap_cap {
	SNAP_CAP_KSM = 1u << 0,		/* /sys/kernel/mm/ksm exists */
	SNAP_CAP_KSMD_CPU = 1u << 1,	/* schedstat of the ksmd thread */
	SNAP_CAP_SKIPPED = 1u << 2,	/* pages_skipped, smart_scan (6.7) */
	SNAP_CAP_ZERO = 1u << 3,	/* ksm_zero_pages (6.6) */
	SNAP_CAP_PROFIT = 1u << 4,	/* general_profit (6.4) */
	SNAP_CAP_ADVISOR = 1u << 5,	/* advisor_mode (6.8) */
	SNAP_CAP_COW = 1u << 6,		/* vmstat cow_ksm (5.16) */
	SNAP_CAP_MEMINFO = 1u << 7,
	SNAP_CAP_PSI_CPU = 1u << 8,
	SNAP_CAP_PSI_MEM = 1u << 9,
	SNAP_CAP_ANON = 1u << 10,	/* vmstat nr_anon_pages */
	SNAP_CAP_KSM_STAT = 1u << 11,	/* /proc/PID/ksm_stat (6.1) */
	SNAP_CAP_KVM = 1u << 12,	/* debugfs kvm/ */
	SNAP_CAP_NUMA = 1u << 13,
	SNAP_CAP_SHADOW = 1u << 14,	/* the kernel extension tells @shadows */
	SNAP_CAP_INDEX = 1u << 15,	/* lookahead, checksum_index (our patches) */
	SNAP_CAP_SCRUB = 1u << 16,	/* the kernel extension tells @scrub */
	SNAP_CAP_COUNTS = 1u << 17,	/* what finding costs and yields (our patches) */
};

enum snap_run {
	SNAP_RUN_STOP = 0,
	SNAP_RUN_MERGE = 1,
	SNAP_RUN_UNMERGE = 2,
};

enum snap_advisor {
	SNAP_ADVISOR_NONE = 0,
	SNAP_ADVISOR_SCAN_TIME = 1,
};

/* /sys/kernel/mm/ksm, Documentation/admin-guide/mm/ksm.rst. */
struct snap_ksm {
	/* knobs as they stand now, whoever wrote them */
	uint32_t run;			/* enum snap_run */
	uint32_t sleep_ms;
	uint32_t scan_pages;		/* pages_to_scan */
	uint32_t advisor;		/* enum snap_advisor */
	uint32_t smart_scan;
	uint32_t lookahead;
	uint32_t checksum_index;
	uint32_t use_zero_pages;
	uint32_t merge_across_nodes;
	uint32_t max_page_sharing;
	/* gauges, pages */
	uint64_t pages_shared;
	uint64_t pages_sharing;
	uint64_t stale_pages;	/* of pages_sharing: copied since, see stale.h */
	uint64_t pages_unshared;
	uint64_t pages_volatile;
	uint64_t zero_pages;
	uint64_t stable_node_chains;
	uint64_t stable_node_dups;
	int64_t profit_bytes;		/* general_profit */
	/* counters */
	uint64_t pages_scanned;		/* excludes skipped pages */
	uint64_t pages_skipped;
	uint64_t full_scans;
	uint64_t ksmd_cpu_ns;		/* schedstat, time on a CPU */
	/* with SNAP_CAP_COUNTS, counters but for @index_bytes */
	uint64_t tree_steps;		/* nodes visited in searches */
	uint64_t compares;		/* of two pages */
	uint64_t bytes_compared;	/* of each */
	uint64_t lookahead_tries;
	uint64_t lookahead_hits;
	uint64_t index_tries;
	uint64_t index_hits;
	uint64_t index_skips;		/* searches spared: nothing is alike */
	uint64_t first_sight_merges;	/* a pass earlier than by a search */
	uint64_t index_bytes;		/* what the index takes now */
};

struct snap_psi {
	uint32_t some_avg10_permille;
	uint32_t some_avg60_permille;
	uint64_t some_total_us;
	uint64_t full_total_us;
};

struct snap_node {
	uint32_t id;
	uint64_t mem_total_kib;
	uint64_t mem_free_kib;
};

struct snap_host {
	uint32_t ncpus;
	uint64_t mem_total_kib;
	uint64_t mem_free_kib;
	uint64_t mem_available_kib;
	uint64_t buffers_kib;
	uint64_t cached_kib;
	uint64_t swap_total_kib;
	uint64_t swap_free_kib;
	uint64_t anon_pages;		/* vmstat nr_anon_pages */
	uint64_t cow_ksm;		/* vmstat, copies of KSM pages on write */
	uint64_t ksm_swpin_copy;	/* vmstat */
	struct snap_psi psi_cpu;
	struct snap_psi psi_mem;
	uint32_t nnodes;
	struct snap_node nodes[SNAP_NODES_MAX];
};

enum snap_vmm {
	SNAP_VMM_NONE = 0,	/* not a VMM: some process with mergeable memory */
	SNAP_VMM_QEMU,
	SNAP_VMM_FIRECRACKER,
	SNAP_VMM_CLOUD_HYPERVISOR,
	SNAP_VMM_CROSVM,
	SNAP_VMM_OTHER,		/* unknown program that KVM lists as a VM's owner */
};

/* Why memory of a VM cannot merge; several may hold at once. */
enum snap_why {
	SNAP_WHY_NOT_MADVISED = 1u << 0, /* nobody called MADV_MERGEABLE */
	SNAP_WHY_SHARED = 1u << 1,	/* guest RAM is memfd, shm or a file */
	SNAP_WHY_HUGETLB = 1u << 2,
	SNAP_WHY_THP = 1u << 3,		/* huge pages hold much of it: merging splits them */
	SNAP_WHY_OPTED_OUT = 1u << 4,	/* policy file: weight = 0 */
	SNAP_WHY_UNREADABLE = 1u << 5,	/* no permission to look */
};

/* USER_HZ: the unit of times in /proc/PID/stat. */
#define SNAP_TICKS_PER_S 100u

/* One process that is a VM or that has memory which ksmd may merge. */
struct snap_vm {
	int32_t pid;
	uint64_t start_ticks;		/* with @pid: identity of the process */
	uint64_t cpu_ticks;		/* of all its threads; followed while it is young */
	char name[SNAP_NAME_LEN];	/* NUL-terminated printable UTF-8 */
	uint32_t vmm;			/* enum snap_vmm */
	bool mergeable;			/* some of its memory is VM_MERGEABLE */
	bool has_ksm_stat;
	uint64_t rss_pages;
	uint64_t rss_anon_pages;
	uint64_t rss_shared_pages;	/* file and shmem part of the RSS */
	uint64_t merging_pages;		/* ksm_merging_pages */
	uint64_t zero_pages;		/* ksm_zero_pages */
	uint64_t rmap_items;		/* pages that ksmd tracks */
	int64_t profit_bytes;		/* ksm_process_profit */
	uint64_t hugetlb_kib;		/* from the last smaps_rollup look, */
	uint64_t thp_kib;		/* which is rare because it is dear */
	uint32_t why;			/* enum snap_why bits */
	/* from the policy file, by name glob */
	uint32_t weight_permille;	/* 1000 = counts as it is, 0 = ignore */
	uint32_t expect_permille;	/* share of new memory expected to merge */
};

/* Distances of refaults, in eighths of the limit (KVM_REFAULT_BUCKETS). */
#define SNAP_REFAULT_BUCKETS 16

/* The shadow pages of one VM: vm-get of ksmd-ext/spec/ksmd_ext.yaml. */
struct snap_shadow {
	uint64_t id;		/* never used again */
	int32_t pid;		/* of the VMM, 0: it is gone */
	uint32_t weight_permille;	/* as of the VM in @vms */
	uint32_t limit;		/* in force, pages */
	uint32_t requested;	/* 0: the limit follows the VM's memory */
	uint64_t pages;		/* in use */
	uint64_t cpu_ns;	/* of the VMM's threads */
	/* counters */
	uint64_t evictions;
	uint64_t refaults;
	uint64_t refault_distance[SNAP_REFAULT_BUCKETS];	/* the last is open */
};

/* The scrubber of the page cache: scrub-get of ksmd-ext/spec/ksmd_ext.yaml. */
struct snap_scrub {
	bool enabled;
	bool dry_run;		/* drops nothing, and counts as if it did */
	uint32_t budget_pages;	/* of a run */
	/* counters; pages but for @runs */
	uint64_t runs;
	uint64_t looked;	/* at in the cache */
	uint64_t checksums;	/* of these calculated, not remembered */
	uint64_t dropped;
	uint64_t reread;	/* dropped, and back in the cache */
};

struct snap {
	uint64_t seq;			/* 1, 2, 3, ... per daemon run */
	uint64_t mono_ns;		/* CLOCK_BOOTTIME; laws know no other time */
	int64_t real_ms;		/* CLOCK_REALTIME, for the store only */
	uint32_t caps;			/* enum snap_cap bits */
	uint32_t page_size;
	struct snap_ksm ksm;
	struct snap_host host;
	/*
	 * @vms_seq is the @seq of the snapshot in which the table of processes
	 * was last read; it equals @seq when this snapshot read it anew.
	 */
	uint64_t vms_seq;
	uint32_t nvms;
	const struct snap_vm *vms;
	/* Ordered by id; told when @shadows_seq equals @seq. */
	uint64_t shadows_seq;
	uint32_t nshadows;
	const struct snap_shadow *shadows;
	/* counters of all VMs, those that left too, since the daemon began */
	uint64_t shadow_evictions;
	uint64_t shadow_refaults;
	struct snap_scrub scrub;	/* told with SNAP_CAP_SCRUB */
};

static inline bool snap_has(const struct snap *s, uint32_t caps)
{
	return (s->caps & caps) == caps;
}

/* Pages that merging saves now: sharers and pages replaced by the zero page. */
static inline uint64_t snap_saved_pages(const struct snap *s)
{
	return s->ksm.pages_sharing - s->ksm.stale_pages + s->ksm.zero_pages;
}

#endif
