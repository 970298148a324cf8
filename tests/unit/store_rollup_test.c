// SPDX-License-Identifier: GPL-2.0
/* Rollups, sums over them, and retention. */
#include "store_fixture.h"

/* @minutes of ticks of a second, maintained once a minute. */
static void run_minutes(struct fixture *f, unsigned int minutes)
{
	for (unsigned int i = 0; i < minutes; i++) {
		fixture_ticks(f, 60, 1000);
		store_maintain(f->store, f->snap.real_ms);
	}
}

static double total(const struct fixture_rows *rows, const char *column)
{
	double sum = 0;

	for (unsigned int i = 0; i < rows->n; i++) {
		double value = fixture_value(&rows->row[i], column);

		sum += isnan(value) ? 0 : value;
	}
	return sum;
}

static void minutes_and_hours_hold_the_sums_of_raw_rows(void **state)
{
	static const char *const counters[] = { "ksmd_cpu_s", "full_scans",
						"daemon_cpu_ms" };
	struct fixture *f = *state;
	struct fixture_rows raw, minute, hour;

	fixture_open(f);
	fixture_sample(f);
	for (int i = 0; i < 150; i++) {
		f->snap.ksm.full_scans += 3;
		run_minutes(f, 1);
	}
	fixture_ticks(f, 17, 1000);
	fixture_close(f);
	raw = fixture_rows(f, QUERY_RAW);
	minute = fixture_rows(f, QUERY_MINUTE);
	hour = fixture_rows(f, QUERY_HOUR);
	assert_int_equal(raw.n, 150 * 60 + 17 + 1);
	/* The first row ends a minute; the last minute is still open. */
	assert_int_equal(minute.n, 152);
	assert_true(hour.n == 3 || hour.n == 4);
	for (unsigned int i = 0; i < 3; i++) {
		assert_float_equal(total(&raw, counters[i]),
				   total(&minute, counters[i]), 1e-6);
		assert_float_equal(total(&raw, counters[i]),
				   total(&hour, counters[i]), 1e-6);
	}
	assert_int_equal(minute.row[1].span_ms, 60000);
	assert_float_equal(fixture_value(&minute.row[1], "ksmd_cpu_pct"), 1,
			   1e-9);
	/* The tail is folded by the reader. */
	assert_int_equal(minute.row[151].span_ms, 17000);
	assert_int_equal(minute.row[151].real_ms,
			 FIXTURE_EPOCH_MS + (150 * 60 + 17) * 1000);
	free(raw.row);
	free(minute.row);
	free(hour.row);
}

static void gauges_are_weighted_by_span_and_knobs_are_the_last(void **state)
{
	struct fixture *f = *state;
	struct fixture_rows minute;

	fixture_open(f);
	fixture_sample(f);
	f->snap.ksm.pages_sharing = 0;
	fixture_ticks(f, 4, 5000);	/* 20 s of nothing */
	f->snap.ksm.pages_sharing = 256 * 90;
	f->snap.ksm.sleep_ms = 77;
	f->decision.phase = LAW_PHASE_HUNT;
	fixture_ticks(f, 40, 1000);	/* 40 s of 90 MiB */
	fixture_close(f);
	minute = fixture_rows(f, QUERY_MINUTE);
	assert_int_equal(minute.n, 2);
	assert_float_equal(fixture_value(&minute.row[1], "saved_mib"), 60,
			   0.01);
	assert_float_equal(fixture_value(&minute.row[1], "sleep_ms"), 77, 0);
	assert_string_equal(minute.row[1].phase, "hunt");
	free(minute.row);
}

static void a_rollup_never_spans_two_laws(void **state)
{
	struct fixture *f = *state;
	struct fixture_rows hour;
	struct query_sum yield, scan_time, both;

	fixture_open(f);
	fixture_sample(f);
	for (int i = 0; i < 90; i++) {
		fixture_ticks(f, 60, 1000);
		if (i % 30 == 14) {
			fixture_ticks(f, 25, 1000);
			f->law = !strcmp(f->law, "yield") ? "scan-time" :
							    "yield";
			f->snap.ksm.pages_sharing ^= 1024;
		}
		store_maintain(f->store, f->snap.real_ms);
	}
	fixture_close(f);
	hour = fixture_rows(f, QUERY_HOUR);
	assert_true(hour.n >= 4);
	yield = fixture_sum(f, 0, INT64_MAX, "yield");
	scan_time = fixture_sum(f, 0, INT64_MAX, "scan-time");
	both = fixture_sum(f, 0, INT64_MAX, NULL);
	/* yield: 15 min + 25 s, and minutes 45 to 75 + 25 s */
	assert_float_equal(yield.span_s, 45 * 60 + 50, 1e-6);
	assert_float_equal(scan_time.span_s, 45 * 60 + 25, 1e-6);
	assert_float_equal(yield.saved_gib_s + scan_time.saved_gib_s,
			   both.saved_gib_s, 1e-6);
	assert_float_equal(yield.ksmd_cpu_s, 27.5, 1e-3);
	assert_float_equal(fixture_sum(f, 0, INT64_MAX, "none").span_s, 0, 0);
	free(hour.row);
}

