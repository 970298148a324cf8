// SPDX-License-Identifier: GPL-2.0
/*
 * S3-FIFO (Yang et al., SOSP 2023): a small queue that most pages leave unused,
 * a main queue with two bits of reuse, and ghosts of what left the small one.
 */
#include "policy.h"

enum { SMALL, MAIN, SMALL_SHARE = 10, CREDIT_MAX = 3, LAPS = CREDIT_MAX + 1 };

struct s3fifo {
	struct list queues[2], *settled;
	uint32_t n[2];
};

static int s3fifo_open(struct pool *pool)
{
	struct s3fifo *s3 = pool->policy_data;

	list_init(&s3->queues[SMALL]);
	list_init(&s3->queues[MAIN]);
	s3->settled = &pool->active;
	return 0;
}

static void push(struct s3fifo *s3, struct page *page, int queue)
{
	page->state = queue;
	list_add(&page->queue, &s3->queues[queue]);
	s3->n[queue]++;
}

static void pull(struct s3fifo *s3, struct page *page)
{
	list_del(&page->queue);
	s3->n[page->state]--;
}

/* Remembered for as many evictions as the main queue has pages. */
static void s3fifo_created(struct pool *pool, struct page *page)
{
	struct s3fifo *s3 = pool->policy_data;
	bool ghost = page->ghost_at &&
		pool->stats.evicted + 1 - page->ghost_at < pool->limit;

	page->credit = 0;
	push(s3, page, ghost ? MAIN : SMALL);
}

static void s3fifo_removed(struct pool *pool, struct page *page,
			    bool evicted)
{
	struct s3fifo *s3 = pool->policy_data;

	if (s3->settled == &page->link)
		s3->settled = page->link.next;
	pull(s3, page);
	page->ghost_at = evicted && page->state == SMALL ?
		pool->stats.evicted + 1 : 0;
}

/* Whether a page of either queue has earned a turn in the main one. */
static bool stays(struct pool *pool, struct page *page)
{
	if (page->root_count)
		return true;
	if (page_young(pool, page)) {
		if (page->state == MAIN && page->credit < CREDIT_MAX)
			page->credit++;
		return true;
	}
	if (page->state == SMALL || !page->credit)
		return false;
	page->credit--;
	return true;
}

static struct page *s3fifo_victim(struct pool *pool)
{
	struct s3fifo *s3 = pool->policy_data;
	struct page *page;

	for (uint32_t i = 0; i < LAPS * pool->used; i++) {
		int queue = s3->n[SMALL] > pool->used / SMALL_SHARE ||
			!s3->n[MAIN] ? SMALL : MAIN;

		page = queue_page(s3->queues[queue].prev);
		if (!stays(pool, page))
			return page;
		pull(s3, page);
		push(s3, page, MAIN);
	}
	return policy_oldest(pool);
}

static void s3fifo_done(struct pool *pool)
{
	struct s3fifo *s3 = pool->policy_data;

	policy_settle(pool, &s3->settled, false);
}

const struct policy policy_s3fifo = {
	.name = "s3fifo",
	.about = "S3-FIFO",
	.data_size = sizeof(struct s3fifo),
	.open = s3fifo_open,
	.want = policy_want_small,
	.created = s3fifo_created,
	.removed = s3fifo_removed,
	.victim = s3fifo_victim,
	.done = s3fifo_done,
};
