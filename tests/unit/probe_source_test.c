// SPDX-License-Identifier: GPL-2.0
/* The host-wide sources: texts of several kernels, and broken ones. */
#include "probe_fixture.h"

#include <fcntl.h>

#include "../../daemon/probe/sources.h"

static bool ksm_value(const char *name, const char *text, struct snap_ksm *ksm)
{
	uint32_t cap;

	return probe_ksm_parse(name, probe_text_of(text, strlen(text)), ksm,
			       &cap);
}

static void a_ksm_file_sets_its_own_field(void **state)
{
	struct snap_ksm ksm = { 0 };

	(void)state;
	assert_true(ksm_value("run", "2\n", &ksm));
	assert_true(ksm_value("sleep_millisecs", "4294967295\n", &ksm));
	assert_true(ksm_value("general_profit", "-9223372036854775808\n", &ksm));
	assert_true(ksm_value("pages_skipped", "18446744073709551615\n", &ksm));
	assert_int_equal(ksm.run, 2);
	assert_int_equal(ksm.sleep_ms, UINT32_MAX);
	assert_true(ksm.profit_bytes == INT64_MIN);
	assert_true(ksm.pages_skipped == UINT64_MAX);
	assert_int_equal(ksm.scan_pages, 0);
	assert_false(ksm_value("no_such_file", "1\n", &ksm));
}

static void a_malformed_ksm_file_leaves_zero(void **state)
{
	static const char *const bad[] = {
		"", "\n", "-1\n", "4294967296\n", "1180591620717411303424\n",
		"yes\n", "1 1\n",
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		struct snap_ksm ksm = { .scan_pages = 7 };

		if (ksm_value("pages_to_scan", bad[i], &ksm))
			fail_msg("'%s'", bad[i]);
		assert_int_equal(ksm.scan_pages, 0);
	}
}

static void the_advisor_in_brackets_counts(void **state)
{
	struct snap_ksm ksm = { 0 };

	(void)state;
	assert_true(ksm_value("advisor_mode", "none [scan-time]\n", &ksm));
	assert_int_equal(ksm.advisor, SNAP_ADVISOR_SCAN_TIME);
	assert_true(ksm_value("advisor_mode", "[none] scan-time\n", &ksm));
	assert_int_equal(ksm.advisor, SNAP_ADVISOR_NONE);
	assert_false(ksm_value("advisor_mode", "none scan-time\n", &ksm));
	assert_false(ksm_value("advisor_mode", "[cosmic] none\n", &ksm));
}

static void one_missing_core_file_means_no_ksm(void **state)
{
	static const char *const core[] = {
		"run", "sleep_millisecs", "pages_to_scan", "pages_shared",
		"pages_sharing", "pages_unshared", "pages_volatile",
		"full_scans",
	};
	struct probe_ksm *ksm = probe_ksm_new();
	struct snap_ksm fields = { 0 };
	char root[32], path[64];
	size_t i;
	int fd;

	(void)state;
	assert_non_null(ksm);
	fx_make_root(root);
	fd = open(root, O_RDONLY | O_DIRECTORY);
	for (i = 0; i < ARRAY_SIZE(core); i++) {
		snprintf(path, sizeof(path), "sys/kernel/mm/ksm/%s", core[i]);
		fx_put(root, path, "1\n");
	}
	assert_int_equal(probe_ksm_read(ksm, fd, &fields), SNAP_CAP_KSM);
	assert_int_equal(fields.full_scans, 1);
	fx_remove(root, "sys/kernel/mm/ksm/pages_volatile");
	assert_int_equal(probe_ksm_read(ksm, fd, &fields), 0);
	assert_int_equal(fields.full_scans, 0);
	close(fd);
	probe_ksm_free(ksm);
	fx_remove(root, "");
}

