// SPDX-License-Identifier: GPL-2.0
/*
 * The open file: opening, closing, setting aside, and its kept statements.
 *
 * What is not ours is recognised by its first bytes, before SQLite sees it
 * (schema_peek()), and is not touched. The identities of the main file and of
 * the WAL are remembered: a file that was deleted or replaced under an open
 * descriptor would swallow every row without an error.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store_impl.h"

#define SQL_DELETE(table, condition) \
	"DELETE FROM " table " WHERE id IN (SELECT id FROM " table " " \
	condition ")"
#define OLD "WHERE real_ms < ?1 ORDER BY real_ms LIMIT ?2"
#define FIRST "ORDER BY id LIMIT ?1"
/* Rows that are folded already; one is left, so that ids only ever grow. */
#define ROLLED(target) \
	"id < (SELECT upto FROM rolled WHERE target = '" target "')"

static const char *const sql_of[STMT_COUNT] = {
	[STMT_BEGIN] = "BEGIN IMMEDIATE",
	[STMT_COMMIT] = "COMMIT",
	[STMT_ROLLBACK] = "ROLLBACK",
	[STMT_WORD_FIND] = "SELECT id FROM word WHERE text = ?1",
	[STMT_WORD_ADD] = "INSERT INTO word(text) VALUES (?1)",
	[STMT_RUN] = "INSERT INTO run(id, start_ms, version, kernel, boot_id,"
		" page_size) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
	[STMT_RUN_LAW] =
		"UPDATE run SET law = ?2, page_size = ?3 WHERE id = ?1",
	[STMT_END_VMS] =
		"UPDATE vm SET ended_ms = ?1 WHERE ended_ms IS NULL",
	[STMT_VM] = "INSERT OR REPLACE INTO vm(id, run, pid, start_ticks,"
		" name, vmm, born_ms, ended_ms)"
		" VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
	[STMT_SAMPLE] = HOST_SQL_INSERT("sample"),
	[STMT_VM_SAMPLE] = "INSERT INTO vm_sample VALUES (?1, ?2, ?3, ?4, ?5)",
	[STMT_DECISION] = "INSERT INTO decision(real_ms, law, phase, reason,"
		" ksm_run, sleep_ms, scan_pages, text)"
		" VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
	[STMT_WRITE] = "INSERT INTO knob_write(real_ms, knob, old_value,"
		" new_value, error, text) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
	[STMT_EVENT] =
		"INSERT INTO event(real_ms, kind, text) VALUES (?1, ?2, ?3)",
	[STMT_MINUTE] = HOST_SQL_INSERT("minute"),
	[STMT_HOUR] = HOST_SQL_INSERT("hour"),
	[STMT_UNROLLED_SAMPLES] = "SELECT " HOST_SQL_COLUMNS
		" FROM sample WHERE id > ?1 ORDER BY id",
	[STMT_UNROLLED_MINUTES] = "SELECT " HOST_SQL_COLUMNS
		" FROM minute WHERE id > ?1 ORDER BY id",
	[STMT_ROLLED_GET] = "SELECT upto FROM rolled WHERE target = ?1",
	[STMT_ROLLED_SET] = "UPDATE rolled SET upto = ?2 WHERE target = ?1",
	[STMT_OLD_SAMPLES] = "SELECT id FROM sample WHERE real_ms < ?1 AND "
		ROLLED("minute") " ORDER BY real_ms LIMIT ?2",
	[STMT_FIRST_SAMPLES] = "SELECT id FROM sample WHERE "
		"id < (SELECT max(id) FROM sample) - ?1 AND " ROLLED("minute")
		" ORDER BY id LIMIT ?2",
	[STMT_DELETE_SAMPLES] = "DELETE FROM sample WHERE id BETWEEN ?1 AND ?2",
	[STMT_DELETE_VM_SAMPLES] =
		"DELETE FROM vm_sample WHERE id BETWEEN ?1 AND ?2",
	[STMT_OLD_MINUTES] = SQL_DELETE("minute",
		"WHERE real_ms < ?1 AND " ROLLED("hour")
		" ORDER BY real_ms LIMIT ?2"),
	[STMT_OLD_HOURS] = SQL_DELETE("hour", OLD),
	[STMT_OLD_DECISIONS] = SQL_DELETE("decision", OLD),
	[STMT_OLD_WRITES] = SQL_DELETE("knob_write", OLD),
	[STMT_OLD_EVENTS] = SQL_DELETE("event", OLD),
	/* Not before their rows, of which a call may have left some. */
	[STMT_OLD_VMS] = "DELETE FROM vm WHERE id IN (SELECT id FROM vm"
		" WHERE ended_ms < min(?1, coalesce("
		"(SELECT min(real_ms) FROM sample), ?1))"
		" ORDER BY ended_ms LIMIT ?2)"
		" AND id < (SELECT max(id) FROM vm)",
	[STMT_FIRST_DECISIONS] = SQL_DELETE("decision", FIRST),
	[STMT_FIRST_WRITES] = SQL_DELETE("knob_write", FIRST),
	[STMT_FIRST_MINUTES] = SQL_DELETE("minute",
		"WHERE " ROLLED("hour") " ORDER BY id LIMIT ?1"),
	[STMT_FIRST_HOURS] = SQL_DELETE("hour", FIRST),
	[STMT_FIRST_EVENTS] = SQL_DELETE("event", FIRST),
	[STMT_PAGE_COUNT] = "PRAGMA page_count",
	[STMT_FREE_COUNT] = "PRAGMA freelist_count",
	[STMT_VACUUM] = "PRAGMA incremental_vacuum(512)",
};

