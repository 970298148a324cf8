// SPDX-License-Identifier: GPL-2.0
/*
 * Events reach who has joined their group.
 */
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "client.h"
#include "test.h"
#include "vm.h"

/* A limit for what never comes, not a measure. */
#define TIMEOUT_MS 60000

static void write_run(const char *value)
{
	int fd = open("/sys/kernel/mm/ksm/run", O_WRONLY);

	if (fd < 0 || write(fd, value, 1) != 1)
		note("cannot write ksm/run");
	close(fd);
}

static void test_pass_end(void)
{
	uint64_t first, second;
	struct client client;
	void *memory;
	int command;

	/* Without any memory to look at there are no passes. */
	memory = mmap(NULL, 1 << 16, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	if (madvise(memory, 1 << 16, MADV_MERGEABLE))
		note("no memory can be merged");
	if (!claim(!client_open(&client, "passes"), "passes has members"))
		return;
	write_run("1");
	command = client_wait(&client, TIMEOUT_MS);
	first = client_uint(&client, 0, KSMD_EXT_A_COUNTERS_FULL_SCANS);
	claim(command == KSMD_EXT_CMD_PASS_END, "the end of a pass is told");
	client_wait(&client, TIMEOUT_MS);
	second = client_uint(&client, 0, KSMD_EXT_A_COUNTERS_FULL_SCANS);
	claim(second > first, "and that of the next one");
	write_run("0");
	client_close(&client);
}

static void test_vm_events(void)
{
	struct client client;
	uint64_t id;
	int vm, command;

	if (!claim(!client_open(&client, "vms"), "vms has members"))
		return;
	vm = vm_create();
	command = client_wait(&client, TIMEOUT_MS);
	id = client_uint(&client, 0, KSMD_EXT_A_VM_ID);
	claim(command == KSMD_EXT_CMD_VM_START &&
		      client_uint(&client, 0, KSMD_EXT_A_VM_PID) ==
			      (uint64_t)getpid(),
	      "a VM's start is told");
	close(vm);
	command = client_wait(&client, TIMEOUT_MS);
	claim(command == KSMD_EXT_CMD_VM_STOP &&
		      client_uint(&client, 0, KSMD_EXT_A_VM_ID) == id,
	      "and its end");
	client_close(&client);
}

static void test_scrub_end(void)
{
	struct client client, asker;
	int command;

	if (!claim(!client_open(&client, "scrubs") && !client_open(&asker, NULL),
		   "scrubs has members"))
		return;
	client_ask_u8(&asker, KSMD_EXT_CMD_SCRUB_RUN, KSMD_EXT_A_SCRUB_DRY_RUN, 1);
	command = client_wait(&client, TIMEOUT_MS);
	claim(command == KSMD_EXT_CMD_SCRUB_END &&
		      client_uint(&client, 0, KSMD_EXT_A_SCRUB_DRY_RUN) == 1 &&
		      client_attr(&client, 0, KSMD_EXT_A_SCRUB_LAST),
	      "the end of a scrubber's run is told");
	client_close(&asker);
	client_close(&client);
}

void test_events(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	test_pass_end();
	test_vm_events();
	test_scrub_end();
}
