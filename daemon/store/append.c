// SPDX-License-Identifier: GPL-2.0
/*
 * Rows into the batch. Nothing here touches the file, but for the flush at the
 * end when it is due; see store_impl.h.
 */
#include <string.h>

#include "../../policy/reason.h"
#include "store_impl.h"

/* A clock that moves by more against CLOCK_BOOTTIME was set by somebody. */
#define CLOCK_STEP_MS 60000

static void note_time(struct store *store, const struct snap *snap)
{
	int64_t mono_ms = (int64_t)(snap->mono_ns / 1000000);
	int64_t offset;

	if (__builtin_sub_overflow(snap->real_ms, mono_ms, &offset))
		offset = 0;
	if (!store->any_time ||
	    offset > store->clock_offset_ms + CLOCK_STEP_MS ||
	    offset < store->clock_offset_ms - CLOCK_STEP_MS)
		store->steady_since_ms = (uint64_t)mono_ms;
	store->any_time = true;
	store->clock_offset_ms = offset;
	store->mono_ms = (uint64_t)mono_ms;
}

static bool batch_is_empty(const struct store *store)
{
	return !store->nhost && !store->nvm && !store->nnotes;
}

static void batch_begin(struct store *store)
{
	if (batch_is_empty(store))
		store->batch_since_ms = store->mono_ms;
}

static void append_vm(struct store *store, const struct snap *snap,
		      const struct snap_vm *vm)
{
	struct vm_value value = vm_value_of(vm, snap->page_size);
	struct vm_track *track;

	track = vm_track_get(&store->vms, vm, snap->real_ms);
	if (!track) {
		store->rows_lost++;
		return;
	}
	/* A table that names a process twice must not name a row twice. */
	if (track->seen)
		return;
	track->seen = true;
	if (track->has_value && vm_value_equal(&track->value, &value) &&
	    store->mono_ms - track->written_ms < VM_REPEAT_MS)
		return;
	if (store->nvm == BATCH_VM_ROWS ||
	    store->vm_base + track->number > SCHEMA_VM_MAX) {
		store->rows_lost++;
		return;
	}
	store->vm[store->nvm++] = (struct vm_row){
		.sample = store->sample_seq,
		.vm = track->number,
		.value = value,
	};
	track->value = value;
	track->has_value = true;
	track->written_ms = store->mono_ms;
}

/*
 * The table of processes is read at its own pace, with jitter: a tenth of the
 * interval is forgiven, or every second table would come just too early.
 */
static bool sweep_is_due(const struct store *store, const struct snap *snap)
{
	uint64_t interval_ms = store->conf.vm_interval_s * UINT64_C(1000);

	if (!snap->vms_seq || snap->vms_seq == store->swept_vms_seq)
		return false;
	return !store->swept_vms_seq ||
	       store->mono_ms - store->swept_ms >= interval_ms / 10 * 9;
}

static void append_vms(struct store *store, const struct snap *snap)
{
	if (!sweep_is_due(store, snap))
		return;
	if (store->nvm + snap->nvms > BATCH_VM_ROWS)
		store_flush_if_due(store, false);
	for (uint32_t i = 0; i < snap->nvms; i++)
		append_vm(store, snap, &snap->vms[i]);
	vm_track_sweep(&store->vms, snap->real_ms);
	store->swept_vms_seq = snap->vms_seq;
	store->swept_ms = store->mono_ms;
}

void store_append_sample(struct store *store, const struct snap *snap,
			 const struct decision *decision, const char *law,
			 uint64_t daemon_cpu_ns)
{
	enum law_phase phase = decision ? decision->phase : LAW_PHASE_OFF;
	struct host_row row;

	note_time(store, snap);
	sampler_take(&store->sampler, snap, decision ? decision->next_ms : 0,
		     daemon_cpu_ns, &row);
	row.id = ++store->sample_seq;
	row.law = words_intern(&store->words, law);
	row.phase = words_intern(&store->words, law_phase_name(phase));
	if (store->run_law < 0)
		store->run_law = (int)row.law;
	if (snap->page_size)
		store->page_size = snap->page_size;
	batch_begin(store);
	if (store->nhost == BATCH_HOST_ROWS) {
		/* VM rows find their time through the host's row. */
		store->rows_lost++;
	} else {
		store->host[store->nhost++] = row;
		append_vms(store, snap);
	}
	store_flush_if_due(store, false);
}

/* Copy what fits, and never half a character: readers make JSON of it. */
static void copy_text(char to[BATCH_TEXT], const char *from)
{
	size_t len = from ? strlen(from) : 0;

	if (len > BATCH_TEXT - 1) {
		len = BATCH_TEXT - 1;
		while (len && ((unsigned char)from[len] & 0xc0) == 0x80)
			len--;
	}
	if (len)
		memcpy(to, from, len);
	to[len] = '\0';
}

static struct note_row *add_note(struct store *store, enum note_kind kind,
				 int64_t real_ms, const char *word,
				 const char *text)
{
	struct note_row *note;

	if (store->nnotes == BATCH_NOTES)
		store_flush_if_due(store, false);
	if (store->nnotes == BATCH_NOTES) {
		store->rows_lost++;
		return NULL;
	}
	batch_begin(store);
	if (!store->nnotes)
		store->notes_since_ms = store->mono_ms;
	note = &store->notes[store->nnotes++];
	memset(note, 0, offsetof(struct note_row, text));
	note->kind = kind;
	note->real_ms = real_ms;
	note->word = words_intern(&store->words, word);
	copy_text(note->text, text);
	return note;
}

void store_append_decision(struct store *store, const struct snap *snap,
			   const struct decision *decision, const char *law,
			   const char *text)
{
	const struct note_row *last = &store->last_decision;
	struct note_row now = {
		.word = words_intern(&store->words,
				     law_reason_name(decision->reason)),
		.law = words_intern(&store->words, law),
		.phase = words_intern(&store->words,
				      law_phase_name(decision->phase)),
		.run = decision->run,
		.sleep_ms = decision->sleep_ms,
		.scan_pages = decision->scan_pages,
	};
	struct note_row *note;

	if (store->any_decision && last->word == now.word &&
	    last->law == now.law && last->phase == now.phase &&
	    last->run == now.run && last->sleep_ms == now.sleep_ms &&
	    last->scan_pages == now.scan_pages)
		return;
	note = add_note(store, NOTE_DECISION, snap->real_ms,
			law_reason_name(decision->reason), text);
	if (!note)
		return;
	note->law = now.law;
	note->phase = now.phase;
	note->run = now.run;
	note->sleep_ms = now.sleep_ms;
	note->scan_pages = now.scan_pages;
	store->last_decision = now;
	store->any_decision = true;
}

void store_append_write(struct store *store, const struct act_write *write)
{
	struct note_row *note;

	note = add_note(store, NOTE_WRITE, write->real_ms,
			act_knob_name(write->knob), write->reason);
	if (!note)
		return;
	note->old_value = write->old_value > INT64_MAX ?
			  INT64_MAX : (int64_t)write->old_value;
	note->new_value = write->new_value > INT64_MAX ?
			  INT64_MAX : (int64_t)write->new_value;
	note->error = write->error;
}

void store_append_event(struct store *store, int64_t real_ms,
			const char *kind, const char *text)
{
	add_note(store, NOTE_EVENT, real_ms, kind, text);
}
