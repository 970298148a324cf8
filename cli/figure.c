// SPDX-License-Identifier: GPL-2.0
/*
 * Figures: see figure.h.
 *
 * gnuplot knows no time zones: instants are handed over as local seconds.
 * Margins are set in parts of the whole so that the panes' axes align.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../policy/reason.h"
#include "figure.h"

#define PANE_PIXELS 210
#define PHASE_PIXELS 120
#define EDGE_PIXELS 70

static const char *const curve_colors[FIGURE_CURVES_MAX] = {
	"#2a9d8f", "#e07a3f", "#4f7cac", "#b5547a", "#8a9a3b", "#7d6b9e",
};

static const char *const phase_colors[LAW_PHASE_COUNT + 1] = {
	[LAW_PHASE_OFF] = "#6c757d",   [LAW_PHASE_IDLE] = "#9aa5b1",
	[LAW_PHASE_HUNT] = "#e07a3f",  [LAW_PHASE_PATROL] = "#2a9d8f",
	[LAW_PHASE_BRAKE] = "#c8384f", [LAW_PHASE_FIXED] = "#4f7cac",
	[LAW_PHASE_COUNT] = "#6c757d",
};

static bool is_dumb(enum figure_kind kind)
{
	return kind == FIGURE_DUMB || kind == FIGURE_DUMB_COLOR;
}

static int add_curve(struct figure *figure, struct figure_pane *pane,
		     const char *name, size_t len, const char *command)
{
	int index = columns_find(name, len, command);
	const struct query_column *column;

	if (index < 0)
		return CLI_USAGE;
	column = columns_at(index);
	if (!strcmp(column->name, "phase") && !pane->ncurves) {
		pane->phases = true;
		return CLI_OK;
	}
	if (column->kind == QUERY_TEXT || pane->phases) {
		cli_error("%s: column %s cannot be drawn as a curve", command,
			  column->name);
		return CLI_USAGE;
	}
	if (pane->ncurves == FIGURE_CURVES_MAX ||
	    figure->columns.n == QUERY_COLUMNS_MAX) {
		cli_error("%s: at most %d curves fit in a pane", command,
			  FIGURE_CURVES_MAX);
		return CLI_USAGE;
	}
	pane->curve[pane->ncurves++] = (int)figure->columns.n;
	figure->columns.index[figure->columns.n++] = index;
	return CLI_OK;
}

int figure_parse(const char *list, const char *command,
		 struct figure *ret_figure)
{
	struct figure figure = { .npanes = 0 };

	if (!list)
		list = "saved_mib,ksmd_cpu_pct,phase";
	while (*list) {
		struct figure_pane *pane = &figure.panes[figure.npanes];

		if (figure.npanes == FIGURE_PANES_MAX) {
			cli_error("%s: at most %d panes fit in a figure",
				  command, FIGURE_PANES_MAX);
			return CLI_USAGE;
		}
		while (true) {
			size_t len = strcspn(list, ",+");
			int code = add_curve(&figure, pane, list, len, command);

			if (code != CLI_OK)
				return code;
			list += len;
			if (*list != '+')
				break;
			list++;
		}
		list += *list == ',';
		figure.npanes++;
	}
	if (!figure.npanes) {
		cli_error("%s: --columns is empty; expected names with commas "
			  "between them", command);
		return CLI_USAGE;
	}
	*ret_figure = figure;
	return CLI_OK;
}

/* Lines of a terminal are coarse: lanes need as many as curves do. */
static unsigned int pane_pixels(const struct figure_pane *pane,
				enum figure_kind kind)
{
	return pane->phases && !is_dumb(kind) ? PHASE_PIXELS : PANE_PIXELS;
}

unsigned int figure_height(const struct figure *figure)
{
	unsigned int pixels = EDGE_PIXELS;

	for (unsigned int i = 0; i < figure->npanes; i++)
		pixels += pane_pixels(&figure->panes[i], FIGURE_SVG);
	return pixels;
}

