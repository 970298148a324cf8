/* SPDX-License-Identifier: ((GPL-2.0 WITH Linux-syscall-note) OR BSD-3-Clause) */
/* Do not edit directly, auto-generated from: */
/*	ksmd-ext/spec/ksmd_ext.yaml */
/* YNL-GEN kernel header */

#ifndef _LINUX_KSMD_EXT_GEN_H
#define _LINUX_KSMD_EXT_GEN_H

#include <net/netlink.h>
#include <net/genetlink.h>

#include <uapi/linux/ksmd_ext.h>

int ksmd_ext_nl_counters_get_doit(struct sk_buff *skb, struct genl_info *info);
int ksmd_ext_nl_params_get_doit(struct sk_buff *skb, struct genl_info *info);
int ksmd_ext_nl_params_set_doit(struct sk_buff *skb, struct genl_info *info);
int ksmd_ext_nl_vm_get_doit(struct sk_buff *skb, struct genl_info *info);
int ksmd_ext_nl_vm_get_dumpit(struct sk_buff *skb, struct netlink_callback *cb);
int ksmd_ext_nl_vm_set_doit(struct sk_buff *skb, struct genl_info *info);
int ksmd_ext_nl_scrub_get_doit(struct sk_buff *skb, struct genl_info *info);
int ksmd_ext_nl_scrub_set_doit(struct sk_buff *skb, struct genl_info *info);
int ksmd_ext_nl_scrub_run_doit(struct sk_buff *skb, struct genl_info *info);
int ksmd_ext_nl_image_get_dumpit(struct sk_buff *skb,
				 struct netlink_callback *cb);
int ksmd_ext_nl_image_add_doit(struct sk_buff *skb, struct genl_info *info);
int ksmd_ext_nl_image_del_doit(struct sk_buff *skb, struct genl_info *info);
int ksmd_ext_nl_vmm_get_dumpit(struct sk_buff *skb,
			       struct netlink_callback *cb);

enum {
	KSMD_EXT_NLGRP_PASSES,
	KSMD_EXT_NLGRP_SCRUBS,
	KSMD_EXT_NLGRP_VMS,
};

extern struct genl_family ksmd_ext_nl_family;

#endif /* _LINUX_KSMD_EXT_GEN_H */
