// SPDX-License-Identifier: GPL-2.0
/*
 * Host rows for people, and sums over them.
 *
 * A sum clips rows to the span: a row that lies half inside counts half. Sums
 * of neighbouring spans therefore add up to the sum of both together, whatever
 * rollup each was taken from.
 */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "query_impl.h"

#define KIB_PER_GIB 1048576.0

struct samples {
	struct query *query;
	query_row_fn fn;
	void *arg;
};

static int give_row(void *arg, const struct host_row *row)
{
	struct samples *samples = arg;
	int64_t page_size = query_page_size(samples->query, row->run);
	struct query_row out = {
		.real_ms = row->real_ms,
		.span_ms = (uint32_t)row->span_ms,
		.law = query_word(samples->query, row->law),
		.phase = query_word(samples->query, row->phase),
	};

	for (unsigned int i = 0; i < QUERY_COLUMNS_MAX; i++)
		out.value[i] = query_column_at(i) ?
			query_column_value(i, row, page_size) : NAN;
	return samples->fn(samples->arg, &out);
}

int query_samples(struct query *query, int64_t from_ms, int64_t to_ms,
		  enum query_rollup rollup, query_row_fn fn, void *arg,
		  enum query_rollup *ret_used)
{
	struct samples samples = { query, fn, arg };
	enum query_rollup used;
	int rc;

	rc = query_choose(query, from_ms, to_ms, rollup, &used);
	if (rc)
		return query_errno(rc);
	if (ret_used)
		*ret_used = used;
	return query_walk(query, from_ms, to_ms, used, give_row, &samples);
}

struct summing {
	struct query *query;
	int64_t from_ms, to_ms;
	const char *law;
	int64_t last_ms;
	struct query_sum sum;
	/* seconds of which a column is known, and its sum over them */
	double known_s[HOST_NCOLS];
	double total[HOST_NCOLS];
};

static double counted(const struct host_row *row, enum host_col col,
		      double share)
{
	int64_t value = row->value[col];

	return value == HOST_NULL ? 0 : value * share;
}

/* How much of the row lies in the span: 0 to 1. */
static double share_of(const struct summing *summing,
		       const struct host_row *row)
{
	int64_t begin = row->real_ms - row->span_ms;
	int64_t end = row->real_ms;

	if (!row->span_ms)
		return end >= summing->from_ms && end < summing->to_ms;
	if (begin < summing->from_ms)
		begin = summing->from_ms;
	if (end > summing->to_ms)
		end = summing->to_ms;
	return end > begin ? (double)(end - begin) / row->span_ms : 0;
}

static void add_known(struct summing *summing, const struct host_row *row,
		      enum host_col col, double share, double span_s)
{
	if (row->value[col] == HOST_NULL)
		return;
	summing->known_s[col] += span_s;
	summing->total[col] += (double)row->value[col] * share;
}

static double mean(const struct summing *summing, enum host_col col)
{
	return summing->total[col] / summing->known_s[col];
}

static double total(const struct summing *summing, enum host_col col)
{
	return summing->known_s[col] > 0 ? summing->total[col] : NAN;
}

