// SPDX-License-Identifier: GPL-2.0
/*
 * Fuzz the control socket's input: framing, checks, dispatch, replies.
 *
 * The first byte decides on privilege. The methods hand the parameters on and
 * fail in every way that the contract allows; a privileged one that is reached
 * without privilege is a crash.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "../../daemon/ctl/ctl.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *echo(void *arg, const json_t *parameters,
			json_t **ret_reply)
{
	(void)arg;
	if (!json_is_object(parameters))
		abort();
	*ret_reply = json_deep_copy(parameters);
	return NULL;
}

static const char *set(void *arg, const json_t *parameters,
		       json_t **ret_reply)
{
	const bool *privileged = arg;

	if (!*privileged)
		abort();
	return echo(arg, parameters, ret_reply);
}

static const char *fail(void *arg, const json_t *parameters,
			json_t **ret_reply)
{
	echo(arg, parameters, ret_reply);
	return CTL_ERROR_REFUSED;
}

static const char *mute(void *arg, const json_t *parameters,
			json_t **ret_reply)
{
	(void)arg;
	(void)parameters;
	(void)ret_reply;
	return CTL_ERROR_FAILED;
}

static const struct ctl_method methods[] = {
	{ "Get", false, echo },
	{ "Set", true, set },
	{ "Fail", false, fail },
	{ "Mute", false, mute },
	{ 0 },
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	bool privileged;

	if (!size)
		return 0;
	privileged = data[0] & 1;
	ctl_feed(methods, &privileged, privileged, (const char *)data + 1,
		 size - 1);
	return 0;
}
