// SPDX-License-Identifier: ((GPL-2.0 WITH Linux-syscall-note) OR BSD-3-Clause)
/* Do not edit directly, auto-generated from: */
/*	ksmd-ext/spec/ksmd_ext.yaml */
/* YNL-GEN kernel source */

#include <net/netlink.h>
#include <net/genetlink.h>

#include "netlink_gen.h"

#include <uapi/linux/ksmd_ext.h>

/* Integer value ranges */
static const struct netlink_range_validation ksmd_ext_a_scrub_budget_ms_range = {
	.min	= 1ULL,
	.max	= 60000ULL,
};

static const struct netlink_range_validation ksmd_ext_a_scrub_interval_ms_range = {
	.max	= 3600000ULL,
};

static const struct netlink_range_validation ksmd_ext_a_image_pid_range = {
	.min	= 1ULL,
	.max	= S32_MAX,
};

static const struct netlink_range_validation ksmd_ext_a_image_fd_range = {
	.max	= S32_MAX,
};

/* KSMD_EXT_CMD_PARAMS_SET - do */
static const struct nla_policy ksmd_ext_params_set_nl_policy[KSMD_EXT_A_PARAMS_CHECKSUM_INDEX + 1] = {
	[KSMD_EXT_A_PARAMS_PAGES_TO_SCAN] = NLA_POLICY_MIN(NLA_U32, 1),
	[KSMD_EXT_A_PARAMS_SLEEP_MILLISECS] = { .type = NLA_U32, },
	[KSMD_EXT_A_PARAMS_SMART_SCAN] = NLA_POLICY_MAX(NLA_U8, 1),
	[KSMD_EXT_A_PARAMS_LOOKAHEAD] = NLA_POLICY_MAX(NLA_U8, 1),
	[KSMD_EXT_A_PARAMS_CHECKSUM_INDEX] = NLA_POLICY_MAX(NLA_U8, 1),
};

/* KSMD_EXT_CMD_VM_GET - do */
static const struct nla_policy ksmd_ext_vm_get_nl_policy[KSMD_EXT_A_VM_ID + 1] = {
	[KSMD_EXT_A_VM_ID] = NLA_POLICY_MIN(NLA_UINT, 1),
};

/* KSMD_EXT_CMD_VM_SET - do */
static const struct nla_policy ksmd_ext_vm_set_nl_policy[KSMD_EXT_A_VM_LIMIT + 1] = {
	[KSMD_EXT_A_VM_ID] = NLA_POLICY_MIN(NLA_UINT, 1),
	[KSMD_EXT_A_VM_LIMIT] = { .type = NLA_U32, },
};

/* KSMD_EXT_CMD_SCRUB_SET - do */
static const struct nla_policy ksmd_ext_scrub_set_nl_policy[KSMD_EXT_A_SCRUB_INTERVAL_MS + 1] = {
	[KSMD_EXT_A_SCRUB_ENABLED] = NLA_POLICY_MAX(NLA_U8, 1),
	[KSMD_EXT_A_SCRUB_DRY_RUN] = NLA_POLICY_MAX(NLA_U8, 1),
	[KSMD_EXT_A_SCRUB_BUDGET_PAGES] = NLA_POLICY_MIN(NLA_U32, 1),
	[KSMD_EXT_A_SCRUB_BUDGET_MS] = NLA_POLICY_FULL_RANGE(NLA_U32, &ksmd_ext_a_scrub_budget_ms_range),
	[KSMD_EXT_A_SCRUB_INTERVAL_MS] = NLA_POLICY_FULL_RANGE(NLA_U32, &ksmd_ext_a_scrub_interval_ms_range),
};

/* KSMD_EXT_CMD_SCRUB_RUN - do */
static const struct nla_policy ksmd_ext_scrub_run_nl_policy[KSMD_EXT_A_SCRUB_DRY_RUN + 1] = {
	[KSMD_EXT_A_SCRUB_DRY_RUN] = NLA_POLICY_MAX(NLA_U8, 1),
};

/* KSMD_EXT_CMD_IMAGE_ADD - do */
static const struct nla_policy ksmd_ext_image_add_nl_policy[KSMD_EXT_A_IMAGE_FD + 1] = {
	[KSMD_EXT_A_IMAGE_PID] = NLA_POLICY_FULL_RANGE(NLA_U32, &ksmd_ext_a_image_pid_range),
	[KSMD_EXT_A_IMAGE_FD] = NLA_POLICY_FULL_RANGE(NLA_U32, &ksmd_ext_a_image_fd_range),
};

/* KSMD_EXT_CMD_IMAGE_DEL - do */
static const struct nla_policy ksmd_ext_image_del_nl_policy[KSMD_EXT_A_IMAGE_PID + 1] = {
	[KSMD_EXT_A_IMAGE_ID] = NLA_POLICY_MIN(NLA_UINT, 1),
	[KSMD_EXT_A_IMAGE_PID] = NLA_POLICY_FULL_RANGE(NLA_U32, &ksmd_ext_a_image_pid_range),
};

