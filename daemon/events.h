/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the kernel extension tells by itself: VMs that come and go.
 *
 * With it an idle host need not be looked at every second. Events that were lost
 * for want of room in the socket are as good as one: whoever hears of either
 * looks at everything.
 */
#ifndef DENSITY_EVENTS_H
#define DENSITY_EVENTS_H

#include <stdbool.h>
#include <stdint.h>
#include <systemd/sd-event.h>

struct events;

/*
 * @on_news(@arg): VMs came or went, or something was missed. 0, -ENOENT where
 * there is no extension, or -errno.
 */
int events_open(sd_event *event, void (*on_news)(void *arg), void *arg,
		struct events **ret_events);
/* NULL is fine. */
void events_close(struct events *events);
/* False for NULL, and for a connection that failed: close it, try again. */
bool events_live(const struct events *events);

/* Heard so far; @ret_overruns: how often some were lost. */
uint64_t events_heard(const struct events *events, uint64_t *ret_overruns);

#endif
