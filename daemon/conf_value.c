// SPDX-License-Identifier: GPL-2.0
/*
 * Values with units.
 *
 * A number is read exactly, as an integer and a power of ten, multiplied by
 * its unit and divided by the step that the key stores; doubles would turn
 * 0.3 % into something else, and would let in nan and 1e99. Overflow is
 * checked at each multiplication.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf.h"
#include "conf_value.h"

#define PLACES_MAX 6

struct unit {
	const char *suffix;
	uint64_t base;		/* in base units of the type */
};

/* How numbers of a type are written; units from large to small. */
struct form {
	const char *noun;
	const struct unit *units;
	unsigned int places;	/* decimal places when printed */
	bool whole;		/* 1.5 makes no sense */
};

static const struct unit time_units[] = {
	{ "y", 365ull * 86400000 }, { "d", 86400000 }, { "h", 3600000 },
	{ "min", 60000 }, { "s", 1000 }, { "ms", 1 }, { NULL, 0 },
};

static const struct unit share_units[] = { { "%", 10000 }, { NULL, 0 } };

static const struct unit factor_units[] = {
	{ "", 1000000 }, { "%", 10000 }, { NULL, 0 },
};

static const struct unit size_units[] = {
	{ "TiB", 1ull << 40 }, { "GiB", 1ull << 30 }, { "MiB", 1ull << 20 },
	{ "KiB", 1ull << 10 }, { "B", 1 }, { NULL, 0 },
};

static const struct unit price_units[] = {
	{ "", 1024 }, { "GiB-s", 1024 }, { "MiB-s", 1 }, { NULL, 0 },
};

static const struct unit count_units[] = { { "", 1 }, { NULL, 0 } };

static const struct form forms[] = {
	[CONF_TIME] = { "a time", time_units, 0, false },
	[CONF_SHARE] = { "a share", share_units, 4, false },
	[CONF_FACTOR] = { "a factor", factor_units, 3, false },
	[CONF_SIZE] = { "a size", size_units, 0, false },
	[CONF_PRICE] = { "GiB-s per CPU-second", price_units, 3, false },
	[CONF_COUNT] = { "a whole number", count_units, 0, true },
};

static const char *const yes_words[] = { "yes", "true", "on", "1", NULL };
static const char *const no_words[] = { "no", "false", "off", "0", NULL };

static bool among(const char *text, const char *const *words)
{
	for (; *words; words++)
		if (!strcmp(text, *words))
			return true;
	return false;
}

/* Digits of *text onto *value; false when there are none or too many. */
static bool take_digits(const char **text, uint64_t *value,
			unsigned int *ret_count)
{
	unsigned int n = 0;

	for (; **text >= '0' && **text <= '9'; (*text)++, n++)
		if (__builtin_mul_overflow(*value, 10u, value) ||
		    __builtin_add_overflow(*value, (uint64_t)(**text - '0'),
					   value))
			return false;
	*ret_count = n;
	return n > 0;
}

static bool take_unit(const struct conf_key *key, const char *text,
		      uint64_t *ret_base)
{
	const struct unit *unit = forms[key->type].units;

	text += strspn(text, " \t");
	if (!*text) {
		*ret_base = key->plain;
		return true;
	}
	for (; unit->suffix; unit++) {
		if (!*unit->suffix || strcmp(text, unit->suffix))
			continue;
		*ret_base = unit->base;
		return true;
	}
	return false;
}

static bool parse_number(const struct conf_key *key, const char *text,
			 int64_t *ret_value)
{
	const struct form *form = &forms[key->type];
	uint64_t digits = 0, base, scale = 1;
	unsigned int n, places = 0;
	bool negative = *text == '-';

	text += negative;
	if (!take_digits(&text, &digits, &n))
		return false;
	if (*text == '.' && !form->whole) {
		text++;
		if (!take_digits(&text, &digits, &places) ||
		    places > PLACES_MAX)
			return false;
	}
	while (places--)
		scale *= 10;
	if (!take_unit(key, text, &base) ||
	    __builtin_mul_overflow(digits, base, &base))
		return false;
	scale *= key->step;
	base = base / scale + (base % scale >= scale - scale / 2);
	if (base > INT64_MAX || (digits && !base))
		return false;
	*ret_value = negative ? -(int64_t)base : (int64_t)base;
	return *ret_value >= key->min && *ret_value <= key->max;
}

