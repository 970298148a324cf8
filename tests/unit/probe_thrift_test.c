// SPDX-License-Identifier: GPL-2.0
/* What a probe need not read again, and what makes it read again. */
#include "probe_fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../../daemon/probe/file.h"
#include "../../daemon/probe/probe.h"
#include "../../daemon/probe/sources.h"

#define KSM "sys/kernel/mm/ksm/"
#define YES "ksm_rmap_items 5\nksm_merge_any: no\nksm_mergeable: yes\n"
#define NO "ksm_rmap_items 0\nksm_merge_any: no\nksm_mergeable: no\n"
/* Pages of 4 KiB: 8 MiB. */
#define BIG 2048

static void put_ksm(const char *root, const char *name, unsigned int value)
{
	char path[64];

	snprintf(path, sizeof(path), KSM "%s", name);
	fx_put(root, path, "%u\n", value);
}

static void put_memory(const char *root, unsigned int free_pages,
		       unsigned int anon_pages, unsigned int available_kib)
{
	fx_put(root, "proc/vmstat", "nr_free_pages %u\nnr_anon_pages %u\n"
	       "cow_ksm 7\n", free_pages, anon_pages);
	fx_put(root, "proc/meminfo", "MemTotal: 9000000 kB\nMemFree: %u kB\n"
	       "MemAvailable: %u kB\nAnonHugePages: 0 kB\n", 4 * free_pages,
	       available_kib);
}

static void put_host(const char *root)
{
	static const char *const files[] = {
		"run", "sleep_millisecs", "pages_to_scan", "pages_shared",
		"pages_sharing", "pages_unshared", "pages_volatile",
		"full_scans", "pages_scanned",
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(files); i++)
		put_ksm(root, files[i], 1);
	fx_put(root, "proc/37/stat", "37 (ksmd) S 2 0 0 0 -1 2097216 0 0 0 0 0"
	       " 0 0 0 25 5 1 0 26 0 0 18446744073709551615 0\n");
	fx_put(root, "proc/37/schedstat", "1 1 1\n");
	put_memory(root, 100000, 50000, 500000);
}

static const struct snap *open_host(char root[32], struct probe **ret_probe)
{
	fx_make_root(root);
	put_host(root);
	assert_int_equal(probe_open(root, ret_probe), 0);
	return probe_take(*ret_probe, PROBE_ASK_WHEN_DUE);
}

static void close_host(const char *root, struct probe *probe)
{
	probe_close(probe);
	fx_remove(root, "");
}

static void following_reads_ksmd_and_nothing_else(void **state)
{
	struct probe *probe;
	char root[32];
	const struct snap *snap = open_host(root, &probe);
	uint32_t caps = snap->caps;

	(void)state;
	put_ksm(root, "pages_scanned", 900);
	put_ksm(root, "full_scans", 8);
	put_ksm(root, "run", 0);
	put_ksm(root, "pages_sharing", 5000);
	put_memory(root, 1, 1, 1);
	fx_put(root, "proc/37/schedstat", "42 1 1\n");
	snap = probe_follow(probe);
	assert_int_equal(snap->seq, 2);
	assert_int_equal(snap->vms_seq, 1);
	assert_int_equal(snap->caps, caps);
	assert_int_equal(snap->ksm.pages_scanned, 900);
	assert_int_equal(snap->ksm.full_scans, 8);
	assert_int_equal(snap->ksm.run, 0);
	assert_int_equal(snap->ksm.ksmd_cpu_ns, 42);
	assert_int_equal(snap->ksm.pages_sharing, 1);
	assert_int_equal(snap->host.anon_pages, 50000);
	/* What was not read then is read now. */
	snap = probe_take(probe, PROBE_ASK_WHEN_DUE);
	assert_int_equal(snap->ksm.pages_sharing, 5000);
	assert_int_equal(snap->host.anon_pages, 1);
	close_host(root, probe);
}

