/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A netlink socket to which the kernel tells what happens.
 *
 * Messages that were lost for want of room in the socket are as good as one:
 * whoever hears of either looks at everything.
 */
#ifndef DENSITY_LISTENER_H
#define DENSITY_LISTENER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <systemd/sd-event.h>

struct listener;

struct listener_hooks {
	/* Is this message from the kernel one to be told of? */
	bool (*is_news)(const void *message, size_t len, void *arg);
	/* There was one, or something was missed, or the socket failed. */
	void (*on_news)(void *arg);
	void *arg;
	/* For the log when it fails: "KVM's events", "VMs are looked for". */
	const char *what;
	const char *instead;
};

/* Listens on @fd, which must not block and stays the caller's. 0 or -errno. */
int listener_new(sd_event *event, int fd, const struct listener_hooks *hooks,
		 struct listener **ret_listener);
/* NULL is fine. */
void listener_free(struct listener *listener);
/* False for NULL, and for a socket that failed. */
bool listener_live(const struct listener *listener);
/* Heard so far; @ret_overruns: how often some were lost. NULL: none. */
uint64_t listener_heard(const struct listener *listener,
			uint64_t *ret_overruns);

#endif
