// SPDX-License-Identifier: GPL-2.0
/*
 * The distinct pages of real guests (image "distinct", packed): the same of them in
 * several processes, in the order in which they lay in the guest or each in an order
 * of its own; or all of them once. And pages of zeros.
 */

#include "bench.h"
#include "image.h"
#include "record.h"
#include "sysfs.h"

#define SAME_GUESTS		4
#define SAME_PAGES_MOST		6144u
#define UNIQUE_GUESTS		2
#define UNIQUE_PAGES_MOST	12288u	/* a guest */
#define UNIQUE_PASSES		10
#define ZERO_GUESTS		4
#define ZERO_PAGES		4096u

static int distinct_pages(const struct bench *bench, uint64_t *ret_pages)
{
	struct image image;
	int ret = image_open(bench->images, "distinct", &image);

	if (ret)
		return ret;
	*ret_pages = image.pages;
	image_close(&image);
	return 0;
}

/* @load: fills the memory of one of them, counted from 0. */
static int run_same(struct bench *bench,
		    int (*load)(struct guest *guest, unsigned int number,
				uint64_t pages))
{
	struct guest *guest;
	uint64_t pages = 0;
	int ret = distinct_pages(bench, &pages);

	if (pages > SAME_PAGES_MOST)
		pages = SAME_PAGES_MOST;
	for (unsigned int i = 0; !ret && i < SAME_GUESTS; i++) {
		ret = bench_add(bench, pages, &guest);
		if (!ret)
			ret = load(guest, i, pages);
	}
	if (!ret)
		ret = record_mark("begin");
	if (!ret)
		ret = bench_converge();
	return ret ? ret : record_mark("end");
}

static int load_in_order(struct guest *guest, unsigned int number,
			 uint64_t pages)
{
	(void)number;
	return guest_load_part(guest, "distinct", 0, pages);
}

static int load_permuted(struct guest *guest, unsigned int number,
			 uint64_t pages)
{
	return guest_load_permuted(guest, "distinct", pages,
				   (uint64_t)(number + 1) << 32);
}

int run_clones(struct bench *bench)
{
	return run_same(bench, load_in_order);
}

int run_permuted(struct bench *bench)
{
	return run_same(bench, load_permuted);
}

int run_unique(struct bench *bench)
{
	struct guest *guest;
	uint64_t pages = 0;
	int ret = distinct_pages(bench, &pages);

	pages /= UNIQUE_GUESTS;
	if (pages > UNIQUE_PAGES_MOST)
		pages = UNIQUE_PAGES_MOST;
	for (unsigned int i = 0; !ret && i < UNIQUE_GUESTS; i++) {
		ret = bench_add(bench, pages, &guest);
		if (!ret)
			ret = guest_load_part(guest, "distinct", i * pages,
					      pages);
	}
	if (!ret)
		ret = record_mark("begin");
	if (!ret)
		ret = bench_passes(UNIQUE_PASSES);
	return ret ? ret : record_mark("end");
}

int run_zero(struct bench *bench)
{
	struct guest *guest;
	int ret = 0;

	for (unsigned int i = 0; !ret && i < ZERO_GUESTS; i++) {
		ret = bench_add(bench, ZERO_PAGES, &guest);
		if (!ret)
			ret = guest_zero(guest, ZERO_PAGES);
	}
	if (!ret)
		ret = record_mark("begin");
	if (!ret)
		ret = bench_converge();
	return ret ? ret : record_mark("end");
}

int run_zero_mapped(struct bench *bench)
{
	int ret = sysfs_write("use_zero_pages", 1);
	int restored;

	if (ret)
		return ret;
	ret = run_zero(bench);
	restored = sysfs_write("use_zero_pages", 0);
	return ret ? ret : restored;
}
