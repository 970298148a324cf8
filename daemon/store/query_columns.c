// SPDX-License-Identifier: GPL-2.0
/*
 * The columns that people see, and how each comes out of a host row.
 *
 * To add one: a line here, and in docs/history.md. What it is computed from
 * stands in the row (HOST_COLUMNS); rates divide by the row's own span.
 */
#include <math.h>
#include <stddef.h>
#include <string.h>

#include "query_impl.h"

enum how {
	SAVED,		/* sharing + zero pages, MiB */
	PAGES_MIB,
	KIB_MIB,
	PLAIN,
	PERMILLE_PCT,
	PER_S,
	US_PCT,		/* share of one core */
	US_S,
	US_MS,
};

static const struct {
	struct query_column column;
	enum how how;
	enum host_col col;
} columns[] = {
	{ { "saved_mib", "MiB", "memory that merging saves (pages_sharing - "
	    "stale_pages + zero_pages)", QUERY_GAUGE, true }, SAVED, 0 },
	{ { "profit_mib", "MiB", "the same less ksmd's own metadata "
	    "(general_profit)", QUERY_GAUGE, false },
	  PAGES_MIB, HOST_profit_pages },
	{ { "pages_shared", "pages", "KSM pages in use", QUERY_GAUGE, false },
	  PLAIN, HOST_pages_shared },
	{ { "pages_sharing", "pages", "mappings that KSM pages replaced",
	    QUERY_GAUGE, false }, PLAIN, HOST_pages_sharing },
	{ { "stale_pages", "pages", "of these, written to since ksmd's last pass",
	    QUERY_GAUGE, false }, PLAIN, HOST_stale_pages },
	{ { "pages_unshared", "pages", "unique pages, checked again and again",
	    QUERY_GAUGE, false }, PLAIN, HOST_pages_unshared },
	{ { "pages_volatile", "pages", "pages that change too fast",
	    QUERY_GAUGE, false }, PLAIN, HOST_pages_volatile },
	{ { "zero_pages", "pages", "empty pages replaced by the zero page",
	    QUERY_GAUGE, false }, PLAIN, HOST_zero_pages },
	{ { "scanned_per_s", "pages/s", "pages that ksmd scanned",
	    QUERY_GAUGE, true }, PER_S, HOST_scanned },
	{ { "skipped_per_s", "pages/s", "pages that smart_scan skipped",
	    QUERY_GAUGE, false }, PER_S, HOST_skipped },
	{ { "full_scans", "passes", "passes over all memory that ended",
	    QUERY_COUNTER, false }, PLAIN, HOST_full_scans },
	{ { "ksmd_cpu_pct", "%", "ksmd's CPU, of one core", QUERY_GAUGE,
	    true }, US_PCT, HOST_ksmd_cpu_us },
	{ { "ksmd_cpu_s", "s", "ksmd's CPU time", QUERY_COUNTER, false },
	  US_S, HOST_ksmd_cpu_us },
	{ { "daemon_cpu_ms", "ms", "densityd's own CPU time", QUERY_COUNTER,
	    false }, US_MS, HOST_daemon_cpu_us },
	{ { "cow_per_s", "pages/s", "KSM pages copied on write", QUERY_GAUGE,
	    true }, PER_S, HOST_cow },
	{ { "mem_available_mib", "MiB", "MemAvailable", QUERY_GAUGE, true },
	  KIB_MIB, HOST_mem_available_kib },
	{ { "mem_total_mib", "MiB", "MemTotal", QUERY_GAUGE, false },
	  KIB_MIB, HOST_mem_total_kib },
	{ { "swap_used_mib", "MiB", "swap in use", QUERY_GAUGE, false },
	  KIB_MIB, HOST_swap_used_kib },
	{ { "anon_mib", "MiB", "anonymous memory", QUERY_GAUGE, false },
	  PAGES_MIB, HOST_anon_pages },
	{ { "psi_cpu_pct", "%", "time that some task waited for a CPU (PSI "
	    "some avg10)", QUERY_GAUGE, false },
	  PERMILLE_PCT, HOST_psi_cpu_permille },
	{ { "psi_mem_pct", "%", "time that some task waited for memory (PSI "
	    "some avg10)", QUERY_GAUGE, false },
	  PERMILLE_PCT, HOST_psi_mem_permille },
	{ { "cached_mib", "MiB", "page cache", QUERY_GAUGE, false },
	  KIB_MIB, HOST_cached_kib },
	{ { "stall_cpu_pct", "%", "time that some task waited for a CPU (PSI "
	    "some)", QUERY_GAUGE, false }, US_PCT, HOST_stall_cpu_us },
	{ { "stall_mem_pct", "%", "time that some task waited for memory (PSI "
	    "some)", QUERY_GAUGE, false }, US_PCT, HOST_stall_mem_us },
	{ { "shadow_pages", "pages", "shadow pages of all VMs", QUERY_GAUGE,
	    false }, PLAIN, HOST_shadow_pages },
	{ { "shadow_evictions_per_s", "pages/s", "shadow pages evicted",
	    QUERY_GAUGE, false }, PER_S, HOST_shadow_evictions },
	{ { "shadow_refaults_per_s", "pages/s", "of these, built again",
	    QUERY_GAUGE, false }, PER_S, HOST_shadow_refaults },
	{ { "vms", "VMs", "VMs and processes with mergeable memory",
	    QUERY_GAUGE, true }, PLAIN, HOST_vms },
	{ { "population_mib", "MiB", "anonymous memory of processes that KSM "
	    "may merge", QUERY_GAUGE, false },
	  PAGES_MIB, HOST_population_pages },
	{ { "run", "", "the knob run at the end of the span", QUERY_GAUGE,
	    false }, PLAIN, HOST_ksm_run },
	{ { "sleep_ms", "ms", "the knob sleep_millisecs", QUERY_GAUGE, true },
	  PLAIN, HOST_sleep_ms },
	{ { "scan_pages", "pages", "the knob pages_to_scan", QUERY_GAUGE,
	    true }, PLAIN, HOST_scan_pages },
};

