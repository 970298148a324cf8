// SPDX-License-Identifier: GPL-2.0
/*
 * One tick: probe, decide, act, record. The law says when to be asked again;
 * history rows keep to the policy's interval, however fast the ticks come.
 *
 * A law that drives ksmd through a pass by batches asks often how far it is:
 * until the pass is over, a second has passed or a row of history is due, a
 * tick reads nothing but that and the knobs.
 *
 * Where the kernel extension tells of the ends of passes, it asks less often while
 * a pass is about to end.
 *
 * KVM tells of a VM before that has any memory. So who has just come is watched:
 * between ticks it is glanced at, which reads a small file or two and decides
 * nothing unless it has memory by then.
 *
 * While hands are off, by request or because somebody else writes the knobs,
 * the law is not asked: it would take what ksmd does for its own doing.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <time.h>

#include "../policy/reason.h"
#include "daemon.h"
#include "log.h"
#include "metrics.h"

#define NS_PER_MS 1000000ull
#define NS_PER_S 1000000000ull
#define MAINTAIN_NS (60 * NS_PER_S)
/* Of an idle host that tells of VMs that come. */
#define REST_MS (EXTENSION_INTERVAL_S * 1000)
/*
 * Hosts of functions start VMs by the hundred a second: all processes are read
 * once a second for them, but for the first few, and a little apart.
 */
#define VMS_GAP_NS NS_PER_S
#define VMS_QUICK 2
#define VMS_QUICK_GAP_NS (50 * NS_PER_MS)
/*
 * A VMM has its guest's memory some tenths of a second after its VM. So long it is
 * watched, at first so often, later in a 32nd of the time that has passed, and
 * never for more than a fiftieth of a core.
 */
#define WATCH_NS (10 * NS_PER_S)
#define WATCH_MIN_NS (20 * NS_PER_MS)
#define WATCH_PART 32
#define WATCH_COST_FACTOR 50
/* ksmd is told of the end of a pass a little before it goes to sleep. */
#define PASS_MS 5u
/* While that is waited for, the law's own asking is a net to fall into. */
#define PASS_TIMES 4u
/* The kernel may delay a tick by so much to save wake-ups. */
#define SLACK_US 5000u

uint64_t daemon_cpu_ns(void)
{
	struct timespec t;

	if (clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t))
		return 0;
	return (uint64_t)t.tv_sec * NS_PER_S + (uint64_t)t.tv_nsec;
}

void daemon_event(struct daemon *daemon, const char *kind, const char *text)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	log_print(LOG_NOTICE, "%s: %s", kind, text);
	if (daemon->store)
		store_append_event(daemon->store, (int64_t)t.tv_sec * 1000 +
				   t.tv_nsec / 1000000, kind, text);
}

/* The law in force, begun afresh when it is another one than before. */
static void choose_law(struct daemon *d, struct law_params *ret_params)
{
	const struct law *law = override_law(&d->over, d->conf->law);

	*ret_params = d->conf->params;
	override_params(&d->over, ret_params);
	if (law == d->law)
		return;
	if (d->law)
		daemon_event(d, "law", law->name);
	d->law = law;
	law->init(&d->state, ret_params);
	d->ask = PROBE_ASK_ALL;
}

/* Batches of one hunt differ in their knobs only; that is not news. */
static bool is_news(const struct decision *a, const struct decision *b)
{
	return a->phase != b->phase || a->reason != b->reason;
}

static void remember(struct daemon *d)
{
	struct daemon_decision *last, *slot;

	if (d->ndecisions) {
		last = &d->ring[(d->ndecisions - 1) % DAEMON_DECISIONS];
		if (last->law == d->law &&
		    !is_news(&last->decision, &d->decision))
			return;
	}
	slot = &d->ring[d->ndecisions++ % DAEMON_DECISIONS];
	slot->real_ms = d->snap->real_ms;
	slot->law = d->law;
	slot->decision = d->decision;
	memcpy(slot->text, d->text, sizeof(slot->text));
	log_print(LOG_NOTICE, "%s: %s", law_phase_name(d->decision.phase),
		  d->text);
}

