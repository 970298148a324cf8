// SPDX-License-Identifier: GPL-2.0
/*
 *	dumps NUMBER
 *
 * Dumps of the list of VMs while VMs come and go. Some VMs stay all the time: each
 * of them has to be in each dump, once, whole, in order. A dump during which the
 * list changed may say so (NLM_F_DUMP_INTR), and is held to the same.
 */
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "client.h"
#include "test.h"
#include "vm.h"

/* Enough for several messages a dump. */
#define NR_STAYING 200
#define NR_COMING 40

static void come_and_go(void)
{
	int vms[NR_COMING] = {}, i;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	srandom(1);
	for (;;) {
		i = random() % NR_COMING;
		if (vms[i]) {
			close(vms[i]);
			vms[i] = 0;
		} else {
			vms[i] = vm_create();
		}
	}
}

struct tally {
	unsigned int lost, torn, disordered, failed, interrupted, others;
};

static void check_dump(const struct client *client, uint64_t pid,
		       struct tally *tally)
{
	uint64_t id, last_id = 0;
	unsigned int own = 0;
	size_t i;

	for (i = 0; i < client->nr_replies; i++) {
		id = client_uint(client, i, KSMD_EXT_A_VM_ID);
		tally->disordered += id <= last_id;
		last_id = id;
		tally->torn += !client_attr(client, i, KSMD_EXT_A_VM_NAME) ||
			       !client_attr(client, i, KSMD_EXT_A_VM_LIMIT) ||
			       !client_attr(client, i,
					    KSMD_EXT_A_VM_REFAULT_DISTANCE);
		if (client_uint(client, i, KSMD_EXT_A_VM_PID) == pid)
			own++;
		else
			tally->others++;
	}
	tally->lost += own != NR_STAYING;
	tally->interrupted += client->interrupted;
}

void test_dumps(int argc, char **argv)
{
	int nr_dumps = argc ? atoi(argv[0]) : 100, i;
	struct tally tally = {};
	struct client client;
	pid_t child;

	if (!claim(!client_open(&client, NULL), "the family is there"))
		return;
	nl_socket_set_buffer_size(client.sock, 1 << 20, 1 << 20);

	for (i = 0; i < NR_STAYING; i++)
		vm_create();
	child = fork();
	if (!child)
		come_and_go();

	for (i = 0; i < nr_dumps; i++) {
		tally.failed += !!client_ask(&client, KSMD_EXT_CMD_VM_GET,
					     NLM_F_DUMP);
		check_dump(&client, getpid(), &tally);
	}
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);

	note("%d dumps, %u of them interrupted, %.1f VMs a dump that came and went",
	     nr_dumps, tally.interrupted, (double)tally.others / nr_dumps);
	claim(!tally.failed, "no dump failed (%u)", tally.failed);
	claim(!tally.lost, "no VM was lost or doubled (%u)", tally.lost);
	claim(!tally.torn, "none was torn (%u)", tally.torn);
	claim(!tally.disordered, "all came by id (%u)", tally.disordered);
	claim(tally.others, "VMs did come and go");
	claim(nr_dumps < 100 || tally.interrupted,
	      "and dumps said that they did");
	client_close(&client);
}
