// SPDX-License-Identifier: GPL-2.0
/*
 * Whole guests: a and b ran the same programs in different order and have data
 * of their own, c did other things with the same files.
 */
#include "bench.h"
#include "record.h"

/* Enough for smart_scan to skip most of what has no twin. */
#define SETTLING_PASSES	16
#define JOINING_PASSES	12

static int add_two(struct bench *bench)
{
	int ret = bench_add_image(bench, "guest-a");

	return ret ? ret : bench_add_image(bench, "guest-b");
}

int run_two(struct bench *bench)
{
	int ret = add_two(bench);

	if (!ret)
		ret = record_mark("begin");
	if (!ret)
		ret = bench_converge();
	return ret ? ret : record_mark("end");
}

int run_third(struct bench *bench)
{
	int ret = add_two(bench);

	if (!ret)
		ret = bench_passes(SETTLING_PASSES);
	if (!ret)
		ret = bench_add_image(bench, "guest-c");
	if (!ret)
		ret = record_mark("begin");
	if (!ret)
		ret = bench_passes(JOINING_PASSES);
	return ret ? ret : record_mark("end");
}
