// SPDX-License-Identifier: GPL-2.0
/*
 * "reuse": evict the page that is used least often for what it costs to bring
 * back. POLICY.md is the specification, this is its model.
 *
 * Time is counted in evictions. Of each page is known when it was last seen in
 * use and the average interval between uses, which outlives the page in the
 * ghost table. The list of active pages stays in creation order and is cut in
 * two: the newest pages are the window, the others the main part, over which a
 * hand moves from old to new, in place. A victim is the cheapest of the page
 * that leaves the window and a few at the hand, whatever their Accessed bits
 * say: there always is one, and it takes a bounded number of looks to find.
 *
 * Invariants: window is the oldest page of the window, or the list head when
 * nr_window is 0; every page of the window is newer than every other page; the
 * hand that meets the window or the list head begins at the tail again; whatever
 * points at a page is moved before the page goes.
 */
#include "ghost.h"
#include "policy.h"
#include "policy_reuse.h"

enum {
	INTERVAL_MAX = 1 << 24,	/* keeps the products below 64 bits */
	STEPS_PER_SAMPLE = 4,	/* list steps for a page that is not pinned */
	PASSES = 8,		/* pages that may leave the window unjudged */
};

struct reuse_tuning reuse_tuning = {
	.window = 8,
	.sample = 16,
	.upper = 2,
	.edge_percent = 133,
	.doubt = 4,
	.memory = 16,
	.horizon = 8,
};

struct reuse {
	struct list *hand, *window;
	struct list *settled;	/* newest page whose creation is forgotten */
	uint32_t nr_window;
	struct ghost_table ghosts;
};

static uint32_t now(const struct pool *pool)
{
	return pool->stats.evicted;
}

static uint32_t horizon(const struct pool *pool)
{
	uint32_t most = INTERVAL_MAX / reuse_tuning.horizon;

	return (pool->limit < most ? pool->limit : most) * reuse_tuning.horizon;
}

static int reuse_open(struct pool *pool)
{
	struct reuse *reuse = pool->policy_data;

	reuse->hand = reuse->window = reuse->settled = &pool->active;
	return ghost_open(horizon(pool), &reuse->ghosts);
}

static void reuse_close(struct pool *pool)
{
	struct reuse *reuse = pool->policy_data;

	ghost_close(&reuse->ghosts);
}

/* The mean of the first intervals, then a moving average. */
static void learn(struct page *page, uint32_t interval)
{
	if (interval < 1)
		interval = 1;
	if (interval > INTERVAL_MAX)
		interval = INTERVAL_MAX;
	if (page->intervals < reuse_tuning.memory)
		page->intervals++;
	page->interval = (page->interval * (page->intervals - 1) + interval +
			  page->intervals / 2) / page->intervals;
}

static void look(struct pool *pool, struct page *page)
{
	if (!page_young(pool, page))
		return;
	learn(page, now(pool) - page->used_at);
	page->used_at = now(pool);
}

static void window_pass(struct reuse *reuse)
{
	list_page(reuse->window)->in_window = false;
	reuse->window = reuse->window->prev;
	reuse->nr_window--;
}

static void reuse_created(struct pool *pool, struct page *page)
{
	struct reuse *reuse = pool->policy_data;
	struct ghost ghost;

	page->interval = page->intervals = 0;
	page->used_at = now(pool);
	if (ghost_take(&reuse->ghosts, page - pool->pages + 1, &ghost) &&
	    now(pool) - ghost.evicted_at <= horizon(pool)) {
		page->interval = ghost.interval;
		page->intervals = ghost.intervals;
		learn(page, now(pool) - ghost.used_at);
	}
	page->in_window = true;
	if (!reuse->nr_window++)
		reuse->window = &page->link;
}

static void reuse_removed(struct pool *pool, struct page *page,
			   bool evicted)
{
	struct reuse *reuse = pool->policy_data;
	struct ghost ghost = {
		.key = page - pool->pages + 1,
		.evicted_at = now(pool),
		.used_at = page->used_at,
		.interval = page->interval,
		.intervals = page->intervals,
	};

	policy_hand_leave(&reuse->hand, page);
	if (reuse->settled == &page->link)
		reuse->settled = page->link.next;
	if (page->in_window) {
		if (reuse->window == &page->link)
			reuse->window = page->link.prev;
		page->in_window = false;
		reuse->nr_window--;
	}
	if (evicted)
		ghost_put(&reuse->ghosts, &ghost);
}

