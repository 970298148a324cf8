// SPDX-License-Identifier: GPL-2.0
/*
 * The terminal as `top` uses it: see tty.h.
 *
 * give_back() is all that undoes tty_open(). It calls nothing but what a
 * signal handler may call, and is reached from tty_close(), from atexit() and
 * from the handlers of crashes.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "tty.h"

/* Alternate screen and no cursor; and back. */
#define ENTER "\033[?1049h\033[?25l"
#define LEAVE "\033[?25h\033[0m\033[?1049l"

static struct {
	volatile sig_atomic_t entered;
	bool open;
	bool exit_hooked;
	struct termios saved;
	sigset_t saved_mask;
	int signals;
	unsigned char keys[64];
	size_t nkeys, next_key;
} tty = { .signals = -1 };

static const int crashes[] = { SIGSEGV, SIGBUS, SIGABRT, SIGFPE, SIGILL };
#define NCRASHES (sizeof(crashes) / sizeof(crashes[0]))

static void give_back(void)
{
	ssize_t n;

	if (!tty.entered)
		return;
	tty.entered = 0;
	n = write(STDOUT_FILENO, LEAVE, sizeof(LEAVE) - 1);
	(void)n;
	tcsetattr(STDIN_FILENO, TCSAFLUSH, &tty.saved);
}

/* SA_RESETHAND is set: raised again, the signal does what it always does. */
static void on_crash(int number)
{
	give_back();
	raise(number);
}

static int enter(void)
{
	struct termios raw = tty.saved;

	raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
	raw.c_cc[VMIN] = 0;
	raw.c_cc[VTIME] = 0;
	/* Marked first: what is half done is undone as well. */
	tty.entered = 1;
	if (tcsetattr(STDIN_FILENO, TCSAFLUSH, &raw)) {
		int err = -errno;

		tty.entered = 0;
		return err;
	}
	return tty_write(ENTER, sizeof(ENTER) - 1);
}

static int take_signals(void)
{
	static const int taken[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT,
				     SIGTSTP, SIGCONT, SIGWINCH };
	struct sigaction crash = { .sa_handler = on_crash,
				   .sa_flags = SA_RESETHAND };
	sigset_t mask;

	sigemptyset(&mask);
	for (size_t i = 0; i < sizeof(taken) / sizeof(taken[0]); i++)
		sigaddset(&mask, taken[i]);
	tty.signals = signalfd(-1, &mask, SFD_CLOEXEC | SFD_NONBLOCK);
	if (tty.signals < 0)
		return -errno;
	if (sigprocmask(SIG_BLOCK, &mask, &tty.saved_mask)) {
		int err = -errno;

		close(tty.signals);
		tty.signals = -1;
		return err;
	}
	for (size_t i = 0; i < NCRASHES; i++)
		sigaction(crashes[i], &crash, NULL);
	return 0;
}

int tty_open(void)
{
	int err;

	if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO))
		return -ENOTTY;
	if (tcgetattr(STDIN_FILENO, &tty.saved))
		return -errno;
	err = take_signals();
	if (err)
		return err;
	if (!tty.exit_hooked && atexit(give_back) == 0)
		tty.exit_hooked = true;
	tty.open = true;
	err = enter();
	if (err)
		tty_close();
	return err;
}

void tty_close(void)
{
	if (!tty.open)
		return;
	give_back();
	close(tty.signals);
	tty.signals = -1;
	sigprocmask(SIG_SETMASK, &tty.saved_mask, NULL);
	for (size_t i = 0; i < NCRASHES; i++)
		signal(crashes[i], SIG_DFL);
	tty.open = false;
}

void tty_size(unsigned int *ret_cols, unsigned int *ret_rows)
{
	struct winsize size;

	*ret_cols = 80;
	*ret_rows = 24;
	if (!ioctl(STDOUT_FILENO, TIOCGWINSZ, &size)) {
		if (size.ws_col)
			*ret_cols = size.ws_col;
		if (size.ws_row)
			*ret_rows = size.ws_row;
	}
}

int tty_write(const char *bytes, size_t len)
{
	while (len) {
		ssize_t n = write(STDOUT_FILENO, bytes, len);

		if (n < 0 && errno == EAGAIN) {
			struct pollfd out = { .fd = STDOUT_FILENO,
					      .events = POLLOUT };

			poll(&out, 1, 1000);
		} else if (n < 0 && errno != EINTR) {
			return -errno;
		}
		if (n > 0) {
			bytes += n;
			len -= (size_t)n;
		}
	}
	return 0;
}

/* The next character that was typed; -1 when there is none. */
static int next_key(void)
{
	while (tty.next_key < tty.nkeys) {
		int c = tty.keys[tty.next_key++];

		if (c != '\033' || tty.next_key == tty.nkeys)
			return c;
		if (tty.keys[tty.next_key] != '[' &&
		    tty.keys[tty.next_key] != 'O')
			return c;
		/* A sequence ends with a byte from '@' to '~'. */
		tty.next_key++;
		while (tty.next_key < tty.nkeys) {
			c = tty.keys[tty.next_key++];
			if (c >= '@' && c <= '~')
				break;
		}
	}
	return -1;
}

/* False when the terminal has gone. */
static bool read_keys(void)
{
	ssize_t n = read(STDIN_FILENO, tty.keys, sizeof(tty.keys));

	tty.next_key = 0;
	tty.nkeys = n > 0 ? (size_t)n : 0;
	return n > 0 || (n < 0 && (errno == EAGAIN || errno == EINTR));
}

static enum tty_event take_signal(void)
{
	struct signalfd_siginfo info;

	if (read(tty.signals, &info, sizeof(info)) != sizeof(info))
		return TTY_TIMEOUT;
	switch (info.ssi_signo) {
	case SIGWINCH:
	case SIGCONT:
		return TTY_REDRAW;
	case SIGTSTP:
		give_back();
		kill(getpid(), SIGSTOP);
		return enter() ? TTY_END : TTY_REDRAW;
	}
	return TTY_END;
}

static int64_t clock_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

enum tty_event tty_wait(uint32_t timeout_ms, int *ret_key)
{
	int64_t until_ms = clock_ms() + timeout_ms;

	while (true) {
		struct pollfd fds[] = {
			{ .fd = STDIN_FILENO, .events = POLLIN },
			{ .fd = tty.signals, .events = POLLIN },
		};
		int64_t left_ms = until_ms - clock_ms();
		enum tty_event event;
		int key = next_key();

		if (key >= 0) {
			*ret_key = key;
			return TTY_KEY;
		}
		if (left_ms <= 0)
			return TTY_TIMEOUT;
		if (poll(fds, 2, (int)left_ms) < 0 && errno != EINTR)
			return TTY_END;
		if (fds[1].revents) {
			event = take_signal();
			if (event != TTY_TIMEOUT)
				return event;
		}
		if (fds[0].revents && !read_keys())
			return TTY_END;
	}
}
