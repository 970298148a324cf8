// SPDX-License-Identifier: GPL-2.0
/* One process of the table, and how a walk refreshes it. See member.h. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "file.h"
#include "identify.h"
#include "member.h"
#include "table.h"

#define NS_PER_S 1000000000ull

static uint64_t thread_cpu_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return (uint64_t)now.tv_sec * NS_PER_S + (uint64_t)now.tv_nsec;
}

static long read_file(const struct probe_walk *walk, int32_t pid,
		      const char *file, struct probe_text *ret_text)
{
	char path[64];
	long len;

	snprintf(path, sizeof(path), "proc/%d/%s", pid, file);
	len = probe_file_read_once(walk->root_fd, path, walk->buf,
				   PROBE_BUF_SIZE);
	*ret_text = probe_text_of(walk->buf, len > 0 ? (size_t)len : 0);
	return len;
}

/* The same from a descriptor that is kept, see file.h. */
static long read_kept(const struct probe_walk *walk, int32_t pid,
		      const char *file, int *fd, struct probe_text *ret_text)
{
	char path[64];
	long len;

	if (!*fd)
		snprintf(path, sizeof(path), "proc/%d/%s", pid, file);
	len = probe_file_read_kept(walk->root_fd, path, fd, walk->buf,
				   PROBE_BUF_SIZE);
	*ret_text = probe_text_of(walk->buf, len > 0 ? (size_t)len : 0);
	return len;
}

void probe_member_clear(struct probe_member *member)
{
	int32_t pid = member->pid;

	if (member->statm_fd > 0)
		close(member->statm_fd);
	if (member->ksm_fd > 0)
		close(member->ksm_fd);
	free(member->vm);
	*member = (struct probe_member){ .pid = pid };
}

static bool is_same(const struct probe_member *member,
		    const struct probe_stat *stat)
{
	return member->comm[0] && member->start_ticks == stat->start_ticks &&
	       member->kthread == stat->kthread &&
	       !strcmp(member->comm, stat->comm);
}

static void begin(struct probe_member *member, const struct probe_stat *stat,
		  struct probe_walk *walk)
{
	probe_member_clear(member);
	member->start_ticks = stat->start_ticks;
	if (!walk->first)
		member->young_until_ns = walk->now_ns +
					 TABLE_YOUNG_S * NS_PER_S;
	memcpy(member->comm, stat->comm, sizeof(member->comm));
	member->kthread = stat->kthread;
	member->owns_kvm = walk->owns_kvm;
	member->is_ksmd = stat->kthread && stat->ppid == 2 &&
			  !strcmp(stat->comm, "ksmd");
	if (!stat->kthread)
		member->vmm = probe_identify_vmm(walk->root_fd, member->pid,
						 stat->comm, walk->buf);
}

/* A process that owns a VM is a VMM, whatever its program. */
static uint32_t vmm_now(const struct probe_member *member,
			const struct probe_walk *walk)
{
	if (member->vmm == SNAP_VMM_NONE && walk->owns_kvm)
		return SNAP_VMM_OTHER;
	return member->vmm;
}

static bool is_due(const struct probe_member *member, uint64_t rss_pages,
		   uint64_t now_ns)
{
	return rss_pages >= TABLE_LEAST_PAGES &&
	       (now_ns >= member->recheck_ns ||
		rss_pages >= member->checked_pages + TABLE_GROWTH_PAGES);
}

static void postpone(struct probe_member *member, uint64_t rss_pages,
		     uint64_t now_ns)
{
	member->checked_pages = rss_pages;
	if (now_ns < member->recheck_ns && member->recheck_s)
		return;
	if (member->recheck_s == 0)
		member->recheck_s = TABLE_RECHECK_MIN_S;
	else if (member->recheck_s < TABLE_RECHECK_MAX_S)
		member->recheck_s *= 2;
	member->recheck_ns = now_ns + member->recheck_s * NS_PER_S;
}

