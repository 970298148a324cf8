// SPDX-License-Identifier: GPL-2.0
/*
 * densityctl compare: two spans of time, or two laws, side by side; or the
 * configurations of an experiment.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../policy/law.h"
#include "cli.h"
#include "measure.h"
#include "outcome.h"
#include "when.h"
#include "words.h"

static struct {
	const char *experiment;
	const char *svg;
} args;

static const struct opt opts[] = {
	{ "experiment", 'e', OPT_TEXT, &args.experiment, "NAME",
	  "the configurations of an experiment instead" },
	{ "svg", 0, OPT_TEXT, &args.svg, "FILE",
	  "draw the experiment, too" },
	{ 0 },
};

struct side {
	const char *label;
	const char *law;	/* NULL: all laws */
	int64_t from_ms, to_ms;
	struct query_sum sum;
};

static int parse_side(const struct cli *cli, const char *text,
		      struct side *ret_side)
{
	const struct law *law = law_find(text);
	int err;

	*ret_side = (struct side){ .label = text, .to_ms = cli->now_ms };
	if (law) {
		ret_side->law = law->name;
		return CLI_OK;
	}
	err = when_parse_span(text, cli->now_ms, &ret_side->from_ms,
			      &ret_side->to_ms);
	if (!err)
		return CLI_OK;
	if (err == -ERANGE)
		cli_error("compare: '%s' ends before it begins", text);
	else
		cli_error("compare: '%s' is no law and no span (%s)", text,
			  WHEN_SPAN_EXPECTED);
	return CLI_USAGE;
}

static int load_side(struct cli *cli, struct query *query, struct side *side)
{
	int err = query_sum(query, side->from_ms, side->to_ms, side->law,
			    &side->sum);

	if (err && err != -ENODATA)
		return cli_done(err, cli->db_path);
	if (!err && side->sum.samples)
		return CLI_OK;
	cli_error("compare: the history has no samples of %s", side->label);
	return CLI_FAILURE;
}

/* One record per side, for programs. */
static int put_side(struct out *out, const char *name, const struct side *side)
{
	struct out_field fields[MEASURES_MAX + 5] = {
		{ "label", NULL, OUT_TEXT, 0 },
		{ "law", NULL, OUT_TEXT, 0 },
		{ "from_ms", NULL, OUT_PLAIN, 0 },
		{ "to_ms", NULL, OUT_PLAIN, 0 },
		{ "samples", NULL, OUT_COUNT, 0 },
	};
	struct out_value values[MEASURES_MAX + 5] = {
		OUT_STRING(side->label), OUT_STRING(side->law),
		OUT_NUMBER(side->from_ms), OUT_NUMBER(side->to_ms),
		OUT_NUMBER(side->sum.samples),
	};
	int err;

	for (unsigned int i = 0; i < measure_count(); i++) {
		fields[5 + i] = (struct out_field){ measure_at(i)->key, NULL,
						    OUT_REAL, 0 };
		values[5 + i] = OUT_NUMBER(measure_value(i, &side->sum));
	}
	err = out_begin(out, name, OUT_RECORD, fields, measure_count() + 5,
			OUT_MACHINE);
	if (!err)
		err = out_row(out, values);
	return err ? err : out_end(out);
}

static double ratio(unsigned int i, const struct side *a, const struct side *b)
{
	double under = measure_value(i, &a->sum);

	return under != 0 ? measure_value(i, &b->sum) / under : NAN;
}

static int put_ratio(struct out *out, const struct side *a,
		     const struct side *b)
{
	struct out_field fields[MEASURES_MAX];
	struct out_value values[MEASURES_MAX];
	int err;

	for (unsigned int i = 0; i < measure_count(); i++) {
		fields[i] = (struct out_field){ measure_at(i)->key, NULL,
						OUT_REAL, 0 };
		values[i] = OUT_NUMBER(ratio(i, a, b));
	}
	err = out_begin(out, "ratio_b_to_a", OUT_RECORD, fields,
			measure_count(), OUT_MACHINE);
	if (!err)
		err = out_row(out, values);
	return err ? err : out_end(out);
}

/* One table, for people. */
static int put_table(struct out *out, const struct side *a,
		     const struct side *b)
{
	char *la = words_safe(a->label, false);
	char *lb = words_safe(b->label, false);
	const struct out_field fields[] = {
		{ "measure", "", OUT_TEXT, 0 },
		{ "a", la, OUT_REAL, 0 },
		{ "b", lb, OUT_REAL, 0 },
		{ "ratio", "B/A", OUT_REAL, 0 },
	};
	int err = la && lb ? out_begin(out, "compare", OUT_LIST, fields, 4,
				       OUT_HUMAN) : -ENOMEM;

	for (unsigned int i = 0; i < measure_count() && !err; i++) {
		const struct out_value values[] = {
			OUT_STRING(measure_at(i)->label),
			OUT_NUMBER(measure_value(i, &a->sum)),
			OUT_NUMBER(measure_value(i, &b->sum)),
			OUT_NUMBER(ratio(i, a, b)),
		};

		err = out_row(out, values);
	}
	if (la && lb)
		err = out_end(out) ? : err;
	free(la);
	free(lb);
	return err;
}

static int compare_sides(struct cli *cli, char **argv)
{
	struct side a, b;
	struct query *query = NULL;
	int code, err;

	code = parse_side(cli, argv[0], &a);
	if (code == CLI_OK)
		code = parse_side(cli, argv[1], &b);
	if (code == CLI_OK)
		code = cli_history(cli, false, &query);
	if (code == CLI_OK)
		code = load_side(cli, query, &a);
	if (code == CLI_OK)
		code = load_side(cli, query, &b);
	query_close(query);
	if (code != CLI_OK)
		return code;
	err = put_table(&cli->out, &a, &b);
	if (!err)
		err = put_side(&cli->out, "a", &a);
	if (!err)
		err = put_side(&cli->out, "b", &b);
	if (!err)
		err = put_ratio(&cli->out, &a, &b);
	if (!err)
		err = out_finish(&cli->out);
	return cli_done(err, "output");
}

static int compare_experiment(struct cli *cli)
{
	struct query *query;
	int code = cli_history(cli, false, &query);

	if (code != CLI_OK)
		return code;
	code = outcome_show(cli, query, args.experiment, NULL, args.svg);
	query_close(query);
	return code;
}

static int run(struct cli *cli, int argc, char **argv)
{
	if (args.experiment && argc) {
		cli_error("compare: --experiment stands alone, without A and "
			  "B");
		return CLI_USAGE;
	}
	if (args.experiment)
		return compare_experiment(cli);
	if (args.svg || argc != 2) {
		cli_error(args.svg ? "compare: --svg needs --experiment" :
			  "usage: densityctl compare A B | --experiment NAME");
		return CLI_USAGE;
	}
	return compare_sides(cli, argv);
}

const struct command cmd_compare = {
	.name = "compare",
	.args = "A B | --experiment NAME",
	.summary = "two spans of time, or two laws, side by side",
	.opts = opts,
	.details =
		"A and B are each a span FROM..TO, a day (today, yesterday, "
		"2026-01-31), or the\nname of a law, which means all time "
		"under that law. For example:\n\n"
		"  densityctl compare -2h..-1h -1h..now\n"
		"  densityctl compare ksmtuned yield\n\n"
		"Of an experiment: the median of each configuration's turns, "
		"and the least and most.",
	.max_args = 2,
	.run = run,
};
