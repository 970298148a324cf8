/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The turns of experiments, as the history has them: an event of kind "turn"
 * for each one that was measured to its end.
 */
#ifndef DENSITY_CLI_TURNS_H
#define DENSITY_CLI_TURNS_H

#include <stdbool.h>
#include <stddef.h>

#include "../daemon/store/query.h"
#include "plan.h"

struct turn {
	char plan[PLAN_DIGEST_LEN];	/* struct plan's digest */
	char side[PLAN_NAME_LEN];
	unsigned int round;		/* from 1 */
	int64_t from_ms, to_ms;
};

struct turns {
	struct turn *items;	/* oldest first, each round of a side once */
	size_t n;
};

/*
 * The turns of the experiment @name that were made by the plan of @digest;
 * NULL: by the plan that was run last. 0 or -errno; free in either case.
 */
int turns_load(struct query *query, const char *name, const char *digest,
	       struct turns *ret_turns);
void turns_free(struct turns *turns);
bool turns_has(const struct turns *turns, const char *side,
	       unsigned int round);

#endif
