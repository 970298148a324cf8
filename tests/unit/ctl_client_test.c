// SPDX-License-Identifier: GPL-2.0
/* The client against daemons that are absent, slow, hostile or in order. */
#include "ctl_fixture.h"

#include <sys/time.h>
#include <sys/wait.h>

/* A fake daemon: accepts one connection, reads, sends @bytes, hangs up. */
struct fake {
	int listen_fd;
	const void *bytes;
	size_t len;
	size_t repeat;		/* send @bytes so many times */
	bool read_first;
	bool hold;		/* stay connected until the client hangs up */
	pthread_t thread;
};

static void *fake_serve(void *arg)
{
	struct fake *fake = arg;
	char buf[4096];
	size_t i;
	int fd;

	fx_block_signals();
	fd = accept(fake->listen_fd, NULL, NULL);
	if (fake->read_first)
		(void)!recv(fd, buf, sizeof(buf), 0);
	for (i = 0; i < fake->repeat && fake->len; i++)
		if (send(fd, fake->bytes, fake->len, MSG_NOSIGNAL) < 0)
			break;
	while (fake->hold && recv(fd, buf, sizeof(buf), 0) > 0)
		;
	close(fd);
	return NULL;
}

static void fake_listen(const struct fixture *fx, struct fake *fake,
			int backlog)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	fake->listen_fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	strcpy(address.sun_path, fx->path);
	assert_int_equal(bind(fake->listen_fd, (struct sockaddr *)&address,
			      sizeof(address)), 0);
	assert_int_equal(listen(fake->listen_fd, backlog), 0);
}

static void make_place(struct fixture *fx)
{
	char path[64];

	fx_make_dir(fx);
	snprintf(path, sizeof(path), "%s/run", fx->dir);
	assert_int_equal(mkdir(path, 0755), 0);
}

/* What a call to this fake daemon returns; nothing must be handed out. */
static int call_fake(struct fake *fake, uint32_t timeout_ms)
{
	json_t *reply = (json_t *)fake;
	char *error = (char *)fake;
	struct fixture fx;
	int r;

	if (!fake->repeat)
		fake->repeat = 1;
	make_place(&fx);
	fake_listen(&fx, fake, 8);
	assert_int_equal(pthread_create(&fake->thread, NULL, fake_serve, fake),
			 0);
	r = ctl_call(fx.path, "Echo", NULL, timeout_ms, &reply, &error);
	pthread_join(fake->thread, NULL);
	close(fake->listen_fd);
	fx_remove_dir(&fx);
	if (r == 0) {
		json_decref(reply);
		free(error);
	} else {
		assert_ptr_equal(reply, fake);
		assert_ptr_equal(error, fake);
	}
	return r;
}

static void a_call_brings_back_the_reply(void **state)
{
	json_t *parameters = json_pack("{s:s, s:i}", "a", "\xc3\xa9", "b", 2);
	struct fixture fx;
	json_t *reply;
	char *error;

	(void)state;
	fx_start(&fx);
	assert_int_equal(ctl_call(fx.path, "Echo", parameters,
				  FIXTURE_PATIENCE_MS, &reply, &error), 0);
	assert_null(error);
	assert_true(json_equal(reply, parameters));
	json_decref(reply);
	json_decref(parameters);
	fx_stop(&fx);
}

static void a_full_method_name_is_taken_as_it_is(void **state)
{
	struct fixture fx;
	json_t *reply;
	char *error;

	(void)state;
	fx_start(&fx);
	assert_int_equal(ctl_call(fx.path, "org.varlink.service.GetInfo", NULL,
				  FIXTURE_PATIENCE_MS, &reply, &error), 0);
	assert_null(error);
	assert_non_null(json_object_get(reply, "version"));
	json_decref(reply);
	fx_stop(&fx);
}

