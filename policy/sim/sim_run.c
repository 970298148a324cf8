// SPDX-License-Identifier: GPL-2.0
/*
 * The daemon's loop against the plant: snapshot, law, knobs.
 *
 * The table of processes is as fresh as the daemon's would be: read anew when
 * the law asked for it, when anonymous memory moved by 4 MiB since it was last
 * read, or when it is 10 s old. Otherwise the law sees the old one, with the
 * old vms_seq. Knobs are written in the order in which the daemon writes them,
 * and only when they differ. A fixed setting is written once and left alone.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../reason.h"
#include "sim.h"
#include "../stale.h"
#include "sim_agenda.h"
#include "sim_meter.h"

/* As PROBE_ANON_STEP_KIB and the default table age of the daemon's probes. */
#define ANON_STEP_PAGES (4096u / (PLANT_PAGE_SIZE / 1024))
#define TABLE_AGE_NS (10 * PLANT_NS_PER_S)
#define VMS_MAX 512u

struct run {
	const struct sim_scenario *scenario;
	const struct sim_controller *controller;
	const struct sim_options *options;
	struct plant_conf conf;
	struct law_params params;
	struct plant *plant;
	struct sim_agenda *agenda;
	struct sim_meter *meter;
	const struct law *law;
	struct law_state state;
	struct snap snap;
	struct snap_vm vms[VMS_MAX];
	struct stale stale;
	uint64_t table_ns;
	uint64_t table_anon;
	struct decision decision;
	uint64_t next_tick_ms;
	uint32_t hidden;	/* caps that the next tick lacks */
	uint64_t writes, bad, ticks;
};

static void look(struct run *r)
{
	uint64_t anon = r->snap.host.anon_pages;
	uint64_t moved = anon > r->table_anon ? anon - r->table_anon :
						r->table_anon - anon;

	if (r->snap.vms_seq && !r->decision.look &&
	    moved < ANON_STEP_PAGES &&
	    r->snap.mono_ns - r->table_ns < TABLE_AGE_NS)
		return;
	r->snap.nvms = plant_show_vms(r->plant, r->vms, VMS_MAX);
	r->snap.vms = r->vms;
	r->snap.vms_seq = r->snap.seq;
	r->table_ns = r->snap.mono_ns;
	r->table_anon = anon;
}

static void check_bounds(struct run *r, const struct decision *d)
{
	if (d->run > SNAP_RUN_MERGE || d->phase >= LAW_PHASE_COUNT ||
	    d->reason >= LAW_REASON_COUNT)
		r->bad++;
	else if (d->run == SNAP_RUN_MERGE &&
		 (d->sleep_ms < LAW_SLEEP_MS_MIN ||
		  d->sleep_ms > LAW_SLEEP_MS_MAX ||
		  d->scan_pages < LAW_SCAN_PAGES_MIN ||
		  d->scan_pages > LAW_SCAN_PAGES_MAX))
		r->bad++;
}

static void apply(struct run *r)
{
	const struct decision *d = &r->decision;
	const struct snap_ksm *now = &r->snap.ksm;
	uint32_t smart_scan;

	check_bounds(r, d);
	if (d->phase == LAW_PHASE_OFF)
		return;
	if (now->advisor != SNAP_ADVISOR_NONE) {
		plant_set_advisor(r->plant, SNAP_ADVISOR_NONE);
		plant_show(r->plant, &r->snap);
		r->writes++;
	}
	smart_scan = d->smart_scan == LAW_KEEP ? r->conf.smart_scan :
						 d->smart_scan;
	if (snap_has(&r->snap, SNAP_CAP_SKIPPED) &&
	    smart_scan != now->smart_scan) {
		plant_set_smart_scan(r->plant, smart_scan);
		r->writes++;
	}
	if (snap_has(&r->snap, SNAP_CAP_INDEX) &&
	    (d->checksum_index == LAW_SWITCH_ON) != now->checksum_index) {
		plant_set_index(r->plant, d->checksum_index == LAW_SWITCH_ON);
		r->writes++;
	}
	if (d->scan_pages != now->scan_pages) {
		if (plant_set_scan_pages(r->plant, d->scan_pages))
			r->bad++;
		r->writes++;
	}
	if (d->sleep_ms != now->sleep_ms) {
		plant_set_sleep(r->plant, d->sleep_ms);
		r->writes++;
	}
	if (d->run != now->run) {
		if (plant_set_run(r->plant, d->run))
			r->bad++;
		r->writes++;
	}
}

