/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A host in memory for the tests of act: the record driver's knobs, the
 * snapshot that a probe would take of them, and what the hooks heard.
 */
#ifndef DENSITY_TESTS_ACT_HOST_H
#define DENSITY_TESTS_ACT_HOST_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <string.h>

#include "../../daemon/act/act.h"

#define SEC 1000000000ull

struct heard {
	unsigned int events[ACT_EVENT_FAILED + 1];
	unsigned int writes;
	unsigned int failures;
	struct act_write last;
	char reason[128];
	char text[512];
};

/* Those of a kernel without our patches: the first. */
#define STOCK_KNOBS 5

struct host {
	void *ctx;
	struct act *act;
	struct snap snap;
	struct heard heard;
};

static inline void hear_write(void *arg, const struct act_write *write)
{
	struct heard *heard = arg;

	heard->writes += !write->error;
	heard->failures += !!write->error;
	heard->last = *write;
	strncpy(heard->reason, write->reason, sizeof(heard->reason) - 1);
}

static inline void hear_event(void *arg, enum act_event event,
			      const char *text)
{
	struct heard *heard = arg;

	heard->events[event]++;
	strncpy(heard->text, text, sizeof(heard->text) - 1);
}

static inline struct act_hooks host_hooks(struct heard *heard)
{
	return (struct act_hooks){
		.on_write = hear_write,
		.on_event = hear_event,
		.arg = heard,
	};
}

/* What a probe sees of the knobs; a second later than the last snapshot. */
static inline const struct snap *host_look(struct host *host)
{
	struct snap_ksm *ksm = &host->snap.ksm;
	uint32_t *knob[STOCK_KNOBS] = {
		[ACT_KNOB_ADVISOR] = &ksm->advisor,
		[ACT_KNOB_SLEEP] = &ksm->sleep_ms,
		[ACT_KNOB_PAGES] = &ksm->scan_pages,
		[ACT_KNOB_SMART_SCAN] = &ksm->smart_scan,
		[ACT_KNOB_RUN] = &ksm->run,
	};

	for (int i = 0; i < STOCK_KNOBS; i++)
		*knob[i] = (uint32_t)act_record_value(host->ctx, i);
	host->snap.seq++;
	host->snap.mono_ns += SEC;
	return &host->snap;
}

/* @knobs: advisor, sleep, pages, smart_scan, run; of our patches none. */
static inline void host_record(struct host *host,
			       const uint64_t knobs[STOCK_KNOBS])
{
	uint64_t all[ACT_KNOB_COUNT];

	for (int i = 0; i < ACT_KNOB_COUNT; i++)
		all[i] = i < STOCK_KNOBS ? knobs[i] : ACT_RECORD_ABSENT;
	assert_int_equal(act_record_new(all, &host->ctx), 0);
}

static inline void host_open(struct host *host,
			     const uint64_t knobs[STOCK_KNOBS],
			     const char *saved_path)
{
	struct act_hooks hooks = host_hooks(&host->heard);

	*host = (struct host){ .snap = {
		.caps = SNAP_CAP_KSM | SNAP_CAP_ADVISOR | SNAP_CAP_SKIPPED |
			SNAP_CAP_MEMINFO,
		.page_size = 4096,
		.host.mem_available_kib = 8 << 20,
		.mono_ns = 1000 * SEC,
	} };
	host_record(host, knobs);
	assert_int_equal(act_open(&act_driver_record, host->ctx, saved_path,
				  &hooks, &host->act), 0);
}

static inline void host_close(struct host *host)
{
	act_close(host->act);
}

static inline struct decision decide(uint32_t run, uint32_t sleep_ms,
				     uint32_t scan_pages)
{
	return (struct decision){
		.run = run,
		.sleep_ms = sleep_ms,
		.scan_pages = scan_pages,
		.smart_scan = LAW_KEEP,
	};
}

/* Look, then apply. */
static inline int host_tick(struct host *host, struct decision decision)
{
	return act_apply(host->act, host_look(host), &decision, "a reason");
}

static inline void host_expect(const struct host *host, uint64_t advisor,
			       uint64_t sleep_ms, uint64_t pages,
			       uint64_t smart_scan, uint64_t run)
{
	const uint64_t want[STOCK_KNOBS] = {
		advisor, sleep_ms, pages, smart_scan, run,
	};

	for (int i = 0; i < STOCK_KNOBS; i++)
		if (act_record_value(host->ctx, i) != want[i])
			fail_msg("%s holds %llu, expected %llu",
				 act_knob_name(i),
				 (unsigned long long)
				 act_record_value(host->ctx, i),
				 (unsigned long long)want[i]);
}

#endif