/* By which means pages are found, when that changes. */
static void tell_finding(struct daemon *d)
{
	char text[DAEMON_TEXT_LEN];

	if (d->decision.finding == d->finding || d->hands_off)
		return;
	d->finding = d->decision.finding;
	law_finding_text(&d->decision, text, sizeof(text));
	if (*text)
		daemon_event(d, "finding", text);
}

/* Are hands off? Then the decision is to leave the host's knobs alone. */
static bool stand_off(struct daemon *d)
{
	const struct snap_ksm *ksm = &d->snap->ksm;
	const char *why;

	if (d->stood_aside)
		why = "hands off: told to stand aside until resume";
	else if (d->act && act_hold_ms(d->act, d->snap->mono_ns))
		why = "hands off: somebody else writes the knobs";
	else
		return false;
	d->hands_off = true;
	d->decision = (struct decision){
		.phase = LAW_PHASE_OFF,
		.reason = LAW_REASON_NONE,
		.run = ksm->run & 3u,
		.sleep_ms = ksm->sleep_ms,
		.scan_pages = ksm->scan_pages,
		.smart_scan = LAW_KEEP,
	};
	snprintf(d->text, sizeof(d->text), "%s", why);
	return true;
}

static bool reads_alike(const struct decision *a, const struct decision *b)
{
	return a->phase == b->phase && a->reason == b->reason &&
	       !memcmp(a->arg, b->arg, sizeof(a->arg));
}

/* Ask the law, afresh when hands were off: ksmd did not as it was told. */
static void decide(struct daemon *d, const struct law_params *params)
{
	struct decision before = d->decision;
	bool fresh = d->hands_off || !*d->text;

	if (d->hands_off)
		d->law->init(&d->state, params);
	d->hands_off = false;
	d->law->decide(&d->state, params, d->snap, &d->decision);
	override_decision(&d->over, &d->decision);
	if (d->decision.look && d->ask == PROBE_ASK_WHEN_DUE)
		d->ask = PROBE_ASK_KNOWN;
	if (fresh || !reads_alike(&before, &d->decision))
		law_reason_text(&d->decision, d->text, sizeof(d->text));
}

/* During a hold too: act must see whether somebody else still writes. */
static int apply(struct daemon *d)
{
	int r;

	if (!d->act || d->stood_aside)
		return 0;
	r = act_apply(d->act, d->snap, &d->decision, d->text);
	if (r == -EBUSY)
		stand_off(d);
	return r;
}

/* Half a slack early is on time. */
static bool sample_is_due(const struct daemon *d, uint64_t now_ns)
{
	uint64_t interval = d->conf->params.interval_ms * 1000000ull;

	return !d->sampled_ns ||
	       now_ns + SLACK_US * 500 >= d->sampled_ns + interval;
}

static void record(struct daemon *d)
{
	const struct snap *s = d->snap;
	bool due = sample_is_due(d, s->mono_ns);

	if (due)
		d->sampled_ns = s->mono_ns;
	if (!d->store)
		return;
	store_append_decision(d->store, s, &d->decision, d->law->name, d->text);
	if (!due)
		return;
	store_append_sample(d->store, s, &d->decision, d->law->name,
			    daemon_cpu_ns());
	if (s->mono_ns - d->maintained_ns < MAINTAIN_NS)
		return;
	d->maintained_ns = s->mono_ns;
	store_maintain(d->store, s->real_ms);
}

int daemon_metrics_path(const struct daemon *d, char ret_path[PATH_MAX])
{
	char path[PATH_MAX];

	if (snprintf(path, sizeof(path), "%s%s", d->options.root,
		     d->conf->metrics_path) >= (int)sizeof(path))
		return -ENAMETOOLONG;
	strcpy(ret_path, path);
	return 0;
}

