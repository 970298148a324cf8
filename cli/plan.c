// SPDX-License-Identifier: GPL-2.0
/* Plans are INI files, read by inih. See plan.h. */
#include <ctype.h>
#include <errno.h>
#include <ini.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../daemon/override.h"
#include "plan.h"
#include "when.h"

#define CONFIGURATION "configuration"
/* inih cuts sections here; a name that reaches it has lost its end. */
#define SECTION_LEN 49
/* Less tells nothing: a pass of ksmd may take longer, a sample takes 1 s. */
#define SPAN_MIN_MS 10000
#define SPAN_MAX_MS (INT64_C(7) * 24 * 3600000)

struct parse {
	FILE *file;
	struct plan *plan;
	struct plan_side *side;	/* of the section */
	char section[SECTION_LEN + 1];
	bool in_experiment;
	unsigned int headers;	/* of configurations, with settings or not */
	bool has_name, has_warm_up, has_span, has_rounds;
	char error[PLAN_ERROR_LEN];
};

/* Always false: what a handler returns for an error. */
__attribute__((format(printf, 2, 3)))
static bool fail(struct parse *p, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	vsnprintf(p->error, sizeof(p->error), format, ap);
	va_end(ap);
	/* Somebody else's bytes may be a terminal's orders. */
	for (char *c = p->error; *c; c++)
		if (!isprint((unsigned char)*c))
			*c = '?';
	return false;
}

static bool begin_configuration(struct parse *p, const char *name)
{
	struct plan *plan = p->plan;

	name += strspn(name, " \t");
	if (!name_is_plain(name))
		return fail(p, "found \"[%s]\", expected " NAME_EXPECTED,
			    p->section);
	for (unsigned int i = 0; i < plan->nsides; i++)
		if (!strcmp(plan->sides[i].name, name))
			return fail(p, "found \"[%s]\", expected it once",
				    p->section);
	if (plan->nsides == PLAN_SIDES_MAX)
		return fail(p, "expected at most %d configurations",
			    PLAN_SIDES_MAX);
	p->side = &plan->sides[plan->nsides++];
	strcpy(p->side->name, name);
	return true;
}

static bool begin_section(struct parse *p, const char *section)
{
	size_t word = strcspn(section, " \t");

	snprintf(p->section, sizeof(p->section), "%s", section);
	p->side = NULL;
	p->in_experiment = !strcmp(section, "experiment");
	if (p->in_experiment)
		return true;
	if (strlen(section) >= SECTION_LEN ||
	    word != strlen(CONFIGURATION) ||
	    strncmp(section, CONFIGURATION, word))
		return fail(p, "found \"[%s]\", expected [experiment] or "
			    "[configuration NAME]", p->section);
	return begin_configuration(p, section + word);
}

static bool once(struct parse *p, bool *has, const char *key)
{
	if (*has)
		return fail(p, "%s: expected it once", key);
	*has = true;
	return true;
}

static bool take_duration(struct parse *p, const char *key, const char *value,
			  int64_t min_ms, int64_t *ret_ms)
{
	if (when_parse_duration(value, ret_ms) || *ret_ms < min_ms ||
	    *ret_ms > SPAN_MAX_MS)
		return fail(p, "%s: found \"%s\", expected %s, from %ds to 7d",
			    key, value, WHEN_DURATION_EXPECTED,
			    (int)(min_ms / 1000));
	return true;
}

static bool take_rounds(struct parse *p, const char *value)
{
	char *end;
	unsigned long n = strtoul(value, &end, 10);

	if (!isdigit((unsigned char)*value) || *end || n < 1 ||
	    n > PLAN_ROUNDS_MAX)
		return fail(p, "rounds: found \"%s\", expected 1 to %d", value,
			    PLAN_ROUNDS_MAX);
	p->plan->rounds = (unsigned int)n;
	return true;
}

static bool take_experiment(struct parse *p, const char *key,
			    const char *value)
{
	struct plan *plan = p->plan;

	if (!strcmp(key, "name")) {
		if (!name_is_plain(value))
			return fail(p, "name: found \"%s\", expected "
				    NAME_EXPECTED, value);
		strcpy(plan->name, value);
		return once(p, &p->has_name, key);
	}
	if (!strcmp(key, "warm_up"))
		return once(p, &p->has_warm_up, key) &&
		       take_duration(p, key, value, 1000, &plan->warm_up_ms);
	if (!strcmp(key, "span"))
		return once(p, &p->has_span, key) &&
		       take_duration(p, key, value, SPAN_MIN_MS,
				     &plan->span_ms);
	if (!strcmp(key, "rounds"))
		return once(p, &p->has_rounds, key) && take_rounds(p, value);
	return fail(p, "found \"%s\", expected name, warm_up, span or rounds",
		    key);
}

const struct plan_setting *plan_find(const struct plan_side *side,
				     const char *key)
{
	for (unsigned int i = 0; i < side->nsettings; i++)
		if (!strcmp(side->settings[i].key, key))
			return &side->settings[i];
	return NULL;
}

