// SPDX-License-Identifier: GPL-2.0
/* Files that are not what they should be, and files that others may read. */
#include <sys/wait.h>

#include "store_fixture.h"

#define NOBODY 65534

static void write_bytes(const char *path, long at, unsigned int len,
			unsigned int seed)
{
	FILE *file = fopen(path, "r+");

	assert_non_null(file);
	assert_int_equal(fseek(file, at, SEEK_SET), 0);
	for (unsigned int i = 0; i < len; i++)
		fputc(rand_r(&seed) & 0xff, file);
	assert_int_equal(fclose(file), 0);
}

static char *read_whole(const char *path, size_t *ret_len)
{
	FILE *file = fopen(path, "r");
	char *bytes = malloc(1 << 24);

	assert_non_null(file);
	*ret_len = fread(bytes, 1, 1 << 24, file);
	fclose(file);
	return bytes;
}

static bool exists(const struct fixture *f, const char *suffix)
{
	char path[160];

	snprintf(path, sizeof(path), "%s%s", f->path, suffix);
	return !access(path, F_OK);
}

static unsigned int files_in_dir(const struct fixture *f)
{
	struct dirent *entry;
	DIR *dir = opendir(f->dir);
	unsigned int n = 0;

	while ((entry = readdir(dir)))
		n += entry->d_name[0] != '.';
	closedir(dir);
	return n;
}

static int64_t count_events(const struct fixture *f, const char *like)
{
	char sql[200];

	snprintf(sql, sizeof(sql), "SELECT count(*) FROM event WHERE "
		 "text LIKE '%%%s%%'", like);
	return fixture_sql(f, sql);
}

static void make_history(struct fixture *f, unsigned int ticks)
{
	fixture_open(f);
	fixture_sample(f);
	for (unsigned int i = 0; i < ticks / 60; i++) {
		fixture_ticks(f, 60, 1000);
		store_maintain(f->store, f->snap.real_ms);
	}
	fixture_close(f);
}

static void the_file_says_what_it_is(void **state)
{
	struct fixture *f = *state;

	snprintf(f->path, sizeof(f->path), "%s/a/b/history.db", f->dir);
	fixture_open(f);
	fixture_ticks(f, 10, 1000);
	store_flush(f->store);
	assert_int_equal(fixture_health(f)->state, STORE_OK);
	assert_string_equal(f->health.text, "");
	assert_int_equal(f->health.rows_written, 10);
	assert_true(f->health.file_bytes > 0);
	fixture_close(f);
	assert_true(exists(f, "-wal"));
	assert_int_equal(fixture_sql(f, "PRAGMA application_id"), 0x44656e73);
	assert_int_equal(fixture_sql(f, "PRAGMA user_version"),
			 SCHEMA_VERSION);
	assert_int_equal(fixture_sql(f, "PRAGMA auto_vacuum"), 2);
	assert_int_equal(fixture_sql(f, "SELECT count(*) FROM "
		"pragma_table_list WHERE type = 'table' AND strict = 0 AND "
		"name NOT LIKE 'sqlite_%'"), 0);
	/* The views that docs/history.md shows. */
	assert_int_equal(fixture_sql(f, "SELECT count(*) FROM v_sample "
		"WHERE law = 'yield' AND saved_mib = 4096"), 10);
	assert_int_equal(fixture_sql(f, "SELECT (SELECT count(*) FROM v_minute)"
		" + (SELECT count(*) FROM v_hour) + "
		"(SELECT count(*) FROM v_decision)"), 0);
}

static void a_corrupt_header_is_set_aside(void **state)
{
	struct fixture *f = *state;

	make_history(f, 600);
	write_bytes(f->path, 0, 100, 1);
	fixture_open(f);
	assert_int_equal(fixture_health(f)->state, STORE_OK);
	assert_non_null(strstr(f->health.text, "history.db.corrupt-1"));
	assert_true(exists(f, ".corrupt-1"));
	fixture_ticks(f, 10, 1000);
	fixture_close(f);
	assert_int_equal(fixture_sql(f, "SELECT count(*) FROM sample"), 10);
	assert_int_equal(count_events(f, "corrupt-1"), 1);
	/* A second one does not overwrite the first. */
	write_bytes(f->path, 0, 100, 2);
	make_history(f, 60);
	assert_true(exists(f, ".corrupt-1"));
	assert_true(exists(f, ".corrupt-2"));
}

