// SPDX-License-Identifier: GPL-2.0
/* Messages without a socket: framing, checks, errors, flags. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../../daemon/ctl/dispatch.h"
#include "../../daemon/ctl/frame.h"

struct seen {
	unsigned int calls;
	char last[128];
};

static const char *see(void *arg, const json_t *parameters, json_t **ret_reply)
{
	struct seen *seen = arg;
	const char *value = json_string_value(json_object_get(parameters, "v"));

	assert_true(json_is_object(parameters));
	seen->calls++;
	snprintf(seen->last, sizeof(seen->last), "%s", value ? value : "");
	*ret_reply = json_pack("{s:s}", "saw", seen->last);
	return NULL;
}

static const char *refuse(void *arg, const json_t *parameters,
			  json_t **ret_reply)
{
	(void)arg;
	(void)parameters;
	*ret_reply = json_pack("{s:s}", "message", "no");
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

static const char *nothing(void *arg, const json_t *parameters,
			   json_t **ret_reply)
{
	(void)arg;
	(void)parameters;
	(void)ret_reply;
	return NULL;
}

static const struct ctl_method methods[] = {
	{ "See", false, see },
	{ "SeeSecret", true, see },
	{ "Refuse", false, refuse },
	{ "Mute", false, mute },
	{ "Nothing", false, nothing },
	{ 0 },
};

#define CALL(name) "{\"method\":\"io.density.Control." name "\"}"

/* Bytes with NULs in them. */
#define FEED(seen, privileged, bytes) \
	ctl_feed(methods, seen, privileged, bytes, sizeof(bytes) - 1)

/* Dispatch @text; *ret_close: hang up. The reply, NULL when there is none. */
static json_t *ask(const char *text, bool privileged, bool *ret_close)
{
	struct seen seen = { 0 };
	struct dispatch dispatch = { .methods = methods, .arg = &seen };
	json_t *reply = NULL;
	char *answer = NULL;
	int r;

	r = dispatch_message(&dispatch, privileged, text, strlen(text),
			     &answer);
	assert_true(r == 0 || r == 1);
	*ret_close = r == 1;
	if (answer) {
		reply = json_loads(answer, 0, NULL);
		assert_non_null(reply);
	}
	free(answer);
	return reply;
}

static void each_message_gets_its_reply(void **state)
{
	static const struct {
		const char *text;
		const char *reply;
		bool hangs_up;
	} rows[] = {
		{ CALL("See"), "{\"parameters\":{\"saw\":\"\"}}", false },
		{ "{\"method\":\"io.density.Control.See\","
		  "\"parameters\":{\"v\":\"x\"},\"more\":true}",
		  "{\"parameters\":{\"saw\":\"x\"}}", false },
		{ CALL("Nothing"), "{\"parameters\":{}}", false },
		{ CALL("Refuse"), "{\"error\":\"" CTL_ERROR_REFUSED "\","
		  "\"parameters\":{\"message\":\"no\"}}", false },
		{ CALL("Mute"), "{\"error\":\"" CTL_ERROR_FAILED "\","
		  "\"parameters\":{}}", false },
	};
	unsigned int i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		bool hangs_up;
		json_t *got = ask(rows[i].text, false, &hangs_up);
		json_t *want = json_loads(rows[i].reply, 0, NULL);

		assert_non_null(want);
		if (!json_equal(got, want))
			fail_msg("row %u: %s", i, rows[i].text);
		assert_int_equal(hangs_up, rows[i].hangs_up);
		json_decref(got);
		json_decref(want);
	}
}

/* @text is answered with @error and words; hangs up or goes on. */
static void expect_error(const char *text, const char *error, bool hangs_up)
{
	bool close;
	json_t *reply = ask(text, false, &close);
	const char *name, *words;

	name = json_string_value(json_object_get(reply, "error"));
	words = json_string_value(json_object_get(
			json_object_get(reply, "parameters"), "message"));
	if (!name || strcmp(name, error))
		fail_msg("%.60s: got %s", text, name ? name : "(no error)");
	if (!words || !*words)
		fail_msg("%.60s: no words", text);
	if (close != hangs_up)
		fail_msg("%.60s: %s", text, close ? "hung up" : "went on");
	json_decref(reply);
}