static void an_error_brings_its_name_and_its_words(void **state)
{
	struct fixture fx;
	json_t *reply;
	char *error;

	(void)state;
	fx_start(&fx);
	assert_int_equal(ctl_call(fx.path, "Fail", NULL, FIXTURE_PATIENCE_MS,
				  &reply, &error), 0);
	assert_string_equal(error, CTL_ERROR_REFUSED);
	assert_string_equal(json_string_value(json_object_get(reply,
			    "message")), "not today");
	json_decref(reply);
	free(error);
	fx_stop(&fx);
}

static void a_message_that_is_too_long_is_answered_in_words(void **state)
{
	char *text = calloc(1, CTL_MESSAGE_MAX * 8);
	json_t *parameters, *reply;
	struct fixture fx;
	char *error;

	(void)state;
	memset(text, 'x', CTL_MESSAGE_MAX * 8 - 1);
	parameters = json_pack("{s:s}", "a", text);
	fx_start(&fx);
	assert_int_equal(ctl_call(fx.path, "Echo", parameters,
				  FIXTURE_PATIENCE_MS, &reply, &error), 0);
	assert_string_equal(error, CTL_ERROR_PARAMETER);
	json_decref(reply);
	json_decref(parameters);
	free(error);
	free(text);
	fx_stop(&fx);
}

static void no_daemon_is_told_from_a_dead_one(void **state)
{
	struct fake fake = { 0 };
	struct fixture fx;
	json_t *reply;
	char *error;

	(void)state;
	make_place(&fx);
	assert_int_equal(ctl_call(fx.path, "Echo", NULL, FIXTURE_PATIENCE_MS,
				  &reply, &error), -ENOENT);
	fake_listen(&fx, &fake, 1);
	close(fake.listen_fd);
	assert_int_equal(ctl_call(fx.path, "Echo", NULL, FIXTURE_PATIENCE_MS,
				  &reply, &error), -ECONNREFUSED);
	assert_int_equal(ctl_call("", "Echo", NULL, FIXTURE_PATIENCE_MS,
				  &reply, &error), -EINVAL);
	assert_int_equal(ctl_call(fx.path, "\xff", NULL, FIXTURE_PATIENCE_MS,
				  &reply, &error), -EINVAL);
	fx_remove_dir(&fx);
}

