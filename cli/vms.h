/* SPDX-License-Identifier: GPL-2.0 */
/* VMs as the daemon tells them: order, and words for why not. */
#ifndef DENSITY_CLI_VMS_H
#define DENSITY_CLI_VMS_H

#include <stdbool.h>
#include <jansson.h>

enum vms_order {
	VMS_BY_SAVED,
	VMS_BY_RSS,
	VMS_BY_PROFIT,
	VMS_BY_NAME,
	VMS_BY_PID,
	VMS_ORDERS,
};

/* Lower-case name of the order, such as "saved". */
const char *vms_order_name(enum vms_order order);
/* -EINVAL when @name is none. */
int vms_order_find(const char *name, enum vms_order *ret_order);

/*
 * The array "vms" of a GetVms reply, sorted: big things first, names and PIDs
 * from the start of the alphabet; @reverse turns it. A new array (elements
 * shared) or NULL for want of memory.
 */
json_t *vms_sorted(const json_t *reply, enum vms_order order, bool reverse);

/*
 * Why memory of @vm does not merge, in words; "" when nothing stands in its
 * way. The caller frees; NULL for want of memory.
 */
char *vms_why(const json_t *vm, bool brief);

#endif
