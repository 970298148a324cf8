// SPDX-License-Identifier: GPL-2.0
/* Notes: decisions, knob writes and events. See notes.h. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "notes.h"
#include "words.h"

/* Of one instant: what happened, what was decided then, what was written. */
static int rank(const struct query_note *note)
{
	return !strcmp(note->kind, "event") ? 0 :
	       !strcmp(note->kind, "decision") ? 1 : 2;
}

static char *copy_text(const char *text)
{
	return strdup(text ? text : "");
}

static void free_note(struct query_note *note)
{
	free((char *)note->kind);
	free((char *)note->name);
	free((char *)note->law);
	free((char *)note->phase);
	free((char *)note->text);
}

static int append(void *arg, const struct query_note *note)
{
	struct notes *notes = arg;
	struct query_note copy = *note;

	if (notes->n == notes->room) {
		size_t room = notes->room ? 2 * notes->room : 64;
		struct note *items = reallocarray(notes->items, room,
						  sizeof(*items));

		if (!items)
			return -ENOMEM;
		notes->items = items;
		notes->room = room;
	}
	copy.kind = copy_text(note->kind);
	copy.name = copy_text(note->name);
	copy.law = copy_text(note->law);
	copy.phase = copy_text(note->phase);
	copy.text = copy_text(note->text);
	if (!copy.kind || !copy.name || !copy.law || !copy.phase ||
	    !copy.text) {
		free_note(&copy);
		return -ENOMEM;
	}
	notes->items[notes->n] = (struct note){ copy, notes->n };
	notes->n++;
	return 0;
}

void notes_free(struct notes *notes)
{
	for (size_t i = 0; i < notes->n; i++)
		free_note(&notes->items[i].note);
	free(notes->items);
	*notes = (struct notes){ .items = NULL };
}

static uint32_t knob(const json_t *decision, const char *member)
{
	double value = cli_number(decision, member);

	return value >= 0 && value <= UINT32_MAX ? (uint32_t)value : 0;
}

static int add_decision(struct notes *notes, const json_t *decision)
{
	const struct query_note note = {
		.real_ms = (int64_t)cli_number(decision, "real_ms"),
		.kind = "decision",
		.name = cli_string(decision, "reason"),
		.law = cli_string(decision, "law"),
		.phase = cli_string(decision, "phase"),
		.text = cli_string(decision, "text"),
		.run = knob(decision, "run"),
		.sleep_ms = knob(decision, "sleep_ms"),
		.scan_pages = knob(decision, "scan_pages"),
	};

	return append(notes, &note);
}

/* *@until_ms becomes the time of the oldest decision that the daemon has. */
static int ask_daemon(const struct cli *cli, unsigned int limit, bool quiet,
		      int64_t from_ms, struct notes *notes, int64_t *until_ms)
{
	json_t *parameters = json_pack("{s:i}", "limit", (int)limit);
	json_t *reply = NULL;
	const json_t *item;
	int code, err = 0;
	size_t i;

	if (!parameters)
		return cli_done(-ENOMEM, "explain");
	code = cli_call(cli, "GetDecisions", parameters, quiet, &reply);
	json_decref(parameters);
	if (code != CLI_OK)
		return code;
	json_array_foreach(json_object_get(reply, "decisions"), i, item) {
		double real_ms = cli_number(item, "real_ms");

		if (!(fabs(real_ms) < 1e15))
			continue;
		if (real_ms < (double)*until_ms)
			*until_ms = (int64_t)real_ms;
		if (!err && real_ms >= (double)from_ms)
			err = add_decision(notes, item);
	}
	json_decref(reply);
	return cli_done(err, "explain");
}

static int compare(const void *a, const void *b)
{
	const struct note *x = a, *y = b;

	if (x->note.real_ms != y->note.real_ms)
		return x->note.real_ms < y->note.real_ms ? -1 : 1;
	if (rank(&x->note) != rank(&y->note))
		return rank(&x->note) - rank(&y->note);
	return x->order < y->order ? -1 : x->order > y->order;
}

/* Sort, and drop all but the last @limit. */
static void settle(struct notes *notes, unsigned int limit)
{
	size_t drop = notes->n > limit ? notes->n - limit : 0;

	if (notes->n)
		qsort(notes->items, notes->n, sizeof(*notes->items), compare);
	for (size_t i = 0; i < drop; i++)
		free_note(&notes->items[i].note);
	notes->n -= drop;
	if (drop)
		memmove(notes->items, notes->items + drop,
			notes->n * sizeof(*notes->items));
}

int notes_load(const struct cli *cli, struct query *query, bool ask,
	       int64_t from_ms, int64_t to_ms, unsigned int limit,
	       struct notes *ret_notes)
{
	int64_t until_ms = to_ms;
	int err = 0;

	*ret_notes = (struct notes){ .items = NULL };
	if (ask) {
		int code = ask_daemon(cli, limit, query, from_ms, ret_notes,
				      &until_ms);

		if (code != CLI_OK && !query)
			return code;
	}
	if (query) {
		err = query_notes(query, from_ms, until_ms, QUERY_DECISIONS,
				  limit, append, ret_notes);
		if (!err)
			err = query_notes(query, from_ms, to_ms,
					  QUERY_WRITES | QUERY_EVENTS, limit,
					  append, ret_notes);
	}
	settle(ret_notes, limit);
	return cli_done(err, cli->db_path);
}

static bool is_kind(const struct query_note *note, const char *kind)
{
	return !strcmp(note->kind, kind);
}

char *notes_what(const struct query_note *note)
{
	char *text;
	int len;

	if (is_kind(note, "decision"))
		return copy_text(note->phase);
	if (!is_kind(note, "write"))
		return copy_text(note->name);
	len = asprintf(&text, "%s %lld -> %lld", note->name,
		       (long long)note->old_value, (long long)note->new_value);
	return len < 0 ? NULL : text;
}

char *notes_why(const struct query_note *note)
{
	char *text;
	int len;

	if (is_kind(note, "decision") && note->run)
		len = asprintf(&text, "%s (%u pages every %u ms)", note->text,
			       note->scan_pages, note->sleep_ms);
	else if (is_kind(note, "decision"))
		len = asprintf(&text, "%s (ksmd stopped)", note->text);
	else if (is_kind(note, "write") && note->error)
		len = asprintf(&text, "FAILED: %s; %s",
			       strerror(abs(note->error)), note->text);
	else
		return copy_text(note->text);
	return len < 0 ? NULL : text;
}