static void sums_of_neighbours_add_up_on_any_rollup(void **state)
{
	static const int64_t cuts_s[] = { 0, 1, 3000, 3601, 12345, 20000,
					  6 * 3600 };
	struct fixture *f = *state;
	struct query_sum all, part;
	double span_s = 0, saved = 0, cpu = 0;

	fixture_open(f);
	fixture_sample(f);
	for (int i = 0; i < 6 * 60; i++) {
		f->snap.ksm.pages_sharing = 1024u * 1024 + 4096u * (i % 17);
		run_minutes(f, 1);
	}
	fixture_close(f);
	for (unsigned int i = 0; i + 1 < sizeof(cuts_s) / sizeof(cuts_s[0]);
	     i++) {
		part = fixture_sum(f, FIXTURE_EPOCH_MS + cuts_s[i] * 1000,
				   FIXTURE_EPOCH_MS + cuts_s[i + 1] * 1000,
				   NULL);
		assert_float_equal(part.span_s, cuts_s[i + 1] - cuts_s[i],
				   1e-6);
		span_s += part.span_s;
		saved += part.saved_gib_s;
		cpu += part.ksmd_cpu_s;
	}
	all = fixture_sum(f, FIXTURE_EPOCH_MS,
			  FIXTURE_EPOCH_MS + 6 * 3600 * 1000, NULL);
	assert_float_equal(span_s, all.span_s, 1e-6);
	assert_float_equal(saved / all.saved_gib_s, 1, 1e-4);
	assert_float_equal(cpu, all.ksmd_cpu_s, 1e-2);
}

static void a_minute_of_too_many_ticks_is_folded_too(void **state)
{
	struct fixture *f = *state;

	fixture_open(f);
	fixture_sample(f);
	for (int i = 0; i < 3; i++) {
		fixture_ticks(f, 6000, 10);
		store_maintain(f->store, f->snap.real_ms);
	}
	store_flush(f->store);
	store_maintain(f->store, f->snap.real_ms);
	assert_int_equal(fixture_sql(f, "SELECT max(samples) FROM minute"),
			 6000);
}

static enum query_rollup used_for(const struct fixture *f, int64_t from_ms,
				  int64_t to_ms)
{
	struct fixture_rows rows = { 0 };
	struct query *query = fixture_query(f);
	enum query_rollup used = QUERY_AUTO;

	assert_int_equal(query_samples(query, from_ms, to_ms, QUERY_AUTO,
				       fixture_collect, &rows, &used), 0);
	query_close(query);
	free(rows.row);
	return used;
}

static void auto_takes_what_fits_and_what_retention_left(void **state)
{
	const int64_t hour_ms = 3600000;
	struct fixture *f = *state;
	int64_t now, raw_ms, minute_ms;

	f->conf.raw_s = 3600;
	f->conf.minute_s = 3 * 3600;
	fixture_open(f);
	fixture_sample(f);
	run_minutes(f, 5 * 60);
	fixture_close(f);
	now = f->snap.real_ms;
	raw_ms = fixture_sql(f, "SELECT min(real_ms) FROM sample");
	minute_ms = fixture_sql(f, "SELECT min(real_ms) FROM minute");
	/* Age did its work, to the minute. */
	assert_in_range(now - raw_ms, hour_ms, hour_ms + 180000);
	assert_in_range(now - minute_ms, 3 * hour_ms, 4 * hour_ms + 180000);
	assert_int_equal(used_for(f, now - hour_ms / 2, now), QUERY_RAW);
	assert_int_equal(used_for(f, now - 2 * hour_ms, now), QUERY_MINUTE);
	assert_int_equal(used_for(f, now - 3 * hour_ms + 60000, now),
			 QUERY_MINUTE);
	assert_int_equal(used_for(f, now - 5 * hour_ms, now), QUERY_HOUR);
	assert_int_equal(used_for(f, INT64_MIN, INT64_MAX), QUERY_HOUR);
	/* Nothing was lost on the way up: the first row has no span. */
	assert_float_equal(fixture_sum(f, 0, INT64_MAX, NULL).span_s,
			   5 * 3600, 1e-6);
}

