// SPDX-License-Identifier: GPL-2.0
/* The server against peers that misbehave, over real sockets. */
#include "ctl_fixture.h"

#include <sys/resource.h>
#include <sys/wait.h>

#define FLOOD 1000
#define CALL(name) "{\"method\":\"io.density.Control." name "\"}"
#define NOBODY 65534

static unsigned int count_notes(const struct fixture *fx)
{
	unsigned int notes;
	json_t *reply;
	char *error;

	assert_int_equal(ctl_call(fx->path, "Count", NULL, FIXTURE_PATIENCE_MS,
				  &reply, &error), 0);
	notes = json_integer_value(json_object_get(reply, "notes"));
	json_decref(reply);
	return notes;
}

static void one_write_may_hold_many_messages(void **state)
{
	/* More than one turn's worth: the backlog must come round too. */
	static const char one[] = CALL("Note");
	char bytes[40 * sizeof(one)];
	struct fixture fx;
	unsigned int i;
	int fd;

	(void)state;
	for (i = 0; i < 40; i++)
		memcpy(bytes + i * sizeof(one), one, sizeof(one));
	fx_start(&fx);
	fd = fx_connect(&fx);
	fx_send(fd, bytes, sizeof(bytes));
	for (i = 0; i < 40; i++)
		fx_expect(fd, NULL);
	assert_int_equal(count_notes(&fx), 40);
	close(fd);
	fx_stop(&fx);
}

static void one_message_may_take_many_writes(void **state)
{
	static const char text[] = CALL("Note");
	struct fixture fx;
	size_t i;
	int fd;

	(void)state;
	fx_start(&fx);
	fd = fx_connect(&fx);
	for (i = 0; i < sizeof(text); i++) {
		fx_send(fd, text + i, 1);
		/* The loop has read the byte once it answered another. */
		if (i % 8 == 0)
			fx_expect_alive(&fx);
	}
	fx_expect(fd, NULL);
	close(fd);
	fx_stop(&fx);
}

static void half_a_message_holds_nobody_up(void **state)
{
	struct fixture fx;
	int fd[8], i;

	(void)state;
	fx_start(&fx);
	for (i = 0; i < 8; i++) {
		fd[i] = fx_connect(&fx);
		fx_send(fd[i], "{\"method\":", 10);
	}
	fx_expect_alive(&fx);
	for (i = 0; i < 8; i++)
		close(fd[i]);
	fx_expect_alive(&fx);
	fx_stop(&fx);
}

static void garbage_is_answered_and_the_connection_ends(void **state)
{
	static const struct {
		const char *bytes;
		size_t len;
	} rows[] = {
#define ROW(literal) { literal, sizeof(literal) }
		ROW(""),
		ROW("GET / HTTP/1.1\r\n\r\n"),
		ROW("\xff\xff\xff\xff"),
		ROW("{\"method\":\"\xc3\x28\"}"),
		ROW("{\"method\":\"io.density\0.Control.Note\"}"),
		ROW("[[[[[[[[[[[[[[[[[[[[[[[["),
		ROW(CALL("Note") "\n" CALL("Note")),
#undef ROW
	};
	struct fixture fx;
	unsigned int i;

	(void)state;
	fx_start(&fx);
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int fd = fx_connect(&fx);

		fx_send(fd, rows[i].bytes, rows[i].len);
		fx_expect(fd, CTL_ERROR_PARAMETER);
		fx_expect_end(fd);
	}
	assert_int_equal(count_notes(&fx), 0);
	fx_stop(&fx);
}

static void deep_nesting_is_refused(void **state)
{
	char *text = malloc(10001);
	struct fixture fx;
	int fd;

	(void)state;
	memset(text, '[', 10000);
	text[10000] = '\0';
	fx_start(&fx);
	fd = fx_connect(&fx);
	fx_send(fd, text, 10001);
	fx_expect(fd, CTL_ERROR_PARAMETER);
	fx_expect_end(fd);
	fx_expect_alive(&fx);
	fx_stop(&fx);
	free(text);
}

static void the_longest_message_passes_and_one_byte_more_does_not(void **state)
{
	char *text = malloc(CTL_MESSAGE_MAX + 2);
	struct fixture fx;
	int fd;

	(void)state;
	memset(text, ' ', CTL_MESSAGE_MAX + 1);
	memcpy(text, CALL("Note"), strlen(CALL("Note")));
	fx_start(&fx);
	fd = fx_connect(&fx);
	text[CTL_MESSAGE_MAX] = '\0';
	fx_send(fd, text, CTL_MESSAGE_MAX + 1);
	fx_expect(fd, NULL);
	text[CTL_MESSAGE_MAX] = ' ';
	fx_send(fd, text, CTL_MESSAGE_MAX + 1);
	fx_expect(fd, CTL_ERROR_PARAMETER);
	fx_expect_end(fd);
	assert_int_equal(count_notes(&fx), 1);
	fx_stop(&fx);
	free(text);
}

