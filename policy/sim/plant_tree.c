// SPDX-License-Identifier: GPL-2.0
/*
 * What ksmd does to one page: rmap items, the checksum gate, the two trees,
 * smart_scan. Follows cmp_and_merge_page(), remove_rmap_item_from_tree() and
 * should_skip_rmap_item() of mm/ksm.c.
 *
 * The trees are only counted: a search costs as many levels as a balanced tree
 * of that size has, and is answered from the table of contents. A
 * page of the unstable tree that changed after its insertion is not found, and
 * hides others (plant_order.c).
 *
 * Invariants: PAGE_KSM implies PAGE_STABLE implies PAGE_ITEM; PAGE_STABLE and
 * PAGE_UNSTABLE exclude each other, and PAGE_INDEXED; maps <= items for every node in use.
 */
#include <stddef.h>

#include "plant_priv.h"

/* Before a merge, so that a merge itself cannot fail. */
int plant_node_reserve(struct plant *p)
{
	if (p->free_node)
		return 0;
	return plant_grow((void **)&p->nodes, &p->nodes_room, p->nnodes + 1,
			  sizeof(*p->nodes));
}

/* Nodes with room stand first, so that only the first need be looked at. */
static void chain_add(struct plant *p, uint32_t n, bool front)
{
	struct content *c = &p->contents[p->nodes[n].content];
	struct node *node = &p->nodes[n];

	node->next = front ? c->first : 0;
	node->prev = front ? 0 : c->last;
	if (node->next)
		p->nodes[node->next].prev = n;
	else
		c->last = n;
	if (node->prev)
		p->nodes[node->prev].next = n;
	else
		c->first = n;
}

static void chain_del(struct plant *p, uint32_t n)
{
	struct node *node = &p->nodes[n];
	struct content *c = &p->contents[node->content];

	if (node->next)
		p->nodes[node->next].prev = node->prev;
	else
		c->last = node->prev;
	if (node->prev)
		p->nodes[node->prev].next = node->next;
	else
		c->first = node->next;
}

static uint32_t node_new(struct plant *p, uint32_t content)
{
	struct content *c = &p->contents[content];
	uint32_t n = p->free_node;

	if (n)
		p->free_node = p->nodes[n].next;
	else
		n = p->nnodes++;
	p->nodes[n] = (struct node){ .content = content };
	chain_add(p, n, true);
	c->nodes++;
	if (c->nodes == 2) {
		p->chains++;
		p->dups += 2;
	} else if (c->nodes > 2) {
		p->dups++;
	}
	return n;
}

static void node_free(struct plant *p, uint32_t n)
{
	struct content *c = &p->contents[p->nodes[n].content];

	chain_del(p, n);
	if (c->nodes == 2) {
		p->chains--;
		p->dups -= 2;
	} else if (c->nodes > 2) {
		p->dups--;
	}
	c->nodes--;
	p->nodes[n].next = p->free_node;
	p->free_node = n;
}

/* remove_node_from_stable_tree(): the KSM page is gone, its items learn it. */
static void node_drop(struct plant *p, uint32_t n)
{
	uint32_t i, next;

	for (i = p->nodes[n].first; i; i = next) {
		struct page *page = &p->pages[i];

		next = page->next;
		if (next)
			p->sharing--;
		else
			p->shared--;
		p->procs[page->proc].merging--;
		page->flags &= ~PAGE_STABLE;
		page->node = 0;
	}
	node_free(p, n);
}

static void stable_del(struct plant *p, uint32_t i)
{
	struct page *page = &p->pages[i];
	struct node *node = &p->nodes[page->node];
	uint32_t n = page->node;

	if (!node->maps) {
		node_drop(p, n);
		return;
	}
	if (page->next)
		p->pages[page->next].prev = page->prev;
	if (page->prev)
		p->pages[page->prev].next = page->next;
	else
		node->first = page->next;
	if (node->first)
		p->sharing--;
	else
		p->shared--;
	p->procs[page->proc].merging--;
	page->flags &= ~PAGE_STABLE;
	page->node = 0;
	node->items--;
	chain_del(p, n);
	chain_add(p, n, true);
}

