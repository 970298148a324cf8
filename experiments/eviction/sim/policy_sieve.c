// SPDX-License-Identifier: GPL-2.0
/* SIEVE */
#include "policy.h"

static struct {
	struct list *hand;
	struct list *newest_seen;
} sieve;

static int sieve_open(struct pool *pool)
{
	sieve.hand = sieve.newest_seen = &pool->active;
	return 0;
}

static void sieve_removed(struct pool *pool, struct page *page)
{
	(void)pool;
	if (sieve.hand == &page->link)
		sieve.hand = page->link.prev;
	if (sieve.newest_seen == &page->link)
		sieve.newest_seen = page->link.next;
}

static struct page *sieve_victim(struct pool *pool)
{
	struct page *page;

	for (uint32_t i = 0; i < 2 * pool->used + 2; i++) {
		if (sieve.hand == &pool->active) {
			sieve.hand = pool->active.prev;
			continue;
		}
		page = list_page(sieve.hand);
		sieve.hand = page->link.prev;
		if (!page->root_count && !page_young(pool, page))
			return page;
	}
	pool->stats.fallbacks++;
	return policy_oldest(pool);
}

static void sieve_done(struct pool *pool)
{
	for (struct list *at = pool->active.next;
	     at != sieve.newest_seen && at != &pool->active; at = at->next)
		page_forget(pool, list_page(at));
	sieve.newest_seen = pool->active.next;
}

const struct policy policy_sieve = {
	.name = "sieve",
	.about = "SIEVE",
	.open = sieve_open,
	.want = policy_want_small,
	.removed = sieve_removed,
	.victim = sieve_victim,
	.done = sieve_done,
};
