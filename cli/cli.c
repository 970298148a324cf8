// SPDX-License-Identifier: GPL-2.0
/* What the commands share: see cli.h. */
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "../daemon/ctl/ctl.h"
#include "cli.h"
#include "when.h"
#include "words.h"

void cli_error(const char *format, ...)
{
	va_list args;
	char *text = NULL, *safe = NULL;

	va_start(args, format);
	if (vasprintf(&text, format, args) < 0)
		text = NULL;
	va_end(args);
	if (text)
		safe = words_safe(text, false);
	fprintf(stderr, "densityctl: %s\n", safe ? safe : "out of memory");
	free(safe);
	free(text);
}

static int call_failed(const struct cli *cli, int err, bool quiet)
{
	switch (err) {
	case -ENOENT:
	case -ECONNREFUSED:
		if (!quiet)
			cli_error("densityd is not running: nobody listens at "
				  "%s; start it with: systemctl start densityd",
				  cli->socket_path);
		return CLI_NO_DAEMON;
	case -EACCES:
	case -EPERM:
		if (!quiet)
			cli_error("no permission to connect to %s",
				  cli->socket_path);
		return CLI_NO_PERMISSION;
	case -ETIMEDOUT:
		if (!quiet)
			cli_error("densityd does not answer at %s (waited "
				  "%d s)", cli->socket_path,
				  cli->answer_ms / 1000);
		return CLI_FAILURE;
	case -EPROTO:
		if (!quiet)
			cli_error("what answers at %s does not speak "
				  "densityd's protocol", cli->socket_path);
		return CLI_FAILURE;
	}
	if (!quiet)
		cli_error("%s: %s", cli->socket_path, strerror(-err));
	return CLI_FAILURE;
}

static int call_refused(const char *method, const char *error,
			const json_t *reply, bool quiet)
{
	const char *message = cli_string(reply, "message");
	int code = CLI_FAILURE;

	if (!strcmp(error, CTL_ERROR_PERMISSION)) {
		code = CLI_NO_PERMISSION;
		if (!message)
			message = "only root may do this";
	} else if (!strcmp(error, CTL_ERROR_PARAMETER)) {
		code = CLI_USAGE;
		if (!message)
			message = cli_string(reply, "parameter");
	} else if (!strcmp(error, CTL_ERROR_METHOD)) {
		message = "this densityd does not know the request";
	}
	if (!quiet)
		cli_error("densityd refuses %s: %s", method,
			  message ? message : error);
	return code;
}

int cli_call(const struct cli *cli, const char *method,
	     const json_t *parameters, bool quiet, json_t **ret_reply)
{
	json_t *reply = NULL;
	char *error = NULL;
	int code = CLI_OK;
	int err = ctl_call(cli->socket_path, method, parameters,
			   cli->answer_ms, &reply, &error);

	if (err)
		return call_failed(cli, err, quiet);
	if (error)
		code = call_refused(method, error, reply, quiet);
	if (code == CLI_OK && ret_reply)
		*ret_reply = reply;
	else
		json_decref(reply);
	free(error);
	return code;
}

int cli_history(const struct cli *cli, bool quiet, struct query **ret_query)
{
	char error[QUERY_ERROR_LEN] = "";
	int err = query_open(cli->db_path, ret_query, error);

	if (!err)
		return CLI_OK;
	if (!quiet && err == -ENOENT)
		cli_error("no history at %s: densityd has not run yet, or "
			  "keeps none", cli->db_path);
	else if (!quiet)
		cli_error("%s: %s", cli->db_path,
			  error[0] ? error : strerror(-err));
	return err == -EACCES || err == -EPERM ? CLI_NO_PERMISSION :
						 CLI_FAILURE;
}

int cli_span(const struct cli *cli, int64_t default_ms, int64_t *from_ms,
	     int64_t *to_ms)
{
	if (*to_ms == OPT_UNSET)
		*to_ms = cli->now_ms;
	if (*from_ms == OPT_UNSET)
		*from_ms = *to_ms - default_ms;
	if (*from_ms < *to_ms)
		return CLI_OK;
	cli_error("the span ends before it begins: --from must lie before "
		  "--to");
	return CLI_USAGE;
}

int cli_done(int err, const char *what)
{
	if (!err)
		return CLI_OK;
	/* The reader of a pipe has seen enough; that is no news to anyone. */
	if (err != -EPIPE)
		cli_error("%s: %s", what, strerror(err < 0 ? -err : EIO));
	if (err == -EACCES || err == -EPERM)
		return CLI_NO_PERMISSION;
	return CLI_FAILURE;
}

static const json_t *lookup(const json_t *object, const char *path)
{
	char key[64];

	while (object && *path) {
		size_t len = strcspn(path, ".");

		if (len >= sizeof(key))
			return NULL;
		memcpy(key, path, len);
		key[len] = '\0';
		object = json_object_get(object, key);
		path += len + (path[len] == '.');
	}
	return object;
}

double cli_number(const json_t *object, const char *path)
{
	const json_t *value = lookup(object, path);

	return json_is_number(value) ? json_number_value(value) : NAN;
}

const char *cli_string(const json_t *object, const char *path)
{
	return json_string_value(lookup(object, path));
}

bool cli_true(const json_t *object, const char *path)
{
	return json_is_true(lookup(object, path));
}
