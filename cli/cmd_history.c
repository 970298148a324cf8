// SPDX-License-Identifier: GPL-2.0
/* densityctl history: samples of the past, as text, JSON or CSV. */
#include <errno.h>
#include <string.h>

#include "columns.h"
#include "words.h"

#define DEFAULT_SPAN_MS (3600 * 1000)

static struct {
	int64_t from_ms, to_ms;
	const char *columns;
	const char *rollup;
} args = { OPT_UNSET, OPT_UNSET, NULL, "auto" };

static const struct opt opts[] = {
	{ "from", 'f', OPT_WHEN, &args.from_ms, "TIME", "default: -1h" },
	{ "to", 't', OPT_WHEN, &args.to_ms, "TIME", "default: now" },
	{ "columns", 'c', OPT_TEXT, &args.columns, "LIST",
	  "names with commas between them; `help` lists them" },
	{ "rollup", 'r', OPT_TEXT, &args.rollup, "SPAN",
	  "auto (default), raw, minute or hour" },
	{ 0 },
};

struct table {
	struct out *out;
	const struct columns *columns;
	uint64_t rows;
};

static int put_row(void *arg, const struct query_row *row)
{
	struct out_value values[2 + QUERY_COLUMNS_MAX];
	struct table *table = arg;

	values[0] = OUT_NUMBER(row->real_ms);
	values[1] = OUT_NUMBER(row->span_ms);
	for (unsigned int i = 0; i < table->columns->n; i++)
		values[2 + i] = columns_value(row, table->columns->index[i]);
	table->rows++;
	return out_row(table->out, values);
}

static void set_fields(const struct columns *columns,
		       struct out_field *fields)
{
	fields[0] = (struct out_field){ "real_ms", "time", OUT_TIME, 0 };
	fields[1] = (struct out_field){ "span_ms", NULL, OUT_COUNT,
					OUT_MACHINE };
	for (unsigned int i = 0; i < columns->n; i++) {
		const struct query_column *column =
			columns_at(columns->index[i]);

		fields[2 + i] = (struct out_field){
			column->name, NULL,
			column->kind == QUERY_TEXT ? OUT_TEXT : OUT_REAL, 0,
		};
	}
}

static void explain_empty(struct query *query)
{
	char from[WORDS_NUMBER_LEN], to[WORDS_NUMBER_LEN];
	int64_t from_ms, to_ms;

	if (query_extent(query, &from_ms, &to_ms))
		fputs("The history is empty.\n", stderr);
	else
		fprintf(stderr, "No samples in this span; the history reaches "
			"from %s to %s.\n", words_time(from_ms, from),
			words_time(to_ms, to));
}

static int print(struct cli *cli, struct query *query,
		 const struct columns *columns, enum query_rollup rollup)
{
	struct out_field fields[2 + QUERY_COLUMNS_MAX];
	struct table table = { &cli->out, columns, 0 };
	enum query_rollup used = rollup;
	int err;

	set_fields(columns, fields);
	err = out_begin(&cli->out, "history", OUT_LIST, fields, 2 + columns->n,
			0);
	if (err)
		return err;
	err = query_samples(query, args.from_ms, args.to_ms, rollup, put_row,
			    &table, &used);
	err = out_end(&cli->out) ? : err;
	if (!err)
		err = out_finish(&cli->out);
	if (!err && !table.rows && cli->out.ops == &out_text)
		explain_empty(query);
	else if (!err && cli->tty && cli->out.ops == &out_text &&
		 rollup == QUERY_AUTO && used != QUERY_RAW)
		fprintf(stderr, "One row per %s; --rollup raw shows each "
			"sample that is still kept.\n",
			used == QUERY_HOUR ? "hour" : "minute");
	return err;
}

static int run(struct cli *cli, int argc, char **argv)
{
	struct columns columns;
	struct query *query;
	enum query_rollup rollup;
	int code, err;

	(void)argc;
	(void)argv;
	if (args.columns && !strcmp(args.columns, "help"))
		return cli_done(columns_list(&cli->out), "output");
	code = columns_parse(args.columns, "history", &columns);
	if (code == CLI_OK && columns_rollup(args.rollup, &rollup)) {
		cli_error("history: --rollup: '%s' is not auto, raw, minute "
			  "or hour", args.rollup);
		code = CLI_USAGE;
	}
	if (code == CLI_OK)
		code = cli_span(cli, DEFAULT_SPAN_MS, &args.from_ms,
				&args.to_ms);
	if (code == CLI_OK)
		code = cli_history(cli, false, &query);
	if (code != CLI_OK)
		return code;
	err = print(cli, query, &columns, rollup);
	query_close(query);
	return cli_done(err, cli->db_path);
}

const struct command cmd_history = {
	.name = "history",
	.args = "",
	.summary = "samples of the past",
	.details =
		"Each row speaks for the span that ends at its time: raw "
		"samples, minutes or hours,\nwhichever suits the length of "
		"the span and is still kept.",
	.opts = opts,
	.run = run,
};
