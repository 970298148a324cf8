// SPDX-License-Identifier: GPL-2.0
/* densityctl explain: what was decided, written and noticed, and why. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "notes.h"

static struct {
	int64_t from_ms, to_ms;
	uint32_t limit;
} args = { OPT_UNSET, OPT_UNSET, 20 };

static const struct opt opts[] = {
	{ "limit", 'n', OPT_UINT, &args.limit, "COUNT",
	  "the last so many; default 20" },
	{ "from", 'f', OPT_WHEN, &args.from_ms, "TIME",
	  "default: the beginning" },
	{ "to", 't', OPT_WHEN, &args.to_ms, "TIME", "default: now" },
	{ 0 },
};

/* A document holds them all in memory. */
#define LIMIT_MAX 100000

static const struct out_field fields[] = {
	{ "real_ms", "TIME", OUT_TIME, 0 },
	{ "kind", "KIND", OUT_TEXT, 0 },
	{ "what", "WHAT", OUT_TEXT, OUT_HUMAN },
	{ "name", NULL, OUT_TEXT, OUT_MACHINE },
	{ "law", NULL, OUT_TEXT, OUT_MACHINE },
	{ "phase", NULL, OUT_TEXT, OUT_MACHINE },
	{ "text", NULL, OUT_TEXT, OUT_MACHINE },
	{ "old_value", NULL, OUT_PLAIN, OUT_MACHINE },
	{ "new_value", NULL, OUT_PLAIN, OUT_MACHINE },
	{ "error", NULL, OUT_PLAIN, OUT_MACHINE },
	{ "run", NULL, OUT_PLAIN, OUT_MACHINE },
	{ "sleep_ms", NULL, OUT_PLAIN, OUT_MACHINE },
	{ "scan_pages", NULL, OUT_PLAIN, OUT_MACHINE },
	{ "why", "WHY", OUT_TEXT, OUT_HUMAN },
};
#define NFIELDS (sizeof(fields) / sizeof(fields[0]))

static struct out_value known(bool is_known, int64_t number)
{
	return is_known ? OUT_NUMBER(number) : OUT_NOTHING;
}

static int print_note(struct cli *cli, const struct query_note *note)
{
	bool decision = !strcmp(note->kind, "decision");
	bool write = !strcmp(note->kind, "write");
	char *what = notes_what(note), *why = notes_why(note);
	const struct out_value values[NFIELDS] = {
		OUT_NUMBER(note->real_ms), OUT_STRING(note->kind),
		OUT_STRING(what), OUT_STRING(note->name),
		OUT_STRING(decision ? note->law : NULL),
		OUT_STRING(decision ? note->phase : NULL),
		OUT_STRING(note->text), known(write, note->old_value),
		known(write, note->new_value), known(write, note->error),
		known(decision, note->run), known(decision, note->sleep_ms),
		known(decision, note->scan_pages), OUT_STRING(why),
	};
	int err = what && why ? out_row(&cli->out, values) : -ENOMEM;

	free(what);
	free(why);
	return err;
}

static int print(struct cli *cli, const struct notes *notes)
{
	int err;

	if (!notes->n && cli->out.ops->note) {
		err = out_note(&cli->out, "Nothing was decided yet.");
		return err ? err : out_finish(&cli->out);
	}
	err = out_begin(&cli->out, "explain", OUT_LIST, fields, NFIELDS, 0);
	if (err)
		return err;
	for (size_t i = 0; i < notes->n && !err; i++)
		err = print_note(cli, &notes->items[i].note);
	err = out_end(&cli->out) ? : err;
	return err ? err : out_finish(&cli->out);
}

static int run(struct cli *cli, int argc, char **argv)
{
	struct query *query = NULL;
	struct notes notes;
	int code;

	(void)argc;
	(void)argv;
	if (args.limit > LIMIT_MAX)
		args.limit = LIMIT_MAX;
	code = cli_span(cli, cli->now_ms, &args.from_ms, &args.to_ms);
	if (code != CLI_OK)
		return code;
	/* The last tick may have come after this command's now. */
	if (args.to_ms == cli->now_ms)
		args.to_ms += 60 * 1000;
	cli_history(cli, true, &query);
	code = notes_load(cli, query, true, args.from_ms, args.to_ms,
			  args.limit, &notes);
	if (code == CLI_OK)
		code = cli_done(print(cli, &notes), "output");
	notes_free(&notes);
	query_close(query);
	return code;
}

const struct command cmd_explain = {
	.name = "explain",
	.args = "",
	.summary = "the last decisions, knob writes and events, with reasons",
	.details =
		"The newest decisions come from the running densityd, the rest "
		"from the history.",
	.opts = opts,
	.run = run,
};
