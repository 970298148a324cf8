// SPDX-License-Identifier: GPL-2.0
/* The metrics file: values, units, escaping, promtool's opinion, atomicity. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../daemon/metrics.h"
#include "../../daemon/store/store.h"
#include "../../policy/law.h"
#include "../../policy/reason.h"
#include "../../policy/snap.h"

struct sample {
	struct snap_vm vms[3];
	struct snap_shadow shadows[2];
	struct snap snap;
	struct decision decision;
	struct store_health store;
	struct metrics_input input;
};

static void make_sample(struct sample *s)
{
	memset(s, 0, sizeof(*s));
	s->vms[0] = (struct snap_vm){
		.pid = 100, .name = "web-1", .mergeable = true,
		.has_ksm_stat = true, .rss_pages = 1000,
		.rss_anon_pages = 900, .rss_shared_pages = 100,
		.merging_pages = 500, .zero_pages = 7, .rmap_items = 800,
		.profit_bytes = -4096,
	};
	s->vms[1] = (struct snap_vm){
		.pid = 101, .name = "a\"b\\c\nd) {}\xc3\xa9", .rss_pages = 1,
	};
	s->vms[2] = (struct snap_vm){ .pid = 102, .name = "x\xff\xc3" };
	s->shadows[0] = (struct snap_shadow){
		.id = 5, .pid = 101, .pages = 90, .limit = 128,
		.evictions = 12, .refaults = 3,
	};
	/* A VM whose process is none of those that were listed. */
	s->shadows[1] = (struct snap_shadow){ .id = 6, .pid = 999 };
	s->snap = (struct snap){
		.real_ms = 1700000000123, .caps = (SNAP_CAP_COUNTS << 1) - 1,
		.nshadows = 2, .shadows = s->shadows,
		.scrub = { .enabled = true, .looked = 9000, .dropped = 800,
			   .reread = 7 },
		.page_size = 4096, .nvms = 3, .vms = s->vms,
		.ksm = { .run = 1, .sleep_ms = 20, .scan_pages = 100,
			 .pages_shared = 10, .pages_sharing = 90,
			 .zero_pages = 10, .profit_bytes = 123456,
			 .pages_scanned = 5, .pages_skipped = 6,
			 .full_scans = 7, .ksmd_cpu_ns = 1234567890,
			 .tree_steps = 21, .index_skips = 22,
			 .first_sight_merges = 23, .index_bytes = 24,
			 .compares = 25, .bytes_compared = 26,
			 .lookahead_tries = 27, .lookahead_hits = 28,
			 .index_tries = 29, .index_hits = 30 },
		.host = { .mem_total_kib = 1024, .mem_available_kib = 512,
			  .cow_ksm = 3,
			  .psi_cpu = { .some_total_us = 1500000 } },
	};
	s->decision = (struct decision){ .phase = LAW_PHASE_HUNT, .run = 1,
					 .sleep_ms = 25, .scan_pages = 200 };
	s->store = (struct store_health){ .state = STORE_DEGRADED,
					  .rows_written = 11, .rows_lost = 2,
					  .file_bytes = 8192 };
	s->input = (struct metrics_input){
		.snap = &s->snap, .decision = &s->decision, .law = "yield",
		.daemon_cpu_ns = 50000000, .store = &s->store,
		.cap_permille = 200, .hold_ms = 60000, .looks = 4,
	};
}

static char *print(const struct sample *s)
{
	size_t len;
	char *text = NULL;
	FILE *out = open_memstream(&text, &len);

	assert_non_null(out);
	metrics_print(out, &s->input);
	assert_int_equal(fclose(out), 0);
	return text;
}

/* @line stands in @text as a line of its own. */
static bool has_line(const char *text, const char *line)
{
	size_t len = strlen(line);
	const char *at = text;

	while ((at = strstr(at, line))) {
		if ((at == text || at[-1] == '\n') && at[len] == '\n')
			return true;
		at++;
	}
	return false;
}

static void expect_line(const char *text, const char *line)
{
	if (!has_line(text, line))
		fail_msg("missing: %s", line);
}

