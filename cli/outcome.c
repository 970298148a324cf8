// SPDX-License-Identifier: GPL-2.0
/* See outcome.h. A cell is what one configuration's turns say of one measure. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "gnuplot.h"
#include "measure.h"
#include "outcome.h"
#include "save.h"
#include "turns.h"
#include "words.h"

#define CELL_LEN 64
/* What a picture of an experiment shows, where it is known. */
#define PANES_MAX 6

struct cell {
	double median, least, most;
	unsigned int n;		/* turns of which the measure is known */
};

struct side {
	const char *name;	/* the turns' */
	unsigned int nturns;
	struct cell cells[MEASURES_MAX];
};

struct outcome {
	struct turns turns;
	struct query_sum *sums;	/* of each turn */
	unsigned int nsides;
	struct side sides[PLAN_SIDES_MAX];
};

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static struct cell summarize(double *values, unsigned int n)
{
	struct cell cell = { NAN, NAN, NAN, n };

	if (!n)
		return cell;
	qsort(values, n, sizeof(*values), compare);
	cell.least = values[0];
	cell.most = values[n - 1];
	cell.median = (values[(n - 1) / 2] + values[n / 2]) / 2;
	return cell;
}

static struct side *side_of(struct outcome *o, const char *name)
{
	for (unsigned int i = 0; i < o->nsides; i++)
		if (!strcmp(o->sides[i].name, name))
			return &o->sides[i];
	if (o->nsides == PLAN_SIDES_MAX)
		return NULL;
	o->sides[o->nsides].name = name;
	return &o->sides[o->nsides++];
}

static void fill_side(const struct outcome *o, struct side *side,
		      double *values)
{
	for (unsigned int m = 0; m < measure_count(); m++) {
		unsigned int n = 0;

		for (size_t i = 0; i < o->turns.n; i++) {
			double value = measure_value(m, &o->sums[i]);

			if (!strcmp(o->turns.items[i].side, side->name) &&
			    o->sums[i].samples && !isnan(value))
				values[n++] = value;
		}
		side->cells[m] = summarize(values, n);
	}
}

static int load(struct query *query, const char *name, const char *digest,
		struct outcome *ret_outcome)
{
	struct outcome *o = ret_outcome;
	double *values = NULL;
	int err = turns_load(query, name, digest, &o->turns);

	if (!err && !o->turns.n)
		err = -ENODATA;
	if (err)
		return err;
	o->sums = calloc(o->turns.n, sizeof(*o->sums));
	values = calloc(o->turns.n, sizeof(*values));
	if (!o->sums || !values)
		err = -ENOMEM;
	for (size_t i = 0; i < o->turns.n && !err; i++) {
		const struct turn *turn = &o->turns.items[i];
		struct side *side = side_of(o, turn->side);

		err = query_sum(query, turn->from_ms, turn->to_ms, NULL,
				&o->sums[i]);
		if (side)
			side->nturns++;
	}
	for (unsigned int i = 0; i < o->nsides && !err; i++)
		fill_side(o, &o->sides[i], values);
	free(values);
	return err;
}

static void unload(struct outcome *o)
{
	turns_free(&o->turns);
	free(o->sums);
}

static bool is_known(const struct outcome *o, unsigned int measure)
{
	for (unsigned int i = 0; i < o->nsides; i++)
		if (o->sides[i].cells[measure].n)
			return true;
	return false;
}

static const char *cell_text(const struct cell *cell, char buf[CELL_LEN])
{
	if (!cell->n)
		return NULL;
	snprintf(buf, CELL_LEN, "%.4g (%.4g..%.4g)", cell->median, cell->least,
		 cell->most);
	return buf;
}

/* For people: measures down, configurations across. */
static int put_table(struct out *out, const struct outcome *o)
{
	struct out_field fields[PLAN_SIDES_MAX + 2] = {
		{ "measure", "", OUT_TEXT, 0 },
	};
	char labels[PLAN_SIDES_MAX][CELL_LEN];
	unsigned int nfields = 1;
	bool two = o->nsides == 2;
	int err;

	for (unsigned int i = 0; i < o->nsides; i++) {
		snprintf(labels[i], CELL_LEN, "%s, %u turn%s",
			 o->sides[i].name, o->sides[i].nturns,
			 o->sides[i].nturns == 1 ? "" : "s");
		fields[nfields++] = (struct out_field){
			o->sides[i].name, labels[i], OUT_TEXT, 0,
		};
	}
	if (two)
		fields[nfields++] = (struct out_field){
			"ratio", "second/first", OUT_REAL, 0,
		};
	err = out_begin(out, "experiment", OUT_LIST, fields, nfields,
			OUT_HUMAN);
	for (unsigned int m = 0; m < measure_count() && !err; m++) {
		struct out_value values[PLAN_SIDES_MAX + 2];
		char texts[PLAN_SIDES_MAX][CELL_LEN];

		if (!is_known(o, m))
			continue;
		values[0] = OUT_STRING(measure_at(m)->label);
		for (unsigned int i = 0; i < o->nsides; i++)
			values[1 + i] = OUT_STRING(cell_text(
				&o->sides[i].cells[m], texts[i]));
		if (two)
			values[3] = OUT_NUMBER(o->sides[0].cells[m].median ?
				o->sides[1].cells[m].median /
				o->sides[0].cells[m].median : NAN);
		err = out_row(out, values);
	}
	return err ? err : out_end(out);
}

