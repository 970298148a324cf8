// SPDX-License-Identifier: GPL-2.0
/* densityctl vms: what each VM saves, and why it does not save more. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "vms.h"
#include "words.h"

static struct {
	const char *sort;
	bool reverse;
} args = { .sort = "saved" };

static const struct opt opts[] = {
	{ "sort", 's', OPT_TEXT, &args.sort, "ORDER",
	  "saved (default), rss, profit, name or pid" },
	{ "reverse", 'r', OPT_FLAG, &args.reverse, NULL, "the other way round" },
	{ 0 },
};

static const struct out_field fields[] = {
	{ "pid", "PID", OUT_PLAIN, 0 },
	{ "name", "NAME", OUT_TEXT, 0 },
	{ "vmm", "VMM", OUT_TEXT, 0 },
	{ "rss_kib", "RSS", OUT_KIB, 0 },
	{ "anon_kib", "ANON", OUT_KIB, OUT_MACHINE },
	{ "shared_kib", "SHARED", OUT_KIB, OUT_MACHINE },
	{ "saved_kib", "SAVED", OUT_KIB, 0 },
	{ "merging_kib", "MERGED", OUT_KIB, 0 },
	{ "zero_kib", "ZERO", OUT_KIB, 0 },
	{ "tracked_kib", "TRACKED", OUT_KIB, OUT_MACHINE },
	{ "profit_kib", "PROFIT", OUT_KIB, 0 },
	{ "mergeable", "MERGEABLE", OUT_BOOL, 0 },
	{ "weight", NULL, OUT_REAL, OUT_MACHINE },
	{ "expect", NULL, OUT_REAL, OUT_MACHINE },
	{ "why_not", "WHY NOT", OUT_TEXT, 0 },
};
#define NFIELDS (sizeof(fields) / sizeof(fields[0]))

static int print_vm(struct cli *cli, const json_t *vm)
{
	struct out_value values[NFIELDS];
	char *why = vms_why(vm, false);
	int err;

	if (!why)
		return -ENOMEM;
	for (size_t i = 0; i < NFIELDS; i++) {
		const char *key = fields[i].key;

		if (fields[i].type == OUT_TEXT)
			values[i] = OUT_STRING(cli_string(vm, key));
		else if (fields[i].type == OUT_BOOL)
			values[i] = OUT_NUMBER(cli_true(vm, key));
		else
			values[i] = OUT_NUMBER(cli_number(vm, key));
	}
	values[NFIELDS - 1] = OUT_STRING(why);
	err = out_row(&cli->out, values);
	free(why);
	return err;
}

static int print(struct cli *cli, const json_t *reply, enum vms_order order)
{
	json_t *vms = vms_sorted(reply, order, args.reverse);
	const json_t *vm;
	size_t i;
	int err;

	if (!vms)
		return -ENOMEM;
	if (!json_array_size(vms) && cli->out.ops->note) {
		err = out_note(&cli->out, "No VM and no other process with "
			       "mergeable memory was found.");
	} else {
		err = out_begin(&cli->out, "vms", OUT_LIST, fields, NFIELDS,
				0);
		json_array_foreach(vms, i, vm)
			err = err ? err : print_vm(cli, vm);
		err = out_end(&cli->out) ? : err;
	}
	if (!err)
		err = out_finish(&cli->out);
	json_decref(vms);
	return err;
}

static int run(struct cli *cli, int argc, char **argv)
{
	enum vms_order order;
	json_t *reply = NULL;
	int code, err;

	(void)argc;
	(void)argv;
	if (vms_order_find(args.sort, &order)) {
		cli_error("vms: --sort: '%s' is not saved, rss, profit, name "
			  "or pid", args.sort);
		return CLI_USAGE;
	}
	code = cli_call(cli, "GetVms", NULL, false, &reply);
	if (code != CLI_OK)
		return code;
	err = cli->json ? out_dump_json(cli->out.file, reply, false) :
			  print(cli, reply, order);
	json_decref(reply);
	return cli_done(err, "output");
}

const struct command cmd_vms = {
	.name = "vms",
	.args = "",
	.summary = "what each VM saves, and why it does not save more",
	.details =
		"SAVED shares out what the host saves; it sums to `saved` of "
		"status. MERGED is the\nmemory that maps merged pages, ZERO "
		"what the zero page replaced, PROFIT what is left\nafter "
		"ksmd's own bookkeeping for this VM.",
	.opts = opts,
	.run = run,
};
