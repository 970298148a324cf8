// SPDX-License-Identifier: GPL-2.0
/*
 * Every key of the policy file: where it goes, its unit and its bounds.
 *
 * The defaults are not here: those of the laws stand in law_params_default(),
 * the rest in conf.c. Bounds keep out what can only be a slip of the pen and
 * what would overflow a law; what is unwise but possible stays possible.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "conf.h"
#include "conf_key.h"

#define S 1000u			/* ms */
#define MIN (60u * S)
#define HOUR (60u * MIN)
#define DAY (24u * HOUR)
#define PERCENT 10000u		/* millionths */
#define KIB 1024ull
#define MIB (1024u * KIB)

/* Years are long: in seconds they still fit into 32 bits. */
#define TEN_YEARS_S (10 * 365 * 86400)

#define NUMBER(field) \
	.offset = offsetof(struct conf, field), \
	.width = sizeof(((struct conf *)NULL)->field)
#define VM_NUMBER(field) \
	.offset = offsetof(struct conf_vm, field), \
	.width = sizeof(((struct conf_vm *)NULL)->field)
#define TIME_MS(field, unit, lowest, highest) .type = CONF_TIME, \
	NUMBER(field), .step = 1, .plain = unit, .min = lowest, .max = highest
#define TIME_S(field, lowest, highest) .type = CONF_TIME, \
	NUMBER(field), .step = S, .plain = S, .min = lowest, .max = highest
#define SHARE(field, unit, lowest, highest) .type = CONF_SHARE, \
	NUMBER(field), .step = unit, .plain = PERCENT, \
	.min = lowest, .max = highest
#define COUNT(field, lowest, highest) .type = CONF_COUNT, \
	NUMBER(field), .step = 1, .plain = 1, .min = lowest, .max = highest
#define SIZE(field, unit, lowest, highest) .type = CONF_SIZE, \
	NUMBER(field), .step = unit, .plain = MIB, \
	.min = lowest, .max = highest

static const struct conf_key keys[] = {
	{ "control", "law", .type = CONF_LAW,
	  .offset = offsetof(struct conf, law) },
	{ "control", "interval",
	  TIME_MS(params.interval_ms, S, 100, 60 * S) },
	/* ksmd is one thread: it cannot take more than one core. */
	{ "control", "cpu_cap", SHARE(params.cap_permille, 1000, 1, 1000) },
	{ "control", "cpu_cap_window",
	  TIME_MS(params.cap_window_ms, S, S, 5 * MIN) },

	{ "yield", "price", .type = CONF_PRICE, NUMBER(params.price_mib_s),
	  .step = 1, .plain = 1024, .min = 0, .max = 10000 * 1024 },
	{ "yield", "horizon", TIME_S(params.horizon_s, 10, 30 * 86400) },
	{ "yield", "patrol",
	  SHARE(params.patrol_upermille, 1, 0, 10 * PERCENT) },
	{ "yield", "psi_cpu_brake",
	  SHARE(params.psi_cpu_permille, 1000, 10, 1000) },
	{ "yield", "arrival",
	  SIZE(params.arrival_kib, KIB, 64, 1024 * 1024 * 1024) },
	{ "yield", "arrival_share",
	  SHARE(params.arrival_permille, 1000, 0, 1000) },

	{ "static", "sleep_millisecs",
	  TIME_MS(params.static_sleep_ms, 1, LAW_SLEEP_MS_MIN,
		  LAW_SLEEP_MS_MAX) },
	{ "static", "pages_to_scan",
	  COUNT(params.static_scan_pages, LAW_SCAN_PAGES_MIN,
		LAW_SCAN_PAGES_MAX) },

	{ "ksmtuned", "monitor_interval",
	  TIME_S(params.ksmtuned_interval_s, 1, 3600) },
	{ "ksmtuned", "npages_boost",
	  COUNT(params.ksmtuned_boost, 0, LAW_SCAN_PAGES_MAX) },
	{ "ksmtuned", "npages_decay",
	  COUNT(params.ksmtuned_decay, -(int64_t)LAW_SCAN_PAGES_MAX, 0) },
	{ "ksmtuned", "npages_min",
	  COUNT(params.ksmtuned_min, LAW_SCAN_PAGES_MIN,
		LAW_SCAN_PAGES_MAX) },
	{ "ksmtuned", "npages_max",
	  COUNT(params.ksmtuned_max, LAW_SCAN_PAGES_MIN,
		LAW_SCAN_PAGES_MAX) },
	{ "ksmtuned", "sleep_msec",
	  TIME_MS(params.ksmtuned_sleep_ms, 1, LAW_SLEEP_MS_MIN,
		  LAW_SLEEP_MS_MAX) },
	{ "ksmtuned", "thres_coef",
	  SHARE(params.ksmtuned_thres_coef, PERCENT, 0, 100) },
	{ "ksmtuned", "thres_const",
	  SIZE(params.ksmtuned_thres_const_kib, KIB, 0, 1024 * 1024 * 1024) },

	{ "scan-time", "target",
	  TIME_S(params.scan_time_target_s, 1, 86400) },
	{ "scan-time", "min_pages",
	  COUNT(params.scan_time_min_pages, LAW_SCAN_PAGES_MIN,
		LAW_SCAN_PAGES_MAX) },
	{ "scan-time", "max_pages",
	  COUNT(params.scan_time_max_pages, LAW_SCAN_PAGES_MIN,
		LAW_SCAN_PAGES_MAX) },

	{ "shadow", "divide", .type = CONF_YESNO,
	  .offset = offsetof(struct conf, shadow.divide) },
	{ "shadow", "budget",
	  SIZE(shadow.budget_kib, KIB, 0, 1024 * 1024 * 1024) },

	{ "scrub", "drop", .type = CONF_YESNO,
	  .offset = offsetof(struct conf, scrub.drop) },

	{ "history", "enabled", .type = CONF_YESNO,
	  .offset = offsetof(struct conf, history.enabled) },
	{ "history", "raw", TIME_S(history.raw_s, 3600, TEN_YEARS_S) },
	{ "history", "minute", TIME_S(history.minute_s, 3600, TEN_YEARS_S) },
	{ "history", "hour", TIME_S(history.hour_s, 3600, TEN_YEARS_S) },
	{ "history", "max_size",
	  SIZE(history.max_bytes, 1, 1024 * 1024, 1ll << 40) },
	{ "history", "vm_interval", TIME_S(history.vm_interval_s, 1, 3600) },
	{ "history", "flush", TIME_S(history.flush_s, 1, 300) },

	{ "metrics", "path", .type = CONF_PATH,
	  .offset = offsetof(struct conf, metrics_path) },
	{ "metrics", "interval", TIME_S(metrics_s, 0, 3600) },

	{ CONF_SECTION_VM, "weight", .type = CONF_FACTOR,
	  VM_NUMBER(weight_permille), .step = 1000, .plain = 1000000,
	  .min = 0, .max = 10000 },
	{ CONF_SECTION_VM, "expect", .type = CONF_SHARE,
	  VM_NUMBER(expect_permille), .step = 1000, .plain = PERCENT,
	  .min = 0, .max = 1000 },
};

