// SPDX-License-Identifier: GPL-2.0
/*
 * Metrics in the text exposition format, see metrics.h.
 *
 * Every family is printed whole and once: HELP, TYPE, then its samples. All
 * numbers are integers or integers with the point shifted, so that nothing is
 * rounded and no locale's decimal comma gets in. One bad byte makes
 * node_exporter refuse the whole file: labels are escaped, and what is no
 * UTF-8 becomes "?".
 *
 * No fsync: after a crash of the machine the figures are void anyway.
 */
#include "metrics.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../policy/reason.h"
#include "../policy/snap.h"
#include "store/store.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

static void head(FILE *out, const char *name, const char *type,
		 const char *help)
{
	fprintf(out, "# HELP densityd_%s %s\n# TYPE densityd_%s %s\n", name,
		help, name, type);
}

/* @value / 10^@digits, exactly. */
static void print_value(FILE *out, uint64_t value, unsigned int digits)
{
	uint64_t unit = 1;
	unsigned int i;

	for (i = 0; i < digits; i++)
		unit *= 10;
	fprintf(out, "%" PRIu64, value / unit);
	if (digits)
		fprintf(out, ".%0*" PRIu64, (int)digits, value % unit);
	fputc('\n', out);
}

static void scaled(FILE *out, const char *name, const char *type,
		   const char *help, uint64_t value, unsigned int digits)
{
	head(out, name, type, help);
	fprintf(out, "densityd_%s ", name);
	print_value(out, value, digits);
}

static void gauge(FILE *out, const char *name, const char *help,
		  uint64_t value)
{
	scaled(out, name, "gauge", help, value, 0);
}

static void counter(FILE *out, const char *name, const char *help,
		    uint64_t value)
{
	scaled(out, name, "counter", help, value, 0);
}

/* Absurd counts of pages saturate. */
static uint64_t times(uint64_t count, uint64_t unit)
{
	uint64_t product;

	if (__builtin_mul_overflow(count, unit, &product))
		return UINT64_MAX;
	return product;
}

/* Length of the UTF-8 sequence at @s (RFC 3629), 0 when it is none. */
static size_t utf8_len(const char *s, size_t left)
{
	const unsigned char *u = (const unsigned char *)s;
	size_t len, i;

	if (u[0] < 0x80)
		return 1;
	len = u[0] >= 0xf0 ? 4 : u[0] >= 0xe0 ? 3 : 2;
	if (u[0] < 0xc2 || u[0] > 0xf4 || len > left)
		return 0;
	for (i = 1; i < len; i++)
		if ((u[i] & 0xc0) != 0x80)
			return 0;
	/* Overlong forms, surrogates, beyond U+10FFFF. */
	if ((u[0] == 0xe0 && u[1] < 0xa0) || (u[0] == 0xed && u[1] > 0x9f) ||
	    (u[0] == 0xf0 && u[1] < 0x90) || (u[0] == 0xf4 && u[1] > 0x8f))
		return 0;
	return len;
}

/* The value of a label, between its quotes; at most @size bytes are read. */
static void label(FILE *out, const char *text, size_t size)
{
	size_t left = strnlen(text, size);

	while (left) {
		size_t len = utf8_len(text, left);

		if (*text == '\n')
			fputs("\\n", out);
		else if (*text == '\\' || *text == '"')
			fprintf(out, "\\%c", *text);
		else if (!len)
			fputc('?', out);
		else
			fwrite(text, 1, len, out);
		text += len ? len : 1;
		left -= len ? len : 1;
	}
}

