// SPDX-License-Identifier: GPL-2.0
/* The dear looks at one process, rationed. See look.h. */
#include <errno.h>
#include <stdio.h>

#include "file.h"
#include "look.h"

#define NS_PER_S 1000000000ull
/* A VMM's program and libraries are file memory of this size at most. */
#define PROGRAM_KIB 65536

void probe_ration_init(struct probe_ration *ration, uint64_t now_ns)
{
	ration->store_ns = LOOK_STORE_NS;
	ration->filled_ns = now_ns;
	ration->page_ns = LOOK_PAGE_NS;
}

void probe_ration_begun(struct probe_ration *ration)
{
	if (ration->store_ns > LOOK_START_NS)
		ration->store_ns = LOOK_START_NS;
}

static int64_t price_ns(const struct probe_ration *ration, uint64_t pages)
{
	if (ration->page_ns && pages > LOOK_STORE_NS / ration->page_ns)
		return LOOK_STORE_NS;
	return (int64_t)(pages * ration->page_ns);
}

bool probe_ration_grant(struct probe_ration *ration, uint64_t now_ns,
			uint64_t pages, bool urgent)
{
	uint64_t gain_ns;

	/* In whole fillings of 1 ns, so that frequent calls lose nothing. */
	if (now_ns > ration->filled_ns) {
		gain_ns = (now_ns - ration->filled_ns) /
			  (NS_PER_S / LOOK_FILL_NS_PER_S);
		ration->filled_ns += gain_ns * (NS_PER_S / LOOK_FILL_NS_PER_S);
		ration->store_ns =
			gain_ns < 2 * LOOK_STORE_NS ?
				ration->store_ns + (int64_t)gain_ns :
				LOOK_STORE_NS;
		if (ration->store_ns > LOOK_STORE_NS)
			ration->store_ns = LOOK_STORE_NS;
	}
	if (urgent)
		return ration->store_ns > -LOOK_STORE_NS;
	return ration->store_ns > 0 &&
	       ration->store_ns >= price_ns(ration, pages);
}

/* The debt has a floor: one huge guest must not blind the host for hours. */
void probe_ration_pay(struct probe_ration *ration, uint64_t pages,
		      uint64_t cost_ns)
{
	if (pages)
		ration->page_ns = cost_ns / pages < LOOK_PAGE_NS ?
					  cost_ns / pages : LOOK_PAGE_NS;
	ration->store_ns -= cost_ns < 2 * LOOK_STORE_NS ?
				    (int64_t)cost_ns : 2 * LOOK_STORE_NS;
	if (ration->store_ns < -LOOK_STORE_NS)
		ration->store_ns = -LOOK_STORE_NS;
}

bool probe_look_due(const struct probe_look *look, uint64_t rss_pages,
		    bool flags, uint64_t now_ns)
{
	uint64_t step_pages = look->rss_pages / 4;

	if (rss_pages < LOOK_PAGES_MIN)
		return false;
	if (!look->done || now_ns >= look->next_ns)
		return true;
	/* Growth may be memory that somebody has madvised by now. */
	if (step_pages < LOOK_PAGES_MIN)
		step_pages = LOOK_PAGES_MIN;
	return flags && rss_pages > look->rss_pages &&
	       rss_pages - look->rss_pages >= step_pages;
}

static void read_status(struct probe_look *look, int root_fd, int32_t pid,
			char *buf)
{
	struct probe_text text, rest;
	uint64_t hugetlb_kib = 0;
	char path[64];
	long len;

	snprintf(path, sizeof(path), "proc/%d/status", pid);
	len = probe_file_read_once(root_fd, path, buf, PROBE_BUF_SIZE);
	look->shmem_kib = 0;
	if (len <= 0)
		return;
	text = probe_text_of(buf, (size_t)len);
	if (probe_text_find(&text, "RssShmem", &rest))
		probe_text_u64(&rest, &look->shmem_kib);
	/* hugetlb pages are no part of the RSS, nor always of smaps_rollup. */
	if (probe_status_hugetlb(text, &hugetlb_kib) &&
	    hugetlb_kib > look->smaps.hugetlb_kib)
		look->smaps.hugetlb_kib = hugetlb_kib;
}

void probe_look_take(struct probe_look *look, int root_fd, int32_t pid,
		     uint64_t rss_pages, const char *file, uint64_t now_ns,
		     char *buf)
{
	struct probe_smaps smaps = { 0 };
	char path[64];
	int ret = 0;

	if (file) {
		snprintf(path, sizeof(path), "proc/%d/%s", pid, file);
		ret = probe_smaps_read(root_fd, path, &smaps);
	}
	look->smaps = smaps;
	look->unreadable = ret == -EACCES || ret == -EPERM;
	read_status(look, root_fd, pid, buf);
	if (!look->done)
		look->gap_s = LOOK_GAP_MIN_S;
	else if (now_ns >= look->next_ns && look->gap_s < LOOK_GAP_MAX_S)
		look->gap_s *= 2;
	look->done = true;
	look->rss_pages = rss_pages;
	look->next_ns = now_ns + look->gap_s * NS_PER_S;
}

static bool is_shared(const struct snap_vm *vm, const struct probe_look *look,
		      uint64_t page_kib)
{
	uint64_t shared_kib = vm->rss_shared_pages * page_kib;

	if (vm->vmm == SNAP_VMM_NONE || vm->rss_pages == 0 ||
	    vm->rss_shared_pages <= vm->rss_pages / 2)
		return false;
	/* Most of it is shared: the guest's RAM, or a program of a tiny one? */
	return look->shmem_kib > shared_kib / 2 || shared_kib > PROGRAM_KIB;
}

bool probe_is_huge(uint64_t thp_kib, uint64_t anon_pages, uint64_t page_kib)
{
	return thp_kib && thp_kib >= anon_pages * page_kib / 4;
}

uint32_t probe_why(const struct snap_vm *vm, const struct probe_look *look,
		   bool knows_mergeable, uint32_t page_size)
{
	uint64_t page_kib = page_size / 1024;
	uint32_t why = 0;

	if (is_shared(vm, look, page_kib))
		why |= SNAP_WHY_SHARED;
	else if (knows_mergeable && !vm->mergeable &&
		 vm->rss_anon_pages * page_kib > vm->hugetlb_kib)
		why |= SNAP_WHY_NOT_MADVISED;
	if (vm->hugetlb_kib)
		why |= SNAP_WHY_HUGETLB;
	if (probe_is_huge(vm->thp_kib, vm->rss_anon_pages, page_kib))
		why |= SNAP_WHY_THP;
	if (look->unreadable)
		why |= SNAP_WHY_UNREADABLE;
	return why;
}
