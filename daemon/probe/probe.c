// SPDX-License-Identifier: GPL-2.0
/*
 * Taking a snapshot: counters at every call, the table of processes and what
 * else changes slowly when the schedule says so.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "../../policy/stale.h"
#include "file.h"
#include "../ext_client.h"
#include "probe.h"
#include "schedule.h"
#include "scrub.h"
#include "shadow.h"
#include "sources.h"
#include "table.h"

#define NS_PER_S 1000000000ull
/* A walk brings along what hardly ever changes, but not every walk. */
#define SLOW_AGE_NS (55 * NS_PER_S)
/* The kernel renews its averages of pressure every two seconds. */
#define PSI_AGE_NS (NS_PER_S * 19 / 10)
/* meminfo is read again when so much memory moved, and so often anyway. */
#define MEMINFO_STEP_KIB 1024
#define MEMINFO_AGE_NS (10 * NS_PER_S)
/* Ticks; nobody is in a hurry to see a knob that turns nothing just now. */
#define KNOBS_EVERY 5
/* ksmd's counters are read so often even when it does not seem to run. */
#define COUNTERS_AGE_NS (10 * NS_PER_S)

struct probe {
	int root_fd;
	uint64_t looks;
	uint32_t slow_caps;		/* of what take_slow() read */
	uint64_t slow_ns;		/* and when */
	int32_t ksmd_pid;		/* whose schedstat is open */
	uint64_t counted_ns;		/* when all of ksm's counters were read */
	uint64_t counted_cpu_ns;	/* ksmd's CPU just before, */
	bool counted_cpu;		/* when it was known */
	uint64_t meminfo_ns;		/* when meminfo was read, 0: never, */
	uint64_t free_pages;		/* and what vmstat said then */
	uint64_t anon_pages;
	uint32_t meminfo_caps;
	uint64_t thp_kib;		/* in huge pages; UINT64_MAX: unknown */
	uint64_t psi_ns;
	uint32_t psi_caps;
	char schedstat_path[64];
	struct probe_ksm *ksm;
	struct probe_table *table;
	struct probe_shadow *shadow;	/* NULL: a copied host has none */
	struct ext_client extension;
	uint64_t extension_ns;		/* when it was looked for, 0: never */
	uint32_t extension_caps;
	struct probe_schedule schedule;
	struct stale stale;
	struct probe_file vmstat;
	struct probe_file meminfo;
	struct probe_file psi_cpu;
	struct probe_file psi_mem;
	struct probe_file schedstat;
	struct snap snap;
	char buf[PROBE_BUF_SIZE];
};

