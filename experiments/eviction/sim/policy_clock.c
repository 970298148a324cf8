// SPDX-License-Identifier: GPL-2.0
/*
 * Hands that go round the active list, old to new, and take the first page that
 * was not used since they last came by: the second-chance clock of the source
 * paper, and SIEVE (Zhang et al., NSDI 2024), which differs in that a new page
 * counts as unused until it is used again, and in its batch.
 */
#include "policy.h"

struct clock {
	struct list *hand, *settled;
};

static int clock_open(struct pool *pool)
{
	struct clock *clock = pool->policy_data;

	clock->hand = clock->settled = &pool->active;
	return 0;
}

static void clock_removed(struct pool *pool, struct page *page,
			   bool evicted)
{
	struct clock *clock = pool->policy_data;

	(void)evicted;
	policy_hand_leave(&clock->hand, page);
	if (clock->settled == &page->link)
		clock->settled = page->link.next;
}

/* The second lap sees every page with its bits cleared by the first. */
static struct page *clock_victim(struct pool *pool)
{
	struct clock *clock = pool->policy_data;

	for (uint32_t i = 0; i < 2 * pool->used; i++) {
		struct page *page = policy_hand_next(pool, &clock->hand);

		if (!page->root_count && !page_young(pool, page))
			return page;
	}
	return policy_oldest(pool);
}

static void sieve_done(struct pool *pool)
{
	struct clock *clock = pool->policy_data;

	policy_settle(pool, &clock->settled, false);
}

const struct policy policy_clock = {
	.name = "clock",
	.about = "second chance, 25 at once (the source paper)",
	.data_size = sizeof(struct clock),
	.open = clock_open,
	.want = policy_want_refill,
	.removed = clock_removed,
	.victim = clock_victim,
};

const struct policy policy_sieve = {
	.name = "sieve",
	.about = "SIEVE",
	.data_size = sizeof(struct clock),
	.open = clock_open,
	.want = policy_want_small,
	.removed = clock_removed,
	.victim = clock_victim,
	.done = sieve_done,
};
