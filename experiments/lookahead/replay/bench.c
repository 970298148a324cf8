// SPDX-License-Identifier: GPL-2.0
/* What all scenarios need. See bench.h. */
#include <errno.h>
#include <stddef.h>

#include "bench.h"
#include "image.h"
#include "ksmd.h"
#include "record.h"

#define PASSES_LEAST	3
#define PASSES_MOST	12

const struct scenario scenarios[] = {
	{ "two", "two guests, until nothing more merges", run_two },
	{ "mixed", "the same, of other guests that share less", run_mixed },
	{ "third", "a third guest joins two that have settled", run_third },
	{ "clones", "four processes, the same pages in the same order",
	  run_clones },
	{ "permuted", "four processes, the same pages, each in its own order",
	  run_permuted },
	{ "unique", "a guest's distinct pages: nothing to share", run_unique },
	{ "twins", "pages whose twins arrive 14 to 22 passes later",
	  run_twins },
	{ "zero", "pages of zeros", run_zero },
	{ "zero-mapped", "the same with use_zero_pages", run_zero_mapped },
	{ "boot", "two guests while they boot", run_boot },
	{ "compile", "two guests while they compile", run_compile },
	{ "desktop", "two guests while windows are opened and used", run_desktop },
	{ NULL, NULL, NULL }
};

static const struct ksmd_watch sampled = { record_sample, NULL };

int bench_add(struct bench *bench, uint64_t frames, struct guest **ret_guest)
{
	struct guest *guest;
	int ret;

	if (bench->nguests == GUESTS_MAX)
		return -E2BIG;
	ret = guest_new(bench->images, frames, &guest);
	if (ret)
		return ret;
	bench->guests[bench->nguests++] = guest;
	*ret_guest = guest;
	return 0;
}

int bench_add_image(struct bench *bench, const char *name)
{
	struct guest *guest;
	struct image image;
	int ret = image_open(bench->images, name, &image);

	if (ret)
		return ret;
	ret = bench_add(bench, image.frames, &guest);
	image_close(&image);
	return ret ? ret : guest_load(guest, name);
}

int bench_passes(unsigned int count)
{
	int ret = 0;

	for (unsigned int i = 0; !ret && i < count; i++)
		ret = ksmd_pass(&sampled);
	return ret;
}

int bench_converge(void)
{
	uint64_t saved = 0, before;
	int ret = 0;

	for (unsigned int pass = 1; !ret && pass <= PASSES_MOST; pass++) {
		before = saved;
		ret = ksmd_pass(&sampled);
		if (!ret)
			ret = record_saved(&saved);
		if (!ret && pass >= PASSES_LEAST &&
		    saved <= before + saved / 1000)
			break;
	}
	return ret;
}

int bench_clear(struct bench *bench)
{
	int ret = ksmd_reset();
	int rest;

	while (bench->nguests)
		guest_free(bench->guests[--bench->nguests]);
	rest = ksmd_rest();
	return ret ? ret : rest;
}
