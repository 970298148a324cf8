/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The history: one SQLite file, written by the daemon alone.
 *
 * WAL, STRICT tables, application_id STORE_APPLICATION_ID, user_version with
 * ordered migrations, rows batched into one transaction per flush, rollups to
 * a minute and an hour, retention by age and by bytes. The WAL file stays when
 * the daemon closes (SQLITE_FCNTL_PERSIST_WAL), so that another user can open
 * the history read-only.
 *
 * Nothing here stops control: on an error rows wait in a bounded batch, then
 * the store counts what it lost, says why in store_health(), and tries again
 * with growing pauses. A file that is corrupt is set aside (renamed, never
 * deleted); one that is newer than this program, or another program's, is left
 * alone.
 */
#ifndef DENSITY_STORE_H
#define DENSITY_STORE_H

#include <stdbool.h>
#include <stdint.h>

#include "../../policy/law.h"
#include "../../policy/snap.h"
#include "../act/act.h"

#define STORE_APPLICATION_ID 0x44656e73	/* "Dens" */

struct store;

struct store_conf {
	uint32_t raw_s;
	uint32_t minute_s;
	uint32_t hour_s;
	uint64_t max_bytes;
	uint32_t vm_interval_s;
	uint32_t flush_s;
};

enum store_state {
	STORE_OK,
	STORE_DEGRADED,		/* writes fail for now; tried again */
	STORE_OFF,		/* file is newer than this program, or not ours */
};

struct store_health {
	enum store_state state;
	/*
	 * Why; "" when fine. May stand beside STORE_OK: a corrupt file was
	 * set aside during this run, and under which name.
	 */
	char text[160];
	uint64_t rows_written;
	uint64_t rows_lost;
	uint64_t file_bytes;	/* database and WAL */
};

/*
 * Always yields a store, but for -ENOMEM: a file that cannot be used makes a
 * degraded one. @path's directory is created. What happens to the file later
 * becomes an event of kind "history" in it, and shows in store_health().
 */
int store_open(const char *path, const struct store_conf *conf,
	       struct store **ret_store);
void store_configure(struct store *store, const struct store_conf *conf);
/* Flushes. NULL is fine. */
void store_close(struct store *store);

/*
 * Append to the batch; a flush happens by itself when due. The host's row is
 * written for every snapshot, the VMs' rows every vm_interval_s, a decision's
 * row only when it differs from the one before (phase, reason or knobs).
 * Never wait for a lock longer than the busy timeout of 100 ms.
 */
void store_append_sample(struct store *store, const struct snap *snap,
			 const struct decision *decision, const char *law,
			 uint64_t daemon_cpu_ns);
void store_append_decision(struct store *store, const struct snap *snap,
			   const struct decision *decision, const char *law,
			   const char *text);
void store_append_write(struct store *store, const struct act_write *write);
/* @kind: short identifier such as "start", "foreign"; @text: words. */
void store_append_event(struct store *store, int64_t real_ms,
			const char *kind, const char *text);

/* Rollups and retention; call about once a minute. Bounded work per call. */
void store_maintain(struct store *store, int64_t real_ms);
void store_flush(struct store *store);
void store_health(const struct store *store, struct store_health *ret_health);

#endif
