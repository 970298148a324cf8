// SPDX-License-Identifier: GPL-2.0
/*
 * Late twins. smart_scan visits a page that found no twin only every ninth pass
 * in the end, and takes it out of the unstable tree meanwhile. Two equal pages
 * whose turns never coincide stay apart for ever, which is a matter of how many
 * passes lie between their arrivals: nine phases, all of them here at once, with
 * different content.
 *
 * Says for each phase how many of the newcomers' pages are merged in the end.
 */
#include <stdio.h>

#include "bench.h"
#include "record.h"

#define PHASES		9u
#define FIRST_ARRIVAL	14u		/* passes after the twin */
#define PAGES		256u
#define LAST_PASS	60u

static int add_filled(struct bench *bench, uint64_t seed)
{
	struct guest *guest;
	int ret = bench_add(bench, PAGES, &guest);

	return ret ? ret : guest_fill(guest, PAGES, seed);
}

static int say_merged(const struct bench *bench)
{
	uint64_t pages;
	char name[32];
	int ret = 0;

	for (unsigned int i = 0; !ret && i < PHASES; i++) {
		ret = guest_merging(bench->guests[PHASES + i], &pages);
		if (ret)
			break;
		snprintf(name, sizeof(name), "late-%u", FIRST_ARRIVAL + i);
		record_value(name, pages);
	}
	if (!ret)
		record_value("pages", PAGES);
	return ret;
}

int run_twins(struct bench *bench)
{
	int ret = 0;

	for (unsigned int i = 0; !ret && i < PHASES; i++)
		ret = add_filled(bench, i + 1);
	if (!ret)
		ret = record_mark("begin");
	for (unsigned int pass = 0; !ret && pass < LAST_PASS; pass++) {
		unsigned int phase = pass - FIRST_ARRIVAL;

		if (pass >= FIRST_ARRIVAL && phase < PHASES)
			ret = add_filled(bench, phase + 1);
		if (!ret)
			ret = bench_passes(1);
	}
	if (!ret)
		ret = record_mark("end");
	return ret ? ret : say_merged(bench);
}
