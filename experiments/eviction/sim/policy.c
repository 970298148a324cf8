// SPDX-License-Identifier: GPL-2.0
/* The table of policies and what they share. */
#include <string.h>

#include "policy.h"

enum { BATCH_SHARE = 64, BATCH_MAX = 20, SETTLE_MAX = 2 * POOL_REFILL };

static const struct policy *const policies[] = {
	&policy_fifo, &policy_clock, &policy_lru25, &policy_lru,
	&policy_sieve, &policy_s3fifo, &policy_bip, &policy_reuse,
	&policy_belady, &policy_opt,
};

const struct policy *policy_at(size_t i)
{
	return i < sizeof(policies) / sizeof(policies[0]) ? policies[i] : NULL;
}

const struct policy *policy_find(const char *name)
{
	for (size_t i = 0; policy_at(i); i++)
		if (!strcmp(policy_at(i)->name, name))
			return policy_at(i);
	return NULL;
}

uint32_t policy_want_refill(const struct pool *pool, uint32_t available)
{
	(void)pool;
	return POOL_REFILL - available;
}

uint32_t policy_want_small(const struct pool *pool, uint32_t available)
{
	uint32_t batch = pool->limit / BATCH_SHARE;

	batch = batch < 1 ? 1 : batch > BATCH_MAX ? BATCH_MAX : batch;
	return POOL_MIN_FREE + batch - 1 - available;
}

struct page *policy_oldest(struct pool *pool)
{
	struct list *at;

	for (at = pool->active.prev; at != &pool->active; at = at->prev)
		if (!list_page(at)->root_count)
			return list_page(at);
	return NULL;
}

void policy_settle(struct pool *pool, struct list **settled, bool spare_newest)
{
	struct list *first = pool->active.next, *at;
	int n = 0;

	if (spare_newest && first != &pool->active)
		first = first->next;
	for (at = first; at != &pool->active && at != *settled && n < SETTLE_MAX;
	     at = at->next, n++)
		page_forget(pool, list_page(at));
	*settled = first;
}

struct page *policy_hand_next(struct pool *pool, struct list **hand)
{
	struct page *page;

	if (*hand == &pool->active)
		*hand = pool->active.prev;
	if (*hand == &pool->active)
		return NULL;
	page = list_page(*hand);
	*hand = page->link.prev;
	return page;
}

void policy_hand_leave(struct list **hand, struct page *page)
{
	if (*hand == &page->link)
		*hand = page->link.prev;
}
