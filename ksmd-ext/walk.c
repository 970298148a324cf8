// SPDX-License-Identifier: GPL-2.0
/*
 * A walk through the page cache of an image
 *
 * What goes is a folio that is clean, at rest and unused, and of which every page
 * has a checksum that all guests hold. Nothing is compared: to drop a clean page
 * by mistake costs one read from disk, and two contents share a checksum once
 * in 2^32. Nothing is locked either. A folio may change or be written between
 * the look at it and invalidate_mapping_pages(), which, under the folio's lock,
 * has the last word: what is dirty, under writeback, mapped or used stays.
 *
 * The looker's own references would count as use, so a batch is looked at, let go
 * of, and then invalidated, by index: neighbours together, as most of what a call
 * costs it costs once. What is between two that may go is never part of it.
 *
 * Two lossy maps make it cheap and accountable. Checksums of pages that stay are
 * remembered for as long as the version of their file is the same; without a
 * version they are calculated each time. Ghosts are pages that were dropped: one
 * that is in the cache again was read again, by whomever, or read ahead.
 *
 * Only the scrubber's worker is here, one walk at a time.
 */
#include <linux/ksm_ext.h>
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/pagemap.h>
#include <linux/pagevec.h>

#include "holdings.h"
#include "page_map.h"
#include "walk.h"

/* A slot for 16 pages of the host: 1/8192 of its memory for each map. */
#define PAGES_PER_SLOT 16
#define MIN_SLOTS (1UL << 16)
#define MAX_SLOTS (1UL << 24)

static struct page_map checksums;
static struct page_map ghosts;

/* Where a folio is, or several in a row. */
struct span {
	pgoff_t index;
	unsigned long nr;
};

static void count(struct walk *walk, int what, u64 nr)
{
	walk->tally.count[what] += nr;
}

static u32 checksum_at(struct walk *walk, struct page *page, pgoff_t index)
{
	u64 version = (walk->image_id << 48) + walk->version;
	u32 checksum;

	if (walk->version &&
	    page_map_get(&checksums, version, index, &checksum))
		return checksum;

	checksum = ksm_page_checksum(page);
	count(walk, KSMD_EXT_A_TALLY_CHECKSUMS, 1);
	if (walk->version)
		page_map_put(&checksums, version, index, checksum);
	return checksum;
}

static bool is_poisoned(const struct folio *folio)
{
	return folio_test_hwpoison(folio) ||
	       (folio_test_large(folio) && folio_test_has_hwpoisoned(folio));
}

/*
 * Active are folios that were read twice, as each is that two guests have read
 * once. One that was not read again since the last walk has no more readers than
 * that, and may go; of one that was, it is forgotten until the next walk.
 */
static bool is_in_use(struct folio *folio)
{
	if (!folio_test_active(folio) || !folio_test_referenced(folio))
		return false;

	folio_clear_referenced(folio);
	return true;
}

/* Why a folio has to stay, whatever its content; 0: it doesn't. */
static int refusal(struct folio *folio)
{
	if (folio_test_locked(folio) || !folio_test_uptodate(folio) ||
	    is_poisoned(folio))
		return KSMD_EXT_A_TALLY_LOCKED;
	if (folio_test_dirty(folio))
		return KSMD_EXT_A_TALLY_DIRTY;
	if (folio_test_writeback(folio))
		return KSMD_EXT_A_TALLY_WRITEBACK;
	if (folio_mapped(folio))
		return KSMD_EXT_A_TALLY_MAPPED;
	if (is_in_use(folio))
		return KSMD_EXT_A_TALLY_ACTIVE;
	return 0;
}

/* The first page that somebody lacks settles it. */
static int judge_content(struct walk *walk, struct folio *folio,
			 const struct span *span)
{
	unsigned long i;

	for (i = 0; i < span->nr; i++) {
		u32 checksum = checksum_at(walk, folio_page(folio, i),
					   span->index + i);

		if (!holdings_have(walk->held, checksum))
			return i ? KSMD_EXT_A_TALLY_PARTIAL :
				   KSMD_EXT_A_TALLY_NOT_HELD;
	}
	return 0;
}

