/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The control socket: varlink's message form on a UNIX stream socket.
 *
 * A message is one JSON object ended by a NUL byte: {"method": ..,
 * "parameters": {..}} one way, {"parameters": {..}} or {"error": ..,
 * "parameters": {..}} the other. Everybody who may connect may read; methods
 * that change something need uid 0 or the daemon's own (SO_PEERCRED).
 * A peer that floods, stalls or sends garbage loses its connection and
 * nothing else: at most CTL_PEERS_MAX peers, CTL_MESSAGE_MAX bytes a message.
 *
 * Inside: frame (bytes to messages), dispatch (message to reply), peer (one
 * connection), listen (the socket file), server (all peers), client.
 */
#ifndef DENSITY_CTL_H
#define DENSITY_CTL_H

#include <stdbool.h>
#include <stdint.h>
#include <jansson.h>
#include <systemd/sd-event.h>

#define CTL_PEERS_MAX 32
#define CTL_MESSAGE_MAX (64u * 1024)

#define CTL_INTERFACE "io.density.Control"
#define CTL_ERROR_METHOD "org.varlink.service.MethodNotFound"
#define CTL_ERROR_PARAMETER "org.varlink.service.InvalidParameter"
#define CTL_ERROR_PERMISSION CTL_INTERFACE ".PermissionDenied"
#define CTL_ERROR_REFUSED CTL_INTERFACE ".Refused"
#define CTL_ERROR_FAILED CTL_INTERFACE ".Failed"

struct ctl;

struct ctl_method {
	const char *name;	/* without the interface */
	bool privileged;
	/*
	 * @parameters is borrowed and never NULL. Set *ret_reply to a new
	 * object (untouched or NULL means {}); on failure return a CTL_ERROR_* name, with the words in
	 * {"message": ..} as *ret_reply.
	 */
	const char *(*call)(void *arg, const json_t *parameters,
			    json_t **ret_reply);
};

/*
 * Listen at @path, mode 0666. Its directory is created, 0755; a stale socket
 * is replaced. -EBUSY when another daemon has the path; -EEXIST when a file
 * that is no socket lies there, which stays; -ENAMETOOLONG beyond 107 bytes;
 * or -errno. Beside it stays PATH.lock, by which daemons exclude each other.
 * @methods ends with a NULL name; it and @arg stay the caller's.
 */
int ctl_open(sd_event *event, const char *path,
	     const struct ctl_method *methods, void *arg,
	     struct ctl **ret_ctl);
/* Ends every connection and removes the socket. NULL is fine. */
void ctl_close(struct ctl *ctl);
unsigned int ctl_peers(const struct ctl *ctl);

/*
 * Feed bytes as if a peer had sent them; for the fuzzer. Replies are dropped.
 * Returns the number of whole messages dispatched, or -EPROTO.
 */
int ctl_feed(const struct ctl_method *methods, void *arg, bool privileged,
	     const char *bytes, unsigned long len);

/*
 * The client's side: one call, blocking, at most @timeout_ms. @method without
 * a dot is one of CTL_INTERFACE. @parameters is borrowed, may be NULL. On 0,
 * *ret_reply is a new object and *ret_error NULL or, when the daemon refused,
 * the error's name (free both).
 * -ECONNREFUSED or -ENOENT: no daemon there; -EACCES; -ETIMEDOUT; -EPROTO: the
 * other end hung up or sent what is no reply; -EINVAL: @method is no UTF-8.
 */
int ctl_call(const char *path, const char *method, const json_t *parameters,
	     uint32_t timeout_ms, json_t **ret_reply, char **ret_error);

#endif
