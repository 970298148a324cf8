/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Words, lines and numbers of the kernel's text files.
 *
 * A text is a span of bytes that need not end in NUL and may hold any byte.
 * Numbers are read strictly: a sign where none belongs, a value that does not
 * fit or a digit run into other characters is "no number", never a wrong one.
 */
#ifndef DENSITY_PROBE_TEXT_H
#define DENSITY_PROBE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct probe_text {
	const char *at;
	const char *end;
};

struct probe_text probe_text_of(const char *bytes, size_t len);
size_t probe_text_len(const struct probe_text *text);

/*
 * Take the next line off @text. The newline is not part of @ret_line. A last
 * line without a newline is not returned: a truncated file would yield a
 * truncated number.
 */
bool probe_text_line(struct probe_text *text, struct probe_text *ret_line);

/* Take the next run of bytes other than blank, tab and newline. */
bool probe_text_word(struct probe_text *text, struct probe_text *ret_word);

/* Take the next word, which must be a whole number that fits. */
bool probe_text_u64(struct probe_text *text, uint64_t *ret_value);
bool probe_text_i64(struct probe_text *text, int64_t *ret_value);

/* Take @prefix off the front; false leaves @text alone. */
bool probe_text_skip(struct probe_text *text, const char *prefix);

bool probe_text_is(const struct probe_text *text, const char *word);
bool probe_text_starts(const struct probe_text *text, const char *prefix);

/*
 * The rest of the line "KEY rest" or "KEY: rest", KEY not empty. It must end in a
 * newline.
 */
bool probe_text_find(const struct probe_text *text, const char *key,
		     struct probe_text *ret_rest);

/* The file is one number and nothing else. */
bool probe_text_only_u64(struct probe_text text, uint64_t *ret_value);
bool probe_text_only_i64(struct probe_text text, int64_t *ret_value);

#endif
