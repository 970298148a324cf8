// SPDX-License-Identifier: GPL-2.0
/* densityctl: the table of commands, and the way from argv to one of them. */
#include <errno.h>
#include <locale.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "cli.h"
#include "when.h"
#include "words.h"

#define SOCKET_PATH "/run/densityd/ctl.sock"
#define DB_PATH "/var/lib/densityd/history.db"
/* A daemon that is alive answers at once; a tick never takes a second. */
#define ANSWER_MS 3000

static const struct command *const commands[] = {
	&cmd_status, &cmd_top, &cmd_vms, &cmd_history, &cmd_plot,
	&cmd_explain, &cmd_compare, &cmd_experiment, &cmd_report, &cmd_set,
	&cmd_restore, &cmd_resume, &cmd_reload, &cmd_kernel, &cmd_version,
};
#define NCOMMANDS (sizeof(commands) / sizeof(commands[0]))

static struct {
	bool help;
	bool json;
	bool version;
	const char *format;
	const char *root;
	const char *socket;
	const char *db;
} args;

static const struct opt global_opts[] = {
	{ "json", 'j', OPT_FLAG, &args.json, NULL, "the same as --format json" },
	{ "format", 0, OPT_TEXT, &args.format, "FORMAT", "text, json or csv" },
	{ "root", 0, OPT_TEXT, &args.root, "DIR",
	  "look for socket and history below DIR" },
	{ "socket", 0, OPT_TEXT, &args.socket, "PATH", "densityd's socket" },
	{ "db", 0, OPT_TEXT, &args.db, "PATH", "the history's database" },
	{ "help", 'h', OPT_FLAG, &args.help, NULL, "this text" },
	{ "version", 0, OPT_FLAG, &args.version, NULL, "the version" },
	{ 0 },
};

static void usage(FILE *file)
{
	fprintf(file, "usage: densityctl [OPTION].. COMMAND [ARGUMENT]..\n\n"
		      "Watch and steer densityd, which tunes this host's memory "
		      "merging.\n\nCommands:\n");
	for (size_t i = 0; i < NCOMMANDS; i++)
		fprintf(file, "  %-10s %s\n", commands[i]->name,
			commands[i]->summary);
	fprintf(file, "\nOptions of every command:\n");
	opt_help(global_opts, file);
	fprintf(file, "\n`densityctl COMMAND --help` tells more; so does "
		      "densityctl(1).\n");
}

static void command_usage(const struct command *command, FILE *file)
{
	fprintf(file, "usage: densityctl %s%s%s%s\n\n%c%s.\n", command->name,
		command->opts ? " [OPTION].." : "",
		*command->args ? " " : "", command->args,
		command->summary[0] - ('a' - 'A'), command->summary + 1);
	if (command->details)
		fprintf(file, "\n%s\n", command->details);
	if (command->opts) {
		fprintf(file, "\nOptions:\n");
		opt_help(command->opts, file);
	}
	fprintf(file, "\nOptions of every command:\n");
	opt_help(global_opts, file);
}

static const struct command *find_command(const char *name)
{
	const char *names[NCOMMANDS + 1];
	const char *nearest;

	for (size_t i = 0; i < NCOMMANDS; i++) {
		if (!strcmp(commands[i]->name, name))
			return commands[i];
		names[i] = commands[i]->name;
	}
	names[NCOMMANDS] = NULL;
	nearest = words_nearest(name, names);
	if (nearest)
		cli_error("no command '%s'; do you mean '%s'?", name, nearest);
	else
		cli_error("no command '%s'; `densityctl --help` lists them",
			  name);
	return NULL;
}

static unsigned int terminal_width(void)
{
	struct winsize size;

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) || !size.ws_col)
		return 80;
	return size.ws_col;
}

static int set_up(struct cli *cli)
{
	const char *no_color = getenv("NO_COLOR");
	const char *term = getenv("TERM");
	const char *root = args.root ? args.root : "";
	const char *format = args.format ? args.format : "text";

	if (args.json)
		format = "json";
	cli->out.ops = out_find(format);
	if (!cli->out.ops) {
		cli_error("--format: '%s' is not text, json or csv", format);
		return CLI_USAGE;
	}
	cli->json = cli->out.ops == &out_json;
	cli->tty = isatty(STDOUT_FILENO);
	cli->out.file = stdout;
	cli->out.width = cli->tty ? terminal_width() : 0;
	cli->out.color = cli->tty && !(no_color && *no_color) && term &&
			 strcmp(term, "dumb");
	cli->socket_path = NULL;
	cli->db_path = NULL;
	if (args.socket)
		cli->socket_path = strdup(args.socket);
	else if (asprintf(&cli->socket_path, "%s" SOCKET_PATH, root) < 0)
		cli->socket_path = NULL;
	if (args.db)
		cli->db_path = strdup(args.db);
	else if (asprintf(&cli->db_path, "%s" DB_PATH, root) < 0)
		cli->db_path = NULL;
	return cli->socket_path && cli->db_path ? CLI_OK :
						  cli_done(-ENOMEM, "start");
}

static int run_command(struct cli *cli, const struct command *command,
		       int argc, char **argv)
{
	const struct opt *tables[] = { global_opts, command->opts, NULL };
	char error[OPT_ERROR_LEN];
	int nargs = opt_parse(tables, cli->now_ms, argc, argv, false, error);
	int code;

	if (nargs < 0) {
		cli_error("%s: %s", command->name, error);
		return CLI_USAGE;
	}
	if (args.help) {
		command_usage(command, stdout);
		return CLI_OK;
	}
	if (nargs < command->min_args || nargs > command->max_args) {
		cli_error("usage: densityctl %s%s%s", command->name,
			  *command->args ? " " : "", command->args);
		return CLI_USAGE;
	}
	code = set_up(cli);
	if (code == CLI_OK)
		code = command->run(cli, nargs, argv);
	free(cli->socket_path);
	free(cli->db_path);
	return code;
}

int main(int argc, char **argv)
{
	const struct opt *const tables[] = { global_opts, NULL };
	struct cli cli = { .now_ms = when_now_ms(), .answer_ms = ANSWER_MS };
	const struct command *command = NULL;
	char error[OPT_ERROR_LEN];
	int at;

	setlocale(LC_CTYPE, "");
	signal(SIGPIPE, SIG_IGN);
	at = opt_parse(tables, cli.now_ms, argc - 1, argv + 1, true, error);
	if (at < 0) {
		cli_error("%s", error);
		return CLI_USAGE;
	}
	argv += 1 + at;
	argc -= 1 + at;
	if (argc && !strcmp(argv[0], "help")) {
		args.help = true;
		argv++;
		argc--;
	}
	if (argc) {
		command = find_command(argv[0]);
		if (!command)
			return CLI_USAGE;
	} else if (args.version) {
		return run_command(&cli, &cmd_version, 0, argv);
	} else {
		usage(args.help ? stdout : stderr);
		return args.help ? CLI_OK : CLI_USAGE;
	}
	return run_command(&cli, command, argc - 1, argv + 1);
}
