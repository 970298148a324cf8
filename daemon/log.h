/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Where the daemon's words go: to the journal with their fields when stderr is
 * the journal, to stderr otherwise. Log once, where giving up is decided.
 */
#ifndef DENSITY_LOG_H
#define DENSITY_LOG_H

#include <stdbool.h>

/* @verbose: LOG_DEBUG too, such as each batch that ksmd was sent on. */
void log_open(bool verbose);

/* @priority: LOG_ERR .. LOG_DEBUG of <syslog.h>. */
void log_print(int priority, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

#endif
