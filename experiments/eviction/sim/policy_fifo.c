// SPDX-License-Identifier: GPL-2.0
/* What Linux 6.12 does, and the second-chance clock of the source paper. */
#include "policy.h"

/* KVM_REFILL_PAGES - avail, as make_mmu_pages_available() has it. */
static uint32_t fifo_want(const struct pool *pool, uint32_t available)
{
	(void)pool;
	return POOL_REFILL - available;
}

const struct policy policy_fifo = {
	.name = "fifo",
	.about = "the oldest page (Linux 6.12)",
	.want = fifo_want,
	.victim = policy_oldest,
};

struct clock {
	struct list *hand;	/* next to look at; the head: begin at the tail */
};

static struct clock the_clock;

static int clock_open(struct pool *pool)
{
	the_clock.hand = &pool->active;
	pool->policy_data = &the_clock;
	return 0;
}

static void clock_removed(struct pool *pool, struct page *page)
{
	struct clock *clock = pool->policy_data;

	if (clock->hand == &page->link)
		clock->hand = page->link.prev;
}

/* Two laps see every page at least once with its bits cleared. */
static struct page *clock_victim(struct pool *pool)
{
	struct clock *clock = pool->policy_data;
	struct page *page;

	for (uint32_t i = 0; i < 2 * pool->used + 2; i++) {
		if (clock->hand == &pool->active) {
			clock->hand = pool->active.prev;
			continue;
		}
		page = list_page(clock->hand);
		clock->hand = page->link.prev;
		if (!page->root_count && !page_young(pool, page))
			return page;
	}
	pool->stats.fallbacks++;
	return policy_oldest(pool);
}

const struct policy policy_clock = {
	.name = "clock",
	.about = "second chance, tags and Accessed bits, batch 25 (the paper)",
	.open = clock_open,
	.want = fifo_want,
	.removed = clock_removed,
	.victim = clock_victim,
};
