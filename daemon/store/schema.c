// SPDX-License-Identifier: GPL-2.0
/*
 * The tables of the history. docs/history.md explains them to people who come
 * with sqlite3; keep both in step.
 *
 * Rules: a step that was released is never edited, a change is a new step;
 * every table is STRICT; ids are given in the order of writing and are the
 * only order that a clock set back cannot disturb; real_ms is indexed and may
 * repeat; words that come again and again stand once, in table word.
 */
#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "schema.h"
#include "store.h"

#define HOST_TABLE(name) \
	"CREATE TABLE " name "(" \
	" id INTEGER PRIMARY KEY," \
	" real_ms INTEGER NOT NULL," \
	" run INTEGER NOT NULL," \
	" law INTEGER NOT NULL," \
	" phase INTEGER NOT NULL," \
	" span_ms INTEGER NOT NULL," \
	" samples INTEGER NOT NULL," \
	" pages_shared INTEGER, pages_sharing INTEGER," \
	" stale_pages INTEGER," \
	" pages_unshared INTEGER, pages_volatile INTEGER," \
	" zero_pages INTEGER, profit_pages INTEGER," \
	" mem_available_kib INTEGER, mem_total_kib INTEGER," \
	" swap_used_kib INTEGER, anon_pages INTEGER," \
	" population_pages INTEGER, vms INTEGER," \
	" psi_cpu_permille INTEGER, psi_mem_permille INTEGER," \
	" ksm_run INTEGER, sleep_ms INTEGER, scan_pages INTEGER," \
	" scanned INTEGER, skipped INTEGER, full_scans INTEGER," \
	" cow INTEGER, ksmd_cpu_us INTEGER, daemon_cpu_us INTEGER" \
	") STRICT;" \
	"CREATE INDEX " name "_real_ms ON " name "(real_ms);"

#define HOST_VIEW(table) \
	"CREATE VIEW v_" table " AS SELECT" \
	" strftime('%Y-%m-%d %H:%M:%f', h.real_ms / 1000.0, 'unixepoch')" \
	"  AS utc," \
	" h.real_ms, h.span_ms / 1000.0 AS span_s," \
	" law.text AS law, phase.text AS phase," \
	" (h.pages_sharing - h.stale_pages + coalesce(h.zero_pages, 0))" \
	"  * run.page_size / 1048576.0 AS saved_mib," \
	" h.profit_pages * run.page_size / 1048576.0 AS profit_mib," \
	" h.population_pages * run.page_size / 1048576.0 AS population_mib," \
	" h.ksmd_cpu_us / 10.0 / nullif(h.span_ms, 0) AS ksmd_cpu_pct," \
	" h.scanned * 1000.0 / nullif(h.span_ms, 0) AS scanned_per_s," \
	" h.cow * 1000.0 / nullif(h.span_ms, 0) AS cow_per_s," \
	" h.mem_available_kib / 1024.0 AS mem_available_mib," \
	" h.vms, h.ksm_run AS run, h.sleep_ms, h.scan_pages" \
	" FROM " table " h JOIN run ON run.id = h.run" \
	" JOIN word law ON law.id = h.law" \
	" JOIN word phase ON phase.id = h.phase;"

