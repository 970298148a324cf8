// SPDX-License-Identifier: GPL-2.0
/*
 * Whole snapshots of the hosts in tests/fixtures/hosts. Run from the top of
 * the tree, as make does. Times are not compared.
 */
#include "probe_fixture.h"

#include <errno.h>
#include <sys/syscall.h>
#include <time.h>

#include "../../daemon/probe/probe.h"

#define HOSTS "tests/fixtures/hosts/"

/*
 * In place of libc's: looks are rationed by the CPU time that they cost, and
 * what is seen must not depend on how fast this machine is.
 */
#define LOOK_CPU_NS 10000

int clock_gettime(clockid_t clock, struct timespec *ret_now)
{
	static long cpu_ns;

	if (clock != CLOCK_THREAD_CPUTIME_ID)
		return (int)syscall(SYS_clock_gettime, clock, ret_now);
	cpu_ns += LOOK_CPU_NS;
	*ret_now = (struct timespec){ .tv_nsec = cpu_ns };
	return 0;
}

/* What must come out for one VM; name NULL ends a list. */
struct want {
	const char *name;
	int32_t pid;
	enum snap_vmm vmm;
	bool mergeable;
	uint64_t rss_pages, merging_pages, rmap_items;
	uint32_t why;
};

static const struct snap *take(const char *host, struct probe **ret_probe)
{
	int ret = probe_open(host, ret_probe);

	if (ret)
		fail_msg("%s: %d (run this from the top of the tree)", host,
			 ret);
	return probe_take(*ret_probe, PROBE_ASK_WHEN_DUE);
}

static void compare(const struct snap *snap, const struct want *want)
{
	uint32_t i;

	for (i = 0; i < snap->nvms && want[i].name; i++) {
		const struct snap_vm *vm = &snap->vms[i];

		assert_string_equal(vm->name, want[i].name);
		assert_int_equal(vm->pid, want[i].pid);
		assert_int_equal(vm->vmm, want[i].vmm);
		assert_int_equal(vm->mergeable, want[i].mergeable);
		assert_int_equal(vm->rss_pages, want[i].rss_pages);
		assert_int_equal(vm->rss_pages,
				 vm->rss_anon_pages + vm->rss_shared_pages);
		assert_int_equal(vm->merging_pages, want[i].merging_pages);
		assert_int_equal(vm->rmap_items, want[i].rmap_items);
		assert_int_equal(vm->why, want[i].why);
		assert_int_equal(vm->weight_permille, 1000);
		assert_int_equal(vm->expect_permille, 1000);
	}
	assert_null(want[i].name);
	assert_int_equal(snap->nvms, i);
}

#define QEMU SNAP_VMM_QEMU
#define NOT_MADVISED SNAP_WHY_NOT_MADVISED
#define BASE_CAPS (SNAP_CAP_KSM | SNAP_CAP_KSMD_CPU | SNAP_CAP_COW | \
		   SNAP_CAP_MEMINFO | SNAP_CAP_PSI_CPU | SNAP_CAP_PSI_MEM | \
		   SNAP_CAP_ANON | SNAP_CAP_KSM_STAT)
#define NEW_CAPS (SNAP_CAP_SKIPPED | SNAP_CAP_ZERO | SNAP_CAP_PROFIT | \
		  SNAP_CAP_ADVISOR)

