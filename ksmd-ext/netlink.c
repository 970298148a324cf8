// SPDX-License-Identifier: GPL-2.0
/*
 * Generic netlink: the family, its messages, KSM's counters and parameters
 *
 * spec/ksmd_ext.yaml says what there is; netlink_gen.c, made from it, refuses
 * what is malformed or out of range before anything here is called. What is
 * refused here says why in the extended ack, and has changed nothing.
 *
 * The family is that of the host: of the initial network namespace only.
 */
#include <linux/ksm_ext.h>
#include <linux/mutex.h>

#include "netlink.h"

int netlink_init(void)
{
	/* The generator knows only families that every namespace has. */
	ksmd_ext_nl_family.netnsok = false;
	return genl_register_family(&ksmd_ext_nl_family);
}

void netlink_exit(void)
{
	genl_unregister_family(&ksmd_ext_nl_family);
}

bool netlink_lacks(struct genl_info *info, int attr)
{
	if (!GENL_REQ_ATTR_CHECK(info, attr))
		return false;

	NL_SET_ERR_MSG(info->extack, "a required attribute is missing");
	return true;
}

struct sk_buff *netlink_new(const struct genl_info *info, size_t size,
			    void **ret_header)
{
	struct sk_buff *msg = genlmsg_new(size, GFP_KERNEL);
	void *header;

	if (!msg)
		return NULL;

	header = genlmsg_iput(msg, info);
	if (!header) {
		nlmsg_free(msg);
		return NULL;
	}

	*ret_header = header;
	return msg;
}

int netlink_reply(struct sk_buff *msg, void *header, struct genl_info *info)
{
	genlmsg_end(msg, header);
	return genlmsg_reply(msg, info);
}

struct sk_buff *netlink_new_event(u32 group, u8 command, size_t size,
				  void **ret_header)
{
	struct genl_info info;

	if (!genl_has_listeners(&ksmd_ext_nl_family, &init_net, group))
		return NULL;

	genl_info_init_ntf(&info, &ksmd_ext_nl_family, command);
	return netlink_new(&info, size, ret_header);
}

void netlink_send_event(struct sk_buff *msg, void *header, u32 group)
{
	genlmsg_end(msg, header);
	genlmsg_multicast(&ksmd_ext_nl_family, msg, 0, group, GFP_KERNEL);
}

/* By attribute; the order is that of the spec. */
static const struct {
	int attr;
	size_t offset;
} counters[] = {
#define COUNTER(ATTR, member) \
	{ KSMD_EXT_A_COUNTERS_##ATTR, offsetof(struct ksm_counters, member) }
	COUNTER(PAGES_SHARED, pages_shared),
	COUNTER(PAGES_SHARING, pages_sharing),
	COUNTER(PAGES_UNSHARED, pages_unshared),
	COUNTER(PAGES_VOLATILE, pages_volatile),
	COUNTER(PAGES_SCANNED, pages_scanned),
	COUNTER(PAGES_SKIPPED, pages_skipped),
	COUNTER(FULL_SCANS, full_scans),
	COUNTER(KSM_ZERO_PAGES, ksm_zero_pages),
	COUNTER(STABLE_NODE_CHAINS, stable_node_chains),
	COUNTER(STABLE_NODE_DUPS, stable_node_dups),
	COUNTER(TREE_STEPS, tree_steps),
	COUNTER(COMPARES, compares),
	COUNTER(BYTES_COMPARED, bytes_compared),
	COUNTER(LOOKAHEAD_TRIES, lookahead_tries),
	COUNTER(LOOKAHEAD_HITS, lookahead_hits),
	COUNTER(INDEX_TRIES, index_tries),
	COUNTER(INDEX_HITS, index_hits),
	COUNTER(INDEX_SKIPS, index_skips),
	COUNTER(FIRST_SIGHT_MERGES, first_sight_merges),
	COUNTER(INDEX_BYTES, index_bytes),
	COUNTER(EARLY_SCANS, early_scans),
#undef COUNTER
};

int ksmd_ext_nl_counters_get_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct ksm_counters now;
	struct sk_buff *msg;
	void *header;
	int i;

	msg = netlink_new(info, GENLMSG_DEFAULT_SIZE, &header);
	if (!msg)
		return -ENOMEM;

	ksm_read_counters(&now);
	for (i = 0; i < ARRAY_SIZE(counters); i++) {
		u64 value = *(u64 *)((char *)&now + counters[i].offset);

		if (nla_put_uint(msg, counters[i].attr, value)) {
			nlmsg_free(msg);
			return -EMSGSIZE;
		}
	}
	return netlink_reply(msg, header, info);
}

void netlink_tell_pass_end(void)
{
	struct ksm_counters now;
	struct sk_buff *msg;
	void *header;

	msg = netlink_new_event(KSMD_EXT_NLGRP_PASSES, KSMD_EXT_CMD_PASS_END,
				GENLMSG_DEFAULT_SIZE, &header);
	if (!msg)
		return;

	ksm_read_counters(&now);
	if (nla_put_uint(msg, KSMD_EXT_A_COUNTERS_PAGES_SHARED,
			 now.pages_shared) ||
	    nla_put_uint(msg, KSMD_EXT_A_COUNTERS_PAGES_SHARING,
			 now.pages_sharing) ||
	    nla_put_uint(msg, KSMD_EXT_A_COUNTERS_PAGES_SCANNED,
			 now.pages_scanned) ||
	    nla_put_uint(msg, KSMD_EXT_A_COUNTERS_FULL_SCANS, now.full_scans)) {
		nlmsg_free(msg);
		return;
	}
	netlink_send_event(msg, header, KSMD_EXT_NLGRP_PASSES);
}