/* ksm_stat, and for what 6.1 does not say there the older file beside it. */
static long read_ksm_stat(struct probe_member *member,
			  struct probe_walk *walk,
			  struct probe_ksm_stat *ret_ksm_stat)
{
	struct probe_text text;
	long len;

	len = member->vm ? read_kept(walk, member->pid, "ksm_stat",
				     &member->ksm_fd, &text) :
			   read_file(walk, member->pid, "ksm_stat", &text);
	if (len < 0)
		return len;
	if (!probe_ksm_stat_parse(text, ret_ksm_stat))
		return -EINVAL;
	walk->saw_ksm_stat = true;
	if (!ret_ksm_stat->has_merging && ret_ksm_stat->rmap_items &&
	    read_file(walk, member->pid, "ksm_merging_pages", &text) > 0)
		probe_text_only_u64(text, &ret_ksm_stat->merging_pages);
	return len;
}

/* Has the host so much in huge pages that it could be said of a process? */
static bool may_be_huge(const struct probe_walk *walk, uint64_t rss_pages)
{
	return walk->thp_kib == UINT64_MAX ||
	       probe_is_huge(walk->thp_kib, rss_pages, walk->page_size / 1024);
}

/* A quarter of its memory merges: there is no need to say why none does. */
static bool merges(const struct probe_ksm_stat *ksm_stat, uint64_t rss_pages)
{
	return ksm_stat->merging_pages + ksm_stat->zero_pages >= rss_pages / 4;
}

/*
 * Look for the "mg" flag, or at a VMM's kinds of memory, when that is due and
 * there is CPU time left for it.
 */
static void look(struct probe_member *member, uint32_t vmm,
		 const struct probe_ksm_stat *ksm_stat, uint64_t rss_pages,
		 struct probe_walk *walk)
{
	bool flags = !ksm_stat->has_mergeable;
	bool search = flags && !member->look.smaps.mergeable &&
		      ksm_stat->rmap_items == 0;
	const char *file = NULL;
	uint64_t start_ns;

	if (vmm == SNAP_VMM_NONE && (!search || rss_pages > LOOK_PAGES_MAX))
		return;
	/* It may merge yet. */
	if (!flags && walk->now_ns < member->young_until_ns)
		return;
	if (!probe_look_due(&member->look, rss_pages, search, walk->now_ns))
		return;
	if (flags)
		file = "smaps";
	else if (!merges(ksm_stat, rss_pages) && may_be_huge(walk, rss_pages))
		file = "smaps_rollup";
	if (!probe_ration_grant(walk->ration, walk->now_ns,
				file ? rss_pages : 0, search))
		return;
	start_ns = thread_cpu_ns();
	probe_look_take(&member->look, walk->root_fd, member->pid, rss_pages,
			file, walk->now_ns, walk->buf);
	probe_ration_pay(walk->ration, file ? rss_pages : 0,
			 thread_cpu_ns() - start_ns);
}

/*
 * Until an older kernel's smaps has been seen: QEMU asks for merging unless
 * told not to, the others do not unless told to.
 */
static bool is_mergeable(const struct probe_ksm_stat *ksm_stat,
			 const struct probe_look *seen, uint32_t vmm)
{
	if (ksm_stat->has_mergeable)
		return ksm_stat->mergeable;
	if (ksm_stat->rmap_items || ksm_stat->merging_pages)
		return true;
	if (seen->done && seen->smaps.has_flags)
		return seen->smaps.mergeable;
	return vmm == SNAP_VMM_QEMU;
}

static bool track(struct probe_member *member, uint32_t vmm,
		  struct probe_walk *walk)
{
	struct snap_vm *vm = member->vm;

	if (vm && vm->vmm == vmm)
		return true;
	if (!vm)
		vm = calloc(1, sizeof(*vm));
	if (!vm)
		return false;
	member->vm = vm;
	vm->pid = member->pid;
	vm->start_ticks = member->start_ticks;
	vm->vmm = vmm;
	probe_identify_name(walk->root_fd, member->pid, vmm, member->comm,
			    walk->buf, vm->name);
	/* The table's rules fill in the weights by the name. */
	vm->weight_permille = UINT32_MAX;
	return true;
}

