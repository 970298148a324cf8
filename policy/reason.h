/* SPDX-License-Identifier: GPL-2.0 */
/* Words for what a law decided: names for machines, sentences for people. */
#ifndef DENSITY_REASON_H
#define DENSITY_REASON_H

#include <stddef.h>

#include "law.h"

/* Stable lower-case identifiers, used in JSON and in the history. */
const char *law_phase_name(enum law_phase phase);
const char *law_reason_name(enum law_reason reason);

/*
 * One sentence without a full stop, for example "hunting: 40 MiB of mergeable
 * memory arrived, 1.2 GiB in all". Always terminates @buf; returns @buf.
 */
const char *law_reason_text(const struct decision *decision, char *buf,
			    size_t size);

/* The same of how pages are found; empty when there was nothing to choose. */
const char *law_finding_text(const struct decision *decision, char *buf,
			     size_t size);

#endif
