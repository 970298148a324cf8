// SPDX-License-Identifier: GPL-2.0
/*
 * Opening the history to read, and its small lookups.
 *
 * Three ways in, in this order: beside a daemon or after one, with -wal and
 * -shm in place (the daemon leaves them, for readers who may not create them);
 * in a directory that may be written; and, when neither -wal nor -shm can be
 * had and no WAL holds rows, as an immutable file. The last must never be
 * taken while a WAL has rows: they would be missing without a word.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "query_impl.h"
#include "schema.h"

#define QUERY_BUSY_MS 2000

int query_errno(int code)
{
	switch (code & 0xff) {
	case SQLITE_OK:
	case SQLITE_DONE:
	case SQLITE_ROW:
		return 0;
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
		return -EILSEQ;
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return -EBUSY;
	case SQLITE_NOMEM:
		return -ENOMEM;
	case SQLITE_CANTOPEN:
	case SQLITE_PERM:
	case SQLITE_READONLY:
	case SQLITE_AUTH:
		return -EACCES;
	default:
		return -EIO;
	}
}

int query_prepare(struct query *query, const char *sql,
		  sqlite3_stmt **ret_stmt)
{
	return sqlite3_prepare_v2(query->db, sql, -1, ret_stmt, NULL);
}

void query_finish(struct query *query, sqlite3_stmt *stmt)
{
	if (!stmt)
		return;
	query->steps += (uint64_t)sqlite3_stmt_status(stmt,
			SQLITE_STMTSTATUS_VM_STEP, 0);
	sqlite3_finalize(stmt);
}

static const char *find_word(const struct query *query, int64_t id)
{
	for (int i = 0; i < query->nwords; i++) {
		if (query->words[i].id == id)
			return query->words[i].text;
	}
	return NULL;
}

/* Add the words not known yet: what was handed out must stay valid. */
static void read_words(struct query *query)
{
	sqlite3_stmt *stmt;

	if (query_prepare(query, "SELECT id, text FROM word", &stmt))
		return;
	while (query->nwords < QUERY_WORDS_MAX &&
	       sqlite3_step(stmt) == SQLITE_ROW) {
		int64_t id = sqlite3_column_int64(stmt, 0);
		const unsigned char *text = sqlite3_column_text(stmt, 1);
		char *copy;

		if (!text || find_word(query, id))
			continue;
		copy = strdup((const char *)text);
		if (!copy)
			break;
		query->words[query->nwords].id = id;
		query->words[query->nwords++].text = copy;
	}
	query_finish(query, stmt);
}

const char *query_word(struct query *query, int64_t id)
{
	const char *text = find_word(query, id);

	if (text)
		return text;
	if (id == query->missing)
		return "";
	/* The daemon may have learnt a word since. */
	read_words(query);
	text = find_word(query, id);
	if (!text)
		query->missing = id;
	return text ? text : "";
}

int64_t query_page_size(struct query *query, int64_t run)
{
	sqlite3_stmt *stmt;

	if (query->page_size && query->run == run)
		return query->page_size;
	query->run = run;
	query->page_size = 4096;
	if (query_prepare(query, "SELECT page_size FROM run WHERE id = ?1",
			  &stmt))
		return query->page_size;
	sqlite3_bind_int64(stmt, 1, run);
	if (sqlite3_step(stmt) == SQLITE_ROW && sqlite3_column_int64(stmt, 0))
		query->page_size = sqlite3_column_int64(stmt, 0);
	query_finish(query, stmt);
	return query->page_size;
}

/* "file:" form of @path; SQLite reads %, ? and # in it. */
static char *immutable_uri(const char *path)
{
	size_t room = strlen(path) * 3 + sizeof("file:?immutable=1");
	char *uri = malloc(room);
	char *at;

	if (!uri)
		return NULL;
	at = stpcpy(uri, "file:");
	for (; *path; path++) {
		if (strchr("%?#", *path))
			at += sprintf(at, "%%%02x", *path);
		else
			*at++ = *path;
	}
	strcpy(at, "?immutable=1");
	return uri;
}

