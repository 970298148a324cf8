// SPDX-License-Identifier: GPL-2.0
/*
 * densityctl experiment: configurations of this host take turns, and the
 * history keeps what each was like.
 *
 * A turn consists of overrides that end by themselves soon after it: when this
 * program, its terminal or the network dies, the policy file is back in force a
 * minute later. A turn that was measured to its end is noted in the history, and
 * the same command goes on behind the last one.
 *
 * Invariant: between turns, and at the end, no override of the plan is left.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cli.h"
#include "outcome.h"
#include "plan.h"
#include "turns.h"
#include "when.h"
#include "words.h"

/* An override outlives its turn by so much at most. */
#define GRACE_S 30
/* In a turn nobody is kept waiting: a host that is busy for a while ends none. */
#define TURN_ANSWER_MS 20000
/* Whether all is as it was set is asked so often. */
#define ASK_EVERY_S 5
/* The daemon writes what is noted after 5 s by default, 60 s at the latest. */
#define WRITTEN_WITHIN_S 75

static struct {
	const char *svg;
} args;

static const struct opt opts[] = {
	{ "svg", 0, OPT_TEXT, &args.svg, "FILE", "draw the outcome, too" },
	{ 0 },
};

struct experiment {
	struct cli *cli;
	struct plan plan;
	struct turns done;
	unsigned int left;	/* turns to make, this one included */
	sigset_t signals;	/* that end it */
};

static int64_t mono_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_BOOTTIME, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static int call(const struct experiment *e, const char *method,
		json_t *parameters)
{
	int code = parameters ? cli_call(e->cli, method, parameters, false,
					 NULL) :
				cli_done(-ENOMEM, method);

	json_decref(parameters);
	return code;
}

static int set(const struct experiment *e, const struct plan_setting *setting)
{
	json_int_t seconds = (e->plan.warm_up_ms + e->plan.span_ms) / 1000 +
			     GRACE_S;

	return call(e, "Set", json_pack("{ss ss sI}", "key", setting->key,
					"value", setting->value, "seconds",
					seconds));
}

static int unset(const struct experiment *e, const char *key)
{
	return call(e, "Unset", json_pack("{ss}", "key", key));
}

static const json_t *override_of(const json_t *status, const char *key)
{
	const json_t *list = json_object_get(status, "overrides");
	const json_t *item;
	size_t i;

	json_array_foreach(list, i, item) {
		const char *name = cli_string(item, "key");

		if (name && !strcmp(name, key))
			return item;
	}
	return NULL;
}

/* In force, and as the plan would have it: nobody else's. */
static bool is_ours(const struct plan *plan, const json_t *status,
		    const char *key)
{
	const char *value = cli_string(override_of(status, key), "value");

	for (unsigned int i = 0; i < plan->nsides && value; i++) {
		const struct plan_setting *setting = plan_find(&plan->sides[i],
							       key);

		if (setting && !strcmp(setting->value, value))
			return true;
	}
	return false;
}

/* End the overrides of the plan but those that @next is about to set. */
static int clear(const struct experiment *e, const struct plan_side *next)
{
	json_t *status;
	int code = cli_call(e->cli, "GetStatus", NULL, false, &status);
	const json_t *item;
	size_t i;

	if (code != CLI_OK)
		return code;
	json_array_foreach(json_object_get(status, "overrides"), i, item) {
		const char *key = cli_string(item, "key");

		if (key && is_ours(&e->plan, status, key) &&
		    !(next && plan_find(next, key)))
			code = unset(e, key) ? : code;
	}
	json_decref(status);
	return code;
}

static int begin_turn(const struct experiment *e, const struct plan_side *side)
{
	int code = clear(e, side);

	for (unsigned int i = 0; i < side->nsettings && code == CLI_OK; i++)
		code = set(e, &side->settings[i]);
	return code;
}