sqlite3_stmt *store_stmt(struct store *store, enum store_stmt which)
{
	sqlite3_stmt **stmt = &store->stmts[which];

	if (!*stmt)
		sqlite3_prepare_v3(store->db, sql_of[which], -1,
				   SQLITE_PREPARE_PERSISTENT, stmt, NULL);
	return *stmt;
}

int store_run(struct store *store, sqlite3_stmt *stmt)
{
	int rc;

	if (!stmt)
		return sqlite3_errcode(store->db);
	do {
		rc = sqlite3_step(stmt);
	} while (rc == SQLITE_ROW);
	sqlite3_reset(stmt);
	return rc == SQLITE_DONE ? SQLITE_OK : rc;
}

int store_run_int(struct store *store, sqlite3_stmt *stmt, int64_t *ret_value)
{
	int rc;

	if (!stmt)
		return sqlite3_errcode(store->db);
	rc = sqlite3_step(stmt);
	if (rc == SQLITE_ROW)
		*ret_value = sqlite3_column_int64(stmt, 0);
	sqlite3_reset(stmt);
	if (rc == SQLITE_ROW)
		return SQLITE_OK;
	return rc == SQLITE_DONE ? SQLITE_NOTFOUND : rc;
}

int store_begin(struct store *store)
{
	return store_run(store, store_stmt(store, STMT_BEGIN));
}

int store_commit(struct store *store)
{
	return store_run(store, store_stmt(store, STMT_COMMIT));
}

void store_rollback(struct store *store)
{
	/* A full disk may have rolled back already. */
	if (store->db && !sqlite3_get_autocommit(store->db))
		store_run(store, store_stmt(store, STMT_ROLLBACK));
}

static struct file_identity identity_of(const char *path)
{
	struct file_identity none = { 0, 0 };
	struct stat st;

	if (stat(path, &st))
		return none;
	return (struct file_identity){ st.st_dev, st.st_ino };
}

static bool is_same(struct file_identity a, struct file_identity b)
{
	return a.dev == b.dev && a.ino == b.ino;
}

void store_file_identify(struct store *store)
{
	store->db_identity = identity_of(store->path);
	store->wal_identity = identity_of(store->wal_path);
}

bool store_file_moved(const struct store *store)
{
	return !is_same(store->db_identity, identity_of(store->path)) ||
	       !is_same(store->wal_identity, identity_of(store->wal_path));
}

uint64_t store_file_bytes(const struct store *store)
{
	uint64_t bytes = 0;
	struct stat st;

	if (!stat(store->path, &st))
		bytes += (uint64_t)st.st_size;
	if (!stat(store->wal_path, &st))
		bytes += (uint64_t)st.st_size;
	return bytes;
}

void store_file_close(struct store *store)
{
	for (int i = 0; i < STMT_COUNT; i++) {
		sqlite3_finalize(store->stmts[i]);
		store->stmts[i] = NULL;
	}
	sqlite3_close(store->db);
	store->db = NULL;
}

static int make_parents(const char *path)
{
	char part[PATH_MAX];

	if (snprintf(part, sizeof(part), "%s", path) >= (int)sizeof(part))
		return -ENAMETOOLONG;
	for (char *slash = strchr(part + 1, '/'); slash;
	     slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		if (mkdir(part, 0755) && errno != EEXIST)
			return -errno;
		*slash = '/';
	}
	return 0;
}