/* Say it once when it begins to fail, and once when it is well again. */
static void write_metrics(struct daemon *d, const struct metrics_input *input)
{
	char path[PATH_MAX] = "";
	int r = daemon_metrics_path(d, path);

	if (!r)
		r = metrics_write(path, input);
	if (r != d->metrics_error)
		log_print(r ? LOG_WARNING : LOG_NOTICE, "metrics %s: %s", path,
			  r ? strerror(-r) : "written again");
	d->metrics_error = r;
}

static void export_metrics(struct daemon *d)
{
	struct store_health health = { 0 };
	struct law_params params = d->conf->params;
	struct metrics_input input = {
		.snap = d->snap,
		.decision = &d->decision,
		.law = d->law->name,
		.looks = probe_looks(d->probe),
	};

	if (!d->conf->metrics_path || !d->conf->metrics_s ||
	    (d->metrics_ns && d->snap->mono_ns - d->metrics_ns <
	     d->conf->metrics_s * NS_PER_S))
		return;
	d->metrics_ns = d->snap->mono_ns;
	input.daemon_cpu_ns = daemon_cpu_ns();
	override_params(&d->over, &params);
	input.cap_permille = params.cap_permille;
	if (d->store) {
		store_health(d->store, &health);
		input.store = &health;
	}
	if (d->act)
		input.hold_ms = act_hold_ms(d->act, d->snap->mono_ns);
	write_metrics(d, &input);
}

static void follow_copies(struct daemon *d)
{
	uint64_t dt = d->snap->mono_ns - d->cow_ns;

	if (dt < NS_PER_S)
		return;
	d->cow_per_s = d->cow_ns && d->snap->host.cow_ksm > d->cow ?
		       (uint32_t)((d->snap->host.cow_ksm - d->cow) * 1000 /
				  (dt / 1000000)) : 0;
	d->cow = d->snap->host.cow_ksm;
	d->cow_ns = d->snap->mono_ns;
}

static void extend(struct daemon *d)
{
	struct conf conf = *d->conf;

	override_extension(&d->over, &conf);
	extension_tick(d->extension, d->probe, d->snap, &conf);
	if (d->passes)
		passes_follow(d->passes, probe_extension_family(d->probe));
}

/* Before ksmd is told to work: the pass may be over at once. */
static void await_pass(struct daemon *d)
{
	bool wait = d->decision.ends_pass && !d->hands_off;

	if (d->passes && passes_await(d->passes, wait))
		d->decision.next_ms *= PASS_TIMES;
}

/* Nothing can merge, and a VM that comes is told of; none has just come. */
static void rest(struct daemon *d)
{
	if (d->vms_asked_ns &&
	    d->snap->mono_ns - d->vms_asked_ns < WATCH_NS)
		return;
	if (d->decision.phase == LAW_PHASE_IDLE && events_live(d->events) &&
	    extension_seen(d->extension) && !d->decision.next_ms)
		d->decision.next_ms = REST_MS;
}

/* How long until the next glance at who has just come; 0: nobody is watched. */
static uint64_t glance_gap_ns(const struct daemon *d, uint64_t now_ns)
{
	uint64_t age_ns = now_ns - d->watch_ns;
	uint64_t gap_ns = d->glance_cost_ns * WATCH_COST_FACTOR;

	if (!d->watch_ns || age_ns >= WATCH_NS || d->hands_off)
		return 0;
	if (gap_ns < age_ns / WATCH_PART)
		gap_ns = age_ns / WATCH_PART;
	return gap_ns < WATCH_MIN_NS ? WATCH_MIN_NS : gap_ns;
}

