/* SPDX-License-Identifier: GPL-2.0 */
/* One frame of `densityctl top`, from two answers of the daemon. */
#ifndef DENSITY_CLI_TOP_VIEW_H
#define DENSITY_CLI_TOP_VIEW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <jansson.h>

#include "vms.h"

struct top_view {
	enum vms_order order;
	bool reverse;
	bool help;		/* the keys instead of the VMs */
	uint32_t delay_ms;
	int64_t now_ms;
	const char *message;	/* instead of the keys' hint; NULL = none */
	/* the screen; cols = 0: a file, no end to it, no escape sequences */
	unsigned int cols, rows;
	bool color;
};

/*
 * @status and @vms may be NULL: the daemon does not answer. The caller frees;
 * NULL for want of memory.
 */
char *top_frame(const struct top_view *view, const json_t *status,
		const json_t *vms, size_t *ret_len);

#endif
