// SPDX-License-Identifier: GPL-2.0
/*
 * densityctl compare: two spans of time, or two laws, side by side.
 *
 * What was bought is the integral of saved memory, what was paid is the CPU
 * time of ksmd and of the daemon; their quotient compares spans of different
 * lengths.
 */
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "../policy/law.h"
#include "cli.h"
#include "when.h"
#include "words.h"

struct side {
	const char *label;
	const char *law;	/* NULL: all laws */
	int64_t from_ms, to_ms;
	struct query_sum sum;
};

static double cpu_s(const struct query_sum *sum)
{
	return sum->ksmd_cpu_s + sum->daemon_cpu_s;
}

static double per_cpu(const struct query_sum *sum)
{
	return cpu_s(sum) > 0 ? sum->saved_gib_s / cpu_s(sum) : NAN;
}

static const struct measure {
	const char *key;
	const char *label;
	double (*of)(const struct query_sum *sum);
	size_t offset;
} measures[] = {
#define MEMBER(name) offsetof(struct query_sum, name)
	{ "span_s", "time covered, s", NULL, MEMBER(span_s) },
	{ "saved_gib_s", "saved memory, GiB-s", NULL, MEMBER(saved_gib_s) },
	{ "ksmd_cpu_s", "ksmd, CPU-s", NULL, MEMBER(ksmd_cpu_s) },
	{ "daemon_cpu_s", "densityd, CPU-s", NULL, MEMBER(daemon_cpu_s) },
	{ "saved_gib_s_per_cpu_s", "GiB-s per CPU-s", per_cpu, 0 },
	{ "saved_gib_mean", "saved on average, GiB", NULL,
	  MEMBER(saved_gib_mean) },
	{ "saved_gib_last", "saved at the end, GiB", NULL,
	  MEMBER(saved_gib_last) },
	{ "scanned_pages", "pages scanned", NULL, MEMBER(scanned_pages) },
	{ "cow_pages", "pages copied on write", NULL, MEMBER(cow_pages) },
#undef MEMBER
};
#define NMEASURES (sizeof(measures) / sizeof(measures[0]))

static double value_of(const struct measure *m, const struct query_sum *sum)
{
	if (m->of)
		return m->of(sum);
	return *(const double *)((const char *)sum + m->offset);
}

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
	struct out_field fields[NMEASURES + 5] = {
		{ "label", NULL, OUT_TEXT, 0 },
		{ "law", NULL, OUT_TEXT, 0 },
		{ "from_ms", NULL, OUT_PLAIN, 0 },
		{ "to_ms", NULL, OUT_PLAIN, 0 },
		{ "samples", NULL, OUT_COUNT, 0 },
	};
	struct out_value values[NMEASURES + 5] = {
		OUT_STRING(side->label), OUT_STRING(side->law),
		OUT_NUMBER(side->from_ms), OUT_NUMBER(side->to_ms),
		OUT_NUMBER(side->sum.samples),
	};
	int err;

	for (size_t i = 0; i < NMEASURES; i++) {
		fields[5 + i] = (struct out_field){ measures[i].key, NULL,
						    OUT_REAL, 0 };
		values[5 + i] = OUT_NUMBER(value_of(&measures[i], &side->sum));
	}
	err = out_begin(out, name, OUT_RECORD, fields, NMEASURES + 5,
			OUT_MACHINE);
	if (!err)
		err = out_row(out, values);
	return err ? err : out_end(out);
}

static double ratio(const struct measure *m, const struct side *a,
		    const struct side *b)
{
	double under = value_of(m, &a->sum);

	return under != 0 ? value_of(m, &b->sum) / under : NAN;
}

static int put_ratio(struct out *out, const struct side *a,
		     const struct side *b)
{
	struct out_field fields[NMEASURES];
	struct out_value values[NMEASURES];
	int err;

	for (size_t i = 0; i < NMEASURES; i++) {
		fields[i] = (struct out_field){ measures[i].key, NULL,
						OUT_REAL, 0 };
		values[i] = OUT_NUMBER(ratio(&measures[i], a, b));
	}
	err = out_begin(out, "ratio_b_to_a", OUT_RECORD, fields, NMEASURES,
			OUT_MACHINE);
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

	for (size_t i = 0; i < NMEASURES && !err; i++) {
		const struct measure *m = &measures[i];
		const struct out_value values[] = {
			OUT_STRING(m->label),
			OUT_NUMBER(value_of(m, &a->sum)),
			OUT_NUMBER(value_of(m, &b->sum)),
			OUT_NUMBER(ratio(m, a, b)),
		};

		err = out_row(out, values);
	}
	if (la && lb)
		err = out_end(out) ? : err;
	free(la);
	free(lb);
	return err;
}

static int run(struct cli *cli, int argc, char **argv)
{
	struct side a, b;
	struct query *query = NULL;
	int code, err;

	(void)argc;
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

const struct command cmd_compare = {
	.name = "compare",
	.args = "A B",
	.summary = "two spans of time, or two laws, side by side",
	.details =
		"A and B are each a span FROM..TO, a day (today, yesterday, "
		"2026-01-31), or the\nname of a law, which means all time "
		"under that law. For example:\n\n"
		"  densityctl compare -2h..-1h -1h..now\n"
		"  densityctl compare ksmtuned yield",
	.min_args = 2,
	.max_args = 2,
	.run = run,
};
