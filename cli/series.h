/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Series: rows of the history, thinned out to what a picture can show.
 *
 * A point is the mean of the gauges, or the sum of the counters, of the rows
 * within its bucket of time. Phases are kept apart as spans, so that a short
 * one does not vanish. Where the daemon did not run there is a gap.
 */
#ifndef DENSITY_CLI_SERIES_H
#define DENSITY_CLI_SERIES_H

#include "columns.h"

struct series_point {
	int64_t real_ms;	/* end of the bucket's rows */
	bool after_gap;
	double value[QUERY_COLUMNS_MAX]; /* by index of struct columns */
};

struct series_phase {
	int64_t from_ms, to_ms;
	int phase;		/* enum law_phase; LAW_PHASE_COUNT = unknown */
};

struct series {
	const struct columns *columns;
	int64_t from_ms, to_ms;	/* of the rows that were found */
	struct series_point *points;
	size_t npoints, points_room;
	struct series_phase *phases;
	size_t nphases, phases_room;
	uint64_t nrows;
	/* the open bucket */
	int64_t bucket_ms, bucket_end_ms;
	bool bucket_gap;
	double weight[QUERY_COLUMNS_MAX], sum[QUERY_COLUMNS_MAX];
	int64_t last_ms;
};

/* @columns must outlive the series. 0 or -errno; free in either case. */
int series_load(struct query *query, int64_t from_ms, int64_t to_ms,
		enum query_rollup rollup, const struct columns *columns,
		unsigned int points_max, struct series *ret_series);
void series_free(struct series *series);

#endif