static void fill(struct probe_member *member,
		 const struct probe_ksm_stat *ksm_stat, long ksm_error,
		 const struct probe_statm *statm)
{
	struct snap_vm *vm = member->vm;

	vm->cpu_ticks = member->cpu_ticks;
	vm->has_ksm_stat = ksm_error == 0;
	vm->rss_pages = statm->rss_pages;
	/* The two counters are read at different instants. */
	vm->rss_shared_pages = statm->shared_pages < statm->rss_pages ?
				       statm->shared_pages : statm->rss_pages;
	vm->rss_anon_pages = vm->rss_pages - vm->rss_shared_pages;
	vm->merging_pages = ksm_stat->merging_pages;
	vm->zero_pages = ksm_stat->zero_pages;
	vm->rmap_items = ksm_stat->rmap_items;
	vm->profit_bytes = ksm_stat->profit_bytes;
	vm->mergeable = is_mergeable(ksm_stat, &member->look, vm->vmm);
	vm->hugetlb_kib = member->look.smaps.hugetlb_kib;
	vm->thp_kib = member->look.smaps.thp_kib;
	vm->why = 0;
	if (ksm_error == -EACCES || ksm_error == -EPERM)
		vm->why |= SNAP_WHY_UNREADABLE;
}

static void forget_vm(struct probe_member *member)
{
	if (member->ksm_fd > 0)
		close(member->ksm_fd);
	member->ksm_fd = 0;
	free(member->vm);
	member->vm = NULL;
}

/* Ask for all that there is to know about a process that matters, or may. */
static bool ask(struct probe_member *member, uint64_t rss_pages,
		struct probe_walk *walk)
{
	struct probe_ksm_stat ksm_stat = { 0 };
	struct probe_statm statm = { 0 };
	uint32_t vmm = vmm_now(member, walk);
	struct probe_text text;
	long error;

	error = read_ksm_stat(member, walk, &ksm_stat);
	if (error == -ESRCH)
		return false;
	look(member, vmm, &ksm_stat, rss_pages, walk);
	if (vmm == SNAP_VMM_NONE &&
	    !is_mergeable(&ksm_stat, &member->look, vmm) &&
	    !ksm_stat.rmap_items && !ksm_stat.merging_pages) {
		forget_vm(member);
		postpone(member, rss_pages, walk->now_ns);
		return true;
	}
	if (read_kept(walk, member->pid, "statm", &member->statm_fd,
		      &text) <= 0 || !probe_statm_parse(text, &statm))
		return false;
	member->recheck_s = 0;
	if (!track(member, vmm, walk))
		return true;
	fill(member, &ksm_stat, error < 0 ? error : 0, &statm);
	member->vm->why |= probe_why(member->vm, &member->look,
				     ksm_stat.has_mergeable ||
				     member->look.smaps.has_flags,
				     walk->page_size);
	return true;
}

bool probe_member_moved(struct probe_member *member,
			const struct probe_walk *walk)
{
	const struct snap_vm *vm = member->vm;
	struct probe_ksm_stat ksm_stat = { 0 };
	struct probe_statm statm = { 0 };
	struct probe_text text;

	if (!vm->mergeable &&
	    read_kept(walk, member->pid, "ksm_stat", &member->ksm_fd,
		      &text) > 0)
		probe_ksm_stat_parse(text, &ksm_stat);
	if (ksm_stat.has_mergeable)
		return ksm_stat.mergeable;
	if (read_kept(walk, member->pid, "statm", &member->statm_fd,
		      &text) <= 0 || !probe_statm_parse(text, &statm))
		return true;
	if (statm.rss_pages < vm->rss_pages + PROBE_GLANCE_PAGES)
		return false;
	/* An older kernel hides it in smaps. */
	return vm->mergeable ||
	       probe_look_due(&member->look, statm.rss_pages, true,
			      walk->now_ns);
}

