// SPDX-License-Identifier: GPL-2.0
/*
 * The store's life: opening, flushing, and what to do about each failure.
 *
 * States: a file is open (db) or not; writes work (pause_ms is 0) or are tried
 * again at retry_at_ms, with pauses that double from a second to a minute.
 * Time is the snapshots' CLOCK_BOOTTIME, so that tests need not wait.
 *
 *   locked, full        rows stay in the batch, the file stays open
 *   I/O error, gone     the same, and the file is opened anew
 *   corrupt             the file is renamed, a new one begun at once
 *   rows refused        they would be refused again: counted lost, and the
 *                       file is opened anew, which renews the ids
 *   newer, not ours     nothing is touched; looked at again every minute
 *
 * A failure is never passed on to the caller: control does not wait for it.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "store_impl.h"

int64_t store_now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void set_text(struct store *store, const char *what, const char *why)
{
	snprintf(store->text, sizeof(store->text), "%s: %s", what, why);
}

static void pause_writes(struct store *store)
{
	if (!store->pause_ms)
		store->pause_ms = STORE_PAUSE_MIN_MS;
	else if (store->pause_ms < STORE_PAUSE_MAX_MS / 2)
		store->pause_ms *= 2;
	else
		store->pause_ms = STORE_PAUSE_MAX_MS;
	store->retry_at_ms = store->mono_ms + store->pause_ms;
}

static void event_now(struct store *store, const char *text)
{
	int64_t real_ms = store->any_time ?
		(int64_t)store->mono_ms + store->clock_offset_ms :
		store_now_ms();

	/* Not store_append_event(): a full batch must not flush from here. */
	if (store->nnotes < BATCH_NOTES)
		store_append_event(store, real_ms, "history", text);
}

static int open_or_replace(struct store *store);

static void replace_corrupt(struct store *store)
{
	char name[96], text[sizeof(store->text)];
	int ret;

	store_file_close(store);
	ret = store_file_set_aside(store, name, sizeof(name));
	if (ret) {
		store->state = STORE_DEGRADED;
		set_text(store, "the history is corrupt and cannot be renamed",
			 strerror(-ret));
		return;
	}
	snprintf(text, sizeof(text), "the history was corrupt: set aside as "
		 "%s, a new one begun", name);
	event_now(store, text);
	if (open_or_replace(store))
		return;
	/* Fine again, but worth a look: the text stays for this run. */
	store->state = STORE_OK;
	snprintf(store->text, sizeof(store->text), "%s", text);
}

static bool is_corrupt(int code)
{
	return (code & 0xff) == SQLITE_CORRUPT ||
	       (code & 0xff) == SQLITE_NOTADB;
}

void store_fail(struct store *store, int code, const char *what)
{
	pause_writes(store);
	if (code == SQLITE_MISMATCH) {
		/* state and text are set; only a new file can change them */
		store->retry_at_ms = store->mono_ms + STORE_PAUSE_MAX_MS;
		store_file_close(store);
		return;
	}
	if (is_corrupt(code)) {
		replace_corrupt(store);
		return;
	}
	switch (code & 0xff) {
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		store->state = STORE_DEGRADED;
		set_text(store, what, "another program has locked the history");
		return;
	case SQLITE_FULL:
		store->state = STORE_DEGRADED;
		set_text(store, what, "no space left for the history");
		return;
	default:
		store->state = STORE_DEGRADED;
		set_text(store, what, sqlite3_errstr(code));
		store_file_close(store);
		return;
	}
}

/* 0, or the state says why there is no file. */
static int open_or_replace(struct store *store)
{
	int rc = store_file_open(store);

	if (!rc)
		return 0;
	store_fail(store, rc, "cannot open the history");
	/* Replacing may have succeeded; anything else is a file half open. */
	if (!is_corrupt(rc))
		store_file_close(store);
	return store->db ? 0 : -EIO;
}

static void recover(struct store *store)
{
	if (store->pause_ms && store->state != STORE_OK) {
		store->state = STORE_OK;
		store->text[0] = '\0';
	}
	store->pause_ms = 0;
	store->retry_at_ms = 0;
}

static void check_moved(struct store *store)
{
	if (!store->db || !store_file_moved(store))
		return;
	/* Closing checkpoints what a deleted WAL held into the main file. */
	store_file_close(store);
	event_now(store, "the history's file was removed or replaced: opened "
		  "anew");
}

