// SPDX-License-Identifier: GPL-2.0
/*
 * densityctl set: overrides, with an expiry when asked for.
 *
 * The daemon judges keys and values; here only the form is checked, of all
 * arguments before the first is sent. Overrides that were sent before one was
 * refused stay, and the output names them.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "when.h"
#include "words.h"

#define SETTINGS_MAX 16

static struct {
	bool unset;
	int64_t for_ms;
} args;

static const struct opt opts[] = {
	{ "for", 'f', OPT_DURATION, &args.for_ms, "DURATION",
	  "the override ends by itself, such as 10m" },
	{ "unset", 'u', OPT_FLAG, &args.unset, NULL,
	  "end the override of KEY, or all of them" },
	{ 0 },
};

static int check(int argc, char **argv)
{
	if (args.unset && args.for_ms) {
		cli_error("set: --unset and --for exclude each other");
		return CLI_USAGE;
	}
	if (!args.unset && !argc) {
		cli_error("set: expected KEY=VALUE, such as law=static, or "
			  "--unset");
		return CLI_USAGE;
	}
	if (args.for_ms / 1000 > UINT32_MAX) {
		cli_error("set: --for is longer than a century");
		return CLI_USAGE;
	}
	for (int i = 0; i < argc; i++) {
		const char *equal = strchr(argv[i], '=');

		if (args.unset && equal) {
			cli_error("set: --unset takes KEY without a value, not "
				  "'%s'", argv[i]);
			return CLI_USAGE;
		}
		if (!args.unset && (!equal || equal == argv[i] || !equal[1])) {
			cli_error("set: '%s' is not KEY=VALUE, such as "
				  "law=static", argv[i]);
			return CLI_USAGE;
		}
	}
	return CLI_OK;
}

static int request(const struct cli *cli, const char *key, size_t key_len,
		   const char *value)
{
	json_t *parameters = json_object();
	int failed = !parameters;
	int code;

	if (key)
		failed |= json_object_set_new(parameters, "key",
					      json_stringn(key, key_len));
	if (value) {
		failed |= json_object_set_new(parameters, "value",
					      json_string(value));
		failed |= json_object_set_new(parameters, "seconds",
					      json_integer(args.for_ms / 1000));
	}
	if (failed) {
		cli_error("set: '%s' is no text in UTF-8", key ? key : "");
		code = CLI_USAGE;
	} else {
		code = cli_call(cli, args.unset ? "Unset" : "Set", parameters,
				false, NULL);
	}
	json_decref(parameters);
	return code;
}

static int tell(struct cli *cli, const char *key, const char *value)
{
	char until[WORDS_NUMBER_LEN];
	struct out_value values[] = {
		OUT_STRING(key), OUT_STRING(value),
		args.for_ms ? OUT_NUMBER(args.for_ms / 1000) : OUT_NOTHING,
	};
	int err = out_row(&cli->out, values);

	if (err)
		return err;
	if (args.unset)
		return out_note(&cli->out, "%s%s",
				key ? "the override has ended: " :
				      "all overrides have ended",
				key ? key : "");
	if (!args.for_ms)
		return out_note(&cli->out, "%s is %s until `densityctl set "
				"--unset %s`", key, value, key);
	return out_note(&cli->out, "%s is %s until %s", key, value,
			words_time(cli->now_ms + args.for_ms, until));
}

static int run_one(struct cli *cli, const char *setting)
{
	const char *equal = setting ? strchr(setting, '=') : NULL;
	size_t key_len = setting ? strcspn(setting, "=") : 0;
	const char *value = equal ? equal + 1 : NULL;
	char *key = NULL;
	int code = request(cli, setting, key_len, value);

	if (code != CLI_OK)
		return code;
	if (setting) {
		key = strndup(setting, key_len);
		if (!key)
			return cli_done(-ENOMEM, "set");
	}
	code = cli_done(tell(cli, key, value), "output");
	free(key);
	return code;
}

static int run(struct cli *cli, int argc, char **argv)
{
	static const struct out_field fields[] = {
		{ "key", NULL, OUT_TEXT, 0 },
		{ "value", NULL, OUT_TEXT, 0 },
		{ "seconds", NULL, OUT_COUNT, 0 },
	};
	int code = check(argc, argv);
	int err;

	if (code != CLI_OK)
		return code;
	err = out_begin(&cli->out, args.unset ? "unset" : "set", OUT_LIST,
			fields, 3, OUT_MACHINE);
	if (err)
		return cli_done(err, "output");
	if (!argc)
		code = run_one(cli, NULL);
	for (int i = 0; i < argc && code == CLI_OK; i++)
		code = run_one(cli, argv[i]);
	err = out_end(&cli->out);
	if (!err)
		err = out_finish(&cli->out);
	return code != CLI_OK ? code : cli_done(err, "output");
}

const struct command cmd_set = {
	.name = "set",
	.args = "KEY=VALUE.. | --unset [KEY]..",
	.summary = "override the law or a knob for a while",
	.details =
		"Keys: law (a law's name), cpu_cap (such as 30%), run (0, 1 or 2),\n"
		"sleep_millisecs, pages_to_scan. On a kernel with our patches\n"
		"lookahead and checksum_index (0 or 1) and shadow_evict (fifo, clock,\n"
		"sieve, reuse), with the module shadow_divide and scrub (0 or 1). An\n"
		"override of a knob beats the law. Only root may do this.",
	.opts = opts,
	.max_args = SETTINGS_MAX,
	.run = run,
};
