/* SPDX-License-Identifier: GPL-2.0 */
/* The file's shape: whose it is, its version, and how it came to be. */
#ifndef DENSITY_SCHEMA_H
#define DENSITY_SCHEMA_H

struct sqlite3;

/* user_version of a file that this program writes. */
#define SCHEMA_VERSION 2

/*
 * vm_sample.id = sample.id << SCHEMA_VM_BITS | vm.id. One integer that is the
 * B-tree's key costs a third less than two columns and an index.
 */
#define SCHEMA_VM_BITS 24
#define SCHEMA_VM_MAX ((1 << SCHEMA_VM_BITS) - 1)

enum schema_kind {
	SCHEMA_NEW,	/* no file, or an empty one */
	SCHEMA_OURS,
	SCHEMA_NEWER,	/* ours, but written by a newer program */
	SCHEMA_FOREIGN,	/* an SQLite file of another application */
	SCHEMA_GARBAGE,	/* not an SQLite file */
};

/*
 * Look at the first bytes of the file without SQLite, which might create or
 * replay journals beside somebody else's database. Returns 0 or -errno.
 */
int schema_peek(const char *path, enum schema_kind *ret_kind);

struct schema_step {
	int version;		/* user_version after the step */
	const char *sql;
};

/*
 * Bring @db from its user_version to the last step's: each step in its own
 * transaction together with its user_version. Returns an SQLite code.
 */
int schema_migrate(struct sqlite3 *db, const struct schema_step *steps,
		   unsigned int nsteps);

/*
 * Pragmas for a writer, and the schema. On a new file application_id reaches
 * the main file before WAL mode begins, so that schema_peek() always sees it.
 * Returns an SQLite code; SQLITE_MISMATCH when the file is newer after all.
 */
int schema_setup(struct sqlite3 *db);

/*
 * For a reader of a file of an older @version: what came later is there, and
 * unknown. Returns an SQLite code.
 */
int schema_read_older(struct sqlite3 *db, int version);

/* The first column of the first row of @sql. Returns an SQLite code. */
int schema_int(struct sqlite3 *db, const char *sql, long long *ret_value);

#endif
