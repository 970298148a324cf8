// SPDX-License-Identifier: GPL-2.0
/* What goes into the history: spans, differences, VMs, decisions. */
#include "store_fixture.h"

static void a_tick_becomes_a_row_with_rates_over_its_span(void **state)
{
	struct fixture *f = *state;
	struct fixture_rows rows;

	fixture_open(f);
	fixture_sample(f);
	fixture_ticks(f, 3, 1000);
	fixture_close(f);
	rows = fixture_rows(f, QUERY_RAW);
	assert_int_equal(rows.n, 4);
	assert_int_equal(rows.row[0].span_ms, 0);
	assert_true(isnan(fixture_value(&rows.row[0], "ksmd_cpu_s")));
	assert_int_equal(rows.row[3].span_ms, 1000);
	assert_int_equal(rows.row[3].real_ms, FIXTURE_EPOCH_MS + 3000);
	assert_string_equal(rows.row[3].law, "yield");
	assert_string_equal(rows.row[3].phase, "patrol");
	assert_float_equal(fixture_value(&rows.row[3], "saved_mib"), 4096, 0);
	assert_float_equal(fixture_value(&rows.row[3], "scanned_per_s"), 1000,
			   0);
	assert_float_equal(fixture_value(&rows.row[3], "ksmd_cpu_pct"), 1,
			   1e-9);
	assert_float_equal(fixture_value(&rows.row[3], "cow_per_s"), 10, 0);
	assert_float_equal(fixture_value(&rows.row[3], "scan_pages"), 200, 0);
	free(rows.row);
}

static void an_absent_source_is_unknown_not_zero(void **state)
{
	struct fixture *f = *state;
	struct fixture_rows rows;

	f->snap.caps = SNAP_CAP_KSM;
	fixture_open(f);
	fixture_sample(f);
	fixture_ticks(f, 1, 1000);
	fixture_close(f);
	rows = fixture_rows(f, QUERY_RAW);
	assert_true(isnan(fixture_value(&rows.row[1], "ksmd_cpu_pct")));
	assert_true(isnan(fixture_value(&rows.row[1], "psi_cpu_pct")));
	assert_true(isnan(fixture_value(&rows.row[1], "mem_total_mib")));
	assert_true(isnan(fixture_value(&rows.row[1], "profit_mib")));
	assert_float_equal(fixture_value(&rows.row[1], "saved_mib"), 4096, 0);
	free(rows.row);
}

static void a_stopped_daemon_makes_no_absurd_sum(void **state)
{
	struct fixture *f = *state;
	struct query_sum sum;

	fixture_open(f);
	fixture_sample(f);
	fixture_ticks(f, 10, 1000);
	fixture_ticks(f, 1, 3600 * 1000);	/* SIGSTOP for an hour */
	fixture_ticks(f, 10, 1000);
	fixture_close(f);
	sum = fixture_sum(f, 0, INT64_MAX, NULL);
	/* 20 s of ticks, and the tick plus five seconds of the gap. */
	assert_float_equal(sum.span_s, 26, 1e-6);
	assert_float_equal(sum.saved_gib_s, 26 * 4, 1e-6);
	assert_float_equal(sum.ksmd_cpu_s, 0.26, 1e-4);
	assert_float_equal(sum.scanned_pages, 26000, 1);
}

static void a_longer_interval_is_no_gap(void **state)
{
	struct fixture *f = *state;
	struct query_sum sum;

	fixture_open(f);
	fixture_sample(f);
	fixture_ticks(f, 20, 30000);
	/* One tick that the decision asked to be longer. */
	f->decision.next_ms = 55000;
	fixture_ticks(f, 1, 30000);
	f->decision.next_ms = 0;
	fixture_ticks(f, 1, 55000);
	fixture_close(f);
	sum = fixture_sum(f, 0, INT64_MAX, NULL);
	/* Only the first gap, when no tick is known yet, is cut to 10 s. */
	assert_float_equal(sum.span_s, 19 * 30 + 10 + 30 + 55, 1e-6);
}

