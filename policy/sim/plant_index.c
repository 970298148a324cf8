// SPDX-License-Identifier: GPL-2.0
/*
 * What ksmd does to one page while the checksum index of our patches is on:
 * merge_without_search() of mm/ksm.c.
 *
 * A page is merged when it did not change between two visits; at first sight
 * with a KSM page, or with one that did not change, unless it keeps changing.
 * Pages that smart_scan skips stay in the index. One unmerged page of a content
 * is in it at most: a second one merges with it.
 */
#include "plant_priv.h"

/* An unmerged page of this content, or 0. */
static uint32_t twin_of(const struct plant *p, uint32_t content)
{
	uint32_t i = p->contents[content].indexed;
	const struct page *twin = &p->pages[i];

	return i && twin->flags & PAGE_INDEXED && twin->content == content &&
	       p->procs[twin->proc].alive ? i : 0;
}

/* What it cost, or 0: nothing is alike. */
static uint64_t merge(struct plant *p, uint32_t i)
{
	uint32_t content = p->pages[i].content, found;

	if (content >= CONTENT_UNIQUE)
		return 0;
	found = plant_stable_find(p, content);
	if (found) {
		plant_stable_add(p, i, found);
		p->index_hits++;
		return plant_merge_ns(p, i);
	}
	found = twin_of(p, content);
	if (!found || plant_node_reserve(p))
		return 0;
	plant_merge_pair(p, i, found);
	p->index_hits++;
	return plant_merge_ns(p, i) + plant_merge_ns(p, found);
}

static uint64_t map_zero(struct plant *p, uint32_t i)
{
	if (!p->conf.use_zero_pages || p->pages[i].content != CONTENT_ZERO)
		return 0;
	plant_map_zero(p, i);
	return plant_merge_ns(p, i);
}

/* Of another content than at the last visit, or new. */
static uint64_t at_first_sight(struct plant *p, uint32_t i)
{
	struct page *page = &p->pages[i];
	bool known = page->checksum, changed = page->flags & PAGE_CHANGED;
	uint64_t ns;

	page->checksum = page->content;
	page->flags &= ~PAGE_CHANGED;
	if (known)
		page->flags |= PAGE_CHANGED;
	if (changed)
		return 0;
	ns = map_zero(p, i);
	if (!ns)
		ns = merge(p, i);
	p->first_sight_merges += ns > 0;
	return ns + p->conf.cost.index_ns;
}

static void enter(struct plant *p, uint32_t i)
{
	struct page *page = &p->pages[i];

	p->index_skips++;
	p->unshared++;
	page->flags |= PAGE_INDEXED;
	if (page->content < CONTENT_UNIQUE)
		p->contents[page->content].indexed = i;
}

uint64_t plant_merge_indexed(struct plant *p, uint32_t i)
{
	const struct plant_cost *cost = &p->conf.cost;
	struct page *page = &p->pages[i];
	uint64_t ns;

	if (page->checksum != page->content)
		return cost->visit_ns + at_first_sight(p, i);
	page->flags &= ~PAGE_CHANGED;
	ns = map_zero(p, i);
	if (ns)
		return cost->visit_ns + ns;
	ns = merge(p, i);
	if (!ns)
		enter(p, i);
	return cost->visit_ns + cost->index_ns + ns;
}