static void print_daemon(FILE *out, const struct metrics_input *in)
{
	head(out, "build_info", "gauge", "Version of the daemon, always 1.");
	fputs("densityd_build_info{version=\"" DENSITY_VERSION "\"} 1\n", out);
	head(out, "law_info", "gauge", "Law that decides, always 1.");
	fputs("densityd_law_info{law=\"", out);
	label(out, in->law, SIZE_MAX);
	fputs("\"} 1\n", out);
	scaled(out, "cpu_seconds_total", "counter",
	       "CPU time of the daemon itself.", in->daemon_cpu_ns, 9);
	scaled(out, "hands_off_seconds", "gauge",
	       "Time until knobs are written again, 0 when they are.",
	       in->hold_ms, 3);
	counter(out, "process_looks_total",
		"Times that the table of processes was read.", in->looks);
	scaled(out, "snapshot_timestamp_seconds", "gauge",
	       "UNIX time of the snapshot that these metrics show.",
	       in->snap->real_ms < 0 ? 0 : in->snap->real_ms, 3);
}

static void print_decision(FILE *out, const struct metrics_input *in)
{
	const struct decision *decision = in->decision;
	int phase;

	head(out, "phase", "gauge", "What the law is doing, 1 for one phase.");
	for (phase = 0; phase < LAW_PHASE_COUNT; phase++)
		fprintf(out, "densityd_phase{phase=\"%s\"} %d\n",
			law_phase_name(phase),
			phase == (int)decision->phase);
	gauge(out, "wanted_run", "Decided value of run.", decision->run);
	scaled(out, "wanted_sleep_seconds", "gauge",
	       "Decided value of sleep_millisecs.", decision->sleep_ms, 3);
	gauge(out, "wanted_pages_to_scan", "Decided value of pages_to_scan.",
	      decision->scan_pages);
	scaled(out, "ksmd_cpu_cap_ratio", "gauge",
	       "Share of one core that ksmd may take.", in->cap_permille, 3);
}

static void print_ksm_gauges(FILE *out, const struct snap *snap)
{
	const struct snap_ksm *ksm = &snap->ksm;

	gauge(out, "ksm_run", "Value of run: 0 stop, 1 merge, 2 unmerge.",
	      ksm->run);
	scaled(out, "ksm_sleep_seconds", "gauge",
	       "Value of sleep_millisecs.", ksm->sleep_ms, 3);
	gauge(out, "ksm_pages_to_scan", "Value of pages_to_scan.",
	      ksm->scan_pages);
	gauge(out, "saved_bytes", "Memory that merging saves now.",
	      times(snap_saved_pages(snap), snap->page_size));
	gauge(out, "ksm_shared_bytes", "KSM pages (pages_shared).",
	      times(ksm->pages_shared, snap->page_size));
	gauge(out, "ksm_sharing_bytes",
	      "Further mappings of KSM pages (pages_sharing).",
	      times(ksm->pages_sharing, snap->page_size));
	gauge(out, "ksm_unshared_bytes",
	      "Pages without a twin (pages_unshared).",
	      times(ksm->pages_unshared, snap->page_size));
	gauge(out, "ksm_volatile_bytes",
	      "Pages that change too fast (pages_volatile).",
	      times(ksm->pages_volatile, snap->page_size));
}

/* Memory may well be lost on balance, so that this one has a sign. */
static void print_profit(FILE *out, const struct snap *snap)
{
	head(out, "ksm_profit_bytes", "gauge",
	     "Saved memory less what ksmd's own records take.");
	fprintf(out, "densityd_ksm_profit_bytes %" PRId64 "\n",
		snap->ksm.profit_bytes);
}