/* Has somebody else laid hands on the host meanwhile? */
static int check_turn(const struct experiment *e, const struct plan_side *side)
{
	json_t *status;
	int code = cli_call(e->cli, "GetStatus", NULL, false, &status);
	size_t count;

	if (code != CLI_OK)
		return code;
	count = json_array_size(json_object_get(status, "overrides"));
	for (unsigned int i = 0; i < side->nsettings && code == CLI_OK; i++) {
		const struct plan_setting *setting = &side->settings[i];
		const char *value = cli_string(override_of(status,
							   setting->key),
					       "value");

		if (!value || strcmp(value, setting->value)) {
			cli_error("experiment: %s is no longer %s; somebody "
				  "else set it", setting->key, setting->value);
			code = CLI_FAILURE;
		}
	}
	if (code == CLI_OK && count != side->nsettings) {
		cli_error("experiment: somebody else set an override");
		code = CLI_FAILURE;
	}
	if (code == CLI_OK && (cli_true(status, "stood_aside") ||
			       cli_number(status, "hands_off_ms") > 0)) {
		cli_error("experiment: densityd keeps its hands off: %s",
			  cli_string(status, "text") ? : "told to");
		code = CLI_FAILURE;
	}
	json_decref(status);
	return code;
}

static void show(const struct experiment *e, const char *name,
		 unsigned int round, const char *what, int64_t gone_ms,
		 int64_t of_ms)
{
	int64_t left_ms = (int64_t)e->left *
			  (e->plan.warm_up_ms + e->plan.span_ms);

	if (!isatty(STDERR_FILENO))
		return;
	fprintf(stderr, "\r\033[Kround %u of %u, %s: %s, %lld of %lld s; "
		"at most %lld min left", round, e->plan.rounds, name, what,
		(long long)gone_ms / 1000, (long long)of_ms / 1000,
		(long long)(left_ms + 59999) / 60000);
	fflush(stderr);
}

static void clear_line(void)
{
	if (isatty(STDERR_FILENO))
		fputs("\r\033[K", stderr);
}

/* CLI_FAILURE when it was told to end. */
static int wait_for(const struct experiment *e, const struct plan_side *side,
		    unsigned int round, const char *what, int64_t ms)
{
	const struct timespec second = { .tv_sec = 1 };
	int64_t begin = mono_ms(), asked = begin, now;
	int code = CLI_OK;

	while (code == CLI_OK && (now = mono_ms()) < begin + ms) {
		struct timespec rest = second;

		show(e, side->name, round, what, now - begin, ms);
		if (begin + ms - now < 1000)
			rest = (struct timespec){
				.tv_nsec = (begin + ms - now) * 1000000,
			};
		if (sigtimedwait(&e->signals, NULL, &rest) > 0) {
			clear_line();
			cli_error("experiment: stopped; the same command goes "
				  "on behind the last whole turn");
			return CLI_FAILURE;
		}
		if (mono_ms() - asked < ASK_EVERY_S * 1000)
			continue;
		asked = mono_ms();
		clear_line();
		code = check_turn(e, side);
	}
	clear_line();
	return code == CLI_OK ? check_turn(e, side) : code;
}

static int take_turn(struct experiment *e, const struct plan_side *side,
		     unsigned int round)
{
	int64_t from_ms;
	int code = begin_turn(e, side);

	if (code == CLI_OK)
		code = wait_for(e, side, round, "warming up",
				e->plan.warm_up_ms);
	from_ms = when_now_ms();
	if (code == CLI_OK)
		code = wait_for(e, side, round, "measuring", e->plan.span_ms);
	if (code != CLI_OK)
		return code;
	code = call(e, "EndTurn", json_pack("{ss ss ss sI sI sI}",
					    "experiment", e->plan.name,
					    "plan", e->plan.digest,
					    "configuration", side->name,
					    "round", (json_int_t)round,
					    "from_ms", (json_int_t)from_ms,
					    "to_ms",
					    (json_int_t)when_now_ms()));
	if (code == CLI_OK)
		fprintf(stderr, "round %u of %u, %s: done\n", round,
			e->plan.rounds, side->name);
	return code;
}

static int take_turns(struct experiment *e)
{
	int code = CLI_OK;

	for (unsigned int round = 1; round <= e->plan.rounds; round++) {
		for (unsigned int i = 0; i < e->plan.nsides; i++) {
			const struct plan_side *side = &e->plan.sides[i];

			if (code != CLI_OK ||
			    turns_has(&e->done, side->name, round))
				continue;
			code = take_turn(e, side, round);
			e->left--;
		}
	}
	return code;
}

