// SPDX-License-Identifier: GPL-2.0
/*
 * Times as people type them: see when.h.
 *
 * Dates are checked against the calendar before mktime() sees them, because it
 * would take February 31st for March 3rd. An hour that summer time skips is
 * mktime()'s business.
 */
#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "when.h"

/* A thousand years: keeps sums far from overflow. */
#define DURATION_MAX_S (1000LL * 366 * 86400)
#define EPOCH_MAX_S 253402300799LL	/* the last second of the year 9999 */

int64_t when_now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Exactly @digits digits, at most @max; moves *@text behind them. */
static bool take_number(const char **text, unsigned int digits, int max,
			int *ret_value)
{
	int value = 0;

	for (unsigned int i = 0; i < digits; i++) {
		if (!isdigit((unsigned char)(*text)[i]))
			return false;
		value = value * 10 + ((*text)[i] - '0');
	}
	if (value > max)
		return false;
	*text += digits;
	*ret_value = value;
	return true;
}

static bool take_char(const char **text, char c)
{
	if (**text != c)
		return false;
	(*text)++;
	return true;
}

static int month_days(int year, int month)
{
	static const int days[] = { 31, 28, 31, 30, 31, 30,
				    31, 31, 30, 31, 30, 31 };
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	return days[month - 1] + (month == 2 && leap);
}

static bool take_date(const char **text, struct tm *tm)
{
	const char *at = *text;
	int year, month, day;

	if (!take_number(&at, 4, 9999, &year) || !take_char(&at, '-') ||
	    !take_number(&at, 2, 12, &month) || !take_char(&at, '-') ||
	    !take_number(&at, 2, 31, &day))
		return false;
	if (year < 1970 || month < 1 || day < 1 ||
	    day > month_days(year, month))
		return false;
	tm->tm_year = year - 1900;
	tm->tm_mon = month - 1;
	tm->tm_mday = day;
	tm->tm_hour = 0;
	tm->tm_min = 0;
	tm->tm_sec = 0;
	*text = at;
	return true;
}

static bool take_clock(const char **text, struct tm *tm)
{
	const char *at = *text;
	int hour, minute, second = 0;

	if (!take_number(&at, 2, 23, &hour) || !take_char(&at, ':') ||
	    !take_number(&at, 2, 59, &minute))
		return false;
	if (take_char(&at, ':') && !take_number(&at, 2, 59, &second))
		return false;
	tm->tm_hour = hour;
	tm->tm_min = minute;
	tm->tm_sec = second;
	*text = at;
	return true;
}

static int64_t local_ms(struct tm *tm)
{
	tm->tm_isdst = -1;
	return (int64_t)mktime(tm) * 1000;
}

/* Midnight, @days_back days before the day of @now_ms. */
static int64_t midnight_ms(int64_t now_ms, int days_back)
{
	time_t now = (time_t)(now_ms / 1000);
	struct tm tm;

	localtime_r(&now, &tm);
	tm.tm_mday -= days_back;
	tm.tm_hour = 0;
	tm.tm_min = 0;
	tm.tm_sec = 0;
	return local_ms(&tm);
}

static int parse_calendar(const char *text, int64_t now_ms, int64_t *ret_ms)
{
	time_t now = (time_t)(now_ms / 1000);
	const char *at = text;
	struct tm tm;

	localtime_r(&now, &tm);
	if (take_date(&at, &tm)) {
		if (*at && ((!take_char(&at, ' ') && !take_char(&at, 'T')) ||
			    !take_clock(&at, &tm)))
			return -EINVAL;
	} else if (!take_clock(&at, &tm)) {
		return -EINVAL;
	}
	if (*at)
		return -EINVAL;
	*ret_ms = local_ms(&tm);
	return 0;
}

