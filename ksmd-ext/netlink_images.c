// SPDX-License-Identifier: GPL-2.0
/*
 * Generic netlink: images and VMMs, their registration and lists
 *
 * Lists are in an order that only grows at its end, and a dump goes on behind
 * the number of the last entry that found room.
 */
#include <linux/fdtable.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/pid.h>
#include <linux/sched/task.h>

#include "guest.h"
#include "image.h"
#include "netlink.h"
#include "registry.h"
#include "vmm.h"

struct dump_ctx {
	u64 next;
};

/* The process that the caller means, or NULL, of which the caller is told. */
static struct task_struct *get_process(struct genl_info *info, struct nlattr *attr,
				       struct pid **ret_pid)
{
	struct task_struct *task = NULL;
	struct pid *pid;

	pid = find_get_pid(nla_get_u32(attr));
	if (pid)
		task = guest_get_task(pid);
	if (!task) {
		put_pid(pid);
		NL_SET_ERR_MSG_ATTR(info->extack, attr,
				    "there is no such process");
		return NULL;
	}

	*ret_pid = pid;
	return task;
}

static struct file *get_file_of(struct task_struct *task, u32 fd)
{
	unsigned int found = fd;
	struct file *file;

	rcu_read_lock();
	file = task_lookup_next_fdget_rcu(task, &found);
	rcu_read_unlock();
	if (file && found != fd) {
		fput(file);
		file = NULL;
	}
	return file;
}

static int add_file(struct genl_info *info, struct file *file, struct pid *pid)
{
	struct nlattr *attr = info->attrs[KSMD_EXT_A_IMAGE_FD];
	const char *reason;
	int r;

	if (!file) {
		NL_SET_ERR_MSG_ATTR(info->extack, attr,
				    "there is no such open file");
		return -EBADF;
	}

	r = registry_add_file(file, pid, &reason);
	if (r < 0) {
		NL_SET_BAD_ATTR(info->extack, attr);
		NL_SET_ERR_MSG_FMT(info->extack, "%s", reason);
	}
	fput(file);
	return r;
}

static int add_of_process(struct genl_info *info)
{
	struct nlattr *attr = info->attrs[KSMD_EXT_A_IMAGE_PID];
	struct task_struct *task;
	const char *reason;
	struct pid *pid;
	int r;

	task = get_process(info, attr, &pid);
	if (!task)
		return -ESRCH;

	if (task->flags & PF_KTHREAD) {
		NL_SET_ERR_MSG_ATTR(info->extack, attr,
				    "a kernel thread has no memory of its own");
		r = -EINVAL;
	} else if (!READ_ONCE(task->mm)) {
		NL_SET_ERR_MSG_ATTR(info->extack, attr, "this process has ended");
		r = -ESRCH;
	} else if (info->attrs[KSMD_EXT_A_IMAGE_FD]) {
		u32 fd = nla_get_u32(info->attrs[KSMD_EXT_A_IMAGE_FD]);

		r = add_file(info, get_file_of(task, fd), pid);
	} else {
		r = registry_add_vmm(task, pid, &reason);
		if (r < 0)
			NL_SET_ERR_MSG_FMT(info->extack, "%s", reason);
	}
	put_task_struct(task);
	put_pid(pid);
	return r;
}

int ksmd_ext_nl_image_add_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct nlattr *fd = info->attrs[KSMD_EXT_A_IMAGE_FD];
	struct sk_buff *msg;
	void *header;
	int r;

	/* Before anything is changed. */
	msg = netlink_new(info, nla_total_size(sizeof(u32)), &header);
	if (!msg)
		return -ENOMEM;

	if (info->attrs[KSMD_EXT_A_IMAGE_PID]) {
		r = add_of_process(info);
	} else if (fd) {
		r = add_file(info, fget(nla_get_u32(fd)), NULL);
	} else {
		NL_SET_ERR_MSG(info->extack, "neither pid nor fd is given");
		r = -EINVAL;
	}

	if (r >= 0 && !nla_put_u32(msg, KSMD_EXT_A_IMAGE_ADDED, r))
		return netlink_reply(msg, header, info);

	nlmsg_free(msg);
	return r < 0 ? r : -EMSGSIZE;
}

static int del_by_pid(struct genl_info *info, struct nlattr *attr)
{
	struct pid *pid = find_get_pid(nla_get_u32(attr));
	int err = pid ? registry_del_vmm(pid) : -ENOENT;

	put_pid(pid);
	if (err)
		NL_SET_ERR_MSG_ATTR(info->extack, attr,
				    "no such process is registered");
	return err;
}

int ksmd_ext_nl_image_del_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct nlattr *pid = info->attrs[KSMD_EXT_A_IMAGE_PID];
	struct nlattr *id = info->attrs[KSMD_EXT_A_IMAGE_ID];
	int err;

	if (!id == !pid) {
		NL_SET_ERR_MSG(info->extack, "give either id or pid");
		return -EINVAL;
	}

	if (pid)
		return del_by_pid(info, pid);

	err = registry_del_image(nla_get_uint(id));
	if (err)
		NL_SET_ERR_MSG_ATTR(info->extack, id, "there is no such image");
	return err;
}