/* stable_tree_append(), and the PTE that goes with it. */
void plant_stable_add(struct plant *p, uint32_t i, uint32_t n)
{
	struct page *page = &p->pages[i];
	struct node *node = &p->nodes[n];

	page->node = n;
	page->prev = 0;
	page->next = node->first;
	if (node->first) {
		p->pages[node->first].prev = i;
		p->sharing++;
	} else {
		p->shared++;
	}
	node->first = i;
	node->items++;
	if (!node->maps++)
		p->ksm_pages++;
	p->ksm_maps++;
	page->flags |= PAGE_STABLE | PAGE_KSM;
	p->procs[page->proc].merging++;
	if (node->items >= p->conf.max_page_sharing) {
		chain_del(p, n);
		chain_add(p, n, false);
	}
}

void plant_merge_pair(struct plant *p, uint32_t i, uint32_t other)
{
	uint32_t n;

	plant_item_unlink(p, other);
	n = node_new(p, p->pages[i].content);
	plant_stable_add(p, other, n);
	plant_stable_add(p, i, n);
}

void plant_item_unlink(struct plant *p, uint32_t i)
{
	struct page *page = &p->pages[i];

	if (page->flags & PAGE_STABLE) {
		stable_del(p, i);
	} else if (page->flags & PAGE_UNSTABLE) {
		p->unshared--;
		page->flags &= ~PAGE_UNSTABLE;
		if (page->seq == (uint8_t)p->full_scans &&
		    page->content < CONTENT_UNIQUE &&
		    p->contents[page->content].unstable == i)
			p->contents[page->content].unstable = 0;
	} else if (page->flags & PAGE_INDEXED) {
		p->unshared--;
		page->flags &= ~PAGE_INDEXED;
	}
}

void plant_item_free(struct plant *p, uint32_t i)
{
	struct page *page = &p->pages[i];

	if (!(page->flags & PAGE_ITEM))
		return;
	plant_item_unlink(p, i);
	page->flags &= ~(PAGE_ITEM | PAGE_CHANGED);
	page->checksum = 0;
	page->age = 0;
	page->skips = 0;
	p->items--;
	p->procs[page->proc].items--;
}

void plant_unmap(struct plant *p, uint32_t i)
{
	struct page *page = &p->pages[i];

	if (page->flags & PAGE_KSM) {
		p->ksm_maps--;
		if (!--p->nodes[page->node].maps)
			p->ksm_pages--;
		page->flags &= ~PAGE_KSM;
	} else if (page->flags & PAGE_ZERO) {
		p->zero--;
		p->procs[page->proc].zero--;
		page->flags &= ~PAGE_ZERO;
	}
}

uint32_t plant_stable_find(struct plant *p, uint32_t content)
{
	struct content *c = &p->contents[content];

	while (c->first && !p->nodes[c->first].maps)
		node_drop(p, c->first);
	if (c->first && p->nodes[c->first].items < p->conf.max_page_sharing)
		return c->first;
	return 0;
}

/* A page of the unstable tree that a search for page @i finds, or 0. */
static uint32_t unstable_find(struct plant *p, uint32_t i)
{
	uint32_t content = p->pages[i].content;
	const struct content *c = &p->contents[content];
	const struct page *page;

	if (!c->unstable || c->unstable_seq != p->full_scans)
		return 0;
	page = &p->pages[c->unstable];
	if (!(page->flags & PAGE_UNSTABLE) || page->content != content ||
	    !p->procs[page->proc].alive ||
	    plant_order_misses(p, i, c->unstable_ns, c->unstable_number))
		return 0;
	return c->unstable;
}

static void unstable_add(struct plant *p, uint32_t i)
{
	struct page *page = &p->pages[i];
	struct content *c;

	page->flags |= PAGE_UNSTABLE;
	page->seq = (uint8_t)p->full_scans;
	p->unshared++;
	p->unstable_size++;
	if (page->content < CONTENT_UNIQUE) {
		c = &p->contents[page->content];
		c->unstable = i;
		c->unstable_seq = p->full_scans;
		c->unstable_ns = p->now_ns;
		c->unstable_number = p->unstable_size;
	}
}

/*
 * Levels are 1/1024: log2(size), straight between powers of two.
 *
 * Defaults of top_levels and deep_unstable_ns come from whole passes over
 * 168,000 unique pages with no stable tree (Linux 6.18, 2 MiB of L2): while
 * the tree grew, a page cost 2.7 us at 15,000 nodes, 3.6 at 50,000, 4.1 at
 * 100,000 and 4.6 at 150,000, which is 0.5 to 0.65 us more for each doubling;
 * that line meets 35 ns a level at 2,000 nodes. deep_stable_ns is what
 * 24,576 such pages cost more when 12,320 stable nodes came first.
 */
