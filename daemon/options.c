// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "options.h"

#define CONF_PATH "/etc/densityd/densityd.conf"

enum { OPT_CHECK = 256, OPT_DUMP, OPT_DRY, OPT_ROOT, OPT_CONF, OPT_STATE,
       OPT_HEAL, OPT_VERBOSE };

static const struct option longs[] = {
	{ "check-config", no_argument, NULL, OPT_CHECK },
	{ "dump-config", no_argument, NULL, OPT_DUMP },
	{ "dry-run", no_argument, NULL, OPT_DRY },
	{ "heal", no_argument, NULL, OPT_HEAL },
	{ "root", required_argument, NULL, OPT_ROOT },
	{ "config", required_argument, NULL, OPT_CONF },
	{ "state", required_argument, NULL, OPT_STATE },
	{ "verbose", no_argument, NULL, OPT_VERBOSE },
	{ "help", no_argument, NULL, 'h' },
	{ "version", no_argument, NULL, 'V' },
	{ 0 },
};

void options_usage(void)
{
	puts("Usage: densityd [OPTION]...\n"
	     "Tune the host's KSM so that memory is saved at little CPU cost.\n"
	     "\n"
	     "  --config FILE    policy file instead of " CONF_PATH "\n"
	     "  --state DIR      socket, saved knobs and history in DIR\n"
	     "  --root DIR       another root for every path (tests, recordings)\n"
	     "  --dry-run        decide and record, but write no knob\n"
	     "  --verbose        log every knob write, batches included\n"
	     "  --check-config   parse the policy file, say FILE:LINE, exit\n"
	     "  --dump-config    print every value and where it came from, exit\n"
	     "  --heal           give back the knobs of a killed run, exit\n"
	     "  --help, --version\n"
	     "\n"
	     "Exit: 0 ok, 1 failure, 2 usage, 4 no permission. See densityd(8).");
}

static int set_mode(struct options *o, enum options_mode mode)
{
	if (o->mode != MODE_RUN) {
		fputs("densityd: only one of --check-config, --dump-config, --heal at a time\n",
		      stderr);
		return -EINVAL;
	}
	o->mode = mode;
	return 0;
}

static int set_path(char out[PATH_MAX], const char *dir, const char *name)
{
	int n = snprintf(out, PATH_MAX, "%s/%s", dir, name);

	/* sun_path of a UNIX socket is the shortest; the rest fits too. */
	if (n < 0 || n >= PATH_MAX) {
		fprintf(stderr, "densityd: path too long: %s/%s\n", dir, name);
		return -EINVAL;
	}
	return 0;
}

static int derive_paths(struct options *o, const char *state)
{
	char run[PATH_MAX], lib[PATH_MAX];

	if (!strcmp(o->root, "/"))
		o->root = "";
	if (snprintf(run, sizeof(run), "%s", state ? state : o->root) >=
	    (int)sizeof(run) ||
	    snprintf(lib, sizeof(lib), "%s", state ? state : o->root) >=
	    (int)sizeof(lib)) {
		fputs("densityd: path too long\n", stderr);
		return -EINVAL;
	}
	return set_path(o->sock, run, state ? "ctl.sock" :
			"run/densityd/ctl.sock") ||
	       set_path(o->saved, run, state ? "saved-knobs" :
			"run/densityd/saved-knobs") ||
	       set_path(o->limits, run, state ? "saved-limits" :
			"run/densityd/saved-limits") ||
	       set_path(o->scrubber, run, state ? "saved-scrubber" :
			"run/densityd/saved-scrubber") ||
	       set_path(o->history, lib, state ? "history.db" :
			"var/lib/densityd/history.db") ? -EINVAL : 0;
}

static int take_option(struct options *o, int c, const char **ret_state)
{
	switch (c) {
	case OPT_CHECK:
		return set_mode(o, MODE_CHECK_CONFIG);
	case OPT_DUMP:
		return set_mode(o, MODE_DUMP_CONFIG);
	case OPT_HEAL:
		return set_mode(o, MODE_HEAL);
	case 'h':
		o->mode = MODE_HELP;
		return 0;
	case 'V':
		o->mode = MODE_VERSION;
		return 0;
	case OPT_DRY:
		o->dry_run = true;
		return 0;
	case OPT_VERBOSE:
		o->verbose = true;
		return 0;
	case OPT_ROOT:
		o->root = optarg;
		return 0;
	case OPT_CONF:
		o->conf = optarg;
		o->conf_given = true;
		return 0;
	case OPT_STATE:
		*ret_state = optarg;
		return 0;
	default:
		fputs("densityd: see densityd --help\n", stderr);
		return -EINVAL;
	}
}

int options_parse(int argc, char **argv, struct options *ret_options)
{
	struct options o = { .root = "", .conf = CONF_PATH };
	const char *state = NULL;
	int c, r;

	optind = 1;
	while ((c = getopt_long(argc, argv, "hV", longs, NULL)) != -1) {
		r = take_option(&o, c, &state);
		if (r)
			return r;
	}
	if (optind < argc) {
		fprintf(stderr, "densityd: unexpected argument '%s'; see densityd --help\n",
			argv[optind]);
		return -EINVAL;
	}
	r = derive_paths(&o, state);
	if (r)
		return r;
	*ret_options = o;
	return 0;
}
