// SPDX-License-Identifier: GPL-2.0
/* Series: rows of the history for pictures. See series.h. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../policy/reason.h"
#include "series.h"

static int phase_of(const char *name)
{
	int phase = 0;

	while (phase < LAW_PHASE_COUNT &&
	       (!name || strcmp(law_phase_name((enum law_phase)phase), name)))
		phase++;
	return phase;
}

/* Room for one more element of @size bytes in @array, which holds @n. */
static void *grow(void *array, size_t n, size_t *room, size_t size)
{
	size_t more = *room ? 2 * *room : 256;
	void *bigger;

	if (n < *room)
		return array;
	bigger = reallocarray(array, more, size);
	if (bigger)
		*room = more;
	return bigger;
}

static int add_phase(struct series *s, const struct query_row *row, bool gap)
{
	struct series_phase *last =
		s->nphases && !gap ? &s->phases[s->nphases - 1] : NULL;
	struct series_phase next = {
		row->real_ms - row->span_ms, row->real_ms,
		phase_of(row->phase),
	};
	void *bigger;

	if (last && last->phase == next.phase) {
		last->to_ms = next.to_ms;
		return 0;
	}
	/* Spans meet, whatever a sample's jitter. */
	if (last)
		next.from_ms = last->to_ms;
	bigger = grow(s->phases, s->nphases, &s->phases_room,
		      sizeof(*s->phases));
	if (!bigger)
		return -ENOMEM;
	s->phases = bigger;
	s->phases[s->nphases++] = next;
	return 0;
}

static int close_bucket(struct series *s)
{
	struct series_point *point;
	void *bigger;

	if (!s->bucket_end_ms)
		return 0;
	bigger = grow(s->points, s->npoints, &s->points_room,
		      sizeof(*s->points));
	if (!bigger)
		return -ENOMEM;
	s->points = bigger;
	point = &s->points[s->npoints++];
	point->real_ms = s->last_ms;
	point->after_gap = s->bucket_gap;
	for (unsigned int i = 0; i < s->columns->n; i++) {
		const struct query_column *column =
			columns_at(s->columns->index[i]);

		point->value[i] = NAN;
		if (s->weight[i] > 0)
			point->value[i] = column->kind == QUERY_COUNTER ?
				s->sum[i] : s->sum[i] / s->weight[i];
		s->weight[i] = 0;
		s->sum[i] = 0;
	}
	s->bucket_end_ms = 0;
	return 0;
}

static int add_row(void *arg, const struct query_row *row)
{
	struct series *s = arg;
	int64_t begin_ms = row->real_ms - row->span_ms;
	bool gap = s->nrows &&
		   begin_ms > s->last_ms + 2 * (int64_t)row->span_ms + 2000;
	int err = 0;

	if (!s->nrows)
		s->from_ms = begin_ms;
	if (s->bucket_end_ms && (gap || row->real_ms > s->bucket_end_ms))
		err = close_bucket(s);
	if (!s->bucket_end_ms) {
		s->bucket_end_ms = begin_ms + s->bucket_ms;
		s->bucket_gap = gap;
	}
	for (unsigned int i = 0; i < s->columns->n; i++) {
		int index = s->columns->index[i];
		bool counter = columns_at(index)->kind == QUERY_COUNTER;
		double value = row->value[index];
		double span = row->span_ms ? row->span_ms : 1;

		if (!isfinite(value))
			continue;
		s->sum[i] += counter ? value : value * span;
		s->weight[i] += span;
	}
	if (!err)
		err = add_phase(s, row, gap);
	s->last_ms = row->real_ms;
	s->to_ms = row->real_ms;
	s->nrows++;
	return err;
}

int series_load(struct query *query, int64_t from_ms, int64_t to_ms,
		enum query_rollup rollup, const struct columns *columns,
		unsigned int points_max, struct series *ret_series)
{
	int64_t first_ms, last_ms;
	int err;

	*ret_series = (struct series){ .columns = columns };
	/* Buckets are for the part of the span that has rows. */
	err = query_extent(query, &first_ms, &last_ms);
	if (err == -ENODATA)
		return 0;
	if (err)
		return err;
	if (first_ms < from_ms)
		first_ms = from_ms;
	if (last_ms > to_ms)
		last_ms = to_ms;
	ret_series->bucket_ms = last_ms > first_ms ?
				(last_ms - first_ms) / points_max : 0;
	err = query_samples(query, from_ms, to_ms, rollup, add_row, ret_series,
			    NULL);
	return err ? err : close_bucket(ret_series);
}

void series_free(struct series *series)
{
	free(series->points);
	free(series->phases);
	series->points = NULL;
	series->phases = NULL;
}
