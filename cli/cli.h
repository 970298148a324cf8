/* SPDX-License-Identifier: GPL-2.0 */
/*
 * densityctl: what its commands share.
 *
 * main.c parses the command line by the command's table, fills struct cli and
 * calls the command with its arguments. A command asks the daemon for the
 * present (cli_call) and the database for the past (cli_history), and hands
 * what it learnt to the output format. It returns an exit code; whoever
 * notices a failure has already said it on standard error.
 *
 * To add a command: write cmd_NAME.c with one `const struct command`, name it
 * here and in the table of main.c, in densityctl.1 and in the completion.
 */
#ifndef DENSITY_CLI_H
#define DENSITY_CLI_H

#include <stdbool.h>
#include <stdint.h>
#include <jansson.h>

#include "../daemon/store/query.h"
#include "opt.h"
#include "out.h"

enum cli_exit {
	CLI_OK = 0,
	CLI_FAILURE = 1,
	CLI_USAGE = 2,
	CLI_NO_DAEMON = 3,
	CLI_NO_PERMISSION = 4,
};

struct cli {
	char *socket_path;
	char *db_path;
	int64_t now_ms;		/* one "now" for the whole command line */
	int answer_ms;		/* how long densityd has to answer a call */
	bool json;
	bool tty;		/* standard output is a terminal */
	struct out out;
};

struct command {
	const char *name;
	const char *args;	/* for the usage line, "" for none */
	const char *summary;	/* one line, begins in lower case */
	const char *details;	/* for --help; NULL = none */
	const struct opt *opts;	/* NULL = none */
	int min_args;
	int max_args;
	int (*run)(struct cli *cli, int argc, char **argv);
};

extern const struct command cmd_status;
extern const struct command cmd_top;
extern const struct command cmd_vms;
extern const struct command cmd_history;
extern const struct command cmd_plot;
extern const struct command cmd_explain;
extern const struct command cmd_compare;
extern const struct command cmd_report;
extern const struct command cmd_experiment;
extern const struct command cmd_set;
extern const struct command cmd_restore;
extern const struct command cmd_resume;
extern const struct command cmd_reload;
extern const struct command cmd_kernel;
extern const struct command cmd_version;

/* "densityctl: ..." on standard error, made safe for a terminal. */
void cli_error(const char *format, ...) __attribute__((format(printf, 1, 2)));

/*
 * Ask the daemon. CLI_OK and a new object; else the exit code, and the reason
 * has been told unless @quiet.
 */
int cli_call(const struct cli *cli, const char *method,
	     const json_t *parameters, bool quiet, json_t **ret_reply);

/* Open the history. CLI_OK, or the exit code, told unless @quiet. */
int cli_history(const struct cli *cli, bool quiet, struct query **ret_query);

/*
 * Fill in the ends of a span that were not given (OPT_UNSET): @to_ms becomes
 * now, @from_ms @default_ms before it. CLI_OK or CLI_USAGE, told.
 */
int cli_span(const struct cli *cli, int64_t default_ms, int64_t *from_ms,
	     int64_t *to_ms);

/* The exit code for 0 or -errno of reading or writing @what, told. */
int cli_done(int err, const char *what);

/* Members of a daemon's answer, by a path such as "cpu.ksmd_pct". */
double cli_number(const json_t *object, const char *path);	/* or NAN */
const char *cli_string(const json_t *object, const char *path);	/* or NULL */
bool cli_true(const json_t *object, const char *path);

#endif
