// SPDX-License-Identifier: GPL-2.0
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "act/act.h"
#include "override.h"

static const struct {
	const char *name;
	const char *expected;
	uint64_t min, max;
} keys[OVERRIDE_COUNT] = {
	[OVERRIDE_LAW] = { "law", "the name of a law", 0, 0 },
	[OVERRIDE_CPU_CAP] = { "cpu_cap", "1% to 100%", 10, 1000 },
	[OVERRIDE_RUN] = { "run", "0, 1 or 2", 0, 2 },
	[OVERRIDE_SLEEP] = { "sleep_millisecs", "1 to 600000",
			     LAW_SLEEP_MS_MIN, LAW_SLEEP_MS_MAX },
	[OVERRIDE_PAGES] = { "pages_to_scan", "1 to 200000",
			     LAW_SCAN_PAGES_MIN, LAW_SCAN_PAGES_MAX },
	[OVERRIDE_LOOKAHEAD] = { "lookahead", "0 or 1", 0, 1 },
	[OVERRIDE_INDEX] = { "checksum_index", "0 or 1", 0, 1 },
	[OVERRIDE_EVICT] = { "shadow_evict", "fifo, clock, sieve or reuse",
			     LAW_EVICT_FIFO, LAW_EVICT_REUSE },
	[OVERRIDE_DIVIDE] = { "shadow_divide", "0 or 1", 0, 1 },
	[OVERRIDE_SCRUB] = { "scrub", "0 or 1", 0, 1 },
};

const char *override_name(enum override_key key)
{
	return keys[key].name;
}

int override_find(const char *name)
{
	for (int i = 0; i < OVERRIDE_COUNT; i++)
		if (!strcmp(keys[i].name, name))
			return i;
	return -1;
}

/* Digits only, then @suffix: no sign, no blank, no fraction. */
static bool parse_number(const char *text, const char *suffix,
			 uint64_t *ret_value)
{
	char *end;
	uint64_t value;

	if (!isdigit((unsigned char)*text))
		return false;
	errno = 0;
	value = strtoull(text, &end, 10);
	if (errno || (strcmp(end, suffix) && *end))
		return false;
	*ret_value = value;
	return true;
}

static bool parse_evict(const char *text, uint64_t *ret_value)
{
	for (int i = LAW_EVICT_FIFO; i < LAW_EVICT_COUNT; i++) {
		if (strcmp(text, act_evict_name(i)))
			continue;
		*ret_value = (uint64_t)i;
		return true;
	}
	return false;
}

static void list_laws(char *buf, size_t size)
{
	const struct law *law;
	size_t n = 0;

	buf[0] = '\0';
	for (unsigned int i = 0; (law = law_at(i)) && n < size; i++)
		n += (size_t)snprintf(buf + n, size - n, "%s%s", i ? ", " : "",
				      law->name);
}

static void set_keys_error(const char *key, char ret_error[OVERRIDE_TEXT_LEN])
{
	int n = snprintf(ret_error, OVERRIDE_TEXT_LEN,
			 "unknown key \"%.32s\", expected one of", key);

	for (int i = 0; i < OVERRIDE_COUNT && n < OVERRIDE_TEXT_LEN; i++)
		n += snprintf(ret_error + n, OVERRIDE_TEXT_LEN - (size_t)n,
			      "%s %s", i ? "," : "", keys[i].name);
}

int override_set(struct override *over, const char *key, const char *value,
		 uint64_t seconds, uint64_t mono_ns,
		 char ret_error[OVERRIDE_TEXT_LEN])
{
	int i = override_find(key);
	const struct law *law = NULL;
	char laws[100];
	uint64_t v = 0;

	if (i < 0) {
		set_keys_error(key, ret_error);
		return -EINVAL;
	}
	if (seconds > OVERRIDE_SECONDS_MAX) {
		snprintf(ret_error, OVERRIDE_TEXT_LEN,
			 "%" PRIu64 " s is too long, expected at most a year",
			 seconds);
		return -EINVAL;
	}
	if (i == OVERRIDE_LAW) {
		law = law_find(value);
		if (!law) {
			list_laws(laws, sizeof(laws));
			snprintf(ret_error, OVERRIDE_TEXT_LEN,
				 "no law \"%.32s\", expected one of %s", value,
				 laws);
			return -EINVAL;
		}
	} else {
		bool ok = i == OVERRIDE_EVICT ? parse_evict(value, &v) :
			  parse_number(value, i == OVERRIDE_CPU_CAP ? "%" : "",
				       &v);

		if (ok && i == OVERRIDE_CPU_CAP)
			v = v > 100 ? UINT64_MAX : v * 10;
		if (!ok || v < keys[i].min || v > keys[i].max) {
			snprintf(ret_error, OVERRIDE_TEXT_LEN,
				 "%s: found \"%.32s\", expected %s",
				 keys[i].name, value, keys[i].expected);
			return -EINVAL;
		}
	}
	over->at[i].set = true;
	over->at[i].value = v;
	over->at[i].law = law;
	over->at[i].until_ns = seconds ? mono_ns + seconds * 1000000000ull : 0;
	return 0;
}

