// SPDX-License-Identifier: GPL-2.0
/*
 * Two guests over time: their memory is taken from one moment to the next
 * (images WORKLOAD-a-00, WORKLOAD-a-01, ..., each holding what changed), and
 * between two moments ksmd works within a budget, of pages as a host with fixed
 * knobs gives it, or of CPU time.
 *
 * A sample after each batch, so that their mean is one over time.
 */
#include <errno.h>
#include <stdio.h>

#include "bench.h"
#include "image.h"
#include "ksmd.h"
#include "record.h"

#define BATCH_PAGES	256
#define GUESTS		2
#define MOMENTS_MOST	100

struct series {
	struct bench *bench;
	const char *workload;
	struct guest *guests[GUESTS];
	uint64_t begun_ns;		/* ksmd's CPU before the first moment */
};

static void image_name(const struct series *series, unsigned int guest,
		       unsigned int moment, char name[64])
{
	snprintf(name, 64, "%s-%c-%02u", series->workload, 'a' + (int)guest,
		 moment);
}

/* Guest @guest gets what changed up to @moment. */
static int advance(struct series *series, unsigned int guest,
		   unsigned int moment)
{
	char name[64];

	image_name(series, guest, moment, name);
	return guest_load(series->guests[guest], name);
}

/* The whole of a guest's memory fits where its last image ends. */
static int count_frames(const struct series *series, unsigned int guest,
			unsigned int *ret_moments, uint64_t *ret_frames)
{
	unsigned int moment = 0;
	uint64_t frames = 0;
	struct image image;
	char name[64];
	int ret = 0;

	for (; moment < MOMENTS_MOST; moment++) {
		image_name(series, guest, moment, name);
		ret = image_open(series->bench->images, name, &image);
		if (ret)
			break;
		if (image.frames > frames)
			frames = image.frames;
		image_close(&image);
	}
	if (!moment || (ret && ret != -ENOENT))
		return ret;
	*ret_moments = moment;
	*ret_frames = frames;
	return 0;
}

static int add_guests(struct series *series, unsigned int *ret_moments)
{
	unsigned int fewest = MOMENTS_MOST, moments = 0;
	uint64_t frames = 0;
	int ret = 0;

	for (unsigned int i = 0; !ret && i < GUESTS; i++) {
		ret = count_frames(series, i, &moments, &frames);
		if (!ret)
			ret = bench_add(series->bench, frames,
					&series->guests[i]);
		if (moments < fewest)
			fewest = moments;
	}
	if (!ret)
		*ret_moments = fewest;
	return ret;
}

/* How much of moment @moment's budget is left, in pages or ns. */
static int budget_left(const struct series *series, unsigned int moment,
		       uint64_t used_pages, int64_t *ret_left)
{
	const struct bench *bench = series->bench;
	uint64_t now_ns;
	int ret;

	if (!bench->moment_us) {
		*ret_left = (int64_t)bench->moment_pages - (int64_t)used_pages;
		return 0;
	}
	/* From the beginning, so that a batch too long is paid back. */
	ret = ksmd_cpu_ns(&now_ns);
	if (!ret)
		*ret_left = (int64_t)(series->begun_ns + (moment + 1) *
				      bench->moment_us * 1000 - now_ns);
	return ret;
}

static int let_ksmd_work(const struct series *series, unsigned int moment)
{
	uint64_t used_pages = 0;
	int64_t left;
	int ret = budget_left(series, moment, used_pages, &left);

	while (!ret && left > 0) {
		ret = ksmd_batch(BATCH_PAGES);
		if (!ret)
			ret = record_sample(NULL);
		/* A host's ksmd sleeps after a batch cut short, too. */
		used_pages += BATCH_PAGES;
		if (!ret)
			ret = budget_left(series, moment, used_pages, &left);
	}
	return ret;
}

static int run_series(struct bench *bench, const char *workload)
{
	struct series series = { .bench = bench, .workload = workload };
	unsigned int moments = 0;
	int ret = add_guests(&series, &moments);

	if (!ret)
		ret = ksmd_cpu_ns(&series.begun_ns);
	if (!ret)
		ret = record_mark("begin");
	for (unsigned int moment = 0; !ret && moment < moments; moment++) {
		for (unsigned int i = 0; !ret && i < GUESTS; i++)
			ret = advance(&series, i, moment);
		if (!ret)
			ret = record_mark("moment");
		if (!ret)
			ret = let_ksmd_work(&series, moment);
	}
	return ret ? ret : record_mark("end");
}

int run_boot(struct bench *bench)
{
	return run_series(bench, "boot");
}

int run_compile(struct bench *bench)
{
	return run_series(bench, "compile");
}

int run_desktop(struct bench *bench)
{
	return run_series(bench, "desktop");
}
