/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Notes: decisions, knob writes and events in one row of time.
 *
 * The daemon knows its own last decisions, the history knows more, but gets
 * them a few seconds later; notes_load() takes the newer ones from the one and
 * the older ones from the other.
 */
#ifndef DENSITY_CLI_NOTES_H
#define DENSITY_CLI_NOTES_H

#include "cli.h"

struct note {
	struct query_note note;	/* strings are owned */
	size_t order;		/* as it came, for notes of one instant */
};

struct notes {
	struct note *items;
	size_t n, room;
};

/*
 * The last @limit notes in [from_ms, to_ms), oldest first. @ask_daemon: also
 * ask the daemon for decisions. CLI_OK when either source answered; else the
 * exit code, told. Free with notes_free(), whatever was returned.
 */
int notes_load(const struct cli *cli, struct query *query, bool ask_daemon,
	       int64_t from_ms, int64_t to_ms, unsigned int limit,
	       struct notes *ret_notes);
void notes_free(struct notes *notes);

/* "hunt", "pages_to_scan 100 -> 400", "foreign"; caller frees. */
char *notes_what(const struct query_note *note);
/* The reason, and for a decision its knobs; caller frees. */
char *notes_why(const struct query_note *note);

#endif
