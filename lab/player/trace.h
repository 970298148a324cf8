/* SPDX-License-Identifier: GPL-2.0 */
#ifndef PLAYER_TRACE_H
#define PLAYER_TRACE_H

/*
 * Access traces: which 4 KiB page a guest touches next.
 *
 * One source for the guest that plays them to a real shadow MMU (trace-player)
 * and for the simulator that plays them to a model of it. Pure: no I/O, no
 * allocation, no libm, so that a name, a seed and a size give the same steps
 * wherever they are compiled.
 *
 * A trace draws from `items` 2 MiB regions, dealt in turn to `cr3s` address
 * spaces: item i is region i / cr3s of address space i % cr3s. Each costs one
 * shadow page table while it is mapped. A visit to an item touches the first
 * page of each of its blocks; a block is the 8 aligned pages that KVM fetches
 * ahead on a fault, so an item of n blocks costs n faults to bring back. Or a
 * visit touches one block picked at random: the item costs what it was used for.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TRACE_PAGES_PER_REGION	512	/* 4 KiB pages of 2 MiB */
#define TRACE_PAGES_PER_BLOCK	8	/* PTE_PREFETCH_NUM of KVM */
#define TRACE_BLOCKS_MAX	(TRACE_PAGES_PER_REGION / TRACE_PAGES_PER_BLOCK)
#define TRACE_ITEMS_MAX		2048
#define TRACE_REGIONS_MAX	2048	/* of one address space */
#define TRACE_CR3S_MAX		64

struct trace_step {
	uint16_t cr3;		/* address space */
	uint16_t region;	/* 2 MiB region in it */
	uint16_t page;		/* 4 KiB page of the region, 0..511 */
};

struct trace;

/* The sizes of sets stand for 256 items and grow with the number of items. */
struct trace_spec {
	const char *name;
	const char *about;	/* one line for a listing */
	uint16_t cr3s;		/* default number of address spaces */
	uint16_t items;		/* default number of items */
	uint32_t steps;		/* default length */
	uint16_t hot;		/* items of a hot set, inner loop or slice */
	uint16_t hot_permille;	/* visits that go to the hot set */
	uint32_t phase_visits;	/* visits before a phase ends */
	uint16_t light_blocks;	/* of a visit, 0 stands for 1 */
	uint16_t heavy_blocks;	/* the same for hot items, 0: as the others */
	uint16_t pick_blocks;	/* a visit touches one of so many, 0: see above */
	uint16_t (*next_item)(struct trace *trace);
};

/* What a user may change; 0 stands for the default of the spec. */
struct trace_size {
	uint32_t cr3s, items;
	uint64_t steps;
};

/* A playback. The caller owns the memory (about 10 KiB) and copies at will. */
struct trace {
	const struct trace_spec *spec;		/* NULL: recorded */
	const struct trace_step *recorded;	/* borrowed, or NULL */
	uint64_t steps, played;
	uint64_t random;		/* state of the generator */
	uint64_t visits;
	uint32_t cr3s, items;
	uint32_t cursor;		/* of a scan or loop */
	uint32_t base;			/* where a moving set begins */
	uint16_t item, block, blocks;	/* the visit under way */
	uint32_t zipf[TRACE_ITEMS_MAX];	/* cumulated, 2^32 is 1 */
};

/** trace_at - the i-th named trace, or NULL behind the last. */
const struct trace_spec *trace_at(size_t i);

/** trace_find - the trace of this name, or NULL. */
const struct trace_spec *trace_find(const char *name);

/**
 * trace_open - begin a named trace.
 * @size may be NULL. Returns 0, or -EINVAL when a size exceeds the limits above
 * or there are fewer items than address spaces.
 */
int trace_open(const struct trace_spec *spec, uint64_t seed,
	       const struct trace_size *size, struct trace *ret_trace);

/**
 * trace_open_recorded - begin a trace of given steps.
 * @recorded stays the caller's and outlives the trace. It is played once.
 */
void trace_open_recorded(const struct trace_step *recorded, uint64_t steps,
			 struct trace *ret_trace);

/** trace_next - the next step; false at the end, *ret_step untouched then. */
bool trace_next(struct trace *trace, struct trace_step *ret_step);

/** trace_blocks - the blocks that a visit to @item touches, 1..64. */
uint16_t trace_blocks(const struct trace *trace, uint16_t item);

/** trace_regions - regions that an address space needs: highest used + 1. */
uint32_t trace_regions(const struct trace *trace);

/** trace_cr3s - address spaces in use. */
uint32_t trace_cr3s(const struct trace *trace);

#endif