static void who_cannot_be_followed_is_read_as_a_whole(void **state)
{
	struct probe *probe;
	char root[32];
	const struct snap *snap = open_host(root, &probe);

	(void)state;
	put_ksm(root, "pages_sharing", 5000);
	fx_remove(root, "proc/37/schedstat");
	snap = probe_follow(probe);
	assert_false(snap_has(snap, SNAP_CAP_KSMD_CPU));
	assert_int_equal(snap->ksm.pages_sharing, 5000);
	fx_put(root, "proc/37/schedstat", "42 1 1\n");
	probe_take(probe, PROBE_ASK_WHEN_DUE);
	fx_remove(root, KSM "full_scans");
	snap = probe_follow(probe);
	assert_false(snap_has(snap, SNAP_CAP_KSM));
	assert_int_equal(snap->ksm.pages_sharing, 0);
	close_host(root, probe);
}

/* ksmd's schedstat stands still. */
static void knobs_are_read_seldom_while_ksmd_rests(void **state)
{
	struct probe *probe;
	char root[32];
	const struct snap *snap;

	(void)state;
	open_host(root, &probe);
	/* The first one found ksmd. */
	assert_int_equal(probe_take(probe, PROBE_ASK_WHEN_DUE)->ksm.sleep_ms, 1);
	put_ksm(root, "sleep_millisecs", 77);
	assert_int_equal(probe_take(probe, PROBE_ASK_WHEN_DUE)->ksm.sleep_ms, 1);
	while ((snap = probe_take(probe, PROBE_ASK_WHEN_DUE))->seq < 5)
		;
	assert_int_equal(snap->ksm.sleep_ms, 77);
	/* Whoever turns KSM off or on is seen at once, with all the rest. */
	put_ksm(root, "sleep_millisecs", 78);
	put_ksm(root, "run", 0);
	assert_int_equal(probe_take(probe, PROBE_ASK_WHEN_DUE)->ksm.sleep_ms, 78);
	put_ksm(root, "sleep_millisecs", 79);
	fx_put(root, "proc/37/schedstat", "42 1 1\n");
	assert_int_equal(probe_take(probe, PROBE_ASK_WHEN_DUE)->ksm.sleep_ms, 79);
	close_host(root, probe);
}

static void meminfo_is_read_when_memory_moved(void **state)
{
	struct probe *probe;
	char root[32];
	const struct snap *snap = open_host(root, &probe);

	(void)state;
	put_memory(root, 100100, 50100, 400000);
	snap = probe_take(probe, PROBE_ASK_WHEN_DUE);
	assert_int_equal(snap->host.mem_available_kib, 500000);
	put_memory(root, 100256, 50000, 300000);
	snap = probe_take(probe, PROBE_ASK_WHEN_DUE);
	assert_int_equal(snap->host.mem_available_kib, 300000);
	put_memory(root, 100256, 49744, 200000);
	snap = probe_take(probe, PROBE_ASK_WHEN_DUE);
	assert_int_equal(snap->host.mem_available_kib, 200000);
	close_host(root, probe);
}

static void without_free_pages_meminfo_is_always_read(void **state)
{
	struct probe *probe;
	char root[32];
	const struct snap *snap = open_host(root, &probe);

	(void)state;
	put_memory(root, 100000, 50000, 400000);
	fx_put(root, "proc/vmstat", "nr_anon_pages 50000\n");
	snap = probe_take(probe, PROBE_ASK_WHEN_DUE);
	assert_int_equal(snap->host.mem_available_kib, 400000);
	close_host(root, probe);
}

/* Whoever came has got a pid, and loadavg tells the last one. */
static void nobody_is_listed_before_a_pid_is_new(void **state)
{
	struct probe *probe;
	char root[32];
	const struct snap *snap;

	(void)state;
	fx_make_root(root);
	put_host(root);
	fx_put(root, "proc/loadavg", "0.00 0.01 0.05 1/80 50\n");
	fx_put_process(root, 50, "app", 5, BIG, "app", YES);
	assert_int_equal(probe_open(root, &probe), 0);
	snap = probe_take(probe, PROBE_ASK_ALL);
	assert_int_equal(snap->nvms, 1);
	fx_put_process(root, 51, "app", 6, BIG, "app", YES);
	snap = probe_take(probe, PROBE_ASK_ALL);
	assert_int_equal(snap->nvms, 1);
	fx_put(root, "proc/loadavg", "0.00 0.01 0.05 1/80 51\n");
	snap = probe_take(probe, PROBE_ASK_ALL);
	assert_int_equal(snap->nvms, 2);
	/* Who has gone is missed without a listing. */
	fx_remove(root, "proc/50");
	snap = probe_take(probe, PROBE_ASK_ALL);
	assert_int_equal(snap->nvms, 1);
	assert_int_equal(snap->vms[0].pid, 51);
	assert_true(snap_has(snap, SNAP_CAP_KSMD_CPU));
	close_host(root, probe);
}

