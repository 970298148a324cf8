/* SPDX-License-Identifier: GPL-2.0 */
/* The command line, and the paths that follow from it. */
#ifndef DENSITY_OPTIONS_H
#define DENSITY_OPTIONS_H

#include <limits.h>
#include <stdbool.h>

/* Exit codes, shared with densityctl; see densityd(8). */
enum {
	EXIT_OK = 0,
	EXIT_FAIL = 1,
	EXIT_USAGE = 2,
	EXIT_NOT_RUNNING = 3,
	EXIT_PERMISSION = 4,
};

enum options_mode {
	MODE_RUN,
	MODE_CHECK_CONFIG,
	MODE_DUMP_CONFIG,
	MODE_HEAL,
	MODE_HELP,
	MODE_VERSION,
};

struct options {
	enum options_mode mode;
	const char *root;		/* "" for the host itself */
	const char *conf;		/* below @root unless given by hand */
	bool conf_given;
	bool dry_run;
	bool verbose;
	char sock[PATH_MAX];
	char saved[PATH_MAX];
	char limits[PATH_MAX];
	char scrubber[PATH_MAX];
	char history[PATH_MAX];
};

/*
 * 0, or -EINVAL after a message on stderr. Paths are below --root in the
 * places of DESIGN: /run/densityd and /var/lib/densityd, or all in the
 * directory that --state names.
 */
int options_parse(int argc, char **argv, struct options *ret_options);
void options_usage(void);

#endif