static void counters_that_fall_or_leap_are_unknown_once(void **state)
{
	struct fixture *f = *state;
	struct fixture_rows rows;
	struct query_sum sum;

	f->snap.ksm.pages_scanned = UINT64_C(1) << 40;
	f->snap.ksm.ksmd_cpu_ns = UINT64_C(1) << 50;
	fixture_open(f);
	fixture_sample(f);
	fixture_ticks(f, 5, 1000);
	f->snap.ksm.pages_scanned = 7;		/* a truncated read ... */
	f->snap.ksm.ksmd_cpu_ns = 7;
	fixture_ticks(f, 1, 1000);
	f->snap.ksm.pages_scanned = (UINT64_C(1) << 40) + 6000;
	f->snap.ksm.ksmd_cpu_ns = (UINT64_C(1) << 50) + 60000000;
	fixture_ticks(f, 5, 1000);		/* ... and the truth again */
	fixture_close(f);
	sum = fixture_sum(f, 0, INT64_MAX, NULL);
	assert_float_equal(sum.scanned_pages, 9000, 0);
	assert_float_equal(sum.ksmd_cpu_s, 0.09, 1e-6);
	rows = fixture_rows(f, QUERY_RAW);
	assert_true(isnan(fixture_value(&rows.row[6], "scanned_per_s")));
	assert_true(isnan(fixture_value(&rows.row[7], "scanned_per_s")));
	assert_float_equal(fixture_value(&rows.row[8], "scanned_per_s"), 1000,
			   0);
	free(rows.row);
}

static void absurd_numbers_are_cut_and_do_no_harm(void **state)
{
	struct fixture *f = *state;

	fixture_open(f);
	memset(&f->snap.ksm, 0xff, sizeof(f->snap.ksm));
	memset(&f->snap.host, 0xff, sizeof(f->snap.host));
	f->snap.ksm.profit_bytes = INT64_MIN;
	f->snap.nvms = 1;
	f->snap.vms_seq = 1;
	memset(&f->vms[0], 0xff, sizeof(f->vms[0]));
	f->vms[0].mergeable = true;
	f->vms[0].has_ksm_stat = true;
	f->snap.real_ms = INT64_MAX;
	fixture_sample(f);
	f->snap.real_ms = INT64_MIN;
	f->snap.mono_ns = 0;
	f->snap.page_size = 0;
	fixture_sample(f);
	store_maintain(f->store, INT64_MIN / 2);
	store_flush(f->store);
	assert_int_equal(fixture_health(f)->state, STORE_OK);
	assert_int_equal(fixture_sql(f, "SELECT count(*) FROM sample"), 2);
	fixture_close(f);
	fixture_assert_sound(f);
}

/* So that a host where nothing happens costs few transactions. */
static void samples_wait_longer_than_what_is_news(void **state)
{
	static const char samples[] = "SELECT count(*) FROM sample";
	static const char events[] = "SELECT count(*) FROM event";
	struct fixture *f = *state;

	fixture_open(f);
	fixture_ticks(f, 1, 1000);
	store_flush(f->store);
	fixture_ticks(f, 5 * STORE_CALM, 1000);
	assert_int_equal(fixture_sql(f, samples), 1);
	fixture_ticks(f, 1, 1000);
	assert_int_equal(fixture_sql(f, samples), 2 + 5 * STORE_CALM);
	/* News takes along what waits, and no sooner than its own time. */
	fixture_ticks(f, 8, 1000);
	store_append_event(f->store, f->snap.real_ms, "start", "");
	fixture_ticks(f, 4, 1000);
	assert_int_equal(fixture_sql(f, events), 0);
	fixture_ticks(f, 1, 1000);
	assert_int_equal(fixture_sql(f, events), 1);
	assert_int_equal(fixture_sql(f, samples), 15 + 5 * STORE_CALM);
	fixture_close(f);
}

static void a_clock_set_back_repeats_time_and_loses_nothing(void **state)
{
	struct fixture *f = *state;
	struct query_sum sum;

	fixture_open(f);
	fixture_sample(f);
	fixture_ticks(f, 120, 1000);
	f->snap.real_ms -= 90000;
	fixture_ticks(f, 120, 1000);
	f->snap.real_ms += 86400000;		/* and a day ahead */
	fixture_ticks(f, 120, 1000);
	store_maintain(f->store, f->snap.real_ms);
	fixture_close(f);
	assert_int_equal(fixture_sql(f, "SELECT count(*) FROM sample"), 361);
	sum = fixture_sum(f, 0, INT64_MAX, NULL);
	assert_float_equal(sum.span_s, 360, 1e-6);
	assert_float_equal(sum.ksmd_cpu_s, 3.6, 1e-3);
	assert_int_equal(sum.samples, 361);
}