static void a_refused_call_keeps_the_connection(void **state)
{
	struct fixture fx;
	int fd;

	(void)state;
	fx_start(&fx);
	fd = fx_connect(&fx);
	fx_send_text(fd, CALL("Fail"));
	fx_expect(fd, CTL_ERROR_REFUSED);
	fx_send_text(fd, CALL("None"));
	fx_expect(fd, CTL_ERROR_METHOD);
	fx_send_text(fd, CALL("Echo"));
	fx_expect(fd, NULL);
	close(fd);
	fx_stop(&fx);
}

static void a_oneway_call_is_done_and_not_answered(void **state)
{
	struct fixture fx;
	int fd;

	(void)state;
	fx_start(&fx);
	fd = fx_connect(&fx);
	fx_send_text(fd, "{\"method\":\"io.density.Control.Note\","
		     "\"oneway\":true}");
	/* The next reply is that of the next call. */
	fx_send_text(fd, CALL("Fail"));
	fx_expect(fd, CTL_ERROR_REFUSED);
	assert_int_equal(count_notes(&fx), 1);
	close(fd);
	fx_stop(&fx);
}

static void a_peer_that_shut_its_side_still_gets_its_replies(void **state)
{
	struct fixture fx;
	int fd;

	(void)state;
	fx_start(&fx);
	fd = fx_connect(&fx);
	fx_send_text(fd, CALL("Echo"));
	fx_send_text(fd, "{\"method\":\"io.density.Control.Big\","
		     "\"parameters\":{\"bytes\":900000}}");
	shutdown(fd, SHUT_WR);
	fx_expect(fd, NULL);
	fx_expect(fd, NULL);
	fx_expect_end(fd);
	fx_stop(&fx);
}

static void a_message_without_its_nul_is_told_so(void **state)
{
	struct fixture fx;
	int fd;

	(void)state;
	fx_start(&fx);
	fd = fx_connect(&fx);
	fx_send(fd, CALL("Note"), strlen(CALL("Note")));
	shutdown(fd, SHUT_WR);
	fx_expect(fd, CTL_ERROR_PARAMETER);
	fx_expect_end(fd);
	assert_int_equal(count_notes(&fx), 0);
	fx_stop(&fx);
}

static void a_peer_that_does_not_read_is_dropped(void **state)
{
	static const char big[] = "{\"method\":\"io.density.Control.Big\","
				  "\"parameters\":{\"bytes\":60000}}";
	struct fixture fx;
	int fd, i;

	(void)state;
	/* Not the idle timer's doing. */
	fx_start_idle(&fx, 10 * FIXTURE_PATIENCE_MS);
	fd = fx_connect(&fx);
	/* 6 MB of replies, far beyond the limit and the socket's buffer. */
	for (i = 0; i < 100; i++)
		if (send(fd, big, sizeof(big), MSG_NOSIGNAL) < 0)
			break;
	fx_wait(fd, POLLHUP);
	fx_expect_alive(&fx);
	close(fd);
	fx_stop(&fx);
}

static void a_slow_reader_gets_a_large_reply_whole(void **state)
{
	json_t *reply;
	struct fixture fx;
	int fd;

	(void)state;
	fx_start(&fx);
	fd = fx_connect(&fx);
	fx_send_text(fd, "{\"method\":\"io.density.Control.Big\","
		     "\"parameters\":{\"bytes\":3000000}}");
	fx_expect_alive(&fx);
	reply = fx_reply(fd);
	assert_non_null(reply);
	assert_int_equal(json_string_length(json_object_get(json_object_get(
			reply, "parameters"), "text")), 3000000);
	json_decref(reply);
	close(fd);
	fx_stop(&fx);
}

static void a_flood_of_garbage_ends_with_its_connection(void **state)
{
	char bytes[4096];
	struct fixture fx;
	int fd, i;

	(void)state;
	memset(bytes, 'x', sizeof(bytes));
	fx_start(&fx);
	fd = fx_connect(&fx);
	for (i = 0; i < 2500; i++)
		if (send(fd, bytes, sizeof(bytes), MSG_NOSIGNAL) < 0)
			break;
	assert_true(i < 2500);
	fx_expect(fd, CTL_ERROR_PARAMETER);
	fx_expect_end(fd);
	fx_expect_alive(&fx);
	fx_stop(&fx);
}

static void an_idle_peer_is_dropped_and_half_messages_do_not_help(void **state)
{
	struct fixture fx;
	int silent, half;

	(void)state;
	fx_start_idle(&fx, 50);
	silent = fx_connect(&fx);
	half = fx_connect(&fx);
	/* Fails when the server was quicker, which is as well. */
	(void)!send(half, "{", 1, MSG_NOSIGNAL);
	fx_expect_end(silent);
	fx_expect_end(half);
	fx_stop(&fx);
}