/* A source that did not answer: its bit is clear, its fields are zero. */
static void hide(struct snap *snap, uint32_t caps)
{
	snap->caps &= ~caps;
	if (caps & SNAP_CAP_KSMD_CPU)
		snap->ksm.ksmd_cpu_ns = 0;
	if (caps & SNAP_CAP_ANON)
		snap->host.anon_pages = 0;
	if (caps & SNAP_CAP_COW)
		snap->host.cow_ksm = 0;
}

static void tick(struct run *r)
{
	r->ticks++;
	r->snap.seq++;
	plant_show(r->plant, &r->snap);
	if (r->hidden)
		hide(&r->snap, r->hidden);
	r->hidden = 0;
	stale_update(&r->stale, &r->snap);
	look(r);
	r->law->decide(&r->state, &r->params, &r->snap, &r->decision);
	apply(r);
	r->next_tick_ms += r->decision.next_ms ? r->decision.next_ms :
						 r->params.interval_ms;
}

static void use_law(struct run *r, const struct law *law)
{
	r->law = law;
	law->init(&r->state, &r->params);
}

static void use_setting(struct run *r)
{
	const struct sim_controller *c = r->controller;

	r->decision = (struct decision){ .phase = LAW_PHASE_FIXED };
	r->next_tick_ms = UINT64_MAX;
	plant_set_advisor(r->plant, SNAP_ADVISOR_NONE);
	if (c->advisor_target_s) {
		plant_set_advisor_target(r->plant, c->advisor_target_s);
		plant_set_advisor(r->plant, SNAP_ADVISOR_SCAN_TIME);
	} else {
		plant_set_scan_pages(r->plant, c->scan_pages);
	}
	if (c->every_page)
		plant_set_smart_scan(r->plant, false);
	plant_set_sleep(r->plant, c->sleep_ms);
	plant_set_run(r->plant, SNAP_RUN_MERGE);
}

static void trace(struct run *r, uint64_t ms)
{
	static const char *const head =
		"t_s,phase,run,sleep_ms,scan_pages,saved_mib,counted_mib,cpu_s,passes,reason\n";
	FILE *out = r->options->trace;
	struct snap snap = r->snap;
	char text[256] = "";

	if (!out || ms % 1000)
		return;
	if (!ms)
		fputs(head, out);
	plant_show(r->plant, &snap);
	if (r->law)
		law_reason_text(&r->decision, text, sizeof(text));
	fprintf(out, "%llu,%s,%u,%u,%u,%.1f,%.1f,%.3f,%llu,\"%s\"\n",
		(unsigned long long)(ms / 1000),
		law_phase_name(r->decision.phase), snap.ksm.run,
		snap.ksm.sleep_ms, snap.ksm.scan_pages,
		(double)plant_saved(r->plant) / PLANT_PAGES_PER_MIB,
		(double)snap_saved_pages(&snap) / PLANT_PAGES_PER_MIB,
		(double)snap.ksm.ksmd_cpu_ns / PLANT_NS_PER_S,
		(unsigned long long)snap.ksm.full_scans, text);
}

static int happen_to_daemon(struct run *r, const struct sim_event *event)
{
	const struct law *law;

	if (event->kind == SIM_SET)
		return sim_params_set(&r->params, event->set);
	if (event->kind == SIM_HIDE) {
		r->hidden |= event->value;
		return 0;
	}
	law = event->law ? law_find(event->law) : r->controller->law;
	if (!law)
		return -EINVAL;
	use_law(r, law);
	return 0;
}