static void a_restart_begins_a_run_and_counts_from_there(void **state)
{
	struct fixture *f = *state;
	struct query_sum sum;

	for (int run = 0; run < 3; run++) {
		fixture_open(f);
		fixture_ticks(f, 11, 1000);
		fixture_close(f);
		fixture_advance(f, 1000000);
	}
	assert_int_equal(fixture_sql(f, "SELECT count(*) FROM run WHERE "
		"page_size = 4096 AND law IS NOT NULL AND kernel <> ''"), 3);
	sum = fixture_sum(f, 0, INT64_MAX, NULL);
	assert_float_equal(sum.span_s, 30, 1e-6);
	assert_float_equal(sum.scanned_pages, 30000, 0);
}

static void set_vm(struct fixture *f, unsigned int i, int32_t pid,
		   const char *name)
{
	struct snap_vm *vm = &f->vms[i];

	memset(vm, 0, sizeof(*vm));
	vm->pid = pid;
	vm->start_ticks = 100;
	vm->vmm = SNAP_VMM_QEMU;
	vm->mergeable = true;
	vm->rss_pages = 25600;
	vm->rss_anon_pages = 25600;
	vm->merging_pages = 512;
	vm->profit_bytes = -4096 * 8;
	snprintf(vm->name, sizeof(vm->name), "%s", name);
}

static void ticks_with_table(struct fixture *f, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++) {
		fixture_advance(f, 1000);
		if (i % 10 == 0)
			f->snap.vms_seq = f->snap.seq + 1;
		fixture_sample(f);
	}
}

struct seen_vms {
	unsigned int n;
	struct query_vm_row last;
	char name[SNAP_NAME_LEN];
};

static int see_vm(void *arg, const struct query_vm_row *row)
{
	struct seen_vms *seen = arg;

	seen->n++;
	seen->last = *row;
	snprintf(seen->name, sizeof(seen->name), "%s", row->name);
	return 0;
}

static void an_unchanged_vm_is_written_every_five_minutes(void **state)
{
	struct fixture *f = *state;
	struct seen_vms seen = { 0 };
	struct query *query;

	set_vm(f, 0, 41, "web");
	set_vm(f, 1, 42, "a) b\n");
	f->snap.nvms = 2;
	fixture_open(f);
	ticks_with_table(f, 601);
	fixture_close(f);
	assert_int_equal(fixture_sql(f, "SELECT count(*) FROM vm_sample"), 6);
	query = fixture_query(f);
	assert_int_equal(query_vms(query, 0, INT64_MAX, "we?", see_vm, &seen),
			 0);
	assert_int_equal(seen.n, 3);
	assert_int_equal(seen.last.pid, 41);
	assert_int_equal(seen.last.rss_kib, 102400);
	assert_int_equal(seen.last.merging_kib, 2048);
	assert_int_equal(seen.last.profit_kib, -32);
	assert_int_equal(seen.last.real_ms, FIXTURE_EPOCH_MS + 601000);
	assert_string_equal(seen.name, "web");
	assert_int_equal(query_vms(query, 0, INT64_MAX, NULL, see_vm, &seen),
			 0);
	assert_int_equal(seen.n, 3 + 6);
	query_close(query);
}

static void a_vm_that_changes_is_written_every_interval(void **state)
{
	struct fixture *f = *state;

	set_vm(f, 0, 41, "web");
	f->snap.nvms = 1;
	fixture_open(f);
	for (int i = 0; i < 100; i++) {
		f->vms[0].merging_pages++;
		f->snap.vms_seq = f->snap.seq + 1;
		fixture_ticks(f, 1, 1000);
	}
	fixture_close(f);
	/* Nine tenths of ten seconds: every ninth table of a second each. */
	assert_int_equal(fixture_sql(f, "SELECT count(*) FROM vm_sample"), 12);
}