static void linux_6_1_lacks_what_came_later(void **state)
{
	static const struct want want[] = {
		{ "web_01", 2201, QEMU, true, 180000, 24000, 131072, 0 },
		{ "batch", 2307, QEMU, false, 140000, 0, 0, NOT_MADVISED },
		{ "python3-2400", 2400, SNAP_VMM_NONE, true, 5000, 0, 0, 0 },
		{ 0 },
	};
	struct probe *probe;
	const struct snap *snap = take(HOSTS "linux-6.1", &probe);

	(void)state;
	assert_int_equal(snap->caps, BASE_CAPS | SNAP_CAP_NUMA);
	assert_int_equal(snap->seq, 1);
	assert_int_equal(snap->vms_seq, 1);
	assert_int_equal(snap->ksm.run, SNAP_RUN_MERGE);
	assert_int_equal(snap->ksm.scan_pages, 1000);
	assert_int_equal(snap->ksm.pages_sharing, 48000);
	assert_int_equal(snap->ksm.full_scans, 77);
	assert_int_equal(snap->ksm.merge_across_nodes, 0);
	assert_int_equal(snap->ksm.max_page_sharing, 256);
	assert_int_equal(snap->ksm.stable_node_dups, 40);
	assert_int_equal(snap->ksm.pages_scanned, 0);
	assert_int_equal(snap->ksm.smart_scan, 0);
	assert_int_equal(snap->ksm.ksmd_cpu_ns, 98765432100);
	assert_int_equal(snap->host.ncpus, 8);
	assert_int_equal(snap->host.cow_ksm, 1234);
	assert_int_equal(snap->host.anon_pages, 450000);
	assert_int_equal(snap->host.psi_cpu.some_avg10_permille, 123);
	assert_int_equal(snap->host.psi_mem.full_total_us, 2902175);
	assert_int_equal(snap->host.nnodes, 1);
	assert_string_equal(probe_rival(probe), "ksmtuned");
	compare(snap, want);
	probe_close(probe);
}

static const struct want want_6_12[] = {
	{ "mail-server", 3100, QEMU, true, 74248, 25616, 41177,
	  SNAP_WHY_THP },
	{ "fn-42", 3200, SNAP_VMM_FIRECRACKER, false, 40000, 0, 0,
	  NOT_MADVISED },
	{ "sandboxd-3300", 3300, SNAP_VMM_OTHER, false, 60000, 0, 0,
	  SNAP_WHY_SHARED },
	{ "db-primary", 3400, SNAP_VMM_CLOUD_HYPERVISOR, false, 9000, 0,
	  0, SNAP_WHY_HUGETLB },
	{ "old vm", 3500, QEMU, true, 30000, 1000, 20000, 0 },
	{ "qemu-system-x86-3600", 3600, QEMU, true, 30000, 0, 100, 0 },
	{ "python3-3800", 3800, SNAP_VMM_NONE, true, 5000, 2000, 2048,
	  0 },
	{ 0 },
};

static void linux_6_12_has_it_all(void **state)
{
	struct probe *probe;
	const struct snap *snap = take(HOSTS "linux-6.12", &probe);

	(void)state;
	assert_int_equal(snap->caps, BASE_CAPS | NEW_CAPS | SNAP_CAP_NUMA |
			 SNAP_CAP_KVM);
	assert_int_equal(snap->ksm.advisor, SNAP_ADVISOR_SCAN_TIME);
	assert_int_equal(snap->ksm.smart_scan, 1);
	assert_int_equal(snap->ksm.use_zero_pages, 1);
	assert_int_equal(snap->ksm.zero_pages, 512);
	assert_int_equal(snap->ksm.profit_bytes, -322888896);
	assert_int_equal(snap->ksm.pages_skipped, 255348722);
	assert_int_equal(snap->ksm.ksmd_cpu_ns, 204145480874);
	assert_int_equal(snap->host.ncpus, 5);
	assert_int_equal(snap->host.nnodes, 2);
	assert_int_equal(snap->host.nodes[1].id, 2);
	assert_int_equal(snap->host.nodes[1].mem_free_kib, 6223344);
	assert_null(probe_rival(probe));
	compare(snap, want_6_12);
	assert_int_equal(snap->vms[0].zero_pages, 100);
	assert_int_equal(snap->vms[0].profit_bytes, 102287808);
	assert_int_equal(snap->vms[0].thp_kib, 65536);
	assert_int_equal(snap->vms[3].hugetlb_kib, 2097152);
	assert_int_equal(snap->vms[5].profit_bytes, -6400);
	probe_close(probe);
}

