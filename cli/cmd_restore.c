// SPDX-License-Identifier: GPL-2.0
/*
 * densityctl restore, resume, reload: requests without arguments that change
 * what the daemon does with the knobs.
 */
#include "cli.h"

static int request(struct cli *cli, const char *method, const char *action,
		   const char *text)
{
	static const struct out_field fields[] = {
		{ "done", NULL, OUT_TEXT, 0 },
	};
	int code = cli_call(cli, method, NULL, false, NULL);
	int err;

	if (code != CLI_OK)
		return code;
	err = out_begin(&cli->out, "request", OUT_RECORD, fields, 1,
			OUT_MACHINE);
	if (!err)
		err = out_row(&cli->out, &OUT_STRING(action));
	if (!err)
		err = out_end(&cli->out);
	if (!err)
		err = out_note(&cli->out, "%s", text);
	if (!err)
		err = out_finish(&cli->out);
	return cli_done(err, "output");
}

static int run_restore(struct cli *cli, int argc, char **argv)
{
	(void)argc;
	(void)argv;
	return request(cli, "Restore", "restore",
		       "Every knob is as the host had it; densityd keeps its "
		       "hands off until `densityctl resume`.");
}

static int run_resume(struct cli *cli, int argc, char **argv)
{
	(void)argc;
	(void)argv;
	return request(cli, "Resume", "resume", "densityd is in control.");
}

static int run_reload(struct cli *cli, int argc, char **argv)
{
	(void)argc;
	(void)argv;
	return request(cli, "Reload", "reload",
		       "The policy file was read again.");
}

const struct command cmd_restore = {
	.name = "restore",
	.args = "",
	.summary = "give every knob back and keep hands off",
	.details = "The knobs get the values that the host had before densityd "
		   "wrote to them, and stay\nso until `densityctl resume`. "
		   "densityd goes on watching. Only root may do this.",
	.run = run_restore,
};

const struct command cmd_resume = {
	.name = "resume",
	.args = "",
	.summary = "take control again after restore or a foreign write",
	.run = run_resume,
};

const struct command cmd_reload = {
	.name = "reload",
	.args = "",
	.summary = "have the policy file read again",
	.details = "A policy file with a mistake is refused with its file, "
		   "line and reason; the old\npolicy stays in force.",
	.run = run_reload,
};