#define NKEYS (sizeof(keys) / sizeof(keys[0]))

_Static_assert(NKEYS <= CONF_KEYS_MAX, "arrays by index are too short");

const struct conf_key *conf_key_at(unsigned int i)
{
	return i < NKEYS ? &keys[i] : NULL;
}

int conf_key_find(const char *section, const char *name)
{
	for (unsigned int i = 0; i < NKEYS; i++)
		if (!strcmp(keys[i].section, section) &&
		    !strcmp(keys[i].name, name))
			return (int)i;
	return -1;
}

bool conf_section_exists(const char *section)
{
	for (unsigned int i = 0; i < NKEYS; i++)
		if (!strcmp(keys[i].section, section))
			return true;
	return false;
}

/* Levenshtein's distance; longer words than any key are simply far. */
static unsigned int distance(const char *a, const char *b)
{
	unsigned int row[CONF_KEYS_MAX];
	size_t n = strlen(b);

	if (strlen(a) >= CONF_KEYS_MAX || n >= CONF_KEYS_MAX)
		return CONF_KEYS_MAX;
	for (size_t j = 0; j <= n; j++)
		row[j] = (unsigned int)j;
	for (size_t i = 0; a[i]; i++) {
		unsigned int corner = row[0];

		row[0] = (unsigned int)i + 1;
		for (size_t j = 1; j <= n; j++) {
			unsigned int best = corner + (a[i] != b[j - 1]);

			if (best > row[j] + 1)
				best = row[j] + 1;
			if (best > row[j - 1] + 1)
				best = row[j - 1] + 1;
			corner = row[j];
			row[j] = best;
		}
	}
	return row[n];
}

/* A slip: two letters, or a third of a long word. */
static bool near(unsigned int d, const char *word)
{
	return d <= 2 || d <= strlen(word) / 3;
}

/* printf() onto the end of @buf; what does not fit is cut off. */
__attribute__((format(printf, 3, 4)))
static void append(char *buf, size_t size, const char *format, ...)
{
	size_t len = strlen(buf);
	va_list ap;

	va_start(ap, format);
	vsnprintf(buf + len, size - len, format, ap);
	va_end(ap);
}

static const char *section_form(const char *section)
{
	return strcmp(section, CONF_SECTION_VM) ? section : "vm GLOB";
}

void conf_key_suggest(const char *section, const char *name, char *buf,
		      size_t size)
{
	const struct conf_key *best = NULL, *elsewhere = NULL;
	unsigned int best_distance = 0;
	const char *comma = "";

	for (unsigned int i = 0; i < NKEYS; i++) {
		unsigned int d = distance(name, keys[i].name);

		if (strcmp(keys[i].section, section)) {
			if (!d && !elsewhere)
				elsewhere = &keys[i];
		} else if (!best || d < best_distance) {
			best = &keys[i];
			best_distance = d;
		}
	}
	if (elsewhere) {
		snprintf(buf, size, "this key in [%s]",
			 section_form(elsewhere->section));
		return;
	}
	if (best && near(best_distance, best->name)) {
		snprintf(buf, size, "a key of [%s], perhaps \"%s\"",
			 section_form(section), best->name);
		return;
	}
	snprintf(buf, size, "a key of [%s]: ", section_form(section));
	for (unsigned int i = 0; i < NKEYS; i++) {
		if (strcmp(keys[i].section, section))
			continue;
		append(buf, size, "%s%s", comma, keys[i].name);
		comma = ", ";
	}
}

void conf_section_suggest(const char *section, char *buf, size_t size)
{
	const char *best = NULL, *last = "";
	unsigned int best_distance = 0;

	for (unsigned int i = 0; i < NKEYS; i++) {
		unsigned int d = distance(section, keys[i].section);

		if (best && d >= best_distance)
			continue;
		best = keys[i].section;
		best_distance = d;
	}
	if (best && near(best_distance, best)) {
		snprintf(buf, size, "a section, perhaps \"[%s]\"",
			 section_form(best));
		return;
	}
	snprintf(buf, size, "one of");
	for (unsigned int i = 0; i < NKEYS; i++) {
		if (strcmp(last, keys[i].section))
			append(buf, size, " [%s]",
			       section_form(keys[i].section));
		last = keys[i].section;
	}
}
