// SPDX-License-Identifier: GPL-2.0
/* densityctl version: its own, and the daemon's when it runs. */
#include "cli.h"

static int run(struct cli *cli, int argc, char **argv)
{
	static const struct out_field fields[] = {
		{ "version", "densityctl", OUT_TEXT, 0 },
		{ "daemon_version", "densityd", OUT_TEXT, 0 },
	};
	struct out_value values[2] = { OUT_STRING(DENSITY_VERSION) };
	json_t *status = NULL;
	int err;

	(void)argc;
	(void)argv;
	if (cli_call(cli, "GetStatus", NULL, true, &status) == CLI_OK)
		values[1] = OUT_STRING(cli_string(status, "version"));
	err = out_begin(&cli->out, "version", OUT_RECORD, fields, 2, 0);
	if (!err)
		err = out_row(&cli->out, values);
	if (!err)
		err = out_end(&cli->out);
	if (!err)
		err = out_finish(&cli->out);
	json_decref(status);
	return cli_done(err, "output");
}

const struct command cmd_version = {
	.name = "version",
	.args = "",
	.summary = "versions of densityctl and of the running densityd",
	.run = run,
};
