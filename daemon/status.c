// SPDX-License-Identifier: GPL-2.0
/* What the daemon knows, as the objects of docs/control.md. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "../policy/reason.h"
#include "daemon.h"

static const char *const cap_names[] = {
	"ksm", "ksmd-cpu", "pages-skipped", "zero-pages", "general-profit",
	"advisor", "cow-ksm", "meminfo", "psi-cpu", "psi-memory", "anon-pages",
	"ksm-stat", "kvm-debugfs", "numa", "shadow-pages", "checksum-index",
	"scrubber", "ksm-counts",
};

static const char *const vmm_names[] = {
	[SNAP_VMM_NONE] = "process",
	[SNAP_VMM_QEMU] = "qemu",
	[SNAP_VMM_FIRECRACKER] = "firecracker",
	[SNAP_VMM_CLOUD_HYPERVISOR] = "cloud-hypervisor",
	[SNAP_VMM_CROSVM] = "crosvm",
	[SNAP_VMM_OTHER] = "other",
};

static const char *const why_names[] = {
	"not-madvised", "shared", "hugetlb", "thp", "opted-out", "unreadable",
};

static const char *const store_names[] = { "ok", "degraded", "off" };

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static json_int_t kib(const struct daemon *d, uint64_t pages)
{
	return (json_int_t)(pages * (d->snap->page_size / 1024));
}

static void put_int(json_t *o, const char *key, uint64_t value)
{
	json_object_set_new(o, key, json_integer((json_int_t)value));
}

static json_t *bits(uint32_t set, const char *const *names, unsigned int n)
{
	json_t *list = json_array();

	for (unsigned int i = 0; i < n; i++)
		if (set & 1u << i)
			json_array_append_new(list, json_string(names[i]));
	return list;
}

static const char *advisor_name(uint64_t value)
{
	return value == SNAP_ADVISOR_SCAN_TIME ? "scan-time" : "none";
}

static json_t *knobs_now(const struct snap *s)
{
	const struct snap_ksm *k = &s->ksm;
	json_t *o = json_pack("{sI sI sI}", "run", (json_int_t)k->run,
			      "sleep_millisecs", (json_int_t)k->sleep_ms,
			      "pages_to_scan", (json_int_t)k->scan_pages);

	if (snap_has(s, SNAP_CAP_SKIPPED))
		put_int(o, "smart_scan", k->smart_scan);
	if (snap_has(s, SNAP_CAP_INDEX)) {
		put_int(o, "lookahead", k->lookahead);
		put_int(o, "checksum_index", k->checksum_index);
	}
	if (snap_has(s, SNAP_CAP_ADVISOR))
		json_object_set_new(o, "advisor_mode",
				    json_string(advisor_name(k->advisor)));
	return o;
}

static json_t *knobs_original(const struct daemon *d)
{
	json_t *o = json_object();
	uint64_t value;

	for (int i = 0; i < ACT_KNOB_COUNT; i++) {
		if (!act_original(d->act, i, &value))
			continue;
		if (i == ACT_KNOB_ADVISOR)
			json_object_set_new(o, act_knob_name(i),
					    json_string(advisor_name(value)));
		else
			put_int(o, act_knob_name(i), value);
	}
	return o;
}

/* What finding pages costs and yields. */
static void put_counts(json_t *o, const struct snap_ksm *k)
{
	put_int(o, "tree_steps", k->tree_steps);
	put_int(o, "compares", k->compares);
	put_int(o, "bytes_compared", k->bytes_compared);
	put_int(o, "lookahead_tries", k->lookahead_tries);
	put_int(o, "lookahead_hits", k->lookahead_hits);
	put_int(o, "index_tries", k->index_tries);
	put_int(o, "index_hits", k->index_hits);
	put_int(o, "index_skips", k->index_skips);
	put_int(o, "first_sight_merges", k->first_sight_merges);
	put_int(o, "index_bytes", k->index_bytes);
}

