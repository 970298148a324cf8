// SPDX-License-Identifier: GPL-2.0
/*
 * A dry run: the host's knobs are read, and what would be written is kept
 * here, so that each write still reads back and is still reported.
 */
#include <errno.h>
#include <stdlib.h>

#include "act.h"

struct null {
	void *sysfs;
	bool has[ACT_KNOB_COUNT];
	uint64_t value[ACT_KNOB_COUNT];
};

int act_null_new(const char *root, void **ret_ctx)
{
	struct null *n = calloc(1, sizeof(*n));
	int r;

	if (!n)
		return -ENOMEM;
	r = act_sysfs_new(root, &n->sysfs);
	if (r < 0) {
		free(n);
		return r;
	}
	*ret_ctx = n;
	return 0;
}

static int null_read(void *ctx, enum act_knob knob, uint64_t *ret_value)
{
	struct null *n = ctx;

	if (!n->has[knob])
		return act_driver_sysfs.read(n->sysfs, knob, ret_value);
	*ret_value = n->value[knob];
	return 0;
}

static int null_write(void *ctx, enum act_knob knob, uint64_t value)
{
	struct null *n = ctx;

	n->has[knob] = true;
	n->value[knob] = value;
	return 0;
}

static void null_close(void *ctx)
{
	struct null *n = ctx;

	act_driver_sysfs.close(n->sysfs);
	free(n);
}

const struct act_driver act_driver_null = {
	.name = "null",
	.read = null_read,
	.write = null_write,
	.close = null_close,
	.dry_run = true,
};
