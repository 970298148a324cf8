// SPDX-License-Identifier: GPL-2.0
/*
 * What was bought is the integral of saved memory, what was paid is the CPU
 * time of ksmd and of the daemon; their quotient compares spans of different
 * lengths.
 */
#include <math.h>
#include <stddef.h>

#include "measure.h"

static double per_cpu(const struct query_sum *sum)
{
	double cpu_s = sum->ksmd_cpu_s + sum->daemon_cpu_s;

	return cpu_s > 0 ? sum->saved_gib_s / cpu_s : NAN;
}

static const struct {
	struct measure measure;
	double (*of)(const struct query_sum *sum);
	size_t offset;
} measures[] = {
#define MEMBER(name) NULL, offsetof(struct query_sum, name)
	{ { "span_s", "time covered, s" }, MEMBER(span_s) },
	{ { "saved_gib_s", "saved memory, GiB-s" }, MEMBER(saved_gib_s) },
	{ { "ksmd_cpu_s", "ksmd, CPU-s" }, MEMBER(ksmd_cpu_s) },
	{ { "daemon_cpu_s", "densityd, CPU-s" }, MEMBER(daemon_cpu_s) },
	{ { "saved_gib_s_per_cpu_s", "GiB-s per CPU-s" }, per_cpu, 0 },
	{ { "saved_gib_mean", "saved on average, GiB" },
	  MEMBER(saved_gib_mean) },
	{ { "saved_gib_last", "saved at the end, GiB" },
	  MEMBER(saved_gib_last) },
	{ { "scanned_pages", "pages scanned" }, MEMBER(scanned_pages) },
	{ { "cow_pages", "pages copied on write" }, MEMBER(cow_pages) },
	{ { "available_gib_mean", "available on average, GiB" },
	  MEMBER(available_gib_mean) },
	{ { "cached_gib_mean", "page cache on average, GiB" },
	  MEMBER(cached_gib_mean) },
	{ { "stall_cpu_s", "tasks waited for a CPU, s" }, MEMBER(stall_cpu_s) },
	{ { "stall_mem_s", "tasks waited for memory, s" },
	  MEMBER(stall_mem_s) },
	{ { "shadow_evictions", "shadow pages evicted" },
	  MEMBER(shadow_evictions) },
	{ { "shadow_refaults", "of these built again" },
	  MEMBER(shadow_refaults) },
#undef MEMBER
};
#define NMEASURES (sizeof(measures) / sizeof(measures[0]))
_Static_assert(NMEASURES <= MEASURES_MAX, "MEASURES_MAX is too small");

const struct measure *measure_at(unsigned int i)
{
	return i < NMEASURES ? &measures[i].measure : NULL;
}

unsigned int measure_count(void)
{
	return NMEASURES;
}

double measure_value(unsigned int i, const struct query_sum *sum)
{
	if (measures[i].of)
		return measures[i].of(sum);
	return *(const double *)((const char *)sum + measures[i].offset);
}
