// SPDX-License-Identifier: GPL-2.0
/*
 * What is asked for is answered, and what is set is there afterwards, as sysfs
 * has it where it has it.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "client.h"
#include "test.h"
#include "vm.h"

#define NR_AT_ONCE 3000

static uint64_t sysfs(const char *name)
{
	unsigned long long value = 0;
	char path[128];
	FILE *file;

	snprintf(path, sizeof(path), "/sys/kernel/mm/ksm/%s", name);
	file = fopen(path, "r");
	if (!file || fscanf(file, "%llu", &value) != 1)
		note("no %s", path);
	if (file)
		fclose(file);
	return value;
}

static void test_counters(struct client *client)
{
	static const struct {
		int attr;
		const char *name;
	} counters[] = {
		{ KSMD_EXT_A_COUNTERS_PAGES_SHARED, "pages_shared" },
		{ KSMD_EXT_A_COUNTERS_PAGES_SHARING, "pages_sharing" },
		{ KSMD_EXT_A_COUNTERS_PAGES_UNSHARED, "pages_unshared" },
		{ KSMD_EXT_A_COUNTERS_PAGES_VOLATILE, "pages_volatile" },
		{ KSMD_EXT_A_COUNTERS_PAGES_SCANNED, "pages_scanned" },
		{ KSMD_EXT_A_COUNTERS_FULL_SCANS, "full_scans" },
		{ KSMD_EXT_A_COUNTERS_TREE_STEPS, "tree_steps" },
		{ KSMD_EXT_A_COUNTERS_COMPARES, "compares" },
		{ KSMD_EXT_A_COUNTERS_BYTES_COMPARED, "bytes_compared" },
	};
	size_t i, nr_wrong = 0;
	int attr;

	client_ask(client, KSMD_EXT_CMD_COUNTERS_GET, 0);
	for (attr = 1; attr <= KSMD_EXT_A_COUNTERS_MAX; attr++)
		nr_wrong += !client_attr(client, 0, attr);
	claim(!client->error && !nr_wrong, "every counter is answered");

	for (i = 0; i < sizeof(counters) / sizeof(*counters); i++) {
		uint64_t got = client_uint(client, 0, counters[i].attr);

		if (got == sysfs(counters[i].name))
			continue;
		note("%s: %llu", counters[i].name, (unsigned long long)got);
		nr_wrong++;
	}
	claim(!nr_wrong, "the counters are those of sysfs");
}

static void test_params(struct client *client)
{
	struct nl_msg *msg = client_new(client, KSMD_EXT_CMD_PARAMS_SET, 0);
	uint64_t pages = sysfs("pages_to_scan");
	uint64_t sleep_ms = sysfs("sleep_millisecs");

	nla_put_u32(msg, KSMD_EXT_A_PARAMS_PAGES_TO_SCAN, 4321);
	nla_put_u32(msg, KSMD_EXT_A_PARAMS_SLEEP_MILLISECS, 54);
	nla_put_u8(msg, KSMD_EXT_A_PARAMS_SMART_SCAN, 0);
	claim(!client_send(client, msg) && sysfs("pages_to_scan") == 4321 &&
		      sysfs("sleep_millisecs") == 54 && !sysfs("smart_scan"),
	      "parameters are set");

	client_ask(client, KSMD_EXT_CMD_PARAMS_GET, 0);
	claim(client_uint(client, 0, KSMD_EXT_A_PARAMS_PAGES_TO_SCAN) == 4321 &&
		      client_uint(client, 0, KSMD_EXT_A_PARAMS_RUN) ==
			      sysfs("run") &&
		      client_attr(client, 0, KSMD_EXT_A_PARAMS_CHECKSUM_INDEX),
	      "and read again");

	msg = client_new(client, KSMD_EXT_CMD_PARAMS_SET, 0);
	nla_put_u32(msg, KSMD_EXT_A_PARAMS_PAGES_TO_SCAN, pages);
	nla_put_u32(msg, KSMD_EXT_A_PARAMS_SLEEP_MILLISECS, sleep_ms);
	nla_put_u8(msg, KSMD_EXT_A_PARAMS_SMART_SCAN, 1);
	client_send(client, msg);
}

/* The id of the VM of this process, 0 if there is not exactly one. */
static uint64_t find_own_vm(struct client *client, size_t *ret_reply)
{
	uint64_t id = 0;
	size_t i, nr = 0;

	client_ask(client, KSMD_EXT_CMD_VM_GET, NLM_F_DUMP);
	for (i = 0; i < client->nr_replies; i++) {
		if (client_uint(client, i, KSMD_EXT_A_VM_PID) !=
		    (uint64_t)getpid())
			continue;
		id = client_uint(client, i, KSMD_EXT_A_VM_ID);
		*ret_reply = i;
		nr++;
	}
	return nr == 1 ? id : 0;
}

