/* SPDX-License-Identifier: GPL-2.0 */
#ifndef EVICT_POOL_H
#define EVICT_POOL_H

/*
 * The pool of shadow pages of one VM, as arch/x86/kvm/mmu/ of Linux 6.12 keeps
 * it, as far as eviction can see; and the guest of lab/player in it.
 *
 * One vCPU, 4-level paging. Each address space has a root, a PDPT, a PD for each
 * GiB and a PT for each 2 MiB region; the PT of the system's region, with the
 * guest's code and ring, is one for all spaces. The vCPU starts in space 0. A page that the guest touches is
 * reached when every entry from the root down is present; else the touch is one
 * page fault, which makes room if fewer than POOL_MIN_FREE pages are free, then
 * finds or creates and links each page that is missing on the path, and fills
 * the SPTEs of one aligned block of eight. Then the instruction is fetched again,
 * which can fault in turn.
 *
 * Zapping a page unlinks it from its parents, and its children from it; these
 * stay in the pool, with no parent, until a fault links them again. The current
 * root and the three before it are pinned by their root count.
 *
 * Accessed bits are set at each touch, and by a walk that ends in a fault as far
 * as it came; hardware sets them when a walk misses the TLB, which KVM flushes
 * each time that it has made room.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../../../lab/player/trace.h"

#define POOL_MIN_FREE 5		/* KVM_MIN_FREE_MMU_PAGES */
#define POOL_REFILL 25		/* KVM_REFILL_PAGES */
#define POOL_ROOTS 4		/* root + KVM_MMU_NUM_PREV_ROOTS */
#define POOL_LIMIT_NONE UINT32_MAX
/* A step with this page: the guest gives up an address space. */
#define POOL_SPACE_ENDS TRACE_PAGES_PER_REGION

struct list {
	struct list *next, *prev;
};

enum page_level { LEVEL_PT = 1, LEVEL_PD, LEVEL_PDPT, LEVEL_ROOT };

/* The entry of a parent that points to a page. */
struct entry {
	struct page *parent;
	bool present, accessed;
};

/* A guest page table and, while it is in the pool, its shadow. */
struct page {
	struct list link;	/* active_mmu_pages: newest first */
	struct entry *entries;	/* of possible parents */
	uint32_t nr_entries;	/* 1; the system's PT: one a space; root: 0 */
	uint8_t level;
	bool active;		/* in the pool */
	bool looked_up;		/* found or created since last asked: the tag */
	uint8_t root_count;
	uint64_t blocks;	/* PT: blocks of eight SPTEs present */
	uint64_t evicted_at;	/* evictions, this one included; 0: it was not */
	struct page *first_child;	/* of a run of children */
	uint32_t nr_children;

	/* What policies keep in a page. */
	struct list queue;	/* lru, s3fifo, bip: an order of their own */
	uint8_t state, credit;	/* s3fifo: which queue, uses seen in it */
	uint32_t ghost_at;	/* s3fifo: evictions when it went, 0: not */
	bool in_window;		/* reuse */
	uint32_t used_at;	/* evictions when last seen in use */
	uint32_t interval;	/* mean evictions between uses, 0: unknown */
	uint32_t intervals;	/* how many it is the mean of, saturating */
};

/* As KVM_REFAULT_BUCKETS: distances in eighths of the limit, the last is open. */
#define POOL_REFAULT_BUCKETS 16
#define POOL_BUCKETS_PER_LIMIT 8

struct pool_stats {
	uint64_t faults;	/* pf_taken */
	uint64_t created;	/* mmu_cache_miss */
	uint64_t evicted;	/* mmu_recycled */
	uint64_t spte_reads;	/* Accessed bits read or cleared by the policy */
	uint64_t longest_sweep;	/* most of them to make room once */
	uint64_t made_room;	/* times room was made */
	uint64_t refault_distance[POOL_REFAULT_BUCKETS];
};

struct policy;

struct pool {
	struct page *pages;
	struct entry *entries;
	uint32_t nr_pages;
	uint32_t cr3s, regions, pds;	/* regions and PDs of each space */
	uint32_t limit, used;
	struct list active;
	struct page *roots[POOL_ROOTS];	/* the current one first */
	const struct policy *policy;
	void *policy_data;
	uint64_t now;			/* steps played */
	const struct trace_step *steps;	/* all of them, for oracles */
	uint64_t nr_steps;
	struct pool_stats stats;
};

/* What is played in a pool. Steps may be NULL without an oracle. */
struct pool_size {
	uint32_t cr3s, regions;
	uint32_t limit;		/* shadow pages */
	const struct trace_step *steps;
	uint64_t nr_steps;
};

/**
 * pool_open - make @pool an empty pool under a policy.
 * Returns 0, or -ENOMEM and there is nothing to close.
 */
int pool_open(struct pool *pool, const struct pool_size *size,
	      const struct policy *policy);

/** pool_close - free what pool_open() allocated. */
void pool_close(struct pool *pool);

/**
 * pool_touch - the guest touches a page: a hit, or a fault and all it does.
 * Or it frees a space, POOL_SPACE_ENDS; KVM zaps most of that, not all.
 */
void pool_touch(struct pool *pool, const struct trace_step *step);

/** pool_set_limit - of shadow pages; what is beyond is evicted at once. */
void pool_set_limit(struct pool *pool, uint32_t limit);

/**
 * pool_zap - take an active page that is not pinned out of the pool.
 * As the guest or a memslot change may; make_room() does it for evictions.
 */
void pool_zap(struct pool *pool, struct page *page);

/**
 * page_young - was the page used since last asked?
 * Reads and clears the Accessed bit of its parent's entry and its lookup tag;
 * this is all that a policy of the kernel may know of hits.
 */
bool page_young(struct pool *pool, struct page *page);

/** page_forget - page_young() without an interest in the answer. */
void page_forget(struct pool *pool, struct page *page);

/** pool_pt - the page table of a region. */
struct page *pool_pt(const struct pool *pool, uint32_t cr3, uint32_t region);

/** page_is_system - is it the page table of code and ring? */
bool page_is_system(const struct pool *pool, const struct page *page);

/** page_children - pages that it links, none if it is a page table. */
uint32_t page_children(const struct pool *pool, const struct page *page);

/** page_cost - faults that bringing a page back would take, 1 or more. */
uint32_t page_cost(const struct pool *pool, const struct page *page);

#define list_page(ptr) \
	((struct page *)((char *)(ptr) - offsetof(struct page, link)))
#define queue_page(ptr) \
	((struct page *)((char *)(ptr) - offsetof(struct page, queue)))

static inline void list_init(struct list *head)
{
	head->next = head->prev = head;
}

static inline bool list_empty(const struct list *head)
{
	return head->next == head;
}

static inline void list_add(struct list *item, struct list *after)
{
	item->next = after->next;
	item->prev = after;
	after->next->prev = item;
	after->next = item;
}

static inline void list_del(struct list *item)
{
	item->prev->next = item->next;
	item->next->prev = item->prev;
}

#endif