static void a_corrupt_middle_is_set_aside_when_met(void **state)
{
	struct fixture *f = *state;
	struct stat st;

	make_history(f, 7200);
	assert_int_equal(stat(f->path, &st), 0);
	write_bytes(f->path, 4096, (unsigned int)(st.st_size - 4096), 3);
	make_history(f, 60);
	assert_true(exists(f, ".corrupt-1"));
	assert_int_equal(count_events(f, "corrupt-1"), 1);
	assert_true(fixture_sql(f, "SELECT count(*) FROM sample") >= 60);
	fixture_assert_sound(f);
}

static void corruption_under_a_running_daemon_loses_no_row(void **state)
{
	struct fixture *f = *state;
	int64_t rows;

	fixture_open(f);
	fixture_sample(f);
	fixture_ticks(f, 3600, 1000);
	assert_int_equal(sqlite3_wal_checkpoint_v2(f->store->db, NULL,
			 SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL), 0);
	/* All but the first page, which the cache knows better. */
	for (long at = 4096; at < 200 * 1024; at += 4096)
		write_bytes(f->path, at, 4096, (unsigned int)at);
	sqlite3_db_release_memory(f->store->db);
	fixture_ticks(f, 60, 1000);
	store_maintain(f->store, f->snap.real_ms);
	fixture_ticks(f, 60, 1000);
	assert_int_equal(fixture_health(f)->state, STORE_OK);
	assert_int_equal(f->health.rows_lost, 0);
	fixture_close(f);
	assert_true(exists(f, ".corrupt-1"));
	rows = fixture_sql(f, "SELECT count(*) FROM sample");
	/* What waited in the batch and what came after. */
	assert_in_range(rows, 60, 120 + 5 * STORE_CALM);
	assert_int_equal(count_events(f, "corrupt-1"), 1);
}

static void any_damage_yields_a_store_and_deletes_nothing(void **state)
{
	struct fixture *f = *state;
	unsigned int seed = 7;
	size_t len;
	char *good;

	make_history(f, 1200);
	good = read_whole(f->path, &len);
	for (int i = 0; i < 60; i++) {
		unsigned int before;
		FILE *file;

		fixture_remove_dir(f->dir);
		assert_int_equal(mkdir(f->dir, 0755), 0);
		file = fopen(f->path, "w");
		/* cut somewhere, and ten bytes changed */
		fwrite(good, 1, i % 3 ? len : (size_t)rand_r(&seed) % len,
		       file);
		fclose(file);
		for (int n = 0; n < 10; n++)
			write_bytes(f->path, rand_r(&seed) %
				    (i % 2 ? 100 : (long)len), 1, seed + n);
		before = files_in_dir(f);
		fixture_open(f);
		fixture_ticks(f, 130, 1000);
		store_maintain(f->store, f->snap.real_ms);
		fixture_health(f);
		fixture_close(f);
		assert_true(files_in_dir(f) >= before);
	}
	free(good);
}

static void assert_untouched(struct fixture *f, const char *why)
{
	char error[QUERY_ERROR_LEN];
	struct query *query = NULL;
	size_t before_len, after_len;
	unsigned int files = files_in_dir(f);
	char *before = read_whole(f->path, &before_len);
	char *after;
	int ret;

	fixture_open(f);
	fixture_ticks(f, 300, 1000);
	store_maintain(f->store, f->snap.real_ms);
	assert_int_equal(fixture_health(f)->state, STORE_OFF);
	assert_non_null(strstr(f->health.text, why));
	assert_int_equal(f->health.rows_written, 0);
	fixture_close(f);
	after = read_whole(f->path, &after_len);
	assert_int_equal(before_len, after_len);
	assert_memory_equal(before, after, before_len);
	assert_int_equal(files_in_dir(f), files);
	ret = query_open(f->path, &query, error);
	assert_true(ret == -EPROTO || ret == -EILSEQ);
	assert_null(query);
	free(before);
	free(after);
}

