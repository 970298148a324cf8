/* SPDX-License-Identifier: GPL-2.0 */
#ifndef KSMD_EXT_NETLINK_H
#define KSMD_EXT_NETLINK_H

#include <linux/types.h>

#include "netlink_gen.h"

struct scrub_state;
struct tally;
struct vm_known;

/* The family goes first when the module is unloaded: no request comes after. */
int netlink_init(void);
void netlink_exit(void);

/* Events. They sleep, and nothing happens when nobody listens. */
void netlink_tell_pass_end(void);
void netlink_tell_vm(const struct vm_known *vm, bool started);
void netlink_tell_scrub_end(const struct scrub_state *state);

/* Is an attribute that has to be there not? Then the caller is told so. */
bool netlink_lacks(struct genl_info *info, int attr);

/* A nest of a tally's counts. -EMSGSIZE. */
int netlink_put_tally(struct sk_buff *msg, int attr, const struct tally *tally);

/*
 * A message of @size bytes of attributes with its header: the answer to @info,
 * or an event. Fill it, then netlink_reply(), or nlmsg_free() it. NULL without
 * memory.
 */
struct sk_buff *netlink_new(const struct genl_info *info, size_t size,
			    void **ret_header);
int netlink_reply(struct sk_buff *msg, void *header, struct genl_info *info);

/* An event for @group, if somebody listens: as above. */
struct sk_buff *netlink_new_event(u32 group, u8 command, size_t size,
				  void **ret_header);
void netlink_send_event(struct sk_buff *msg, void *header, u32 group);

#endif /* KSMD_EXT_NETLINK_H */
