/* SPDX-License-Identifier: GPL-2.0 */
/*
 * VMs that come and go, told by KVM itself: a uevent of /dev/kvm for each, on any
 * kernel, the moment that it happens (listener.h).
 */
#ifndef DENSITY_EVENTS_H
#define DENSITY_EVENTS_H

#include <stdbool.h>
#include <stdint.h>
#include <systemd/sd-event.h>

struct events;

/*
 * @on_news(@arg): VMs came or went, or something was missed. 0 or -errno, as where
 * uevents are not to be had: another network namespace hears of none.
 */
int events_open(sd_event *event, void (*on_news)(void *arg), void *arg,
		struct events **ret_events);
/* NULL is fine. */
void events_close(struct events *events);
/* False for NULL, and for a socket that failed. */
bool events_live(const struct events *events);

/* Heard so far; @ret_overruns: how often some were lost. */
uint64_t events_heard(const struct events *events, uint64_t *ret_overruns);

#endif
