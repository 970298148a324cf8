// SPDX-License-Identifier: GPL-2.0
/*
 * Words: see words.h.
 *
 * LC_CTYPE is the user's, so that a UTF-8 terminal shows UTF-8 names and a
 * plain one shows question marks. LC_NUMERIC stays "C": numbers here are read
 * by programs, gnuplot among them.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <wchar.h>
#include <wctype.h>

#include "words.h"

/* Longest word that words_nearest() looks at; commands are far shorter. */
#define NEAREST_LEN 32

/* Marks and overrides that reorder what stands around them on the screen. */
static bool turns_direction(wchar_t c)
{
	return (c >= 0x202a && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069) ||
	       c == 0x200e || c == 0x200f || c == 0x061c;
}

static bool is_shown(wchar_t c)
{
	return iswprint((wint_t)c) && wcwidth(c) >= 0 && !turns_direction(c);
}

char *words_safe(const char *text, bool keep_breaks)
{
	size_t left = text ? strlen(text) : 0;
	char *copy = malloc(left + 1);
	char *to = copy;
	mbstate_t state = { 0 };

	if (!copy)
		return NULL;
	while (left) {
		wchar_t c;
		size_t len = mbrtowc(&c, text, left, &state);

		if (len == (size_t)-1 || len == (size_t)-2 || len == 0) {
			memset(&state, 0, sizeof(state));
			len = 1;
			*to++ = '?';
		} else if (is_shown(c) ||
			   (keep_breaks && strchr("\t\r\n", (int)*text))) {
			to = mempcpy(to, text, len);
		} else {
			*to++ = '?';
		}
		text += len;
		left -= len;
	}
	*to = '\0';
	return copy;
}

/* Bytes of the first character of @text, and the columns that it takes. */
static size_t step(const char *text, size_t left, mbstate_t *state,
		   size_t *ret_cols)
{
	wchar_t c;
	size_t len = mbrtowc(&c, text, left, state);
	int cols = 1;

	if (len == (size_t)-1 || len == (size_t)-2 || len == 0) {
		memset(state, 0, sizeof(*state));
		len = 1;
	} else {
		cols = wcwidth(c);
	}
	*ret_cols = cols > 0 ? (size_t)cols : 0;
	return len;
}

size_t words_fit(const char *text, size_t cols)
{
	size_t left = strlen(text), done = 0, used = 0;
	mbstate_t state = { 0 };

	while (left) {
		size_t width;
		size_t len = step(text + done, left, &state, &width);

		if (used + width > cols)
			break;
		used += width;
		done += len;
		left -= len;
	}
	return done;
}

size_t words_width(const char *text)
{
	size_t left = strlen(text), used = 0;
	mbstate_t state = { 0 };

	while (left) {
		size_t width;
		size_t len = step(text, left, &state, &width);

		used += width;
		text += len;
		left -= len;
	}
	return used;
}

const char *words_real(double value, char *buf)
{
	double size = fabs(value);
	int digits = size >= 100 ? 0 : size >= 10 ? 1 : size >= 1 ? 2 : 3;

	if (isnan(value))
		return strcpy(buf, "-");
	if (isinf(value))
		return strcpy(buf, value < 0 ? "-inf" : "inf");
	if (size < 0.0005)
		return strcpy(buf, "0");
	if (size >= 1e4)
		return words_count(value, buf);
	if (value == trunc(value))
		digits = 0;
	snprintf(buf, WORDS_NUMBER_LEN, "%.*f", digits, value);
	return buf;
}

const char *words_kib(double kib, char *buf)
{
	static const char *const units[] = { "KiB", "MiB", "GiB", "TiB" };
	double value = kib;
	unsigned int unit = 0;

	if (isnan(kib))
		return strcpy(buf, "-");
	while (unit < 3 && fabs(value) >= 1024) {
		value /= 1024;
		unit++;
	}
	if (unit == 0 || fabs(value) >= 100)
		snprintf(buf, WORDS_NUMBER_LEN, "%.0f %s", value, units[unit]);
	else
		snprintf(buf, WORDS_NUMBER_LEN, "%.*f %s",
			 fabs(value) >= 10 ? 1 : 2, value, units[unit]);
	return buf;
}

