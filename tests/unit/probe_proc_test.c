// SPDX-License-Identifier: GPL-2.0
/* The files of one process, however it calls itself. */
#include "probe_fixture.h"

#include <fcntl.h>

#include "../../daemon/probe/proc.h"

#define TAIL " S 1 7 7 0 -1 4194304 1 2 3 4 5 6 7 8 20 -19 1 0 12345 999 678" \
	" 18446744073709551615 1\n"

static void comm_ends_at_the_last_parenthesis(void **state)
{
	static const char *const comms[] = {
		"bash", "a) b", "((", "))", "x) S 1 2 3 (y", "new\nline) S 1",
		"", " ", "\xff\xfe",
	};
	char text[256];
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(comms); i++) {
		struct probe_stat stat;
		int len = snprintf(text, sizeof(text), "7 (%s)" TAIL, comms[i]);

		if (!probe_stat_parse(probe_text_of(text, (size_t)len), &stat))
			fail_msg("'%s'", comms[i]);
		assert_string_equal(stat.comm, comms[i]);
		assert_int_equal(stat.pid, 7);
		assert_int_equal(stat.ppid, 1);
		assert_int_equal(stat.state, 'S');
		assert_int_equal(stat.cpu_ticks, 5 + 6);
		assert_int_equal(stat.start_ticks, 12345);
		assert_int_equal(stat.rss_pages, 678);
		assert_false(stat.kthread);
	}
}

static void kernel_threads_are_told_by_their_flag(void **state)
{
	struct probe_stat stat;

	(void)state;
	assert_true(probe_stat_parse(
		TEXT("37 (ksmd) S 2 0 0 0 -1 2097216 0 0 0 0 0 0 0 0 25 5 1 0"
		     " 26 0 0 18446744073709551615 0\n"), &stat));
	assert_true(stat.kthread);
	assert_int_equal(stat.ppid, 2);
}

/* Every shorter text lacks a field, or could have lost digits of one. */
static void no_prefix_of_stat_is_taken(void **state)
{
	static const char text[] = "7 (bash)" TAIL;
	const char *last = strstr(text, " 18446744073709551615");
	struct probe_stat stat;
	size_t len;

	(void)state;
	for (len = 0; text + len <= last; len++)
		assert_false(probe_stat_parse(probe_text_of(text, len), &stat));
}

static void absurd_stat_fields_are_refused(void **state)
{
	struct probe_stat stat;

	(void)state;
	assert_false(probe_stat_parse(
		TEXT("7 (x) S 1 7 7 0 -1 0 1 2 3 4 5 6 7 8 20 0 1 0 -5 9 6 1\n"),
		&stat));
	assert_false(probe_stat_parse(
		TEXT("7 (x) S 1 7 7 0 -1 0 1 2 3 4 5 6 7 8 20 0 1 0 5 9"
		     " 1180591620717411303424 1\n"), &stat));
	assert_false(probe_stat_parse(
		TEXT("99999999999 (x)" TAIL), &stat));
	assert_false(probe_stat_parse(TEXT(") ("), &stat));
	assert_false(probe_stat_parse(TEXT("7 x)" TAIL), &stat));
}

static void ksm_stat_of_every_kernel_is_read(void **state)
{
	struct probe_ksm_stat stat;

	(void)state;
	assert_true(probe_ksm_stat_parse(TEXT("ksm_rmap_items 5\n"), &stat));
	assert_int_equal(stat.rmap_items, 5);
	assert_false(stat.has_merging);
	assert_false(stat.has_mergeable);
	assert_true(probe_ksm_stat_parse(
		TEXT("ksm_rmap_items 5\nksm_zero_pages 6\nksm_merging_pages 7\n"
		     "ksm_process_profit -8\n"), &stat));
	assert_int_equal(stat.zero_pages, 6);
	assert_int_equal(stat.merging_pages, 7);
	assert_int_equal(stat.profit_bytes, -8);
	assert_true(stat.has_merging);
	assert_false(stat.has_mergeable);
	assert_true(probe_ksm_stat_parse(
		TEXT("ksm_rmap_items 0\nksm_merge_any: no\nksm_mergeable: yes\n"),
		&stat));
	assert_true(stat.has_mergeable && stat.mergeable);
	assert_true(probe_ksm_stat_parse(
		TEXT("ksm_rmap_items 0\nksm_merge_any: yes\nksm_mergeable: no\n"),
		&stat));
	assert_true(stat.has_mergeable && stat.mergeable);
	assert_true(probe_ksm_stat_parse(
		TEXT("ksm_rmap_items 0\nksm_merge_any: no\nksm_mergeable: no\n"),
		&stat));
	assert_true(stat.has_mergeable && !stat.mergeable);
}

