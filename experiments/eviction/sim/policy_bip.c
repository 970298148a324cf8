// SPDX-License-Identifier: GPL-2.0
/* SIEVE whose new pages are mostly next to go */
#include "policy.h"

static struct {
	struct list queue;
	struct list *hand;
	uint32_t n, fresh;
	struct page *recent[64];
} bip;

static int bip_open(struct pool *pool)
{
	(void)pool;
	list_init(&bip.queue);
	bip.hand = &bip.queue;
	bip.n = bip.fresh = 0;
	return 0;
}

static void bip_created(struct pool *pool, struct page *page)
{
	(void)pool;
	if (bip.n++ % 32 == 0 || page->level != LEVEL_PT)
		list_add(&page->queue, &bip.queue);
	else {
		list_add(&page->queue, bip.hand);
		bip.hand = &page->queue;
	}
	if (bip.fresh < 64)
		bip.recent[bip.fresh++] = page;
}

static void bip_removed(struct pool *pool, struct page *page)
{
	(void)pool;
	if (bip.hand == &page->queue)
		bip.hand = page->queue.prev;
	list_del(&page->queue);
}

static struct page *bip_victim(struct pool *pool)
{
	struct page *page;

	for (uint32_t i = 0; i < 2 * pool->used + 2; i++) {
		if (bip.hand == &bip.queue) {
			bip.hand = bip.queue.prev;
			continue;
		}
		page = queue_page(bip.hand);
		bip.hand = page->queue.prev;
		if (!page->root_count && !page_young(pool, page))
			return page;
	}
	pool->stats.fallbacks++;
	return policy_oldest(pool);
}

static void bip_done(struct pool *pool)
{
	while (bip.fresh)
		page_forget(pool, bip.recent[--bip.fresh]);
}

const struct policy policy_bip = {
	.name = "bip",
	.about = "SIEVE+BIP",
	.open = bip_open,
	.want = policy_want_small,
	.created = bip_created,
	.removed = bip_removed,
	.victim = bip_victim,
	.done = bip_done,
};
