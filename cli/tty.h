/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The terminal as `top` uses it: single keys, a screen of its own.
 *
 * Whatever ends the program (a key, a signal, exit(), a crash of its own)
 * first gives the terminal back as it was; only SIGKILL cannot be helped.
 * Signals are taken by signalfd(2) while the terminal is open, so that they
 * arrive between two frames and never within one.
 */
#ifndef DENSITY_CLI_TTY_H
#define DENSITY_CLI_TTY_H

#include <stddef.h>
#include <stdint.h>

enum tty_event {
	TTY_TIMEOUT,
	TTY_KEY,	/* *ret_key */
	TTY_REDRAW,	/* another size, or back from the background */
	TTY_END,	/* told to end, or the terminal has gone */
};

/* -ENOTTY when standard input or output is no terminal, or -errno. */
int tty_open(void);
/* Gives the terminal back. Harmless when it is not open. */
void tty_close(void);

/* Keys that are no characters, such as arrows, are swallowed. */
enum tty_event tty_wait(uint32_t timeout_ms, int *ret_key);

void tty_size(unsigned int *ret_cols, unsigned int *ret_rows);
/* 0, or -errno: the terminal has gone. */
int tty_write(const char *bytes, size_t len);

#endif