static void a_wrong_clock_does_not_empty_the_history(void **state)
{
	struct fixture *f = *state;
	int64_t right_ms;

	fixture_open(f);
	fixture_sample(f);
	run_minutes(f, 30);
	right_ms = f->snap.real_ms;
	f->snap.real_ms += INT64_C(20) * 365 * 86400 * 1000;
	run_minutes(f, 9);
	assert_int_equal(fixture_sql(f, "SELECT count(*) FROM sample WHERE "
		"real_ms < 1800000000000"), 1801);
	f->snap.real_ms = right_ms;
	run_minutes(f, 30);
	store_flush(f->store);
	assert_int_equal(fixture_sql(f, "SELECT count(*) FROM sample WHERE "
		"real_ms < 1800000000000"), 3601);
	/* And one that stays wrong for long is the right one. */
	f->snap.real_ms += INT64_C(20) * 365 * 86400 * 1000;
	run_minutes(f, 20);
	assert_in_range(fixture_sql(f, "SELECT count(*) FROM sample WHERE "
		"real_ms < 1800000000000"), 0, 3);
}

static void add_vms(struct fixture *f, unsigned int n)
{
	f->snap.nvms = n;
	for (unsigned int i = 0; i < n; i++) {
		f->vms[i].pid = 1000 + (int32_t)i;
		f->vms[i].rss_pages = 1000000 + f->snap.seq * 7 + i;
		f->vms[i].merging_pages = 40000 + f->snap.seq % 1000;
		f->vms[i].profit_bytes = 40000 * INT64_C(4096);
	}
	f->snap.vms_seq = f->snap.seq + 1;
}

static void a_file_over_its_bytes_loses_the_oldest_and_stops_growing(
	void **state)
{
	struct fixture *f = *state;
	uint64_t highest = 0;
	struct query_sum sum;

	f->conf.max_bytes = 16u << 20;
	fixture_open(f);
	fixture_sample(f);
	for (int i = 0; i < 24 * 60; i++) {
		for (int tick = 0; tick < 60; tick++) {
			if (tick % 10 == 0)
				add_vms(f, 200);
			fixture_ticks(f, 1, 1000);
		}
		store_maintain(f->store, f->snap.real_ms);
		if (fixture_health(f)->file_bytes > highest)
			highest = f->health.file_bytes;
	}
	assert_in_range(highest, 10u << 20, f->conf.max_bytes);
	assert_int_equal(fixture_health(f)->rows_lost, 0);
	fixture_close(f);
	/* Raw rows went, the rollups still know the day. */
	assert_true(fixture_sql(f, "SELECT count(*) FROM sample") < 86400 / 2);
	assert_true(fixture_sql(f, "SELECT count(*) FROM sample") > 3600);
	assert_int_equal(fixture_sql(f, "SELECT count(*) FROM vm_sample WHERE "
		"id >> 24 NOT IN (SELECT id FROM sample)"), 0);
	sum = fixture_sum(f, FIXTURE_EPOCH_MS, f->snap.real_ms, NULL);
	assert_float_equal(sum.span_s, 86400, 1e-6);
	fixture_assert_sound(f);
}

static void a_file_over_a_lowered_bound_shrinks(void **state)
{
	struct fixture *f = *state;
	uint64_t before;

	fixture_open(f);
	fixture_sample(f);
	for (int i = 0; i < 5 * 3600; i++) {
		if (i % 10 == 0)
			add_vms(f, 200);
		fixture_ticks(f, 1, 1000);
	}
	before = fixture_health(f)->file_bytes;
	assert_true(before > 10u << 20);
	f->conf.max_bytes = 8u << 20;
	store_configure(f->store, &f->conf);
	run_minutes(f, 60);
	assert_true(fixture_health(f)->file_bytes <= 8u << 20);
	assert_true(fixture_sql(f, "SELECT count(*) FROM sample") >= 3600);
	fixture_close(f);
	fixture_assert_sound(f);
}

static void old_notes_and_vms_go_with_their_rows(void **state)
{
	struct fixture *f = *state;

	f->conf.raw_s = f->conf.minute_s = f->conf.hour_s = 1800;
	fixture_open(f);
	fixture_sample(f);
	for (int i = 0; i < 120; i++) {
		struct act_write write = { .real_ms = f->snap.real_ms };

		f->decision.scan_pages++;
		store_append_decision(f->store, &f->snap, &f->decision, "yield",
				      "");
		store_append_event(f->store, f->snap.real_ms, "start", "");
		store_append_write(f->store, &write);
		add_vms(f, 3);
		f->vms[1].pid += i;
		run_minutes(f, 1);
	}
	assert_in_range(fixture_sql(f, "SELECT count(*) FROM decision"), 29,
			32);
	assert_in_range(fixture_sql(f, "SELECT count(*) FROM event"), 29, 32);
	assert_in_range(fixture_sql(f, "SELECT count(*) FROM knob_write"), 29,
			32);
	/* vms[1] is another process every minute, at times vms[2]'s twin. */
	assert_in_range(fixture_sql(f, "SELECT count(*) FROM vm"), 29, 34);
	/* Those that wait in memory are not counted. */
	assert_in_range(fixture_sql(f, "SELECT count(*) FROM sample"),
			1800 - 5 * STORE_CALM, 1990);
}

