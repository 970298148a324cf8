// SPDX-License-Identifier: GPL-2.0
/*
 * SIEVE with bimodal insertion (BIP: Qureshi et al., ISCA 2007): of 32 new page
 * tables 31 are put where the hand comes next, so that a loop over more than
 * fits keeps part of itself.
 */
#include "policy.h"

enum { BIP_PERIOD = 32 };

struct bip {
	struct list queue, *hand, *settled;
	uint32_t created;
};

static int bip_open(struct pool *pool)
{
	struct bip *bip = pool->policy_data;

	list_init(&bip->queue);
	bip->hand = &bip->queue;
	bip->settled = &pool->active;
	return 0;
}

static void bip_created(struct pool *pool, struct page *page)
{
	struct bip *bip = pool->policy_data;

	if (page->level != LEVEL_PT || bip->created++ % BIP_PERIOD == 0) {
		list_add(&page->queue, &bip->queue);
	} else {
		list_add(&page->queue, bip->hand);
		bip->hand = &page->queue;
	}
}

static void bip_removed(struct pool *pool, struct page *page,
			 bool evicted)
{
	struct bip *bip = pool->policy_data;

	if (bip->hand == &page->queue)
		bip->hand = page->queue.prev;
	if (bip->settled == &page->link)
		bip->settled = page->link.next;
	list_del(&page->queue);
	(void)evicted;
}

static struct page *bip_victim(struct pool *pool)
{
	struct bip *bip = pool->policy_data;
	struct page *page;

	for (uint32_t i = 0; i < 2 * pool->used; i++) {
		if (bip->hand == &bip->queue)
			bip->hand = bip->queue.prev;
		page = queue_page(bip->hand);
		bip->hand = page->queue.prev;
		if (!page->root_count && !page_young(pool, page))
			return page;
	}
	return policy_oldest(pool);
}

static void bip_done(struct pool *pool)
{
	struct bip *bip = pool->policy_data;

	policy_settle(pool, &bip->settled, false);
}

const struct policy policy_bip = {
	.name = "bip",
	.about = "SIEVE with bimodal insertion",
	.data_size = sizeof(struct bip),
	.open = bip_open,
	.want = policy_want_small,
	.created = bip_created,
	.removed = bip_removed,
	.victim = bip_victim,
	.done = bip_done,
};
