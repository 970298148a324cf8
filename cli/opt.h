/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Command line options, from tables.
 *
 * getopt_long(3) takes `-2h..-1h` for a row of options; here a word that
 * begins with a minus and a digit is an argument. Options may stand before and
 * after arguments; `--name=value`, `--name value`, `-n value`, `-nvalue`, and
 * letters of flags together are understood; `--` ends them.
 */
#ifndef DENSITY_CLI_OPT_H
#define DENSITY_CLI_OPT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#define OPT_UNSET INT64_MIN	/* a time that was not given */

enum opt_type {
	OPT_FLAG,	/* bool */
	OPT_TEXT,	/* const char * into argv */
	OPT_UINT,	/* uint32_t, 1 and up */
	OPT_WHEN,	/* int64_t, milliseconds since 1970 */
	OPT_DURATION,	/* int64_t, milliseconds */
};

struct opt {
	const char *name;	/* without the dashes; NULL ends a table */
	char letter;		/* 0 = none */
	enum opt_type type;
	void *to;
	const char *arg;	/* name of the value; NULL for flags */
	const char *help;
};

/*
 * Parse @argv[0..@argc) against the @tables (NULL-terminated list). With
 * @stop_at_arg, stop at the first argument. Arguments are moved to the front
 * of @argv in their order, NULL behind them. Returns their number (with
 * @stop_at_arg: the index of the first), or -EINVAL with words, which name
 * what was expected, in @ret_error (OPT_ERROR_LEN bytes).
 */
#define OPT_ERROR_LEN 256
int opt_parse(const struct opt *const tables[], int64_t now_ms, int argc,
	      char **argv, bool stop_at_arg, char *ret_error);

/* One line for each option, for --help. */
void opt_help(const struct opt *table, FILE *out);

#endif
