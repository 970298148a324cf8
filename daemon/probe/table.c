// SPDX-License-Identifier: GPL-2.0
/*
 * The table of processes. See table.h.
 *
 * Two arrays of members ordered by pid: a walk merges the listing of /proc
 * with the old array into the new one and swaps them, so every pid costs one
 * comparison and nothing is searched.
 */
#include <errno.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "file.h"
#include "kvm.h"
#include "member.h"
#include "pids.h"
#include "table.h"

#define WEIGHT_DEFAULT_PERMILLE 1000
#define EXPECT_DEFAULT_PERMILLE 1000
#define NS_PER_S 1000000000ull

struct members {
	struct probe_member *member;
	unsigned int count;
	unsigned int room;
};

struct probe_table {
	int root_fd;
	char *buf;
	bool started;
	struct probe_ration ration;
	struct probe_file loadavg;
	int32_t last_pid;		/* given out before the last listing, */
	uint64_t listed_ns;		/* which was then */
	struct probe_pids processes;	/* listed by this walk */
	struct probe_pids known;	/* refreshed by the last one */
	struct probe_pids owners;	/* of VMs, by KVM */
	struct members now;
	struct members next;
	struct snap_vm *vms;
	unsigned int nvms;
	unsigned int vms_room;
	struct probe_vm_rule *rules;
	unsigned int nrules;
	uint32_t caps;
	int32_t ksmd_pid;
	const char *rival;
};

struct probe_table *probe_table_new(int root_fd, char *buf)
{
	struct probe_table *table = calloc(1, sizeof(*table));

	if (!table)
		return NULL;
	table->root_fd = root_fd;
	table->buf = buf;
	table->loadavg = (struct probe_file)PROBE_FILE("proc/loadavg");
	return table;
}

static void free_rules(struct probe_vm_rule *rules, unsigned int nrules)
{
	unsigned int i;

	for (i = 0; i < nrules; i++)
		free((char *)rules[i].glob);
	free(rules);
}

void probe_table_free(struct probe_table *table)
{
	unsigned int i;

	if (!table)
		return;
	for (i = 0; i < table->now.count; i++)
		probe_member_clear(&table->now.member[i]);
	probe_file_close(&table->loadavg);
	free(table->now.member);
	free(table->next.member);
	free(table->vms);
	free_rules(table->rules, table->nrules);
	probe_pids_free(&table->processes);
	probe_pids_free(&table->known);
	probe_pids_free(&table->owners);
	free(table);
}

static void apply_rules(const struct probe_table *table, struct snap_vm *vm)
{
	unsigned int i;

	vm->weight_permille = WEIGHT_DEFAULT_PERMILLE;
	vm->expect_permille = EXPECT_DEFAULT_PERMILLE;
	for (i = 0; i < table->nrules; i++) {
		if (fnmatch(table->rules[i].glob, vm->name, 0))
			continue;
		vm->weight_permille = table->rules[i].weight_permille;
		vm->expect_permille = table->rules[i].expect_permille;
		break;
	}
}

/* Copy the tracked members out; those without weights get them first. */
static void assemble(struct probe_table *table)
{
	unsigned int i;

	table->nvms = 0;
	for (i = 0; i < table->now.count; i++) {
		struct snap_vm *vm = table->now.member[i].vm;

		if (!vm || table->nvms == table->vms_room)
			continue;
		if (vm->weight_permille == UINT32_MAX)
			apply_rules(table, vm);
		vm->why &= ~(uint32_t)SNAP_WHY_OPTED_OUT;
		if (vm->weight_permille == 0)
			vm->why |= SNAP_WHY_OPTED_OUT;
		table->vms[table->nvms++] = *vm;
	}
}

int probe_table_set_rules(struct probe_table *table,
			  const struct probe_vm_rule *rules,
			  unsigned int nrules)
{
	struct probe_vm_rule *copy = NULL;
	unsigned int i;

	if (nrules) {
		copy = calloc(nrules, sizeof(*copy));
		if (!copy)
			return -ENOMEM;
	}
	for (i = 0; i < nrules; i++) {
		copy[i] = rules[i];
		copy[i].glob = strdup(rules[i].glob);
		if (!copy[i].glob) {
			free_rules(copy, i);
			return -ENOMEM;
		}
	}
	free_rules(table->rules, table->nrules);
	table->rules = copy;
	table->nrules = nrules;
	for (i = 0; i < table->now.count; i++)
		if (table->now.member[i].vm)
			apply_rules(table, table->now.member[i].vm);
	assemble(table);
	return 0;
}

static bool has_room(void **array, unsigned int *room, unsigned int want,
		     size_t size)
{
	void *grown;

	if (want <= *room)
		return true;
	want += want / 2;
	grown = reallocarray(*array, want, size);
	if (!grown)
		return false;
	*array = grown;
	*room = want;
	return true;
}

static void add_process(void *arg, const char *name)
{
	int32_t pid;

	if (probe_name_to_id(name, '\0', &pid) && pid > 0)
		probe_pids_add(arg, pid);
}

/* The pid that was given out last, the fifth word of loadavg; 0: not told. */
static int32_t read_last_pid(struct probe_table *table)
{
	long len = probe_file_read(table->root_fd, &table->loadavg, table->buf,
				   PROBE_BUF_SIZE);
	struct probe_text text, word;
	unsigned int words = 5;
	uint64_t pid;

	text = probe_text_of(table->buf, len > 0 ? (size_t)len : 0);
	while (--words)
		if (!probe_text_word(&text, &word))
			return 0;
	return probe_text_only_u64(text, &pid) && pid <= INT32_MAX ?
		       (int32_t)pid : 0;
}

