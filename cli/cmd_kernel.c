// SPDX-License-Identifier: GPL-2.0
/*
 * densityctl kernel: what the module ksmd_ext knows and does.
 *
 * The module is asked directly, by netlink; densityd need not run. A section of
 * the output is a table of attributes, and a verb of the command a row of the
 * table of verbs.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../ksmd-ext/client/client.h"
#include "cli.h"

/* A field of the output, and the attribute that it shows. */
struct shown {
	int attr;
	struct out_field field;
};

#define SHOWN_MAX 32
#define SHOWN(ATTR, key, label, type) \
	{ KSMD_EXT_A_##ATTR, { key, label, type, 0 } }
#define NSHOWN(table) (sizeof(table) / sizeof((table)[0]))

static const struct shown counters[] = {
	SHOWN(COUNTERS_PAGES_SHARED, "pages_shared", NULL, OUT_COUNT),
	SHOWN(COUNTERS_PAGES_SHARING, "pages_sharing", NULL, OUT_COUNT),
	SHOWN(COUNTERS_PAGES_UNSHARED, "pages_unshared", NULL, OUT_COUNT),
	SHOWN(COUNTERS_PAGES_VOLATILE, "pages_volatile", NULL, OUT_COUNT),
	SHOWN(COUNTERS_PAGES_SCANNED, "pages_scanned", NULL, OUT_COUNT),
	SHOWN(COUNTERS_PAGES_SKIPPED, "pages_skipped", NULL, OUT_COUNT),
	SHOWN(COUNTERS_FULL_SCANS, "full_scans", NULL, OUT_COUNT),
	SHOWN(COUNTERS_TREE_STEPS, "tree_steps", NULL, OUT_COUNT),
	SHOWN(COUNTERS_COMPARES, "compares", NULL, OUT_COUNT),
	SHOWN(COUNTERS_BYTES_COMPARED, "bytes_compared", NULL, OUT_COUNT),
	SHOWN(COUNTERS_LOOKAHEAD_TRIES, "lookahead_tries", NULL, OUT_COUNT),
	SHOWN(COUNTERS_LOOKAHEAD_HITS, "lookahead_hits", NULL, OUT_COUNT),
	SHOWN(COUNTERS_INDEX_TRIES, "index_tries", NULL, OUT_COUNT),
	SHOWN(COUNTERS_INDEX_HITS, "index_hits", NULL, OUT_COUNT),
	SHOWN(COUNTERS_INDEX_SKIPS, "index_skips", NULL, OUT_COUNT),
	SHOWN(COUNTERS_FIRST_SIGHT_MERGES, "first_sight_merges", NULL,
	      OUT_COUNT),
	SHOWN(COUNTERS_EARLY_SCANS, "early_scans", NULL, OUT_COUNT),
	SHOWN(COUNTERS_INDEX_BYTES, "index_bytes", NULL, OUT_COUNT),
};

static const struct shown params[] = {
	SHOWN(PARAMS_RUN, "run", NULL, OUT_PLAIN),
	SHOWN(PARAMS_PAGES_TO_SCAN, "pages_to_scan", NULL, OUT_PLAIN),
	SHOWN(PARAMS_SLEEP_MILLISECS, "sleep_millisecs", NULL, OUT_PLAIN),
	SHOWN(PARAMS_SMART_SCAN, "smart_scan", NULL, OUT_BOOL),
	SHOWN(PARAMS_LOOKAHEAD, "lookahead", NULL, OUT_BOOL),
	SHOWN(PARAMS_CHECKSUM_INDEX, "checksum_index", NULL, OUT_BOOL),
	SHOWN(PARAMS_ADVISOR, "advisor", NULL, OUT_BOOL),
};

static const struct shown scrubber[] = {
	SHOWN(SCRUB_ENABLED, "enabled", NULL, OUT_BOOL),
	SHOWN(SCRUB_DRY_RUN, "dry_run", NULL, OUT_BOOL),
	SHOWN(SCRUB_BUDGET_PAGES, "budget_pages", NULL, OUT_COUNT),
	SHOWN(SCRUB_BUDGET_MS, "budget_ms", NULL, OUT_COUNT),
	SHOWN(SCRUB_INTERVAL_MS, "interval_ms", NULL, OUT_COUNT),
	SHOWN(SCRUB_RUNS, "runs", NULL, OUT_COUNT),
};

static const struct shown tally[] = {
	SHOWN(TALLY_LOOKED, "looked_pages", NULL, OUT_COUNT),
	SHOWN(TALLY_DROPPED, "dropped_pages", NULL, OUT_COUNT),
	SHOWN(TALLY_REREAD, "reread_pages", NULL, OUT_COUNT),
	SHOWN(TALLY_NOT_HELD, "not_held_pages", NULL, OUT_COUNT),
	SHOWN(TALLY_DIRTY, "dirty_pages", NULL, OUT_COUNT),
	SHOWN(TALLY_WRITEBACK, "writeback_pages", NULL, OUT_COUNT),
	SHOWN(TALLY_MAPPED, "mapped_pages", NULL, OUT_COUNT),
	SHOWN(TALLY_LOCKED, "locked_pages", NULL, OUT_COUNT),
	SHOWN(TALLY_ACTIVE, "active_pages", NULL, OUT_COUNT),
	SHOWN(TALLY_PARTIAL, "partial_pages", NULL, OUT_COUNT),
	SHOWN(TALLY_BUSY, "busy_pages", NULL, OUT_COUNT),
	SHOWN(TALLY_GHOSTS_LOST, "ghosts_lost", NULL, OUT_COUNT),
	SHOWN(TALLY_CHECKSUMS, "checksums", NULL, OUT_COUNT),
	SHOWN(TALLY_FINGERPRINTS, "fingerprints", NULL, OUT_COUNT),
	SHOWN(TALLY_BLOCKED, "blocked_images", NULL, OUT_COUNT),
};

static const struct shown vms[] = {
	SHOWN(VM_ID, "id", "ID", OUT_PLAIN),
	SHOWN(VM_PID, "pid", "PID", OUT_PLAIN),
	SHOWN(VM_NAME, "name", "NAME", OUT_TEXT),
	SHOWN(VM_PAGES, "shadow_pages", "PAGES", OUT_COUNT),
	SHOWN(VM_LIMIT, "limit_pages", "LIMIT", OUT_COUNT),
	SHOWN(VM_REQUESTED, "requested_pages", "REQUESTED", OUT_COUNT),
	SHOWN(VM_EVICTIONS, "evictions", "EVICTIONS", OUT_COUNT),
	SHOWN(VM_REFAULTS, "refaults", "REFAULTS", OUT_COUNT),
};

static const struct shown images[] = {
	SHOWN(IMAGE_ID, "id", "ID", OUT_PLAIN),
	SHOWN(IMAGE_NAME, "name", "NAME", OUT_TEXT),
	SHOWN(IMAGE_INO, "inode", "INODE", OUT_PLAIN),
	SHOWN(IMAGE_OPENERS, "openers", "OPENERS", OUT_COUNT),
	SHOWN(IMAGE_CURSOR, "cursor", "CURSOR", OUT_PLAIN),
};

static const struct shown guests[] = {
	SHOWN(VMM_PID, "pid", "PID", OUT_PLAIN),
	SHOWN(VMM_NAME, "name", "NAME", OUT_TEXT),
	SHOWN(VMM_FINGERPRINTS, "known_pages", "KNOWN", OUT_COUNT),
	SHOWN(VMM_STABLE, "merged_pages", "MERGED", OUT_COUNT),
	SHOWN(VMM_VOLATILE, "volatile_pages", "VOLATILE", OUT_COUNT),
	SHOWN(VMM_REAPPEARED, "reappeared_pages", "REAPPEARED", OUT_COUNT),
	SHOWN(VMM_REREAD, "reread_pages", "REREAD", OUT_COUNT),
	SHOWN(VMM_WORKING_SET, "working_set_pages", "WORKING SET", OUT_COUNT),
};

/* The fields have to outlive a section, and there is one at a time. */
static struct out_field fields[SHOWN_MAX];

static int begin(struct cli *cli, const char *name, enum out_shape shape,
		 const struct shown *table, size_t nr)
{
	for (size_t i = 0; i < nr; i++)
		fields[i] = table[i].field;
	return out_begin(&cli->out, name, shape, fields, nr, 0);
}

/* @nest: the attribute that the table's are in, or 0. */
static int row(struct cli *cli, const struct client *client, size_t reply,
	       int nest, const struct shown *table, size_t nr)
{
	struct out_value values[SHOWN_MAX];

	for (size_t i = 0; i < nr; i++) {
		struct nlattr *attr = client_attr(client, reply, table[i].attr);

		if (nest)
			values[i] = OUT_NUMBER(client_tally(client, reply, nest,
							    table[i].attr));
		else if (!attr)
			values[i] = OUT_NOTHING;
		else if (table[i].field.type == OUT_TEXT)
			values[i] = OUT_STRING(nla_get_string(attr));
		else
			values[i] = OUT_NUMBER(client_uint(client, reply,
							   table[i].attr));
	}
	return out_row(&cli->out, values);
}

/* One record from the only reply. */
static int record(struct cli *cli, const struct client *client,
		  const char *name, int nest, const struct shown *table,
		  size_t nr)
{
	int err = begin(cli, name, OUT_RECORD, table, nr);

	if (!err)
		err = row(cli, client, 0, nest, table, nr);
	return out_end(&cli->out) ? : err;
}

static int refused(const struct client *client)
{
	cli_error("kernel: %s", client_reason(client));
	return client->error == -EPERM ? CLI_NO_PERMISSION : CLI_FAILURE;
}

static int finish(struct cli *cli, int err)
{
	return cli_done(err ? err : out_finish(&cli->out), "output");
}

static int list(struct cli *cli, struct client *client, int command,
		const char *name, const struct shown *table, size_t nr)
{
	int err;

	if (client_ask(client, command, NLM_F_DUMP))
		return refused(client);

	err = begin(cli, name, OUT_LIST, table, nr);
	for (size_t i = 0; !err && i < client->nr_replies; i++)
		err = row(cli, client, i, 0, table, nr);
	err = out_end(&cli->out) ? : err;
	return finish(cli, err);
}

static int show_status(struct cli *cli, struct client *client, char **argv)
{
	int err;

	(void)argv;
	if (client_ask(client, KSMD_EXT_CMD_COUNTERS_GET, 0))
		return refused(client);
	err = record(cli, client, "ksm", 0, counters, NSHOWN(counters));
	if (client_ask(client, KSMD_EXT_CMD_PARAMS_GET, 0))
		return refused(client);
	if (!err)
		err = record(cli, client, "parameters", 0, params,
			     NSHOWN(params));
	return finish(cli, err);
}

static int show_vms(struct cli *cli, struct client *client, char **argv)
{
	(void)argv;
	return list(cli, client, KSMD_EXT_CMD_VM_GET, "vms", vms, NSHOWN(vms));
}

static int show_images(struct cli *cli, struct client *client, char **argv)
{
	(void)argv;
	return list(cli, client, KSMD_EXT_CMD_IMAGE_GET, "images", images,
		    NSHOWN(images));
}

static int show_guests(struct cli *cli, struct client *client, char **argv)
{
	(void)argv;
	return list(cli, client, KSMD_EXT_CMD_VMM_GET, "guests", guests,
		    NSHOWN(guests));
}

static int show_scrubber(struct cli *cli, struct client *client)
{
	int err;

	if (client_ask(client, KSMD_EXT_CMD_SCRUB_GET, 0))
		return refused(client);
	err = record(cli, client, "scrubber", 0, scrubber, NSHOWN(scrubber));
	if (!err)
		err = record(cli, client, "total", KSMD_EXT_A_SCRUB_TOTAL, tally,
			     NSHOWN(tally));
	if (!err)
		err = record(cli, client, "last_run", KSMD_EXT_A_SCRUB_LAST,
			     tally, NSHOWN(tally));
	return finish(cli, err);
}

/* What was asked for has been done, or has been refused. */
static int done(const struct client *client)
{
	return client->error ? refused(client) : CLI_OK;
}

static int scrub(struct cli *cli, struct client *client, char **argv)
{
	const char *what = argv[1];
	int attr = KSMD_EXT_A_SCRUB_ENABLED, command = KSMD_EXT_CMD_SCRUB_SET;
	uint8_t value;

	if (!what)
		return show_scrubber(cli, client);

	if (!strcmp(what, "on") || !strcmp(what, "off")) {
		value = !strcmp(what, "on");
	} else if (!strcmp(what, "run") || !strcmp(what, "dry-run")) {
		command = KSMD_EXT_CMD_SCRUB_RUN;
		attr = KSMD_EXT_A_SCRUB_DRY_RUN;
		value = !strcmp(what, "dry-run");
	} else {
		cli_error("kernel scrub: '%s' is not on, off, run or dry-run",
			  what);
		return CLI_USAGE;
	}
	client_ask_u8(client, command, attr, value);
	return done(client);
}

/* A whole number up to @max, or CLI_USAGE, told. */
static int number(const char *text, uint64_t max, uint64_t *ret_value)
{
	unsigned long long value;
	char *end;

	errno = 0;
	value = strtoull(text, &end, 10);
	if (errno || end == text || *end || *text == '-' || value > max) {
		cli_error("kernel: '%s' is not a number up to %llu", text,
			  (unsigned long long)max);
		return CLI_USAGE;
	}
	*ret_value = value;
	return CLI_OK;
}

static int add(struct cli *cli, struct client *client, char **argv)
{
	struct nl_msg *msg;
	uint64_t pid, fd = 0;

	(void)cli;
	if (number(argv[1], INT32_MAX, &pid) ||
	    (argv[2] && number(argv[2], INT32_MAX, &fd)))
		return CLI_USAGE;

	msg = client_new(client, KSMD_EXT_CMD_IMAGE_ADD, 0);
	nla_put_u32(msg, KSMD_EXT_A_IMAGE_PID, pid);
	if (argv[2])
		nla_put_u32(msg, KSMD_EXT_A_IMAGE_FD, fd);
	client_send(client, msg);
	return done(client);
}

static int forget(struct cli *cli, struct client *client, char **argv)
{
	uint64_t pid;

	(void)cli;
	if (number(argv[1], INT32_MAX, &pid))
		return CLI_USAGE;
	client_ask_u32(client, KSMD_EXT_CMD_IMAGE_DEL, KSMD_EXT_A_IMAGE_PID,
		       pid);
	return done(client);
}

static int limit(struct cli *cli, struct client *client, char **argv)
{
	struct nl_msg *msg;
	uint64_t id, pages;

	(void)cli;
	if (number(argv[1], UINT64_MAX, &id) ||
	    number(argv[2], UINT32_MAX, &pages))
		return CLI_USAGE;

	msg = client_new(client, KSMD_EXT_CMD_VM_SET, 0);
	nla_put_u64(msg, KSMD_EXT_A_VM_ID, id);
	nla_put_u32(msg, KSMD_EXT_A_VM_LIMIT, pages);
	client_send(client, msg);
	return done(client);
}

static const struct verb {
	const char *name, *args;
	int min_args, max_args;
	int (*run)(struct cli *cli, struct client *client, char **argv);
} verbs[] = {
	{ "status", "", 0, 0, show_status },
	{ "vms", "", 0, 0, show_vms },
	{ "limit", " ID PAGES", 2, 2, limit },
	{ "images", "", 0, 0, show_images },
	{ "guests", "", 0, 0, show_guests },
	{ "add", " PID [FD]", 1, 2, add },
	{ "forget", " PID", 1, 1, forget },
	{ "scrub", " [on|off|run|dry-run]", 0, 1, scrub },
};

static const struct verb *find_verb(const char *name)
{
	for (size_t i = 0; i < NSHOWN(verbs); i++)
		if (!strcmp(verbs[i].name, name))
			return &verbs[i];
	return NULL;
}

static int run(struct cli *cli, int argc, char **argv)
{
	const struct verb *verb = find_verb(argc ? argv[0] : "status");
	char *words[4] = { NULL };
	struct client client;
	int code;

	if (!verb) {
		cli_error("kernel: '%s' is not status, vms, limit, images, "
			  "guests, add, forget or scrub", argv[0]);
		return CLI_USAGE;
	}
	if ((argc ? argc - 1 : 0) < verb->min_args || argc - 1 > verb->max_args) {
		cli_error("usage: densityctl kernel %s%s", verb->name,
			  verb->args);
		return CLI_USAGE;
	}
	for (int i = 0; i < argc; i++)
		words[i] = argv[i];

	if (client_open(&client, NULL)) {
		cli_error("kernel: the module ksmd_ext is not loaded");
		return CLI_FAILURE;
	}
	code = verb->run(cli, &client, words);
	client_close(&client);
	return code;
}

const struct command cmd_kernel = {
	.name = "kernel",
	.args = "[VERB [ARGUMENT]..]",
	.summary = "the patched kernel's KSM, shadow pages and exclusive cache",
	.details =
		"Of a kernel with Density's patches and the module ksmd_ext:\n"
		"  status               KSM's counters and parameters\n"
		"  vms                  VMs and their shadow pages\n"
		"  limit ID PAGES       limit a VM's shadow pages; 0: by its "
		"memory\n"
		"  add PID [FD]         scrub the image that a VMM has open, or "
		"all of them\n"
		"  forget PID           not any more\n"
		"  images, guests       what is registered; working sets\n"
		"  scrub [on|off|run|dry-run]\n"
		"                       the scrubber; drop what guests hold "
		"themselves",
	.max_args = 3,
	.run = run,
};