static int parse_epoch(const char *text, int64_t *ret_ms)
{
	char *end;
	long long seconds;

	if (!isdigit((unsigned char)*text))
		return -EINVAL;
	errno = 0;
	seconds = strtoll(text, &end, 10);
	if (errno || *end || seconds > EPOCH_MAX_S)
		return -EINVAL;
	*ret_ms = seconds * 1000;
	return 0;
}

static int64_t unit_s(char unit)
{
	switch (unit) {
	case '\0':
	case 's':
		return 1;
	case 'm':
		return 60;
	case 'h':
		return 3600;
	case 'd':
		return 86400;
	case 'w':
		return 7 * 86400;
	}
	return 0;
}

int when_parse_duration(const char *text, int64_t *ret_ms)
{
	int64_t total = 0;

	do {
		char *end;
		long long number;
		int64_t unit;

		if (!isdigit((unsigned char)*text))
			return -EINVAL;
		errno = 0;
		number = strtoll(text, &end, 10);
		unit = unit_s(*end);
		if (errno || !unit || number > DURATION_MAX_S / unit)
			return -EINVAL;
		total += number * unit;
		if (total > DURATION_MAX_S)
			return -EINVAL;
		text = *end ? end + 1 : end;
	} while (*text);
	if (!total)
		return -EINVAL;
	*ret_ms = total * 1000;
	return 0;
}

int when_parse(const char *text, int64_t now_ms, int64_t *ret_ms)
{
	int64_t offset_ms;
	int err;

	if (!strcmp(text, "now"))
		*ret_ms = now_ms;
	else if (!strcmp(text, "today"))
		*ret_ms = midnight_ms(now_ms, 0);
	else if (!strcmp(text, "yesterday"))
		*ret_ms = midnight_ms(now_ms, 1);
	else if (text[0] == '@')
		return parse_epoch(text + 1, ret_ms);
	else if (text[0] == '-' || text[0] == '+') {
		err = when_parse_duration(text + 1, &offset_ms);
		if (err)
			return err;
		*ret_ms = text[0] == '-' ? now_ms - offset_ms :
					   now_ms + offset_ms;
	} else {
		return parse_calendar(text, now_ms, ret_ms);
	}
	return 0;
}

/* "today", "yesterday", "2026-01-31": from midnight to midnight, or now. */
static int parse_day(const char *text, int64_t now_ms, int64_t *ret_from_ms,
		     int64_t *ret_to_ms)
{
	struct tm tm;
	time_t begin;
	int64_t from_ms, to_ms;
	const char *at = text;

	if (strcmp(text, "today") && strcmp(text, "yesterday") &&
	    !(take_date(&at, &tm) && !*at))
		return -EINVAL;
	if (when_parse(text, now_ms, &from_ms))
		return -EINVAL;
	/* The next midnight is 23, 24 or 25 hours away: let mktime() count. */
	begin = (time_t)(from_ms / 1000);
	localtime_r(&begin, &tm);
	tm.tm_mday++;
	to_ms = local_ms(&tm);
	if (from_ms >= now_ms)
		return -ERANGE;
	*ret_from_ms = from_ms;
	*ret_to_ms = to_ms < now_ms ? to_ms : now_ms;
	return 0;
}

int when_parse_span(const char *text, int64_t now_ms, int64_t *ret_from_ms,
		    int64_t *ret_to_ms)
{
	const char *dots = strstr(text, "..");
	int64_t from_ms = 0, to_ms = now_ms;
	char *from;
	int err = 0;

	if (!dots)
		return parse_day(text, now_ms, ret_from_ms, ret_to_ms);
	from = strndup(text, (size_t)(dots - text));
	if (!from)
		return -ENOMEM;
	if (*from)
		err = when_parse(from, now_ms, &from_ms);
	if (!err && dots[2])
		err = when_parse(dots + 2, now_ms, &to_ms);
	free(from);
	if (err)
		return err;
	if (from_ms >= to_ms)
		return -ERANGE;
	*ret_from_ms = from_ms;
	*ret_to_ms = to_ms;
	return 0;
}
