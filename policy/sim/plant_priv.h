/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Inside the plant; for policy/sim/plant_*.c only.
 *
 * Pages, stable nodes and contents are array elements that refer to each other
 * by index; index 0 means none. A page carries its PTE (does it map a KSM
 * page, the zero page, or its own?) and its rmap_item (checksum, age, place in
 * a tree) side by side, because the two disagree between a write to a merged
 * page and ksmd's next visit: the kernel's counters follow the item, the
 * memory saved follows the PTE.
 *
 * A content is a number. Below CONTENT_UNIQUE it indexes the table of contents
 * that several pages may hold; at or above, no two pages ever hold the same.
 */
#ifndef DENSITY_PLANT_PRIV_H
#define DENSITY_PLANT_PRIV_H

#include <stddef.h>

#include "plant.h"

#define CONTENT_UNIQUE 0x80000000u
#define CONTENT_ZERO 1u

enum page_flag {
	PAGE_ITEM = 1u << 0,	/* has an rmap_item */
	PAGE_STABLE = 1u << 1,	/* STABLE_FLAG of the item */
	PAGE_UNSTABLE = 1u << 2, /* UNSTABLE_FLAG of the item */
	PAGE_KSM = 1u << 3,	/* PTE maps the KSM page of @node */
	PAGE_ZERO = 1u << 4,	/* PTE maps the zero page */
	PAGE_INDEXED = 1u << 5,	/* INDEXED_FLAG of the item */
	PAGE_CHANGED = 1u << 6,	/* content had changed at the last visit */
};

struct page {
	uint32_t content;
	uint32_t checksum;	/* oldchecksum */
	uint32_t node;		/* stable node, while PAGE_STABLE */
	uint32_t next, prev;	/* other items of @node */
	uint16_t proc;
	uint8_t age;
	uint8_t skips;		/* remaining_skips */
	uint8_t flags;
	uint8_t seq;		/* pass of insertion, while PAGE_UNSTABLE */
};

struct node {
	uint32_t content;
	uint32_t items;		/* rmap_hlist_len */
	uint32_t maps;		/* PTEs; at 0 the page is gone, the node stale */
	uint32_t first;		/* page */
	uint32_t next, prev;	/* other copies of the same content (dups) */
};

struct content {
	uint32_t first, last;	/* nodes; those with room stand in front */
	uint32_t nodes;
	uint32_t indexed;	/* unmerged page in the index */
	uint32_t unstable;	/* page in the unstable tree */
	uint64_t unstable_seq;	/* pass in which it was put there */
	uint64_t unstable_ns;	/* when, and as which page of the tree */
	uint64_t unstable_number;
};

struct region {
	struct plant_region spec;
	uint32_t base;		/* first page */
	uint32_t npages;
};

struct proc {
	struct plant_proc spec;
	struct region regions[PLANT_REGIONS_MAX];
	uint32_t nregions;
	uint64_t start_ns;
	bool alive;
	bool listed;		/* has an mm_slot */
	uint32_t next, prev;	/* list of mm_slots, proc 0 is its head */
	uint64_t seen;		/* pages when ksmd was last done with it */
	uint64_t items;		/* ksm_rmap_items */
	uint64_t merging;	/* ksm_merging_pages */
	uint64_t zero;		/* ksm_zero_pages */
};

/* One MiB of a group in one epoch: contents base .. base + 255. */
struct epoch {
	uint32_t group;
	uint32_t number;
	uint32_t mib;
	uint32_t base;
};

enum ksmd_state {
	KSMD_WAIT,		/* in ksm_thread_wait: nothing to do */
	KSMD_SLEEP,		/* in ksm_iter_wait until wake_ns */
	KSMD_BATCH,
};

struct ksmd {
	enum ksmd_state state;
	uint64_t wake_ns;
	uint32_t left;		/* pages left in this batch */
	bool freezing;		/* the next batch will end halfway */
	uint32_t run_asked;	/* a writer waits for ksm_thread_mutex */
	uint64_t batches;
	/* cursor */
	uint32_t slot;		/* proc, 0 = at the head */
	uint32_t region;
	uint32_t page;		/* within the region */
	bool early;		/* it was not this process's turn */
	uint64_t early_from;	/* pages scanned when it began */
	uint64_t search_at;	/* from which on the next one may */
	/* struct advisor_ctx */
	uint64_t scan_start_ns;
	uint64_t scan_time_s;
	uint64_t change;
	uint64_t cpu_time_ns;
};