static void drop_batch(struct store *store)
{
	store->rows_lost += store->nhost + store->nvm + store->nnotes;
	store->nhost = 0;
	store->nvm = 0;
	store->nnotes = 0;
}

static void flush(struct store *store)
{
	unsigned int rows = store->nhost + store->nvm + store->nnotes;
	int rc;

	if (!rows)
		return;
	check_moved(store);
	if (!store->db && open_or_replace(store))
		return;
	rc = store_write_batch(store);
	if (rc) {
		store_fail(store, rc, "cannot write");
		/* A new file in place of a corrupt one takes the batch now. */
		if (is_corrupt(rc) && store->db)
			rc = store_write_batch(store);
		else if ((rc & 0xff) == SQLITE_CONSTRAINT)
			drop_batch(store);
	}
	if (!rc)
		recover(store);
}

void store_flush_if_due(struct store *store, bool forced)
{
	uint64_t wait_ms = store->conf.flush_s * UINT64_C(1000);
	bool due = store->mono_ms - store->batch_since_ms >=
		   STORE_CALM * wait_ms ||
		   (store->nnotes &&
		    store->mono_ms - store->notes_since_ms >= wait_ms) ||
		   store->nhost >= BATCH_HOST_ROWS / 2 ||
		   store->nvm >= BATCH_VM_ROWS / 2 ||
		   store->nnotes >= BATCH_NOTES / 2;

	if (!forced && !due)
		return;
	if (!forced && store->pause_ms && store->mono_ms < store->retry_at_ms)
		return;
	flush(store);
}

void store_flush(struct store *store)
{
	store_flush_if_due(store, true);
}

static char *join(const char *path, const char *suffix)
{
	char *text;

	return asprintf(&text, "%s%s", path, suffix) < 0 ? NULL : text;
}

static void store_free(struct store *store)
{
	if (!store)
		return;
	store_file_close(store);
	vm_tracker_free(&store->vms);
	free(store->host);
	free(store->vm);
	free(store->notes);
	free(store->path);
	free(store->wal_path);
	free(store->shm_path);
	free(store);
}

int store_open(const char *path, const struct store_conf *conf,
	       struct store **ret_store)
{
	struct store *store;

	store = calloc(1, sizeof(*store));
	if (!store)
		return -ENOMEM;
	store->conf = *conf;
	store->run_law = -1;
	store->page_size = 4096;
	store->path = strdup(path);
	store->wal_path = join(path, "-wal");
	store->shm_path = join(path, "-shm");
	/* Untouched pages of a zeroed array cost no memory. */
	store->host = calloc(BATCH_HOST_ROWS, sizeof(*store->host));
	store->vm = calloc(BATCH_VM_ROWS, sizeof(*store->vm));
	store->notes = calloc(BATCH_NOTES, sizeof(*store->notes));
	if (!store->path || !store->wal_path || !store->shm_path ||
	    !store->host || !store->vm || !store->notes) {
		store_free(store);
		return -ENOMEM;
	}
	open_or_replace(store);
	*ret_store = store;
	return 0;
}

void store_configure(struct store *store, const struct store_conf *conf)
{
	store->conf = *conf;
}

void store_close(struct store *store)
{
	if (!store)
		return;
	store_flush(store);
	store_free(store);
}

void store_maintain(struct store *store, int64_t real_ms)
{
	int rc;

	if (!store->db || store_file_moved(store) ||
	    (store->pause_ms && store->mono_ms < store->retry_at_ms))
		return;
	rc = store_begin(store);
	if (!rc)
		rc = store_rollup(store);
	if (!rc)
		rc = store_retain(store, real_ms);
	if (!rc)
		rc = store_commit(store);
	if (!rc)
		rc = store_shrink(store);
	if (!rc)
		return;
	store_rollback(store);
	store_fail(store, rc, "cannot tidy up");
}

void store_health(const struct store *store, struct store_health *ret_health)
{
	ret_health->state = store->state;
	memcpy(ret_health->text, store->text, sizeof(ret_health->text));
	ret_health->rows_written = store->rows_written;
	ret_health->rows_lost = store->rows_lost;
	ret_health->file_bytes = store_file_bytes(store);
}