int probe_open(const char *root, struct probe **ret_probe)
{
	struct probe *probe = calloc(1, sizeof(*probe));
	int ret = -ENOMEM;

	if (!probe)
		return -ENOMEM;
	probe->vmstat = (struct probe_file)PROBE_FILE("proc/vmstat");
	probe->vmstat.last = PROBE_VMSTAT_LAST;
	probe->meminfo = (struct probe_file)PROBE_FILE("proc/meminfo");
	probe->psi_cpu = (struct probe_file)PROBE_FILE("proc/pressure/cpu");
	probe->psi_mem = (struct probe_file)PROBE_FILE("proc/pressure/memory");
	probe->schedstat = (struct probe_file)PROBE_FILE(probe->schedstat_path);
	probe->schedule.age_ms = SCHEDULE_AGE_DEFAULT_MS;
	probe->snap.page_size = (uint32_t)sysconf(_SC_PAGESIZE);
	probe->root_fd = open(*root ? root : "/",
			      O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (probe->root_fd < 0) {
		ret = errno == ENOMEM ? -ENOMEM : -ENOTDIR;
		goto err_free;
	}
	probe->ksm = probe_ksm_new();
	if (!probe->ksm)
		goto err_root;
	probe->table = probe_table_new(probe->root_fd, probe->buf);
	if (!probe->table)
		goto err_ksm;
	if (!*root || !strcmp(root, "/")) {
		probe->shadow = probe_shadow_new(probe->root_fd);
		if (!probe->shadow)
			goto err_table;
	}
	*ret_probe = probe;
	return 0;

err_table:
	probe_table_free(probe->table);
err_ksm:
	probe_ksm_free(probe->ksm);
err_root:
	close(probe->root_fd);
err_free:
	free(probe);
	return ret;
}

void probe_close(struct probe *probe)
{
	if (!probe)
		return;
	probe_file_close(&probe->vmstat);
	probe_file_close(&probe->meminfo);
	probe_file_close(&probe->psi_cpu);
	probe_file_close(&probe->psi_mem);
	probe_file_close(&probe->schedstat);
	ext_client_disconnect(&probe->extension);
	probe_shadow_free(probe->shadow);
	probe_table_free(probe->table);
	probe_ksm_free(probe->ksm);
	close(probe->root_fd);
	free(probe);
}

int probe_set_rules(struct probe *probe, const struct probe_vm_rule *rules,
		    unsigned int nrules)
{
	int ret = probe_table_set_rules(probe->table, rules, nrules);

	if (!ret)
		probe->snap.vms = probe_table_vms(probe->table,
						  &probe->snap.nvms);
	return ret;
}

void probe_set_table_age(struct probe *probe, uint32_t age_ms)
{
	probe->schedule.age_ms = age_ms;
}

static uint64_t clock_ns(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (uint64_t)now.tv_sec * NS_PER_S + (uint64_t)now.tv_nsec;
}

static struct probe_text read_text(struct probe *probe,
				   struct probe_file *file)
{
	long len = probe_file_read(probe->root_fd, file, probe->buf,
				   sizeof(probe->buf));

	return probe_text_of(probe->buf, len > 0 ? (size_t)len : 0);
}

static uint32_t take_psi(struct probe *probe, struct probe_file *file,
			 uint32_t cap, struct snap_psi *psi)
{
	*psi = (struct snap_psi){ 0 };
	return probe_psi_parse(read_text(probe, file), psi) ? cap : 0;
}

/* False, and 0, when it is not known. */
static bool take_ksmd(struct probe *probe, uint64_t *ret_cpu_ns)
{
	int32_t pid = probe_table_ksmd(probe->table);

	if (pid != probe->ksmd_pid) {
		probe_file_close(&probe->schedstat);
		snprintf(probe->schedstat_path, sizeof(probe->schedstat_path),
			 "proc/%d/schedstat", pid);
		probe->ksmd_pid = pid;
	}
	*ret_cpu_ns = 0;
	return pid && probe_schedstat_parse(read_text(probe, &probe->schedstat),
					    ret_cpu_ns);
}

/*
 * @cpu_ns was read before, if @has_cpu: what ksmd does from then on shows in
 * the next one.
 */
static uint32_t take_ksm(struct probe *probe, bool has_cpu, uint64_t cpu_ns,
			 bool look)
{
	struct snap *snap = &probe->snap;

	if (!look && has_cpu && probe->counted_cpu &&
	    cpu_ns == probe->counted_cpu_ns &&
	    snap->mono_ns - probe->counted_ns < COUNTERS_AGE_NS)
		return probe_ksm_read_resting(probe->ksm, probe->root_fd,
					      snap->seq % KNOBS_EVERY == 0,
					      &snap->ksm);
	probe->counted_ns = snap->mono_ns;
	probe->counted_cpu = has_cpu;
	probe->counted_cpu_ns = cpu_ns;
	return probe_ksm_read(probe->ksm, probe->root_fd, &snap->ksm);
}

static bool is_near(const struct snap *snap, uint64_t a_pages, uint64_t b_pages)
{
	uint64_t gap = a_pages > b_pages ? a_pages - b_pages : b_pages - a_pages;

	return gap * (snap->page_size / 1024) < MEMINFO_STEP_KIB;
}

/*
 * While free and anonymous memory stay, what else there is only changes its
 * use, and meminfo as it was is near enough.
 */
static void take_meminfo(struct probe *probe, bool has_free,
			 uint64_t free_pages)
{
	struct snap *snap = &probe->snap;
	struct probe_text text;

	if (has_free && probe->meminfo_ns &&
	    is_near(snap, free_pages, probe->free_pages) &&
	    is_near(snap, snap->host.anon_pages, probe->anon_pages) &&
	    snap->mono_ns - probe->meminfo_ns < MEMINFO_AGE_NS)
		return;
	probe->meminfo_ns = snap->mono_ns;
	probe->free_pages = free_pages;
	probe->anon_pages = snap->host.anon_pages;
	text = read_text(probe, &probe->meminfo);
	probe->meminfo_caps = probe_meminfo_parse(text, &snap->host);
	probe->thp_kib = probe_meminfo_thp_kib(text);
}

static void take_pressure(struct probe *probe)
{
	struct snap *snap = &probe->snap;

	if (probe->psi_ns && snap->mono_ns - probe->psi_ns < PSI_AGE_NS)
		return;
	probe->psi_ns = snap->mono_ns;
	probe->psi_caps = take_psi(probe, &probe->psi_cpu, SNAP_CAP_PSI_CPU,
				   &snap->host.psi_cpu) |
			  take_psi(probe, &probe->psi_mem, SNAP_CAP_PSI_MEM,
				   &snap->host.psi_mem);
}

static uint32_t take_counters(struct probe *probe)
{
	struct probe_text vmstat = read_text(probe, &probe->vmstat);
	uint32_t caps = probe_vmstat_parse(vmstat, &probe->snap.host);
	uint64_t free_pages = 0;
	bool has_free = probe_vmstat_free(vmstat, &free_pages);

	take_meminfo(probe, has_free, free_pages);
	take_pressure(probe);
	return caps | probe->meminfo_caps | probe->psi_caps;
}

static void take_slow(struct probe *probe)
{
	struct snap *snap = &probe->snap;

	probe->slow_ns = snap->mono_ns;
	probe->slow_caps = probe_numa_read(probe->root_fd, &snap->host);
	if (snap_has(snap, SNAP_CAP_KSM))
		probe_ksm_read_seldom(probe->ksm, probe->root_fd, &snap->ksm);
}

static void walk(struct probe *probe, enum probe_walk_kind kind)
{
	struct snap *snap = &probe->snap;

	probe->looks++;
	if (!probe_table_walk(probe->table, snap->mono_ns, kind,
			      probe->thp_kib))
		return;
	snap->vms = probe_table_vms(probe->table, &snap->nvms);
	snap->vms_seq = snap->seq;
}

static void take_table(struct probe *probe, enum probe_ask ask)
{
	struct snap *snap = &probe->snap;
	uint64_t start_ns = clock_ns(CLOCK_THREAD_CPUTIME_ID);

	walk(probe, ask == PROBE_ASK_OWNERS ? PROBE_WALK_OWNERS :
		    ask != PROBE_ASK_ALL &&
		    probe_schedule_rests(&probe->schedule, snap) ?
			    PROBE_WALK_RESTING : PROBE_WALK_ALL);
	if (probe->looks == 1 ||
	    snap->mono_ns - probe->slow_ns >= SLOW_AGE_NS)
		take_slow(probe);
	probe_schedule_walked(&probe->schedule, snap,
			      clock_ns(CLOCK_THREAD_CPUTIME_ID) - start_ns);
}

uint64_t probe_now_ns(void)
{
	return clock_ns(CLOCK_BOOTTIME);
}

static void take_time(struct snap *snap)
{
	snap->mono_ns = probe_now_ns();
	snap->real_ms = (int64_t)(clock_ns(CLOCK_REALTIME) / 1000000);
}

const struct snap *probe_take(struct probe *probe, enum probe_ask ask)
{
	struct snap *snap = &probe->snap;
	uint64_t cpu_ns;
	bool has_cpu = take_ksmd(probe, &cpu_ns);
	bool all = ask == PROBE_ASK_ALL || ask == PROBE_ASK_OWNERS;

	snap->seq++;
	take_time(snap);
	snap->caps = take_ksm(probe, has_cpu, cpu_ns, all);
	snap->caps |= take_counters(probe);
	stale_update(&probe->stale, snap);
	if (all || probe_schedule_due(&probe->schedule, snap))
		take_table(probe, ask);
	else if (ask == PROBE_ASK_KNOWN)
		walk(probe, PROBE_WALK_KNOWN);
	/* The table may have found it, or lost it. */
	if (probe_table_ksmd(probe->table) != probe->ksmd_pid)
		has_cpu = take_ksmd(probe, &cpu_ns);
	snap->ksm.ksmd_cpu_ns = cpu_ns;
	snap->caps |= probe->slow_caps | probe->extension_caps |
		      probe_table_caps(probe->table);
	if (has_cpu)
		snap->caps |= SNAP_CAP_KSMD_CPU;
	return snap;
}

const struct snap *probe_follow(struct probe *probe)
{
	struct snap *snap = &probe->snap;
	uint64_t cpu_ns;

	if (!snap_has(snap, SNAP_CAP_KSM | SNAP_CAP_KSMD_CPU) ||
	    !take_ksmd(probe, &cpu_ns) ||
	    !probe_ksm_read_progress(probe->ksm, probe->root_fd, &snap->ksm)) {
		probe->counted_cpu = false;
		return probe_take(probe, PROBE_ASK_WHEN_DUE);
	}
	snap->seq++;
	take_time(snap);
	snap->ksm.ksmd_cpu_ns = cpu_ns;
	return snap;
}

bool probe_glance(struct probe *probe, unsigned int *ret_count)
{
	return probe_table_glance(probe->table, probe_now_ns(), ret_count);
}

static bool find_extension(struct probe *probe, uint64_t now_ns)
{
	if (probe->extension.connected)
		return true;
	if (!probe->shadow ||
	    (probe->extension_ns && now_ns - probe->extension_ns <
	     PROBE_EXTENSION_RETRY_S * NS_PER_S))
		return false;
	probe->extension_ns = now_ns;
	return !ext_client_connect(&probe->extension);
}

bool probe_extension(struct probe *probe)
{
	const uint32_t all = SNAP_CAP_SHADOW | SNAP_CAP_SCRUB;
	struct client *client = &probe->extension.client;
	struct snap *snap = &probe->snap;
	uint32_t caps = 0;

	if (find_extension(probe, snap->mono_ns)) {
		if (!probe_shadow_read(probe->shadow, client, snap))
			ext_client_disconnect(&probe->extension);
		else if (!probe_scrub_read(client, &snap->scrub))
			caps = SNAP_CAP_SHADOW;
		else
			caps = all;
	}
	probe->extension_caps = caps;
	snap->caps = (snap->caps & ~all) | caps;
	if (!caps)
		snap->nshadows = 0;
	return caps;
}

int probe_extension_family(const struct probe *probe)
{
	return probe->extension.connected ? probe->extension.client.family : 0;
}

uint64_t probe_looks(const struct probe *probe)
{
	return probe->looks;
}

const char *probe_rival(const struct probe *probe)
{
	return probe_table_rival(probe->table);
}
