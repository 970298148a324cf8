/* SPDX-License-Identifier: GPL-2.0 */
#ifndef KSMD_EXT_TESTS_VM_H
#define KSMD_EXT_TESTS_VM_H

/* A VM without memory or processors; close() ends it. Exits if there is none. */
int vm_create(void);

#endif /* KSMD_EXT_TESTS_VM_H */