static void values_are_exact_and_in_base_units(void **state)
{
	static const char *const lines[] = {
		"densityd_law_info{law=\"yield\"} 1",
		"densityd_cpu_seconds_total 0.050000000",
		"densityd_hands_off_seconds 60.000",
		"densityd_process_looks_total 4",
		"densityd_snapshot_timestamp_seconds 1700000000.123",
		"densityd_wanted_sleep_seconds 0.025",
		"densityd_wanted_pages_to_scan 200",
		"densityd_ksmd_cpu_cap_ratio 0.200",
		"densityd_ksm_sleep_seconds 0.020",
		"densityd_saved_bytes 409600",
		"densityd_ksm_profit_bytes 123456",
		"densityd_ksm_scanned_pages_total 5",
		"densityd_ksm_skipped_pages_total 6",
		"densityd_ksm_full_scans_total 7",
		"densityd_ksm_tree_steps_total 21",
		"densityd_ksm_index_spared_searches_total 22",
		"densityd_ksm_first_sight_merges_total 23",
		"densityd_ksm_index_bytes 24",
		"densityd_ksm_compares_total 25",
		"densityd_ksm_compared_bytes_total 26",
		"densityd_ksm_lookahead_tries_total 27",
		"densityd_ksm_lookahead_merges_total 28",
		"densityd_ksm_index_tries_total 29",
		"densityd_ksm_index_merges_total 30",
		"densityd_ksmd_cpu_seconds_total 1.234567890",
		"densityd_host_memory_total_bytes 1048576",
		"densityd_host_cpu_stall_seconds_total 1.500000",
		"densityd_history_state{state=\"ok\"} 0",
		"densityd_history_state{state=\"degraded\"} 1",
		"densityd_history_rows_lost_total 2",
		"densityd_vms 3",
		"densityd_vm_resident_bytes{vm=\"web-1\",pid=\"100\"} 4096000",
		"densityd_vm_merging_bytes{vm=\"web-1\",pid=\"100\"} 2048000",
		"densityd_vm_profit_bytes{vm=\"web-1\",pid=\"100\"} -4096",
		"densityd_vm_mergeable{vm=\"web-1\",pid=\"100\"} 1",
		"densityd_shadow_pages{vm=\"a\\\"b\\\\c\\nd) {}\xc3\xa9\",pid=\"101\",id=\"5\"} 90",
		"densityd_shadow_limit_pages{vm=\"\",pid=\"999\",id=\"6\"} 0",
		"# TYPE densityd_shadow_refaults_total counter",
		"densityd_scrub_enabled 1",
		"densityd_scrub_looked_pages_total 9000",
		"densityd_scrub_dropped_pages_total 800",
		"densityd_scrub_reread_pages_total 7",
		"# TYPE densityd_ksm_full_scans_total counter",
		"# TYPE densityd_saved_bytes gauge",
	};
	struct sample s;
	unsigned int i;
	char *text;

	(void)state;
	make_sample(&s);
	text = print(&s);
	for (i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		expect_line(text, lines[i]);
	free(text);
}

static void exactly_one_phase_holds(void **state)
{
	struct sample s;
	int phase, i;

	(void)state;
	make_sample(&s);
	for (phase = 0; phase < LAW_PHASE_COUNT; phase++) {
		char line[80];
		char *text;

		s.decision.phase = phase;
		text = print(&s);
		for (i = 0; i < LAW_PHASE_COUNT; i++) {
			snprintf(line, sizeof(line),
				 "densityd_phase{phase=\"%s\"} %d",
				 law_phase_name(i), i == phase);
			expect_line(text, line);
		}
		free(text);
	}
}

static void labels_are_escaped_and_valid_utf8(void **state)
{
	struct sample s;
	char *text;

	(void)state;
	make_sample(&s);
	/* No NUL within the name's room. */
	memset(s.vms[0].name, 'n', sizeof(s.vms[0].name));
	text = print(&s);
	expect_line(text, "densityd_vm_resident_bytes{"
		    "vm=\"a\\\"b\\\\c\\nd) {}\xc3\xa9\",pid=\"101\"} 4096");
	expect_line(text, "densityd_vm_mergeable{vm=\"x??\",pid=\"102\"} 0");
	expect_line(text, "densityd_vm_mergeable{vm=\""
		    "nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn"
		    "nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn\",pid=\"100\"} 1");
	free(text);
}

static void absent_sources_leave_their_metrics_out(void **state)
{
	struct sample s;
	char *text;

	(void)state;
	make_sample(&s);
	s.snap.caps = 0;
	s.snap.nvms = 0;
	s.input.store = NULL;
	text = print(&s);
	assert_null(strstr(text, "densityd_ksm_"));
	assert_null(strstr(text, "densityd_ksmd_cpu_seconds"));
	assert_null(strstr(text, "densityd_saved_bytes"));
	assert_null(strstr(text, "densityd_host_"));
	assert_null(strstr(text, "densityd_history_"));
	assert_null(strstr(text, "densityd_vm_"));
	assert_null(strstr(text, "densityd_scrub_"));
	expect_line(text, "densityd_vms 0");
	free(text);
	make_sample(&s);
	text = print(&s);
	/* The second VM has no ksm_stat. */
	assert_null(strstr(text, "merging_bytes{vm=\"a"));
	free(text);
}

/* All of a kernel's metrics but those that only our patches have. */
static void a_kernel_without_our_counts_leaves_them_out(void **state)
{
	static const char *const ours[] = {
		"ksm_tree_steps", "ksm_compare", "ksm_compared", "ksm_lookahead",
		"ksm_index", "ksm_first_sight",
	};
	struct sample s;
	char *text;

	(void)state;
	make_sample(&s);
	s.snap.caps &= ~(uint32_t)SNAP_CAP_COUNTS;
	text = print(&s);
	for (size_t i = 0; i < sizeof(ours) / sizeof(ours[0]); i++)
		assert_null(strstr(text, ours[i]));
	expect_line(text, "densityd_ksm_full_scans_total 7");
	free(text);
}

static void absurd_numbers_saturate(void **state)
{
	struct sample s;
	char *text;

	(void)state;
	make_sample(&s);
	s.vms[0].rss_pages = UINT64_MAX;
	s.snap.ksm.ksmd_cpu_ns = UINT64_MAX;
	s.snap.real_ms = INT64_MIN;
	text = print(&s);
	expect_line(text, "densityd_vm_resident_bytes{vm=\"web-1\","
		    "pid=\"100\"} 18446744073709551615");
	expect_line(text, "densityd_ksmd_cpu_seconds_total "
		    "18446744073.709551615");
	expect_line(text, "densityd_snapshot_timestamp_seconds 0.000");
	free(text);
}

/* Run promtool on @text; what it says must be nothing. */
static void expect_promtool_agrees(const char *text)
{
	char path[] = "/tmp/density-metrics-XXXXXX", command[128], said[512];
	int fd = mkstemp(path), status;
	size_t n;
	FILE *pipe;

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
	snprintf(command, sizeof(command),
		 "promtool check metrics < %s 2>&1", path);
	pipe = popen(command, "r");
	assert_non_null(pipe);
	n = fread(said, 1, sizeof(said) - 1, pipe);
	said[n] = '\0';
	status = pclose(pipe);
	unlink(path);
	if (status || n)
		fail_msg("promtool: status %d: %s", status, said);
}

static void promtool_has_no_complaint(void **state)
{
	struct sample s;
	char *text;

	(void)state;
	if (system("command -v promtool > /dev/null 2>&1") != 0) {
		print_message("# promtool (package prometheus) is missing\n");
		skip();
	}
	make_sample(&s);
	text = print(&s);
	expect_promtool_agrees(text);
	free(text);
	s.snap.caps = 0;
	s.snap.nvms = 0;
	s.input.store = NULL;
	text = print(&s);
	expect_promtool_agrees(text);
	free(text);
}

static char *make_dir(char dir[32])
{
	strcpy(dir, "/tmp/density-metrics-XXXXXX");
	assert_non_null(mkdtemp(dir));
	return dir;
}

static char *read_file(const char *path)
{
	char *text = calloc(1, 65536);
	FILE *in = fopen(path, "r");

	assert_non_null(in);
	assert_true(fread(text, 1, 65535, in) < 65535);
	fclose(in);
	return text;
}

static void the_file_holds_what_is_printed_for_all_to_read(void **state)
{
	char dir[32], path[64], tmp[80], *want, *got;
	mode_t mask = umask(0077);
	struct sample s;
	struct stat st;

	(void)state;
	make_sample(&s);
	snprintf(path, sizeof(path), "%s/densityd.prom", make_dir(dir));
	snprintf(tmp, sizeof(tmp), "%s.tmp", path);
	/* What a killed run may have left, and worse: a link elsewhere. */
	assert_int_equal(symlink("/dev/null", tmp), 0);
	assert_int_equal(metrics_write(path, &s.input), 0);
	assert_int_equal(metrics_write(path, &s.input), 0);
	umask(mask);
	assert_int_equal(lstat(path, &st), 0);
	assert_int_equal(st.st_mode, S_IFREG | 0644);
	want = print(&s);
	got = read_file(path);
	assert_string_equal(got, want);
	free(want);
	free(got);
	assert_int_equal(unlink(path), 0);
	/* Nothing else is left. */
	assert_int_equal(rmdir(dir), 0);
}

static void a_write_that_fails_keeps_the_old_file(void **state)
{
	struct rlimit before, limit;
	char dir[32], path[64], *got;
	struct sample s;
	FILE *out;

	(void)state;
	make_sample(&s);
	snprintf(path, sizeof(path), "%s/densityd.prom", make_dir(dir));
	out = fopen(path, "w");
	fputs("old\n", out);
	fclose(out);
	/* As a full disk would: the file may not grow. */
	getrlimit(RLIMIT_FSIZE, &before);
	limit = before;
	limit.rlim_cur = 100;
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
	assert_int_equal(metrics_write(path, &s.input), -EFBIG);
	setrlimit(RLIMIT_FSIZE, &before);
	signal(SIGXFSZ, SIG_DFL);
	got = read_file(path);
	assert_string_equal(got, "old\n");
	free(got);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(rmdir(dir), 0);
	assert_int_equal(metrics_write(path, &s.input), -ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values_are_exact_and_in_base_units),
		cmocka_unit_test(exactly_one_phase_holds),
		cmocka_unit_test(labels_are_escaped_and_valid_utf8),
		cmocka_unit_test(absent_sources_leave_their_metrics_out),
		cmocka_unit_test(a_kernel_without_our_counts_leaves_them_out),
		cmocka_unit_test(absurd_numbers_saturate),
		cmocka_unit_test(promtool_has_no_complaint),
		cmocka_unit_test(
		the_file_holds_what_is_printed_for_all_to_read),
		cmocka_unit_test(a_write_that_fails_keeps_the_old_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