/* Its size, if it is the process that it was and a descriptor was kept. */
static bool glance(struct probe_member *member, struct probe_walk *walk,
		   uint64_t *ret_rss_pages)
{
	struct probe_statm statm;
	struct probe_text text;

	if (!member->statm_fd || walk->now_ns >= member->identify_ns ||
	    (member->vm && walk->now_ns < member->young_until_ns) ||
	    read_kept(walk, member->pid, "statm", &member->statm_fd,
		      &text) <= 0 ||
	    !probe_statm_parse(text, &statm) || !statm.rss_pages)
		return false;
	*ret_rss_pages = statm.rss_pages;
	return true;
}

/* False when it is gone. One that stays is worth a descriptor. */
static bool identify(struct probe_member *member, struct probe_walk *walk,
		     uint64_t *ret_rss_pages)
{
	struct probe_stat stat;
	struct probe_text text;

	if (read_file(walk, member->pid, "stat", &text) <= 0 ||
	    !probe_stat_parse(text, &stat) || stat.pid != member->pid ||
	    stat.state == 'Z' || stat.state == 'X')
		return false;
	*ret_rss_pages = stat.rss_pages;
	if (!is_same(member, &stat)) {
		begin(member, &stat, walk);
		member->cpu_ticks = stat.cpu_ticks;
		return true;
	}
	member->cpu_ticks = stat.cpu_ticks;
	member->identify_ns = walk->now_ns + TABLE_IDENTIFY_S * NS_PER_S;
	if (!member->kthread && !member->statm_fd)
		read_kept(walk, member->pid, "statm", &member->statm_fd, &text);
	return true;
}

/* Nothing to ask: no VM, and hardly bigger than when it was asked last. */
static bool is_dull(struct probe_member *member, uint64_t rss_pages,
		    const struct probe_walk *walk)
{
	if (rss_pages < member->checked_pages)
		member->checked_pages = rss_pages;
	/* Not asked, so that its first answer will be doubted soon. */
	if (rss_pages < TABLE_LEAST_PAGES &&
	    walk->now_ns >= member->recheck_ns) {
		member->recheck_ns = walk->now_ns +
				     TABLE_RECHECK_MAX_S * NS_PER_S;
		member->recheck_s = 0;
	}
	return !member->vm && vmm_now(member, walk) == SNAP_VMM_NONE &&
	       !is_due(member, rss_pages, walk->now_ns);
}

/* It may be old, and have its first VM now: memory will follow. */
static void follow_owner(struct probe_member *member,
			 const struct probe_walk *walk)
{
	if (walk->owns_kvm && !member->owns_kvm && !walk->first)
		member->young_until_ns = walk->now_ns +
					 TABLE_YOUNG_S * NS_PER_S;
	member->owns_kvm = walk->owns_kvm;
}

bool probe_member_refresh(struct probe_member *member,
			  struct probe_walk *walk)
{
	uint64_t rss_pages;

	follow_owner(member, walk);
	if ((member->kthread || (walk->quiet && member->comm[0] &&
				 !member->vm && !walk->owns_kvm &&
				 walk->now_ns >= member->young_until_ns)) &&
	    walk->now_ns < member->recheck_ns)
		return true;
	if (glance(member, walk, &rss_pages)) {
		if (is_dull(member, rss_pages, walk))
			return true;
		if (member->vm)
			return ask(member, rss_pages, walk);
	}
	if (!identify(member, walk, &rss_pages))
		return false;
	if (member->kthread) {
		member->recheck_ns = walk->now_ns + TABLE_KTHREAD_S * NS_PER_S;
		return true;
	}
	return is_dull(member, rss_pages, walk) || ask(member, rss_pages, walk);
}

const char *probe_member_rival(const struct probe_member *member)
{
	static const char *const rivals[] = { "ksmtuned", "uksmd", "momd" };
	size_t i;

	for (i = 0; i < sizeof(rivals) / sizeof(rivals[0]); i++)
		if (!strcmp(member->comm, rivals[i]))
			return rivals[i];
	return NULL;
}
