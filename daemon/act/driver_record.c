// SPDX-License-Identifier: GPL-2.0
/*
 * Knobs in memory, for tests: with the kernel's rules about advisor_mode, a
 * record of what was written, and failures on request.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "act.h"

#define ORDER_LEN 1024

/* mm/ksm.c: DEFAULT_PAGES_TO_SCAN, DEFAULT_ADVISOR_MIN_PAGES_TO_SCAN. */
#define PAGES_WITHOUT_ADVISOR 100
#define PAGES_WITH_ADVISOR 500

struct record {
	uint64_t value[ACT_KNOB_COUNT];
	unsigned int writes[ACT_KNOB_COUNT];
	int error[ACT_KNOB_COUNT];
	char order[ORDER_LEN];
};

int act_record_new(const uint64_t originals[ACT_KNOB_COUNT], void **ret_ctx)
{
	struct record *rec = calloc(1, sizeof(*rec));

	if (!rec)
		return -ENOMEM;
	memcpy(rec->value, originals, sizeof(rec->value));
	*ret_ctx = rec;
	return 0;
}

uint64_t act_record_value(const void *ctx, enum act_knob knob)
{
	const struct record *rec = ctx;

	return rec->value[knob];
}

unsigned int act_record_writes(const void *ctx, enum act_knob knob)
{
	const struct record *rec = ctx;

	return rec->writes[knob];
}

const char *act_record_order(const void *ctx)
{
	const struct record *rec = ctx;

	return rec->order;
}

void act_record_fail(void *ctx, enum act_knob knob, int error)
{
	struct record *rec = ctx;

	rec->error[knob] = error;
}

static void set(struct record *rec, enum act_knob knob, uint64_t value)
{
	if (knob == ACT_KNOB_ADVISOR && rec->value[knob] != value &&
	    rec->value[ACT_KNOB_PAGES] != ACT_RECORD_ABSENT)
		rec->value[ACT_KNOB_PAGES] = value == SNAP_ADVISOR_NONE ?
			PAGES_WITHOUT_ADVISOR : PAGES_WITH_ADVISOR;
	rec->value[knob] = value;
}

void act_record_poke(void *ctx, enum act_knob knob, uint64_t value)
{
	set(ctx, knob, value);
}

static int record_read(void *ctx, enum act_knob knob, uint64_t *ret_value)
{
	const struct record *rec = ctx;

	if (rec->value[knob] == ACT_RECORD_ABSENT)
		return -ENOENT;
	*ret_value = rec->value[knob];
	return 0;
}

static int record_write(void *ctx, enum act_knob knob, uint64_t value)
{
	struct record *rec = ctx;
	uint64_t advisor = rec->value[ACT_KNOB_ADVISOR];
	size_t len = strlen(rec->order);

	if (rec->error[knob])
		return rec->error[knob];
	if (rec->value[knob] == ACT_RECORD_ABSENT)
		return -ENOENT;
	if (knob == ACT_KNOB_PAGES && advisor != ACT_RECORD_ABSENT &&
	    advisor != SNAP_ADVISOR_NONE)
		return -EINVAL;
	set(rec, knob, value);
	rec->writes[knob]++;
	snprintf(rec->order + len, sizeof(rec->order) - len, "%s%s",
		 len ? " " : "", act_knob_name(knob));
	return 0;
}

static void record_boot_id(void *ctx, char ret_id[ACT_BOOT_ID_LEN])
{
	(void)ctx;
	strcpy(ret_id, "00000000-0000-4000-8000-000000000000");
}

static void record_close(void *ctx)
{
	free(ctx);
}

const struct act_driver act_driver_record = {
	.name = "record",
	.read = record_read,
	.write = record_write,
	.close = record_close,
	.boot_id = record_boot_id,
};