static void a_recorded_host_is_probed_like_the_host(void **state)
{
	char root[32], command[256];
	struct probe *probe;
	const struct snap *snap;

	(void)state;
	fx_make_root(root);
	snprintf(command, sizeof(command), "ROOT=\"$PWD/" HOSTS "linux-6.12\" "
		 "tests/fixtures/record-host %s/host >/dev/null", root);
	assert_int_equal(system(command), 0);
	strcat(root, "/host");
	snap = take(root, &probe);
	assert_true(snap_has(snap, BASE_CAPS | NEW_CAPS | SNAP_CAP_NUMA |
			     SNAP_CAP_KVM));
	compare(snap, want_6_12);
	probe_close(probe);
	*strrchr(root, '/') = '\0';
	fx_remove(root, "");
}

static void a_kernel_that_says_mergeable_is_believed(void **state)
{
	static const struct want want[] = {
		{ "idle", 700, QEMU, true, 60000, 0, 0, 0 },
		{ "arc", 710, SNAP_VMM_CROSVM, false, 60000, 0, 0,
		  NOT_MADVISED | SNAP_WHY_THP },
		{ "java-720", 720, SNAP_VMM_NONE, true, 90000, 0, 0, 0 },
		{ 0 },
	};
	struct probe *probe;
	const struct snap *snap = take(HOSTS "linux-6.16", &probe);

	(void)state;
	assert_int_equal(snap->caps, BASE_CAPS | NEW_CAPS);
	assert_int_equal(snap->ksm.run, SNAP_RUN_STOP);
	assert_int_equal(snap->host.ncpus, 1);
	compare(snap, want);
	probe_close(probe);
}

static void a_host_without_ksm_is_a_host(void **state)
{
	static const struct snap_ksm no_ksm;
	struct probe *probe;
	const struct snap *snap = take(HOSTS "no-ksm", &probe);

	(void)state;
	assert_int_equal(snap->caps, SNAP_CAP_MEMINFO | SNAP_CAP_ANON);
	assert_memory_equal(&snap->ksm, &no_ksm, sizeof(no_ksm));
	assert_int_equal(snap->nvms, 1);
	assert_string_equal(snap->vms[0].name, "board");
	assert_false(snap->vms[0].has_ksm_stat);
	probe_close(probe);
}

static void a_hostile_host_yields_only_what_is_sound(void **state)
{
	static const struct want want[] = {
		{ "a) b", 800, QEMU, true, 30000, 0, 1, 0 },
		{ "new?line", 801, QEMU, true, 30000, 0, 1, 0 },
		{ "caf\xc3\xa9????[31m", 802, QEMU, true, 30000, 0, 1, 0 },
		{ "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
		  "xxxx", 803, QEMU, true, 30000, 0, 1, 0 },
		{ "qemu-system-x86-804", 804, QEMU, true, 30000, 0, 0,
		  SNAP_WHY_SHARED },
		{ "dir", 813, QEMU, true, 3000, 0, 0, 0 },
		{ "same", 814, QEMU, true, 30000, 0, 1, 0 },
		{ "same", 815, QEMU, true, 30000, 0, 1, SNAP_WHY_THP },
		{ 0 },
	};
	struct probe *probe;
	const struct snap *snap = take(HOSTS "hostile", &probe);
	const struct snap_host *host = &snap->host;

	(void)state;
	assert_int_equal(snap->caps, SNAP_CAP_KSM | SNAP_CAP_KSM_STAT |
			 SNAP_CAP_KVM);
	assert_int_equal(snap->ksm.pages_sharing, 50);
	assert_int_equal(snap->ksm.pages_scanned, 0);
	assert_int_equal(snap->ksm.pages_skipped, 0);
	assert_int_equal(snap->ksm.profit_bytes, 0);
	assert_int_equal(snap->ksm.max_page_sharing, 0);
	assert_int_equal(snap->ksm.stable_node_dups, 0);
	assert_int_equal(snap->ksm.ksmd_cpu_ns, 0);
	assert_int_equal(host->mem_total_kib + host->anon_pages + host->cow_ksm +
			 host->psi_cpu.some_total_us + host->nnodes, 0);
	assert_int_equal(host->ncpus, 1);
	compare(snap, want);
	probe_close(probe);
}