static uint64_t search_ns(const struct plant_cost *cost, uint64_t size,
			  uint32_t deep_ns)
{
	uint64_t top = cost->top_levels * 1024ull, levels;
	unsigned int whole;

	if (!size)
		return 0;
	whole = 63u - (unsigned int)__builtin_clzll(size);
	levels = whole * 1024ull + ((size << 10) >> whole) - 1024;
	if (levels < top)
		top = levels;
	return (top * cost->level_ns + (levels - top) * deep_ns) / 1024;
}

static uint64_t stable_ns(const struct plant *p)
{
	return search_ns(&p->conf.cost, p->shared,
			 p->conf.cost.deep_stable_ns);
}

static uint64_t unstable_ns(const struct plant *p)
{
	return search_ns(&p->conf.cost, p->unstable_size,
			 p->conf.cost.deep_unstable_ns);
}

void plant_map_zero(struct plant *p, uint32_t i)
{
	p->pages[i].flags |= PAGE_ZERO;
	p->zero++;
	p->procs[p->pages[i].proc].zero++;
}

/*
 * A PTE is replaced, which every CPU that runs the process is told twice, by an
 * interrupt that ksmd waits for. An idle CPU is not told.
 */
uint64_t plant_merge_ns(const struct plant *p, uint32_t i)
{
	const struct proc *proc = &p->procs[p->pages[i].proc];
	const struct plant_cost *cost = &p->conf.cost;

	if (p->now_ns - proc->start_ns < proc->spec.busy_ms * PLANT_NS_PER_MS)
		return cost->merge_ns + cost->shootdown_ns;
	return cost->merge_ns;
}

/* Both searches, for a content that other pages may hold. */
static uint64_t merge_common(struct plant *p, uint32_t i)
{
	uint32_t content = p->pages[i].content;
	uint32_t n, other;

	n = plant_stable_find(p, content);
	if (n) {
		plant_stable_add(p, i, n);
		return plant_merge_ns(p, i);
	}
	other = unstable_find(p, i);
	if (other && !plant_node_reserve(p)) {
		plant_merge_pair(p, i, other);
		return unstable_ns(p) + plant_merge_ns(p, other) + plant_merge_ns(p, i);
	}
	unstable_add(p, i);
	return unstable_ns(p);
}

uint64_t plant_merge_page(struct plant *p, uint32_t i)
{
	const struct plant_cost *cost = &p->conf.cost;
	struct page *page = &p->pages[i];
	uint64_t ns;

	if (page->flags & PAGE_KSM)
		return cost->ksm_ns;
	plant_item_unlink(p, i);
	if (p->conf.checksum_index)
		return plant_merge_indexed(p, i);
	if (page->checksum != page->content) {
		page->checksum = page->content;
		return cost->visit_ns;
	}
	if (p->conf.use_zero_pages && page->content == CONTENT_ZERO) {
		plant_map_zero(p, i);
		return cost->visit_ns + plant_merge_ns(p, i);
	}
	ns = cost->visit_ns + stable_ns(p);
	if (page->content < CONTENT_UNIQUE)
		return ns + merge_common(p, i);
	unstable_add(p, i);
	return ns + unstable_ns(p);
}

/* skip_age(): how many passes are skipped after a fruitless one. */
static uint8_t skips_at(uint8_t age)
{
	if (age <= 3)
		return 1;
	if (age <= 5)
		return 2;
	if (age <= 8)
		return 4;
	return 8;
}

bool plant_skip_page(struct plant *p, uint32_t i)
{
	struct page *page = &p->pages[i];
	uint8_t age = page->age;

	if (!p->conf.smart_scan || (page->flags & PAGE_KSM))
		return false;
	if (age != UINT8_MAX)
		page->age++;
	if (age < 3)
		return false;
	if (!page->skips) {
		page->skips = skips_at(age);
		return false;
	}
	p->skipped++;
	page->skips--;
	if (!(page->flags & PAGE_INDEXED))
		plant_item_unlink(p, i);
	return true;
}