static void malformed_messages_are_answered_and_end_it(void **state)
{
	static const char *const rows[] = {
		"",
		" ",
		"garbage",
		"{",
		"{}",
		"[]",
		"null",
		"42",
		"\"method\"",
		"{\"method\":1}",
		"{\"method\":null}",
		"{\"method\":[\"io.density.Control.See\"]}",
		CALL("See") CALL("See"),
		CALL("See") "x",
		"{\"method\":\"a\",\"method\":\"b\"}",
		"{\"method\":\"a\",\"parameters\":[]}",
		"{\"method\":\"a\",\"parameters\":null}",
		"{\"method\":\"a\",\"oneway\":1}",
		"{\"method\":\"a\",\"more\":\"yes\"}",
		"{\"method\":\"a\",\"upgrade\":true}",
		"{\"method\":\"a\\u0000b\"}",
		"{\"method\":\"\xff\xfe\"}",
		"{\"method\":\"\xc0\xaf\"}",
		"{\"method\":\"a\",\"parameters\":{\"v\":1e999}}",
		"{\"method\":\"a\",\"parameters\":"
		"{\"v\":99999999999999999999999999}}",
	};
	unsigned int i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		expect_error(rows[i], CTL_ERROR_PARAMETER, true);
}

static void well_formed_failures_go_on(void **state)
{
	(void)state;
	expect_error("{\"method\":\"a\"}", CTL_ERROR_METHOD, false);
	expect_error("{\"method\":\"\"}", CTL_ERROR_METHOD, false);
	expect_error("{\"method\":\"See\"}", CTL_ERROR_METHOD, false);
	expect_error("{\"method\":\"io.density.Control.\"}", CTL_ERROR_METHOD,
		     false);
	expect_error("{\"method\":\"io.density.Control.see\"}",
		     CTL_ERROR_METHOD, false);
	expect_error("{\"method\":\"io.density.ControlXSee\"}",
		     CTL_ERROR_METHOD, false);
	expect_error("{\"method\":\"org.varlink.service.Other\"}",
		     CTL_ERROR_METHOD, false);
	expect_error(CALL("SeeSecret"), CTL_ERROR_PERMISSION, false);
}

static void privilege_opens_privileged_methods_only_when_held(void **state)
{
	struct seen seen = { 0 };

	(void)state;
	assert_int_equal(FEED(&seen, false, CALL("SeeSecret") "\0"), 1);
	assert_int_equal(seen.calls, 0);
	assert_int_equal(FEED(&seen, true, CALL("SeeSecret") "\0"), 1);
	assert_int_equal(seen.calls, 1);
}

static void oneway_calls_are_done_and_not_answered(void **state)
{
	struct seen seen = { 0 };
	bool close;

	(void)state;
	assert_null(ask("{\"method\":\"io.density.Control.See\","
			"\"oneway\":true}", false, &close));
	assert_false(close);
	assert_null(ask("{\"method\":\"none.such\",\"oneway\":true}", false,
			&close));
	assert_int_equal(FEED(&seen, false,
			      "{\"method\":\"io.density.Control.See\","
			      "\"oneway\":true}\0"), 1);
	assert_int_equal(seen.calls, 1);
}

static void get_info_names_the_interface(void **state)
{
	bool close;
	json_t *reply, *info;

	(void)state;
	reply = ask("{\"method\":\"org.varlink.service.GetInfo\"}", false,
		    &close);
	info = json_object_get(reply, "parameters");
	assert_string_equal(json_string_value(json_object_get(info, "version")),
			    DENSITY_VERSION);
	assert_string_equal(json_string_value(json_object_get(info, "product")),
			    "densityd");
	assert_string_equal(json_string_value(json_array_get(
			json_object_get(info, "interfaces"), 1)),
			    CTL_INTERFACE);
	json_decref(reply);
}

/* A message of @depth nested brackets, the outermost included. */
static char *nested(unsigned int depth, char open, char close)
{
	const char *head = "{\"method\":\"a\",\"parameters\":{\"v\":";
	char *text = calloc(1, strlen(head) + 2 * depth + 8);
	size_t n = strlen(head);

	memcpy(text, head, n);
	memset(text + n, open, depth - 2);
	memset(text + n + depth - 2, close, depth - 2);
	strcat(text, "}}");
	return text;
}

static void nesting_is_bounded(void **state)
{
	char *text = nested(DISPATCH_DEPTH_MAX, '[', ']');

	(void)state;
	expect_error(text, CTL_ERROR_METHOD, false);
	free(text);
	text = nested(DISPATCH_DEPTH_MAX + 1, '[', ']');
	expect_error(text, CTL_ERROR_PARAMETER, true);
	free(text);
	text = nested(10000, '[', ']');
	expect_error(text, CTL_ERROR_PARAMETER, true);
	free(text);
	text = nested(10000, '[', ' ');
	expect_error(text, CTL_ERROR_PARAMETER, true);
	free(text);
}

