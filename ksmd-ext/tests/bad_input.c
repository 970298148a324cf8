// SPDX-License-Identifier: GPL-2.0
/*
 * Bad input: each row is refused with its error and a reason, and afterwards all
 * that can be read is as it was.
 */
#include <errno.h>
#include <fcntl.h>
#include <netlink/attr.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "client.h"
#include "test.h"
#include "vm.h"

/* Sentinels of a row's value, for what is known at run time only. */
enum { PLAIN, DEAD_PID, ZOMBIE_PID, OWN_PID, KTHREAD_PID, SOCKET_FD, MEMFD_FD,
	PIPE_FD, DIR_FD, PROC_FD, CLOSED_FD, OWN_VM };

struct attr {
	int type;
	int len;		/* bytes of the value that are sent; 0: none */
	uint64_t value;
	int what;
};

static const struct row {
	const char *name;
	int command;
	int error;
	struct attr attrs[3];
} rows[] = {
#define SET_PARAMS KSMD_EXT_CMD_PARAMS_SET
#define SET_SCRUB KSMD_EXT_CMD_SCRUB_SET
#define ADD KSMD_EXT_CMD_IMAGE_ADD
#define DEL KSMD_EXT_CMD_IMAGE_DEL
#define PID KSMD_EXT_A_IMAGE_PID
#define FD KSMD_EXT_A_IMAGE_FD
	{ "no pages to scan", SET_PARAMS, -ERANGE,
	  { { KSMD_EXT_A_PARAMS_PAGES_TO_SCAN, 4, 0, PLAIN } } },
	{ "a u32 of two bytes", SET_PARAMS, -EINVAL,
	  { { KSMD_EXT_A_PARAMS_PAGES_TO_SCAN, 2, 5, PLAIN } } },
	{ "a u32 of eight bytes", SET_PARAMS, -EINVAL,
	  { { KSMD_EXT_A_PARAMS_SLEEP_MILLISECS, 8, 5, PLAIN } } },
	{ "an empty u32", SET_PARAMS, -EINVAL,
	  { { KSMD_EXT_A_PARAMS_SLEEP_MILLISECS, 0, 0, PLAIN } } },
	{ "smart-scan 2", SET_PARAMS, -ERANGE,
	  { { KSMD_EXT_A_PARAMS_SMART_SCAN, 1, 2, PLAIN } } },
	{ "lookahead 255", SET_PARAMS, -ERANGE,
	  { { KSMD_EXT_A_PARAMS_LOOKAHEAD, 1, 255, PLAIN } } },
	{ "good sleep, bad index", SET_PARAMS, -ERANGE,
	  { { KSMD_EXT_A_PARAMS_SLEEP_MILLISECS, 4, 999, PLAIN },
	    { KSMD_EXT_A_PARAMS_CHECKSUM_INDEX, 1, 7, PLAIN } } },
	{ "run, which is only read", SET_PARAMS, -EINVAL,
	  { { KSMD_EXT_A_PARAMS_RUN, 4, 2, PLAIN } } },
	{ "an attribute that does not exist", SET_PARAMS, -EINVAL,
	  { { 200, 4, 1, PLAIN } } },
	{ "a u32 that says that it nests", SET_PARAMS, -EINVAL,
	  { { KSMD_EXT_A_PARAMS_PAGES_TO_SCAN | NLA_F_NESTED, 4, 77, PLAIN } } },
	{ "a command that does not exist", 200, -EOPNOTSUPP, { { 0, 0, 0, 0 } } },
	{ "an event as a request", KSMD_EXT_CMD_SCRUB_END, -EOPNOTSUPP,
	  { { 0, 0, 0, 0 } } },
	{ "which VM?", KSMD_EXT_CMD_VM_GET, -EINVAL, { { 0, 0, 0, 0 } } },
	{ "VM 0", KSMD_EXT_CMD_VM_GET, -ERANGE,
	  { { KSMD_EXT_A_VM_ID, 8, 0, PLAIN } } },
	{ "a VM that never was", KSMD_EXT_CMD_VM_GET, -ESRCH,
	  { { KSMD_EXT_A_VM_ID, 8, 1ull << 62, PLAIN } } },
	{ "an id of five bytes", KSMD_EXT_CMD_VM_GET, -EINVAL,
	  { { KSMD_EXT_A_VM_ID, 5, 1, PLAIN } } },
	{ "a limit for no VM", KSMD_EXT_CMD_VM_SET, -EINVAL,
	  { { KSMD_EXT_A_VM_LIMIT, 4, 100, PLAIN } } },
	{ "no limit for a VM", KSMD_EXT_CMD_VM_SET, -EINVAL,
	  { { KSMD_EXT_A_VM_ID, 8, 0, OWN_VM } } },
	{ "a limit of 1", KSMD_EXT_CMD_VM_SET, -EINVAL,
	  { { KSMD_EXT_A_VM_ID, 8, 0, OWN_VM },
	    { KSMD_EXT_A_VM_LIMIT, 4, 1, PLAIN } } },
	{ "a limit for a VM that never was", KSMD_EXT_CMD_VM_SET, -ESRCH,
	  { { KSMD_EXT_A_VM_ID, 8, 1ull << 62, PLAIN },
	    { KSMD_EXT_A_VM_LIMIT, 4, 100, PLAIN } } },
	{ "no pages for the scrubber", SET_SCRUB, -ERANGE,
	  { { KSMD_EXT_A_SCRUB_BUDGET_PAGES, 4, 0, PLAIN } } },
	{ "no time for it", SET_SCRUB, -ERANGE,
	  { { KSMD_EXT_A_SCRUB_BUDGET_MS, 4, 0, PLAIN } } },
	{ "an hour for it", SET_SCRUB, -ERANGE,
	  { { KSMD_EXT_A_SCRUB_BUDGET_MS, 4, 3600000, PLAIN } } },
	{ "a good budget, a bad interval", SET_SCRUB, -ERANGE,
	  { { KSMD_EXT_A_SCRUB_BUDGET_PAGES, 4, 5, PLAIN },
	    { KSMD_EXT_A_SCRUB_INTERVAL_MS, 4, 3600001, PLAIN } } },
	{ "enabled 2", SET_SCRUB, -ERANGE,
	  { { KSMD_EXT_A_SCRUB_ENABLED, 1, 2, PLAIN } } },
	{ "runs, which are only read", SET_SCRUB, -EINVAL,
	  { { KSMD_EXT_A_SCRUB_RUNS, 4, 2, PLAIN } } },
	{ "no image", ADD, -EINVAL, { { 0, 0, 0, 0 } } },
	{ "process 0", ADD, -ERANGE, { { PID, 4, 0, PLAIN } } },
	{ "a negative process", ADD, -ERANGE, { { PID, 4, -1, PLAIN } } },
	{ "a process that is dead", ADD, -ESRCH, { { PID, 4, 0, DEAD_PID } } },
	{ "the same and a file", ADD, -ESRCH,
	  { { PID, 4, 0, DEAD_PID }, { FD, 4, 0, PLAIN } } },
	{ "a process that nobody waited for", ADD, -ESRCH,
	  { { PID, 4, 0, ZOMBIE_PID } } },
	{ "a kernel thread", ADD, -EINVAL, { { PID, 4, 0, KTHREAD_PID } } },
	{ "a negative file", ADD, -ERANGE, { { FD, 4, -1, PLAIN } } },
	{ "a closed file", ADD, -EBADF, { { FD, 4, 0, CLOSED_FD } } },
	{ "a closed file of a process", ADD, -EBADF,
	  { { PID, 4, 0, OWN_PID }, { FD, 4, 0, CLOSED_FD } } },
	{ "a socket", ADD, -EINVAL, { { FD, 4, 0, SOCKET_FD } } },
	{ "a pipe", ADD, -EINVAL, { { FD, 4, 0, PIPE_FD } } },
	{ "a directory", ADD, -EINVAL, { { FD, 4, 0, DIR_FD } } },
	{ "memory", ADD, -EINVAL, { { FD, 4, 0, MEMFD_FD } } },
	{ "a socket of a process", ADD, -EINVAL,
	  { { PID, 4, 0, OWN_PID }, { FD, 4, 0, SOCKET_FD } } },
	{ "a file of /proc", ADD, -EINVAL, { { FD, 4, 0, PROC_FD } } },
	{ "an fd of one byte", ADD, -EINVAL, { { FD, 1, 0, PLAIN } } },
	{ "forget nothing", DEL, -EINVAL, { { 0, 0, 0, 0 } } },
	{ "forget two things", DEL, -EINVAL,
	  { { KSMD_EXT_A_IMAGE_ID, 8, 1, PLAIN }, { PID, 4, 0, OWN_PID } } },
	{ "forget what never was", DEL, -ENOENT,
	  { { KSMD_EXT_A_IMAGE_ID, 8, 1ull << 62, PLAIN } } },
	{ "forget a stranger", DEL, -ENOENT, { { PID, 4, 0, OWN_PID } } },
	{ "forget the dead", DEL, -ENOENT, { { PID, 4, 0, DEAD_PID } } },
};

