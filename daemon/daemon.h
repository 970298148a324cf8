/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The running daemon: what main.c wires together, once per tick
 *
 *	probe -> snap -> law -> decision -> act
 *	           \___________ store, ctl, metrics read both
 */
#ifndef DENSITY_DAEMON_H
#define DENSITY_DAEMON_H

#include <stdbool.h>
#include <stdint.h>
#include <systemd/sd-event.h>

#include "../policy/law.h"
#include "../policy/law_window.h"
#include "act/act.h"
#include "conf.h"
#include "ctl/ctl.h"
#include "events.h"
#include "extension.h"
#include "options.h"
#include "override.h"
#include "passes.h"
#include "probe/probe.h"
#include "store/store.h"

#define DAEMON_TEXT_LEN 256
/* Decisions kept in memory for `densityctl explain`. */
#define DAEMON_DECISIONS 128u

struct daemon_decision {
	int64_t real_ms;
	const struct law *law;
	struct decision decision;
	char text[DAEMON_TEXT_LEN];
};

struct daemon {
	struct options options;
	sd_event *event;
	sd_event_source *timer;
	struct conf *conf;
	struct probe *probe;
	struct act *act;		/* NULL when the host has no KSM */
	struct extension *extension;
	struct events *events;		/* NULL: VMs are looked for only */
	struct passes *passes;
	uint64_t due_ns;		/* the next tick */
	uint64_t vms_due_ns;		/* KVM told of VMs: look then, 0: no */
	uint64_t vms_asked_ns;		/* the last such look */
	uint64_t vms_paid_ns;		/* all of them, a second apart, take to then */
	uint64_t watch_ns;		/* newcomers are watched since, 0: no */
	uint64_t glance_cost_ns;	/* of the last glance at them, and what it led to */
	struct store *store;		/* NULL when history is off */
	struct ctl *ctl;		/* NULL when the socket failed */

	const struct law *law;
	struct law_state state;
	struct override over;
	bool stood_aside;		/* Restore was called: hands off */
	enum probe_ask ask;		/* in the next tick */
	bool hands_off;			/* at the last tick: no law was asked */

	const struct snap *snap;	/* the last one; the probe's */
	uint64_t whole_ns;		/* when all of it was read */
	struct decision decision;	/* in force */
	char text[DAEMON_TEXT_LEN];
	enum law_finding finding;	/* the last that was told */
	struct law_window window;	/* ksmd's CPU, for status */
	int64_t started_ms;
	int64_t table_ms;		/* when the processes were read */
	uint64_t sampled_ns;		/* last row of history */
	uint64_t maintained_ns;
	uint64_t metrics_ns;
	int metrics_error;		/* of the last write, 0 when well */
	uint64_t cow;			/* for the rate of copies */
	uint64_t cow_ns;
	uint32_t cow_per_s;

	uint32_t ndecisions;		/* ever; the ring holds the last ones */
	struct daemon_decision ring[DAEMON_DECISIONS];
};

/* loop.c: one tick now, and arm the timer for the next. 0 or -errno. */
int daemon_tick(struct daemon *daemon);
/* Have the next tick at once: something happened that the law must see. */
int daemon_wake(struct daemon *daemon);
/* A pass of ksmd has ended, or may have: take the decision that waits for it. */
int daemon_end_pass(struct daemon *daemon);
/* VMs came or went: look at all, at once, but once a second if many do. */
int daemon_expect_vms(struct daemon *daemon);
/*
 * Apply the decision in force again, after an override changed. A failure
 * leaves the decision as it was.
 */
int daemon_reapply(struct daemon *daemon);
/* Read the policy file aside; the old one stays when the new one is bad. */
int daemon_reload(struct daemon *daemon, char ret_error[CONF_ERROR_LEN]);
/* Hand the history's numbers and the VM rules to their rooms. */
int daemon_configure(struct daemon *daemon);
/* Where the metrics go, below the root. 0 or -ENAMETOOLONG. */
int daemon_metrics_path(const struct daemon *daemon, char ret_path[PATH_MAX]);
void daemon_event(struct daemon *daemon, const char *kind, const char *text);
/* CPU that this process used since it began. */
uint64_t daemon_cpu_ns(void);

/* methods.c: what the control socket answers; ends with a NULL name. */
extern const struct ctl_method daemon_methods[];

/* status.c: the objects of docs/control.md; NULL on -ENOMEM. */
json_t *status_object(const struct daemon *daemon);
json_t *status_vms(const struct daemon *daemon);
json_t *status_decisions(const struct daemon *daemon, unsigned int limit);

#endif