static void what_loadavg_does_not_tell_is_listed(void **state)
{
	static const char *const bad[] = {
		"", "0.00 0.01 0.05 1/80\n", "0.00 0.01 0.05 1/80 x\n",
		"0.00 0.01 0.05 1/80 0\n", "0.00 0.01 0.05 1/80 99999999999\n",
	};
	struct probe *probe;
	char root[32];
	uint32_t i;

	(void)state;
	fx_make_root(root);
	put_host(root);
	assert_int_equal(probe_open(root, &probe), 0);
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		fx_put(root, "proc/loadavg", "%s", bad[i]);
		fx_put_process(root, 50 + (int)i, "app", 5, BIG, "app", YES);
		assert_int_equal(probe_take(probe, PROBE_ASK_ALL)->nvms, i + 1);
	}
	close_host(root, probe);
}

static void who_is_small_is_asked_when_grown(void **state)
{
	struct probe *probe;
	char root[32];

	(void)state;
	fx_make_root(root);
	put_host(root);
	fx_put_process(root, 50, "app", 5, 1023, "app", YES);
	assert_int_equal(probe_open(root, &probe), 0);
	assert_int_equal(probe_take(probe, PROBE_ASK_ALL)->nvms, 0);
	fx_put_process(root, 50, "app", 5, 1024, "app", YES);
	assert_int_equal(probe_take(probe, PROBE_ASK_ALL)->nvms, 1);
	/* A VMM is told at any size. */
	fx_put_process(root, 51, "qemu-kvm", 6, 10, "qemu-kvm|-name|a", YES);
	assert_int_equal(probe_take(probe, PROBE_ASK_ALL)->nvms, 2);
	close_host(root, probe);
}

static void those_known_are_asked_alone(void **state)
{
	const struct snap *snap;
	struct probe *probe;
	char root[32];

	(void)state;
	fx_make_root(root);
	put_host(root);
	fx_put(root, "proc/loadavg", "0.00 0.01 0.05 1/80 51\n");
	fx_put_process(root, 50, "app", 5, BIG, "app", YES);
	fx_put_process(root, 51, "other", 5, BIG, "other", NO);
	assert_int_equal(probe_open(root, &probe), 0);
	assert_int_equal(probe_take(probe, PROBE_ASK_ALL)->nvms, 1);
	fx_put_process(root, 50, "app", 5, 2 * BIG, "app", YES);
	fx_put_process(root, 51, "other", 5, 2 * BIG, "other", YES);
	snap = probe_take(probe, PROBE_ASK_KNOWN);
	assert_int_equal(snap->nvms, 1);
	assert_int_equal(snap->vms[0].rss_pages, 2 * BIG);
	assert_int_equal(snap->vms_seq, snap->seq);
	assert_int_equal(probe_take(probe, PROBE_ASK_ALL)->nvms, 2);
	/* A newcomer is one of them, also while it is still small. */
	fx_put_process(root, 52, "new", 6, 10, "new", YES);
	fx_put(root, "proc/loadavg", "0.00 0.01 0.05 1/80 52\n");
	assert_int_equal(probe_take(probe, PROBE_ASK_KNOWN)->nvms, 2);
	fx_put_process(root, 52, "new", 6, BIG, "new", YES);
	assert_int_equal(probe_take(probe, PROBE_ASK_KNOWN)->nvms, 3);
	close_host(root, probe);
}