/* No daemon, one that keeps off, or overrides of somebody: not now. */
static int check_host(const struct experiment *e)
{
	const struct plan_side none = { .nsettings = 0 };

	return check_turn(e, &none);
}

static int load_done(struct experiment *e)
{
	struct query *query;
	int code = cli_history(e->cli, false, &query);
	int err;

	if (code != CLI_OK)
		return code;
	turns_free(&e->done);
	err = turns_load(query, e->plan.name, e->plan.digest, &e->done);
	query_close(query);
	return cli_done(err, e->cli->db_path);
}

static unsigned int count_left(const struct experiment *e)
{
	unsigned int left = 0;

	for (unsigned int round = 1; round <= e->plan.rounds; round++)
		for (unsigned int i = 0; i < e->plan.nsides; i++)
			left += !turns_has(&e->done, e->plan.sides[i].name,
					   round);
	return left;
}

/* The daemon notes at once and writes a little later. */
static int await_history(struct experiment *e)
{
	int64_t until = mono_ms() + WRITTEN_WITHIN_S * 1000;
	const struct timespec second = { .tv_sec = 1 };
	int code;

	do {
		code = load_done(e);
		if (code != CLI_OK || !count_left(e))
			return code;
	} while (mono_ms() < until &&
		 sigtimedwait(&e->signals, NULL, &second) < 0);
	cli_error("experiment: the last turn is not in the history yet; "
		  "`densityctl compare --experiment %s` will tell",
		  e->plan.name);
	return CLI_FAILURE;
}

static void catch_signals(struct experiment *e)
{
	sigemptyset(&e->signals);
	sigaddset(&e->signals, SIGINT);
	sigaddset(&e->signals, SIGTERM);
	sigaddset(&e->signals, SIGHUP);
	sigprocmask(SIG_BLOCK, &e->signals, NULL);
}

static int show_outcome(struct experiment *e)
{
	struct query *query;
	int code = cli_history(e->cli, false, &query);

	if (code != CLI_OK)
		return code;
	code = outcome_show(e->cli, query, e->plan.name, e->plan.digest,
			    args.svg);
	query_close(query);
	return code;
}

static int run_plan(struct experiment *e)
{
	int code = check_host(e), ended;

	if (code == CLI_OK)
		code = load_done(e);
	if (code != CLI_OK)
		return code;
	e->left = count_left(e);
	fprintf(stderr, "experiment %s: %u of %u turns to make, at most %lld "
		"min\n", e->plan.name, e->left, e->plan.rounds *
		e->plan.nsides, (long long)((int64_t)e->left *
		(e->plan.warm_up_ms + e->plan.span_ms) + 59999) / 60000);
	catch_signals(e);
	if (e->left) {
		e->cli->answer_ms = TURN_ANSWER_MS;
		code = take_turns(e);
		ended = clear(e, NULL);
		if (code == CLI_OK)
			code = ended;
	}
	if (code == CLI_OK)
		code = await_history(e);
	return code == CLI_OK ? show_outcome(e) : code;
}

static int run(struct cli *cli, int argc, char **argv)
{
	struct experiment e = { .cli = cli };
	char error[PLAN_ERROR_LEN];
	int code;

	(void)argc;
	if (strcmp(argv[0], "run")) {
		cli_error("experiment: expected run PLAN, not '%s'", argv[0]);
		return CLI_USAGE;
	}
	if (plan_load(argv[1], &e.plan, error)) {
		cli_error("%s", error);
		return CLI_USAGE;
	}
	code = run_plan(&e);
	turns_free(&e.done);
	return code;
}

const struct command cmd_experiment = {
	.name = "experiment",
	.args = "run PLAN",
	.summary = "let configurations take turns, and compare them",
	.details =
		"PLAN is a file such as:\n\n"
		"  [experiment]\n"
		"  warm_up = 1m\n"
		"  span = 5m\n"
		"  rounds = 3\n\n"
		"  [configuration yield]\n"
		"  law = yield\n\n"
		"  [configuration ksmtuned]\n"
		"  law = ksmtuned\n\n"
		"Settings are those of `densityctl set`. A run that was stopped "
		"goes on with the\nsame command. Afterwards, and while it runs: "
		"densityctl compare --experiment NAME.",
	.opts = opts,
	.min_args = 2,
	.max_args = 2,
	.run = run,
};
