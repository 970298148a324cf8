// SPDX-License-Identifier: GPL-2.0
/* The socket file: modes, leftovers, other daemons, other files. */
#include "ctl_fixture.h"

#include <sys/file.h>

/* A fixture without a server. */
static sd_event *make_event(struct fixture *fx)
{
	sd_event *event;

	fx_make_dir(fx);
	assert_true(sd_event_new(&event) >= 0);
	return event;
}

static int try_open(struct fixture *fx, sd_event *event)
{
	return ctl_open(event, fx->path, fx_methods, fx, &fx->ctl);
}

static void make_run_dir(const struct fixture *fx)
{
	char path[64];

	snprintf(path, sizeof(path), "%s/run", fx->dir);
	assert_int_equal(mkdir(path, 0755), 0);
}

/* Bind a socket at the fixture's path, as a daemon would. */
static int bind_other(const struct fixture *fx)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	strcpy(address.sun_path, fx->path);
	assert_int_equal(bind(fd, (struct sockaddr *)&address,
			      sizeof(address)), 0);
	return fd;
}

static void everybody_may_connect_whatever_the_umask(void **state)
{
	struct fixture fx;
	sd_event *event = make_event(&fx);
	mode_t mask = umask(0077);
	char path[64];
	struct stat st;

	(void)state;
	assert_int_equal(try_open(&fx, event), 0);
	umask(mask);
	assert_int_equal(stat(fx.path, &st), 0);
	assert_int_equal(st.st_mode, S_IFSOCK | 0666);
	snprintf(path, sizeof(path), "%s/run", fx.dir);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode, S_IFDIR | 0755);
	ctl_close(fx.ctl);
	assert_int_equal(access(fx.path, F_OK), -1);
	sd_event_unref(event);
	fx_remove_dir(&fx);
}

static void a_dead_daemons_socket_is_replaced(void **state)
{
	struct fixture fx;
	sd_event *event = make_event(&fx);

	(void)state;
	make_run_dir(&fx);
	close(bind_other(&fx));
	assert_int_equal(try_open(&fx, event), 0);
	close(fx_connect(&fx));
	ctl_close(fx.ctl);
	sd_event_unref(event);
	fx_remove_dir(&fx);
}

static void a_second_daemon_is_turned_away(void **state)
{
	struct ctl *second = NULL;
	struct fixture fx;
	sd_event *event = make_event(&fx);

	(void)state;
	assert_int_equal(try_open(&fx, event), 0);
	assert_int_equal(ctl_open(event, fx.path, fx_methods, &fx, &second),
			 -EBUSY);
	assert_null(second);
	close(fx_connect(&fx));
	/* Even when somebody removed the socket of the first. */
	assert_int_equal(unlink(fx.path), 0);
	assert_int_equal(ctl_open(event, fx.path, fx_methods, &fx, &second),
			 -EBUSY);
	ctl_close(fx.ctl);
	assert_int_equal(try_open(&fx, event), 0);
	ctl_close(fx.ctl);
	sd_event_unref(event);
	fx_remove_dir(&fx);
}

static void another_program_that_listens_is_left_alone(void **state)
{
	struct fixture fx;
	sd_event *event = make_event(&fx);
	int fd, full[4], i;

	(void)state;
	make_run_dir(&fx);
	fd = bind_other(&fx);
	assert_int_equal(listen(fd, 1), 0);
	assert_int_equal(try_open(&fx, event), -EBUSY);
	close(accept(fd, NULL, NULL));
	/* Too busy to accept anybody is alive as well. */
	for (i = 0; i < 2; i++)
		full[i] = fx_connect(&fx);
	assert_int_equal(try_open(&fx, event), -EBUSY);
	assert_int_equal(access(fx.path, F_OK), 0);
	for (i = 0; i < 2; i++)
		close(full[i]);
	close(fd);
	sd_event_unref(event);
	fx_remove_dir(&fx);
}

static void a_file_that_is_no_socket_is_left_alone(void **state)
{
	struct fixture fx;
	sd_event *event = make_event(&fx);
	char content[8] = "";
	int fd;

	(void)state;
	make_run_dir(&fx);
	fd = open(fx.path, O_CREAT | O_RDWR | O_CLOEXEC, 0644);
	assert_int_equal(write(fd, "mine", 4), 4);
	assert_int_equal(try_open(&fx, event), -EEXIST);
	assert_int_equal(pread(fd, content, 7, 0), 4);
	assert_string_equal(content, "mine");
	assert_int_equal(access(fx.path, F_OK), 0);
	close(fd);
	/* Nor is a symbolic link followed to a socket. */
	assert_int_equal(unlink(fx.path), 0);
	assert_int_equal(symlink("/run/elsewhere.sock", fx.path), 0);
	assert_int_equal(try_open(&fx, event), -EEXIST);
	assert_int_equal(unlink(fx.path), 0);
	sd_event_unref(event);
	fx_remove_dir(&fx);
}

static void closing_leaves_another_daemons_socket(void **state)
{
	struct fixture fx;
	sd_event *event = make_event(&fx);
	int fd;

	(void)state;
	assert_int_equal(try_open(&fx, event), 0);
	assert_int_equal(unlink(fx.path), 0);
	fd = bind_other(&fx);
	ctl_close(fx.ctl);
	assert_int_equal(access(fx.path, F_OK), 0);
	close(fd);
	sd_event_unref(event);
	fx_remove_dir(&fx);
}

static void bad_paths_are_errors(void **state)
{
	struct fixture fx;
	sd_event *event = make_event(&fx);
	struct ctl *ctl = NULL;
	char path[200];

	(void)state;
	memset(path, 'x', sizeof(path));
	memcpy(path, fx.dir, strlen(fx.dir));
	path[strlen(fx.dir)] = '/';
	path[sizeof(path) - 1] = '\0';
	assert_int_equal(ctl_open(event, path, fx_methods, &fx, &ctl),
			 -ENAMETOOLONG);
	assert_int_equal(ctl_open(event, "", fx_methods, &fx, &ctl), -EINVAL);
	assert_int_equal(ctl_open(event, "/dev/null/x/ctl.sock", fx_methods,
				  &fx, &ctl), -ENOTDIR);
	assert_null(ctl);
	ctl_close(NULL);
	sd_event_unref(event);
	fx_remove_dir(&fx);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(everybody_may_connect_whatever_the_umask),
		cmocka_unit_test(a_dead_daemons_socket_is_replaced),
		cmocka_unit_test(a_second_daemon_is_turned_away),
		cmocka_unit_test(another_program_that_listens_is_left_alone),
		cmocka_unit_test(a_file_that_is_no_socket_is_left_alone),
		cmocka_unit_test(closing_leaves_another_daemons_socket),
		cmocka_unit_test(bad_paths_are_errors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
