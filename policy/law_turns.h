/* SPDX-License-Identifier: GPL-2.0 */
/*
 * When smart_scan's turns come.
 *
 * A page that found no partner for long is looked at in every ninth pass
 * (skip_age() of mm/ksm.c) and skipped in between. Pages that arrived together
 * have their turn together, so that one pass in nine may cost fifty times the
 * others. The calendar keeps what each of the last nine passes scanned of old
 * pages, and so knows what each of the next nine will.
 *
 * Pages that are merged are scanned in every pass and are left out. A pass with
 * smart_scan off moves nobody's turn and is not entered.
 */
#ifndef DENSITY_LAW_TURNS_H
#define DENSITY_LAW_TURNS_H

#include <stdint.h>

#define LAW_TURNS_CYCLE 9u

struct law_turns {
	uint64_t pages;			/* old ones, in the last pass */
	uint64_t scanned[LAW_TURNS_CYCLE];
	uint32_t known;			/* bit mask of scanned[] */
	uint32_t next;			/* place of the next pass in it */
};

/*
 * A pass has gone over @pages old pages and was seen to scan so many of them.
 */
void law_turns_add(struct law_turns *turns, uint64_t pages, uint64_t scanned);

/* Passes came that were not seen: who had his turn in which is unknown. */
void law_turns_forget(struct law_turns *turns);

/*
 * Old pages that the next @passes will scan. Those that no known pass scanned
 * are taken to have their turn in the first that is not known.
 */
uint64_t law_turns_ahead(const struct law_turns *turns, uint32_t passes);

/*
 * How many passes to go until the @passes that follow scan the fewest old
 * pages; 0 when that would not even halve what lies ahead now.
 */
uint32_t law_turns_detour(const struct law_turns *turns, uint32_t passes);

#endif