static void brackets_in_strings_are_not_nesting(void **state)
{
	(void)state;
	expect_error("{\"method\":\"[[[[[[[[[[[[[[[[[[[[\\\"[[[[[[[[[[[\"}",
		     CTL_ERROR_METHOD, false);
}

static void messages_in_one_read_are_all_carried_out(void **state)
{
	struct seen seen = { 0 };

	(void)state;
	assert_int_equal(FEED(&seen, false, CALL("See") "\0" CALL("See") "\0"
			      CALL("Refuse") "\0" CALL("See") "\0"
			      "{\"method\""), 4);
	assert_int_equal(seen.calls, 3);
}

static void nothing_after_garbage_is_carried_out(void **state)
{
	struct seen seen = { 0 };

	(void)state;
	assert_int_equal(FEED(&seen, false, CALL("See") "\0" "\0"
			      CALL("See") "\0"), -EPROTO);
	assert_int_equal(seen.calls, 1);
	/* A NUL inside a message makes two bad ones. */
	assert_int_equal(FEED(&seen, false, "{\"method\":\"io.density.\0"
			      "Control.See\"}\0"), -EPROTO);
	assert_int_equal(seen.calls, 1);
}

/* A call padded with blanks to @len bytes, and a NUL. */
static char *padded(size_t len)
{
	char *text = malloc(len + 1);

	memset(text, ' ', len);
	memcpy(text, CALL("See"), strlen(CALL("See")));
	text[len] = '\0';
	return text;
}

static void a_message_of_the_longest_length_passes(void **state)
{
	struct seen seen = { 0 };
	char *text = padded(CTL_MESSAGE_MAX);

	(void)state;
	assert_int_equal(ctl_feed(methods, &seen, false, text,
				  CTL_MESSAGE_MAX + 1), 1);
	assert_int_equal(seen.calls, 1);
	free(text);
}

static void a_byte_more_is_refused_with_or_without_its_nul(void **state)
{
	struct seen seen = { 0 };
	char *text = padded(CTL_MESSAGE_MAX + 1);

	(void)state;
	assert_int_equal(ctl_feed(methods, &seen, false, text,
				  CTL_MESSAGE_MAX + 2), -EPROTO);
	assert_int_equal(ctl_feed(methods, &seen, false, text,
				  CTL_MESSAGE_MAX + 1), -EPROTO);
	assert_int_equal(seen.calls, 0);
	free(text);
}

static void frames_survive_every_cut(void **state)
{
	static const char bytes[] = "a\0bcd\0\0efgh";
	static const char *const want[] = { "a", "bcd", "", "efgh" };
	size_t cut;

	(void)state;
	for (cut = 1; cut <= sizeof(bytes); cut++) {
		unsigned int got = 0;
		struct frame frame;
		size_t at, room, len;
		const char *text;
		char *space;

		frame_init(&frame, 4);
		for (at = 0; at < sizeof(bytes);) {
			size_t n = sizeof(bytes) - at;

			assert_int_equal(frame_space(&frame, &space, &room), 0);
			assert_true(room >= 1);
			n = n > cut ? cut : n;
			n = n > room ? room : n;
			memcpy(space, bytes + at, n);
			frame_added(&frame, n);
			at += n;
			while (frame_next(&frame, &text, &len) > 0) {
				assert_string_equal(text, want[got]);
				assert_int_equal(len, strlen(want[got]));
				got++;
			}
		}
		assert_int_equal(got, 4);
		assert_int_equal(frame_pending(&frame), 0);
		frame_free(&frame);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_message_gets_its_reply),
		cmocka_unit_test(malformed_messages_are_answered_and_end_it),
		cmocka_unit_test(well_formed_failures_go_on),
		cmocka_unit_test(
			privilege_opens_privileged_methods_only_when_held),
		cmocka_unit_test(oneway_calls_are_done_and_not_answered),
		cmocka_unit_test(get_info_names_the_interface),
		cmocka_unit_test(nesting_is_bounded),
		cmocka_unit_test(brackets_in_strings_are_not_nesting),
		cmocka_unit_test(messages_in_one_read_are_all_carried_out),
		cmocka_unit_test(nothing_after_garbage_is_carried_out),
		cmocka_unit_test(a_message_of_the_longest_length_passes),
		cmocka_unit_test(a_byte_more_is_refused_with_or_without_its_nul),
		cmocka_unit_test(frames_survive_every_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
