// SPDX-License-Identifier: GPL-2.0
/*
 * Host rows: to and from SQLite, and from fine to coarse. See host_row.h.
 *
 * A period is named by the instant that ends a row, so that the row ending at
 * the full minute belongs to the minute before. Time may repeat (the clock was
 * set back): a period then simply yields a second row; nothing is merged into
 * what was written before.
 */
#include <math.h>
#include <sqlite3.h>
#include <string.h>

#include "host_row.h"

#define HOST_SQL_FIXED 7	/* columns before value[0] */

static const struct {
	const char *name;
	enum host_fold fold;
} host_cols[HOST_NCOLS] = {
#define HOST_ENTRY(name, fold) { #name, fold },
	HOST_COLUMNS(HOST_ENTRY)
#undef HOST_ENTRY
};

const char *host_col_name(enum host_col col)
{
	return host_cols[col].name;
}

void host_row_read(sqlite3_stmt *stmt, struct host_row *ret_row)
{
	ret_row->id = sqlite3_column_int64(stmt, 0);
	ret_row->real_ms = sqlite3_column_int64(stmt, 1);
	ret_row->run = sqlite3_column_int64(stmt, 2);
	ret_row->law = sqlite3_column_int64(stmt, 3);
	ret_row->phase = sqlite3_column_int64(stmt, 4);
	ret_row->span_ms = sqlite3_column_int64(stmt, 5);
	ret_row->samples = sqlite3_column_int64(stmt, 6);
	for (int i = 0; i < HOST_NCOLS; i++) {
		int at = HOST_SQL_FIXED + i;

		if (sqlite3_column_type(stmt, at) == SQLITE_INTEGER)
			ret_row->value[i] = sqlite3_column_int64(stmt, at);
		else
			ret_row->value[i] = HOST_NULL;
	}
}

int host_row_bind(sqlite3_stmt *stmt, const struct host_row *row)
{
	const int64_t fixed[HOST_SQL_FIXED] = {
		row->id, row->real_ms, row->run, row->law, row->phase,
		row->span_ms, row->samples,
	};
	int rc = SQLITE_OK;

	for (int i = 0; i < HOST_SQL_FIXED && !rc; i++)
		rc = sqlite3_bind_int64(stmt, i + 1, fixed[i]);
	if (!rc && !row->id)
		rc = sqlite3_bind_null(stmt, 1);
	for (int i = 0; i < HOST_NCOLS && !rc; i++) {
		int at = HOST_SQL_FIXED + i + 1;

		if (row->value[i] == HOST_NULL)
			rc = sqlite3_bind_null(stmt, at);
		else
			rc = sqlite3_bind_int64(stmt, at, row->value[i]);
	}
	return rc;
}

static int64_t period_of(int64_t real_ms, int64_t period_ms)
{
	int64_t before = real_ms > INT64_MIN ? real_ms - 1 : real_ms;
	int64_t quotient = before / period_ms;

	return before % period_ms < 0 ? quotient - 1 : quotient;
}

void host_fold_begin(struct host_folder *folder, int64_t period_ms)
{
	memset(folder, 0, sizeof(*folder));
	folder->period_ms = period_ms;
}

bool host_fold_fits(const struct host_folder *folder,
		    const struct host_row *row)
{
	const struct host_row *last = &folder->last;

	return !folder->any ||
	       (last->run == row->run && last->law == row->law &&
		period_of(last->real_ms, folder->period_ms) ==
			period_of(row->real_ms, folder->period_ms));
}

void host_fold_add(struct host_folder *folder, const struct host_row *row)
{
	struct host_row before = folder->last;

	folder->last = *row;
	folder->span_ms += row->span_ms;
	folder->samples += row->samples;
	for (int i = 0; i < HOST_NCOLS; i++) {
		int64_t value = row->value[i];

		if (value == HOST_NULL) {
			/* The end of the period takes the last known value. */
			if (folder->any)
				folder->last.value[i] = before.value[i];
			continue;
		}
		if (host_cols[i].fold == HOST_SUM) {
			folder->sum[i] += value;
		} else {
			folder->sum[i] += (double)value * row->span_ms;
			folder->weight[i] += row->span_ms;
		}
	}
	folder->any = true;
}

void host_fold_end(const struct host_folder *folder, struct host_row *ret_row)
{
	*ret_row = folder->last;
	ret_row->id = 0;
	ret_row->span_ms = folder->span_ms;
	ret_row->samples = folder->samples;
	for (int i = 0; i < HOST_NCOLS; i++) {
		double weight = folder->weight[i];

		if (ret_row->value[i] == HOST_NULL)
			continue;
		if (host_cols[i].fold == HOST_SUM)
			ret_row->value[i] = llround(folder->sum[i]);
		else if (host_cols[i].fold == HOST_MEAN && weight > 0)
			ret_row->value[i] = llround(folder->sum[i] / weight);
	}
}