/* More is old than one call deletes. */
static void a_vm_stays_as_long_as_rows_of_it(void **state)
{
	struct fixture *f = *state;

	f->conf.raw_s = 3600;
	f->snap.nvms = 1;
	fixture_open(f);
	for (unsigned int i = 0; i < 8000; i++) {
		f->vms[0].pid = 100 + (int)(i / 100);
		f->vms[0].rss_pages = i;
		f->snap.vms_seq = f->snap.seq + 1;
		fixture_advance(f, 1000);
		fixture_sample(f);
	}
	for (int i = 0; i < 8; i++) {
		store_maintain(f->store, f->snap.real_ms);
		assert_int_equal(fixture_sql(f, "SELECT count(*) FROM vm_sample "
			"WHERE id & 16777215 NOT IN (SELECT id FROM vm)"), 0);
	}
	/* In the end only those of the last hour are left. */
	assert_in_range(fixture_sql(f, "SELECT count(*) FROM vm"), 36, 38);
}

static void ids_go_on_after_everything_old_was_deleted(void **state)
{
	struct fixture *f = *state;
	int64_t before;

	f->conf.raw_s = f->conf.minute_s = 60;
	fixture_open(f);
	fixture_sample(f);
	run_minutes(f, 20);
	before = fixture_sql(f, "SELECT max(id) FROM sample");
	fixture_close(f);
	fixture_open(f);
	fixture_advance(f, 86400000);
	fixture_sample(f);
	run_minutes(f, 20);
	fixture_close(f);
	assert_true(fixture_sql(f, "SELECT max(id) FROM sample") > before);
	assert_true(fixture_sql(f, "SELECT upto FROM rolled "
		"WHERE target = 'minute'") > before);
	assert_float_equal(fixture_sum(f, 0, INT64_MAX, NULL).span_s, 2400,
			   1e-6);
}

static void the_extent_covers_every_row(void **state)
{
	struct fixture *f = *state;
	int64_t from_ms = 0, to_ms = 0;
	struct query *query;

	fixture_open(f);
	store_append_event(f->store, 5, "start", "");
	store_flush(f->store);
	query = fixture_query(f);
	assert_int_equal(query_extent(query, &from_ms, &to_ms), -ENODATA);
	assert_int_equal(from_ms, 0);
	fixture_sample(f);
	fixture_ticks(f, 100, 1000);
	store_flush(f->store);
	assert_int_equal(query_extent(query, &from_ms, &to_ms), 0);
	assert_int_equal(from_ms, FIXTURE_EPOCH_MS);
	assert_int_equal(to_ms, FIXTURE_EPOCH_MS + 100001);
	query_close(query);
}

static int stop_at_three(void *arg, const struct query_row *row)
{
	(void)row;
	return ++*(int *)arg == 3 ? 77 : 0;
}

static void a_callback_can_stop_at_any_rollup(void **state)
{
	struct fixture *f = *state;
	struct query *query;

	fixture_open(f);
	fixture_sample(f);
	fixture_ticks(f, 400, 1000);
	fixture_close(f);
	query = fixture_query(f);
	for (int rollup = QUERY_RAW; rollup <= QUERY_MINUTE; rollup++) {
		int n = 0;

		assert_int_equal(query_samples(query, 0, INT64_MAX,
					       (enum query_rollup)rollup,
					       stop_at_three, &n, NULL), 77);
		assert_int_equal(n, 3);
	}
	query_close(query);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		fixture_test(minutes_and_hours_hold_the_sums_of_raw_rows),
		fixture_test(gauges_are_weighted_by_span_and_knobs_are_the_last),
		fixture_test(a_rollup_never_spans_two_laws),
		fixture_test(sums_of_neighbours_add_up_on_any_rollup),
		fixture_test(a_minute_of_too_many_ticks_is_folded_too),
		fixture_test(auto_takes_what_fits_and_what_retention_left),
		fixture_test(a_wrong_clock_does_not_empty_the_history),
		fixture_test(
		a_file_over_its_bytes_loses_the_oldest_and_stops_growing),
		fixture_test(a_file_over_a_lowered_bound_shrinks),
		fixture_test(old_notes_and_vms_go_with_their_rows),
		fixture_test(a_vm_stays_as_long_as_rows_of_it),
		fixture_test(ids_go_on_after_everything_old_was_deleted),
		fixture_test(the_extent_covers_every_row),
		fixture_test(a_callback_can_stop_at_any_rollup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