static uint64_t own_vm_id;

/* @how: 0, or WNOWAIT for one that stays a zombie. */
static pid_t dead_pid(int how)
{
	pid_t pid = fork();
	siginfo_t info;

	if (!pid)
		_exit(0);
	waitid(P_PID, (id_t)pid, &info, WEXITED | how);
	return pid;
}

static uint64_t value_of(const struct attr *attr)
{
	int fds[2];

	switch (attr->what) {
	case DEAD_PID:
		return dead_pid(0);
	case ZOMBIE_PID:
		return dead_pid(WNOWAIT);
	case OWN_PID:
		return getpid();
	case KTHREAD_PID:
		return 2;
	case SOCKET_FD:
		return socket(AF_UNIX, SOCK_STREAM, 0);
	case MEMFD_FD:
		return memfd_create("memory", 0);
	case PIPE_FD:
		return pipe(fds) ? 0 : fds[0];
	case DIR_FD:
		return open("/", O_RDONLY | O_DIRECTORY);
	case PROC_FD:
		return open("/proc/self/status", O_RDONLY);
	case CLOSED_FD:
		return 999;
	case OWN_VM:
		return own_vm_id;
	}
	return attr->value;
}

/* Everything that a write could have changed, as bytes. */
struct picture {
	char bytes[65536];
	size_t len;
};

