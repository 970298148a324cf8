// SPDX-License-Identifier: GPL-2.0
/*
 * A guest whose working set is known: of its pages some are written all the time.
 * Then the contents of others go, and come back.
 */
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "client.h"
#include "ksm.h"
#include "test.h"

#define PAGE 4096
#define NR_PAGES 4096
#define NR_WRITTEN 512
#define NR_LEAVING 256

enum { WRITE, LEAVE, RETURN };

/* What the guest is to do, and what it does. */
struct orders {
	volatile int wanted, done;
};

static void fill(char *page, uint64_t content)
{
	uint64_t *words = (uint64_t *)page;
	int i;

	for (i = 0; i < PAGE / 8; i++)
		words[i] = content * 0x9e3779b97f4a7c15ull + i;
}

static void be_guest(struct orders *orders)
{
	char *memory = mmap(NULL, NR_PAGES * PAGE, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	uint64_t i, round = 0;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (memory == MAP_FAILED ||
	    madvise(memory, NR_PAGES * PAGE, MADV_MERGEABLE))
		_exit(1);
	for (i = 0; i < NR_PAGES; i++)
		fill(memory + i * PAGE, i);

	for (;; round++) {
		for (i = 0; i < NR_WRITTEN; i++)
			fill(memory + i * PAGE, (round + 1) << 32 | i);
		if (orders->done == orders->wanted)
			continue;
		for (i = NR_PAGES - NR_LEAVING; i < NR_PAGES; i++)
			fill(memory + i * PAGE,
			     orders->wanted == LEAVE ? i << 20 : i);
		orders->done = orders->wanted;
	}
}

static void order(struct orders *orders, int phase)
{
	orders->wanted = phase;
	while (orders->done != phase)
		usleep(1000);
}

/* Each look of the scrubber follows one of ksmd's. */
static bool look(struct client *client, int nr)
{
	while (nr--)
		if (ksm_pass(1) || scrub_once(client, 1))
			return false;
	client_ask(client, KSMD_EXT_CMD_VMM_GET, NLM_F_DUMP);
	return client->nr_replies == 1;
}

static void test_phases(struct client *client, struct orders *orders)
{
	uint64_t found = 0;
	int i;

	claim(look(client, 4), "looks are taken");
	found = client_uint(client, 0, KSMD_EXT_A_VMM_WORKING_SET);
	claim(found >= NR_WRITTEN && found <= NR_WRITTEN + NR_WRITTEN / 10,
	      "%d pages are written, the estimate is %llu", NR_WRITTEN,
	      (unsigned long long)found);
	claim(client_uint(client, 0, KSMD_EXT_A_VMM_FINGERPRINTS) >= NR_PAGES,
	      "all pages are known");

	order(orders, LEAVE);
	look(client, 3);
	order(orders, RETURN);
	for (i = 0, found = 0; i < 3; i++) {
		look(client, 1);
		found += client_uint(client, 0, KSMD_EXT_A_VMM_REAPPEARED);
	}
	claim(found >= NR_LEAVING * 8 / 10 && found <= NR_LEAVING,
	      "%d contents went and came back, %llu were noticed", NR_LEAVING,
	      (unsigned long long)found);
	look(client, 1);
	claim(client_uint(client, 0, KSMD_EXT_A_VMM_REAPPEARED) == 0,
	      "and what has come back has come back once");
}

void test_working_set(int argc, char **argv)
{
	struct orders *orders;
	struct client client;
	pid_t pid;

	(void)argc;
	(void)argv;
	orders = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (!claim(!client_open(&client, NULL) && orders != MAP_FAILED,
		   "the family is there"))
		return;
	pid = fork();
	if (!pid)
		be_guest(orders);
	claim(!client_ask_u32(&client, KSMD_EXT_CMD_IMAGE_ADD,
			      KSMD_EXT_A_IMAGE_PID, pid),
	      "a guest without images is registered");
	test_phases(&client, orders);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	client_close(&client);
}