static int add_row(void *arg, const struct host_row *row)
{
	struct summing *summing = arg;
	struct query_sum *sum = &summing->sum;
	double share = share_of(summing, row);
	double span_s = row->span_ms / 1000.0 * share;
	double saved_gib;

	if (share <= 0)
		return 0;
	if (summing->law &&
	    strcmp(summing->law, query_word(summing->query, row->law)))
		return 0;
	saved_gib = (double)query_saved_pages(row) *
		    query_page_size(summing->query, row->run) / 1073741824.0;
	sum->span_s += span_s;
	sum->saved_gib_s += saved_gib * span_s;
	sum->ksmd_cpu_s += counted(row, HOST_ksmd_cpu_us, share) / 1e6;
	sum->daemon_cpu_s += counted(row, HOST_daemon_cpu_us, share) / 1e6;
	sum->cow_pages += counted(row, HOST_cow, share);
	sum->scanned_pages += counted(row, HOST_scanned, share);
	add_known(summing, row, HOST_mem_available_kib, span_s, span_s);
	add_known(summing, row, HOST_cached_kib, span_s, span_s);
	add_known(summing, row, HOST_stall_cpu_us, share, span_s);
	add_known(summing, row, HOST_stall_mem_us, share, span_s);
	add_known(summing, row, HOST_shadow_evictions, share, span_s);
	add_known(summing, row, HOST_shadow_refaults, share, span_s);
	if (row->real_ms >= summing->from_ms && row->real_ms < summing->to_ms)
		sum->samples += (uint64_t)row->samples;
	sum->saved_gib_last = saved_gib;
	return 0;
}

int query_sum(struct query *query, int64_t from_ms, int64_t to_ms,
	      const char *law, struct query_sum *ret_sum)
{
	struct summing summing = {
		.query = query,
		.from_ms = from_ms,
		.to_ms = to_ms,
		.law = law,
	};
	enum query_rollup used;
	int64_t beyond_ms;
	int ret;

	ret = query_errno(query_choose(query, from_ms, to_ms, QUERY_AUTO,
				       &used));
	if (ret)
		return ret;
	/* A row that ends behind the span may begin in it. */
	if (__builtin_add_overflow(to_ms, query_period_ms(used) + 70000,
				   &beyond_ms))
		beyond_ms = INT64_MAX;
	ret = query_walk(query, from_ms, beyond_ms, used, add_row, &summing);
	if (ret)
		return ret;
	if (summing.sum.span_s > 0)
		summing.sum.saved_gib_mean =
			summing.sum.saved_gib_s / summing.sum.span_s;
	summing.sum.available_gib_mean =
		mean(&summing, HOST_mem_available_kib) / KIB_PER_GIB;
	summing.sum.cached_gib_mean =
		mean(&summing, HOST_cached_kib) / KIB_PER_GIB;
	summing.sum.stall_cpu_s = total(&summing, HOST_stall_cpu_us) / 1e6;
	summing.sum.stall_mem_s = total(&summing, HOST_stall_mem_us) / 1e6;
	summing.sum.shadow_evictions = total(&summing, HOST_shadow_evictions);
	summing.sum.shadow_refaults = total(&summing, HOST_shadow_refaults);
	*ret_sum = summing.sum;
	return 0;
}

int query_extent(struct query *query, int64_t *ret_from_ms, int64_t *ret_to_ms)
{
	static const char sql[] =
		"SELECT min(first), max(last) FROM ("
		"SELECT (SELECT real_ms - span_ms FROM sample"
		" ORDER BY real_ms LIMIT 1) AS first,"
		" (SELECT max(real_ms) FROM sample) AS last UNION ALL "
		"SELECT (SELECT real_ms - span_ms FROM minute"
		" ORDER BY real_ms LIMIT 1),"
		" (SELECT max(real_ms) FROM minute) UNION ALL "
		"SELECT (SELECT real_ms - span_ms FROM hour"
		" ORDER BY real_ms LIMIT 1),"
		" (SELECT max(real_ms) FROM hour))";
	sqlite3_stmt *stmt;
	int rc, ret = -ENODATA;

	rc = query_prepare(query, sql, &stmt);
	if (rc)
		return query_errno(rc);
	rc = sqlite3_step(stmt);
	if (rc != SQLITE_ROW) {
		ret = query_errno(rc);
	} else if (sqlite3_column_type(stmt, 0) != SQLITE_NULL) {
		*ret_from_ms = sqlite3_column_int64(stmt, 0);
		*ret_to_ms = sqlite3_column_int64(stmt, 1) + 1;
		ret = 0;
	}
	query_finish(query, stmt);
	return ret;
}