static void an_empty_root_has_no_capability(void **state)
{
	char root[32];
	struct probe *probe;
	const struct snap *snap;

	(void)state;
	fx_make_root(root);
	snap = take(root, &probe);
	assert_int_equal(snap->caps, 0);
	assert_int_equal(snap->nvms, 0);
	probe_close(probe);
	fx_remove(root, "");
}

static void a_root_must_be_a_directory(void **state)
{
	struct probe *probe = NULL;

	(void)state;
	assert_int_equal(probe_open("/nonexistent/root", &probe), -ENOTDIR);
	assert_int_equal(probe_open("/proc/self/stat", &probe), -ENOTDIR);
	assert_null(probe);
	probe_close(NULL);
}

static void rules_apply_first_match_first(void **state)
{
	const struct probe_vm_rule rules[] = {
		{ "web_*", 500, 300 }, { "*", 0, 100 }, { "batch", 900, 900 },
	};
	struct probe *probe;
	const struct snap *snap = take(HOSTS "linux-6.1", &probe);

	(void)state;
	assert_int_equal(probe_set_rules(probe, rules, 3), 0);
	snap = probe_take(probe, PROBE_ASK_WHEN_DUE);
	assert_int_equal(snap->vms[0].weight_permille, 500);
	assert_int_equal(snap->vms[0].expect_permille, 300);
	assert_int_equal(snap->vms[0].why, 0);
	assert_int_equal(snap->vms[1].weight_permille, 0);
	assert_int_equal(snap->vms[1].why, NOT_MADVISED | SNAP_WHY_OPTED_OUT);
	/* New rules reach the old table, and those of a new walk. */
	assert_int_equal(probe_set_rules(probe, NULL, 0), 0);
	snap = probe_take(probe, PROBE_ASK_ALL);
	assert_int_equal(snap->vms[1].weight_permille, 1000);
	assert_int_equal(snap->vms[1].why, NOT_MADVISED);
	probe_close(probe);
}

static void only_a_walk_moves_vms_seq(void **state)
{
	struct probe *probe;
	const struct snap *snap = take(HOSTS "linux-6.1", &probe);

	(void)state;
	probe_set_table_age(probe, UINT32_MAX);
	snap = probe_take(probe, PROBE_ASK_WHEN_DUE);
	assert_int_equal(snap->seq, 2);
	assert_int_equal(snap->vms_seq, 1);
	assert_int_equal(snap->nvms, 3);
	snap = probe_take(probe, PROBE_ASK_ALL);
	assert_int_equal(snap->vms_seq, 3);
	assert_int_equal(probe_looks(probe), 2);
	probe_close(probe);
}

#define ITEMS(n) "ksm_rmap_items " #n "\n"

static void processes_come_and_go(void **state)
{
	struct probe *probe;
	const struct snap *snap;
	char root[32];

	(void)state;
	fx_make_root(root);
	fx_put_process(root, 30, "kvm", 5, 9000, "kvm|-name|b", ITEMS(1));
	snap = take(root, &probe);
	assert_int_equal(snap->nvms, 1);
	fx_put_process(root, 20, "kvm", 6, 9000, "kvm|-name|a", ITEMS(2));
	fx_put_process(root, 40, "kvm", 7, 9000, "kvm|-name|c", ITEMS(3));
	snap = probe_take(probe, PROBE_ASK_ALL);
	assert_int_equal(snap->nvms, 3);
	assert_string_equal(snap->vms[0].name, "a");
	assert_string_equal(snap->vms[2].name, "c");
	fx_remove(root, "proc/30");
	snap = probe_take(probe, PROBE_ASK_ALL);
	assert_int_equal(snap->nvms, 2);
	assert_string_equal(snap->vms[1].name, "c");
	fx_remove(root, "proc");
	snap = probe_take(probe, PROBE_ASK_ALL);
	assert_int_equal(snap->nvms, 0);
	probe_close(probe);
	fx_remove(root, "");
}

