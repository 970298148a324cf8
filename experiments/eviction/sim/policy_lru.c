// SPDX-License-Identifier: GPL-2.0
/*
 * Exact LRU: told of every touch, which no kernel is. Once with 6.12's batch,
 * as the source paper's code behaves, and once with a small one.
 */
#include "policy.h"

static int lru_open(struct pool *pool)
{
	list_init(pool->policy_data);
	return 0;
}

static void lru_created(struct pool *pool, struct page *page)
{
	list_add(&page->queue, pool->policy_data);
}

static void lru_removed(struct pool *pool, struct page *page,
			 bool evicted)
{
	(void)pool;
	(void)evicted;
	list_del(&page->queue);
}

static void lru_touched(struct pool *pool, struct page *page)
{
	list_del(&page->queue);
	list_add(&page->queue, pool->policy_data);
}

static struct page *lru_victim(struct pool *pool)
{
	struct list *lru = pool->policy_data;

	for (struct list *at = lru->prev; at != lru; at = at->prev)
		if (!queue_page(at)->root_count)
			return queue_page(at);
	return NULL;
}

#define LRU(lru_name, lru_about, lru_want) {				\
	.name = lru_name, .about = lru_about, .oracle = true,		\
	.data_size = sizeof(struct list), .open = lru_open,		\
	.want = lru_want, .created = lru_created,			\
	.removed = lru_removed, .touched = lru_touched,			\
	.victim = lru_victim,						\
}

const struct policy policy_lru =
	LRU("lru", "exact LRU", policy_want_small);
const struct policy policy_lru25 =
	LRU("lru25", "exact LRU, 25 at once", policy_want_refill);