/* Seconds on the local clock, for an axis that knows no zones. */
static double local_s(int64_t real_ms)
{
	time_t seconds = (time_t)(real_ms / 1000);
	struct tm tm;

	if (!localtime_r(&seconds, &tm))
		return (double)real_ms / 1000;
	return (double)real_ms / 1000 + (double)tm.tm_gmtoff;
}

static void put_data(FILE *file, const struct series *series)
{
	fputs("$data << END\n", file);
	for (size_t i = 0; i < series->npoints; i++) {
		const struct series_point *point = &series->points[i];

		if (point->after_gap)
			putc('\n', file);
		fprintf(file, "%.3f", local_s(point->real_ms));
		for (unsigned int c = 0; c < series->columns->n; c++)
			fprintf(file, " %.6g", point->value[c]);
		putc('\n', file);
	}
	fputs("END\n", file);
}

/* Lanes in the order of enum law_phase, only for phases that were seen. */
static unsigned int put_phases(FILE *file, const struct series *series)
{
	int lane[LAW_PHASE_COUNT + 1];
	int nlanes = 0;

	for (int phase = 0; phase <= LAW_PHASE_COUNT; phase++) {
		bool seen = false;

		for (size_t i = 0; i < series->nphases && !seen; i++)
			seen = series->phases[i].phase == phase;
		lane[phase] = seen ? nlanes++ : -1;
	}
	fputs("$phases << END\n", file);
	for (size_t i = 0; i < series->nphases; i++) {
		const struct series_phase *p = &series->phases[i];

		fprintf(file, "%.3f %.3f %d 0x%s\n", local_s(p->from_ms),
			local_s(p->to_ms), lane[p->phase],
			phase_colors[p->phase] + 1);
	}
	fputs("END\nphase_tics = \"", file);
	for (int phase = 0; phase <= LAW_PHASE_COUNT; phase++)
		if (lane[phase] >= 0)
			fprintf(file, "%s'%s' %d", lane[phase] ? ", " : "",
				phase == LAW_PHASE_COUNT ? "?" :
				law_phase_name((enum law_phase)phase),
				lane[phase]);
	fputs("\"\n", file);
	return nlanes ? (unsigned int)nlanes : 1;
}

static void put_terminal(FILE *file, enum figure_kind kind,
			 unsigned int width, unsigned int height)
{
	switch (kind) {
	case FIGURE_DUMB:
		fprintf(file, "set terminal dumb mono size %u,%u noenhanced\n",
			width, height);
		break;
	case FIGURE_DUMB_COLOR:
		fprintf(file, "set terminal dumb ansirgb size %u,%u "
			"noenhanced\n", width, height);
		break;
	case FIGURE_SVG:
	case FIGURE_SVG_INLINE:
		fprintf(file, "set terminal svg size %u,%u dynamic "
			"font 'sans-serif,13' noenhanced%s\n", width, height,
			kind == FIGURE_SVG ? " background '#ffffff'" : "");
		break;
	case FIGURE_PNG:
		fprintf(file, "set terminal pngcairo size %u,%u "
			"font 'sans,11' noenhanced background '#ffffff'\n",
			width, height);
		break;
	}
}

static const char *time_format(const struct series *series)
{
	int64_t span_s = (series->to_ms - series->from_ms) / 1000;

	if (span_s < 600)
		return "%H:%M:%S";
	if (span_s < 36 * 3600)
		return "%H:%M";
	return span_s < 14 * 86400 ? "%d %b %H:%M" : "%d %b";
}

