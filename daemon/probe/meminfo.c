// SPDX-License-Identifier: GPL-2.0
/*
 * /proc/meminfo: "Name:   value kB".
 *
 * All or nothing: laws compare these fields with each other, so a file that
 * lacks one that every kernel has, or garbles one, counts as absent.
 */
#include "sources.h"

struct meminfo_row {
	const char *key;
	size_t offset;
	bool needed;
};

static const struct meminfo_row rows[] = {
	{ "MemTotal", offsetof(struct snap_host, mem_total_kib), true },
	{ "MemFree", offsetof(struct snap_host, mem_free_kib), true },
	{ "MemAvailable", offsetof(struct snap_host, mem_available_kib), true },
	{ "Buffers", offsetof(struct snap_host, buffers_kib), false },
	{ "Cached", offsetof(struct snap_host, cached_kib), false },
	{ "SwapTotal", offsetof(struct snap_host, swap_total_kib), false },
	{ "SwapFree", offsetof(struct snap_host, swap_free_kib), false },
};

#define NROWS (sizeof(rows) / sizeof(rows[0]))

static bool parse_kib(struct probe_text rest, uint64_t *ret_kib)
{
	struct probe_text unit;
	uint64_t kib;

	if (!probe_text_u64(&rest, &kib) || !probe_text_word(&rest, &unit) ||
	    !probe_text_is(&unit, "kB"))
		return false;
	*ret_kib = kib;
	return true;
}

uint32_t probe_meminfo_parse(struct probe_text text,
			     struct snap_host *ret_host)
{
	uint64_t kib[NROWS] = { 0 };
	uint32_t caps = SNAP_CAP_MEMINFO;
	struct probe_text rest;
	size_t i;

	for (i = 0; i < NROWS; i++) {
		bool found = probe_text_find(&text, rows[i].key, &rest);

		if (found ? !parse_kib(rest, &kib[i]) : rows[i].needed)
			caps = 0;
	}
	for (i = 0; i < NROWS; i++) {
		uint64_t *field = (uint64_t *)(void *)((char *)ret_host +
						       rows[i].offset);

		*field = caps ? kib[i] : 0;
	}
	return caps;
}

uint64_t probe_meminfo_thp_kib(struct probe_text text)
{
	struct probe_text rest;
	uint64_t kib;

	return probe_text_find(&text, "AnonHugePages", &rest) &&
	       parse_kib(rest, &kib) ? kib : UINT64_MAX;
}

bool probe_node_parse(struct probe_text text, struct snap_node *ret_node)
{
	uint64_t id, total_kib = 0, free_kib = 0;
	struct probe_text line, key;
	unsigned int found = 0;

	/* "Node 0 MemTotal:       24684084 kB" */
	while (probe_text_line(&text, &line)) {
		if (!probe_text_skip(&line, "Node ") ||
		    !probe_text_u64(&line, &id) ||
		    !probe_text_word(&line, &key))
			continue;
		if (probe_text_is(&key, "MemTotal:"))
			found |= parse_kib(line, &total_kib) ? 1 : 0;
		else if (probe_text_is(&key, "MemFree:"))
			found |= parse_kib(line, &free_kib) ? 2 : 0;
	}
	if (found != 3)
		return false;
	ret_node->mem_total_kib = total_kib;
	ret_node->mem_free_kib = free_kib;
	return true;
}
