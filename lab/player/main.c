// SPDX-License-Identifier: GPL-2.0
/*
 * trace-player: plays an access trace in a small KVM guest and prints what it
 * cost KVM's shadow MMU. Arguments in, JSON lines out; see README.md.
 */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "player.h"
#include "stress.h"
#include "trace_file.h"

#define LIMIT_LEAST	64	/* KVM_MIN_ALLOC_MMU_PAGES: KVM takes no less */
#define LIMIT_MOST	(1u << 20)	/* more than any guest here can use */
#define FILE_PREFIX	"file:"

struct options {
	const char *trace;
	struct trace_size size;
	uint64_t seed;
	uint64_t repeat;
	uint64_t kill_after_ms;
	struct playback playback;
};

enum {
	OPT_TRACE = 256, OPT_STEPS, OPT_SEED, OPT_POOL, OPT_CR3S, OPT_ITEMS,
	OPT_VCPUS, OPT_WARM, OPT_REPEAT, OPT_SECONDS, OPT_WRITE, OPT_CHURN,
	OPT_LIMIT_WALK, OPT_KILL_AFTER, OPT_LIST, OPT_HELP,
};

static const struct option long_options[] = {
	{ "trace", required_argument, NULL, OPT_TRACE },
	{ "steps", required_argument, NULL, OPT_STEPS },
	{ "seed", required_argument, NULL, OPT_SEED },
	{ "pool", required_argument, NULL, OPT_POOL },
	{ "cr3s", required_argument, NULL, OPT_CR3S },
	{ "items", required_argument, NULL, OPT_ITEMS },
	{ "vcpus", required_argument, NULL, OPT_VCPUS },
	{ "warm", required_argument, NULL, OPT_WARM },
	{ "repeat", required_argument, NULL, OPT_REPEAT },
	{ "seconds", required_argument, NULL, OPT_SECONDS },
	{ "write", no_argument, NULL, OPT_WRITE },
	{ "churn", no_argument, NULL, OPT_CHURN },
	{ "limit-walk", no_argument, NULL, OPT_LIMIT_WALK },
	{ "kill-after", required_argument, NULL, OPT_KILL_AFTER },
	{ "list", no_argument, NULL, OPT_LIST },
	{ "help", no_argument, NULL, OPT_HELP },
	{ 0 },
};

static const char usage_text[] =
"usage: trace-player [OPTION]..\n"
"\n"
"Play an access trace in a small KVM guest; print KVM's counters as JSON.\n"
"\n"
"  --trace NAME     a name of --list, or file:PATH (default zipf)\n"
"  --steps N        pages touched (default: the trace's own)\n"
"  --seed N         of the generator (default 1)\n"
"  --items N        2 MiB regions in all, up to 2048 (default: the trace's)\n"
"  --cr3s N         address spaces they are dealt to, up to 64 (the same)\n"
"  --vcpus N        up to 16, each with a trace of its own (default 1)\n"
"  --pool PAGES     limit of shadow pages, 64 or more (default: no limit)\n"
"  --warm N         steps before counting begins (default 0)\n"
"  --repeat N       again in a new VM; one vCPU must count the same each time\n"
"  --write          touch by writing\n"
"stress:\n"
"  --seconds N      play the trace again and again for so long\n"
"  --churn          toggle dirty logging, create and delete a memory slot\n"
"  --limit-walk     move the limit from 64 pages to none and back\n"
"  --kill-after MS  end by SIGKILL\n"
"\n"
"  --list           the traces\n"
"  --help           this text\n";

static _Noreturn void usage_error(const char *format, const char *what)
{
	fprintf(stderr, "trace-player: ");
	fprintf(stderr, format, what);
	fprintf(stderr, "\n\n%s", usage_text);
	exit(2);
}

static const char *option_name(int option)
{
	for (size_t i = 0; long_options[i].name; i++)
		if (long_options[i].val == option)
			return long_options[i].name;
	return "?";
}

/* strtoull() alone would take "-1" and "". */
static uint64_t number(int option, uint64_t least, uint64_t most)
{
	unsigned long long value;
	char message[128], *end;

	errno = 0;
	value = strtoull(optarg, &end, 10);
	if (!strchr("0123456789", optarg[0]) || end == optarg || *end ||
	    errno || value < least || value > most) {
		snprintf(message, sizeof(message),
			 "--%s wants a number from %llu to %llu, not '%%s'",
			 option_name(option), (unsigned long long)least,
			 (unsigned long long)most);
		usage_error(message, optarg);
	}
	return value;
}

static void take_stress(struct options *options, int option)
{
	struct playback *playback = &options->playback;

	switch (option) {
	case OPT_SECONDS:
		playback->seconds = number(option, 1, 1000000);
		break;
	case OPT_CHURN:
		playback->churn = true;
		break;
	case OPT_LIMIT_WALK:
		playback->limit_walk = true;
		break;
	case OPT_KILL_AFTER:
		options->kill_after_ms = number(option, 1, 1000000000);
		break;
	case OPT_WRITE:
		playback->write = true;
		break;
	}
}

static void take_size(struct options *options, int option)
{
	switch (option) {
	case OPT_STEPS:
		options->size.steps = number(option, 1, 1ULL << 40);
		break;
	case OPT_CR3S:
		options->size.cr3s = number(option, 1, TRACE_CR3S_MAX);
		break;
	case OPT_ITEMS:
		options->size.items = number(option, 1, TRACE_ITEMS_MAX);
		break;
	}
}

static void list_traces(void)
{
	const struct trace_spec *spec;

	for (size_t i = 0; (spec = trace_at(i)); i++)
		printf("%-10s %u x %u, %6u steps: %s\n", spec->name, spec->cr3s,
		       spec->items, spec->steps, spec->about);
}