static void put_axes(FILE *file, const struct series *series,
		     enum figure_kind kind)
{
	fputs("set encoding utf8\n"
	      "set datafile missing 'nan'\n"
	      "set xdata time\nset timefmt '%s'\n"
	      "unset key\nset style fill transparent solid 0.22 noborder\n",
	      file);
	if (!is_dumb(kind))
		fputs("set border 3 lc rgb '#8a94a0'\nset tics nomirror out "
		      "scale 0.5\nset grid ytics lt 1 lw 0.6 lc rgb "
		      "'#8a94a0' dashtype 3\n", file);
	else
		fputs("set border 3\nset tics nomirror\n", file);
	fprintf(file, "set xrange ['%.3f':'%.3f']\n",
		local_s(series->from_ms), local_s(series->to_ms));
	fprintf(file, "set format x ''\n");
}

static const struct query_column *curve_column(const struct series *series,
					       int curve)
{
	return columns_at(series->columns->index[curve]);
}

/*
 * The unit that all curves of a pane share, or "", and what to divide them by:
 * large amounts of memory read better in GiB.
 */
static double pane_scale(const struct series *series,
			 const struct figure_pane *pane, const char **ret_unit)
{
	const char *unit = "";
	double most = 0;

	for (unsigned int i = 0; i < pane->ncurves; i++) {
		const char *own = curve_column(series, pane->curve[i])->unit;

		if (!own || (i && strcmp(own, unit))) {
			*ret_unit = "";
			return 1;
		}
		unit = own;
		for (size_t p = 0; p < series->npoints; p++)
			most = fmax(most,
				    series->points[p].value[pane->curve[i]]);
	}
	*ret_unit = unit;
	if (strcmp(unit, "MiB") || most < 4096)
		return 1;
	*ret_unit = "GiB";
	return 1024;
}

/* What it is, in words; curves that share a pane are named by the key. */
static void put_title(FILE *file, const struct series *series,
		      const struct figure_pane *pane, enum figure_kind kind)
{
	const char *unit, *help = pane->phases ? "phase" : "";

	pane_scale(series, pane, &unit);
	if (pane->ncurves == 1)
		help = curve_column(series, pane->curve[0])->help;
	/* What stands in brackets is for the table of columns. */
	fprintf(file, "set label 1 \"%.*s%s%s\" at graph 0, graph 1 left "
		"offset character 0,%s\n",
		strstr(help, " (") ? (int)(strstr(help, " (") - help) :
				     (int)strlen(help),
		help, *help && *unit ? ", " : "", unit,
		is_dumb(kind) ? "1" : "0.7");
}

/*
 * A range from 0 that holds all curves, and few tics at round numbers:
 * gnuplot's own choice is too dense for a pane that is one of several.
 */
static void put_range(FILE *file, const struct series *series,
		      const struct figure_pane *pane, enum figure_kind kind)
{
	double least = 0, most = 0, step, scale;
	const char *unit;

	scale = pane_scale(series, pane, &unit);
	for (unsigned int i = 0; i < pane->ncurves; i++) {
		for (size_t p = 0; p < series->npoints; p++) {
			double v = series->points[p].value[pane->curve[i]];

			least = fmin(least, v / scale);
			most = fmax(most, v / scale);
		}
	}
	if (most <= least)
		most = least + 1;
	most += 0.06 * (most - least);
	step = pow(10, floor(log10((most - least) / 2)));
	if ((most - least) / step > (is_dumb(kind) ? 3 : 5))
		step *= (most - least) / (2 * step) > (is_dumb(kind) ? 3 : 5) ?
				5 : 2;
	fprintf(file, "set yrange [%g:%g]\nset ytics %g\n", least, most, step);
}

