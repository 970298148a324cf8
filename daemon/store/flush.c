// SPDX-License-Identifier: GPL-2.0
/*
 * The batch into the file: one transaction, all or nothing.
 *
 * Invariant: the arrays are emptied, and what is remembered about the file
 * (run row, words, VMs) is changed, only after COMMIT has returned. Ids of
 * words are the exception: they are learnt underway and forgotten by
 * store_write_batch() when it fails.
 */
#include <fcntl.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "store_impl.h"

/* Bind the words' ids; adds words that the file does not have. */
static int word_id(struct store *store, int number, int64_t *ret_id)
{
	struct words *words = &store->words;
	const char *text = words->text[number];
	sqlite3_stmt *find, *add;
	int rc;

	if (words->id[number]) {
		*ret_id = words->id[number];
		return SQLITE_OK;
	}
	find = store_stmt(store, STMT_WORD_FIND);
	add = store_stmt(store, STMT_WORD_ADD);
	if (!find || !add)
		return sqlite3_errcode(store->db);
	sqlite3_bind_text(find, 1, text, -1, SQLITE_STATIC);
	rc = store_run_int(store, find, &words->id[number]);
	if (rc == SQLITE_NOTFOUND) {
		sqlite3_bind_text(add, 1, text, -1, SQLITE_STATIC);
		rc = store_run(store, add);
		if (!rc)
			words->id[number] = sqlite3_last_insert_rowid(store->db);
	}
	if (!rc)
		*ret_id = words->id[number];
	return rc;
}

static void read_boot_id(char *ret_text, size_t size)
{
	ssize_t len = -1;
	int fd;

	fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
	if (fd >= 0) {
		len = read(fd, ret_text, size - 1);
		close(fd);
	}
	ret_text[len > 0 ? len : 0] = '\0';
	ret_text[strcspn(ret_text, "\n")] = '\0';
}

static int write_run(struct store *store)
{
	sqlite3_stmt *run = store_stmt(store, STMT_RUN);
	sqlite3_stmt *end = store_stmt(store, STMT_END_VMS);
	struct utsname kernel;
	char boot_id[64];
	int rc;

	if (!run || !end)
		return sqlite3_errcode(store->db);
	/* A daemon that was killed could not say that its VMs ended. */
	sqlite3_bind_int64(end, 1, store->run_start_ms);
	rc = store_run(store, end);
	if (rc)
		return rc;
	if (uname(&kernel))
		strcpy(kernel.release, "");
	read_boot_id(boot_id, sizeof(boot_id));
	sqlite3_bind_int64(run, 1, store->run_id);
	sqlite3_bind_int64(run, 2, store->run_start_ms);
	sqlite3_bind_text(run, 3, DENSITY_VERSION, -1, SQLITE_STATIC);
	sqlite3_bind_text(run, 4, kernel.release, -1, SQLITE_TRANSIENT);
	sqlite3_bind_text(run, 5, boot_id, -1, SQLITE_TRANSIENT);
	sqlite3_bind_int64(run, 6, store->page_size);
	return store_run(store, run);
}

/* The run's law is that of its first sample. */
static int write_run_law(struct store *store)
{
	sqlite3_stmt *stmt = store_stmt(store, STMT_RUN_LAW);
	int64_t law;
	int rc;

	if (!stmt)
		return sqlite3_errcode(store->db);
	rc = word_id(store, store->run_law, &law);
	if (rc)
		return rc;
	sqlite3_bind_int64(stmt, 1, store->run_id);
	sqlite3_bind_int64(stmt, 2, law);
	sqlite3_bind_int64(stmt, 3, store->page_size);
	return store_run(store, stmt);
}

static int write_vm(struct store *store, const struct vm_track *track)
{
	sqlite3_stmt *stmt = store_stmt(store, STMT_VM);

	if (!stmt)
		return sqlite3_errcode(store->db);
	sqlite3_bind_int64(stmt, 1, store->vm_base + track->number);
	sqlite3_bind_int64(stmt, 2, store->run_id);
	sqlite3_bind_int64(stmt, 3, track->pid);
	sqlite3_bind_int64(stmt, 4, (int64_t)track->start_ticks);
	sqlite3_bind_text(stmt, 5, track->name, -1, SQLITE_STATIC);
	sqlite3_bind_text(stmt, 6, vm_vmm_name(track->vmm), -1, SQLITE_STATIC);
	sqlite3_bind_int64(stmt, 7, track->born_ms);
	if (track->ended_ms)
		sqlite3_bind_int64(stmt, 8, track->ended_ms);
	else
		sqlite3_bind_null(stmt, 8);
	return store_run(store, stmt);
}

static int write_vms(struct store *store)
{
	int rc = SQLITE_OK;

	for (unsigned int i = 0; i < store->vms.count && !rc; i++) {
		if (store->vms.vms[i].dirty)
			rc = write_vm(store, &store->vms.vms[i]);
	}
	return rc;
}