/* A pid that is used again, and a process that executes another program. */
static void what_is_remembered_belongs_to_one_program(void **state)
{
	struct probe *probe;
	const struct snap *snap;
	char root[32];

	(void)state;
	fx_make_root(root);
	fx_put_process(root, 30, "kvm", 5, 9000, "kvm|-name|old", ITEMS(1));
	fx_put_process(root, 31, "libvirtd", 5, 900, "libvirtd", ITEMS(0));
	snap = take(root, &probe);
	assert_int_equal(snap->nvms, 1);
	fx_put_process(root, 30, "kvm", 6, 9000, "kvm|-name|new", ITEMS(1));
	fx_put_process(root, 31, "kvm", 5, 900, "kvm|-name|forked", ITEMS(0));
	snap = probe_take(probe, PROBE_ASK_ALL);
	assert_int_equal(snap->nvms, 2);
	assert_string_equal(snap->vms[0].name, "new");
	assert_int_equal(snap->vms[0].start_ticks, 6);
	assert_string_equal(snap->vms[1].name, "forked");
	probe_close(probe);
	fx_remove(root, "");
}

#define YES "ksm_rmap_items 0\nksm_merge_any: no\nksm_mergeable: yes\n"
#define NO "ksm_rmap_items 0\nksm_merge_any: no\nksm_mergeable: no\n"

static void growth_of_a_process_is_asked_about_at_once(void **state)
{
	struct probe *probe;
	const struct snap *snap;
	char root[32];

	(void)state;
	fx_make_root(root);
	fx_put_process(root, 50, "app", 5, 3000, "app", NO);
	snap = take(root, &probe);
	assert_int_equal(snap->nvms, 0);
	/* 8 MiB of it are mergeable now. */
	fx_put_process(root, 50, "app", 5, 3000 + 2048, "app", YES);
	snap = probe_take(probe, PROBE_ASK_ALL);
	assert_int_equal(snap->nvms, 1);
	assert_int_equal(snap->vms[0].vmm, SNAP_VMM_NONE);
	assert_string_equal(snap->vms[0].name, "app-50");
	assert_true(snap->vms[0].mergeable);
	fx_put_process(root, 50, "app", 5, 3000, "app", NO);
	snap = probe_take(probe, PROBE_ASK_ALL);
	assert_int_equal(snap->nvms, 0);
	probe_close(probe);
	fx_remove(root, "");
}

/* The same on a kernel whose ksm_stat does not say: smaps does. */
static void growth_is_found_in_smaps_on_older_kernels(void **state)
{
	struct probe *probe;
	const struct snap *snap;
	char root[32];

	(void)state;
	fx_make_root(root);
	fx_put_process(root, 50, "app", 5, 3000, "app", ITEMS(0));
	fx_put(root, "proc/50/smaps", "VmFlags: rd wr\n");
	snap = take(root, &probe);
	assert_int_equal(snap->nvms, 0);
	fx_put_process(root, 50, "app", 5, 3000 + 2048, "app", ITEMS(0));
	fx_put(root, "proc/50/smaps", "VmFlags: rd wr\nVmFlags: rd wr mg\n");
	snap = probe_take(probe, PROBE_ASK_ALL);
	assert_int_equal(snap->nvms, 1);
	assert_true(snap->vms[0].mergeable);
	probe_close(probe);
	fx_remove(root, "");
}

