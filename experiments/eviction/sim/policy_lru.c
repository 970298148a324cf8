// SPDX-License-Identifier: GPL-2.0
/* Exact LRU: told of every touch, which no kernel is. */
#include "policy.h"

static struct list lru;

static int lru_open(struct pool *pool)
{
	(void)pool;
	list_init(&lru);
	return 0;
}

static void lru_created(struct pool *pool, struct page *page)
{
	(void)pool;
	list_add(&page->queue, &lru);
}

static void lru_removed(struct pool *pool, struct page *page)
{
	(void)pool;
	list_del(&page->queue);
}

static void lru_touched(struct pool *pool, struct page *page)
{
	(void)pool;
	list_del(&page->queue);
	list_add(&page->queue, &lru);
}

static struct page *lru_victim(struct pool *pool)
{
	(void)pool;
	for (struct list *at = lru.prev; at != &lru; at = at->prev)
		if (!queue_page(at)->root_count)
			return queue_page(at);
	return NULL;
}

static uint32_t lru25_want(const struct pool *pool, uint32_t available)
{
	(void)pool;
	return POOL_REFILL - available;
}

#define LRU(batch_name, batch_about, batch_want) {			\
	.name = batch_name, .about = batch_about, .oracle = true,	\
	.open = lru_open, .want = batch_want, .created = lru_created,	\
	.removed = lru_removed, .touched = lru_touched,			\
	.victim = lru_victim,						\
}

const struct policy policy_lru = LRU("lru", "exact LRU", policy_want_small);
const struct policy policy_lru25 =
	LRU("lru25", "exact LRU, 6.12's batch of 25", lru25_want);