static int ask_vm(struct client *client, uint64_t id)
{
	struct nl_msg *msg = client_new(client, KSMD_EXT_CMD_VM_GET, 0);

	nla_put_u64(msg, KSMD_EXT_A_VM_ID, id);
	return client_send(client, msg);
}

static void test_vms(struct client *client)
{
	struct nl_msg *msg;
	int vm = vm_create();
	size_t reply = 0;
	uint64_t id;

	id = find_own_vm(client, &reply);
	claim(id, "a VM is listed, once");
	claim(!strcmp("ksmd-ext-test",
		      nla_get_string(client_attr(client, reply,
						 KSMD_EXT_A_VM_NAME))),
	      "its process has its name");

	msg = client_new(client, KSMD_EXT_CMD_VM_SET, 0);
	nla_put_u64(msg, KSMD_EXT_A_VM_ID, id);
	nla_put_u32(msg, KSMD_EXT_A_VM_LIMIT, 100);
	claim(!client_send(client, msg) && !ask_vm(client, id) &&
		      client_uint(client, 0, KSMD_EXT_A_VM_LIMIT) == 100 &&
		      client_uint(client, 0, KSMD_EXT_A_VM_REQUESTED) == 100,
	      "its limit is set");

	close(vm);
	claim(ask_vm(client, id) == -ESRCH && client->message[0],
	      "it is gone when it is: %s", client->message);
	claim(!find_own_vm(client, &reply), "and is not listed any more");
}

static void test_scrub_settings(struct client *client)
{
	struct nl_msg *msg = client_new(client, KSMD_EXT_CMD_SCRUB_SET, 0);

	nla_put_u32(msg, KSMD_EXT_A_SCRUB_BUDGET_PAGES, 7777);
	nla_put_u32(msg, KSMD_EXT_A_SCRUB_INTERVAL_MS, 50);
	claim(!client_send(client, msg), "the scrubber's budget is set");
	client_ask(client, KSMD_EXT_CMD_SCRUB_GET, 0);
	claim(client_uint(client, 0, KSMD_EXT_A_SCRUB_BUDGET_PAGES) == 7777 &&
		      client_uint(client, 0, KSMD_EXT_A_SCRUB_BUDGET_MS) == 100 &&
		      client_uint(client, 0, KSMD_EXT_A_SCRUB_INTERVAL_MS) == 50 &&
		      !client_uint(client, 0, KSMD_EXT_A_SCRUB_ENABLED),
	      "and nothing else");

	msg = client_new(client, KSMD_EXT_CMD_SCRUB_SET, 0);
	nla_put_u32(msg, KSMD_EXT_A_SCRUB_BUDGET_PAGES, 1 << 18);
	nla_put_u32(msg, KSMD_EXT_A_SCRUB_INTERVAL_MS, 1000);
	client_send(client, msg);
}

/* Of two that set different things at once, neither undoes the other's. */
static void test_settings_at_once(struct client *client)
{
	unsigned int i, nr_undone = 0;
	pid_t other = fork();

	if (!other) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (client_open(client, NULL))
			_exit(1);
		for (i = 0;; i++)
			client_ask_u32(client, KSMD_EXT_CMD_SCRUB_SET,
				       KSMD_EXT_A_SCRUB_INTERVAL_MS, i % 1000);
	}
	for (i = 1; i <= NR_AT_ONCE; i++) {
		client_ask_u32(client, KSMD_EXT_CMD_SCRUB_SET,
			       KSMD_EXT_A_SCRUB_BUDGET_MS, i);
		client_ask(client, KSMD_EXT_CMD_SCRUB_GET, 0);
		nr_undone += client_uint(client, 0,
					 KSMD_EXT_A_SCRUB_BUDGET_MS) != i;
	}
	kill(other, SIGKILL);
	waitpid(other, NULL, 0);
	claim(!nr_undone, "of %d settings %u were undone by another's",
	      NR_AT_ONCE, nr_undone);
}

void test_requests(int argc, char **argv)
{
	struct client client;

	(void)argc;
	(void)argv;
	if (!claim(!client_open(&client, NULL), "the family is there"))
		return;
	test_counters(&client);
	test_params(&client);
	test_vms(&client);
	test_scrub_settings(&client);
	test_settings_at_once(&client);
	client_close(&client);
}