static void ksmd_is_the_kernel_thread_of_that_name(void **state)
{
	static const char kthread[] = "%d (ksmd) S %d 0 0 0 -1 %u 0 0 0 0 0 0 0"
		" 0 25 5 1 0 26 0 0 18446744073709551615 0\n";
	struct probe *probe;
	const struct snap *snap;
	char root[32];

	(void)state;
	fx_make_root(root);
	fx_put(root, "proc/5/stat", kthread, 5, 1, 4194304u);
	fx_put(root, "proc/5/schedstat", "1 1 1\n");
	snap = take(root, &probe);
	assert_false(snap_has(snap, SNAP_CAP_KSMD_CPU));
	fx_put(root, "proc/6/stat", kthread, 6, 2, 2097216u);
	fx_put(root, "proc/6/schedstat", "2 2 2\n");
	snap = probe_take(probe, PROBE_ASK_ALL);
	assert_true(snap_has(snap, SNAP_CAP_KSMD_CPU));
	assert_int_equal(snap->ksm.ksmd_cpu_ns, 2);
	fx_put(root, "proc/6/schedstat", "3 2 2\n");
	snap = probe_take(probe, PROBE_ASK_WHEN_DUE);
	assert_int_equal(snap->ksm.ksmd_cpu_ns, 3);
	fx_remove(root, "proc/6");
	snap = probe_take(probe, PROBE_ASK_ALL);
	assert_false(snap_has(snap, SNAP_CAP_KSMD_CPU));
	assert_int_equal(snap->ksm.ksmd_cpu_ns, 0);
	probe_close(probe);
	fx_remove(root, "");
}

static void every_rival_is_known(void **state)
{
	static const char *const rivals[] = { "ksmtuned", "uksmd", "momd" };
	struct probe *probe;
	char root[32];
	size_t i;

	(void)state;
	fx_make_root(root);
	take(root, &probe);
	assert_null(probe_rival(probe));
	for (i = 0; i < ARRAY_SIZE(rivals); i++) {
		fx_put_process(root, 9, rivals[i], 5, 10, "x", NULL);
		probe_take(probe, PROBE_ASK_ALL);
		assert_string_equal(probe_rival(probe), rivals[i]);
	}
	fx_put_process(root, 9, "ksmtuned2", 5, 10, "x", NULL);
	probe_take(probe, PROBE_ASK_ALL);
	assert_null(probe_rival(probe));
	probe_close(probe);
	fx_remove(root, "");
}

static void this_host_can_be_probed(void **state)
{
	struct probe *probe;
	const struct snap *snap = take("", &probe);
	uint64_t total_kib = snap->host.mem_total_kib;

	(void)state;
	assert_true(snap_has(snap, SNAP_CAP_MEMINFO | SNAP_CAP_ANON));
	assert_true(total_kib > 0 && snap->host.ncpus > 0);
	/* The second time from descriptors that were kept. */
	snap = probe_take(probe, PROBE_ASK_WHEN_DUE);
	assert_true(snap_has(snap, SNAP_CAP_MEMINFO | SNAP_CAP_ANON));
	assert_int_equal(snap->host.mem_total_kib, total_kib);
	probe_close(probe);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(linux_6_1_lacks_what_came_later),
		cmocka_unit_test(linux_6_12_has_it_all),
		cmocka_unit_test(a_recorded_host_is_probed_like_the_host),
		cmocka_unit_test(a_kernel_that_says_mergeable_is_believed),
		cmocka_unit_test(a_host_without_ksm_is_a_host),
		cmocka_unit_test(a_hostile_host_yields_only_what_is_sound),
		cmocka_unit_test(an_empty_root_has_no_capability),
		cmocka_unit_test(a_root_must_be_a_directory),
		cmocka_unit_test(rules_apply_first_match_first),
		cmocka_unit_test(only_a_walk_moves_vms_seq),
		cmocka_unit_test(processes_come_and_go),
		cmocka_unit_test(what_is_remembered_belongs_to_one_program),
		cmocka_unit_test(growth_of_a_process_is_asked_about_at_once),
		cmocka_unit_test(growth_is_found_in_smaps_on_older_kernels),
		cmocka_unit_test(ksmd_is_the_kernel_thread_of_that_name),
		cmocka_unit_test(every_rival_is_known),
		cmocka_unit_test(this_host_can_be_probed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
