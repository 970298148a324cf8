// SPDX-License-Identifier: GPL-2.0
/*
 * Whole guests: a and b read the same files, each in its own order, and have
 * data of their own; c did other things before it read these files. The mixed
 * pair ran the same programs, and its memory is mostly theirs.
 */
#include "bench.h"
#include "record.h"

/* Enough for smart_scan to skip most of what has no twin. */
#define SETTLING_PASSES	16
#define JOINING_PASSES	12

static int add_two(struct bench *bench, const char *one, const char *other)
{
	int ret = bench_add_image(bench, one);

	return ret ? ret : bench_add_image(bench, other);
}

static int run_pair(struct bench *bench, const char *one, const char *other)
{
	int ret = add_two(bench, one, other);

	if (!ret)
		ret = record_mark("begin");
	if (!ret)
		ret = bench_converge();
	return ret ? ret : record_mark("end");
}

int run_two(struct bench *bench)
{
	return run_pair(bench, "guest-a", "guest-b");
}

int run_mixed(struct bench *bench)
{
	return run_pair(bench, "mixed-a", "mixed-b");
}

int run_third(struct bench *bench)
{
	int ret = add_two(bench, "guest-a", "guest-b");

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
