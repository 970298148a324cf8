// SPDX-License-Identifier: GPL-2.0
/*
 * /proc/pressure/{cpu,memory}:
 *
 *	some avg10=0.09 avg60=0.55 avg300=0.26 total=4641262
 *	full avg10=0.00 avg60=0.00 avg300=0.00 total=0
 *
 * Averages are per cent with two decimals, totals microseconds. The cpu file
 * has no "full" line before 5.13.
 */
#include "sources.h"

#define PERCENT_MAX 100

/* "12.34" per cent as permille, rounded to the nearest. */
static bool parse_permille(struct probe_text text, uint32_t *ret_permille)
{
	unsigned int centi = 0;		/* hundredths of a per cent */
	unsigned int decimals = 0;
	bool dot = false;
	const char *at;

	if (text.at == text.end || *text.at == '.')
		return false;
	for (at = text.at; at < text.end; at++) {
		if (*at == '.' && !dot) {
			dot = true;
			continue;
		}
		if (*at < '0' || *at > '9' || (dot && decimals == 2))
			return false;
		centi = centi * 10 + (unsigned int)(*at - '0');
		decimals += dot;
		if (centi > PERCENT_MAX * 100)
			return false;
	}
	for (; decimals < 2; decimals++)
		centi *= 10;
	if (centi > PERCENT_MAX * 100)
		return false;
	*ret_permille = (centi + 5) / 10;
	return true;
}

static bool parse_line(struct probe_text rest, uint32_t *ret_avg10,
		       uint32_t *ret_avg60, uint64_t *ret_total_us)
{
	struct probe_text word;
	unsigned int found = 0;

	while (probe_text_word(&rest, &word)) {
		if (probe_text_skip(&word, "avg10="))
			found |= parse_permille(word, ret_avg10) ? 1 : 0;
		else if (probe_text_skip(&word, "avg60="))
			found |= parse_permille(word, ret_avg60) ? 2 : 0;
		else if (probe_text_skip(&word, "total="))
			found |= probe_text_only_u64(word, ret_total_us) ? 4
									 : 0;
	}
	return found == 7;
}

bool probe_psi_parse(struct probe_text text, struct snap_psi *ret_psi)
{
	struct snap_psi psi = { 0 };
	uint32_t avg10, avg60;
	struct probe_text rest;

	if (!probe_text_find(&text, "some", &rest) ||
	    !parse_line(rest, &psi.some_avg10_permille,
			&psi.some_avg60_permille, &psi.some_total_us))
		return false;
	if (probe_text_find(&text, "full", &rest) &&
	    !parse_line(rest, &avg10, &avg60, &psi.full_total_us))
		return false;
	*ret_psi = psi;
	return true;
}