/* The daemon will judge again; better to hear of it before the first turn. */
static bool take_setting(struct parse *p, const char *key, const char *value)
{
	struct plan_side *side = p->side;
	struct override trial = { 0 };
	char error[OVERRIDE_TEXT_LEN];
	struct plan_setting *setting;

	if (override_set(&trial, key, value, 1, 1, error))
		return fail(p, "%s", error);
	if (plan_find(side, key))
		return fail(p, "%s: expected it once", key);
	if (side->nsettings == PLAN_SETTINGS_MAX ||
	    strlen(value) >= PLAN_VALUE_LEN)
		return fail(p, "%s: expected at most %d settings of at most %d "
			    "bytes", key, PLAN_SETTINGS_MAX,
			    PLAN_VALUE_LEN - 1);
	setting = &side->settings[side->nsettings++];
	snprintf(setting->key, sizeof(setting->key), "%s", key);
	strcpy(setting->value, value);
	return true;
}

/* ini_handler: 0 is an error, and inih then tells the line of the first. */
static int take(void *user, const char *section, const char *key,
		const char *value)
{
	struct parse *p = user;

	if (*p->error)
		return 0;
	if (!*section)
		return fail(p, "expected [experiment] or [configuration NAME] "
			    "before it");
	if (strcmp(section, p->section) && !begin_section(p, section))
		return 0;
	return p->in_experiment ? take_experiment(p, key, value) :
				  take_setting(p, key, value);
}

/* ini_reader: inih does not tell of sections without a key. */
static char *read_line(char *line, int size, void *stream)
{
	struct parse *p = stream;

	if (!fgets(line, size, p->file))
		return NULL;
	if (*line == '[' && !strncmp(line + 1, CONFIGURATION,
				     strlen(CONFIGURATION)))
		p->headers++;
	return line;
}

/* FNV-1a, of 64 bits; NULs keep neighbours apart. */
static void mix(uint64_t *hash, const char *text)
{
	do {
		*hash = (*hash ^ (unsigned char)*text) *
			UINT64_C(0x100000001b3);
	} while (*text++);
}

static void set_digest(struct plan *plan)
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325);
	char times[64];

	snprintf(times, sizeof(times), "%lld %lld", (long long)plan->warm_up_ms,
		 (long long)plan->span_ms);
	mix(&hash, times);
	for (unsigned int i = 0; i < plan->nsides; i++) {
		const struct plan_side *side = &plan->sides[i];

		mix(&hash, side->name);
		for (unsigned int k = 0; k < side->nsettings; k++) {
			mix(&hash, side->settings[k].key);
			mix(&hash, side->settings[k].value);
		}
		mix(&hash, "");
	}
	snprintf(plan->digest, sizeof(plan->digest), "%016llx",
		 (unsigned long long)hash);
}

/* "laws" of "/etc/plans/laws.plan". */
static void name_after(const char *path, char name[PLAN_NAME_LEN])
{
	const char *base = strrchr(path, '/');
	char *dot;

	snprintf(name, PLAN_NAME_LEN, "%s", base ? base + 1 : path);
	dot = strrchr(name, '.');
	if (dot && dot != name)
		*dot = '\0';
}

static bool check_whole(struct parse *p, const char *path)
{
	struct plan *plan = p->plan;

	if (!p->has_name)
		name_after(path, plan->name);
	if (!name_is_plain(plan->name))
		return fail(p, "expected a name in [experiment]: the file's "
			    "will not do");
	if (!p->has_span)
		return fail(p, "expected a span in [experiment], such as 5m");
	if (p->headers != plan->nsides)
		return fail(p, "expected a setting in every section "
			    "[configuration NAME]");
	if (plan->nsides < 2)
		return fail(p, "expected two sections [configuration NAME] or "
			    "more, each with a setting");
	return true;
}

int plan_load(const char *path, struct plan *ret_plan,
	      char ret_error[PLAN_ERROR_LEN])
{
	struct plan plan = { .warm_up_ms = 60000, .rounds = 3 };
	struct parse p = { .plan = &plan, .file = fopen(path, "re") };
	int line;

	if (!p.file) {
		line = errno;
		snprintf(ret_error, PLAN_ERROR_LEN, "%s: %s", path,
			 strerror(line));
		return -line;
	}
	line = ini_parse_stream(read_line, &p, take, &p);
	fclose(p.file);
	if (!line && check_whole(&p, path)) {
		set_digest(&plan);
		*ret_plan = plan;
		return 0;
	}
	if (line)
		snprintf(ret_error, PLAN_ERROR_LEN, "%s:%d: %.400s", path, line,
			 *p.error ? p.error : "expected KEY = VALUE or "
					      "[SECTION]");
	else
		snprintf(ret_error, PLAN_ERROR_LEN, "%s: %.400s", path,
			 p.error);
	return -EINVAL;
}