static const char schema_v1[] =
	"CREATE TABLE word(id INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE)"
	" STRICT;"
	/* One opening of the file by one daemon. */
	"CREATE TABLE run("
	" id INTEGER PRIMARY KEY,"
	" start_ms INTEGER NOT NULL,"
	" version TEXT NOT NULL,"
	" kernel TEXT NOT NULL,"
	" boot_id TEXT NOT NULL,"
	" law INTEGER,"
	" page_size INTEGER NOT NULL) STRICT;"
	HOST_TABLE("sample")
	HOST_TABLE("minute")
	HOST_TABLE("hour")
	/* What has been folded: ids up to this one. */
	"CREATE TABLE rolled(target TEXT PRIMARY KEY, upto INTEGER NOT NULL)"
	" STRICT;"
	"INSERT INTO rolled VALUES('minute', 0), ('hour', 0);"
	"CREATE TABLE vm("
	" id INTEGER PRIMARY KEY,"
	" run INTEGER NOT NULL,"
	" pid INTEGER NOT NULL,"
	" start_ticks INTEGER NOT NULL,"
	" name TEXT NOT NULL,"
	" vmm TEXT NOT NULL,"
	" born_ms INTEGER NOT NULL,"
	" ended_ms INTEGER) STRICT;"
	"CREATE INDEX vm_ended ON vm(ended_ms) WHERE ended_ms IS NOT NULL;"
	"CREATE TABLE vm_sample("
	" id INTEGER PRIMARY KEY," /* sample.id << 24 | vm.id */
	" rss_pages INTEGER NOT NULL,"
	" merging_pages INTEGER NOT NULL,"
	" zero_pages INTEGER NOT NULL,"
	" overhead_pages INTEGER NOT NULL) STRICT;"
	"CREATE TABLE decision("
	" id INTEGER PRIMARY KEY,"
	" real_ms INTEGER NOT NULL,"
	" law INTEGER NOT NULL,"
	" phase INTEGER NOT NULL,"
	" reason INTEGER NOT NULL,"
	" ksm_run INTEGER NOT NULL,"
	" sleep_ms INTEGER NOT NULL,"
	" scan_pages INTEGER NOT NULL,"
	" text TEXT NOT NULL) STRICT;"
	"CREATE INDEX decision_real_ms ON decision(real_ms);"
	"CREATE TABLE knob_write("
	" id INTEGER PRIMARY KEY,"
	" real_ms INTEGER NOT NULL,"
	" knob INTEGER NOT NULL,"
	" old_value INTEGER NOT NULL,"
	" new_value INTEGER NOT NULL,"
	" error INTEGER NOT NULL,"
	" text TEXT NOT NULL) STRICT;"
	"CREATE INDEX knob_write_real_ms ON knob_write(real_ms);"
	"CREATE TABLE event("
	" id INTEGER PRIMARY KEY,"
	" real_ms INTEGER NOT NULL,"
	" kind INTEGER NOT NULL,"
	" text TEXT NOT NULL) STRICT;"
	"CREATE INDEX event_real_ms ON event(real_ms);"
	HOST_VIEW("sample")
	HOST_VIEW("minute")
	HOST_VIEW("hour")
	"CREATE VIEW v_vm AS SELECT"
	" strftime('%Y-%m-%d %H:%M:%f', s.real_ms / 1000.0, 'unixepoch')"
	"  AS utc,"
	" s.real_ms, vm.name, vm.pid, vm.vmm,"
	" v.rss_pages * run.page_size / 1048576.0 AS rss_mib,"
	" v.merging_pages * run.page_size / 1048576.0 AS merging_mib,"
	" v.zero_pages * run.page_size / 1048576.0 AS zero_mib,"
	" (v.merging_pages + v.zero_pages - v.overhead_pages)"
	"  * run.page_size / 1048576.0 AS profit_mib"
	" FROM sample s JOIN vm_sample v"
	" ON v.id BETWEEN s.id << 24 AND (s.id << 24) + 16777215"
	" JOIN vm ON vm.id = (v.id & 16777215)"
	" JOIN run ON run.id = s.run;"
	"CREATE VIEW v_decision AS SELECT"
	" strftime('%Y-%m-%d %H:%M:%f', d.real_ms / 1000.0, 'unixepoch')"
	"  AS utc,"
	" d.real_ms, law.text AS law, phase.text AS phase,"
	" reason.text AS reason, d.ksm_run AS run, d.sleep_ms, d.scan_pages,"
	" d.text FROM decision d JOIN word law ON law.id = d.law"
	" JOIN word phase ON phase.id = d.phase"
	" JOIN word reason ON reason.id = d.reason;";

/* The page cache, time that tasks waited (PSI), and VMs' shadow pages. */
#define V2_COLUMNS(X, table) \
	X(table, "cached_kib") X(table, "stall_cpu_us") \
	X(table, "stall_mem_us") X(table, "shadow_pages") \
	X(table, "shadow_evictions") X(table, "shadow_refaults")
#define ADD_COLUMN(table, name) \
	"ALTER TABLE " table " ADD COLUMN " name " INTEGER;"
#define UNKNOWN_COLUMN(table, name) ", NULL AS " name
#define UNKNOWN_COLUMNS(table) \
	"CREATE TEMP VIEW " table " AS SELECT *" \
	V2_COLUMNS(UNKNOWN_COLUMN, table) " FROM main." table ";"

static const char schema_v2[] =
	V2_COLUMNS(ADD_COLUMN, "sample")
	V2_COLUMNS(ADD_COLUMN, "minute")
	V2_COLUMNS(ADD_COLUMN, "hour");

static const struct schema_step schema_steps[] = {
	{ 1, schema_v1 },
	{ 2, schema_v2 },
};

/* Its own name for a table in the file goes before the file's. */
static const char views_of_v1[] =
	"PRAGMA temp_store = MEMORY;"
	UNKNOWN_COLUMNS("sample")
	UNKNOWN_COLUMNS("minute")
	UNKNOWN_COLUMNS("hour");

int schema_read_older(sqlite3 *db, int version)
{
	if (version < 1)
		return SQLITE_CORRUPT;
	return version < 2 ? sqlite3_exec(db, views_of_v1, NULL, NULL, NULL) :
			     SQLITE_OK;
}

static uint32_t be32(const unsigned char *at)
{
	return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 |
	       (uint32_t)at[2] << 8 | at[3];
}