static json_t *ksm_object(const struct snap *s)
{
	const struct snap_ksm *k = &s->ksm;
	json_t *o = json_object();

	put_int(o, "pages_shared", k->pages_shared);
	put_int(o, "pages_sharing", k->pages_sharing);
	put_int(o, "pages_unshared", k->pages_unshared);
	put_int(o, "pages_volatile", k->pages_volatile);
	put_int(o, "pages_scanned", k->pages_scanned);
	put_int(o, "full_scans", k->full_scans);
	if (snap_has(s, SNAP_CAP_ZERO))
		put_int(o, "zero_pages", k->zero_pages);
	if (snap_has(s, SNAP_CAP_SKIPPED))
		put_int(o, "pages_skipped", k->pages_skipped);
	if (snap_has(s, SNAP_CAP_COUNTS))
		put_counts(o, k);
	return o;
}

static uint64_t own_rss_kib(void)
{
	FILE *f = fopen("/proc/self/statm", "re");
	unsigned long size, rss = 0;

	if (!f)
		return 0;
	if (fscanf(f, "%lu %lu", &size, &rss) != 2)
		rss = 0;
	fclose(f);
	return rss * (uint64_t)sysconf(_SC_PAGESIZE) / 1024;
}

/*
 * Of one core. The window's oldest pair is younger than the window after the
 * start, and older when ticks are farther apart than the window is long.
 */
static double ksmd_pct(const struct daemon *d)
{
	const struct law_window *w = &d->window;
	uint64_t now_ns = d->snap->mono_ns;
	uint64_t base_ns = now_ns;
	uint64_t used_ns;

	for (uint32_t i = 0; i < w->count; i++) {
		base_ns = w->at[(w->newest + LAW_WINDOW_SLOTS - i) %
				LAW_WINDOW_SLOTS].mono_ns;
		if (now_ns - base_ns >= w->span_ns)
			break;
	}
	used_ns = law_window_used_ns(w, now_ns, d->snap->ksm.ksmd_cpu_ns);
	return now_ns > base_ns ?
	       100.0 * (double)used_ns / (double)(now_ns - base_ns) : 0;
}

static json_t *cpu_object(const struct daemon *d)
{
	const struct snap *s = d->snap;
	struct law_params params = d->conf->params;
	json_t *o = json_object();

	override_params(&d->over, &params);
	if (snap_has(s, SNAP_CAP_KSMD_CPU)) {
		json_object_set_new(o, "ksmd_pct", json_real(ksmd_pct(d)));
		json_object_set_new(o, "ksmd_s",
				    json_real((double)s->ksm.ksmd_cpu_ns / 1e9));
	}
	json_object_set_new(o, "cap_pct", json_real(params.cap_permille / 10.0));
	json_object_set_new(o, "daemon_s",
			    json_real((double)daemon_cpu_ns() / 1e9));
	put_int(o, "daemon_rss_kib", own_rss_kib());
	return o;
}

static json_t *host_object(const struct daemon *d)
{
	const struct snap *s = d->snap;
	const struct snap_host *h = &s->host;
	json_t *o = json_object();

	put_int(o, "ncpus", h->ncpus);
	if (snap_has(s, SNAP_CAP_MEMINFO)) {
		put_int(o, "mem_total_kib", h->mem_total_kib);
		put_int(o, "mem_available_kib", h->mem_available_kib);
		put_int(o, "swap_free_kib", h->swap_free_kib);
	}
	if (snap_has(s, SNAP_CAP_PSI_CPU))
		json_object_set_new(o, "psi_cpu_pct", json_real(
				    h->psi_cpu.some_avg10_permille / 10.0));
	if (snap_has(s, SNAP_CAP_PSI_MEM))
		json_object_set_new(o, "psi_mem_pct", json_real(
				    h->psi_mem.some_avg10_permille / 10.0));
	if (snap_has(s, SNAP_CAP_COW))
		put_int(o, "cow_per_s", d->cow_per_s);
	if (snap_has(s, SNAP_CAP_NUMA))
		put_int(o, "numa_nodes", h->nnodes);
	return o;
}