/* A newcomer's table stands; what a glance shows of it is told by the answer. */
static void a_glance_shows_who_has_memory_now(void **state)
{
	struct probe *probe;
	char root[32];
	unsigned int count = 7;

	(void)state;
	open_host(root, &probe);
	assert_false(probe_glance(probe, &count));
	assert_int_equal(count, 0);
	fx_put_process(root, 50, "qemu-kvm", 5, 100, "qemu-kvm|-name|a", NO);
	assert_int_equal(probe_take(probe, PROBE_ASK_OWNERS)->nvms, 1);
	assert_false(probe_glance(probe, &count));
	assert_int_equal(count, 1);
	/* What cannot merge may grow. */
	fx_put_process(root, 50, "qemu-kvm", 5, BIG, "qemu-kvm|-name|a", NO);
	assert_false(probe_glance(probe, &count));
	fx_put_process(root, 50, "qemu-kvm", 5, BIG, "qemu-kvm|-name|a", YES);
	assert_true(probe_glance(probe, &count));
	assert_true(probe_take(probe, PROBE_ASK_KNOWN)->vms[0].mergeable);
	assert_false(probe_glance(probe, &count));
	fx_put_process(root, 50, "qemu-kvm", 5, BIG + 255, "qemu-kvm|-name|a",
		       YES);
	assert_false(probe_glance(probe, &count));
	fx_put_process(root, 50, "qemu-kvm", 5, BIG + 256, "qemu-kvm|-name|a",
		       YES);
	assert_true(probe_glance(probe, &count));
	probe_take(probe, PROBE_ASK_KNOWN);
	assert_false(probe_glance(probe, &count));
	fx_remove(root, "proc/50");
	assert_true(probe_glance(probe, &count));
	assert_int_equal(count, 1);
	close_host(root, probe);
}

/* Linux 6.12 says in smaps only whose memory can merge. */
static void a_glance_shows_growth_where_smaps_must_tell(void **state)
{
	static const char told[] = "ksm_rmap_items 0\n";
	struct probe *probe;
	char root[32];
	unsigned int count;

	(void)state;
	open_host(root, &probe);
	fx_put_process(root, 50, "vmm", 5, 900, "vmm", told);
	fx_put(root, "sys/kernel/debug/kvm/50-11/exits", "0\n");
	fx_put(root, "proc/50/smaps", "1-2 rw-p 0 0:0 0\nVmFlags: rd wr mg\n");
	assert_int_equal(probe_take(probe, PROBE_ASK_OWNERS)->nvms, 1);
	fx_put_process(root, 50, "vmm", 5, 1023, "vmm", told);
	assert_false(probe_glance(probe, &count));
	fx_put_process(root, 50, "vmm", 5, 1156, "vmm", told);
	assert_true(probe_glance(probe, &count));
	assert_true(probe_take(probe, PROBE_ASK_KNOWN)->vms[0].mergeable);
	assert_false(probe_glance(probe, &count));
	close_host(root, probe);
}

/* A process may be old when it makes its first VM, and no pid is new. */
static void who_has_a_vm_now_is_a_newcomer(void **state)
{
	struct probe *probe;
	char root[32];
	unsigned int count;

	(void)state;
	fx_make_root(root);
	put_host(root);
	fx_put(root, "proc/loadavg", "0.00 0.01 0.05 1/80 51\n");
	fx_put_process(root, 50, "vmm", 5, BIG, "vmm", NO);
	fx_put_process(root, 51, "other", 5, BIG, "other", NO);
	fx_put(root, "sys/kernel/debug/kvm/51-11/exits", "0\n");
	assert_int_equal(probe_open(root, &probe), 0);
	assert_int_equal(probe_take(probe, PROBE_ASK_ALL)->nvms, 1);
	assert_false(probe_glance(probe, &count));
	assert_int_equal(count, 0);
	fx_put(root, "sys/kernel/debug/kvm/50-11/exits", "0\n");
	assert_int_equal(probe_take(probe, PROBE_ASK_ALL)->nvms, 1);
	assert_int_equal(probe_take(probe, PROBE_ASK_OWNERS)->nvms, 2);
	assert_false(probe_glance(probe, &count));
	assert_int_equal(count, 1);
	close_host(root, probe);
}

/* Of a VMM of which so many pages merge, on a host with so many huge ones. */
static uint64_t thp_kib_of(const char *anon_huge, unsigned int merging)
{
	struct probe *probe;
	char root[32];
	uint64_t kib;

	fx_make_root(root);
	put_host(root);
	fx_put(root, "proc/meminfo", "MemTotal: 9 kB\nMemFree: 9 kB\n"
	       "MemAvailable: 9 kB\n%s", anon_huge);
	fx_put_process(root, 50, "qemu-kvm", 5, BIG, "qemu-kvm|-name|a", YES);
	fx_put(root, "proc/50/ksm_stat", YES "ksm_merging_pages %u\n", merging);
	fx_put(root, "proc/50/smaps_rollup", "AnonHugePages: 4096 kB\n");
	assert_int_equal(probe_open(root, &probe), 0);
	kib = probe_take(probe, PROBE_ASK_ALL)->vms[0].thp_kib;
	close_host(root, probe);
	return kib;
}

