// SPDX-License-Identifier: GPL-2.0
/*
 * Writing one knob, and giving all of them back.
 *
 * Two rules of mm/ksm.c decide the order. While advisor_mode is not none the
 * advisor owns pages_to_scan and a write of it gives EINVAL; and each switch
 * of advisor_mode resets pages_to_scan. So the advisor goes first when it is
 * to be none, and last, after which pages_to_scan is left alone, when it is
 * to be scan-time.
 *
 * A changed sleep_millisecs wakes ksmd at once, hence it comes after the knobs
 * that shape the batch it wakes for. Writing run waits for ksmd's batch in
 * progress, hence it comes last.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "knobs.h"

#define EVENT_LEN 512

static const char *const names[ACT_KNOB_COUNT] = {
	[ACT_KNOB_ADVISOR] = "advisor_mode",
	[ACT_KNOB_SLEEP] = "sleep_millisecs",
	[ACT_KNOB_PAGES] = "pages_to_scan",
	[ACT_KNOB_SMART_SCAN] = "smart_scan",
	[ACT_KNOB_RUN] = "run",
	[ACT_KNOB_LOOKAHEAD] = "lookahead",
	[ACT_KNOB_INDEX] = "checksum_index",
	[ACT_KNOB_EVICT] = "shadow_evict",
};

const char *act_knob_name(enum act_knob knob)
{
	return (unsigned int)knob < ACT_KNOB_COUNT ? names[knob] : "?";
}

void act_knobs_init(struct act_knobs *knobs, const struct act_driver *driver,
		    void *ctx, const struct act_hooks *hooks)
{
	*knobs = (struct act_knobs){ .driver = driver, .ctx = ctx };
	if (hooks)
		knobs->hooks = *hooks;
}

void act_knobs_done(struct act_knobs *knobs)
{
	if (knobs->driver)
		knobs->driver->close(knobs->ctx);
	knobs->driver = NULL;
}

void act_knobs_event(const struct act_knobs *knobs, enum act_event event,
		     const char *format, ...)
{
	char text[EVENT_LEN];
	va_list ap;

	if (!knobs->hooks.on_event)
		return;
	va_start(ap, format);
	vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	knobs->hooks.on_event(knobs->hooks.arg, event, text);
}

static int read_all(const struct act_knobs *knobs, bool damaged,
		    struct act_values *ret_values)
{
	struct act_values values = { 0 };
	int r;

	for (int i = 0; i < ACT_KNOB_COUNT; i++) {
		r = knobs->driver->read(knobs->ctx, i, &values.value[i]);
		if (r == -EBADMSG && damaged) {
			values.value[i] = UINT64_MAX;
			r = 0;
		}
		values.has[i] = !r;
		if (r < 0 && i == ACT_KNOB_RUN)
			return r;
	}
	*ret_values = values;
	return 0;
}

int act_knobs_read(const struct act_knobs *knobs,
		   struct act_values *ret_values)
{
	return read_all(knobs, false, ret_values);
}

int act_knobs_read_damaged(const struct act_knobs *knobs,
			   struct act_values *ret_values)
{
	return read_all(knobs, true, ret_values);
}

static int64_t real_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return ts.tv_sec * 1000LL + ts.tv_nsec / 1000000;
}

/*
 * Tell of a write; of one that keeps failing only the first time, and of all
 * failures with one event, because they mostly share their cause.
 */
static void report(struct act_knobs *knobs, const struct act_write *write)
{
	bool *broken = &knobs->broken[write->knob];

	if (knobs->hooks.on_write && !(write->error && *broken))
		knobs->hooks.on_write(knobs->hooks.arg, write);

	if (!write->error) {
		if (*broken)
			knobs->failed = false;
		*broken = false;
		return;
	}
	*broken = true;
	if (knobs->failed)
		return;
	knobs->failed = true;
	act_knobs_event(knobs, ACT_EVENT_FAILED,
			"%s cannot be changed from %" PRIu64 " to %" PRIu64
			": %s", act_knob_name(write->knob), write->old_value,
			write->new_value, strerror(-write->error));
}

static int write_knob(struct act_knobs *knobs, enum act_knob knob,
		      uint64_t value)
{
	bool slow = knob == ACT_KNOB_RUN && knobs->hooks.on_slow;
	int r;

	if (slow)
		knobs->hooks.on_slow(knobs->hooks.arg, true);
	r = knobs->driver->write(knobs->ctx, knob, value);
	if (slow)
		knobs->hooks.on_slow(knobs->hooks.arg, false);
	return r;
}

int act_knobs_set(struct act_knobs *knobs, enum act_knob knob, uint64_t value,
		  const char *reason)
{
	const struct act_driver *driver = knobs->driver;
	uint64_t *now = &knobs->now.value[knob];
	uint64_t old = *now;
	int r;

	if (!knobs->now.has[knob] || old == value)
		return 0;

	r = write_knob(knobs, knob, value);
	if (r == -ENOENT && knob == ACT_KNOB_EVICT) {
		/* It went with KVM's module, and what was set went along. */
		knobs->now.has[knob] = false;
		return 0;
	}
	/* Also after a failure: a refused unmerge leaves run = 0 behind. */
	if (driver->read(knobs->ctx, knob, now) < 0)
		*now = r ? old : value;
	if (!r && *now != value)
		r = -EIO;
	if (knob == ACT_KNOB_ADVISOR && knobs->now.has[ACT_KNOB_PAGES])
		driver->read(knobs->ctx, ACT_KNOB_PAGES,
			     &knobs->now.value[ACT_KNOB_PAGES]);
	report(knobs, &(struct act_write){
		.real_ms = real_ms(),
		.knob = knob,
		.old_value = old,
		.new_value = value,
		.error = r,
		.reason = reason ? reason : "",
	});
	return r;
}

int act_knobs_give_back(struct act_knobs *knobs,
			const struct act_values *values, const char *reason,
			unsigned int *written)
{
	static const enum act_knob plain[] = {
		ACT_KNOB_ADVISOR, ACT_KNOB_PAGES, ACT_KNOB_SMART_SCAN,
		ACT_KNOB_LOOKAHEAD, ACT_KNOB_INDEX, ACT_KNOB_EVICT,
		ACT_KNOB_SLEEP, ACT_KNOB_RUN,
	};
	static const enum act_knob advised[] = {
		ACT_KNOB_SMART_SCAN, ACT_KNOB_LOOKAHEAD, ACT_KNOB_INDEX,
		ACT_KNOB_EVICT, ACT_KNOB_SLEEP, ACT_KNOB_RUN, ACT_KNOB_ADVISOR,
	};
	bool scan_time = values->has[ACT_KNOB_ADVISOR] &&
			 values->value[ACT_KNOB_ADVISOR] != SNAP_ADVISOR_NONE;
	const enum act_knob *order = scan_time ? advised : plain;
	unsigned int n = scan_time ? sizeof(advised) / sizeof(*advised) :
				     sizeof(plain) / sizeof(*plain);
	int result = 0;

	for (unsigned int i = 0; i < n; i++) {
		enum act_knob knob = order[i];
		uint64_t before = knobs->now.value[knob];
		int r;

		if (!values->has[knob])
			continue;
		r = act_knobs_set(knobs, knob, values->value[knob], reason);
		if (r < 0 && !result)
			result = r;
		if (!r && knobs->now.value[knob] != before)
			(*written)++;
	}
	return result;
}