static void ksm_stat_without_its_first_line_is_refused(void **state)
{
	struct probe_ksm_stat stat;

	(void)state;
	assert_false(probe_ksm_stat_parse(TEXT(""), &stat));
	assert_false(probe_ksm_stat_parse(TEXT("ksm_rmap_items -1\n"), &stat));
	assert_false(probe_ksm_stat_parse(TEXT("ksm_rmap_items 12"), &stat));
	assert_false(probe_ksm_stat_parse(TEXT("ksm_merging_pages 1\n"), &stat));
	assert_false(probe_ksm_stat_parse(
		TEXT("ksm_rmap_items 1180591620717411303424\n"), &stat));
}

static void a_momentarily_negative_count_is_zero(void **state)
{
	struct probe_ksm_stat stat;

	(void)state;
	assert_true(probe_ksm_stat_parse(
		TEXT("ksm_rmap_items 1\nksm_zero_pages -4\n"), &stat));
	assert_int_equal(stat.zero_pages, 0);
}

static void smaps_sums_and_finds_the_flag(void **state)
{
	struct probe_smaps smaps = { 0 };
	static const char *const lines[] = {
		"AnonHugePages:      2048 kB", "AnonHugePages:     4096 kB",
		"Shared_Hugetlb:        1 kB", "Private_Hugetlb:      10 kB",
		"AnonHugePages: x kB", "AnonHugePages:",
		"VmFlags: rd wr mgx xmg", "KSM:  9 kB",
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(lines); i++)
		probe_smaps_line(probe_text_of(lines[i], strlen(lines[i])),
				 &smaps);
	assert_int_equal(smaps.thp_kib, 6144);
	assert_int_equal(smaps.hugetlb_kib, 11);
	assert_true(smaps.has_flags);
	assert_false(smaps.mergeable);
	probe_smaps_line(TEXT("VmFlags: rd wr mg "), &smaps);
	assert_true(smaps.mergeable);
	probe_smaps_line(TEXT("AnonHugePages: 18446744073709551615 kB"),
			 &smaps);
	assert_true(smaps.thp_kib == UINT64_MAX);
}

/* Lines that straddle the window's edge, and one longer than the window. */
static void smaps_streams_files_of_any_size(void **state)
{
	static char text[64 * 1024];
	struct probe_smaps smaps = { 0 };
	size_t len = 0;
	char root[32];
	int fd, i;

	(void)state;
	fx_make_root(root);
	for (i = 0; i < 1000; i++)
		len += (size_t)sprintf(text + len, "AnonHugePages: %d kB\n"
				       "VmFlags: rd\n", i);
	memset(text + len, 'x', 20000);
	len += 20000;
	len += (size_t)sprintf(text + len, "\nAnonHugePages: 1 kB\n"
			       "VmFlags: mg\nAnonHugePages: 5");
	fx_put_bytes(root, "smaps", text, len);
	fd = open(root, O_RDONLY | O_DIRECTORY);
	assert_int_equal(probe_smaps_read(fd, "smaps", &smaps), 0);
	assert_int_equal(smaps.thp_kib, 999 * 1000 / 2 + 1);
	assert_true(smaps.mergeable);
	assert_true(probe_smaps_read(fd, "absent", &smaps) < 0);
	assert_true(probe_smaps_read(fd, ".", &smaps) < 0);
	assert_true(smaps.mergeable);
	close(fd);
	fx_remove(root, "");
}

static void status_names_the_leader(void **state)
{
	int32_t tgid = -7;

	(void)state;
	assert_true(probe_status_tgid(TEXT("Name:\tx\nTgid:\t33\nPid:\t34\n"),
				      &tgid));
	assert_int_equal(tgid, 33);
	assert_false(probe_status_tgid(TEXT("Tgid:\t0\n"), &tgid));
	assert_false(probe_status_tgid(TEXT("Tgid:\t-1\n"), &tgid));
	assert_false(probe_status_tgid(TEXT("Tgid:\t99999999999\n"), &tgid));
	assert_false(probe_status_tgid(TEXT("Tgid:\t12"), &tgid));
	assert_int_equal(tgid, 33);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(comm_ends_at_the_last_parenthesis),
		cmocka_unit_test(kernel_threads_are_told_by_their_flag),
		cmocka_unit_test(no_prefix_of_stat_is_taken),
		cmocka_unit_test(absurd_stat_fields_are_refused),
		cmocka_unit_test(ksm_stat_of_every_kernel_is_read),
		cmocka_unit_test(ksm_stat_without_its_first_line_is_refused),
		cmocka_unit_test(a_momentarily_negative_count_is_zero),
		cmocka_unit_test(smaps_sums_and_finds_the_flag),
		cmocka_unit_test(smaps_streams_files_of_any_size),
		cmocka_unit_test(status_names_the_leader),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
