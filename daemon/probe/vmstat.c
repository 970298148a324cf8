// SPDX-License-Identifier: GPL-2.0
/* /proc/vmstat: "name value" lines, of which four matter. */
#include "sources.h"

static bool find_counter(const struct probe_text *text, const char *key,
			 uint64_t *ret_value)
{
	struct probe_text rest;

	return probe_text_find(text, key, &rest) &&
	       probe_text_only_u64(rest, ret_value);
}

uint32_t probe_vmstat_parse(struct probe_text text, struct snap_host *ret_host)
{
	uint32_t caps = 0;

	ret_host->anon_pages = 0;
	ret_host->cow_ksm = 0;
	ret_host->ksm_swpin_copy = 0;
	if (find_counter(&text, "nr_anon_pages", &ret_host->anon_pages))
		caps |= SNAP_CAP_ANON;
	if (find_counter(&text, "cow_ksm", &ret_host->cow_ksm))
		caps |= SNAP_CAP_COW;
	find_counter(&text, "ksm_swpin_copy", &ret_host->ksm_swpin_copy);
	return caps;
}

bool probe_vmstat_free(struct probe_text text, uint64_t *ret_pages)
{
	return find_counter(&text, "nr_free_pages", ret_pages);
}