/* Ops table for ksmd_ext */
static const struct genl_split_ops ksmd_ext_nl_ops[] = {
	{
		.cmd	= KSMD_EXT_CMD_COUNTERS_GET,
		.doit	= ksmd_ext_nl_counters_get_doit,
		.flags	= GENL_CMD_CAP_DO,
	},
	{
		.cmd	= KSMD_EXT_CMD_PARAMS_GET,
		.doit	= ksmd_ext_nl_params_get_doit,
		.flags	= GENL_CMD_CAP_DO,
	},
	{
		.cmd		= KSMD_EXT_CMD_PARAMS_SET,
		.doit		= ksmd_ext_nl_params_set_doit,
		.policy		= ksmd_ext_params_set_nl_policy,
		.maxattr	= KSMD_EXT_A_PARAMS_CHECKSUM_INDEX,
		.flags		= GENL_ADMIN_PERM | GENL_CMD_CAP_DO,
	},
	{
		.cmd		= KSMD_EXT_CMD_VM_GET,
		.doit		= ksmd_ext_nl_vm_get_doit,
		.policy		= ksmd_ext_vm_get_nl_policy,
		.maxattr	= KSMD_EXT_A_VM_ID,
		.flags		= GENL_CMD_CAP_DO,
	},
	{
		.cmd	= KSMD_EXT_CMD_VM_GET,
		.dumpit	= ksmd_ext_nl_vm_get_dumpit,
		.flags	= GENL_CMD_CAP_DUMP,
	},
	{
		.cmd		= KSMD_EXT_CMD_VM_SET,
		.doit		= ksmd_ext_nl_vm_set_doit,
		.policy		= ksmd_ext_vm_set_nl_policy,
		.maxattr	= KSMD_EXT_A_VM_LIMIT,
		.flags		= GENL_ADMIN_PERM | GENL_CMD_CAP_DO,
	},
	{
		.cmd	= KSMD_EXT_CMD_SCRUB_GET,
		.doit	= ksmd_ext_nl_scrub_get_doit,
		.flags	= GENL_CMD_CAP_DO,
	},
	{
		.cmd		= KSMD_EXT_CMD_SCRUB_SET,
		.doit		= ksmd_ext_nl_scrub_set_doit,
		.policy		= ksmd_ext_scrub_set_nl_policy,
		.maxattr	= KSMD_EXT_A_SCRUB_INTERVAL_MS,
		.flags		= GENL_ADMIN_PERM | GENL_CMD_CAP_DO,
	},
	{
		.cmd		= KSMD_EXT_CMD_SCRUB_RUN,
		.doit		= ksmd_ext_nl_scrub_run_doit,
		.policy		= ksmd_ext_scrub_run_nl_policy,
		.maxattr	= KSMD_EXT_A_SCRUB_DRY_RUN,
		.flags		= GENL_ADMIN_PERM | GENL_CMD_CAP_DO,
	},
	{
		.cmd	= KSMD_EXT_CMD_IMAGE_GET,
		.dumpit	= ksmd_ext_nl_image_get_dumpit,
		.flags	= GENL_ADMIN_PERM | GENL_CMD_CAP_DUMP,
	},
	{
		.cmd		= KSMD_EXT_CMD_IMAGE_ADD,
		.doit		= ksmd_ext_nl_image_add_doit,
		.policy		= ksmd_ext_image_add_nl_policy,
		.maxattr	= KSMD_EXT_A_IMAGE_FD,
		.flags		= GENL_ADMIN_PERM | GENL_CMD_CAP_DO,
	},
	{
		.cmd		= KSMD_EXT_CMD_IMAGE_DEL,
		.doit		= ksmd_ext_nl_image_del_doit,
		.policy		= ksmd_ext_image_del_nl_policy,
		.maxattr	= KSMD_EXT_A_IMAGE_PID,
		.flags		= GENL_ADMIN_PERM | GENL_CMD_CAP_DO,
	},
	{
		.cmd	= KSMD_EXT_CMD_VMM_GET,
		.dumpit	= ksmd_ext_nl_vmm_get_dumpit,
		.flags	= GENL_ADMIN_PERM | GENL_CMD_CAP_DUMP,
	},
};

static const struct genl_multicast_group ksmd_ext_nl_mcgrps[] = {
	[KSMD_EXT_NLGRP_PASSES] = { "passes", },
	[KSMD_EXT_NLGRP_SCRUBS] = { "scrubs", },
	[KSMD_EXT_NLGRP_VMS] = { "vms", },
};

struct genl_family ksmd_ext_nl_family __ro_after_init = {
	.name		= KSMD_EXT_FAMILY_NAME,
	.version	= KSMD_EXT_FAMILY_VERSION,
	.netnsok	= true,
	.parallel_ops	= true,
	.module		= THIS_MODULE,
	.split_ops	= ksmd_ext_nl_ops,
	.n_split_ops	= ARRAY_SIZE(ksmd_ext_nl_ops),
	.mcgrps		= ksmd_ext_nl_mcgrps,
	.n_mcgrps	= ARRAY_SIZE(ksmd_ext_nl_mcgrps),
};