static int put_image(struct sk_buff *msg, const struct image *image)
{
	if (nla_put_uint(msg, KSMD_EXT_A_IMAGE_ID, image->id) ||
	    nla_put_string(msg, KSMD_EXT_A_IMAGE_NAME, image->name) ||
	    nla_put_uint(msg, KSMD_EXT_A_IMAGE_DEV,
			 huge_encode_dev(image->key.dev)) ||
	    (!image->key.is_block &&
	     nla_put_uint(msg, KSMD_EXT_A_IMAGE_INO, image->key.ino)) ||
	    nla_put_u32(msg, KSMD_EXT_A_IMAGE_OPENERS, image->nr_openers) ||
	    nla_put_uint(msg, KSMD_EXT_A_IMAGE_CURSOR, image->cursor) ||
	    netlink_put_tally(msg, KSMD_EXT_A_IMAGE_TALLY, &image->tally))
		return -EMSGSIZE;
	return 0;
}

static int fill_image(struct sk_buff *skb, struct netlink_callback *cb,
		      const struct image *image)
{
	void *header = genlmsg_iput(skb, genl_info_dump(cb));

	if (!header)
		return -EMSGSIZE;

	if (put_image(skb, image)) {
		genlmsg_cancel(skb, header);
		return -EMSGSIZE;
	}
	genl_dump_check_consistent(cb, header);
	genlmsg_end(skb, header);
	return 0;
}

int ksmd_ext_nl_image_get_dumpit(struct sk_buff *skb,
				 struct netlink_callback *cb)
{
	struct dump_ctx *ctx = (struct dump_ctx *)cb->ctx;
	struct image *image;
	int err = 0;

	mutex_lock(&registry_mutex);
	if (!ctx->next)
		registry_sweep();
	cb->seq = images_generation();
	for (image = image_find_from(ctx->next); image;
	     image = image_next(image)) {
		err = fill_image(skb, cb, image);
		if (err)
			break;
		ctx->next = image->id + 1;
	}
	mutex_unlock(&registry_mutex);
	return err && skb->len ? skb->len : err;
}

static int put_vmm(struct sk_buff *msg, const struct vmm *vmm)
{
	struct task_struct *task = guest_get_task(vmm->pid);
	const struct vmm_look *look = &vmm->look;
	char name[TASK_COMM_LEN] = "";

	if (task) {
		get_task_comm(name, task);
		put_task_struct(task);
	}

	if (nla_put_u32(msg, KSMD_EXT_A_VMM_PID, pid_nr(vmm->pid)) ||
	    nla_put_string(msg, KSMD_EXT_A_VMM_NAME, name) ||
	    nla_put_u8(msg, KSMD_EXT_A_VMM_ALL_FILES, vmm->all_files) ||
	    nla_put_uint(msg, KSMD_EXT_A_VMM_LOOKS, vmm->nr_looks) ||
	    nla_put_uint(msg, KSMD_EXT_A_VMM_FINGERPRINTS,
			 look->fingerprints) ||
	    nla_put_uint(msg, KSMD_EXT_A_VMM_STABLE, look->stable) ||
	    nla_put_uint(msg, KSMD_EXT_A_VMM_UNCHANGED, look->unchanged) ||
	    nla_put_uint(msg, KSMD_EXT_A_VMM_VOLATILE, look->volatile_) ||
	    nla_put_uint(msg, KSMD_EXT_A_VMM_ZERO, look->zero) ||
	    nla_put_uint(msg, KSMD_EXT_A_VMM_REAPPEARED, look->reappeared) ||
	    nla_put_uint(msg, KSMD_EXT_A_VMM_REREAD, vmm->reread) ||
	    nla_put_uint(msg, KSMD_EXT_A_VMM_WORKING_SET,
			 vmm_working_set(vmm)))
		return -EMSGSIZE;
	return 0;
}

static int fill_vmm(struct sk_buff *skb, struct netlink_callback *cb,
		    const struct vmm *vmm)
{
	void *header = genlmsg_iput(skb, genl_info_dump(cb));

	if (!header)
		return -EMSGSIZE;

	if (put_vmm(skb, vmm)) {
		genlmsg_cancel(skb, header);
		return -EMSGSIZE;
	}
	genl_dump_check_consistent(cb, header);
	genlmsg_end(skb, header);
	return 0;
}

int ksmd_ext_nl_vmm_get_dumpit(struct sk_buff *skb,
			       struct netlink_callback *cb)
{
	struct dump_ctx *ctx = (struct dump_ctx *)cb->ctx;
	struct vmm *vmm;
	int err = 0;

	mutex_lock(&registry_mutex);
	if (!ctx->next)
		registry_sweep();
	cb->seq = vmms_generation();
	for (vmm = vmm_next(NULL); vmm; vmm = vmm_next(vmm)) {
		if (vmm->serial < ctx->next)
			continue;
		err = fill_vmm(skb, cb, vmm);
		if (err)
			break;
		ctx->next = vmm->serial + 1;
	}
	mutex_unlock(&registry_mutex);
	return err && skb->len ? skb->len : err;
}
