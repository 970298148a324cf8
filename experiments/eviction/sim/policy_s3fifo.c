// SPDX-License-Identifier: GPL-2.0
/* S3-FIFO */
#include "policy.h"

enum { S_SMALL = 0, S_MAIN = 1 };
static struct {
	struct list small, main;
	uint32_t n[2];
} s3;

static int s3_open(struct pool *pool)
{
	(void)pool;
	list_init(&s3.small);
	list_init(&s3.main);
	s3.n[0] = s3.n[1] = 0;
	return 0;
}

static void s3_created(struct pool *pool, struct page *page)
{
	bool ghost = page->ghost_at &&
		pool->stats.evicted + 1 - page->ghost_at < pool->limit;

	page->state = ghost ? S_MAIN : S_SMALL;
	list_add(&page->queue, ghost ? &s3.main : &s3.small);
	s3.n[page->state]++;
	page->credit = 0;
}

static void s3_removed(struct pool *pool, struct page *page)
{
	list_del(&page->queue);
	s3.n[page->state]--;
	if (page->state == S_SMALL)
		page->ghost_at = pool->stats.evicted + 1;
	else
		page->ghost_at = 0;
}

static void s3_main(struct page *page)
{
	list_del(&page->queue);
	s3.n[page->state]--;
	page->state = S_MAIN;
	list_add(&page->queue, &s3.main);
	s3.n[S_MAIN]++;
}

static struct page *s3_victim(struct pool *pool)
{
	struct page *page;

	for (uint32_t i = 0; i < 4 * pool->used + 2; i++) {
		bool small = s3.n[0] > pool->used / 10 || !s3.n[1];

		page = queue_page(small ? s3.small.prev : s3.main.prev);
		if (page->root_count) {
			s3_main(page);
			continue;
		}
		if (page_young(pool, page)) {
			if (!small && page->credit < 3)
				page->credit++;
			s3_main(page);
			continue;
		}
		if (!small && page->credit) {
			page->credit--;
			s3_main(page);
			continue;
		}
		return page;
	}
	pool->stats.fallbacks++;
	return policy_oldest(pool);
}

static struct list *s3_seen;
static void s3_done(struct pool *pool)
{
	(void)s3_seen;
	uint32_t n = 0;
	for (struct list *at = pool->active.next;
	     at != &pool->active && n < 4; at = at->next, n++)
		page_forget(pool, list_page(at));
}

const struct policy policy_s3fifo = {
	.name = "s3fifo",
	.about = "S3-FIFO",
	.open = s3_open,
	.want = policy_want_small,
	.created = s3_created,
	.removed = s3_removed,
	.victim = s3_victim,
	.done = s3_done,
};