static int write_host_row(struct store *store, struct host_row row)
{
	sqlite3_stmt *stmt = store_stmt(store, STMT_SAMPLE);
	int rc;

	if (!stmt)
		return sqlite3_errcode(store->db);
	rc = word_id(store, (int)row.law, &row.law);
	if (!rc)
		rc = word_id(store, (int)row.phase, &row.phase);
	if (rc)
		return rc;
	row.id += store->sample_base;
	row.run = store->run_id;
	rc = host_row_bind(stmt, &row);
	return rc ? rc : store_run(store, stmt);
}

static int write_vm_row(struct store *store, const struct vm_row *row)
{
	sqlite3_stmt *stmt = store_stmt(store, STMT_VM_SAMPLE);
	int64_t sample = store->sample_base + row->sample;

	if (!stmt)
		return sqlite3_errcode(store->db);
	sqlite3_bind_int64(stmt, 1, sample << SCHEMA_VM_BITS |
			   (store->vm_base + row->vm));
	sqlite3_bind_int64(stmt, 2, row->value.rss_pages);
	sqlite3_bind_int64(stmt, 3, row->value.merging_pages);
	sqlite3_bind_int64(stmt, 4, row->value.zero_pages);
	/* A small number where the profit is a large one: a byte less. */
	sqlite3_bind_int64(stmt, 5, (int64_t)row->value.merging_pages +
			   row->value.zero_pages - row->value.profit_pages);
	return store_run(store, stmt);
}

static int write_decision(struct store *store, const struct note_row *note)
{
	sqlite3_stmt *stmt = store_stmt(store, STMT_DECISION);
	int64_t law, phase, reason;
	int rc;

	if (!stmt)
		return sqlite3_errcode(store->db);
	rc = word_id(store, note->law, &law);
	if (!rc)
		rc = word_id(store, note->phase, &phase);
	if (!rc)
		rc = word_id(store, note->word, &reason);
	if (rc)
		return rc;
	sqlite3_bind_int64(stmt, 1, note->real_ms);
	sqlite3_bind_int64(stmt, 2, law);
	sqlite3_bind_int64(stmt, 3, phase);
	sqlite3_bind_int64(stmt, 4, reason);
	sqlite3_bind_int64(stmt, 5, note->run);
	sqlite3_bind_int64(stmt, 6, note->sleep_ms);
	sqlite3_bind_int64(stmt, 7, note->scan_pages);
	sqlite3_bind_text(stmt, 8, note->text, -1, SQLITE_STATIC);
	return store_run(store, stmt);
}

static int write_note(struct store *store, const struct note_row *note)
{
	bool is_write = note->kind == NOTE_WRITE;
	sqlite3_stmt *stmt;
	int64_t word;
	int rc;

	if (note->kind == NOTE_DECISION)
		return write_decision(store, note);
	stmt = store_stmt(store, is_write ? STMT_WRITE : STMT_EVENT);
	if (!stmt)
		return sqlite3_errcode(store->db);
	rc = word_id(store, note->word, &word);
	if (rc)
		return rc;
	sqlite3_bind_int64(stmt, 1, note->real_ms);
	sqlite3_bind_int64(stmt, 2, word);
	if (is_write) {
		sqlite3_bind_int64(stmt, 3, note->old_value);
		sqlite3_bind_int64(stmt, 4, note->new_value);
		sqlite3_bind_int64(stmt, 5, note->error);
	}
	sqlite3_bind_text(stmt, is_write ? 6 : 3, note->text, -1,
			  SQLITE_STATIC);
	return store_run(store, stmt);
}

static int write_rows(struct store *store)
{
	int rc = SQLITE_OK;

	if (!store->run_written)
		rc = write_run(store);
	if (!rc && !store->run_law_written && store->run_law >= 0)
		rc = write_run_law(store);
	if (!rc)
		rc = write_vms(store);
	for (unsigned int i = 0; i < store->nhost && !rc; i++)
		rc = write_host_row(store, store->host[i]);
	for (unsigned int i = 0; i < store->nvm && !rc; i++)
		rc = write_vm_row(store, &store->vm[i]);
	for (unsigned int i = 0; i < store->nnotes && !rc; i++)
		rc = write_note(store, &store->notes[i]);
	return rc;
}

int store_write_batch(struct store *store)
{
	int rc;

	rc = store_begin(store);
	if (!rc)
		rc = write_rows(store);
	if (!rc)
		rc = store_commit(store);
	if (rc) {
		store_rollback(store);
		words_forget_ids(&store->words);
		return rc;
	}
	store->run_written = true;
	store->run_law_written = store->run_law >= 0;
	vm_track_written(&store->vms);
	store->rows_written += store->nhost + store->nvm + store->nnotes;
	store->nhost = 0;
	store->nvm = 0;
	store->nnotes = 0;
	return SQLITE_OK;
}
