// SPDX-License-Identifier: GPL-2.0
/*
 * Decisions, knob writes and events as one stream of notes.
 *
 * Within one millisecond a decision stands before the writes that it caused.
 * The newest @limit are wanted, oldest first: SQLite merges the three tables
 * backwards along their indices and sorts only what is given out.
 */
#include <errno.h>

#include "query_impl.h"

#define SPAN "real_ms >= ?1 AND real_ms < ?2"

static const char notes_sql[] =
	"SELECT * FROM ("
	"SELECT real_ms AS at, 1 AS rank, id AS number, 'decision' AS kind,"
	" reason AS name, law, phase, text, NULL AS old, NULL AS new,"
	" 0 AS error, ksm_run AS run, sleep_ms, scan_pages"
	" FROM decision WHERE (?3 & 1) AND " SPAN
	" UNION ALL "
	"SELECT real_ms, 2, id, 'write', knob, NULL, NULL, text,"
	" old_value, new_value, error, 0, 0, 0"
	" FROM knob_write WHERE (?3 & 2) AND " SPAN
	" UNION ALL "
	"SELECT real_ms, 3, id, 'event', kind, NULL, NULL, text,"
	" NULL, NULL, 0, 0, 0, 0"
	" FROM event WHERE (?3 & 4) AND " SPAN
	" ORDER BY 1 DESC, 2 DESC, 3 DESC LIMIT ?4)"
	" ORDER BY 1, 2, 3";

static const char *text_at(sqlite3_stmt *stmt, int column)
{
	const unsigned char *text = sqlite3_column_text(stmt, column);

	return text ? (const char *)text : "";
}

/* "" where the kind has no such word. */
static const char *word_at(struct query *query, sqlite3_stmt *stmt, int column)
{
	if (sqlite3_column_type(stmt, column) == SQLITE_NULL)
		return "";
	return query_word(query, sqlite3_column_int64(stmt, column));
}

static void read_note(struct query *query, sqlite3_stmt *stmt,
		      struct query_note *ret_note)
{
	ret_note->real_ms = sqlite3_column_int64(stmt, 0);
	ret_note->kind = text_at(stmt, 3);
	ret_note->name = word_at(query, stmt, 4);
	ret_note->law = word_at(query, stmt, 5);
	ret_note->phase = word_at(query, stmt, 6);
	ret_note->text = text_at(stmt, 7);
	ret_note->old_value = sqlite3_column_int64(stmt, 8);
	ret_note->new_value = sqlite3_column_int64(stmt, 9);
	ret_note->error = sqlite3_column_int(stmt, 10);
	ret_note->run = (uint32_t)sqlite3_column_int64(stmt, 11);
	ret_note->sleep_ms = (uint32_t)sqlite3_column_int64(stmt, 12);
	ret_note->scan_pages = (uint32_t)sqlite3_column_int64(stmt, 13);
}

int query_notes(struct query *query, int64_t from_ms, int64_t to_ms,
		unsigned int kinds, unsigned int limit, query_note_fn fn,
		void *arg)
{
	struct query_note note;
	sqlite3_stmt *stmt;
	int rc, ret = 0;

	rc = query_prepare(query, notes_sql, &stmt);
	if (rc)
		return query_errno(rc);
	sqlite3_bind_int64(stmt, 1, from_ms);
	sqlite3_bind_int64(stmt, 2, to_ms);
	sqlite3_bind_int64(stmt, 3, kinds);
	sqlite3_bind_int64(stmt, 4, limit);
	while (!ret && (rc = sqlite3_step(stmt)) == SQLITE_ROW) {
		read_note(query, stmt, &note);
		ret = fn(arg, &note);
	}
	query_finish(query, stmt);
	return ret ? ret : query_errno(rc);
}