/* Of our patches, as the kernel names them, and where each belongs. */
#define COUNT(field) { #field, offsetof(struct snap_ksm, field) }
static const struct {
	const char *file;
	size_t offset;
} counts[] = {
	COUNT(tree_steps), COUNT(compares), COUNT(bytes_compared),
	COUNT(lookahead_tries), COUNT(lookahead_hits), COUNT(index_tries),
	COUNT(index_hits), COUNT(index_skips), COUNT(first_sight_merges),
	COUNT(index_bytes),
};

static uint64_t count_of(const struct snap_ksm *fields, size_t i)
{
	uint64_t value;

	memcpy(&value, (const char *)fields + counts[i].offset, sizeof(value));
	return value;
}

static void put_count(const char *root, size_t i, const char *text)
{
	char path[64];

	snprintf(path, sizeof(path), "sys/kernel/mm/ksm/%s", counts[i].file);
	fx_put(root, path, "%s\n", text);
}

/* Each beyond 32 bits. */
static void put_counts(const char *root)
{
	char text[32];

	for (size_t i = 0; i < ARRAY_SIZE(counts); i++) {
		snprintf(text, sizeof(text), "%zu", (10 + i) << 32);
		put_count(root, i, text);
	}
}

/* A kernel with KSM, and with our switches. Returns its root. */
static int open_patched(char root[32])
{
	static const char *const files[] = {
		"run", "sleep_millisecs", "pages_to_scan", "pages_shared",
		"pages_sharing", "pages_unshared", "pages_volatile",
		"full_scans", "lookahead", "checksum_index",
	};
	char path[64];

	fx_make_root(root);
	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		snprintf(path, sizeof(path), "sys/kernel/mm/ksm/%s", files[i]);
		fx_put(root, path, "1\n");
	}
	return open(root, O_RDONLY | O_DIRECTORY);
}

static void a_patched_kernel_counts_what_finding_costs(void **state)
{
	const uint32_t all = SNAP_CAP_KSM | SNAP_CAP_INDEX | SNAP_CAP_COUNTS;
	struct probe_ksm *ksm = probe_ksm_new();
	struct snap_ksm fields = { 0 };
	char root[32];
	int fd = open_patched(root);

	(void)state;
	assert_non_null(ksm);
	put_counts(root);
	assert_int_equal(probe_ksm_read(ksm, fd, &fields), all);
	for (size_t i = 0; i < ARRAY_SIZE(counts); i++)
		assert_int_equal(count_of(&fields, i), (10 + i) << 32);
	/* Who follows ksmd through a batch sees what merges in it, and no more. */
	for (size_t i = 0; i < ARRAY_SIZE(counts); i++)
		put_count(root, i, "77");
	assert_true(probe_ksm_read_progress(ksm, fd, &fields));
	for (size_t i = 0; i < ARRAY_SIZE(counts); i++)
		assert_int_equal(count_of(&fields, i),
				 strcmp(counts[i].file, "first_sight_merges") ?
					 (10 + i) << 32 : 77);
	/* While ksmd rests none of them moves. */
	put_counts(root);
	assert_int_equal(probe_ksm_read_resting(ksm, fd, true, &fields), all);
	for (size_t i = 0; i < ARRAY_SIZE(counts); i++)
		assert_in_range(count_of(&fields, i), 1, (10 + i) << 32);
	assert_int_equal(fields.first_sight_merges, 77);
	close(fd);
	probe_ksm_free(ksm);
	fx_remove(root, "");
}

static void a_count_that_is_missing_takes_the_others_along(void **state)
{
	static const char *const bad[] = { "many", "", "-1", "1 2" };
	const uint32_t others = SNAP_CAP_KSM | SNAP_CAP_INDEX;
	struct snap_ksm fields = { 0 };
	char root[32], path[64];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(counts); i++) {
		int fd = open_patched(root);
		struct probe_ksm *ksm = probe_ksm_new();

		assert_non_null(ksm);
		put_counts(root);
		for (size_t j = 0; j < ARRAY_SIZE(bad); j++) {
			put_count(root, i, bad[j]);
			assert_int_equal(probe_ksm_read(ksm, fd, &fields), others);
		}
		snprintf(path, sizeof(path), "sys/kernel/mm/ksm/%s",
			 counts[i].file);
		fx_remove(root, path);
		assert_int_equal(probe_ksm_read(ksm, fd, &fields), others);
		put_count(root, i, "5");
		assert_int_equal(probe_ksm_read(ksm, fd, &fields),
				 others | SNAP_CAP_COUNTS);
		close(fd);
		probe_ksm_free(ksm);
		fx_remove(root, "");
	}
}