/* The lowest sequence numbers that the new bases must carry. */
static int64_t first_sample(const struct store *store)
{
	return store->nhost ? store->host[0].id : store->sample_seq + 1;
}

static int64_t first_vm(const struct store *store)
{
	uint32_t first = store->vms.next_number + 1;

	for (unsigned int i = 0; i < store->vms.count; i++) {
		if (store->vms.vms[i].number < first)
			first = store->vms.vms[i].number;
	}
	return first;
}

/*
 * New rows go behind everything that any table ever named. Rows that wait
 * carry their sequence numbers already, hence bases and not next ids.
 */
static int read_bases(struct store *store)
{
	long long run, sample, vm;
	int rc;

	rc = schema_int(store->db, "SELECT coalesce(max(id), 0) FROM run",
			&run);
	if (!rc)
		rc = schema_int(store->db, "SELECT max("
			"(SELECT coalesce(max(id), 0) FROM sample),"
			"(SELECT coalesce(max(id), 0) >> 24 FROM vm_sample),"
			"(SELECT upto FROM rolled WHERE target = 'minute'))",
			&sample);
	if (!rc)
		rc = schema_int(store->db, "SELECT coalesce(max(id), 0)"
				" FROM vm", &vm);
	if (rc)
		return rc;
	store->run_id = run + 1;
	store->run_start_ms = store_now_ms();
	store->run_written = false;
	store->run_law_written = false;
	store->sample_base = sample + 1 - first_sample(store);
	store->vm_base = vm + 1 - first_vm(store);
	words_forget_ids(&store->words);
	vm_track_forget(&store->vms);
	return SQLITE_OK;
}

static int refuse(struct store *store, enum store_state state, const char *why)
{
	store->state = state;
	snprintf(store->text, sizeof(store->text), "%s", why);
	return -EMEDIUMTYPE;
}

/* Nothing but what we may use gets past here. */
static int check_kind(struct store *store)
{
	enum schema_kind kind = SCHEMA_NEW;
	int ret;

	ret = make_parents(store->path);
	if (!ret)
		ret = schema_peek(store->path, &kind);
	if (ret) {
		char why[120];

		snprintf(why, sizeof(why), "cannot open the history: %s",
			 strerror(-ret));
		return refuse(store, STORE_DEGRADED, why);
	}
	if (kind == SCHEMA_NEWER)
		return refuse(store, STORE_OFF, "the history was written by a "
			      "newer densityd; it is left as it is");
	if (kind == SCHEMA_FOREIGN)
		return refuse(store, STORE_OFF, "the file is a database of "
			      "another program; it is left as it is");
	return kind == SCHEMA_GARBAGE ? -EILSEQ : 0;
}

int store_file_open(struct store *store)
{
	int rc;

	rc = check_kind(store);
	if (rc == -EILSEQ)
		return SQLITE_NOTADB;
	if (rc)
		return SQLITE_MISMATCH;
	rc = sqlite3_open_v2(store->path, &store->db, SQLITE_OPEN_READWRITE |
			     SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, NULL);
	if (!rc)
		rc = sqlite3_extended_result_codes(store->db, 1);
	if (!rc)
		rc = sqlite3_busy_timeout(store->db, STORE_BUSY_MS);
	if (!rc)
		rc = schema_setup(store->db);
	if (!rc)
		rc = read_bases(store);
	if (rc == SQLITE_MISMATCH) {
		sqlite3_db_config(store->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE,
				  1, NULL);
		refuse(store, STORE_OFF, "the history is newer than this "
		       "program or not ours; it is left as it is");
	}
	if (!rc)
		store_file_identify(store);
	return rc;
}

int store_file_set_aside(struct store *store, char *ret_name, size_t size)
{
	char name[PATH_MAX], wal[PATH_MAX + 8];
	struct stat st;
	int n = 1;

	for (; n <= STORE_ASIDE_MAX; n++) {
		if (snprintf(name, sizeof(name), "%s.corrupt-%d", store->path,
			     n) >= (int)sizeof(name))
			return -ENAMETOOLONG;
		if (lstat(name, &st) && errno == ENOENT)
			break;
	}
	if (n > STORE_ASIDE_MAX)
		return -EEXIST;
	if (rename(store->path, name))
		return -errno;
	/* The WAL may hold rows worth saving; its index is derived from it. */
	snprintf(wal, sizeof(wal), "%s-wal", name);
	rename(store->wal_path, wal);
	unlink(store->shm_path);
	snprintf(ret_name, size, "%s", strrchr(name, '/') ?
		 strrchr(name, '/') + 1 : name);
	return 0;
}
