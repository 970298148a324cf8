// SPDX-License-Identifier: GPL-2.0
/*
 * Oracles: they know the rest of the trace. Belady evicts the page whose next
 * use is farthest away. The cost-aware one ...
 */
#include <errno.h>
#include <stdlib.h>

#include "policy.h"

#define NEVER UINT64_MAX

/* next[i]: the step after i that uses the same PT; of PDs and roots: soon. */
static uint64_t *next_use;
static uint64_t *page_next;	/* by page id */

static int oracle_open(struct pool *pool)
{
	uint64_t *last = malloc(pool->nr_pages * sizeof(*last));

	next_use = malloc((pool->nr_steps + 1) * sizeof(*next_use));
	page_next = malloc(pool->nr_pages * sizeof(*page_next));
	if (!last || !next_use || !page_next) {
		free(last);
		return -ENOMEM;
	}
	for (uint32_t i = 0; i < pool->nr_pages; i++)
		last[i] = NEVER;
	for (uint64_t i = pool->nr_steps; i--;) {
		uint32_t id = pool_pt(pool, pool->steps[i].cr3,
				      pool->steps[i].region) - pool->pages;

		next_use[i] = last[id];
		last[id] = i;
	}
	for (uint32_t i = 0; i < pool->nr_pages; i++)
		page_next[i] = last[i];
	free(last);
	return 0;
}

static void oracle_close(struct pool *pool)
{
	(void)pool;
	free(next_use);
	free(page_next);
}

static void oracle_touched(struct pool *pool, struct page *page)
{
	uint32_t id = page - pool->pages;

	if (id && page->level == LEVEL_PT)
		page_next[id] = next_use[pool->now];
}

/* an upper page is as near as its nearest child */
static uint64_t next_of(struct pool *pool, struct page *page)
{
	uint64_t next = NEVER;

	if (page == pool->pages)
		return pool->now;
	if (page->level == LEVEL_PT)
		return page_next[page - pool->pages];
	for (uint32_t i = 0; i < page->nr_children; i++) {
		uint64_t n = next_of(pool, &page->first_child[i]);

		next = n < next ? n : next;
	}
	return next;
}

static struct page *belady_victim(struct pool *pool)
{
	struct page *best = NULL;
	uint64_t best_next = 0;

	for (struct list *at = pool->active.prev; at != &pool->active; at = at->prev) {
		struct page *page = list_page(at);
		uint64_t next;

		if (page->root_count)
			continue;
		next = next_of(pool, page);
		if (!best || next > best_next) {
			best = page;
			best_next = next;
		}
	}
	return best;
}

static struct page *cost_victim(struct pool *pool)
{
	struct page *best = NULL;
	double best_value = 0;

	for (struct list *at = pool->active.prev; at != &pool->active; at = at->prev) {
		struct page *page = list_page(at);
		uint64_t next;
		double value;

		if (page->root_count)
			continue;
		next = next_of(pool, page);
		value = page->level == LEVEL_PT ?
			__builtin_popcountll(page->blocks) : 8;
		value = next == NEVER ? 0 : value / (1.0 + next - pool->now);
		if (!best || value < best_value) {
			best = page;
			best_value = value;
		}
	}
	return best;
}

const struct policy policy_belady = {
	.name = "belady",
	.about = "Belady",
	.oracle = true,
	.open = oracle_open,
	.close = oracle_close,
	.want = policy_want_small,
	.touched = oracle_touched,
	.victim = belady_victim,
};

static uint32_t cost_want(const struct pool *pool, uint32_t available)
{
	(void)pool;
	return POOL_MIN_FREE - available;
}

const struct policy policy_cost = {
	.name = "cost",
	.about = "cost-aware OPT, b1",
	.oracle = true,
	.open = oracle_open,
	.close = oracle_close,
	.want = cost_want,
	.touched = oracle_touched,
	.victim = cost_victim,
};