/* What finding pages costs and yields, on a kernel with our patches. */
static void print_counts(FILE *out, const struct snap_ksm *ksm)
{
	counter(out, "ksm_tree_steps_total",
		"Nodes visited in the stable and the unstable tree.",
		ksm->tree_steps);
	counter(out, "ksm_compares_total", "Comparisons of two pages.",
		ksm->compares);
	counter(out, "ksm_compared_bytes_total",
		"Bytes of each page that these looked at.",
		ksm->bytes_compared);
	counter(out, "ksm_lookahead_tries_total",
		"Pages that lookahead proposed.", ksm->lookahead_tries);
	counter(out, "ksm_lookahead_merges_total",
		"Pages merged because of that.", ksm->lookahead_hits);
	counter(out, "ksm_index_tries_total",
		"Pages that the checksum index proposed.", ksm->index_tries);
	counter(out, "ksm_index_merges_total", "Pages merged because of that.",
		ksm->index_hits);
	counter(out, "ksm_index_spared_searches_total",
		"Searches spared because no page has that checksum.",
		ksm->index_skips);
	counter(out, "ksm_first_sight_merges_total",
		"Pages merged the first time that their content was seen.",
		ksm->first_sight_merges);
	gauge(out, "ksm_index_bytes", "Memory that the index takes.",
	      ksm->index_bytes);
}

static void print_ksm(FILE *out, const struct snap *snap)
{
	const struct snap_ksm *ksm = &snap->ksm;

	print_ksm_gauges(out, snap);
	if (snap_has(snap, SNAP_CAP_ZERO))
		gauge(out, "ksm_zero_bytes",
		      "Pages replaced by the zero page (ksm_zero_pages).",
		      times(ksm->zero_pages, snap->page_size));
	if (snap_has(snap, SNAP_CAP_PROFIT))
		print_profit(out, snap);
	counter(out, "ksm_scanned_pages_total", "Pages that ksmd scanned.",
		ksm->pages_scanned);
	if (snap_has(snap, SNAP_CAP_SKIPPED))
		counter(out, "ksm_skipped_pages_total",
			"Pages that smart_scan skipped.", ksm->pages_skipped);
	counter(out, "ksm_full_scans_total", "Passes over all memory.",
		ksm->full_scans);
	if (snap_has(snap, SNAP_CAP_COUNTS))
		print_counts(out, ksm);
}

static void print_psi(FILE *out, const struct snap *snap)
{
	const struct snap_host *host = &snap->host;

	if (snap_has(snap, SNAP_CAP_PSI_CPU))
		scaled(out, "host_cpu_stall_seconds_total", "counter",
		       "Time that some task waited for a CPU (PSI).",
		       host->psi_cpu.some_total_us, 6);
	if (snap_has(snap, SNAP_CAP_PSI_MEM))
		scaled(out, "host_memory_stall_seconds_total", "counter",
		       "Time that some task waited for memory (PSI).",
		       host->psi_mem.some_total_us, 6);
}

static void print_host(FILE *out, const struct snap *snap)
{
	const struct snap_host *host = &snap->host;

	if (snap_has(snap, SNAP_CAP_KSMD_CPU))
		scaled(out, "ksmd_cpu_seconds_total", "counter",
		       "CPU time of ksmd.", snap->ksm.ksmd_cpu_ns, 9);
	if (snap_has(snap, SNAP_CAP_COW))
		counter(out, "ksm_copied_pages_total",
			"Merged pages copied on write (cow_ksm).",
			host->cow_ksm);
	if (snap_has(snap, SNAP_CAP_MEMINFO)) {
		gauge(out, "host_memory_total_bytes", "MemTotal.",
		      times(host->mem_total_kib, 1024));
		gauge(out, "host_memory_available_bytes", "MemAvailable.",
		      times(host->mem_available_kib, 1024));
	}
	print_psi(out, snap);
}

static void print_store(FILE *out, const struct store_health *store)
{
	static const struct {
		enum store_state state;
		const char *name;
	} states[] = {
		{ STORE_OK, "ok" },
		{ STORE_DEGRADED, "degraded" },
		{ STORE_OFF, "off" },
	};
	unsigned int i;

	if (!store)
		return;
	head(out, "history_state", "gauge",
	     "State of the history, 1 for one state.");
	for (i = 0; i < ARRAY_SIZE(states); i++)
		fprintf(out, "densityd_history_state{state=\"%s\"} %d\n",
			states[i].name, store->state == states[i].state);
	counter(out, "history_rows_written_total",
		"Rows written to the history.", store->rows_written);
	counter(out, "history_rows_lost_total",
		"Rows that the history could not take.", store->rows_lost);
	gauge(out, "history_file_bytes", "Size of the history.",
	      store->file_bytes);
}