static void a_vm_has_a_birth_an_end_and_a_later_name(void **state)
{
	struct fixture *f = *state;

	set_vm(f, 0, 41, "41");
	set_vm(f, 1, 7, "short");
	f->snap.nvms = 2;
	fixture_open(f);
	ticks_with_table(f, 10);
	f->snap.nvms = 1;
	snprintf(f->vms[0].name, SNAP_NAME_LEN, "db-1");
	ticks_with_table(f, 10);
	/* The pid comes again: another VM. */
	f->vms[0].start_ticks = 999;
	ticks_with_table(f, 10);
	fixture_close(f);
	assert_int_equal(fixture_sql(f, "SELECT count(*) FROM vm"), 3);
	assert_int_equal(fixture_sql(f, "SELECT count(*) FROM vm WHERE "
		"name = 'short' AND ended_ms > born_ms"), 1);
	assert_int_equal(fixture_sql(f, "SELECT count(*) FROM vm WHERE "
		"name = 'db-1' AND start_ticks = 100 AND ended_ms"), 1);
	assert_int_equal(fixture_sql(f, "SELECT count(*) FROM vm WHERE "
		"ended_ms IS NULL AND start_ticks = 999"), 1);
	assert_int_equal(fixture_sql(f, "SELECT count(*) FROM v_vm "
		"WHERE vmm = 'qemu' AND rss_mib = 100"), 3);
}

struct seen_notes {
	unsigned int n;
	char text[16][300];
};

static int see_note(void *arg, const struct query_note *note)
{
	struct seen_notes *seen = arg;

	assert_true(seen->n < 16);
	snprintf(seen->text[seen->n++], 300, "%s %s %s/%s %s %d>%d %d %u",
		 note->kind, note->name, note->law, note->phase, note->text,
		 (int)note->old_value, (int)note->new_value, note->error,
		 note->scan_pages);
	return 0;
}

static void only_decisions_that_differ_are_written(void **state)
{
	struct fixture *f = *state;

	fixture_open(f);
	for (int i = 0; i < 50; i++) {
		f->decision.phase = i < 25 ? LAW_PHASE_HUNT : LAW_PHASE_PATROL;
		f->decision.arg[0] = i;
		store_append_decision(f->store, &f->snap, &f->decision,
				      f->law, "text");
	}
	fixture_close(f);
	assert_int_equal(fixture_sql(f, "SELECT count(*) FROM decision"), 2);
}

static void notes_come_oldest_first_and_the_limit_takes_the_newest(void **state)
{
	struct act_write write = {
		.knob = ACT_KNOB_PAGES, .old_value = 100, .new_value = 2000,
		.error = -13, .reason = "hunting",
	};
	struct fixture *f = *state;
	struct seen_notes seen = { 0 };
	struct query *query;

	fixture_open(f);
	for (int i = 0; i < 4; i++) {
		f->decision.scan_pages = 1000 + (uint32_t)i;
		fixture_advance(f, 1000);
		write.real_ms = f->snap.real_ms;
		store_append_event(f->store, f->snap.real_ms, "foreign", "who");
		store_append_write(f->store, &write);
		store_append_decision(f->store, &f->snap, &f->decision,
				      f->law, "because");
	}
	fixture_close(f);
	query = fixture_query(f);
	assert_int_equal(query_notes(query, 0, INT64_MAX, 7, 4, see_note,
				     &seen), 0);
	assert_int_equal(seen.n, 4);
	assert_string_equal(seen.text[0], "event foreign / who 0>0 0 0");
	assert_string_equal(seen.text[1],
			    "decision patrol yield/patrol because 0>0 0 1003");
	assert_string_equal(seen.text[2],
			    "write pages_to_scan / hunting 100>2000 -13 0");
	assert_string_equal(seen.text[3], "event foreign / who 0>0 0 0");
	seen.n = 0;
	assert_int_equal(query_notes(query, 0, INT64_MAX, QUERY_WRITES, 99,
				     see_note, &seen), 0);
	assert_int_equal(seen.n, 4);
	query_close(query);
}

static void a_long_text_is_cut_between_characters(void **state)
{
	struct fixture *f = *state;
	char text[600];

	for (unsigned int i = 0; i < sizeof(text) - 2; i += 2)
		memcpy(text + i, "\xc3\xa4", 3);
	fixture_open(f);
	store_append_event(f->store, 1, "start", text);
	store_append_event(f->store, 2, NULL, NULL);
	fixture_close(f);
	assert_int_equal(fixture_sql(f, "SELECT length(CAST(text AS BLOB)) "
		"FROM event WHERE real_ms = 1"), BATCH_TEXT - 2);
	assert_int_equal(fixture_sql(f, "SELECT text = '' FROM event "
		"WHERE real_ms = 2"), 1);
}