int ksmd_ext_nl_params_get_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct ksm_params now;
	struct sk_buff *msg;
	void *header;

	msg = netlink_new(info, GENLMSG_DEFAULT_SIZE, &header);
	if (!msg)
		return -ENOMEM;

	ksm_read_params(&now);
	if (nla_put_u32(msg, KSMD_EXT_A_PARAMS_RUN, now.run) ||
	    nla_put_u32(msg, KSMD_EXT_A_PARAMS_PAGES_TO_SCAN,
			now.pages_to_scan) ||
	    nla_put_u32(msg, KSMD_EXT_A_PARAMS_SLEEP_MILLISECS,
			now.sleep_millisecs) ||
	    nla_put_u8(msg, KSMD_EXT_A_PARAMS_SMART_SCAN, now.smart_scan) ||
	    nla_put_u8(msg, KSMD_EXT_A_PARAMS_LOOKAHEAD, now.lookahead) ||
	    nla_put_u8(msg, KSMD_EXT_A_PARAMS_CHECKSUM_INDEX,
		       now.checksum_index) ||
	    nla_put_u8(msg, KSMD_EXT_A_PARAMS_USE_ZERO_PAGES,
		       now.use_zero_pages) ||
	    nla_put_u32(msg, KSMD_EXT_A_PARAMS_MAX_PAGE_SHARING,
			now.max_page_sharing) ||
	    nla_put_u8(msg, KSMD_EXT_A_PARAMS_MERGE_ACROSS_NODES,
		       now.merge_across_nodes) ||
	    nla_put_u8(msg, KSMD_EXT_A_PARAMS_ADVISOR, now.advisor)) {
		nlmsg_free(msg);
		return -EMSGSIZE;
	}
	return netlink_reply(msg, header, info);
}

/* pages-to-scan, which alone may be refused, is the first to be written. */
static const struct {
	int attr;
	enum ksm_param param;
	size_t offset;
} params[] = {
	{ KSMD_EXT_A_PARAMS_PAGES_TO_SCAN, KSM_PARAM_PAGES_TO_SCAN,
	  offsetof(struct ksm_params, pages_to_scan) },
	{ KSMD_EXT_A_PARAMS_SLEEP_MILLISECS, KSM_PARAM_SLEEP_MSECS,
	  offsetof(struct ksm_params, sleep_millisecs) },
	{ KSMD_EXT_A_PARAMS_SMART_SCAN, KSM_PARAM_SMART_SCAN,
	  offsetof(struct ksm_params, smart_scan) },
	{ KSMD_EXT_A_PARAMS_LOOKAHEAD, KSM_PARAM_LOOKAHEAD,
	  offsetof(struct ksm_params, lookahead) },
	{ KSMD_EXT_A_PARAMS_CHECKSUM_INDEX, KSM_PARAM_CHECKSUM_INDEX,
	  offsetof(struct ksm_params, checksum_index) },
};

/* A u8 or a u32: the policy has seen to it that the length is right. */
static u32 get_u8_or_u32(const struct nlattr *attr)
{
	return nla_len(attr) == sizeof(u8) ? nla_get_u8(attr) :
					     nla_get_u32(attr);
}

static void write_back(struct genl_info *info, const struct ksm_params *old,
		       int nr)
{
	while (nr--) {
		u32 value = *(u32 *)((char *)old + params[nr].offset);

		if (info->attrs[params[nr].attr])
			ksm_write_param(params[nr].param, value);
	}
}

static int set_params(struct genl_info *info)
{
	struct ksm_params old;
	int i, err;

	ksm_read_params(&old);
	for (i = 0; i < ARRAY_SIZE(params); i++) {
		struct nlattr *attr = info->attrs[params[i].attr];

		if (!attr)
			continue;

		err = ksm_write_param(params[i].param, get_u8_or_u32(attr));
		if (!err)
			continue;

		if (err == -EBUSY)
			NL_SET_ERR_MSG_ATTR(info->extack, attr,
					    "an advisor owns this parameter");
		else if (err == -ENOMEM)
			NL_SET_ERR_MSG_ATTR(info->extack, attr,
					    "there is no memory for that");
		else
			NL_SET_ERR_MSG_ATTR(info->extack, attr,
					    "KSM refuses this value");
		write_back(info, &old, i);
		return err;
	}
	return 0;
}

/* One at a time, or one that is refused would write back another's. */
int ksmd_ext_nl_params_set_doit(struct sk_buff *skb, struct genl_info *info)
{
	static DEFINE_MUTEX(set_mutex);
	int err;

	mutex_lock(&set_mutex);
	err = set_params(info);
	mutex_unlock(&set_mutex);
	return err;
}