/* What the scenario makes happen at @ms. */
static int happen(struct run *r, uint64_t ms)
{
	const struct sim_event *event;
	int ret;

	while (sim_agenda_next_ms(r->agenda) <= ms) {
		ret = sim_agenda_step(r->agenda, &event);
		if (!ret && event && r->law)
			ret = happen_to_daemon(r, event);
		if (ret)
			return ret;
	}
	return 0;
}

/* What the controller does with those who were there before the clock starts. */
static int lead(struct run *r)
{
	uint64_t lead_ms = r->scenario->lead_s * 1000ull;
	int ret = happen(r, 0);

	while (!ret && r->next_tick_ms < lead_ms) {
		plant_advance(r->plant, PLANT_EPOCH_NS +
			      r->next_tick_ms * PLANT_NS_PER_MS);
		tick(r);
	}
	if (r->law)
		r->next_tick_ms -= lead_ms;
	return ret;
}

static int loop(struct run *r)
{
	uint64_t start_ns = PLANT_EPOCH_NS +
			    r->scenario->lead_s * PLANT_NS_PER_S;
	uint64_t end_ms = r->scenario->duration_s * 1000ull;
	uint64_t sample_ms = 0, ms;
	struct snap snap = { 0 };
	int ret;

	for (;;) {
		ms = sim_agenda_next_ms(r->agenda);
		ms = sample_ms < ms ? sample_ms : ms;
		ms = r->next_tick_ms < ms ? r->next_tick_ms : ms;
		if (ms > end_ms)
			return 0;
		plant_advance(r->plant, start_ns + ms * PLANT_NS_PER_MS);
		sim_meter_before(r->meter, r->plant, ms);
		ret = happen(r, ms);
		if (ret)
			return ret;
		if (ms == r->next_tick_ms)
			tick(r);
		if (ms == sample_ms) {
			plant_show(r->plant, &snap);
			sim_meter_sample(r->meter, r->plant, &snap,
					 r->decision.phase, &r->params);
			trace(r, ms);
			sample_ms += SIM_SAMPLE_MS;
		}
	}
}

static int set_up(struct run *r)
{
	int ret;

	plant_conf_default(&r->conf);
	law_params_default(&r->params);
	if (r->scenario->tune)
		r->scenario->tune(&r->conf, &r->params);
	sim_options_apply(r->options, &r->conf, &r->params);
	ret = plant_new(&r->conf, &r->plant);
	if (ret)
		return ret;
	ret = sim_agenda_new(r->scenario, r->plant, &r->agenda);
	if (ret)
		return ret;
	ret = sim_meter_new(r->scenario, &r->meter);
	if (ret)
		return ret;
	if (r->controller->law)
		use_law(r, r->controller->law);
	else
		use_setting(r);
	return 0;
}

int sim_run(const struct sim_scenario *scenario,
	    const struct sim_controller *controller,
	    const struct sim_options *options, struct sim_result *ret_result)
{
	struct run *r = calloc(1, sizeof(*r));
	int ret;

	if (!r)
		return -ENOMEM;
	r->scenario = scenario;
	r->controller = controller;
	r->options = options;
	ret = set_up(r);
	if (!ret && scenario->lead_s)
		ret = lead(r);
	if (!ret)
		ret = loop(r);
	if (!ret) {
		sim_meter_result(r->meter, ret_result);
		ret_result->metric[SIM_WRITES] = (double)r->writes;
		ret_result->metric[SIM_BAD] = (double)r->bad;
		ret_result->metric[SIM_TICKS] = (double)r->ticks;
	}
	sim_meter_free(r->meter);
	sim_agenda_free(r->agenda);
	plant_free(r->plant);
	free(r);
	return ret;
}