/* One sample of a VM's family, up to its value. */
static void vm_series(FILE *out, const char *name, const struct snap_vm *vm)
{
	fprintf(out, "densityd_%s{vm=\"", name);
	label(out, vm->name, sizeof(vm->name));
	fprintf(out, "\",pid=\"%" PRId32 "\"} ", vm->pid);
}

/* Every member of snap_vm that counts pages is a family of its own. */
static const struct vm_family {
	const char *name;
	const char *help;
	size_t offset;
	bool from_ksm_stat;
} vm_families[] = {
	{ "vm_resident_bytes", "Resident memory of the VM's process.",
	  offsetof(struct snap_vm, rss_pages), false },
	{ "vm_resident_anon_bytes", "The anonymous part of it.",
	  offsetof(struct snap_vm, rss_anon_pages), false },
	{ "vm_resident_shared_bytes",
	  "The file and shmem part of it, which cannot merge.",
	  offsetof(struct snap_vm, rss_shared_pages), false },
	{ "vm_merging_bytes",
	  "Memory that maps KSM pages (ksm_merging_pages).",
	  offsetof(struct snap_vm, merging_pages), true },
	{ "vm_zero_bytes",
	  "Memory that maps the zero page instead (ksm_zero_pages).",
	  offsetof(struct snap_vm, zero_pages), true },
	{ "vm_tracked_bytes", "Memory that ksmd keeps records of.",
	  offsetof(struct snap_vm, rmap_items), true },
};

static void print_vm_family(FILE *out, const struct snap *snap,
			    const struct vm_family *family)
{
	uint32_t i;

	head(out, family->name, "gauge", family->help);
	for (i = 0; i < snap->nvms; i++) {
		const struct snap_vm *vm = &snap->vms[i];
		uint64_t pages;

		if (family->from_ksm_stat && !vm->has_ksm_stat)
			continue;
		memcpy(&pages, (const char *)vm + family->offset,
		       sizeof(pages));
		vm_series(out, family->name, vm);
		print_value(out, times(pages, snap->page_size), 0);
	}
}

static void print_vms(FILE *out, const struct snap *snap)
{
	unsigned int i;

	gauge(out, "vms", "VMs and other processes with mergeable memory.",
	      snap->nvms);
	if (!snap->nvms)
		return;
	for (i = 0; i < ARRAY_SIZE(vm_families); i++)
		print_vm_family(out, snap, &vm_families[i]);
	head(out, "vm_profit_bytes", "gauge",
	     "The VM's saved memory less ksmd's records of it.");
	for (i = 0; i < snap->nvms; i++) {
		if (!snap->vms[i].has_ksm_stat)
			continue;
		vm_series(out, "vm_profit_bytes", &snap->vms[i]);
		fprintf(out, "%" PRId64 "\n", snap->vms[i].profit_bytes);
	}
	head(out, "vm_mergeable", "gauge",
	     "1 when some of the VM's memory may merge.");
	for (i = 0; i < snap->nvms; i++) {
		vm_series(out, "vm_mergeable", &snap->vms[i]);
		print_value(out, snap->vms[i].mergeable, 0);
	}
}

static const char *name_of(const struct snap *snap, int32_t pid)
{
	for (uint32_t i = 0; i < snap->nvms; i++)
		if (snap->vms[i].pid == pid)
			return snap->vms[i].name;
	return "";
}

static void shadow_series(FILE *out, const char *name, const struct snap *snap,
			  const struct snap_shadow *vm, uint64_t value)
{
	fprintf(out, "densityd_%s{vm=\"", name);
	label(out, name_of(snap, vm->pid), SNAP_NAME_LEN);
	fprintf(out, "\",pid=\"%" PRId32 "\",id=\"%" PRIu64 "\"} ", vm->pid,
		vm->id);
	print_value(out, value, 0);
}