/* For what comes first: the tick, VMs that were told of, or a glance. */
static int arm(struct daemon *d)
{
	uint64_t now_ns = probe_now_ns(), at_ns = d->due_ns;
	uint64_t gap_ns = glance_gap_ns(d, now_ns);
	int r;

	if (d->vms_due_ns && d->vms_due_ns < at_ns)
		at_ns = d->vms_due_ns;
	if (gap_ns && now_ns + gap_ns < at_ns)
		at_ns = now_ns + gap_ns;
	/* A little late is in time; to be early would be to come twice. */
	r = sd_event_source_set_time(d->timer, at_ns / 1000 + 1);
	if (r < 0)
		return r;
	return sd_event_source_set_enabled(d->timer, SD_EVENT_ONESHOT);
}

/* The next tick is to come after so long. */
static int plan(struct daemon *d, uint64_t ms)
{
	d->due_ns = probe_now_ns() + ms * NS_PER_MS;
	return arm(d);
}

int daemon_wake(struct daemon *d)
{
	return plan(d, 1);
}

int daemon_end_pass(struct daemon *d)
{
	return plan(d, PASS_MS);
}

int daemon_expect_vms(struct daemon *d)
{
	uint64_t now_ns = probe_now_ns();

	if (d->vms_due_ns)
		return 0;
	d->vms_due_ns = now_ns;
	if (d->vms_asked_ns && now_ns < d->vms_asked_ns + VMS_QUICK_GAP_NS)
		d->vms_due_ns = d->vms_asked_ns + VMS_QUICK_GAP_NS;
	if (d->vms_paid_ns > d->vms_due_ns + VMS_QUICK * VMS_GAP_NS)
		d->vms_due_ns = d->vms_paid_ns - VMS_QUICK * VMS_GAP_NS;
	return arm(d);
}

/* KVM told of VMs: look at all, and watch who has come. */
static void expect(struct daemon *d, uint64_t now_ns)
{
	d->ask = PROBE_ASK_OWNERS;
	d->vms_due_ns = 0;
	d->vms_asked_ns = d->watch_ns = now_ns;
	d->glance_cost_ns = 0;
	if (d->vms_paid_ns < now_ns)
		d->vms_paid_ns = now_ns;
	d->vms_paid_ns += VMS_GAP_NS;
}

/* A law that asks for ticks between those of the interval is in a pass. */
static void take(struct daemon *d)
{
	uint64_t now_ns = probe_now_ns(), scans;

	if (d->vms_due_ns && now_ns >= d->vms_due_ns)
		expect(d, now_ns);
	if (d->snap && d->decision.next_ms && !d->ask &&
	    !sample_is_due(d, now_ns) && now_ns - d->whole_ns < NS_PER_S) {
		scans = d->snap->ksm.full_scans;
		d->snap = probe_follow(d->probe);
		if (d->snap->ksm.full_scans == scans)
			return;
	}
	d->snap = probe_take(d->probe, d->ask);
	d->whole_ns = d->snap->mono_ns;
	d->ask = PROBE_ASK_WHEN_DUE;
	if (d->snap->vms_seq == d->snap->seq)
		d->table_ms = d->snap->real_ms;
}

/* Woken before there is anything else to do. */
static bool comes_to_glance(const struct daemon *d)
{
	uint64_t now_ns = probe_now_ns();

	return d->watch_ns && now_ns < d->due_ns &&
	       (!d->vms_due_ns || now_ns < d->vms_due_ns);
}

/* Has a newcomer memory by now, or more? */
static bool glance(struct daemon *d)
{
	unsigned int count;
	bool moved = probe_glance(d->probe, &count);

	if (!count)
		d->watch_ns = 0;
	if (moved && d->ask == PROBE_ASK_WHEN_DUE)
		d->ask = PROBE_ASK_KNOWN;
	return moved;
}