static void a_socket_one_may_not_open_is_eacces(void **state)
{
	struct fixture fx;
	json_t *reply;
	int status;
	char *error;
	pid_t pid;

	(void)state;
	if (geteuid() != 0) {
		print_message("# not root: cannot become another user\n");
		skip();
	}
	fx_start(&fx);
	assert_int_equal(chmod(fx.path, 0600), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (!pid) {
		if (setuid(65534) < 0)
			_exit(100);
		_exit(ctl_call(fx.path, "Echo", NULL, FIXTURE_PATIENCE_MS,
			       &reply, &error) == -EACCES ? 0 : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
	fx_stop(&fx);
}

static void replies_that_are_none_are_eproto(void **state)
{
#define ROW(literal) { .bytes = literal, .len = sizeof(literal), \
		       .read_first = true }
	static struct fake rows[] = {
		ROW(""),
		ROW("x"),
		ROW("[]"),
		ROW("{\"error\":1}"),
		ROW("{\"parameters\":[]}"),
		ROW("{\"parameters\":{\"a\":\"\xff\"}}"),
		{ .bytes = "{\"para", .len = 6, .read_first = true },
		{ .bytes = "", .len = 0, .read_first = true },
		/* Hangs up before it has read anything. */
		{ .bytes = "", .len = 0, .read_first = false },
	};
#undef ROW
	unsigned int i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (call_fake(&rows[i], FIXTURE_PATIENCE_MS) != -EPROTO)
			fail_msg("row %u", i);
}

static void a_reply_without_parameters_is_an_empty_object(void **state)
{
	struct fake fake = { .bytes = "{}", .len = 3, .read_first = true };

	(void)state;
	assert_int_equal(call_fake(&fake, FIXTURE_PATIENCE_MS), 0);
}

static void a_reply_without_end_is_given_up(void **state)
{
	static char bytes[1 << 20];
	struct fake fake = {
		.bytes = bytes,
		.len = sizeof(bytes),
		.repeat = 1000,
		.read_first = true,
	};

	(void)state;
	memset(bytes, 'x', sizeof(bytes));
	assert_int_equal(call_fake(&fake, FIXTURE_PATIENCE_MS), -EPROTO);
}

static void a_silent_daemon_is_etimedout(void **state)
{
	struct fake silent = { .read_first = true, .hold = true };
	struct fake half = {
		.bytes = "{",
		.len = 1,
		.read_first = true,
		.hold = true,
	};

	(void)state;
	assert_int_equal(call_fake(&silent, 20), -ETIMEDOUT);
	assert_int_equal(call_fake(&half, 20), -ETIMEDOUT);
}

static void a_full_backlog_is_etimedout(void **state)
{
	struct fake fake = { 0 };
	struct fixture fx;
	json_t *reply;
	char *error;
	int fd;

	(void)state;
	make_place(&fx);
	fake_listen(&fx, &fake, 0);
	fd = fx_connect(&fx);
	assert_int_equal(ctl_call(fx.path, "Echo", NULL, 20, &reply, &error),
			 -ETIMEDOUT);
	close(fd);
	close(fake.listen_fd);
	fx_remove_dir(&fx);
}

static void on_alarm(int sig)
{
	(void)sig;
}

static void signals_neither_cut_nor_stretch_a_call(void **state)
{
	/* Slow enough to get on in between, also under valgrind. */
	static const struct itimerval storm = {
		.it_interval = { .tv_usec = 5000 },
		.it_value = { .tv_usec = 5000 },
	}, calm;
	struct sigaction action = { .sa_handler = on_alarm };
	struct fake silent = { .read_first = true, .hold = true };
	json_t *parameters = json_pack("{s:i}", "bytes", 5000000);
	struct sigaction before;
	struct fixture fx;
	json_t *reply;
	char *error;

	(void)state;
	/* Without SA_RESTART every system call may fail with EINTR. */
	sigaction(SIGALRM, &action, &before);
	fx_start(&fx);
	setitimer(ITIMER_REAL, &storm, NULL);
	assert_int_equal(ctl_call(fx.path, "Big", parameters,
				  FIXTURE_PATIENCE_MS, &reply, &error), 0);
	assert_null(error);
	assert_int_equal(json_string_length(json_object_get(reply, "text")),
			 5000000);
	setitimer(ITIMER_REAL, &calm, NULL);
	json_decref(reply);
	json_decref(parameters);
	fx_stop(&fx);
	setitimer(ITIMER_REAL, &storm, NULL);
	assert_int_equal(call_fake(&silent, 200), -ETIMEDOUT);
	setitimer(ITIMER_REAL, &calm, NULL);
	sigaction(SIGALRM, &before, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_call_brings_back_the_reply),
		cmocka_unit_test(a_full_method_name_is_taken_as_it_is),
		cmocka_unit_test(an_error_brings_its_name_and_its_words),
		cmocka_unit_test(
		a_message_that_is_too_long_is_answered_in_words),
		cmocka_unit_test(no_daemon_is_told_from_a_dead_one),
		cmocka_unit_test(a_socket_one_may_not_open_is_eacces),
		cmocka_unit_test(replies_that_are_none_are_eproto),
		cmocka_unit_test(a_reply_without_parameters_is_an_empty_object),
		cmocka_unit_test(a_reply_without_end_is_given_up),
		cmocka_unit_test(a_silent_daemon_is_etimedout),
		cmocka_unit_test(a_full_backlog_is_etimedout),
		cmocka_unit_test(signals_neither_cut_nor_stretch_a_call),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