static void a_newer_file_is_left_untouched(void **state)
{
	struct fixture *f = *state;

	make_history(f, 60);
	fixture_sql(f, "PRAGMA user_version = 99");
	fixture_sql(f, "PRAGMA wal_checkpoint(TRUNCATE)");
	assert_untouched(f, "newer");
}

static void a_newer_version_that_only_the_wal_knows_counts(void **state)
{
	struct fixture *f = *state;

	make_history(f, 60);
	fixture_open(f);	/* a writer that keeps the WAL from folding */
	sqlite3_exec(f->store->db, "PRAGMA user_version = 99", NULL, NULL,
		     NULL);
	sqlite3_db_config(f->store->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1,
			  NULL);
	fixture_close(f);
	assert_untouched(f, "newer");
}

static void another_programs_database_is_left_untouched(void **state)
{
	struct fixture *f = *state;
	sqlite3 *db;

	assert_int_equal(sqlite3_open(f->path, &db), 0);
	sqlite3_exec(db, "PRAGMA journal_mode = WAL; CREATE TABLE t(a);"
		     "INSERT INTO t VALUES(1)", NULL, NULL, NULL);
	sqlite3_close(db);
	assert_untouched(f, "another program");
}

static void an_off_store_begins_when_the_file_is_gone(void **state)
{
	struct fixture *f = *state;

	make_history(f, 60);
	fixture_sql(f, "PRAGMA user_version = 99");
	fixture_sql(f, "PRAGMA wal_checkpoint(TRUNCATE)");
	fixture_open(f);
	fixture_ticks(f, 10, 1000);
	assert_int_equal(fixture_health(f)->state, STORE_OFF);
	fixture_remove_dir(f->dir);
	fixture_ticks(f, 130, 1000);
	assert_int_equal(fixture_health(f)->state, STORE_OK);
	assert_string_equal(f->health.text, "");
	fixture_close(f);
	assert_int_equal(fixture_sql(f, "SELECT count(*) FROM sample"), 140);
}

static void a_deleted_file_is_begun_anew(void **state)
{
	struct fixture *f = *state;
	char wal[160];

	snprintf(wal, sizeof(wal), "%s-wal", f->path);
	fixture_open(f);
	fixture_ticks(f, 100, 1000);
	assert_int_equal(unlink(f->path), 0);
	fixture_ticks(f, 100, 1000);
	store_flush(f->store);
	assert_int_equal(fixture_health(f)->state, STORE_OK);
	assert_int_equal(count_events(f, "removed or replaced"), 1);
	assert_true(fixture_sql(f, "SELECT count(*) FROM sample") >= 100);
	/* The WAL alone: what it held reaches the file. */
	assert_int_equal(unlink(wal), 0);
	fixture_ticks(f, 100, 1000);
	fixture_close(f);
	assert_true(fixture_sql(f, "SELECT count(*) FROM sample") >= 200);
	assert_int_equal(count_events(f, "removed or replaced"), 2);
	fixture_assert_sound(f);
}

static void a_path_that_cannot_be_a_file_degrades(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(mkdir(f->path, 0755), 0);
	fixture_open(f);
	fixture_ticks(f, 100, 1000);
	assert_int_equal(fixture_health(f)->state, STORE_DEGRADED);
	assert_true(f->health.text[0]);
	rmdir(f->path);
	fixture_ticks(f, 100, 1000);
	assert_int_equal(fixture_health(f)->state, STORE_OK);
	fixture_close(f);
	assert_int_equal(fixture_sql(f, "SELECT count(*) FROM sample"), 200);
}

static void a_migration_step_is_whole_or_absent(void **state)
{
	static const struct schema_step bad[] = {
		{ 1, "CREATE TABLE a(x) STRICT" },
	};
	static const struct schema_step steps[] = {
		{ 1, "CREATE TABLE a(x INTEGER) STRICT" },
		{ 2, "CREATE TABLE b(x INTEGER) STRICT; SELECT nonsense" },
		{ 3, "CREATE TABLE c(x INTEGER) STRICT" },
	};
	long long n;
	sqlite3 *db;

	(void)state;
	assert_int_equal(sqlite3_open(":memory:", &db), 0);
	assert_int_not_equal(schema_migrate(db, bad, 1), SQLITE_OK);
	assert_int_not_equal(schema_migrate(db, steps, 3), SQLITE_OK);
	schema_int(db, "PRAGMA user_version", &n);
	assert_int_equal(n, 1);
	schema_int(db, "SELECT count(*) FROM sqlite_schema", &n);
	assert_int_equal(n, 1);
	assert_int_equal(schema_migrate(db, steps, 1), SQLITE_OK);
	sqlite3_close(db);
}