static json_t *overrides_list(const struct daemon *d)
{
	json_t *list = json_array();
	char buf[OVERRIDE_TEXT_LEN];

	for (int i = 0; i < OVERRIDE_COUNT; i++) {
		uint64_t until = d->over.at[i].until_ns;
		json_int_t left = 0;

		if (!d->over.at[i].set)
			continue;
		if (until > d->snap->mono_ns)
			left = (json_int_t)((until - d->snap->mono_ns) /
					    1000000000ull) + 1;
		json_array_append_new(list, json_pack("{ss ss sI}", "key",
				      override_name(i), "value",
				      override_value(&d->over, i, buf),
				      "left_s", left));
	}
	return list;
}

static json_t *store_object(const struct daemon *d)
{
	struct store_health h;

	store_health(d->store, &h);
	return json_pack("{ss ss ss sI sI sI}", "path", d->options.history,
			 "state", store_names[h.state], "text", h.text,
			 "rows_written", (json_int_t)h.rows_written,
			 "rows_lost", (json_int_t)h.rows_lost,
			 "file_bytes", (json_int_t)h.file_bytes);
}

static json_t *metrics_object(const struct daemon *d)
{
	char path[PATH_MAX] = "";

	daemon_metrics_path(d, path);
	return json_pack("{ss ss}", "path", path, "text", d->metrics_error ?
			 strerror(-d->metrics_error) : "");
}

static uint64_t population_pages(const struct snap *s)
{
	uint64_t pages = 0;

	for (uint32_t i = 0; i < s->nvms; i++)
		if (s->vms[i].mergeable)
			pages += s->vms[i].rss_anon_pages;
	return pages;
}

static void put_control(const struct daemon *d, json_t *o)
{
	const char *rival = probe_rival(d->probe);
	char finding[DAEMON_TEXT_LEN];

	json_object_set_new(o, "law", json_string(d->law->name));
	json_object_set_new(o, "phase",
			    json_string(law_phase_name(d->decision.phase)));
	json_object_set_new(o, "reason",
			    json_string(law_reason_name(d->decision.reason)));
	json_object_set_new(o, "text", json_string(d->text));
	law_finding_text(&d->decision, finding, sizeof(finding));
	if (*finding)
		json_object_set_new(o, "finding", json_string(finding));
	json_object_set_new(o, "dry_run", json_boolean(d->options.dry_run));
	json_object_set_new(o, "stood_aside", json_boolean(d->stood_aside));
	json_object_set_new(o, "rival", rival ? json_string(rival) :
						json_null());
	json_object_set_new(o, "overrides", overrides_list(d));
	put_int(o, "hands_off_ms",
		d->act ? act_hold_ms(d->act, d->snap->mono_ns) : 0);
}

/* NULL where KVM tells of nothing. */
static json_t *events_object(const struct daemon *d)
{
	uint64_t overruns, heard = events_heard(d->events, &overruns);
	uint64_t lost = 0, passes = d->passes ? passes_heard(d->passes, &lost) :
						0;

	return events_live(d->events) ?
		       json_pack("{sI sI sI}", "heard", (json_int_t)heard,
				 "lost", (json_int_t)(overruns + lost),
				 "passes", (json_int_t)passes) : NULL;
}

json_t *status_object(const struct daemon *d)
{
	const struct snap *s = d->snap;
	json_t *o = json_object(), *shadow, *scrub;

	if (!o || !s)
		return o;
	json_object_set_new(o, "version", json_string(DENSITY_VERSION));
	put_int(o, "pid", (uint64_t)getpid());
	put_int(o, "started_ms", (uint64_t)d->started_ms);
	put_int(o, "now_ms", (uint64_t)s->real_ms);
	json_object_set_new(o, "root", json_string(d->options.root));
	put_control(d, o);
	if (snap_has(s, SNAP_CAP_KSM)) {
		json_object_set_new(o, "knobs", knobs_now(s));
		json_object_set_new(o, "ksm", ksm_object(s));
		json_object_set_new(o, "saved_kib",
				    json_integer(kib(d, snap_saved_pages(s))));
	}
	if (d->act)
		json_object_set_new(o, "original", knobs_original(d));
	if (snap_has(s, SNAP_CAP_PROFIT))
		json_object_set_new(o, "profit_kib",
				    json_integer(s->ksm.profit_bytes / 1024));
	json_object_set_new(o, "population_kib",
			    json_integer(kib(d, population_pages(s))));
	json_object_set_new(o, "cpu", cpu_object(d));
	json_object_set_new(o, "host", host_object(d));
	/* Without the extension there is none, and nothing is set. */
	extension_objects(d->extension, s, &shadow, &scrub);
	json_object_set_new(o, "shadow", shadow);
	json_object_set_new(o, "scrub", scrub);
	json_object_set_new(o, "events", events_object(d));
	put_int(o, "vms", s->nvms);
	json_object_set_new(o, "caps", bits(s->caps, cap_names,
					    COUNT(cap_names)));
	if (d->store)
		json_object_set_new(o, "store", store_object(d));
	if (d->conf->metrics_path && d->conf->metrics_s)
		json_object_set_new(o, "metrics", metrics_object(d));
	return o;
}