static void put_curves(FILE *file, const struct series *series,
		       const struct figure_pane *pane, enum figure_kind kind)
{
	double scale;
	const char *unit;

	scale = pane_scale(series, pane, &unit);
	put_range(file, series, pane, kind);
	fprintf(file, "%s\nplot ",
		pane->ncurves > 1 ? "set key above right horizontal samplen 2" :
				    "unset key");
	for (unsigned int i = 0; i < pane->ncurves; i++) {
		const struct query_column *column =
			curve_column(series, pane->curve[i]);
		int at = pane->curve[i] + 2;
		/* Every curve of the figure its own, as long as they last. */
		const char *color =
			curve_colors[pane->curve[i] % FIGURE_CURVES_MAX];

		if (i)
			fputs(", ", file);
		if (!is_dumb(kind) && pane->ncurves == 1)
			fprintf(file, "$data using 1:($%d/%g) with "
				"filledcurves y1=0 lc rgb '%s' notitle, ", at,
				scale, color);
		fprintf(file, "$data using 1:($%d/%g) with lines lw %s "
			"lc rgb '%s' title '%s'", at, scale,
			is_dumb(kind) ? "1" : "1.6", color,
			column->name);
	}
	putc('\n', file);
}

static void put_lanes(FILE *file, unsigned int nlanes, enum figure_kind kind)
{
	const char *edge = is_dumb(kind) ? "1" : "0.6";

	fprintf(file, "unset key\nset yrange [-%s:%u+%s]\n"
		"eval 'set ytics ('.phase_tics.')'\n", edge, nlanes - 1, edge);
	if (is_dumb(kind))
		fputs("plot $phases using 1:3:($2-$1):(0):4 with vectors "
		      "nohead lc rgb variable\n", file);
	else
		fputs("plot $phases using (($1+$2)/2):3:1:2:($3-0.36):"
		      "($3+0.36):4 with boxxyerror fs solid 0.9 noborder "
		      "lc rgb variable\n", file);
}

/* Parts of the whole that margins and titles take. */
struct frame {
	double left, right, top, bottom, title;
};

static struct frame frame_of(enum figure_kind kind, unsigned int width,
			     unsigned int height)
{
	if (is_dumb(kind))
		return (struct frame){ 9.0 / width, 1 - 3.0 / width,
				       1 - 0.5 / height, 2.0 / height,
				       2.0 / height };
	return (struct frame){ 62.0 / width, 1 - 26.0 / width,
			       1 - 6.0 / height, 34.0 / height,
			       34.0 / height };
}

static void put_panes(FILE *file, const struct figure *figure,
		      const struct series *series, enum figure_kind kind,
		      unsigned int width, unsigned int height)
{
	struct frame f = frame_of(kind, width, height);
	unsigned int nlanes = put_phases(file, series);
	double pixels = 0, at = f.top;
	double room = f.top - f.bottom - f.title * figure->npanes;

	for (unsigned int i = 0; i < figure->npanes; i++)
		pixels += pane_pixels(&figure->panes[i], kind);
	fprintf(file, "set lmargin at screen %.4f\nset rmargin at screen "
		"%.4f\nset multiplot\n", f.left, f.right);
	for (unsigned int i = 0; i < figure->npanes; i++) {
		const struct figure_pane *pane = &figure->panes[i];
		double high = room * pane_pixels(pane, kind) / pixels;

		at -= f.title;
		fprintf(file, "set tmargin at screen %.4f\n"
			"set bmargin at screen %.4f\n", at, at - high);
		at -= high;
		if (i == figure->npanes - 1)
			fprintf(file, "set format x '%s'\n",
				time_format(series));
		put_title(file, series, pane, kind);
		if (pane->phases)
			put_lanes(file, nlanes, kind);
		else
			put_curves(file, series, pane, kind);
	}
	fputs("unset multiplot\n", file);
}

char *figure_script(const struct figure *figure, const struct series *series,
		    enum figure_kind kind, unsigned int width,
		    unsigned int height)
{
	char *script = NULL;
	size_t size;
	FILE *file = open_memstream(&script, &size);

	if (!file)
		return NULL;
	put_terminal(file, kind, width, height);
	put_data(file, series);
	put_axes(file, series, kind);
	put_panes(file, figure, series, kind, width, height);
	if (fclose(file)) {
		free(script);
		return NULL;
	}
	return script;
}