#define NCOLUMNS (sizeof(columns) / sizeof(columns[0]))
_Static_assert(NCOLUMNS <= QUERY_COLUMNS_MAX, "query_row.value is too short");

const struct query_column *query_column_at(unsigned int i)
{
	return i < NCOLUMNS ? &columns[i].column : NULL;
}

int query_column_find(const char *name)
{
	for (unsigned int i = 0; i < NCOLUMNS; i++) {
		if (!strcmp(columns[i].column.name, name))
			return (int)i;
	}
	return -1;
}

int64_t query_saved_pages(const struct host_row *row)
{
	int64_t sharing = row->value[HOST_pages_sharing];
	int64_t stale = row->value[HOST_stale_pages];
	int64_t zero = row->value[HOST_zero_pages];

	return (sharing == HOST_NULL ? 0 : sharing) -
	       (stale == HOST_NULL ? 0 : stale) +
	       (zero == HOST_NULL ? 0 : zero);
}

double query_column_value(unsigned int column, const struct host_row *row,
			  int64_t page_size)
{
	double page_mib = page_size / 1048576.0;
	int64_t raw;
	double value;

	if (columns[column].how == SAVED)
		return row->value[HOST_pages_sharing] == HOST_NULL ? NAN :
		       query_saved_pages(row) * page_mib;
	raw = row->value[columns[column].col];
	if (raw == HOST_NULL)
		return NAN;
	value = (double)raw;
	switch (columns[column].how) {
	case PAGES_MIB:
		return value * page_mib;
	case KIB_MIB:
		return value / 1024;
	case PERMILLE_PCT:
		return value / 10;
	case PER_S:
		return row->span_ms ? value * 1000 / row->span_ms : NAN;
	case US_PCT:
		return row->span_ms ? value / row->span_ms / 10 : NAN;
	case US_S:
		return value / 1e6;
	case US_MS:
		return value / 1e3;
	default:
		return value;
	}
}