static void take_option(struct options *options, int option)
{
	switch (option) {
	case OPT_TRACE:
		options->trace = optarg;
		break;
	case OPT_SEED:
		options->seed = number(option, 0, UINT64_MAX);
		break;
	case OPT_POOL:
		options->playback.limit_pages = number(option, LIMIT_LEAST,
						       LIMIT_MOST);
		break;
	case OPT_VCPUS:
		options->playback.vcpus = number(option, 1, GUEST_VCPUS_MAX);
		break;
	case OPT_WARM:
		options->playback.warm = number(option, 0, 1ULL << 40);
		break;
	case OPT_REPEAT:
		options->repeat = number(option, 1, 1000000);
		break;
	case OPT_LIST:
		list_traces();
		exit(0);
	case OPT_HELP:
		fputs(usage_text, stdout);
		exit(0);
	case '?':
		fputs(usage_text, stderr);
		exit(2);
	default:
		take_size(options, option);
		take_stress(options, option);
	}
}

static void parse(int argc, char **argv, struct options *ret_options)
{
	struct options options = {
		.trace = "zipf", .seed = 1, .repeat = 1,
		.playback = { .vcpus = 1, .limit_pages = LIMIT_MOST },
	};
	int option;

	while ((option = getopt_long(argc, argv, "", long_options, NULL)) >= 0)
		take_option(&options, option);
	if (optind < argc)
		usage_error("unexpected argument '%s'", argv[optind]);
	*ret_options = options;
}

static void open_file(const struct options *options, const char *path,
		      struct trace *traces)
{
	/* Lives as long as the process: the traces borrow its steps. */
	static struct trace_file file;
	char error[TRACE_FILE_ERROR_SIZE];
	uint64_t steps;

	if (options->size.items || options->size.cr3s)
		usage_error("%s", "a recorded trace has its own --items, --cr3s");
	if (trace_file_load(path, error, &file)) {
		fprintf(stderr, "trace-player: %s\n", error);
		exit(1);
	}
	steps = file.nsteps;
	if (options->size.steps && options->size.steps < steps)
		steps = options->size.steps;
	for (unsigned int i = 0; i < options->playback.vcpus; i++)
		trace_open_recorded(file.steps, steps, &traces[i]);
}

static void open_named(const struct options *options, struct trace *traces)
{
	const struct trace_spec *spec = trace_find(options->trace);

	if (!spec)
		usage_error("no trace named '%s', see --list", options->trace);
	for (unsigned int i = 0; i < options->playback.vcpus; i++)
		if (trace_open(spec, options->seed + i, &options->size,
			       &traces[i]))
			usage_error("%s", "fewer --items than --cr3s");
}

static void open_traces(const struct options *options, struct trace *traces)
{
	size_t prefix = strlen(FILE_PREFIX);

	if (strncmp(options->trace, FILE_PREFIX, prefix))
		open_named(options, traces);
	else
		open_file(options, options->trace + prefix, traces);
	if (options->playback.warm >= traces[0].steps)
		usage_error("%s", "--warm leaves no step to count");
}

/* A file's name may hold what JSON must not. */
static void print_string(const char *text)
{
	putchar('"');
	for (; *text; text++) {
		if ((unsigned char)*text < ' ')
			printf("\\u%04x", *text);
		else
			printf(*text == '"' || *text == '\\' ? "\\%c" : "%c",
			       *text);
	}
	putchar('"');
}

static void print_result(const struct options *options,
			 const struct trace *trace,
			 const struct playback_result *result)
{
	const struct playback *playback = &options->playback;

	printf("{\"trace\": ");
	print_string(options->trace);
	printf(", \"seed\": %llu, \"cr3s\": %u, \"items\": %u, \"vcpus\": %u",
	       (unsigned long long)options->seed, trace->cr3s, trace->items,
	       playback->vcpus);
	printf(", \"pool\": %u, \"warm\": %llu, \"steps\": %llu",
	       playback->limit_pages, (unsigned long long)playback->warm,
	       (unsigned long long)result->steps);
	printf(", \"run_tsc\": %llu%s}\n", (unsigned long long)result->run_tsc,
	       result->counters);
	fflush(stdout);
}

/* With one vCPU and nothing beside it, counters are a function of the trace. */
static bool must_repeat(const struct playback *playback)
{
	return playback->vcpus == 1 && !playback->seconds && !playback->churn &&
	       !playback->limit_walk;
}

static int play_repeatedly(const struct options *options,
			   const struct trace *traces)
{
	struct playback_result result;
	char *first = NULL;
	int status = 0;

	for (uint64_t i = 0; !status && i < options->repeat; i++) {
		if (playback_run(&options->playback, &result)) {
			status = 1;
			break;
		}
		print_result(options, traces, &result);
		if (!first) {
			first = result.counters;
			continue;
		}
		if (must_repeat(&options->playback) &&
		    strcmp(first, result.counters)) {
			fprintf(stderr, "trace-player: counters differ\n");
			status = 1;
		}
		free(result.counters);
	}
	free(first);
	return status;
}

static void on_signal(int signal)
{
	static const char text[] = "trace-player: ended by a signal\n";
	ssize_t ignored = write(STDERR_FILENO, text, sizeof(text) - 1);

	(void)ignored;
	(void)signal;
	_exit(1);
}

int main(int argc, char **argv)
{
	static struct trace traces[GUEST_VCPUS_MAX];
	struct options options;

	parse(argc, argv, &options);
	open_traces(&options, traces);
	options.playback.traces = traces;
	signal(SIGINT, on_signal);
	signal(SIGTERM, on_signal);
	signal(SIGHUP, on_signal);
	if (options.kill_after_ms)
		stress_kill_after(options.kill_after_ms);
	return play_repeatedly(&options, traces);
}
