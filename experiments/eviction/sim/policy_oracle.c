// SPDX-License-Identifier: GPL-2.0
/*
 * Two that know the rest of the trace. Belady's (1966) evicts the page whose
 * next use is farthest away: the fewest pages are made again, though not the
 * fewest faults, for pages cost unequally many. The other divides what a page
 * costs by that distance, one page at a time; with unequal costs the true optimum
 * is not known to be computable for traces of this length, and this is the best
 * bound that we have.
 */
#include <errno.h>
#include <stdlib.h>

#include "policy.h"

#define NEVER UINT64_MAX

struct oracle {
	uint64_t *after;	/* by step: when its page table is used next */
	uint64_t *next;		/* by page table: the same, as of now */
};

static uint32_t id_of(const struct pool *pool, const struct page *page)
{
	return page - pool->pages;
}

static void oracle_close(struct pool *pool)
{
	struct oracle *oracle = pool->policy_data;

	free(oracle->after);
	free(oracle->next);
}

static int oracle_open(struct pool *pool)
{
	struct oracle *oracle = pool->policy_data;

	oracle->after = malloc((pool->nr_steps + 1) * sizeof(uint64_t));
	oracle->next = malloc(pool->nr_pages * sizeof(uint64_t));
	if (!oracle->after || !oracle->next) {
		oracle_close(pool);
		return -ENOMEM;
	}
	for (uint32_t i = 0; i < pool->nr_pages; i++)
		oracle->next[i] = NEVER;
	for (uint64_t i = pool->nr_steps; i--;) {
		uint32_t id = id_of(pool, pool_pt(pool, pool->steps[i].cr3,
						  pool->steps[i].region));

		oracle->after[i] = oracle->next[id];
		oracle->next[id] = i;
	}
	return 0;
}

static void oracle_touched(struct pool *pool, struct page *page)
{
	struct oracle *oracle = pool->policy_data;

	if (page->level == LEVEL_PT && !page_is_system(pool, page))
		oracle->next[id_of(pool, page)] = oracle->after[pool->now];
}

/* An upper page is needed as soon as the first of its children. */
static uint64_t next_use(const struct pool *pool, const struct page *page)
{
	const struct oracle *oracle = pool->policy_data;
	uint64_t first = NEVER;

	if (page_is_system(pool, page))
		return pool->now;
	if (page->level == LEVEL_PT)
		return oracle->next[id_of(pool, page)];
	for (uint32_t i = 0; i < page->nr_children; i++) {
		uint64_t next = next_use(pool, &page->first_child[i]);

		first = next < first ? next : first;
	}
	return first;
}

static double belady_value(const struct pool *pool, const struct page *page)
{
	uint64_t next = next_use(pool, page);

	return next == NEVER ? 0 : 1.0 / (1 + next - pool->now);
}

static double opt_value(const struct pool *pool, const struct page *page)
{
	return belady_value(pool, page) * page_cost(pool, page);
}

static struct page *least(struct pool *pool,
			  double (*value)(const struct pool *pool,
					  const struct page *page))
{
	struct page *best = NULL;
	double lowest = 0;

	for (struct list *at = pool->active.prev; at != &pool->active;
	     at = at->prev) {
		struct page *page = list_page(at);
		double v;

		if (page->root_count)
			continue;
		v = value(pool, page);
		if (!best || v < lowest) {
			best = page;
			lowest = v;
		}
	}
	return best;
}

static struct page *belady_victim(struct pool *pool)
{
	return least(pool, belady_value);
}

static struct page *opt_victim(struct pool *pool)
{
	return least(pool, opt_value);
}

#define ORACLE(oracle_name, oracle_about, oracle_victim) {		\
	.name = oracle_name, .about = oracle_about, .oracle = true,	\
	.data_size = sizeof(struct oracle), .open = oracle_open,	\
	.close = oracle_close, .want = policy_want_small,		\
	.touched = oracle_touched, .victim = oracle_victim,		\
}

const struct policy policy_belady =
	ORACLE("belady", "the page used latest (Belady)", belady_victim);
const struct policy policy_opt =
	ORACLE("opt", "the page that costs least by next use", opt_victim);
