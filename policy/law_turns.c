// SPDX-License-Identifier: GPL-2.0
#include <stdbool.h>

#include "law_turns.h"

static uint32_t place(const struct law_turns *turns, uint32_t passes)
{
	return (turns->next + passes) % LAW_TURNS_CYCLE;
}

static bool is_known(const struct law_turns *turns, uint32_t at)
{
	return turns->known & 1u << at;
}

void law_turns_add(struct law_turns *turns, uint64_t pages, uint64_t scanned)
{
	turns->pages = pages;
	turns->scanned[turns->next] = scanned;
	turns->known |= 1u << turns->next;
	turns->next = place(turns, 1);
}

void law_turns_forget(struct law_turns *turns)
{
	turns->known = 0;
}

/* What each of the next passes will scan, the next one first. */
static void foresee(const struct law_turns *turns,
		    uint64_t ret_scanned[LAW_TURNS_CYCLE])
{
	uint64_t seen = 0;

	for (uint32_t i = 0; i < LAW_TURNS_CYCLE; i++) {
		ret_scanned[i] = is_known(turns, place(turns, i)) ?
				 turns->scanned[place(turns, i)] : 0;
		seen += ret_scanned[i];
	}
	for (uint32_t i = 0; i < LAW_TURNS_CYCLE && seen < turns->pages; i++) {
		if (is_known(turns, place(turns, i)))
			continue;
		ret_scanned[i] = turns->pages - seen;
		return;
	}
}

static uint64_t sum(const uint64_t scanned[LAW_TURNS_CYCLE], uint32_t from,
		    uint32_t passes)
{
	uint64_t pages = 0;

	for (uint32_t i = from; i < from + passes; i++)
		pages += scanned[i % LAW_TURNS_CYCLE];
	return pages;
}

uint64_t law_turns_ahead(const struct law_turns *turns, uint32_t passes)
{
	uint64_t scanned[LAW_TURNS_CYCLE];

	foresee(turns, scanned);
	return sum(scanned, 0, passes);
}

uint32_t law_turns_detour(const struct law_turns *turns, uint32_t passes)
{
	uint64_t scanned[LAW_TURNS_CYCLE], least, pages;
	uint32_t best = 0;

	foresee(turns, scanned);
	least = sum(scanned, 0, passes) / 2;
	for (uint32_t skip = 1; skip < LAW_TURNS_CYCLE; skip++) {
		pages = sum(scanned, skip, passes);
		if (pages < least) {
			least = pages;
			best = skip;
		}
	}
	return best;
}
