/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The files of one process. Pure parsers, and what they tell together.
 *
 * stat and statm are two microseconds each and serve every walk. ksm_stat
 * serves processes that may be mergeable. status serves VMMs, seldom. smaps
 * walks page tables, about 25 ns a page, and is rationed by look.c.
 */
#ifndef DENSITY_PROBE_PROC_H
#define DENSITY_PROBE_PROC_H

#include <stdbool.h>
#include <stdint.h>

#include "text.h"

/* TASK_COMM_LEN and to spare: kworkers show up to 63 bytes. */
#define PROBE_COMM_LEN 64

struct probe_stat {
	int32_t pid;
	int32_t ppid;
	char state;
	bool kthread;
	uint64_t cpu_ticks;		/* user and system, all threads */
	uint64_t start_ticks;
	uint64_t rss_pages;
	char comm[PROBE_COMM_LEN];	/* raw bytes, NUL-terminated */
};

/*
 * comm may hold anything, ") " and newlines included: it ends at the last
 * parenthesis. False when a field is missing or is not its number.
 */
bool probe_stat_parse(struct probe_text text, struct probe_stat *ret_stat);

struct probe_statm {
	uint64_t rss_pages;
	uint64_t shared_pages;		/* file and shmem */
};

bool probe_statm_parse(struct probe_text text, struct probe_statm *ret_statm);

/*
 * ksm_stat. Linux 6.1 has ksm_rmap_items only; later ones added lines, 6.16
 * the two answers about being mergeable.
 */
struct probe_ksm_stat {
	uint64_t rmap_items;
	uint64_t merging_pages;
	uint64_t zero_pages;
	int64_t profit_bytes;
	bool has_merging;
	bool has_mergeable;
	bool mergeable;			/* madvised or by prctl */
};

/* False without a ksm_rmap_items line. */
bool probe_ksm_stat_parse(struct probe_text text,
			  struct probe_ksm_stat *ret_ksm_stat);

/* status: "HugetlbPages: N kB" and "Tgid: N"; false when absent. */
bool probe_status_hugetlb(struct probe_text text, uint64_t *ret_kib);
bool probe_status_tgid(struct probe_text text, int32_t *ret_tgid);

/*
 * smaps or smaps_rollup, fed line by line as it is read. The flags stand in
 * smaps only.
 */
struct probe_smaps {
	uint64_t thp_kib;
	uint64_t hugetlb_kib;
	bool has_flags;
	bool mergeable;		/* some mapping carries "mg" */
};

void probe_smaps_line(struct probe_text line, struct probe_smaps *smaps);

/*
 * Stream the file @path below @dir_fd. 0 or -errno; a process that ends
 * meanwhile yields what had been read, or -ESRCH.
 */
int probe_smaps_read(int dir_fd, const char *path,
		     struct probe_smaps *ret_smaps);

#endif
