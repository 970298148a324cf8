// SPDX-License-Identifier: GPL-2.0
/*
 * ksmd_ext: a netlink interface to KSM and shadow paging, and a scrubber of the
 * page cache, on the hooks of the patched kernel. README.md has the model.
 *
 * Unloading goes from the outside in: ksmd's hook and the netlink family, from
 * which alone work comes, are gone before the workers are waited for, and these
 * before what they work on is freed.
 */
#include <linux/ksm_ext.h>
#include <linux/module.h>
#include <linux/workqueue.h>

#include "netlink.h"
#include "registry.h"
#include "scrub.h"
#include "vms.h"

static void end_pass(struct work_struct *work);
static DECLARE_WORK(pass_work, end_pass);

static void end_pass(struct work_struct *work)
{
	netlink_tell_pass_end();
	scrub_pass_ended();
}

/* In ksmd. Passes that end faster than they are dealt with count as one. */
static void pass_ended(unsigned long full_scans)
{
	schedule_work(&pass_work);
}

static const struct ksm_hooks hooks = {
	.owner = THIS_MODULE,
	.pass_end = pass_ended,
};

static int __init ksmd_ext_init(void)
{
	int err;

	err = scrub_init(netlink_tell_scrub_end);
	if (err)
		return err;

	err = netlink_init();
	if (err)
		goto err_scrub;

	vms_start(netlink_tell_vm);
	err = ksm_hooks_register(&hooks);
	if (err)
		goto err_vms;
	return 0;

err_vms:
	scrub_stop();
	vms_stop();
	netlink_exit();
	vms_exit();
err_scrub:
	scrub_exit();
	registry_exit();
	return err;
}

static void __exit ksmd_ext_exit(void)
{
	ksm_hooks_unregister(&hooks);
	cancel_work_sync(&pass_work);
	scrub_stop();
	vms_stop();
	netlink_exit();
	vms_exit();
	scrub_exit();
	registry_exit();
}

module_init(ksmd_ext_init);
module_exit(ksmd_ext_exit);

MODULE_DESCRIPTION("KSM: netlink interface and exclusive page cache");
MODULE_LICENSE("GPL");
MODULE_IMPORT_NS(DENSITY);