static void smaps_is_left_alone_where_huge_pages_are_few(void **state)
{
	(void)state;
	assert_int_equal(thp_kib_of("AnonHugePages: 0 kB\n", 0), 0);
	assert_int_equal(thp_kib_of("AnonHugePages: 1024 kB\n", 0), 0);
	/* A quarter of the process' 8192 KiB. */
	assert_int_equal(thp_kib_of("AnonHugePages: 2048 kB\n", 0), 4096);
	assert_int_equal(thp_kib_of("AnonHugePages: many\n", 0), 4096);
	assert_int_equal(thp_kib_of("", 0), 4096);
}

static void smaps_is_left_alone_where_much_merges(void **state)
{
	(void)state;
	assert_int_equal(thp_kib_of("", BIG / 4), 0);
	assert_int_equal(thp_kib_of("", BIG / 4 - 1), 4096);
}

static void a_newcomer_is_given_time_to_merge(void **state)
{
	struct probe *probe;
	char root[32];
	const struct snap *snap = open_host(root, &probe);

	(void)state;
	assert_int_equal(snap->nvms, 0);
	fx_put_process(root, 50, "qemu-kvm", 5, BIG, "qemu-kvm|-name|a", YES);
	fx_put(root, "proc/50/status", "RssShmem: 9000 kB\nHugetlbPages: 4 kB\n");
	snap = probe_take(probe, PROBE_ASK_ALL);
	assert_int_equal(snap->nvms, 1);
	assert_int_equal(snap->vms[0].hugetlb_kib, 0);
	close_host(root, probe);
	/* Who was there before has had it. */
	fx_make_root(root);
	put_host(root);
	fx_put_process(root, 50, "qemu-kvm", 5, BIG, "qemu-kvm|-name|a", YES);
	fx_put(root, "proc/50/status", "RssShmem: 9000 kB\nHugetlbPages: 4 kB\n");
	assert_int_equal(probe_open(root, &probe), 0);
	assert_int_equal(probe_take(probe, PROBE_ASK_ALL)->vms[0].hugetlb_kib, 4);
	close_host(root, probe);
}

static long read_kept(int proc_fd, pid_t pid, int *fd)
{
	char path[64], buf[256];

	snprintf(path, sizeof(path), "%d/statm", pid);
	return probe_file_read_kept(proc_fd, path, fd, buf, sizeof(buf));
}

static void a_kept_descriptor_ends_with_its_process(void **state)
{
	int proc_fd = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int fd = 0, kept_fd;
	pid_t pid = fork();

	(void)state;
	assert_true(proc_fd > 0 && pid >= 0);
	if (pid == 0) {
		pause();
		_exit(0);
	}
	assert_true(read_kept(proc_fd, pid, &fd) > 0);
	kept_fd = fd;
	assert_true(kept_fd > 0);
	assert_true(read_kept(proc_fd, pid, &fd) > 0);
	assert_int_equal(fd, kept_fd);
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	assert_int_equal(read_kept(proc_fd, pid, &fd), -ESRCH);
	assert_int_equal(fd, 0);
	assert_int_equal(fcntl(kept_fd, F_GETFD), -1);
	assert_int_equal(read_kept(proc_fd, pid, &fd), -ENOENT);
	assert_int_equal(fd, 0);
	close(proc_fd);
}

static void descriptors_are_left_to_others(void **state)
{
	int proc_fd = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct rlimit limit, tight;
	int fd = 0;

	(void)state;
	assert_true(proc_fd > 0);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
	tight = limit;
	tight.rlim_cur = (rlim_t)proc_fd + 2;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &tight), 0);
	assert_true(read_kept(proc_fd, getpid(), &fd) > 0);
	assert_int_equal(fd, 0);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
	assert_true(read_kept(proc_fd, getpid(), &fd) > 0);
	assert_int_not_equal(fd, 0);
	close(fd);
	close(proc_fd);
}

