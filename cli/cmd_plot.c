// SPDX-License-Identifier: GPL-2.0
/* densityctl plot: the history as a picture, in the terminal or in a file. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "figure.h"
#include "gnuplot.h"
#include "save.h"

#define DEFAULT_SPAN_MS (3600 * 1000)
#define PICTURE_WIDTH 1100
#define DUMB_WIDTH 100
#define DUMB_PANE 9		/* lines, at least */

static struct {
	int64_t from_ms, to_ms;
	const char *columns;
	const char *rollup;
	const char *svg;
	const char *png;
} args = { OPT_UNSET, OPT_UNSET, NULL, "auto", NULL, NULL };

static const struct opt opts[] = {
	{ "from", 'f', OPT_WHEN, &args.from_ms, "TIME", "default: -1h" },
	{ "to", 't', OPT_WHEN, &args.to_ms, "TIME", "default: now" },
	{ "columns", 'c', OPT_TEXT, &args.columns, "LIST",
	  "panes: a comma begins one, a plus adds a curve" },
	{ "rollup", 'r', OPT_TEXT, &args.rollup, "SPAN",
	  "auto (default), raw, minute or hour" },
	{ "svg", 0, OPT_TEXT, &args.svg, "FILE", "write SVG" },
	{ "png", 0, OPT_TEXT, &args.png, "FILE", "write PNG" },
	{ 0 },
};

static char *make_script(const struct cli *cli, const struct figure *figure,
			 const struct series *series)
{
	unsigned int width = DUMB_WIDTH, height = DUMB_PANE * figure->npanes;
	enum figure_kind kind = FIGURE_DUMB;
	struct winsize size;

	if (args.svg || args.png)
		return figure_script(figure, series,
				     args.svg ? FIGURE_SVG : FIGURE_PNG,
				     PICTURE_WIDTH, figure_height(figure));
	if (cli->tty && !cli->json &&
	    !ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) && size.ws_col) {
		/* A line is left for the prompt. */
		width = size.ws_col > 40 ? size.ws_col : 40;
		if (size.ws_row > height + 1u)
			height = size.ws_row - 1u;
	}
	if (cli->out.color && !cli->json)
		kind = FIGURE_DUMB_COLOR;
	return figure_script(figure, series, kind, width, height);
}

/*
 * gnuplot begins a page with a form feed and fills it with blanks; neither is
 * wanted at the top and at the ends of lines. In place.
 */
static void trim(char *picture)
{
	char *to = picture;
	char *line = picture;

	while (*line) {
		size_t len = strcspn(line, "\n");
		size_t used = len;
		bool more = line[len];

		while (used && strchr(" \f", line[used - 1]))
			used--;
		while (used && *line == '\f')
			line++, len--, used--;
		if (used || to != picture) {
			memmove(to, line, used);
			to += used;
			if (more)
				*to++ = '\n';
		}
		line += len + more;
	}
	*to = '\0';
}

static int tell(struct cli *cli, const struct series *series,
		const char *picture)
{
	static const struct out_field fields[] = {
		{ "file", NULL, OUT_TEXT, 0 },
		{ "from_ms", NULL, OUT_PLAIN, 0 },
		{ "to_ms", NULL, OUT_PLAIN, 0 },
		{ "rows", NULL, OUT_COUNT, 0 },
		{ "points", NULL, OUT_COUNT, 0 },
		{ "text", NULL, OUT_TEXT, 0 },
	};
	const char *file = args.svg ? args.svg : args.png;
	const struct out_value values[] = {
		OUT_STRING(file), OUT_NUMBER(series->from_ms),
		OUT_NUMBER(series->to_ms), OUT_NUMBER(series->nrows),
		OUT_NUMBER(series->npoints),
		OUT_STRING(file ? NULL : picture),
	};
	int err = out_begin(&cli->out, "plot", OUT_RECORD, fields, 6,
			    OUT_MACHINE);

	if (!err)
		err = out_row(&cli->out, values);
	if (!err)
		err = out_end(&cli->out);
	if (!err && cli->out.ops == &out_text && !file &&
	    fputs(picture, cli->out.file) == EOF)
		err = -EPIPE;
	if (!err && cli->tty && file)
		err = out_note(&cli->out, "%s: %zu points", file,
			       series->npoints);
	return err ? err : out_finish(&cli->out);
}

static int draw(struct cli *cli, const struct figure *figure,
		const struct series *series)
{
	const char *file = args.svg ? args.svg : args.png;
	char error[GNUPLOT_ERROR_LEN];
	char *script = make_script(cli, figure, series);
	char *picture = NULL;
	size_t len = 0;
	int code, err;

	if (!script)
		return cli_done(-ENOMEM, "plot");
	err = gnuplot_run(script, &picture, &len, error);
	free(script);
	if (err == -ENOENT) {
		cli_error("plot: gnuplot is not installed; try: apt install "
			  "gnuplot-nox");
		return CLI_FAILURE;
	}
	if (err) {
		cli_error("plot: gnuplot: %s", *error ? error : strerror(-err));
		return CLI_FAILURE;
	}
	if (!file)
		trim(picture);
	code = file ? cli_done(save_file(file, picture, len), file) : CLI_OK;
	if (code == CLI_OK)
		code = cli_done(tell(cli, series, picture), "output");
	free(picture);
	return code;
}

static int run(struct cli *cli, int argc, char **argv)
{
	struct figure figure;
	struct series series;
	struct query *query;
	enum query_rollup rollup;
	int code, err;

	(void)argc;
	(void)argv;
	code = figure_parse(args.columns, "plot", &figure);
	if (code == CLI_OK && columns_rollup(args.rollup, &rollup)) {
		cli_error("plot: --rollup: '%s' is not auto, raw, minute or "
			  "hour", args.rollup);
		code = CLI_USAGE;
	}
	if (code == CLI_OK && args.svg && args.png) {
		cli_error("plot: --svg and --png exclude each other");
		code = CLI_USAGE;
	}
	if (code == CLI_OK)
		code = cli_span(cli, DEFAULT_SPAN_MS, &args.from_ms,
				&args.to_ms);
	if (code == CLI_OK)
		code = cli_history(cli, false, &query);
	if (code != CLI_OK)
		return code;
	err = series_load(query, args.from_ms, args.to_ms, rollup,
			  &figure.columns, FIGURE_POINTS, &series);
	query_close(query);
	if (err) {
		code = cli_done(err, cli->db_path);
	} else if (series.npoints < 2) {
		cli_error("plot: the history has no two samples in this span; "
			  "try --from -1d");
		code = CLI_FAILURE;
	} else {
		code = draw(cli, &figure, &series);
	}
	series_free(&series);
	return code;
}

const struct command cmd_plot = {
	.name = "plot",
	.args = "",
	.summary = "the past as a picture, in the terminal, SVG or PNG",
	.details =
		"Panes are stacked over one axis of time. For example:\n\n"
		"  densityctl plot --from today\n"
		"  densityctl plot -f -1d -c saved_mib,ksmd_cpu_pct,phase "
		"--svg day.svg",
	.opts = opts,
	.run = run,
};
