// SPDX-License-Identifier: GPL-2.0
/*
 *	storm FILE
 *
 * Until SIGTERM: guests come and go, register, are scrubbed after each pass of
 * ksmd and whenever possible, and every list is asked for. Meant to be at work
 * while the module is loaded and unloaded: it takes up again with the next one.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "client.h"
#include "guests.h"
#include "test.h"
#include "vm.h"

#define NR_GUESTS 3
#define NR_PAGES 2048
#define RETRY_US 2000

static volatile sig_atomic_t stop;

static void end(int signal)
{
	(void)signal;
	stop = 1;
}

static void set_up(struct client *client, const pid_t *guests)
{
	struct nl_msg *msg = client_new(client, KSMD_EXT_CMD_SCRUB_SET, 0);
	int i;

	nla_put_u8(msg, KSMD_EXT_A_SCRUB_ENABLED, 1);
	nla_put_u32(msg, KSMD_EXT_A_SCRUB_INTERVAL_MS, 0);
	client_send(client, msg);
	for (i = 0; i < NR_GUESTS; i++)
		client_ask_u32(client, KSMD_EXT_CMD_IMAGE_ADD,
			       KSMD_EXT_A_IMAGE_PID, guests[i]);
}

/* Until the module is gone. Returns the number of runs that were asked for. */
static int rage(struct client *client, const char *path, pid_t *guests)
{
	static const int lists[] = { KSMD_EXT_CMD_VM_GET, KSMD_EXT_CMD_IMAGE_GET,
				     KSMD_EXT_CMD_VMM_GET };
	int round, nr_runs = 0, vm, i;

	set_up(client, guests);
	for (round = 0; !stop; round++) {
		vm = vm_create();
		for (i = 0; i < 3; i++)
			if (client_ask(client, lists[i], NLM_F_DUMP) == -ENOENT)
				break;
		nr_runs += !client_ask(client, KSMD_EXT_CMD_SCRUB_RUN, 0);
		close(vm);
		if (i < 3)
			break;
		if (round % 8)
			continue;
		i = random() % NR_GUESTS;
		guests_stop(guests[i]);
		guests[i] = guests_start(path, NR_PAGES);
		client_ask_u32(client, KSMD_EXT_CMD_IMAGE_ADD,
			       KSMD_EXT_A_IMAGE_PID, guests[i]);
	}
	return nr_runs;
}

void test_storm(int argc, char **argv)
{
	int nr_modules = 0, nr_runs = 0, nr, i;
	struct client client;
	pid_t guests[NR_GUESTS];

	signal(SIGTERM, end);
	if (!claim(argc == 1 && guests_make_image(argv[0], NR_PAGES, 2) >= 0,
		   "there is an image"))
		return;
	for (i = 0; i < NR_GUESTS; i++)
		guests[i] = guests_start(argv[0], NR_PAGES);

	while (!stop) {
		if (client_open(&client, NULL)) {
			usleep(RETRY_US);
			continue;
		}
		nr = rage(&client, argv[0], guests);
		nr_modules += !!nr;
		nr_runs += nr;
		client_close(&client);
	}
	for (i = 0; i < NR_GUESTS; i++)
		guests_stop(guests[i]);
	claim(nr_modules, "%d modules were at work, in %d runs", nr_modules,
	      nr_runs);
}
