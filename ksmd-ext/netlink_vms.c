// SPDX-License-Identifier: GPL-2.0
/*
 * Generic netlink: VMs and their limits of shadow pages
 *
 * A dump goes by id, which only grows, and takes up in the next message behind
 * the last VM that found room. So a VM that is there all the time is in every
 * dump, once. Whether others came or went meanwhile, NLM_F_DUMP_INTR tells: each
 * message carries the generation of the list of VMs, looked at anew.
 */
#include <asm/kvm_shadow.h>

#include "netlink.h"
#include "vms.h"

struct dump_ctx {
	u64 id;		/* of the first VM for the next message */
};

/* A VM on its way into a message. */
struct fill {
	struct sk_buff *msg;
	const struct genl_info *info;
	struct netlink_callback *cb;	/* NULL: not a dump */
	u64 only_id;			/* 0: all */
	u64 next_id;
};

static int put_vm(struct sk_buff *msg, const struct kvm_shadow_vm *vm)
{
	int i;

	if (nla_put_uint(msg, KSMD_EXT_A_VM_ID, vm->id) ||
	    (vm->tgid && nla_put_u32(msg, KSMD_EXT_A_VM_PID, vm->tgid)) ||
	    nla_put_string(msg, KSMD_EXT_A_VM_NAME, vm->comm) ||
	    nla_put_uint(msg, KSMD_EXT_A_VM_PAGES, vm->pages) ||
	    nla_put_u32(msg, KSMD_EXT_A_VM_LIMIT, vm->limit) ||
	    nla_put_u32(msg, KSMD_EXT_A_VM_REQUESTED, vm->requested) ||
	    nla_put_uint(msg, KSMD_EXT_A_VM_EVICTIONS, vm->evictions) ||
	    nla_put_uint(msg, KSMD_EXT_A_VM_REFAULTS, vm->refaults))
		return -EMSGSIZE;

	for (i = 0; i < KVM_REFAULT_BUCKETS; i++)
		if (nla_put_uint(msg, KSMD_EXT_A_VM_REFAULT_DISTANCE,
				 vm->refault_distance[i]))
			return -EMSGSIZE;
	return 0;
}

static int fill_vm(const struct kvm_shadow_vm *vm, void *arg)
{
	struct fill *fill = arg;
	void *header;

	if (fill->only_id && vm->id != fill->only_id)
		return -ENOENT;

	header = genlmsg_iput(fill->msg, fill->info);
	if (!header)
		return -EMSGSIZE;

	if (put_vm(fill->msg, vm)) {
		genlmsg_cancel(fill->msg, header);
		return -EMSGSIZE;
	}

	if (fill->cb)
		genl_dump_check_consistent(fill->cb, header);
	genlmsg_end(fill->msg, header);
	fill->next_id = vm->id + 1;
	return fill->only_id ? 1 : 0;
}

int ksmd_ext_nl_vm_get_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct fill fill = { .info = info };
	int r;

	if (netlink_lacks(info, KSMD_EXT_A_VM_ID))
		return -EINVAL;

	fill.only_id = nla_get_uint(info->attrs[KSMD_EXT_A_VM_ID]);
	fill.msg = genlmsg_new(GENLMSG_DEFAULT_SIZE, GFP_KERNEL);
	if (!fill.msg)
		return -ENOMEM;

	r = kvm_shadow_walk_vms(fill.only_id, fill_vm, &fill);
	if (r == 1)
		return genlmsg_reply(fill.msg, info);

	nlmsg_free(fill.msg);
	if (r && r != -ENOENT)
		return r;

	NL_SET_ERR_MSG_ATTR(info->extack, info->attrs[KSMD_EXT_A_VM_ID],
			    "there is no such VM (any more)");
	return -ESRCH;
}

int ksmd_ext_nl_vm_get_dumpit(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct dump_ctx *ctx = (struct dump_ctx *)cb->ctx;
	struct fill fill = {
		.msg = skb,
		.info = genl_info_dump(cb),
		.cb = cb,
		.next_id = ctx->id,
	};
	int r;

	cb->seq = vms_refresh();
	r = kvm_shadow_walk_vms(ctx->id, fill_vm, &fill);
	ctx->id = fill.next_id;
	/* A full message is sent; an empty one that is full could never be. */
	return r == -EMSGSIZE && skb->len ? skb->len : r;
}

int ksmd_ext_nl_vm_set_doit(struct sk_buff *skb, struct genl_info *info)
{
	int err;

	if (netlink_lacks(info, KSMD_EXT_A_VM_ID) ||
	    netlink_lacks(info, KSMD_EXT_A_VM_LIMIT))
		return -EINVAL;

	err = kvm_shadow_set_limit(nla_get_uint(info->attrs[KSMD_EXT_A_VM_ID]),
				   nla_get_u32(info->attrs[KSMD_EXT_A_VM_LIMIT]));
	if (err == -ESRCH)
		NL_SET_ERR_MSG_ATTR(info->extack, info->attrs[KSMD_EXT_A_VM_ID],
				    "there is no such VM (any more)");
	else if (err == -EINVAL)
		NL_SET_ERR_MSG_ATTR(info->extack,
				    info->attrs[KSMD_EXT_A_VM_LIMIT],
				    "KVM allows no limit as low as this");
	return err;
}

void netlink_tell_vm(const struct vm_known *vm, bool started)
{
	u8 command = started ? KSMD_EXT_CMD_VM_START : KSMD_EXT_CMD_VM_STOP;
	struct sk_buff *msg;
	void *header;

	msg = netlink_new_event(KSMD_EXT_NLGRP_VMS, command,
				GENLMSG_DEFAULT_SIZE, &header);
	if (!msg)
		return;

	if (nla_put_uint(msg, KSMD_EXT_A_VM_ID, vm->id) ||
	    (vm->tgid && nla_put_u32(msg, KSMD_EXT_A_VM_PID, vm->tgid)) ||
	    nla_put_string(msg, KSMD_EXT_A_VM_NAME, vm->comm)) {
		nlmsg_free(msg);
		return;
	}
	netlink_send_event(msg, header, KSMD_EXT_NLGRP_VMS);
}