/* Reading the schema is what really opens the file. */
static int probe_file(sqlite3 *db, long long *ret_version)
{
	long long objects;
	int rc;

	sqlite3_busy_timeout(db, QUERY_BUSY_MS);
	rc = schema_int(db, "PRAGMA user_version", ret_version);
	if (!rc)
		rc = schema_int(db, "SELECT count(*) FROM sqlite_schema",
				&objects);
	return rc;
}

static bool wal_has_rows(const char *path)
{
	struct stat st;
	char *wal;
	bool has = true;

	if (asprintf(&wal, "%s-wal", path) < 0)
		return true;
	if (stat(wal, &st))
		has = errno != ENOENT;
	else
		has = st.st_size > 0;
	free(wal);
	return has;
}

static int open_db(const char *path, sqlite3 **ret_db, long long *ret_version)
{
	char *uri;
	int rc;

	rc = sqlite3_open_v2(path, ret_db, SQLITE_OPEN_READONLY, NULL);
	if (!rc)
		rc = probe_file(*ret_db, ret_version);
	if (query_errno(rc) != -EACCES || wal_has_rows(path))
		return rc;
	uri = immutable_uri(path);
	if (!uri)
		return SQLITE_NOMEM;
	sqlite3_close(*ret_db);
	*ret_db = NULL;
	rc = sqlite3_open_v2(uri, ret_db,
			     SQLITE_OPEN_READONLY | SQLITE_OPEN_URI, NULL);
	free(uri);
	return rc ? rc : probe_file(*ret_db, ret_version);
}

static int refuse(char ret_error[QUERY_ERROR_LEN], int ret, const char *path,
		  const char *why)
{
	snprintf(ret_error, QUERY_ERROR_LEN, "%s: %s", path, why);
	return ret;
}

static int check_kind(const char *path, char ret_error[QUERY_ERROR_LEN])
{
	enum schema_kind kind = SCHEMA_NEW;
	int ret = schema_peek(path, &kind);

	if (ret)
		return refuse(ret_error, ret, path, strerror(-ret));
	switch (kind) {
	case SCHEMA_OURS:
		return 0;
	case SCHEMA_NEW:
		if (access(path, F_OK))
			return refuse(ret_error, -ENOENT, path,
				      "there is no history yet");
		return refuse(ret_error, -EILSEQ, path,
			      "the file is empty, not a history");
	case SCHEMA_NEWER:
		return refuse(ret_error, -EPROTO, path, "written by a newer "
			      "densityd than this program");
	case SCHEMA_FOREIGN:
		return refuse(ret_error, -EILSEQ, path,
			      "a database of another program");
	default:
		return refuse(ret_error, -EILSEQ, path,
			      "not a database, or corrupt");
	}
}

static int explain(int rc, const char *path, char ret_error[QUERY_ERROR_LEN])
{
	int ret = query_errno(rc);

	if (ret == -EILSEQ)
		return refuse(ret_error, ret, path, "the history is corrupt; "
			      "the daemon sets it aside when it meets this");
	if (ret == -EACCES)
		return refuse(ret_error, ret, path, "cannot be read: its -wal "
			      "or -shm file is missing or not readable for "
			      "this user");
	return refuse(ret_error, ret, path, sqlite3_errstr(rc));
}

int query_open(const char *path, struct query **ret_query,
	       char ret_error[QUERY_ERROR_LEN])
{
	struct query *query;
	long long version;
	int ret, rc;

	ret = check_kind(path, ret_error);
	if (ret)
		return ret;
	query = calloc(1, sizeof(*query));
	if (!query)
		return refuse(ret_error, -ENOMEM, path, "out of memory");
	rc = open_db(path, &query->db, &version);
	if (!rc && version < SCHEMA_VERSION)
		rc = schema_read_older(query->db, (int)version);
	if (rc)
		ret = explain(rc, path, ret_error);
	else if (version > SCHEMA_VERSION)
		ret = refuse(ret_error, -EPROTO, path, "written by a newer "
			     "densityd than this program");
	if (ret) {
		query_close(query);
		return ret;
	}
	*ret_query = query;
	return 0;
}

void query_close(struct query *query)
{
	if (!query)
		return;
	for (int i = 0; i < query->nwords; i++)
		free(query->words[i].text);
	sqlite3_close(query->db);
	free(query);
}
