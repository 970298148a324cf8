// SPDX-License-Identifier: GPL-2.0
/* Shadow pages by netlink. See shadow.h. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "file.h"
#include "proc.h"
#include "shadow.h"

#define NS_PER_S 1000000000ull
/* A dump that others interrupted is asked for again, so often. */
#define TRIES 3

struct probe_shadow {
	int root_fd;
	struct answer {
		struct snap_shadow *vms;
		size_t count, room;
	} now, before;
	bool answered;		/* ever; what VMs counted earlier is not ours */
};

struct probe_shadow *probe_shadow_new(int root_fd)
{
	struct probe_shadow *shadow = calloc(1, sizeof(*shadow));

	if (shadow)
		shadow->root_fd = root_fd;
	return shadow;
}

void probe_shadow_free(struct probe_shadow *shadow)
{
	if (!shadow)
		return;
	free(shadow->now.vms);
	free(shadow->before.vms);
	free(shadow);
}

/* VMs that came or went meanwhile make a dump incomplete. */
static bool dump(struct client *client)
{
	for (int i = 0; i < TRIES; i++) {
		if (client_send(client, client_try_new(client,
						       KSMD_EXT_CMD_VM_GET,
						       NLM_F_DUMP)))
			return false;
		if (!client->interrupted)
			return true;
	}
	/* Each VM that was there all the time is in it. */
	return true;
}

static void read_distances(struct nlmsghdr *reply, struct snap_shadow *vm)
{
	struct nlattr *attr;
	int left, i = 0;

	nlmsg_for_each_attr(attr, reply, GENL_HDRLEN, left) {
		if (nla_type(attr) != KSMD_EXT_A_VM_REFAULT_DISTANCE)
			continue;
		/* Of a finer histogram than ours the tail is one bucket. */
		vm->refault_distance[i] += client_uint_of(attr);
		if (i < SNAP_REFAULT_BUCKETS - 1)
			i++;
	}
}

static uint64_t cpu_ns(const struct probe_shadow *shadow, int32_t pid)
{
	char path[64], buf[1024];
	struct probe_stat stat;
	long len;

	snprintf(path, sizeof(path), "proc/%d/stat", pid);
	len = probe_file_read_once(shadow->root_fd, path, buf, sizeof(buf));
	if (len <= 0 || !probe_stat_parse(probe_text_of(buf, (size_t)len),
					  &stat))
		return 0;
	return stat.cpu_ticks * (NS_PER_S / SNAP_TICKS_PER_S);
}

static uint32_t weight_of(const struct snap *snap, int32_t pid)
{
	for (uint32_t i = 0; i < snap->nvms; i++)
		if (snap->vms[i].pid == pid)
			return snap->vms[i].weight_permille;
	return 1000;
}

struct snap_shadow probe_shadow_parse(const struct client *client,
				      size_t reply)
{
	struct snap_shadow vm = {
		.id = client_uint(client, reply, KSMD_EXT_A_VM_ID),
		.pid = (int32_t)client_uint(client, reply, KSMD_EXT_A_VM_PID),
		.limit = (uint32_t)client_uint(client, reply,
					       KSMD_EXT_A_VM_LIMIT),
		.requested = (uint32_t)client_uint(client, reply,
						   KSMD_EXT_A_VM_REQUESTED),
		.pages = client_uint(client, reply, KSMD_EXT_A_VM_PAGES),
		.evictions = client_uint(client, reply,
					 KSMD_EXT_A_VM_EVICTIONS),
		.refaults = client_uint(client, reply,
					KSMD_EXT_A_VM_REFAULTS),
	};

	read_distances(client->replies[reply], &vm);
	return vm;
}

static struct snap_shadow read_vm(const struct probe_shadow *shadow,
				  const struct client *client, size_t reply,
				  const struct snap *snap)
{
	struct snap_shadow vm = probe_shadow_parse(client, reply);

	vm.cpu_ns = cpu_ns(shadow, vm.pid);
	vm.weight_permille = weight_of(snap, vm.pid);
	return vm;
}

static bool make_room(struct answer *answer, size_t vms)
{
	struct snap_shadow *grown;

	if (vms <= answer->room)
		return true;
	grown = reallocarray(answer->vms, vms, sizeof(*grown));
	if (!grown)
		return false;
	answer->vms = grown;
	answer->room = vms;
	return true;
}

/* A smaller one was begun anew. */
static uint64_t grown(uint64_t before, uint64_t now)
{
	return now < before ? now : now - before;
}

void probe_shadow_add_up(const struct snap_shadow *before, size_t nbefore,
			 const struct snap_shadow *now, size_t nnow,
			 struct snap *snap)
{
	static const struct snap_shadow nothing;
	size_t old = 0;

	for (size_t i = 0; i < nnow; i++) {
		const struct snap_shadow *then = &nothing;

		while (old < nbefore && before[old].id < now[i].id)
			old++;
		if (old < nbefore && before[old].id == now[i].id)
			then = &before[old];
		snap->shadow_evictions += grown(then->evictions,
						now[i].evictions);
		snap->shadow_refaults += grown(then->refaults,
					       now[i].refaults);
	}
}

bool probe_shadow_read(struct probe_shadow *shadow, struct client *client,
		       struct snap *snap)
{
	struct answer next = shadow->before;

	if (!dump(client))
		return false;
	next.count = client->nr_replies;
	if (!make_room(&next, next.count))
		return false;
	for (size_t i = 0; i < next.count; i++)
		next.vms[i] = read_vm(shadow, client, i, snap);
	shadow->before = shadow->now;
	shadow->now = next;
	if (shadow->answered)
		probe_shadow_add_up(shadow->before.vms, shadow->before.count,
				    next.vms, next.count, snap);
	shadow->answered = true;
	snap->shadows = next.vms;
	snap->nshadows = (uint32_t)next.count;
	snap->shadows_seq = snap->seq;
	return true;
}