/* The file as the first release wrote it: without what came later. */
static void make_old(const struct fixture *f)
{
	static const char *const later[] = {
		"cached_kib", "stall_cpu_us", "stall_mem_us", "shadow_pages",
		"shadow_evictions", "shadow_refaults",
	};
	static const char *const tables[] = { "sample", "minute", "hour" };
	char sql[128];
	sqlite3 *db;

	assert_int_equal(sqlite3_open(f->path, &db), 0);
	for (size_t t = 0; t < 3; t++) {
		for (size_t i = 0; i < 6; i++) {
			snprintf(sql, sizeof(sql),
				 "ALTER TABLE %s DROP COLUMN %s", tables[t],
				 later[i]);
			assert_int_equal(sqlite3_exec(db, sql, NULL, NULL,
						      NULL), 0);
		}
	}
	assert_int_equal(sqlite3_exec(db, "PRAGMA user_version = 1;"
				      "PRAGMA wal_checkpoint(TRUNCATE)", NULL,
				      NULL, NULL), 0);
	sqlite3_close(db);
}

static void an_old_file_is_read_as_it_is(void **state)
{
	struct fixture *f = *state;
	struct fixture_rows rows = { 0 };
	char error[QUERY_ERROR_LEN];
	struct query *query;
	int cached = query_column_find("cached_mib");
	int anon = query_column_find("anon_mib");

	f->snap.host.anon_pages = 2560;
	make_history(f, 600);
	make_old(f);
	assert_int_equal(query_open(f->path, &query, error), 0);
	for (enum query_rollup r = QUERY_RAW; r <= QUERY_HOUR; r++) {
		rows.n = 0;
		assert_int_equal(query_samples(query, 0, INT64_MAX, r,
					       fixture_collect, &rows, NULL),
				 0);
		assert_true(rows.n > 0);
		assert_true(isnan(rows.row[rows.n - 1].value[cached]));
		assert_true(rows.row[rows.n - 1].value[anon] == 10);
	}
	query_close(query);
	free(rows.row);
	assert_int_equal(fixture_sql(f, "PRAGMA user_version"), 1);
}

static void an_old_file_is_gone_on_with(void **state)
{
	struct fixture *f = *state;

	f->snap.host.cached_kib = 4096;
	make_history(f, 600);
	make_old(f);
	make_history(f, 600);
	assert_int_equal(fixture_sql(f, "PRAGMA user_version"),
			 SCHEMA_VERSION);
	assert_int_equal(fixture_sql(f, "SELECT count(*) FROM sample "
				     "WHERE cached_kib IS NULL"), 601);
	assert_int_equal(fixture_sql(f, "SELECT count(*) FROM sample "
				     "WHERE cached_kib = 4096"), 601);
	assert_true(fixture_sql(f, "SELECT count(*) FROM minute "
				"WHERE cached_kib = 4096") >= 9);
	assert_false(exists(f, ".corrupt-1"));
	fixture_assert_sound(f);
}