/* VMs of KVM, by the kernel extension. */
static void print_shadows(FILE *out, const struct snap *snap)
{
	uint32_t i;

	head(out, "shadow_pages", "gauge", "Shadow pages of a VM.");
	for (i = 0; i < snap->nshadows; i++)
		shadow_series(out, "shadow_pages", snap, &snap->shadows[i],
			      snap->shadows[i].pages);
	head(out, "shadow_limit_pages", "gauge", "How many it may have.");
	for (i = 0; i < snap->nshadows; i++)
		shadow_series(out, "shadow_limit_pages", snap,
			      &snap->shadows[i], snap->shadows[i].limit);
	head(out, "shadow_evictions_total", "counter",
	     "Shadow pages evicted for want of room.");
	for (i = 0; i < snap->nshadows; i++)
		shadow_series(out, "shadow_evictions_total", snap,
			      &snap->shadows[i], snap->shadows[i].evictions);
	head(out, "shadow_refaults_total", "counter",
	     "Evicted shadow pages that were needed again.");
	for (i = 0; i < snap->nshadows; i++)
		shadow_series(out, "shadow_refaults_total", snap,
			      &snap->shadows[i], snap->shadows[i].refaults);
}

static void print_scrub(FILE *out, const struct snap_scrub *scrub)
{
	gauge(out, "scrub_enabled",
	      "1 when the scrubber of the page cache is on.", scrub->enabled);
	counter(out, "scrub_looked_pages_total",
		"Pages of the cache that it looked at.", scrub->looked);
	counter(out, "scrub_dropped_pages_total",
		"Pages of these that guests hold too, and that it dropped.",
		scrub->dropped);
	counter(out, "scrub_reread_pages_total",
		"Dropped pages that were read from disk again.",
		scrub->reread);
}

void metrics_print(FILE *out, const struct metrics_input *input)
{
	print_daemon(out, input);
	print_decision(out, input);
	if (snap_has(input->snap, SNAP_CAP_KSM))
		print_ksm(out, input->snap);
	print_host(out, input->snap);
	print_store(out, input->store);
	print_vms(out, input->snap);
	if (snap_has(input->snap, SNAP_CAP_SHADOW))
		print_shadows(out, input->snap);
	if (snap_has(input->snap, SNAP_CAP_SCRUB))
		print_scrub(out, &input->snap->scrub);
}

/*
 * A leftover of a killed run goes first; O_EXCL then keeps the daemon from
 * writing through a link, should others be able to write to the directory.
 */
static int create(const char *path, FILE **ret_file)
{
	FILE *file;
	int fd, r;

	if (unlink(path) < 0 && errno != ENOENT)
		return -errno;
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
		  0644);
	if (fd < 0)
		return -errno;
	/* Whatever the umask: node_exporter is another user. */
	file = fchmod(fd, 0644) < 0 ? NULL : fdopen(fd, "w");
	if (!file) {
		r = -errno;
		close(fd);
		unlink(path);
		return r;
	}
	*ret_file = file;
	return 0;
}

/* Closes @file. */
static int finish(FILE *file)
{
	int r = 0;

	if (fflush(file) == EOF)
		r = -errno;
	else if (ferror(file))
		r = -EIO;
	if (fclose(file) == EOF && r == 0)
		r = -errno;
	return r;
}

int metrics_write(const char *path, const struct metrics_input *input)
{
	char *tmp;
	FILE *file = NULL;
	int r;

	if (asprintf(&tmp, "%s.tmp", path) < 0)
		return -ENOMEM;
	r = create(tmp, &file);
	if (r < 0)
		goto out;
	metrics_print(file, input);
	r = finish(file);
	if (r == 0 && rename(tmp, path) < 0)
		r = -errno;
	if (r < 0)
		unlink(tmp);
out:
	free(tmp);
	return r;
}
