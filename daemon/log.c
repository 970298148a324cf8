// SPDX-License-Identifier: GPL-2.0
#define SD_JOURNAL_SUPPRESS_LOCATION
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <syslog.h>
#include <systemd/sd-journal.h>

#include "log.h"

static bool to_journal;
static int max_priority = LOG_INFO;

void log_open(bool verbose)
{
	to_journal = getenv("JOURNAL_STREAM") != NULL;
	max_priority = verbose ? LOG_DEBUG : LOG_INFO;
}

void log_print(int priority, const char *format, ...)
{
	va_list args;

	if (priority > max_priority)
		return;
	va_start(args, format);
	if (to_journal) {
		sd_journal_printv(priority, format, args);
	} else {
		fputs(priority <= LOG_WARNING ? "densityd: warning: " :
						"densityd: ", stderr);
		vfprintf(stderr, format, args);
		fputc('\n', stderr);
	}
	va_end(args);
}