static void a_flood_of_connections_leaves_room_for_a_client(void **state)
{
	struct rlimit limit = { 4096, 4096 }, before;
	unsigned int i, dropped = 0;
	static int fd[FLOOD];
	struct fixture fx;
	json_t *reply;
	char *error;

	(void)state;
	getrlimit(RLIMIT_NOFILE, &before);
	if (before.rlim_cur < limit.rlim_cur) {
		limit.rlim_max = before.rlim_max;
		assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
	}
	fx_start(&fx);
	for (i = 0; i < FLOOD; i++)
		fd[i] = fx_connect(&fx);
	assert_int_equal(ctl_call(fx.path, "Peers", NULL, FIXTURE_PATIENCE_MS,
				  &reply, &error), 0);
	assert_int_equal(json_integer_value(json_object_get(reply, "peers")),
			 CTL_PEERS_MAX);
	json_decref(reply);
	for (i = 0; i < FLOOD; i++) {
		struct pollfd pfd = { .fd = fd[i] };

		dropped += poll(&pfd, 1, 0) == 1 && pfd.revents & POLLHUP;
		/* The oldest went first. */
		if (i < FLOOD - CTL_PEERS_MAX)
			assert_int_equal(dropped, i + 1);
		close(fd[i]);
	}
	assert_int_equal(dropped, FLOOD - (CTL_PEERS_MAX - 1));
	fx_expect_alive(&fx);
	fx_stop(&fx);
	setrlimit(RLIMIT_NOFILE, &before);
}

/* Run @body as nobody in a child; it returns 0 when all went as it should. */
static void as_nobody(int (*body)(const struct fixture *fx),
		      const struct fixture *fx)
{
	int status;
	pid_t pid;

	pid = fork();
	assert_true(pid >= 0);
	if (!pid) {
		if (setgid(NOBODY) < 0 || setuid(NOBODY) < 0)
			_exit(100);
		_exit(body(fx));
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

/* 0 when @method's result is @want (NULL: success). */
static int check_call(const struct fixture *fx, const char *method,
		      const char *want)
{
	json_t *reply;
	char *error;
	int r;

	if (ctl_call(fx->path, method, NULL, FIXTURE_PATIENCE_MS, &reply,
		     &error) < 0)
		return 1;
	r = want ? !error || strcmp(error, want) : !!error;
	json_decref(reply);
	free(error);
	return r ? 2 : 0;
}

static int nobody_reads_but_changes_nothing(const struct fixture *fx)
{
	return check_call(fx, "Echo", NULL) ?:
	       check_call(fx, "Secret", CTL_ERROR_PERMISSION);
}

static void only_the_privileged_may_change_things(void **state)
{
	struct fixture fx;

	(void)state;
	if (geteuid() != 0) {
		print_message("# not root: cannot become another user\n");
		skip();
	}
	fx_start(&fx);
	assert_int_equal(check_call(&fx, "Secret", NULL), 0);
	as_nobody(nobody_reads_but_changes_nothing, &fx);
	fx_stop(&fx);
}

/* Fill the server with connections and stay until it dropped one of them. */
static int nobody_floods(const struct fixture *fx)
{
	struct pollfd pfd = { .fd = -1 };
	int i;

	for (i = 0; i < 4 * CTL_PEERS_MAX; i++) {
		int fd = fx_connect(fx);

		if (i == 0)
			pfd.fd = fd;
	}
	return poll(&pfd, 1, FIXTURE_PATIENCE_MS) == 1 ? 0 : 3;
}

static void the_unprivileged_cannot_push_roots_client_out(void **state)
{
	struct fixture fx;
	int fd;

	(void)state;
	if (geteuid() != 0) {
		print_message("# not root: cannot become another user\n");
		skip();
	}
	fx_start(&fx);
	fd = fx_connect(&fx);
	fx_send_text(fd, CALL("Echo"));
	fx_expect(fd, NULL);
	as_nobody(nobody_floods, &fx);
	fx_send_text(fd, CALL("Secret"));
	fx_expect(fd, NULL);
	close(fd);
	fx_stop(&fx);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_write_may_hold_many_messages),
		cmocka_unit_test(one_message_may_take_many_writes),
		cmocka_unit_test(half_a_message_holds_nobody_up),
		cmocka_unit_test(garbage_is_answered_and_the_connection_ends),
		cmocka_unit_test(deep_nesting_is_refused),
		cmocka_unit_test(
		the_longest_message_passes_and_one_byte_more_does_not),
		cmocka_unit_test(a_refused_call_keeps_the_connection),
		cmocka_unit_test(a_oneway_call_is_done_and_not_answered),
		cmocka_unit_test(
		a_peer_that_shut_its_side_still_gets_its_replies),
		cmocka_unit_test(a_message_without_its_nul_is_told_so),
		cmocka_unit_test(a_peer_that_does_not_read_is_dropped),
		cmocka_unit_test(a_slow_reader_gets_a_large_reply_whole),
		cmocka_unit_test(a_flood_of_garbage_ends_with_its_connection),
		cmocka_unit_test(
		an_idle_peer_is_dropped_and_half_messages_do_not_help),
		cmocka_unit_test(
		a_flood_of_connections_leaves_room_for_a_client),
		cmocka_unit_test(only_the_privileged_may_change_things),
		cmocka_unit_test(
		the_unprivileged_cannot_push_roots_client_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