static int set_path(const char *text, char **path)
{
	char *copy = NULL;

	if (strcmp(text, "none")) {
		if (*text != '/')
			return -EINVAL;
		copy = strdup(text);
		if (!copy)
			return -ENOMEM;
	}
	free(*path);
	*path = copy;
	return 0;
}

static int set_law(const char *text, const struct law **law)
{
	const struct law *found = law_find(text);

	if (!found)
		return -EINVAL;
	*law = found;
	return 0;
}

static int set_yesno(const char *text, bool *place)
{
	bool yes = among(text, yes_words);

	if (!yes && !among(text, no_words))
		return -EINVAL;
	*place = yes;
	return 0;
}

int conf_value_parse(const struct conf_key *key, const char *text,
		     void *base)
{
	void *place = (char *)base + key->offset;
	int64_t value;

	switch (key->type) {
	case CONF_LAW:
		return set_law(text, place);
	case CONF_YESNO:
		return set_yesno(text, place);
	case CONF_PATH:
		return set_path(text, place);
	default:
		break;
	}
	if (!parse_number(key, text, &value))
		return -EINVAL;
	if (key->width == sizeof(uint64_t))
		*(uint64_t *)place = (uint64_t)value;
	else if (key->min < 0)
		*(int32_t *)place = (int32_t)value;
	else
		*(uint32_t *)place = (uint32_t)value;
	return 0;
}

static int64_t number_at(const struct conf_key *key, const void *place)
{
	if (key->width == sizeof(uint64_t))
		return (int64_t)*(const uint64_t *)place;
	if (key->min < 0)
		return *(const int32_t *)place;
	return *(const uint32_t *)place;
}

/* In the largest unit that shows the value exactly. */
static void format_number(const struct conf_key *key, int64_t value,
			  char *buf, size_t size)
{
	const struct form *form = &forms[key->type];
	uint64_t base = (uint64_t)(value < 0 ? -value : value) * key->step;
	const struct unit *unit = form->units;
	uint64_t scale = 1, part;
	int places = (int)form->places;

	for (int i = 0; i < places; i++)
		scale *= 10;
	/* The last unit shows every value: a step is a multiple of it. */
	while (unit[1].suffix && (base * scale % unit->base ||
				  (!base && unit->base != key->plain)))
		unit++;
	part = base % unit->base * scale / unit->base;
	while (places && part % 10 == 0) {
		part /= 10;
		places--;
	}
	if (places)
		snprintf(buf, size, "%s%" PRIu64 ".%0*" PRIu64 "%s",
			 value < 0 ? "-" : "", base / unit->base, places,
			 part, unit->suffix);
	else
		snprintf(buf, size, "%s%" PRIu64 "%s", value < 0 ? "-" : "",
			 base / unit->base, unit->suffix);
}

const char *conf_value_format(const struct conf_key *key, const void *base,
			      char buf[CONF_VALUE_LEN])
{
	const void *place = (const char *)base + key->offset;
	const char *text = NULL;

	switch (key->type) {
	case CONF_LAW:
		text = (*(const struct law *const *)place)->name;
		break;
	case CONF_YESNO:
		text = *(const bool *)place ? "yes" : "no";
		break;
	case CONF_PATH:
		text = *(char *const *)place;
		if (!text)
			text = "none";
		break;
	default:
		format_number(key, number_at(key, place), buf,
			      CONF_VALUE_LEN);
		return buf;
	}
	snprintf(buf, CONF_VALUE_LEN, "%s", text);
	return buf;
}

static void list_laws(char *buf, size_t size)
{
	const struct law *law;
	size_t len = 0;

	for (unsigned int i = 0; (law = law_at(i)) && len < size; i++)
		len += (size_t)snprintf(buf + len, size - len, "%s%s",
					i ? ", " : "one of ", law->name);
}

const char *conf_value_expected(const struct conf_key *key,
				char buf[CONF_VALUE_LEN])
{
	char min[64], max[64];

	switch (key->type) {
	case CONF_LAW:
		list_laws(buf, CONF_VALUE_LEN);
		break;
	case CONF_YESNO:
		snprintf(buf, CONF_VALUE_LEN, "yes or no");
		break;
	case CONF_PATH:
		snprintf(buf, CONF_VALUE_LEN,
			 "an absolute path, or none");
		break;
	default:
		format_number(key, key->min, min, sizeof(min));
		format_number(key, key->max, max, sizeof(max));
		snprintf(buf, CONF_VALUE_LEN, "%s from %s to %s",
			 forms[key->type].noun, min, max);
	}
	return buf;
}