static void many_kinds_of_words_end_in_other(void **state)
{
	struct fixture *f = *state;
	char kind[100];

	fixture_open(f);
	for (int i = 0; i < 300; i++) {
		snprintf(kind, sizeof(kind), "kind-%d-%070d", i, 0);
		store_append_event(f->store, i, kind, "");
	}
	fixture_close(f);
	assert_int_equal(fixture_sql(f, "SELECT count(*) FROM event"), 300);
	assert_int_equal(fixture_sql(f, "SELECT count(*) FROM word"),
			 WORDS_MAX);
	assert_true(fixture_sql(f, "SELECT count(*) FROM event JOIN word ON "
		"word.id = kind WHERE word.text = 'other'") > 100);
}

static void columns_of_the_code_are_those_of_the_tables(void **state)
{
	static const char *const tables[] = { "sample", "minute", "hour" };
	struct fixture *f = *state;
	char sql[200];

	fixture_open(f);
	for (unsigned int t = 0; t < 3; t++) {
		snprintf(sql, sizeof(sql), "SELECT count(*) FROM "
			 "pragma_table_info('%s')", tables[t]);
		assert_int_equal(fixture_sql(f, sql), HOST_NCOLS + 7);
		for (int i = 0; i < HOST_NCOLS; i++) {
			snprintf(sql, sizeof(sql), "SELECT count(*) FROM "
				 "pragma_table_info('%s') WHERE name = '%s'",
				 tables[t], host_col_name(i));
			assert_int_equal(fixture_sql(f, sql), 1);
		}
	}
}

static void every_promised_column_exists(void **state)
{
	static const char *const names[] = {
		"saved_mib", "profit_mib", "pages_shared", "pages_sharing",
		"stale_pages", "pages_unshared", "pages_volatile", "zero_pages",
		"scanned_per_s", "skipped_per_s", "full_scans",
		"ksmd_cpu_pct", "ksmd_cpu_s", "daemon_cpu_ms", "cow_per_s",
		"mem_available_mib", "mem_total_mib", "swap_used_mib",
		"anon_mib", "psi_cpu_pct", "psi_mem_pct", "cached_mib",
		"stall_cpu_pct", "stall_mem_pct", "shadow_pages",
		"shadow_evictions_per_s", "shadow_refaults_per_s", "vms",
		"population_mib", "run", "sleep_ms", "scan_pages",
	};
	unsigned int n = sizeof(names) / sizeof(names[0]);

	(void)state;
	for (unsigned int i = 0; i < n; i++)
		assert_int_equal(query_column_find(names[i]), i);
	assert_null(query_column_at(n));
	assert_int_equal(query_column_find("nonsense"), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		fixture_test(a_tick_becomes_a_row_with_rates_over_its_span),
		fixture_test(an_absent_source_is_unknown_not_zero),
		fixture_test(a_stopped_daemon_makes_no_absurd_sum),
		fixture_test(a_longer_interval_is_no_gap),
		fixture_test(counters_that_fall_or_leap_are_unknown_once),
		fixture_test(absurd_numbers_are_cut_and_do_no_harm),
		fixture_test(samples_wait_longer_than_what_is_news),
		fixture_test(a_clock_set_back_repeats_time_and_loses_nothing),
		fixture_test(a_restart_begins_a_run_and_counts_from_there),
		fixture_test(an_unchanged_vm_is_written_every_five_minutes),
		fixture_test(a_vm_that_changes_is_written_every_interval),
		fixture_test(a_vm_has_a_birth_an_end_and_a_later_name),
		fixture_test(only_decisions_that_differ_are_written),
		fixture_test(
		notes_come_oldest_first_and_the_limit_takes_the_newest),
		fixture_test(a_long_text_is_cut_between_characters),
		fixture_test(many_kinds_of_words_end_in_other),
		fixture_test(columns_of_the_code_are_those_of_the_tables),
		fixture_test(every_promised_column_exists),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
