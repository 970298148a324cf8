// SPDX-License-Identifier: GPL-2.0
/* Descriptors: kept where that is right, opened anew where it is not. */
#include "probe_fixture.h"

#include <errno.h>
#include <fcntl.h>

#include "../../daemon/probe/file.h"
#include "../../daemon/probe/pids.h"

static int open_dir(const char *path)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	assert_true(fd >= 0);
	return fd;
}

static void procfs_descriptors_are_kept(void **state)
{
	struct probe_file file = PROBE_FILE("self/comm");
	int proc_fd = open_dir("/proc");
	char first[64], second[64];
	int kept_fd;
	long len;

	(void)state;
	len = probe_file_read(proc_fd, &file, first, sizeof(first));
	assert_true(len > 0);
	kept_fd = file.fd;
	assert_true(kept_fd >= 0);
	assert_int_equal(probe_file_read(proc_fd, &file, second,
					 sizeof(second)), len);
	assert_int_equal(file.fd, kept_fd);
	assert_memory_equal(first, second, (size_t)len);
	probe_file_close(&file);
	assert_int_equal(file.fd, -1);
	probe_file_close(&file);
	close(proc_fd);
}

/* As a descriptor of a process that has ended does. */
static void a_kept_descriptor_that_fails_is_replaced(void **state)
{
	struct probe_file file = PROBE_FILE("self/comm");
	int proc_fd = open_dir("/proc");
	char buf[64];

	(void)state;
	file.fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
	assert_true(file.fd >= 0);
	assert_true(probe_file_read(proc_fd, &file, buf, sizeof(buf)) > 0);
	assert_true(file.fd >= 0);
	probe_file_close(&file);
	close(proc_fd);
}

/* Of a file that comes in pieces, as seq_files do. */
static void no_more_is_read_than_is_wanted(void **state)
{
	struct probe_file file = PROBE_FILE("kallsyms");
	int proc_fd = open_dir("/proc");
	char buf[PROBE_BUF_SIZE];
	long piece;

	(void)state;
	assert_int_equal(probe_file_read(proc_fd, &file, buf, sizeof(buf)),
			 sizeof(buf));
	file.last = "\n";
	piece = probe_file_read(proc_fd, &file, buf, sizeof(buf));
	assert_in_range(piece, 1, 4096);
	file.last = "\nno such symbol ";
	assert_int_equal(probe_file_read(proc_fd, &file, buf, sizeof(buf)),
			 sizeof(buf));
	probe_file_close(&file);
	close(proc_fd);
}

static void a_replaced_file_is_seen(void **state)
{
	struct probe_file file = PROBE_FILE("a");
	char root[32], from[64], to[64], buf[8];
	int fd;

	(void)state;
	fx_make_root(root);
	fd = open_dir(root);
	assert_int_equal(probe_file_read(fd, &file, buf, sizeof(buf)), -ENOENT);
	fx_put(root, "a", "1");
	assert_int_equal(probe_file_read(fd, &file, buf, sizeof(buf)), 1);
	fx_put(root, "b", "22");
	snprintf(from, sizeof(from), "%s/b", root);
	snprintf(to, sizeof(to), "%s/a", root);
	assert_int_equal(rename(from, to), 0);
	assert_int_equal(probe_file_read(fd, &file, buf, sizeof(buf)), 2);
	fx_remove(root, "a");
	assert_int_equal(probe_file_read(fd, &file, buf, sizeof(buf)), -ENOENT);
	close(fd);
	fx_remove(root, "");
}

static void what_is_no_file_neither_reads_nor_blocks(void **state)
{
	char root[32], path[64], buf[8];
	int fd;

	(void)state;
	fx_make_root(root);
	fd = open_dir(root);
	snprintf(path, sizeof(path), "%s/fifo", root);
	assert_int_equal(mkfifo(path, 0600), 0);
	snprintf(path, sizeof(path), "%s/dir", root);
	assert_int_equal(mkdir(path, 0700), 0);
	assert_true(probe_file_read_once(fd, "fifo", buf, sizeof(buf)) < 0);
	assert_int_equal(probe_file_read_once(fd, "dir", buf, sizeof(buf)),
			 -EISDIR);
	close(fd);
	fx_remove(root, "");
}

static void a_long_file_is_cut_at_the_buffer(void **state)
{
	char root[32], buf[8];
	int fd;

	(void)state;
	fx_make_root(root);
	fd = open_dir(root);
	fx_put(root, "long", "0123456789");
	assert_int_equal(probe_file_read_once(fd, "long", buf, sizeof(buf)), 8);
	assert_memory_equal(buf, "01234567", 8);
	close(fd);
	fx_remove(root, "");
}

static void ids_in_names_are_exact(void **state)
{
	int32_t id = -7;

	(void)state;
	assert_false(probe_name_to_id("", '\0', &id));
	assert_false(probe_name_to_id("-3", '\0', &id));
	assert_false(probe_name_to_id("12abc", '\0', &id));
	assert_false(probe_name_to_id("2147483648", '\0', &id));
	assert_false(probe_name_to_id("99999999999999999999", '\0', &id));
	assert_false(probe_name_to_id("12", '-', &id));
	assert_int_equal(id, -7);
	assert_true(probe_name_to_id("2147483647", '\0', &id));
	assert_int_equal(id, INT32_MAX);
	assert_true(probe_name_to_id("12-9", '-', &id));
	assert_int_equal(id, 12);
}

static void sorted_ids_are_unique_and_found(void **state)
{
	struct probe_pids pids = { 0 };
	int32_t i;

	(void)state;
	assert_false(probe_pids_has(&pids, 1));
	for (i = 1000; i > 0; i--)
		probe_pids_add(&pids, i / 2);
	probe_pids_sort(&pids);
	assert_int_equal(pids.count, 501);
	for (i = 0; i <= 500; i++)
		assert_true(probe_pids_has(&pids, i));
	assert_false(probe_pids_has(&pids, 501));
	probe_pids_free(&pids);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(procfs_descriptors_are_kept),
		cmocka_unit_test(a_kept_descriptor_that_fails_is_replaced),
		cmocka_unit_test(no_more_is_read_than_is_wanted),
		cmocka_unit_test(a_replaced_file_is_seen),
		cmocka_unit_test(what_is_no_file_neither_reads_nor_blocks),
		cmocka_unit_test(a_long_file_is_cut_at_the_buffer),
		cmocka_unit_test(ids_in_names_are_exact),
		cmocka_unit_test(sorted_ids_are_unique_and_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