/* Run @fn as a user who owns nothing here; its result, or 99. */
static int as_nobody(int (*fn)(struct fixture *f), struct fixture *f)
{
	int status;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (!pid) {
		if (!geteuid() && (setresgid(NOBODY, NOBODY, NOBODY) ||
				   setresuid(NOBODY, NOBODY, NOBODY)))
			_exit(99);
		_exit(fn(f));
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static int try_to_write(struct fixture *f)
{
	if (store_open(f->path, &f->conf, &f->store))
		return 1;
	fixture_ticks(f, 100, 1000);
	if (fixture_health(f)->state != STORE_DEGRADED || !f->health.text[0])
		return 2;
	return f->health.rows_lost ? 3 : 0;
}

static void a_directory_that_is_read_only_degrades(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(chmod(f->dir, 0555), 0);
	assert_int_equal(as_nobody(try_to_write, f), 0);
	chmod(f->dir, 0755);
	make_history(f, 60);
	chmod(f->path, 0444);
	chmod(f->dir, 0555);
	assert_int_equal(as_nobody(try_to_write, f), 0);
}

/* The number of samples that can be read, or 200 + errno. */
static int read_samples(struct fixture *f)
{
	char error[QUERY_ERROR_LEN];
	struct fixture_rows rows = { 0 };
	struct query *query;
	int ret = query_open(f->path, &query, error);

	if (ret)
		return 200 - ret;
	ret = query_samples(query, 0, INT64_MAX, QUERY_RAW, fixture_collect,
			    &rows, NULL);
	query_close(query);
	free(rows.row);
	return ret ? 200 - ret : (int)rows.n;
}

static void others_read_beside_the_daemon_and_after_it(void **state)
{
	struct fixture *f = *state;
	char wal[160], shm[160];

	snprintf(wal, sizeof(wal), "%s-wal", f->path);
	snprintf(shm, sizeof(shm), "%s-shm", f->path);
	chmod(f->dir, 0755);
	fixture_open(f);
	fixture_ticks(f, 50, 1000);
	store_flush(f->store);
	assert_int_equal(as_nobody(read_samples, f), 50);
	fixture_close(f);
	assert_int_equal(as_nobody(read_samples, f), 50);
	/* Copied away without its companions: nothing can be missing. */
	assert_int_equal(unlink(wal), 0);
	assert_int_equal(unlink(shm), 0);
	assert_int_equal(as_nobody(read_samples, f), 50);
}

static void a_reader_without_the_wals_index_is_told(void **state)
{
	struct fixture *f = *state;
	char shm[160];

	snprintf(shm, sizeof(shm), "%s-shm", f->path);
	chmod(f->dir, 0755);
	fixture_open(f);
	fixture_ticks(f, 50, 1000);
	store_flush(f->store);
	sqlite3_db_config(f->store->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1,
			  NULL);
	fixture_close(f);
	assert_int_equal(unlink(shm), 0);
	assert_int_equal(as_nobody(read_samples, f), 200 + EACCES);
	/* Who may create the index reads everything. */
	assert_int_equal(read_samples(f), 50);
}

static void a_reader_tells_why_it_cannot_read(void **state)
{
	struct fixture *f = *state;
	char error[QUERY_ERROR_LEN] = "";
	struct query *query = NULL;

	assert_int_equal(query_open(f->path, &query, error), -ENOENT);
	assert_non_null(strstr(error, f->path));
	fclose(fopen(f->path, "w"));
	assert_int_equal(query_open(f->path, &query, error), -EILSEQ);
	unlink(f->path);
	make_history(f, 600);
	write_bytes(f->path, 100, 4096 * 3, 5);
	assert_int_equal(query_open(f->path, &query, error), -EILSEQ);
	assert_non_null(strstr(error, "corrupt"));
	write_bytes(f->path, 0, 16, 5);
	assert_int_equal(query_open(f->path, &query, error), -EILSEQ);
	assert_null(query);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		fixture_test(the_file_says_what_it_is),
		fixture_test(a_corrupt_header_is_set_aside),
		fixture_test(a_corrupt_middle_is_set_aside_when_met),
		fixture_test(corruption_under_a_running_daemon_loses_no_row),
		fixture_test(any_damage_yields_a_store_and_deletes_nothing),
		fixture_test(a_newer_file_is_left_untouched),
		fixture_test(a_newer_version_that_only_the_wal_knows_counts),
		fixture_test(another_programs_database_is_left_untouched),
		fixture_test(an_off_store_begins_when_the_file_is_gone),
		fixture_test(a_deleted_file_is_begun_anew),
		fixture_test(a_path_that_cannot_be_a_file_degrades),
		fixture_test(a_migration_step_is_whole_or_absent),
		fixture_test(an_old_file_is_read_as_it_is),
		fixture_test(an_old_file_is_gone_on_with),
		fixture_test(a_directory_that_is_read_only_degrades),
		fixture_test(others_read_beside_the_daemon_and_after_it),
		fixture_test(a_reader_without_the_wals_index_is_told),
		fixture_test(a_reader_tells_why_it_cannot_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
