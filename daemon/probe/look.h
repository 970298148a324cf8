/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The dear looks at one process: smaps, smaps_rollup and status.
 *
 * A kernel that answers ksm_mergeable needs them only to say why memory
 * cannot merge: because of huge pages, if the host has as many at all. An
 * older one hides there, in the "mg" flag of a mapping, whether anybody asked
 * for merging at all. The kernel walks page tables for an answer, 0.1 ms for a
 * small process and half a second for a huge one, so CPU time spent on looks
 * is rationed: a store of LOOK_STORE_NS, filled by LOOK_FILL_NS_PER_S. Looks
 * for "mg" may overdraw it; others wait until it holds what they will cost by
 * what a page of the last one did, or is full.
 */
#ifndef DENSITY_PROBE_LOOK_H
#define DENSITY_PROBE_LOOK_H

#include <stdbool.h>
#include <stdint.h>

#include "../../policy/snap.h"
#include "proc.h"

/* A twentieth of a per mille of a core, an eighth of what the daemon may use. */
#define LOOK_FILL_NS_PER_S 50000
#define LOOK_STORE_NS 8000000
/* Left after the first walk: enough for a process of 39 MiB. */
#define LOOK_START_NS 1000000
/*
 * Measured: 15 ns a page on an idle host to 100 where the caches are busy.
 * What a look cost beyond that was opening files: no reason to refuse others.
 */
#define LOOK_PAGE_NS 100
/* Below 4 MiB there is nothing to explain nor to find. */
#define LOOK_PAGES_MIN 1024
/* Over 4 GiB: no search for "mg" in what is no VMM. */
#define LOOK_PAGES_MAX (1u << 20)
#define LOOK_GAP_MIN_S 120
#define LOOK_GAP_MAX_S 3600

struct probe_ration {
	int64_t store_ns;
	uint64_t filled_ns;	/* when */
	uint64_t page_ns;	/* of the last look; LOOK_PAGE_NS at most */
};

/* Full: who begins may look at those who are there. */
void probe_ration_init(struct probe_ration *ration, uint64_t now_ns);
/* They were looked at: no more than LOOK_START_NS is kept for newcomers. */
void probe_ration_begun(struct probe_ration *ration);
/* @pages: whose tables will be walked; 0: of none. */
bool probe_ration_grant(struct probe_ration *ration, uint64_t now_ns,
			uint64_t pages, bool urgent);
void probe_ration_pay(struct probe_ration *ration, uint64_t pages,
		      uint64_t cost_ns);

/* What the last look at a process told. */
struct probe_look {
	bool done;
	bool unreadable;
	uint64_t rss_pages;	/* at that time */
	uint64_t next_ns;
	uint32_t gap_s;
	uint64_t shmem_kib;	/* RssShmem */
	struct probe_smaps smaps;
};

/*
 * Is a look at a process of @rss_pages due? @flags: the kernel does not say
 * otherwise whether it is mergeable, and it has not been seen to be.
 */
bool probe_look_due(const struct probe_look *look, uint64_t rss_pages,
		    bool flags, uint64_t now_ns);
/*
 * Look, and set when the next look is due. @file: "smaps", "smaps_rollup", or
 * NULL where status is enough. @buf: PROBE_BUF_SIZE bytes.
 */
void probe_look_take(struct probe_look *look, int root_fd, int32_t pid,
		     uint64_t rss_pages, const char *file, uint64_t now_ns,
		     char *buf);

/* Is @thp_kib in huge pages a good part of so much anonymous memory? */
bool probe_is_huge(uint64_t thp_kib, uint64_t anon_pages, uint64_t page_kib);

/* The reasons that follow from @vm's sizes and @look; see snap.h. */
uint32_t probe_why(const struct snap_vm *vm, const struct probe_look *look,
		   bool knows_mergeable, uint32_t page_size);

#endif
