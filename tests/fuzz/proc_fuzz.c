// SPDX-License-Identifier: GPL-2.0
/*
 * The parsers of procfs and sysfs. The first byte picks one, the rest is the
 * file. Beside memory errors it looks for a broken promise: a name that is not
 * terminated or not printable, a number taken from a malformed file.
 */
#include <stdlib.h>
#include <string.h>

#include "../../daemon/probe/proc.h"
#include "../../daemon/probe/sources.h"
#include "../../daemon/probe/vm_name.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool promise)
{
	if (!promise)
		abort();
}

/* Sanitising twice is sanitising once, and leaves no control character. */
static void check_name(char name[SNAP_NAME_LEN])
{
	char again[SNAP_NAME_LEN];
	const char *at;

	must(memchr(name, '\0', SNAP_NAME_LEN));
	probe_name_sanitise(name);
	for (at = name; *at; at++)
		must((unsigned char)*at >= 0x20 && *at != 0x7f);
	strcpy(again, name);
	probe_name_sanitise(again);
	must(!strcmp(name, again));
}

static void fuzz_process(struct probe_text text)
{
	struct probe_stat stat;
	struct probe_statm statm;
	struct probe_ksm_stat ksm_stat;
	uint64_t hugetlb_kib;
	int32_t tgid;

	if (probe_stat_parse(text, &stat))
		must(memchr(stat.comm, '\0', sizeof(stat.comm)));
	probe_statm_parse(text, &statm);
	probe_ksm_stat_parse(text, &ksm_stat);
	probe_status_hugetlb(text, &hugetlb_kib);
	if (probe_status_tgid(text, &tgid))
		must(tgid > 0);
}

static void fuzz_smaps(struct probe_text text)
{
	struct probe_smaps smaps = { 0 };
	struct probe_text line;

	while (probe_text_line(&text, &line))
		probe_smaps_line(line, &smaps);
}

static void fuzz_cmdline(struct probe_text text, unsigned int pick)
{
	enum snap_vmm vmm = pick % (SNAP_VMM_OTHER + 1);
	char name[SNAP_NAME_LEN];

	probe_vmm_of(text, "comm");
	if (probe_name_from_cmdline(vmm, text, name)) {
		must(name[0]);
		check_name(name);
	}
}

static void fuzz_cgroup(struct probe_text text)
{
	char name[SNAP_NAME_LEN];
	char scope[SNAP_NAME_LEN];

	if (!probe_name_from_cgroup(text, scope))
		return;
	strcpy(name, scope);
	check_name(name);
	probe_name_is_scope(name, scope);
	must(probe_name_is_scope(scope, scope));
}

static void fuzz_host(struct probe_text text)
{
	struct snap_host host = { 0 };
	struct snap_psi psi = { 0 };
	struct snap_node node;
	uint64_t cpu_ns;
	uint32_t count;

	if (!(probe_vmstat_parse(text, &host) & SNAP_CAP_COW))
		must(host.cow_ksm == 0);
	if (!probe_meminfo_parse(text, &host))
		must(host.mem_total_kib == 0 && host.swap_free_kib == 0);
	if (probe_psi_parse(text, &psi))
		must(psi.some_avg10_permille <= 1000 &&
		     psi.some_avg60_permille <= 1000);
	probe_node_parse(text, &node);
	probe_schedstat_parse(text, &cpu_ns);
	if (probe_cpulist_count(text, &count))
		must(count > 0);
}

static void fuzz_ksm(struct probe_text text)
{
	static const char *const names[] = {
		"run", "pages_sharing", "general_profit", "advisor_mode",
	};
	struct snap_ksm ksm;
	uint32_t cap;
	size_t i;

	memset(&ksm, 0xff, sizeof(ksm));
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		probe_ksm_parse(names[i], text, &ksm, &cap);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct probe_text text;
	char *copy;

	if (size == 0)
		return 0;
	/* Of its exact size, for the sanitiser to see any byte beyond it. */
	copy = malloc(size > 1 ? size - 1 : 1);
	must(copy);
	memcpy(copy, data + 1, size - 1);
	text = probe_text_of(copy, size - 1);
	switch (data[0] % 8) {
	case 0:
		fuzz_process(text);
		break;
	case 1:
		fuzz_smaps(text);
		break;
	case 2:
		fuzz_cgroup(text);
		break;
	case 3:
		fuzz_host(text);
		break;
	case 4:
		fuzz_ksm(text);
		break;
	default:
		fuzz_cmdline(text, data[0] / 8);
	}
	free(copy);
	return 0;
}