/* Of the unstable tree in this pass: see plant_order.c. */
struct plant_order {
	unsigned int top;	/* levels that may have volatile pages */
	struct {
		uint32_t pages;	/* volatile ones */
		double changes_per_ns;
	} level[64];
};

struct plant {
	struct plant_conf conf;	/* knobs included, as they stand now */
	uint64_t now_ns;
	struct ksmd ksmd;
	struct page *pages;
	uint32_t npages, pages_room;
	struct node *nodes;
	uint32_t nnodes, nodes_room, free_node;
	struct content *contents;
	uint32_t ncontents, contents_room;
	struct proc *procs;
	uint32_t nprocs, procs_room;
	struct epoch *epochs;
	uint32_t nepochs, epochs_room;
	uint32_t unique;	/* last content of its own given out */
	/* counters of mm/ksm.c */
	uint64_t shared, sharing, unshared, items, zero;
	uint64_t scanned, skipped, full_scans, cpu_ns;
	uint64_t chains, dups;
	uint64_t unstable_size;	/* nodes put into the tree in this pass */
	struct plant_order order;
	uint64_t cow_ksm;
	uint64_t index_hits, index_skips, first_sight_merges;
	/* truth */
	uint64_t ksm_maps;	/* PTEs that map a KSM page */
	uint64_t ksm_pages;	/* KSM pages that exist */
	uint32_t psi_permille;
};

/* plant.c */
int plant_grow(void **array, uint32_t *room, uint32_t need, size_t size);
uint32_t plant_present(const struct plant *p, const struct proc *proc,
		       const struct region *region);

/* splitmix64: spreads numbers evenly, the same in every run. */
static inline uint64_t plant_scatter(uint64_t x)
{
	x += 0x9e3779b97f4a7c15ull;
	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ull;
	x = (x ^ (x >> 27)) * 0x94d049bb133111ebull;
	return x ^ (x >> 31);
}

/* plant_order.c: the unstable tree is empty; it just got a volatile page. */
void plant_order_reset(struct plant *p);
void plant_order_add_volatile(struct plant *p, uint32_t period_ms);
/* A search for @page misses its partner, put there as such and such a page. */
bool plant_order_misses(const struct plant *p, uint32_t page,
			uint64_t partner_ns, uint64_t partner_number);

/* plant_index.c: the same without searching, where the index is on. */
uint64_t plant_merge_indexed(struct plant *p, uint32_t page);

/* plant_tree.c: what ksmd does to one page. */
int plant_node_reserve(struct plant *p);
void plant_item_free(struct plant *p, uint32_t page);
void plant_item_unlink(struct plant *p, uint32_t page);
void plant_unmap(struct plant *p, uint32_t page);
/* A node with this content that may take one more sharer, or 0. */
uint32_t plant_stable_find(struct plant *p, uint32_t content);
/* Merge them, in a new node; plant_node_reserve() went before. */
void plant_merge_pair(struct plant *p, uint32_t page, uint32_t other);
/* Merge the page into the node. */
void plant_stable_add(struct plant *p, uint32_t page, uint32_t node);
/* The page becomes a mapping of the zero page. */
void plant_map_zero(struct plant *p, uint32_t page);
/* What merging this page costs. */
uint64_t plant_merge_ns(const struct plant *p, uint32_t page);
/* cmp_and_merge_page(); returns its cost in ns. */
uint64_t plant_merge_page(struct plant *p, uint32_t page);
/* True when smart_scan passes over the page. */
bool plant_skip_page(struct plant *p, uint32_t page);

/* plant_ksmd.c */
void plant_slot_enter(struct plant *p, uint32_t proc);
void plant_slot_exit(struct plant *p, uint32_t proc);

/* plant_advisor.c */
void plant_advisor_start(struct plant *p);
void plant_advisor_stop(struct plant *p);

#endif
