/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Words: text that is safe to show, and numbers as people read them.
 *
 * Names of VMs and processes are chosen by whoever starts them. Nothing that
 * came from a socket or a database reaches a terminal before words_safe().
 */
#ifndef DENSITY_CLI_WORDS_H
#define DENSITY_CLI_WORDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WORDS_NUMBER_LEN 48

/*
 * A copy of @text in which every byte that is no printable character of the
 * locale (control characters, broken UTF-8, marks that turn the direction of
 * writing) is a '?'. Tabs, and with them CR and LF, stay when @keep_breaks.
 * NULL @text gives "". The caller frees; NULL only for want of memory.
 */
char *words_safe(const char *text, bool keep_breaks);

/* Columns that @text takes on the screen, and the bytes that fit in @cols. */
size_t words_width(const char *text);
size_t words_fit(const char *text, size_t cols);

/* Each writes into @buf (WORDS_NUMBER_LEN bytes) and returns it. */
const char *words_kib(double kib, char *buf);	/* "1.23 GiB" */
const char *words_count(double count, char *buf);	/* "12,345" */
const char *words_real(double value, char *buf);	/* three digits */
const char *words_span(double seconds, char *buf);	/* "2 h 3 min" */
const char *words_time(int64_t real_ms, char *buf);	/* local, seconds */
const char *words_iso(int64_t real_ms, char *buf);	/* ISO 8601, offset */

/*
 * The entry of the NULL-terminated @names that is closest to @name by edit
 * distance, or NULL when none is close enough to be meant.
 */
const char *words_nearest(const char *name, const char *const *names);

#endif