static void notice_return(struct walk *walk, const struct span *span)
{
	unsigned long i;

	for (i = 0; i < span->nr; i++)
		if (page_map_remove(&ghosts, walk->image_id, span->index + i))
			count(walk, KSMD_EXT_A_TALLY_REREAD, 1);
}

/* Is it to be dropped? */
static bool judge(struct walk *walk, struct folio *folio, struct span *ret_span)
{
	struct span span = { folio->index, folio_nr_pages(folio) };
	int why;

	/* Truncated meanwhile. */
	if (folio->mapping != walk->mapping)
		return false;

	count(walk, KSMD_EXT_A_TALLY_LOOKED, span.nr);
	walk->pages_left -= min_t(u64, walk->pages_left, span.nr);
	notice_return(walk, &span);

	why = refusal(folio) ?: judge_content(walk, folio, &span);
	if (why) {
		count(walk, why, span.nr);
		return false;
	}
	*ret_span = span;
	return true;
}

static bool is_cached(const struct walk *walk, pgoff_t index)
{
	loff_t at = (loff_t)index << PAGE_SHIFT;

	return filemap_range_has_page(walk->mapping, at, at);
}

static void settle_page(struct walk *walk, pgoff_t index, bool dropped)
{
	if (!dropped) {
		count(walk, KSMD_EXT_A_TALLY_BUSY, 1);
		return;
	}

	count(walk, KSMD_EXT_A_TALLY_DROPPED, 1);
	if (page_map_put(&ghosts, walk->image_id, index, 0))
		count(walk, KSMD_EXT_A_TALLY_GHOSTS_LOST, 1);
}

/* Which pages were refused is not told, only how many: mostly none. */
static void drop(struct walk *walk, const struct span *span)
{
	unsigned long i, nr_gone;

	if (walk->dry_run) {
		count(walk, KSMD_EXT_A_TALLY_DROPPED, span->nr);
		return;
	}

	nr_gone = invalidate_mapping_pages(walk->mapping, span->index,
					   span->index + span->nr - 1);
	for (i = 0; i < span->nr; i++)
		settle_page(walk, span->index + i,
			    nr_gone == span->nr ||
				    !is_cached(walk, span->index + i));
}

/* Add a span to those of lower index, or to the last of them. */
static void add_span(struct span *spans, unsigned int *nr_spans,
		     const struct span *span)
{
	struct span *last = *nr_spans ? &spans[*nr_spans - 1] : NULL;

	if (last && last->index + last->nr == span->index)
		last->nr += span->nr;
	else
		spans[(*nr_spans)++] = *span;
}

static bool budget_is_left(const struct walk *walk)
{
	return walk->pages_left && !walk->stopped() &&
	       ktime_before(ktime_get(), walk->deadline);
}

void walk_image(struct walk *walk)
{
	struct span spans[PAGEVEC_SIZE];
	struct folio_batch batch;
	unsigned int i, nr_spans;
	struct span span;

	folio_batch_init(&batch);
	while (budget_is_left(walk)) {
		if (!filemap_get_folios(walk->mapping, &walk->cursor, ULONG_MAX,
					&batch)) {
			walk->cursor = 0;
			walk->finished = true;
			return;
		}

		nr_spans = 0;
		for (i = 0; i < folio_batch_count(&batch); i++)
			if (judge(walk, batch.folios[i], &span))
				add_span(spans, &nr_spans, &span);
		folio_batch_release(&batch);

		for (i = 0; i < nr_spans; i++)
			drop(walk, &spans[i]);
		cond_resched();
	}
}

int walk_init(void)
{
	unsigned long nr_slots;
	int err;

	nr_slots = clamp(roundup_pow_of_two(totalram_pages() / PAGES_PER_SLOT),
			 MIN_SLOTS, MAX_SLOTS);
	err = page_map_init(&checksums, nr_slots);
	if (err)
		return err;

	err = page_map_init(&ghosts, nr_slots);
	if (err)
		page_map_destroy(&checksums);
	return err;
}

void walk_exit(void)
{
	page_map_destroy(&ghosts);
	page_map_destroy(&checksums);
}