/* A VM's part of the host's saving; the parts sum up to the whole. */
static uint64_t saved_of(const struct snap *s, const struct snap_vm *vm)
{
	uint64_t all = s->ksm.pages_sharing + s->ksm.pages_shared;
	double part = all ? (double)s->ksm.pages_sharing / (double)all : 0;

	return (uint64_t)((double)vm->merging_pages * part) + vm->zero_pages;
}

static json_t *vm_object(const struct daemon *d, const struct snap_vm *vm)
{
	json_t *o = json_object();

	put_int(o, "pid", (uint64_t)vm->pid);
	json_object_set_new(o, "name", json_string(vm->name));
	json_object_set_new(o, "vmm", json_string(vm->vmm < COUNT(vmm_names) ?
			    vmm_names[vm->vmm] : "other"));
	json_object_set_new(o, "mergeable", json_boolean(vm->mergeable));
	put_int(o, "rss_kib", (uint64_t)kib(d, vm->rss_pages));
	put_int(o, "anon_kib", (uint64_t)kib(d, vm->rss_anon_pages));
	put_int(o, "shared_kib", (uint64_t)kib(d, vm->rss_shared_pages));
	if (vm->has_ksm_stat) {
		put_int(o, "merging_kib", (uint64_t)kib(d, vm->merging_pages));
		put_int(o, "zero_kib", (uint64_t)kib(d, vm->zero_pages));
		put_int(o, "tracked_kib", (uint64_t)kib(d, vm->rmap_items));
		json_object_set_new(o, "profit_kib",
				    json_integer(vm->profit_bytes / 1024));
		put_int(o, "saved_kib",
			(uint64_t)kib(d, saved_of(d->snap, vm)));
	}
	json_object_set_new(o, "why", bits(vm->why, why_names,
					   COUNT(why_names)));
	json_object_set_new(o, "weight", json_real(vm->weight_permille / 1000.0));
	json_object_set_new(o, "expect", json_real(vm->expect_permille / 1000.0));
	return o;
}

json_t *status_vms(const struct daemon *d)
{
	json_t *list = json_array();

	for (uint32_t i = 0; d->snap && i < d->snap->nvms; i++)
		json_array_append_new(list, vm_object(d, &d->snap->vms[i]));
	return json_pack("{sI so}", "sampled_ms",
			 (json_int_t)d->table_ms, "vms", list);
}

json_t *status_decisions(const struct daemon *d, unsigned int limit)
{
	json_t *list = json_array();
	uint32_t n = d->ndecisions;

	if (limit > DAEMON_DECISIONS)
		limit = DAEMON_DECISIONS;
	if (limit > n)
		limit = n;
	for (uint32_t i = n - limit; i < n; i++) {
		const struct daemon_decision *e = &d->ring[i % DAEMON_DECISIONS];

		json_array_append_new(list, json_pack(
			"{sI ss ss ss ss sI sI sI}",
			"real_ms", (json_int_t)e->real_ms,
			"law", e->law->name,
			"phase", law_phase_name(e->decision.phase),
			"reason", law_reason_name(e->decision.reason),
			"text", e->text,
			"run", (json_int_t)e->decision.run,
			"sleep_ms", (json_int_t)e->decision.sleep_ms,
			"scan_pages", (json_int_t)e->decision.scan_pages));
	}
	return json_pack("{so}", "decisions", list);
}