const char *words_count(double count, char *buf)
{
	char digits[WORDS_NUMBER_LEN];
	char *to = buf;
	size_t len;

	if (isnan(count))
		return strcpy(buf, "-");
	if (!(fabs(count) < 1e18)) {
		snprintf(buf, WORDS_NUMBER_LEN, "%.3g", count);
		return buf;
	}
	snprintf(digits, sizeof(digits), "%.0f", fabs(count));
	if (count <= -0.5)
		*to++ = '-';
	len = strlen(digits);
	for (size_t i = 0; i < len; i++) {
		if (i && (len - i) % 3 == 0)
			*to++ = ',';
		*to++ = digits[i];
	}
	*to = '\0';
	return buf;
}

const char *words_span(double seconds, char *buf)
{
	double s = seconds < 0 ? 0 : seconds;
	unsigned long whole = s < 1e15 ? (unsigned long)s : 0;

	if (isnan(seconds))
		return strcpy(buf, "-");
	if (s < 10)
		snprintf(buf, WORDS_NUMBER_LEN, "%.3g s", s);
	else if (s < 60)
		snprintf(buf, WORDS_NUMBER_LEN, "%lu s", whole);
	else if (s < 3600)
		snprintf(buf, WORDS_NUMBER_LEN, "%lu min %lu s", whole / 60,
			 whole % 60);
	else if (s < 86400)
		snprintf(buf, WORDS_NUMBER_LEN, "%lu h %lu min", whole / 3600,
			 whole / 60 % 60);
	else
		snprintf(buf, WORDS_NUMBER_LEN, "%lu d %lu h", whole / 86400,
			 whole / 3600 % 24);
	return buf;
}

static const char *time_as(int64_t real_ms, const char *format, char *buf)
{
	int64_t whole = real_ms / 1000 - (real_ms % 1000 < 0);
	time_t seconds = (time_t)whole;
	struct tm tm;

	if (!localtime_r(&seconds, &tm) ||
	    !strftime(buf, WORDS_NUMBER_LEN, format, &tm))
		snprintf(buf, WORDS_NUMBER_LEN, "@%lld", (long long)whole);
	return buf;
}

const char *words_time(int64_t real_ms, char *buf)
{
	return time_as(real_ms, "%Y-%m-%d %H:%M:%S", buf);
}

/* strftime() writes the offset as +0100; ISO 8601's extended form has +01:00. */
const char *words_iso(int64_t real_ms, char *buf)
{
	size_t len;

	time_as(real_ms, "%Y-%m-%dT%H:%M:%S%z", buf);
	len = strlen(buf);
	if (len > 5 && len + 2 < WORDS_NUMBER_LEN &&
	    strchr("+-", buf[len - 5])) {
		memmove(buf + len - 1, buf + len - 2, 3);
		buf[len - 2] = ':';
	}
	return buf;
}

/* Levenshtein's distance, in one row. */
static size_t distance(const char *a, const char *b)
{
	size_t row[NEAREST_LEN + 1];
	size_t len = strlen(b);

	for (size_t j = 0; j <= len; j++)
		row[j] = j;
	for (size_t i = 1; *a; i++, a++) {
		size_t diagonal = row[0];

		row[0] = i;
		for (size_t j = 1; j <= len; j++) {
			size_t best = diagonal + (*a != b[j - 1]);

			diagonal = row[j];
			if (row[j - 1] + 1 < best)
				best = row[j - 1] + 1;
			if (row[j] + 1 < best)
				best = row[j] + 1;
			row[j] = best;
		}
	}
	return row[len];
}

const char *words_nearest(const char *name, const char *const *names)
{
	const char *nearest = NULL;
	size_t best = SIZE_MAX;

	if (strlen(name) > NEAREST_LEN)
		return NULL;
	for (; *names; names++) {
		size_t far;

		if (strlen(*names) > NEAREST_LEN)
			continue;
		far = distance(name, *names);
		/* A beginning is meant, however much is missing: "hist". */
		if (name[0] && name[1] &&
		    !strncmp(name, *names, strlen(name)))
			far = 0;
		if (far < best) {
			best = far;
			nearest = *names;
		}
	}
	return best <= 1 + strlen(name) / 3 ? nearest : NULL;
}
