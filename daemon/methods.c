// SPDX-License-Identifier: GPL-2.0
/* The methods of io.density.Control; docs/control.md says what each does. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "daemon.h"
#include "log.h"
#include "name.h"

static const char *fail(const char *error, const char *message,
			json_t **ret_reply)
{
	*ret_reply = json_pack("{ss}", "message", message);
	return error;
}

static const char *get_status(void *arg, const json_t *parameters,
			      json_t **ret_reply)
{
	(void)parameters;
	*ret_reply = status_object(arg);
	return NULL;
}

static const char *get_vms(void *arg, const json_t *parameters,
			   json_t **ret_reply)
{
	(void)parameters;
	*ret_reply = status_vms(arg);
	return NULL;
}

static const char *get_decisions(void *arg, const json_t *parameters,
				 json_t **ret_reply)
{
	const json_t *limit = json_object_get(parameters, "limit");
	json_int_t n = limit ? json_integer_value(limit) : 20;

	if (limit && (!json_is_integer(limit) || n < 1 || n > 10000))
		return fail(CTL_ERROR_PARAMETER,
			    "limit: expected a whole number from 1 to 10000",
			    ret_reply);
	*ret_reply = status_decisions(arg, (unsigned int)n);
	return NULL;
}

/* What only a kernel with our patches, or the module, has. */
static bool lacks(const struct daemon *d, const char *key)
{
	uint64_t value;

	switch (override_find(key)) {
	case OVERRIDE_LOOKAHEAD:
	case OVERRIDE_INDEX:
		return !snap_has(d->snap, SNAP_CAP_INDEX);
	case OVERRIDE_EVICT:
		return !d->act || !act_original(d->act, ACT_KNOB_EVICT, &value);
	case OVERRIDE_DIVIDE:
		return !extension_seen(d->extension);
	case OVERRIDE_SCRUB:
		return !snap_has(d->snap, SNAP_CAP_SCRUB);
	default:
		return false;
	}
}

static const char *set(void *arg, const json_t *parameters,
		       json_t **ret_reply)
{
	struct daemon *d = arg;
	const char *key = json_string_value(json_object_get(parameters, "key"));
	const char *value =
		json_string_value(json_object_get(parameters, "value"));
	const json_t *seconds = json_object_get(parameters, "seconds");
	json_int_t s = seconds ? json_integer_value(seconds) : 0;
	struct override before = d->over;
	char error[OVERRIDE_TEXT_LEN];
	int r;

	if (!key || !value)
		return fail(CTL_ERROR_PARAMETER,
			    "expected \"key\" and \"value\", both strings",
			    ret_reply);
	if (seconds && (!json_is_integer(seconds) || s < 0))
		return fail(CTL_ERROR_PARAMETER,
			    "seconds: expected a whole number, 0 for ever",
			    ret_reply);
	if (!d->snap)
		return fail(CTL_ERROR_FAILED, "still starting", ret_reply);
	if (d->stood_aside)
		return fail(CTL_ERROR_REFUSED, "stood aside; resume first",
			    ret_reply);
	if (lacks(d, key))
		return fail(CTL_ERROR_REFUSED, "this kernel does not have it; "
			    "kernel/ has the patches", ret_reply);
	if (override_set(&d->over, key, value, (uint64_t)s, d->snap->mono_ns,
			 error))
		return fail(CTL_ERROR_PARAMETER, error, ret_reply);
	if (d->act)
		act_resume(d->act);
	r = daemon_reapply(d);
	if (r && r != -EBUSY)
		d->over = before;
	if (r == -EPERM)
		return fail(CTL_ERROR_REFUSED,
			    "unmerging needs more memory than is available",
			    ret_reply);
	if (r && r != -EBUSY)
		return fail(CTL_ERROR_FAILED, strerror(-r), ret_reply);
	snprintf(error, sizeof(error), "%.40s = %.60s by hand", key, value);
	daemon_event(d, "override", error);
	return NULL;
}