/* https://www.sqlite.org/fileformat2.html, "The Database Header" */
int schema_peek(const char *path, enum schema_kind *ret_kind)
{
	static const char magic[16] = "SQLite format 3";
	unsigned char head[100];
	ssize_t len;
	int fd;

	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0 && errno == ENOENT) {
		*ret_kind = SCHEMA_NEW;
		return 0;
	}
	if (fd < 0)
		return -errno;
	len = pread(fd, head, sizeof(head), 0);
	if (len < 0)
		len = -errno;
	close(fd);
	if (len < 0)
		return (int)len;
	if (len == 0)
		*ret_kind = SCHEMA_NEW;
	else if (len < (ssize_t)sizeof(head) ||
		 memcmp(head, magic, sizeof(magic)))
		*ret_kind = SCHEMA_GARBAGE;
	else if (be32(head + 68) != STORE_APPLICATION_ID)
		*ret_kind = SCHEMA_FOREIGN;
	else if (be32(head + 60) > SCHEMA_VERSION)
		*ret_kind = SCHEMA_NEWER;
	else
		*ret_kind = SCHEMA_OURS;
	return 0;
}

int schema_int(sqlite3 *db, const char *sql, long long *ret_value)
{
	sqlite3_stmt *stmt;
	int rc;

	rc = sqlite3_prepare_v2(db, sql, -1, &stmt, NULL);
	if (rc)
		return rc;
	rc = sqlite3_step(stmt);
	if (rc == SQLITE_ROW)
		*ret_value = sqlite3_column_int64(stmt, 0);
	sqlite3_finalize(stmt);
	if (rc == SQLITE_ROW)
		return SQLITE_OK;
	return rc == SQLITE_DONE ? SQLITE_NOTFOUND : rc;
}

static int migrate_one(sqlite3 *db, const struct schema_step *step)
{
	char version[48];
	int rc;

	snprintf(version, sizeof(version), "PRAGMA user_version = %d",
		 step->version);
	rc = sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL);
	if (rc)
		return rc;
	rc = sqlite3_exec(db, step->sql, NULL, NULL, NULL);
	if (!rc)
		rc = sqlite3_exec(db, version, NULL, NULL, NULL);
	if (!rc)
		rc = sqlite3_exec(db, "COMMIT", NULL, NULL, NULL);
	if (rc)
		sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
	return rc;
}

int schema_migrate(sqlite3 *db, const struct schema_step *steps,
		   unsigned int nsteps)
{
	long long version;
	int rc;

	rc = schema_int(db, "PRAGMA user_version", &version);
	for (unsigned int i = 0; i < nsteps && !rc; i++) {
		if (steps[i].version > version)
			rc = migrate_one(db, &steps[i]);
	}
	return rc;
}

static int begin_file(sqlite3 *db)
{
	char sql[96];

	snprintf(sql, sizeof(sql),
		 "PRAGMA auto_vacuum = INCREMENTAL;"
		 "PRAGMA application_id = %d", STORE_APPLICATION_ID);
	return sqlite3_exec(db, sql, NULL, NULL, NULL);
}

/*
 * synchronous = NORMAL: in WAL mode a commit is a write(2), which outlives the
 * process whatever kills it; only a power failure may take the commits since
 * the last checkpoint, and never harms what is older. The small cache and no
 * mmap keep the daemon's RSS down; a row is written once and seldom read.
 */
static const char writer_pragmas[] =
	"PRAGMA synchronous = NORMAL;"
	"PRAGMA cache_size = -256;"
	"PRAGMA mmap_size = 0;"
	"PRAGMA temp_store = MEMORY;"
	"PRAGMA wal_autocheckpoint = 512;"
	"PRAGMA journal_size_limit = 2097152;"
	"PRAGMA cell_size_check = ON;"
	"PRAGMA trusted_schema = OFF;";

int schema_setup(sqlite3 *db)
{
	long long app_id, version, objects;
	int persist = 1;
	int rc;

	rc = schema_int(db, "PRAGMA application_id", &app_id);
	if (!rc)
		rc = schema_int(db, "PRAGMA user_version", &version);
	if (!rc)
		rc = schema_int(db, "SELECT count(*) FROM sqlite_schema",
				&objects);
	if (rc)
		return rc;
	if (version > SCHEMA_VERSION)
		return SQLITE_MISMATCH;
	if (!app_id && !objects)
		rc = begin_file(db);
	else if (app_id != STORE_APPLICATION_ID)
		return SQLITE_MISMATCH;
	if (!rc)
		rc = sqlite3_exec(db, "PRAGMA journal_mode = WAL", NULL, NULL,
				  NULL);
	if (!rc)
		rc = sqlite3_file_control(db, "main", SQLITE_FCNTL_PERSIST_WAL,
					  &persist);
	if (!rc)
		rc = sqlite3_exec(db, writer_pragmas, NULL, NULL, NULL);
	if (!rc)
		rc = schema_migrate(db, schema_steps, sizeof(schema_steps) /
				    sizeof(schema_steps[0]));
	/* Let the main file's header carry the version, for schema_peek(). */
	if (!rc && version < SCHEMA_VERSION)
		rc = sqlite3_wal_checkpoint_v2(db, NULL,
					       SQLITE_CHECKPOINT_PASSIVE,
					       NULL, NULL);
	return rc;
}
