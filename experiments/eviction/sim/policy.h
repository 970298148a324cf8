/* SPDX-License-Identifier: GPL-2.0 */
#ifndef EVICT_POLICY_H
#define EVICT_POLICY_H

/*
 * Eviction policies. The shape is that of the kernel's kvm_shadow_evict_ops: a
 * policy hears of pages that come and go, and names the next victim. Oracles
 * alone are also told of touches, or know the trace.
 */

#include "pool.h"

struct policy {
	const char *name;
	const char *about;	/* one line for a listing */
	bool oracle;		/* knows what no kernel can */

	/* State of a pool, in policy_data; freed by pool_close(). May be NULL. */
	size_t data_size;
	/** open - 0 or -ENOMEM; close undoes it. Both may be NULL. */
	int (*open)(struct pool *pool);
	void (*close)(struct pool *pool);

	/** want - pages to zap when @available, fewer than the least, are free */
	uint32_t (*want)(const struct pool *pool, uint32_t available);
	/** created - @page is now the newest. May be NULL. */
	void (*created)(struct pool *pool, struct page *page);
	/** removed - @page will go, it is still on all lists. May be NULL.
	 * @evicted: for room, and not by the guest or a memslot change.
	 */
	void (*removed)(struct pool *pool, struct page *page, bool evicted);
	/** touched - of oracles: the CPU went through @page. May be NULL. */
	void (*touched)(struct pool *pool, struct page *page);
	/** victim - the next page to zap, not pinned; NULL if all are */
	struct page *(*victim)(struct pool *pool);
	/** done - room was made. May be NULL. */
	void (*done)(struct pool *pool);
};

/** policy_at - the i-th policy, or NULL behind the last. */
const struct policy *policy_at(size_t i);

/** policy_find - the policy of this name, or NULL. */
const struct policy *policy_find(const char *name);

/** policy_want_refill - 6.12: until 25 are free (KVM_REFILL_PAGES). */
uint32_t policy_want_refill(const struct pool *pool, uint32_t available);

/**
 * policy_want_small - one batch of clamp(limit / 64, 1, 20) pages.
 * 25 at once keep a quarter of a pool of 96 empty.
 */
uint32_t policy_want_small(const struct pool *pool, uint32_t available);

/** policy_oldest - the oldest page that is not pinned, or NULL. */
struct page *policy_oldest(struct pool *pool);

/**
 * policy_settle - make pages look unused that were created since last time.
 * @settled: the newest that was settled, or the list head at first.
 * @spare_newest: leave the newest page for the next time.
 *
 * A page is linked with Accessed set and is in use while it is being filled;
 * neither is reuse.
 */
void policy_settle(struct pool *pool, struct list **settled, bool spare_newest);

/** policy_hand_next - the page at a hand that goes round the active list. */
struct page *policy_hand_next(struct pool *pool, struct list **hand);

/** policy_hand_leave - move a hand off a page that goes. */
void policy_hand_leave(struct list **hand, struct page *page);

extern const struct policy policy_fifo, policy_clock, policy_lru, policy_lru25,
	policy_sieve, policy_s3fifo, policy_bip, policy_reuse, policy_belady,
	policy_opt;

#endif
