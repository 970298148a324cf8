// SPDX-License-Identifier: GPL-2.0
/*
 * The named access traces.
 *
 * Each trace is a rule for the next item (struct trace_spec::next_item); what
 * is common to all, expanding a visit into the pages of its blocks and dealing
 * items to address spaces, is done once in trace_next(). The rules caricature
 * what guests do, chosen because eviction policies differ on them: skewed
 * popularity, sweeps over more than fits, hot sets that sweeps wash out, that
 * move, or whose members cost unequally much to rebuild, and changes between
 * these. Arithmetic is on integers, or on doubles with + * / only, which IEEE
 * 754 defines to the last bit.
 */
#include <errno.h>
#include <string.h>

#include "trace.h"

#define SPEC_ITEMS 256	/* the sets of a spec are given for that many */

/* splitmix64 (Steele, Lea, Flood 2014): any seed is good, 0 included. */
static uint64_t mix(uint64_t x)
{
	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
	x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
	return x ^ (x >> 31);
}

static uint32_t draw(struct trace *trace)
{
	trace->random += 0x9e3779b97f4a7c15;
	return mix(trace->random) >> 32;
}

static uint32_t draw_below(struct trace *trace, uint32_t bound)
{
	return ((uint64_t)draw(trace) * bound) >> 32;
}

static bool draw_permille(struct trace *trace, uint32_t permille)
{
	return draw_below(trace, 1000) < permille;
}

/* A set of the spec at the size of this trace, at least one item. */
static uint32_t scaled(const struct trace *trace, uint32_t items)
{
	uint32_t n = items * trace->items / SPEC_ITEMS;

	return n ? n : 1;
}

static bool phase_ends(const struct trace *trace)
{
	return trace->visits && trace->visits % trace->spec->phase_visits == 0;
}

/* Tenth root by Newton's method; from above it falls until it has arrived. */
static double tenth_root(double x)
{
	double root = x;

	for (;;) {
		double r3 = root * root * root;
		double next = (9 * root + x / (r3 * r3 * r3)) / 10;

		if (next >= root)
			return root;
		root = next;
	}
}

/* Popularity of rank r is r^-0.9 = r^0.1 / r. */
static void fill_zipf(struct trace *trace)
{
	double sum = 0, total = 0;

	for (uint32_t r = 1; r <= trace->items; r++)
		total += tenth_root(r) / r;
	for (uint32_t r = 1; r <= trace->items; r++) {
		sum += tenth_root(r) / r;
		trace->zipf[r - 1] = sum / total * UINT32_MAX;
	}
	trace->zipf[trace->items - 1] = UINT32_MAX;
}