/* Are those who were there all that a listing would show? */
static bool are_known(const struct probe_table *table, int32_t last_pid,
		      uint64_t now_ns, bool quiet)
{
	return table->listed_ns && last_pid &&
	       now_ns - table->listed_ns < TABLE_LISTING_S * NS_PER_S &&
	       (quiet || last_pid == table->last_pid);
}

static void list_owners(struct probe_table *table)
{
	table->caps &= ~(uint32_t)SNAP_CAP_KVM;
	if (probe_kvm_read(table->root_fd, &table->known, &table->owners))
		table->caps |= SNAP_CAP_KVM;
}

/* False when the host cannot be listed: then the old table stands. */
static bool list(struct probe_table *table)
{
	int r;

	probe_pids_clear(&table->processes);
	r = probe_dir_each(table->root_fd, "proc", add_process,
			   &table->processes);
	/* A root without /proc has no processes; that is an answer. */
	if ((r && r != -ENOENT) || table->processes.failed)
		return false;
	probe_pids_sort(&table->processes);
	list_owners(table);
	return true;
}

/* Whom to refresh: what is listed, or those who were there the last time. */
static bool choose(struct probe_table *table, uint64_t now_ns,
		   enum probe_walk_kind kind)
{
	int32_t last_pid = read_last_pid(table);
	struct probe_pids swap;

	if (are_known(table, last_pid, now_ns, kind == PROBE_WALK_RESTING)) {
		if (kind == PROBE_WALK_OWNERS)
			list_owners(table);
		swap = table->processes;
		table->processes = table->known;
		table->known = swap;
		return true;
	}
	if (!list(table))
		return false;
	table->last_pid = last_pid;
	table->listed_ns = now_ns;
	return true;
}

static void note(struct probe_table *table, const struct probe_member *member)
{
	probe_pids_add(&table->known, member->pid);
	if (member->is_ksmd)
		table->ksmd_pid = member->pid;
	if (!table->rival)
		table->rival = probe_member_rival(member);
}

/* Refresh each listed process into the next array; drop the others. */
static void merge(struct probe_table *table, struct probe_walk *walk)
{
	struct members *now = &table->now, *next = &table->next;
	unsigned int old = 0;
	unsigned int i;

	probe_pids_clear(&table->known);
	next->count = 0;
	for (i = 0; i < table->processes.count; i++) {
		int32_t pid = table->processes.pid[i];
		struct probe_member *member = &next->member[next->count];

		while (old < now->count && now->member[old].pid < pid)
			probe_member_clear(&now->member[old++]);
		if (old < now->count && now->member[old].pid == pid)
			*member = now->member[old++];
		else
			*member = (struct probe_member){ .pid = pid };
		walk->owns_kvm = probe_pids_has(&table->owners, pid);
		if (probe_member_refresh(member, walk)) {
			note(table, member);
			next->count++;
		} else {
			probe_member_clear(member);
		}
	}
	while (old < now->count)
		probe_member_clear(&now->member[old++]);
}

static unsigned int count_tracked(const struct members *members)
{
	unsigned int tracked = 0;
	unsigned int i;

	for (i = 0; i < members->count; i++)
		tracked += members->member[i].vm ? 1 : 0;
	return tracked;
}

bool probe_table_walk(struct probe_table *table, uint64_t now_ns,
		      enum probe_walk_kind kind, uint64_t thp_kib)
{
	struct probe_walk walk = {
		.root_fd = table->root_fd,
		.buf = table->buf,
		.now_ns = now_ns,
		.page_size = (uint32_t)sysconf(_SC_PAGESIZE),
		.ration = &table->ration,
		.first = !table->started,
		.quiet = kind == PROBE_WALK_RESTING || kind == PROBE_WALK_KNOWN,
		.thp_kib = thp_kib,
	};
	struct members swap;

	if (!table->started)
		probe_ration_init(&table->ration, now_ns);
	table->started = true;
	if (!choose(table, now_ns, kind) ||
	    !has_room((void **)&table->next.member, &table->next.room,
		      table->processes.count, sizeof(struct probe_member)))
		return false;
	table->ksmd_pid = 0;
	table->rival = NULL;
	merge(table, &walk);
	if (walk.first)
		probe_ration_begun(&table->ration);
	swap = table->now;
	table->now = table->next;
	table->next = swap;
	table->next.count = 0;
	/* Seldom asked processes must not make the capability flicker. */
	if (walk.saw_ksm_stat)
		table->caps |= SNAP_CAP_KSM_STAT;
	has_room((void **)&table->vms, &table->vms_room,
		 count_tracked(&table->now), sizeof(*table->vms));
	assemble(table);
	return true;
}

bool probe_table_glance(struct probe_table *table, uint64_t now_ns,
			unsigned int *ret_count)
{
	const struct probe_walk walk = {
		.root_fd = table->root_fd, .buf = table->buf,
		.now_ns = now_ns,
	};
	bool moved = false;
	unsigned int i;

	*ret_count = 0;
	for (i = 0; i < table->now.count; i++) {
		struct probe_member *member = &table->now.member[i];

		if (!member->vm || now_ns >= member->young_until_ns)
			continue;
		++*ret_count;
		moved = moved || probe_member_moved(member, &walk);
	}
	return moved;
}

const struct snap_vm *probe_table_vms(const struct probe_table *table,
				      uint32_t *ret_nvms)
{
	*ret_nvms = table->nvms;
	return table->vms;
}

uint32_t probe_table_caps(const struct probe_table *table)
{
	return table->caps;
}

int32_t probe_table_ksmd(const struct probe_table *table)
{
	return table->ksmd_pid;
}

const char *probe_table_rival(const struct probe_table *table)
{
	return table->rival;
}