static void add_replies(struct picture *picture, const struct client *client)
{
	size_t i, len;

	for (i = 0; i < client->nr_replies; i++) {
		len = nlmsg_datalen(client->replies[i]);
		if (picture->len + len > sizeof(picture->bytes))
			abort();
		memcpy(picture->bytes + picture->len,
		       nlmsg_data(client->replies[i]), len);
		picture->len += len;
	}
}

static void take_picture(struct client *client, struct picture *picture)
{
	picture->len = 0;
	client_ask(client, KSMD_EXT_CMD_PARAMS_GET, 0);
	add_replies(picture, client);
	client_ask(client, KSMD_EXT_CMD_SCRUB_GET, 0);
	add_replies(picture, client);
	client_ask(client, KSMD_EXT_CMD_VM_GET, NLM_F_DUMP);
	add_replies(picture, client);
	client_ask(client, KSMD_EXT_CMD_IMAGE_GET, NLM_F_DUMP);
	add_replies(picture, client);
	client_ask(client, KSMD_EXT_CMD_VMM_GET, NLM_F_DUMP);
	add_replies(picture, client);
}

static void try_row(struct client *client, const struct row *row)
{
	struct nl_msg *msg = client_new(client, row->command, 0);
	const struct attr *attr;
	uint64_t value;

	for (attr = row->attrs; attr < row->attrs + 3 && attr->type; attr++) {
		value = value_of(attr);
		nla_put(msg, attr->type, attr->len, &value);
	}
	client_send(client, msg);
	if (client->error != row->error)
		note("%s: %d, not %d", row->name, client->error, row->error);
	claim(client->error == row->error &&
		      (client->message[0] || row->error == -EOPNOTSUPP),
	      "%s: %s", row->name, client->message);
}

/* Without the capability nothing can be written, nor read of other's files. */
static void try_as_nobody(void)
{
	static const struct {
		int command, flags;
	} forbidden[] = {
		{ KSMD_EXT_CMD_PARAMS_SET, 0 },	   { KSMD_EXT_CMD_VM_SET, 0 },
		{ KSMD_EXT_CMD_SCRUB_SET, 0 },	   { KSMD_EXT_CMD_SCRUB_RUN, 0 },
		{ KSMD_EXT_CMD_IMAGE_ADD, 0 },	   { KSMD_EXT_CMD_IMAGE_DEL, 0 },
		{ KSMD_EXT_CMD_IMAGE_GET, NLM_F_DUMP },
		{ KSMD_EXT_CMD_VMM_GET, NLM_F_DUMP },
	};
	struct client client;
	unsigned int i;
	int status = 0;
	pid_t pid;

	pid = fork();
	if (!pid) {
		if (setgid(65534) || setuid(65534) || client_open(&client, NULL))
			_exit(100);
		for (i = 0; i < sizeof(forbidden) / sizeof(*forbidden); i++)
			if (client_ask(&client, forbidden[i].command,
				       forbidden[i].flags) != -EPERM)
				_exit(i + 1);
		if (client_ask(&client, KSMD_EXT_CMD_COUNTERS_GET, 0))
			_exit(101);
		_exit(0);
	}
	waitpid(pid, &status, 0);
	claim(!status, "others may read counters and no more (%d)",
	      WEXITSTATUS(status));
}

void test_bad_input(int argc, char **argv)
{
	static struct picture before, after;
	struct client client;
	int vm = vm_create();
	size_t i;

	(void)argc;
	(void)argv;
	if (!claim(!client_open(&client, NULL), "the family is there"))
		return;

	client_ask(&client, KSMD_EXT_CMD_VM_GET, NLM_F_DUMP);
	own_vm_id = client_uint(&client, client.nr_replies - 1, KSMD_EXT_A_VM_ID);
	take_picture(&client, &before);
	for (i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		try_row(&client, &rows[i]);
	try_as_nobody();
	take_picture(&client, &after);
	claim(before.len == after.len &&
		      !memcmp(before.bytes, after.bytes, before.len),
	      "and nothing has changed");
	close(vm);
	client_close(&client);
}