int override_unset(struct override *over, const char *key)
{
	int i;

	if (!key) {
		*over = (struct override){ 0 };
		return 0;
	}
	i = override_find(key);
	if (i < 0)
		return -EINVAL;
	over->at[i].set = false;
	return 0;
}

bool override_expire(struct override *over, uint64_t mono_ns)
{
	bool any = false;

	for (int i = 0; i < OVERRIDE_COUNT; i++) {
		if (!over->at[i].set || !over->at[i].until_ns ||
		    mono_ns < over->at[i].until_ns)
			continue;
		over->at[i].set = false;
		any = true;
	}
	return any;
}

const struct law *override_law(const struct override *over,
			       const struct law *law)
{
	return over->at[OVERRIDE_LAW].set ? over->at[OVERRIDE_LAW].law : law;
}

void override_params(const struct override *over, struct law_params *params)
{
	if (over->at[OVERRIDE_CPU_CAP].set)
		params->cap_permille = (uint32_t)over->at[OVERRIDE_CPU_CAP].value;
}

static void pin_switch(const struct override *over, enum override_key key,
		       enum law_switch *to)
{
	if (over->at[key].set)
		*to = over->at[key].value ? LAW_SWITCH_ON : LAW_SWITCH_OFF;
}

bool override_decision(const struct override *over, struct decision *decision)
{
	bool any = false;

	/* By which means ksmd finds pages is no matter of how much it works. */
	if (over->at[OVERRIDE_LOOKAHEAD].set || over->at[OVERRIDE_INDEX].set) {
		decision->finding = LAW_FINDING_NONE;
		decision->lookahead = LAW_SWITCH_KEEP;
	}
	pin_switch(over, OVERRIDE_LOOKAHEAD, &decision->lookahead);
	pin_switch(over, OVERRIDE_INDEX, &decision->checksum_index);
	if (over->at[OVERRIDE_EVICT].set)
		decision->evict =
			(enum law_evict)over->at[OVERRIDE_EVICT].value;

	if (over->at[OVERRIDE_RUN].set) {
		decision->run = (uint32_t)over->at[OVERRIDE_RUN].value;
		any = true;
	}
	if (over->at[OVERRIDE_SLEEP].set) {
		decision->sleep_ms = (uint32_t)over->at[OVERRIDE_SLEEP].value;
		any = true;
	}
	if (over->at[OVERRIDE_PAGES].set) {
		decision->scan_pages = (uint32_t)over->at[OVERRIDE_PAGES].value;
		any = true;
	}
	if (any) {
		decision->phase = LAW_PHASE_FIXED;
		decision->reason = LAW_REASON_OVERRIDE;
		decision->ends_pass = false;
		decision->next_ms = 0;
	}
	return any;
}

void override_extension(const struct override *over, struct conf *conf)
{
	override_params(over, &conf->params);
	if (over->at[OVERRIDE_DIVIDE].set)
		conf->shadow.divide = over->at[OVERRIDE_DIVIDE].value;
	if (over->at[OVERRIDE_SCRUB].set)
		conf->scrub.drop = over->at[OVERRIDE_SCRUB].value;
}

const char *override_value(const struct override *over, enum override_key key,
			   char buf[OVERRIDE_TEXT_LEN])
{
	if (key == OVERRIDE_LAW)
		return over->at[key].law->name;
	if (key == OVERRIDE_EVICT)
		return act_evict_name((enum law_evict)over->at[key].value);
	snprintf(buf, OVERRIDE_TEXT_LEN, key == OVERRIDE_CPU_CAP ?
		 "%" PRIu64 "%%" : "%" PRIu64, key == OVERRIDE_CPU_CAP ?
		 over->at[key].value / 10 : over->at[key].value);
	return buf;
}
