/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Times as people type them: `now`, `-2h`, `10:30`, `2026-01-31 10:30`.
 *
 * Times are local, in milliseconds since 1970. "Now" is an argument, so that
 * one command line has one now, and a test has its own.
 */
#ifndef DENSITY_CLI_WHEN_H
#define DENSITY_CLI_WHEN_H

#include <stdint.h>

/* For messages: what when_parse() takes. */
#define WHEN_EXPECTED \
	"now, today, yesterday, -2h, -1h30m, 10:30, 2026-01-31, " \
	"'2026-01-31 10:30' or @SECONDS"
#define WHEN_SPAN_EXPECTED \
	"FROM..TO, today or yesterday, where FROM and TO are " WHEN_EXPECTED
#define WHEN_DURATION_EXPECTED "a duration such as 90s, 10m, 2h or 1d12h"

/*
 * An instant. A day alone is its midnight; a time alone is today's; a duration
 * with a sign is relative to @now_ms. 0 or -EINVAL.
 */
int when_parse(const char *text, int64_t now_ms, int64_t *ret_ms);

/*
 * A span: FROM..TO, either side may be empty (the beginning of time, now), or
 * the name of a day alone, which means all of it up to now. 0, -EINVAL, or
 * -ERANGE when it ends before it begins.
 */
int when_parse_span(const char *text, int64_t now_ms, int64_t *ret_from_ms,
		    int64_t *ret_to_ms);

/* A positive duration, units s m h d w, s by default. 0 or -EINVAL. */
int when_parse_duration(const char *text, int64_t *ret_ms);

/* The wall clock. */
int64_t when_now_ms(void);

#endif