static void no_descriptor_of_a_copied_host_is_kept(void **state)
{
	char root[32], buf[8];
	int fd = 0, root_fd;

	(void)state;
	fx_make_root(root);
	fx_put(root, "statm", "1");
	root_fd = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(root_fd > 0);
	assert_int_equal(probe_file_read_kept(root_fd, "statm", &fd, buf,
					      sizeof(buf)), 1);
	assert_int_equal(fd, 0);
	close(root_fd);
	fx_remove(root, "");
}

/* A child with mergeable memory that burns 50 ms of CPU for each byte. */
static void burn(int ask, int answer)
{
	size_t size = 4096 * (size_t)BIG;
	char *memory = mmap(NULL, size, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	clock_t begin;
	char byte;

	if (memory == MAP_FAILED || madvise(memory, size, MADV_MERGEABLE))
		_exit(1);
	for (size_t i = 0; i < size; i += 64)
		memory[i] = (char)(i >> 6 ^ i >> 12 ^ (size_t)getpid());
	while (write(answer, "", 1) == 1 && read(ask, &byte, 1) == 1)
		for (begin = clock(); clock() - begin < CLOCKS_PER_SEC / 20;)
			;
	_exit(0);
}

static const struct snap_vm *find(const struct snap *snap, pid_t pid)
{
	for (uint32_t i = 0; i < snap->nvms; i++)
		if (snap->vms[i].pid == pid)
			return &snap->vms[i];
	return NULL;
}

/* On the real procfs, where descriptors are kept and stat is spared. */
static void a_young_process_has_its_cpu_time_followed(void **state)
{
	int ask[2], answer[2];
	struct probe *probe;
	const struct snap_vm *vm;
	uint64_t ticks = 0;
	char byte;
	pid_t pid;

	(void)state;
	assert_int_equal(pipe(ask) | pipe(answer), 0);
	assert_int_equal(probe_open("/", &probe), 0);
	probe_take(probe, PROBE_ASK_ALL);
	pid = fork();
	assert_true(pid >= 0);
	if (!pid) {
		close(ask[1]);
		close(answer[0]);
		burn(ask[0], answer[1]);
	}
	close(answer[1]);
	for (int i = 0; i < 4; i++) {
		if (read(answer[0], &byte, 1) != 1)
			break;	/* a kernel without KSM */
		vm = find(probe_take(probe, PROBE_ASK_ALL), pid);
		assert_non_null(vm);
		if (i)
			assert_true(vm->cpu_ticks >= ticks + 4);
		ticks = vm->cpu_ticks;
		assert_int_equal(write(ask[1], "", 1), 1);
	}
	probe_close(probe);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	close(ask[0]);
	close(ask[1]);
	close(answer[0]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(following_reads_ksmd_and_nothing_else),
		cmocka_unit_test(who_cannot_be_followed_is_read_as_a_whole),
		cmocka_unit_test(knobs_are_read_seldom_while_ksmd_rests),
		cmocka_unit_test(meminfo_is_read_when_memory_moved),
		cmocka_unit_test(without_free_pages_meminfo_is_always_read),
		cmocka_unit_test(nobody_is_listed_before_a_pid_is_new),
		cmocka_unit_test(what_loadavg_does_not_tell_is_listed),
		cmocka_unit_test(who_is_small_is_asked_when_grown),
		cmocka_unit_test(those_known_are_asked_alone),
		cmocka_unit_test(a_glance_shows_who_has_memory_now),
		cmocka_unit_test(a_glance_shows_growth_where_smaps_must_tell),
		cmocka_unit_test(who_has_a_vm_now_is_a_newcomer),
		cmocka_unit_test(smaps_is_left_alone_where_huge_pages_are_few),
		cmocka_unit_test(smaps_is_left_alone_where_much_merges),
		cmocka_unit_test(a_newcomer_is_given_time_to_merge),
		cmocka_unit_test(a_kept_descriptor_ends_with_its_process),
		cmocka_unit_test(descriptors_are_left_to_others),
		cmocka_unit_test(no_descriptor_of_a_copied_host_is_kept),
		cmocka_unit_test(a_young_process_has_its_cpu_time_followed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
