/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Figures: stacked panes over one axis of time, as a script for gnuplot.
 *
 * A pane shows curves of one or more columns, or the phases as lanes. The
 * same script serves a terminal, SVG and PNG; colours are chosen to be read on
 * a light and on a dark ground.
 */
#ifndef DENSITY_CLI_FIGURE_H
#define DENSITY_CLI_FIGURE_H

#include "series.h"

#define FIGURE_PANES_MAX 8
#define FIGURE_CURVES_MAX 6
/* More points than a wide screen has pixels are of no use. */
#define FIGURE_POINTS 900

struct figure_pane {
	bool phases;
	unsigned int ncurves;
	int curve[FIGURE_CURVES_MAX];	/* index into struct columns */
};

struct figure {
	struct columns columns;
	unsigned int npanes;
	struct figure_pane panes[FIGURE_PANES_MAX];
};

enum figure_kind {
	FIGURE_DUMB,
	FIGURE_DUMB_COLOR,
	FIGURE_SVG,
	FIGURE_SVG_INLINE,	/* no ground of its own */
	FIGURE_PNG,
};

/*
 * Panes from a list such as "saved_mib+population_mib,ksmd_cpu_pct,phase": a
 * comma begins a pane, a plus adds a curve. NULL means saved memory, ksmd's
 * CPU and phase. CLI_OK or CLI_USAGE, told for @command.
 */
int figure_parse(const char *list, const char *command,
		 struct figure *ret_figure);

/* A height, in pixels, that suits the panes. */
unsigned int figure_height(const struct figure *figure);

/*
 * The script; @width and @height in pixels, or in characters for a terminal.
 * The caller frees; NULL for want of memory.
 */
char *figure_script(const struct figure *figure, const struct series *series,
		    enum figure_kind kind, unsigned int width,
		    unsigned int height);

#endif
