/* SPDX-License-Identifier: GPL-2.0 */
#ifndef EVICT_POLICY_H
#define EVICT_POLICY_H

/*
 * Eviction policies. The shape is that of struct kvm_shadow_evict_ops: a policy
 * hears of pages that come and go and names the next victim. Oracles alone are
 * also told of touches.
 */

#include "pool.h"

struct policy {
	const char *name;
	const char *about;
	bool oracle;		/* knows what no kernel can */

	/* State of a VM. Either may be NULL. open: 0 or -ENOMEM. */
	int (*open)(struct pool *pool);
	void (*close)(struct pool *pool);

	/** pages to zap when @available are free; NULL: policy_batch(). */
	uint32_t (*want)(const struct pool *pool, uint32_t available);

	void (*created)(struct pool *pool, struct page *page);
	/** @page is still on every list; @evicted: by victim(). */
	void (*removed)(struct pool *pool, struct page *page);
	void (*touched)(struct pool *pool, struct page *page);
	/** a fault fills a block of @page */
	void (*filled)(struct pool *pool, struct page *page);
	/** the next page to zap, never a pinned one; NULL: there is none. */
	struct page *(*victim)(struct pool *pool);
	/** room was made */
	void (*done)(struct pool *pool);
};

/** policy_at - the i-th policy, or NULL behind the last. */
const struct policy *policy_at(size_t i);

/** policy_find - the policy of this name, or NULL. */
const struct policy *policy_find(const char *name);

/**
 * policy_want_small - refill only clamp(limit / 64, 1, 20) pages above the
 * least. 25 at once, as 6.12 does, is a quarter of a small pool.
 */
uint32_t policy_want_small(const struct pool *pool, uint32_t available);

/** policy_oldest - the oldest page that is not pinned, or NULL. */
struct page *policy_oldest(struct pool *pool);

extern const struct policy policy_fifo, policy_clock, policy_lru, policy_lru25,
	policy_sieve, policy_s3fifo, policy_bip, policy_belady, policy_cost,
	policy_reuse;

#endif
