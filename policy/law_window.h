/* SPDX-License-Identifier: GPL-2.0 */
/*
 * How much CPU ksmd used in the last so many seconds, from the pairs
 * (time, CPU) of past snapshots. Rounds up: the pair taken at or before the
 * window's begin counts, so that a cap kept here is kept on the host.
 */
#ifndef DENSITY_LAW_WINDOW_H
#define DENSITY_LAW_WINDOW_H

#include <stdint.h>

/* Pairs kept; finer than window / (slots - 8) apart they are not stored. */
#define LAW_WINDOW_SLOTS 64u

struct law_window {
	uint64_t span_ns;
	uint32_t newest;
	uint32_t count;
	struct {
		uint64_t mono_ns;
		uint64_t cpu_ns;
	} at[LAW_WINDOW_SLOTS];
};

void law_window_init(struct law_window *window, uint32_t span_ms);
/*
 * The policy's window became another one. What was used in the old one is
 * taken to have been used just now, so that the cap is not given twice.
 */
void law_window_resize(struct law_window *window, uint32_t span_ms,
		       uint64_t mono_ns, uint64_t cpu_ns);
void law_window_add(struct law_window *window, uint64_t mono_ns,
		    uint64_t cpu_ns);
/* CPU used in (mono_ns - span, mono_ns], never less than was used. */
uint64_t law_window_used_ns(const struct law_window *window, uint64_t mono_ns,
			    uint64_t cpu_ns);

#endif