static const char *unset(void *arg, const json_t *parameters,
			 json_t **ret_reply)
{
	struct daemon *d = arg;
	const json_t *key = json_object_get(parameters, "key");

	if (key && !json_is_string(key) && !json_is_null(key))
		return fail(CTL_ERROR_PARAMETER, "key: expected a string",
			    ret_reply);
	if (override_unset(&d->over, json_string_value(key)))
		return fail(CTL_ERROR_PARAMETER, "no such key", ret_reply);
	daemon_event(d, "override", "taken back by hand");
	daemon_reapply(d);
	return NULL;
}

static const char *restore(void *arg, const json_t *parameters,
			   json_t **ret_reply)
{
	struct daemon *d = arg;
	int r;

	(void)parameters;
	d->stood_aside = true;
	r = d->act ? act_restore(d->act, "by hand") : 0;
	r = extension_restore(d->extension) ? : r;
	if (r)
		return fail(CTL_ERROR_FAILED, strerror(-r), ret_reply);
	daemon_event(d, "restore", "every knob given back; hands off until resume");
	daemon_wake(d);
	return NULL;
}

static const char *resume(void *arg, const json_t *parameters,
			  json_t **ret_reply)
{
	struct daemon *d = arg;

	(void)parameters;
	(void)ret_reply;
	if (d->act)
		act_resume(d->act);
	if (d->stood_aside)
		d->ask = PROBE_ASK_ALL;
	d->stood_aside = false;
	daemon_event(d, "resume", "control again, by hand");
	daemon_wake(d);
	return NULL;
}

/* What it is given goes into the history as it is: nothing odd, nothing long. */
static const char *end_turn(void *arg, const json_t *parameters,
			    json_t **ret_reply)
{
	const char *experiment, *plan, *configuration;
	json_int_t round, from_ms, to_ms;
	char text[DAEMON_TEXT_LEN];

	if (json_unpack((json_t *)parameters, "{ss ss ss sI sI sI}",
			"experiment", &experiment, "plan", &plan,
			"configuration", &configuration, "round", &round,
			"from_ms", &from_ms, "to_ms", &to_ms) ||
	    !name_is_plain(experiment) || !name_is_plain(plan) ||
	    !name_is_plain(configuration))
		return fail(CTL_ERROR_PARAMETER,
			    "experiment, plan, configuration: expected "
			    NAME_EXPECTED "; round, from_ms, to_ms: whole "
			    "numbers",
			    ret_reply);
	if (round < 1 || round > 1000 || from_ms < 0 || from_ms >= to_ms)
		return fail(CTL_ERROR_PARAMETER,
			    "expected a round from 1 to 1000, and a span that "
			    "ends after it begins", ret_reply);
	snprintf(text, sizeof(text),
		 "{\"experiment\":\"%s\",\"plan\":\"%s\","
		 "\"configuration\":\"%s\",\"round\":%lld,"
		 "\"from_ms\":%lld,\"to_ms\":%lld}", experiment, plan,
		 configuration, (long long)round, (long long)from_ms,
		 (long long)to_ms);
	daemon_event(arg, "turn", text);
	return NULL;
}

static const char *reload(void *arg, const json_t *parameters,
			  json_t **ret_reply)
{
	char error[CONF_ERROR_LEN];

	(void)parameters;
	if (daemon_reload(arg, error))
		return fail(CTL_ERROR_REFUSED, error, ret_reply);
	return NULL;
}

const struct ctl_method daemon_methods[] = {
	{ "GetStatus", false, get_status },
	{ "GetVms", false, get_vms },
	{ "GetDecisions", false, get_decisions },
	{ "Set", true, set },
	{ "Unset", true, unset },
	{ "Restore", true, restore },
	{ "Resume", true, resume },
	{ "Reload", true, reload },
	{ "EndTurn", true, end_turn },
	{ NULL, false, NULL },
};