static uint16_t zipf_item(struct trace *trace)
{
	uint32_t low = 0, high = trace->items - 1, point = draw(trace);

	while (low < high) {
		uint32_t mid = (low + high) / 2;

		if (trace->zipf[mid] < point)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

static uint16_t loop_item(struct trace *trace)
{
	return trace->cursor++ % trace->items;
}

/* A hot set at the front, and between its visits a sweep over the rest. */
static uint16_t hotscan_item(struct trace *trace)
{
	uint32_t hot = scaled(trace, trace->spec->hot);

	if (hot >= trace->items ||
	    draw_permille(trace, trace->spec->hot_permille))
		return draw_below(trace, hot);
	return hot + trace->cursor++ % (trace->items - hot);
}

/* Dense hot regions that are dear to rebuild; sparse ones sweep past. */
static uint16_t mixedcost_item(struct trace *trace)
{
	uint32_t hot = scaled(trace, trace->spec->hot);

	if (hot >= trace->items ||
	    draw_permille(trace, trace->spec->hot_permille))
		return draw_below(trace, hot);
	return hot + zipf_item(trace) * (trace->items - hot) / trace->items;
}

/* The hot set jumps to a place of its own in each phase; the rest is noise. */
static uint16_t movinghot_item(struct trace *trace)
{
	uint32_t hot = scaled(trace, trace->spec->hot);

	if (phase_ends(trace))
		trace->base = draw_below(trace, trace->items);
	if (draw_permille(trace, trace->spec->hot_permille))
		return (trace->base + draw_below(trace, hot)) % trace->items;
	return draw_below(trace, trace->items);
}

/* Skewed popularity and loops in turn: no one policy suits both. */
static uint16_t twophase_item(struct trace *trace)
{
	if (trace->visits / trace->spec->phase_visits % 2)
		return trace->cursor++ % scaled(trace, trace->spec->hot);
	return zipf_item(trace);
}

/* A short loop that fits, interleaved with a long one that does not. */
static uint16_t twoloops_item(struct trace *trace)
{
	uint32_t hot = scaled(trace, trace->spec->hot);

	if (hot >= trace->items ||
	    draw_permille(trace, trace->spec->hot_permille))
		return trace->base++ % hot;
	return hot + trace->cursor++ % (trace->items - hot);
}

/*
 * Address spaces take turns. In its slice each runs over its own items with
 * skewed popularity: zipf over all items, folded onto those of the space.
 */
static uint16_t slices_item(struct trace *trace)
{
	uint32_t own = trace->items / trace->cr3s;

	if (phase_ends(trace))
		trace->base = draw_below(trace, trace->cr3s);
	return zipf_item(trace) * own / trace->items * trace->cr3s +
	       trace->base;
}

static const struct trace_spec specs[] = {
	{
		.name = "zipf",
		.about = "skewed popularity, exponent 0.9, one block of 8 at random",
		.cr3s = 1, .items = 256, .steps = 40000,
		.pick_blocks = 8,
		.next_item = zipf_item,
	}, {
		.name = "zipf8",
		.about = "the same over eight address spaces, mixed at random",
		.cr3s = 8, .items = 256, .steps = 40000,
		.pick_blocks = 8,
		.next_item = zipf_item,
	}, {
		.name = "scan",
		.about = "sweeps that touch 8 blocks of each region in turn",
		.cr3s = 1, .items = 256, .steps = 25000,
		.light_blocks = 8,
		.next_item = loop_item,
	}, {
		.name = "loop",
		.about = "one touch of each region in turn",
		.cr3s = 1, .items = 256, .steps = 25000,
		.next_item = loop_item,
	}, {
		.name = "hotscan",
		.about = "64 hot regions, one visit in ten sweeps the others",
		.cr3s = 1, .items = 256, .steps = 20000,
		.hot = 64, .hot_permille = 900,
		.next_item = hotscan_item,
	}, {
		.name = "movinghot",
		.about = "64 hot regions that move, one visit in ten anywhere",
		.cr3s = 1, .items = 256, .steps = 24000,
		.hot = 64, .hot_permille = 900, .phase_visits = 4000,
		.next_item = movinghot_item,
	}, {
		.name = "mixedcost",
		.about = "16 hot regions of 8 blocks among sparse skewed ones",
		.cr3s = 1, .items = 256, .steps = 60000,
		.hot = 16, .hot_permille = 300, .heavy_blocks = 8,
		.next_item = mixedcost_item,
	}, {
		.name = "twophase",
		.about = "skewed popularity and loops by turns",
		.cr3s = 1, .items = 256, .steps = 40000,
		.hot = 128, .phase_visits = 5000,
		.next_item = twophase_item,
	}, {
		.name = "twoloops",
		.about = "a loop of 48 regions and, one visit in four, of the rest",
		.cr3s = 1, .items = 256, .steps = 30000,
		.hot = 48, .hot_permille = 750,
		.next_item = twoloops_item,
	}, {
		.name = "slices",
		.about = "eight address spaces with time slices of 100 visits",
		.cr3s = 8, .items = 256, .steps = 40000,
		.phase_visits = 100,
		.next_item = slices_item,
	},
};

const struct trace_spec *trace_at(size_t i)
{
	return i < sizeof(specs) / sizeof(specs[0]) ? &specs[i] : NULL;
}

const struct trace_spec *trace_find(const char *name)
{
	const struct trace_spec *spec;

	for (size_t i = 0; (spec = trace_at(i)); i++)
		if (!strcmp(spec->name, name))
			return spec;
	return NULL;
}

static uint64_t chosen(uint64_t wanted, uint64_t otherwise)
{
	return wanted ? wanted : otherwise;
}

int trace_open(const struct trace_spec *spec, uint64_t seed,
	       const struct trace_size *size, struct trace *ret_trace)
{
	const struct trace_size none = { 0 };
	uint32_t cr3s, items;

	size = size ? size : &none;
	cr3s = chosen(size->cr3s, spec->cr3s);
	items = chosen(size->items, spec->items);
	if (cr3s > TRACE_CR3S_MAX || items > TRACE_ITEMS_MAX || items < cr3s)
		return -EINVAL;
	memset(ret_trace, 0, sizeof(*ret_trace));
	ret_trace->spec = spec;
	ret_trace->random = mix(seed);
	ret_trace->steps = chosen(size->steps, spec->steps);
	ret_trace->cr3s = cr3s;
	ret_trace->items = items;
	fill_zipf(ret_trace);
	return 0;
}

void trace_open_recorded(const struct trace_step *recorded, uint64_t steps,
			 struct trace *ret_trace)
{
	memset(ret_trace, 0, sizeof(*ret_trace));
	ret_trace->recorded = recorded;
	ret_trace->steps = steps;
	for (uint64_t i = 0; i < steps; i++) {
		if (recorded[i].cr3 >= ret_trace->cr3s)
			ret_trace->cr3s = recorded[i].cr3 + 1;
		if (recorded[i].region >= ret_trace->items)
			ret_trace->items = recorded[i].region + 1;
	}
}

uint16_t trace_blocks(const struct trace *trace, uint16_t item)
{
	const struct trace_spec *spec = trace->spec;

	if (!spec)
		return 1;
	return chosen(spec->heavy_blocks && item < scaled(trace, spec->hot) ?
		      spec->heavy_blocks : spec->light_blocks, 1);
}

bool trace_next(struct trace *trace, struct trace_step *ret_step)
{
	if (trace->played == trace->steps)
		return false;
	if (trace->recorded) {
		*ret_step = trace->recorded[trace->played++];
		return true;
	}
	if (trace->block == trace->blocks) {
		trace->item = trace->spec->next_item(trace);
		trace->blocks = trace_blocks(trace, trace->item);
		trace->block = 0;
		if (trace->spec->pick_blocks) {
			trace->block = draw_below(trace,
						  trace->spec->pick_blocks);
			trace->blocks += trace->block;
		}
		trace->visits++;
	}
	ret_step->cr3 = trace->item % trace->cr3s;
	ret_step->region = trace->item / trace->cr3s;
	ret_step->page = trace->block++ * TRACE_PAGES_PER_BLOCK;
	trace->played++;
	return true;
}

uint32_t trace_regions(const struct trace *trace)
{
	if (trace->recorded)
		return trace->items;
	return (trace->items + trace->cr3s - 1) / trace->cr3s;
}

uint32_t trace_cr3s(const struct trace *trace)
{
	return trace->cr3s;
}
