// SPDX-License-Identifier: GPL-2.0
/*
 * Dispatch: parse a message, check it, call its method, word the reply.
 *
 * Two kinds of failure are kept apart. A malformed message (no JSON, not
 * varlink's members) shows that the two ends do not understand each other: it
 * is answered and the connection ends. A well-formed call that fails (unknown
 * method, no permission, the method's own errors) is answered and the
 * connection goes on.
 *
 * Of varlink's flags "oneway" is honoured: the method is called and nothing is
 * answered, errors included. "more" is ignored: one reply is a valid answer to
 * it. "upgrade" is refused, since the caller would speak another protocol
 * after the reply.
 *
 * Nesting is measured before the parser runs, because jansson recurses and its
 * own limit of 2048 levels is a matter of how it was built.
 */
#include "dispatch.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define GET_INFO "org.varlink.service.GetInfo"

struct call {
	const char *method;
	const json_t *parameters;	/* NULL when absent */
	bool oneway;
};

/* True when brackets nest deeper than @max, whatever else may be wrong. */
static bool too_deep(const char *text, size_t len, unsigned int max)
{
	unsigned int depth = 0;
	bool in_string = false;
	size_t i;

	for (i = 0; i < len; i++) {
		char c = text[i];

		if (in_string) {
			if (c == '\\')
				i++;
			else if (c == '"')
				in_string = false;
		} else if (c == '"') {
			in_string = true;
		} else if (c == '[' || c == '{') {
			if (++depth > max)
				return true;
		} else if ((c == ']' || c == '}') && depth) {
			depth--;
		}
	}
	return false;
}

/* Turn a reply into text; takes over @reply, which may be NULL. */
static char *reply_text(json_t *reply)
{
	char *text = reply ? json_dumps(reply, JSON_COMPACT) : NULL;

	json_decref(reply);
	return text;
}

/* Takes over @words, which may be NULL. */
static char *error_text(const char *name, json_t *words)
{
	if (!words)
		words = json_object();
	return reply_text(json_pack("{s:s, s:o}", "error", name,
				    "parameters", words));
}

/* "?" rather than nothing when the words are no UTF-8. */
static json_t *message(const char *words)
{
	return json_pack("{s:s}", "message", words) ?:
	       json_pack("{s:s}", "message", "?");
}

char *dispatch_malformed(const char *words)
{
	return error_text(CTL_ERROR_PARAMETER, message(words));
}

/* NULL when the flag is absent or boolean, else what is wrong. */
static const char *read_flag(const json_t *root, const char *name,
			     bool *ret_set)
{
	const json_t *flag = json_object_get(root, name);

	if (flag && !json_is_boolean(flag))
		return "a flag of the message is not true or false";
	*ret_set = json_is_true(flag);
	return NULL;
}

/* NULL, or what is wrong with the message. */
static const char *read_call(const json_t *root, struct call *ret_call)
{
	const json_t *method, *parameters;
	bool oneway, more, upgrade;
	const char *wrong;

	if (!json_is_object(root))
		return "the message is not a JSON object";
	method = json_object_get(root, "method");
	if (!json_is_string(method))
		return "the message has no \"method\" that is a string";
	parameters = json_object_get(root, "parameters");
	if (parameters && !json_is_object(parameters))
		return "\"parameters\" is not a JSON object";
	wrong = read_flag(root, "oneway", &oneway) ?:
		read_flag(root, "more", &more) ?:
		read_flag(root, "upgrade", &upgrade);
	if (wrong)
		return wrong;
	if (upgrade)
		return "\"upgrade\" is not supported";
	ret_call->method = json_string_value(method);
	ret_call->parameters = parameters;
	ret_call->oneway = oneway;
	return NULL;
}

static const struct ctl_method *find_method(const struct ctl_method *methods,
					    const char *name)
{
	size_t prefix = strlen(CTL_INTERFACE ".");
	const struct ctl_method *m;

	if (strncmp(name, CTL_INTERFACE ".", prefix))
		return NULL;
	for (m = methods; m->name; m++)
		if (!strcmp(m->name, name + prefix))
			return m;
	return NULL;
}

static char *get_info(void)
{
	return reply_text(json_pack("{s:{s:s, s:s, s:s, s:s, s:[s, s]}}",
				    "parameters",
				    "vendor", "Density",
				    "product", "densityd",
				    "version", DENSITY_VERSION,
				    "url", "",
				    "interfaces", "org.varlink.service",
				    CTL_INTERFACE));
}

static char *unknown_method(const char *name)
{
	return error_text(CTL_ERROR_METHOD,
			  json_pack("{s:s, s:s}", "method", name, "message",
				    "there is no method of that name"));
}

static char *permission_denied(const struct ctl_method *method)
{
	char words[128];

	snprintf(words, sizeof(words),
		 "%s needs root or the user that densityd runs as",
		 method->name);
	return error_text(CTL_ERROR_PERMISSION, message(words));
}

static char *call_method(const struct ctl_method *method, void *arg,
			 const json_t *parameters)
{
	json_t *reply = NULL, *none = NULL;
	const char *error;

	if (!parameters) {
		none = json_object();
		if (!none)
			return NULL;
		parameters = none;
	}
	error = method->call(arg, parameters, &reply);
	json_decref(none);
	if (error)
		return error_text(error, reply);
	if (!reply)
		reply = json_object();
	return reply_text(json_pack("{s:o}", "parameters", reply));
}

/* The reply to a well-formed call; NULL when out of memory. */
static char *answer(const struct dispatch *dispatch, bool privileged,
		    const struct call *call)
{
	const struct ctl_method *method;

	if (!strcmp(call->method, GET_INFO))
		return get_info();
	method = find_method(dispatch->methods, call->method);
	if (!method)
		return unknown_method(call->method);
	if (method->privileged && !privileged)
		return permission_denied(method);
	return call_method(method, dispatch->arg, call->parameters);
}

static int malformed(const char *words, char **ret_reply)
{
	char *reply = dispatch_malformed(words);

	if (!reply)
		return -ENOMEM;
	*ret_reply = reply;
	return 1;
}

int dispatch_message(const struct dispatch *dispatch, bool privileged,
		     const char *text, size_t len, char **ret_reply)
{
	const char *wrong;
	json_error_t error;
	struct call call;
	json_t *root;
	char *reply;
	int r;

	if (too_deep(text, len, DISPATCH_DEPTH_MAX))
		return malformed("the message is nested too deeply", ret_reply);
	root = json_loadb(text, len, JSON_REJECT_DUPLICATES, &error);
	if (!root)
		return malformed(error.text, ret_reply);
	wrong = read_call(root, &call);
	if (wrong) {
		r = malformed(wrong, ret_reply);
		goto out;
	}
	reply = answer(dispatch, privileged, &call);
	if (call.oneway) {
		free(reply);
		reply = NULL;
	} else if (!reply) {
		r = -ENOMEM;
		goto out;
	}
	*ret_reply = reply;
	r = 0;
out:
	json_decref(root);
	return r;
}
