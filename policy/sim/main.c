// SPDX-License-Identifier: GPL-2.0
/* plant-sim: run laws against the simulated ksmd. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim.h"

enum { EXIT_USAGE = 2 };

static void usage(FILE *out)
{
	fputs("usage: plant-sim SCENARIO [--law LAW | --fixed NAME]\n"
	      "                 [--set PARAM=VALUE]... [--trace]\n"
	      "       plant-sim --table [SCENARIO]      all controllers side by side\n"
	      "       plant-sim --check [SCENARIO]      claims of the scenarios, in TAP\n"
	      "       plant-sim --list                  scenarios, controllers, parameters\n"
	      "       plant-sim --help | --version\n"
	      "The law is the default one unless named. --trace prints a CSV line a second.\n",
	      out);
}

static void list(void)
{
	const struct sim_scenario *s;
	struct sim_controller c;
	const char *name;
	unsigned int i;

	puts("scenarios:");
	for (i = 0; (s = sim_scenario_at(i)); i++)
		printf("  %02u %-16s %s\n", i + 1, s->name, s->summary);
	puts("controllers:");
	for (i = 0; sim_controller_at(i, &c); i++)
		printf("  %-7s %-12s %s\n", c.law ? "--law" : "--fixed",
		       c.name, c.summary);
	puts("parameters of --set:");
	for (i = 0; (name = sim_param_name(i)); i++)
		printf("  %s\n", name);
}

static int run_one(const struct sim_scenario *s,
		   const struct sim_controller *c, struct sim_options *options)
{
	struct sim_result result;
	unsigned int i;
	int ret;

	ret = sim_run(s, c, options, &result);
	if (ret) {
		fprintf(stderr, "plant-sim: %s: %s\n", s->name,
			strerror(-ret));
		return EXIT_FAILURE;
	}
	if (options->trace)
		return EXIT_SUCCESS;
	printf("%s under %s\n", s->name, c->name);
	for (i = 0; i < SIM_METRICS; i++) {
		if (i >= SIM_T90_0 && i < SIM_BRAKE_S && !result.metric[i])
			continue;
		if (result.metric[i] >= SIM_NEVER)
			printf("  %-28s never\n", sim_metric_name(i));
		else
			printf("  %-28s %.5g\n", sim_metric_name(i),
			       result.metric[i]);
	}
	return EXIT_SUCCESS;
}

enum mode { MODE_RUN, MODE_CHECK, MODE_TABLE };

struct args {
	enum mode mode;
	struct sim_controller controller;
	struct sim_options options;
	const char *scenario;
};

static int bad(const char *what, const char *value)
{
	fprintf(stderr, "plant-sim: %s: %s (see --list)\n", what, value);
	return EXIT_USAGE;
}

static int option(struct args *a, int c)
{
	struct sim_controller found;

	switch (c) {
	case 'c':
		a->mode = MODE_CHECK;
		return 0;
	case 't':
		a->mode = MODE_TABLE;
		return 0;
	case 'r':
		a->options.trace = stdout;
		return 0;
	case 'l':
	case 'f':
		if (!sim_controller_find(optarg, &found) ||
		    (c == 'l') != (found.law != NULL))
			return bad(c == 'l' ? "no such law" :
				   "no such fixed setting", optarg);
		a->controller = found;
		return 0;
	case 's':
		if (sim_option_set(&a->options, optarg))
			return bad("expected PARAM=NUMBER, found", optarg);
		return 0;
	default:
		usage(stderr);
		return EXIT_USAGE;
	}
}

static int dispatch(struct args *a)
{
	const struct sim_scenario *s;
	int ret;

	if (a->scenario && !sim_scenario_find(a->scenario))
		return bad("no such scenario", a->scenario);
	switch (a->mode) {
	case MODE_CHECK:
		ret = sim_check(a->scenario, &a->controller, &a->options,
				stdout);
		return ret ? EXIT_FAILURE : EXIT_SUCCESS;
	case MODE_TABLE:
		ret = sim_table(a->scenario, &a->options, stdout);
		if (ret)
			fprintf(stderr, "plant-sim: %s\n", strerror(-ret));
		return ret ? EXIT_FAILURE : EXIT_SUCCESS;
	default:
		break;
	}
	s = a->scenario ? sim_scenario_find(a->scenario) : NULL;
	if (!s) {
		usage(stderr);
		return EXIT_USAGE;
	}
	return run_one(s, &a->controller, &a->options);
}

int main(int argc, char **argv)
{
	static const struct option longs[] = {
		{ "list", no_argument, NULL, 'L' },
		{ "check", no_argument, NULL, 'c' },
		{ "table", no_argument, NULL, 't' },
		{ "law", required_argument, NULL, 'l' },
		{ "fixed", required_argument, NULL, 'f' },
		{ "set", required_argument, NULL, 's' },
		{ "trace", no_argument, NULL, 'r' },
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'V' },
		{ 0 }
	};
	struct args a = { .mode = MODE_RUN };
	int c, ret;

	sim_controller_find(law_at(0)->name, &a.controller);
	while ((c = getopt_long(argc, argv, "", longs, NULL)) != -1) {
		if (c == 'L') {
			list();
			return EXIT_SUCCESS;
		}
		if (c == 'h') {
			usage(stdout);
			return EXIT_SUCCESS;
		}
		if (c == 'V') {
			puts("plant-sim " DENSITY_VERSION);
			return EXIT_SUCCESS;
		}
		ret = option(&a, c);
		if (ret)
			return ret;
	}
	if (argc - optind > 1) {
		usage(stderr);
		return EXIT_USAGE;
	}
	a.scenario = argv[optind];
	return dispatch(&a);
}