/* For programs: a row for each configuration and measure. */
static int put_cells(struct out *out, const struct outcome *o)
{
	static const struct out_field fields[] = {
		{ "configuration", NULL, OUT_TEXT, 0 },
		{ "measure", NULL, OUT_TEXT, 0 },
		{ "turns", NULL, OUT_COUNT, 0 },
		{ "median", NULL, OUT_REAL, 0 },
		{ "least", NULL, OUT_REAL, 0 },
		{ "most", NULL, OUT_REAL, 0 },
	};
	int err = out_begin(out, "cells", OUT_LIST, fields, 6, OUT_MACHINE);

	for (unsigned int i = 0; i < o->nsides; i++) {
		for (unsigned int m = 0; m < measure_count() && !err; m++) {
			const struct cell *cell = &o->sides[i].cells[m];
			const struct out_value values[] = {
				OUT_STRING(o->sides[i].name),
				OUT_STRING(measure_at(m)->key),
				OUT_NUMBER(cell->n), OUT_NUMBER(cell->median),
				OUT_NUMBER(cell->least),
				OUT_NUMBER(cell->most),
			};

			err = out_row(out, values);
		}
	}
	return err ? err : out_end(out);
}

/* The least and most as a bar, the median as a point. */
static void draw_pane(FILE *script, const struct outcome *o, unsigned int m)
{
	fprintf(script, "set title '%s' font ',11'\n$D << E\n",
		measure_at(m)->label);
	for (unsigned int i = 0; i < o->nsides; i++) {
		const struct cell *cell = &o->sides[i].cells[m];

		if (cell->n)
			fprintf(script, "%u %g %g %g %s\n", i, cell->median,
				cell->least, cell->most, o->sides[i].name);
	}
	fprintf(script, "E\nplot [-0.5:%u.5] [0:*] $D using 1:2:3:4:"
		"xticlabels(5) with yerrorbars pt 7 ps 1 lw 2 lc rgb "
		"'#2f6fb0'\n", o->nsides - 1);
}

static char *draw(const struct outcome *o)
{
	static const char *const wanted[PANES_MAX] = {
		"saved_gib_mean", "ksmd_cpu_s", "saved_gib_s_per_cpu_s",
		"cached_gib_mean", "stall_mem_s", "shadow_refaults",
	};
	unsigned int panes[PANES_MAX], npanes = 0;
	char *text = NULL;
	size_t len;
	FILE *script;

	for (unsigned int w = 0; w < PANES_MAX; w++)
		for (unsigned int m = 0; m < measure_count(); m++)
			if (!strcmp(measure_at(m)->key, wanted[w]) &&
			    is_known(o, m))
				panes[npanes++] = m;
	script = open_memstream(&text, &len);
	if (!script || !npanes) {
		if (script)
			fclose(script);
		free(text);
		return NULL;
	}
	fprintf(script, "set terminal svg size %u,260 noenhanced font 'sans,10' "
		"background rgb 'white'\nunset key\nset border 3\n"
		"set tics nomirror out\nset multiplot layout 1,%u\n",
		npanes * 230, npanes);
	for (unsigned int i = 0; i < npanes; i++)
		draw_pane(script, o, panes[i]);
	if (fclose(script)) {
		free(text);
		return NULL;
	}
	return text;
}

static int save_picture(const struct outcome *o, const char *svg)
{
	char error[GNUPLOT_ERROR_LEN];
	char *script = draw(o), *picture = NULL;
	size_t len;
	int code, err;

	if (!script)
		return cli_done(-ENOMEM, "plot");
	err = gnuplot_run(script, &picture, &len, error);
	free(script);
	if (err) {
		cli_error("compare: gnuplot: %s", *error ? error :
			  strerror(-err));
		return CLI_FAILURE;
	}
	code = cli_done(save_file(svg, picture, len), svg);
	free(picture);
	return code;
}

int outcome_show(struct cli *cli, struct query *query, const char *name,
		 const char *digest, const char *svg)
{
	struct outcome o = { 0 };
	int code = CLI_OK;
	int err = load(query, name, digest, &o);

	if (err == -ENODATA) {
		cli_error("the history has no turn of an experiment '%s'",
			  name);
		code = CLI_FAILURE;
	} else if (err) {
		code = cli_done(err, cli->db_path);
	} else {
		err = put_table(&cli->out, &o);
		if (!err)
			err = put_cells(&cli->out, &o);
		if (!err)
			err = out_finish(&cli->out);
		code = cli_done(err, "output");
	}
	if (code == CLI_OK && svg)
		code = save_picture(&o, svg);
	unload(&o);
	return code;
}
