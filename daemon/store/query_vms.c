// SPDX-License-Identifier: GPL-2.0
/*
 * Rows of single VMs. A row's time is its host row's; an unchanged VM is
 * written every five minutes, hence rows of one sweep need not list every VM.
 */
#include <errno.h>
#include <fnmatch.h>

#include "query_impl.h"
#include "schema.h"

#define TEXT_OF(number) #number
#define TEXT(number) TEXT_OF(number)

_Static_assert(SCHEMA_VM_MAX == 16777215, "the mask in the statement below");

static const char vms_sql[] =
	"SELECT s.real_ms, vm.pid, vm.name, v.rss_pages, v.merging_pages,"
	" v.zero_pages, v.overhead_pages, s.run"
	" FROM sample s CROSS JOIN vm_sample v"
	" ON v.id BETWEEN s.id << " TEXT(SCHEMA_VM_BITS)
	" AND (s.id << " TEXT(SCHEMA_VM_BITS) ") + 16777215"
	" CROSS JOIN vm ON vm.id = (v.id & 16777215)"
	" WHERE s.real_ms >= ?1 AND s.real_ms < ?2"
	" AND (?3 IS NULL OR vm.id IN"
	" (SELECT id FROM vm WHERE density_match(?3, name)))"
	" ORDER BY s.real_ms, s.id, v.id";

/* The policy file's globs are fnmatch(3)'s, so these are too. */
static void match(sqlite3_context *context, int nargs, sqlite3_value **args)
{
	const char *glob = (const char *)sqlite3_value_text(args[0]);
	const char *name = (const char *)sqlite3_value_text(args[1]);

	(void)nargs;
	sqlite3_result_int(context, glob && name && !fnmatch(glob, name, 0));
}

static void read_vm(struct query *query, sqlite3_stmt *stmt,
		    struct query_vm_row *ret_row)
{
	int64_t page_kib = query_page_size(query,
					   sqlite3_column_int64(stmt, 7)) / 1024;
	const unsigned char *name = sqlite3_column_text(stmt, 2);
	int64_t merging = sqlite3_column_int64(stmt, 4);
	int64_t zero = sqlite3_column_int64(stmt, 5);

	ret_row->real_ms = sqlite3_column_int64(stmt, 0);
	ret_row->pid = sqlite3_column_int(stmt, 1);
	ret_row->name = name ? (const char *)name : "";
	ret_row->rss_kib = (uint64_t)(sqlite3_column_int64(stmt, 3) * page_kib);
	ret_row->merging_kib = (uint64_t)(merging * page_kib);
	ret_row->zero_kib = (uint64_t)(zero * page_kib);
	ret_row->profit_kib = (merging + zero -
			       sqlite3_column_int64(stmt, 6)) * page_kib;
}

int query_vms(struct query *query, int64_t from_ms, int64_t to_ms,
	      const char *name, query_vm_fn fn, void *arg)
{
	sqlite3_stmt *stmt = NULL;
	struct query_vm_row row;
	int rc, ret = 0;

	rc = sqlite3_create_function(query->db, "density_match", 2,
				     SQLITE_UTF8 | SQLITE_DETERMINISTIC, NULL,
				     match, NULL, NULL);
	if (!rc)
		rc = query_prepare(query, vms_sql, &stmt);
	if (rc)
		return query_errno(rc);
	sqlite3_bind_int64(stmt, 1, from_ms);
	sqlite3_bind_int64(stmt, 2, to_ms);
	if (name)
		sqlite3_bind_text(stmt, 3, name, -1, SQLITE_STATIC);
	while (!ret && (rc = sqlite3_step(stmt)) == SQLITE_ROW) {
		read_vm(query, stmt, &row);
		ret = fn(arg, &row);
	}
	query_finish(query, stmt);
	return ret ? ret : query_errno(rc);
}
