/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The plan of an experiment: which settings take turns on this host.
 *
 *	[experiment]
 *	name = laws
 *	warm_up = 1m
 *	span = 5m
 *	rounds = 3
 *
 *	[configuration yield]
 *	law = yield
 *
 *	[configuration ksmtuned]
 *	law = ksmtuned
 *
 * In each round every configuration has one turn: warm_up, which is not
 * measured, and span, which is. Settings are those of `densityctl set`; the
 * policy file stands for what a configuration does not set.
 */
#ifndef DENSITY_CLI_PLAN_H
#define DENSITY_CLI_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../daemon/name.h"

#define PLAN_NAME_LEN (NAME_MAX_LEN + 1)
#define PLAN_VALUE_LEN 64
#define PLAN_SIDES_MAX 8
#define PLAN_SETTINGS_MAX 8
#define PLAN_ROUNDS_MAX 1000
#define PLAN_ERROR_LEN 512
#define PLAN_DIGEST_LEN 17

struct plan_setting {
	char key[PLAN_NAME_LEN];
	char value[PLAN_VALUE_LEN];
};

struct plan_side {
	char name[PLAN_NAME_LEN];
	unsigned int nsettings;
	struct plan_setting settings[PLAN_SETTINGS_MAX];
};

struct plan {
	char name[PLAN_NAME_LEN];
	int64_t warm_up_ms;
	int64_t span_ms;
	unsigned int rounds;
	unsigned int nsides;
	struct plan_side sides[PLAN_SIDES_MAX];
	/* Of all that makes turns comparable; not of the number of rounds. */
	char digest[PLAN_DIGEST_LEN];
};

/*
 * Read and check the plan at @path: 0, or -EINVAL or -errno with FILE:LINE and
 * what was expected in @ret_error.
 */
int plan_load(const char *path, struct plan *ret_plan,
	      char ret_error[PLAN_ERROR_LEN]);
/* The setting of @key, or NULL. */
const struct plan_setting *plan_find(const struct plan_side *side,
				     const char *key);
#endif