/* One that has no switches of ours is not asked for our counts. */
static void counts_without_switches_are_nobodys(void **state)
{
	struct probe_ksm *ksm = probe_ksm_new();
	struct snap_ksm fields = { 0 };
	char root[32];
	int fd = open_patched(root);

	(void)state;
	assert_non_null(ksm);
	put_counts(root);
	fx_remove(root, "sys/kernel/mm/ksm/lookahead");
	assert_int_equal(probe_ksm_read(ksm, fd, &fields), SNAP_CAP_KSM);
	for (size_t i = 0; i < ARRAY_SIZE(counts); i++)
		assert_int_equal(count_of(&fields, i), 0);
	close(fd);
	probe_ksm_free(ksm);
	fx_remove(root, "");
}

static void vmstat_finds_each_counter_or_none(void **state)
{
	struct snap_host host = { 0 };

	(void)state;
	assert_int_equal(probe_vmstat_parse(
		TEXT("nr_zone_inactive_anon 1\nnr_inactive_anon 2\n"
		     "nr_anon_pages 3\nksm_swpin_copy 4\ncow_ksm 5\n"), &host),
		SNAP_CAP_ANON | SNAP_CAP_COW);
	assert_int_equal(host.anon_pages, 3);
	assert_int_equal(host.ksm_swpin_copy, 4);
	assert_int_equal(host.cow_ksm, 5);
	assert_int_equal(probe_vmstat_parse(TEXT("nr_anon_pages -3\n"), &host),
			 0);
	assert_int_equal(host.anon_pages, 0);
	assert_int_equal(host.cow_ksm, 0);
	assert_int_equal(probe_vmstat_parse(TEXT(""), &host), 0);
}

#define MEMINFO "MemTotal:       100 kB\nMemFree:  50 kB\nMemAvailable: 70 kB\n"

static void meminfo_is_all_or_nothing(void **state)
{
	struct snap_host host = { .mem_total_kib = 9, .swap_free_kib = 9 };

	(void)state;
	assert_int_equal(probe_meminfo_parse(
		TEXT(MEMINFO "Buffers: 1 kB\nCached: 2 kB\nSwapCached: 3 kB\n"
		     "SwapTotal: 4 kB\nSwapFree: 5 kB\n"), &host),
		SNAP_CAP_MEMINFO);
	assert_int_equal(host.mem_total_kib, 100);
	assert_int_equal(host.mem_free_kib, 50);
	assert_int_equal(host.mem_available_kib, 70);
	assert_int_equal(host.buffers_kib, 1);
	assert_int_equal(host.cached_kib, 2);
	assert_int_equal(host.swap_total_kib, 4);
	assert_int_equal(host.swap_free_kib, 5);
	assert_int_equal(probe_meminfo_parse(TEXT(MEMINFO "Cached: x kB\n"),
					     &host), 0);
	assert_int_equal(host.mem_total_kib, 0);
	assert_int_equal(probe_meminfo_parse(TEXT("MemTotal: 100 kB\n"), &host),
			 0);
	assert_int_equal(probe_meminfo_parse(
		TEXT("MemTotal: 1 MB\nMemFree: 1 kB\nMemAvailable: 1 kB\n"),
		&host), 0);
}

