/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the user set by hand, until when. An override of a knob beats the law;
 * one of `law` or `cpu_cap` beats the policy file. Each expires by itself.
 */
#ifndef DENSITY_OVERRIDE_H
#define DENSITY_OVERRIDE_H

#include <stdbool.h>
#include <stdint.h>

#include "../policy/law.h"
#include "conf.h"

enum override_key {
	OVERRIDE_LAW,
	OVERRIDE_CPU_CAP,
	OVERRIDE_RUN,
	OVERRIDE_SLEEP,
	OVERRIDE_PAGES,
	OVERRIDE_LOOKAHEAD,
	OVERRIDE_INDEX,
	OVERRIDE_EVICT,
	OVERRIDE_DIVIDE,
	OVERRIDE_SCRUB,
	OVERRIDE_COUNT,
};

struct override {
	struct {
		bool set;
		uint64_t until_ns;	/* 0 = until unset */
		uint64_t value;		/* permille for CPU_CAP */
		const struct law *law;	/* LAW only */
	} at[OVERRIDE_COUNT];
};

#define OVERRIDE_SECONDS_MAX (366u * 24 * 3600)
#define OVERRIDE_TEXT_LEN 160

const char *override_name(enum override_key key);
/* -1 when there is no such key. */
int override_find(const char *name);

/*
 * 0 or -EINVAL with what was expected in @ret_error; nothing changes then.
 * @seconds 0 means until unset.
 */
int override_set(struct override *over, const char *key, const char *value,
		 uint64_t seconds, uint64_t mono_ns,
		 char ret_error[OVERRIDE_TEXT_LEN]);
/* NULL @key: all. -EINVAL when there is no such key. */
int override_unset(struct override *over, const char *key);
/* Drop what has expired; true when something was. */
bool override_expire(struct override *over, uint64_t mono_ns);

/* What is in force, given what the policy file says. */
const struct law *override_law(const struct override *over,
			       const struct law *law);
void override_params(const struct override *over, struct law_params *params);
/* Pin knobs and switches; true when the law has no say in ksmd's work. */
bool override_decision(const struct override *over, struct decision *decision);
/* What is done with the kernel extension. */
void override_extension(const struct override *over, struct conf *conf);
/* The value in words, as `set` takes it. */
const char *override_value(const struct override *over, enum override_key key,
			   char buf[OVERRIDE_TEXT_LEN]);

#endif
