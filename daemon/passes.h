/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Ends of ksmd's passes, told by the kernel extension (listener.h): where it is,
 * nobody need ask whether a pass is over.
 *
 * Told only while somebody waits for one: a host whose ksmd runs by itself may
 * end a hundred a second.
 */
#ifndef DENSITY_PASSES_H
#define DENSITY_PASSES_H

#include <stdbool.h>
#include <stdint.h>
#include <systemd/sd-event.h>

struct passes;

/* @on_end(@arg): one has ended, or may have. 0 or -ENOMEM. */
int passes_new(sd_event *event, void (*on_end)(void *arg), void *arg,
	       struct passes **ret_passes);
/* NULL is fine. */
void passes_free(struct passes *passes);

/*
 * The module that answers now has this family number, 0: there is none. One that
 * was loaded anew has another, and has to be listened to anew.
 */
void passes_follow(struct passes *passes, int family);
/* Wait for one, or no longer. False: none will be told of. */
bool passes_await(struct passes *passes, bool wait);

/* Heard so far; @ret_overruns: how often some were lost. */
uint64_t passes_heard(const struct passes *passes, uint64_t *ret_overruns);

#endif