static void psi_rounds_to_the_nearest_permille(void **state)
{
	static const struct {
		const char *avg10;
		uint32_t permille;
	} rows[] = {
		{ "0.00", 0 }, { "0.04", 0 }, { "0.05", 1 }, { "0.09", 1 },
		{ "12.34", 123 }, { "12.35", 124 }, { "99.99", 1000 },
		{ "100.00", 1000 }, { "7", 70 }, { "7.5", 75 },
	};
	char text[128];
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		struct snap_psi psi = { 0 };
		int len = snprintf(text, sizeof(text), "some avg10=%s avg60="
				   "1.00 avg300=0.00 total=9\n", rows[i].avg10);

		assert_true(probe_psi_parse(probe_text_of(text, (size_t)len),
					    &psi));
		assert_int_equal(psi.some_avg10_permille, rows[i].permille);
		assert_int_equal(psi.some_avg60_permille, 10);
		assert_int_equal(psi.some_total_us, 9);
	}
}

static void malformed_psi_touches_nothing(void **state)
{
	static const char *const bad[] = {
		"", "some\n", "some avg10=1.00 avg60=1.00 total=1",
		"full avg10=1.00 avg60=1.00 total=1\n",
		"some avg10=100.01 avg60=1.00 total=1\n",
		"some avg10=1.000 avg60=1.00 total=1\n",
		"some avg10=-1.00 avg60=1.00 total=1\n",
		"some avg10=. avg60=1.00 total=1\n",
		"some avg10=1.0.0 avg60=1.00 total=1\n",
		"some avg10=1.00 avg60=1.00 total=18446744073709551616\n",
		"some avg10=99999999999 avg60=1.00 total=1\n",
		"some avg10=1.00 avg60=1.00 total=1\nfull avg10=x\n",
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		struct snap_psi psi = { .some_total_us = 7 };

		if (probe_psi_parse(probe_text_of(bad[i], strlen(bad[i])),
				    &psi))
			fail_msg("'%s'", bad[i]);
		assert_int_equal(psi.some_total_us, 7);
	}
}

static void cpu_lists_are_counted(void **state)
{
	static const struct {
		const char *list;
		uint32_t count;		/* 0: refused */
	} rows[] = {
		{ "0\n", 1 }, { "0-1\n", 2 }, { "0-3,6\n", 5 },
		{ "0,2,4-7,9", 7 }, { "", 0 }, { "\n", 0 }, { "3-1\n", 0 },
		{ "0,,1\n", 0 }, { "-1\n", 0 }, { "0-\n", 0 }, { "a\n", 0 },
		{ "0-4294967295\n", 0 }, { "0-1-2\n", 0 },
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		uint32_t count = 0;
		bool ok = probe_cpulist_count(
			probe_text_of(rows[i].list, strlen(rows[i].list)),
			&count);

		if (ok != (rows[i].count > 0) || count != rows[i].count)
			fail_msg("'%s'", rows[i].list);
	}
}

static void schedstat_needs_more_than_one_number(void **state)
{
	uint64_t cpu_ns = 7;

	(void)state;
	assert_false(probe_schedstat_parse(TEXT("123"), &cpu_ns));
	assert_false(probe_schedstat_parse(TEXT("-1 2 3\n"), &cpu_ns));
	assert_int_equal(cpu_ns, 7);
	assert_true(probe_schedstat_parse(TEXT("123 4 5\n"), &cpu_ns));
	assert_int_equal(cpu_ns, 123);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_ksm_file_sets_its_own_field),
		cmocka_unit_test(a_malformed_ksm_file_leaves_zero),
		cmocka_unit_test(the_advisor_in_brackets_counts),
		cmocka_unit_test(one_missing_core_file_means_no_ksm),
		cmocka_unit_test(a_patched_kernel_counts_what_finding_costs),
		cmocka_unit_test(a_count_that_is_missing_takes_the_others_along),
		cmocka_unit_test(counts_without_switches_are_nobodys),
		cmocka_unit_test(vmstat_finds_each_counter_or_none),
		cmocka_unit_test(meminfo_is_all_or_nothing),
		cmocka_unit_test(psi_rounds_to_the_nearest_permille),
		cmocka_unit_test(malformed_psi_touches_nothing),
		cmocka_unit_test(cpu_lists_are_counted),
		cmocka_unit_test(schedstat_needs_more_than_one_number),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