/* Evictions until it will be used again, as far as can be known. */
static uint64_t distance(const struct pool *pool, const struct page *page)
{
	uint64_t idle = now(pool) - page->used_at;
	uint64_t interval = page->interval ? page->interval : horizon(pool);
	uint64_t most = interval * reuse_tuning.doubt;

	if (idle <= interval)
		return interval;
	/* Overdue: the more times over, the less likely that it comes. */
	return idle * (idle < most ? idle : most) / interval;
}

/* What a page offers to stay: cost per distance. The lowest bid goes. */
struct bid {
	struct page *page;
	uint64_t cost, distance;
};

/* What an upper page links is orphaned with it, looks unused, and goes next. */
static uint32_t cost(const struct pool *pool, const struct page *page)
{
	uint32_t faults = page_cost(pool, page);

	return page_children(pool, page) ?
		faults + reuse_tuning.upper : faults;
}

static struct bid bid_of(const struct pool *pool, struct page *page)
{
	return (struct bid){ page, cost(pool, page), distance(pool, page) };
}

static bool is_lower(const struct bid *a, const struct bid *b)
{
	return !b->page || a->cost * b->distance < b->cost * a->distance;
}

/* The page that leaves the window, if it is time for one to leave. */
static struct bid window_bid(struct pool *pool, struct reuse *reuse)
{
	uint32_t most = reuse_tuning.window + POOL_MIN_FREE +
		policy_want_small(pool, POOL_MIN_FREE);
	struct bid bid = { 0 };
	struct page *page;

	/* After growth without evictions the window is everything. */
	for (int i = 0; i < PASSES && reuse->nr_window > most; i++)
		window_pass(reuse);
	if (reuse->nr_window <= reuse_tuning.window)
		return bid;
	page = list_page(reuse->window);
	window_pass(reuse);
	if (page->root_count)
		return bid;
	look(pool, page);
	bid = bid_of(pool, page);
	bid.cost *= 100;
	bid.distance *= reuse_tuning.edge_percent;
	return bid;
}

/* The next page of the main part, old to new and round again, or NULL. */
static struct page *main_next(struct pool *pool, struct reuse *reuse)
{
	struct page *page;

	if (reuse->hand != &pool->active && list_page(reuse->hand)->in_window)
		reuse->hand = &pool->active;
	page = policy_hand_next(pool, &reuse->hand);
	return page && !page->in_window ? page : NULL;
}

static struct page *reuse_victim(struct pool *pool)
{
	struct reuse *reuse = pool->policy_data;
	struct bid best = window_bid(pool, reuse), bid;
	struct page *page, *newcomer = best.page;
	uint32_t steps = STEPS_PER_SAMPLE * reuse_tuning.sample, seen = 0;

	while (steps-- && seen < reuse_tuning.sample) {
		page = main_next(pool, reuse);
		if (!page)
			break;
		if (page->root_count || page == newcomer)
			continue;
		/* The first keeps intervals measured; others may not matter. */
		bid = bid_of(pool, page);
		if (seen++ && !is_lower(&bid, &best))
			continue;
		look(pool, page);
		bid = bid_of(pool, page);
		if (is_lower(&bid, &best))
			best = bid;
	}
	return best.page ? best.page : policy_oldest(pool);
}

/* The newest page may still be filled: its turn is next time. */
static void reuse_done(struct pool *pool)
{
	struct reuse *reuse = pool->policy_data;

	policy_settle(pool, &reuse->settled, true);
}

const struct policy policy_reuse = {
	.name = "reuse",
	.about = "ours: cost to bring back by measured interval between uses",
	.data_size = sizeof(struct reuse),
	.open = reuse_open,
	.close = reuse_close,
	.want = policy_want_small,
	.created = reuse_created,
	.removed = reuse_removed,
	.victim = reuse_victim,
	.done = reuse_done,
};