static int tick(struct daemon *d)
{
	struct law_params params;

	take(d);
	if (override_expire(&d->over, d->snap->mono_ns))
		daemon_event(d, "override", "an override expired");
	choose_law(d, &params);
	if (!stand_off(d))
		decide(d, &params);
	await_pass(d);
	apply(d);
	remember(d);
	tell_finding(d);
	if (!d->stood_aside)
		extend(d);
	rest(d);

	law_window_add(&d->window, d->snap->mono_ns, d->snap->ksm.ksmd_cpu_ns);
	follow_copies(d);
	record(d);
	export_metrics(d);
	return plan(d, d->decision.next_ms ? d->decision.next_ms :
		       d->conf->params.interval_ms);
}

int daemon_tick(struct daemon *d)
{
	uint64_t cpu_ns = daemon_cpu_ns();
	int r;

	if (!comes_to_glance(d))
		return tick(d);
	r = glance(d) ? tick(d) : 0;
	d->glance_cost_ns = daemon_cpu_ns() - cpu_ns;
	return r < 0 ? r : arm(d);
}

int daemon_reapply(struct daemon *d)
{
	struct decision before = d->decision;
	struct law_params params;
	char text[DAEMON_TEXT_LEN];
	int r;

	if (!d->snap)
		return 0;
	memcpy(text, d->text, sizeof(text));
	/* Off, or a law or its cap: a tick must see to it, now. */
	if (stand_off(d) || !override_decision(&d->over, &d->decision))
		return daemon_wake(d);
	if (d->hands_off) {
		choose_law(d, &params);
		decide(d, &params);
	}
	law_reason_text(&d->decision, d->text, sizeof(d->text));
	r = apply(d);
	if (r && r != -EBUSY) {
		d->decision = before;
		memcpy(d->text, text, sizeof(d->text));
		daemon_wake(d);
		return r;
	}
	remember(d);
	return r;
}

static int set_rules(struct daemon *d)
{
	struct probe_vm_rule *rules = calloc(d->conf->nvms + 1, sizeof(*rules));
	int r;

	if (!rules)
		return -ENOMEM;
	for (unsigned int i = 0; i < d->conf->nvms; i++) {
		rules[i].glob = d->conf->vms[i].glob;
		rules[i].weight_permille = d->conf->vms[i].weight_permille;
		rules[i].expect_permille = d->conf->vms[i].expect_permille;
	}
	r = probe_set_rules(d->probe, rules, d->conf->nvms);
	free(rules);
	return r;
}

int daemon_configure(struct daemon *d)
{
	const struct conf_history *h = &d->conf->history;
	struct store_conf sc = {
		.raw_s = h->raw_s,
		.minute_s = h->minute_s,
		.hour_s = h->hour_s,
		.max_bytes = h->max_bytes,
		.vm_interval_s = h->vm_interval_s,
		.flush_s = h->flush_s,
	};

	if (!h->enabled) {
		store_close(d->store);
		d->store = NULL;
	} else if (d->store) {
		store_configure(d->store, &sc);
	} else if (store_open(d->options.history, &sc, &d->store)) {
		log_print(LOG_WARNING, "no memory for the history");
	}
	if (d->snap)
		law_window_resize(&d->window, d->conf->params.cap_window_ms,
				  d->snap->mono_ns, d->snap->ksm.ksmd_cpu_ns);
	else
		law_window_init(&d->window, d->conf->params.cap_window_ms);
	probe_set_table_age(d->probe, h->vm_interval_s * 1000);
	return set_rules(d);
}

int daemon_reload(struct daemon *d, char ret_error[CONF_ERROR_LEN])
{
	const struct options *o = &d->options;
	struct conf *conf;
	int r;

	r = conf_load(o->conf_given ? "" : o->root, o->conf, o->conf_given,
		      &conf, ret_error);
	if (r) {
		daemon_event(d, "reload-failed", ret_error);
		return r;
	}
	conf_free(d->conf);
	d->conf = conf;
	d->ask = PROBE_ASK_ALL;
	daemon_event(d, "reload", "policy file read again");
	daemon_wake(d);
	return daemon_configure(d);
}
