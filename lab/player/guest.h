/* SPDX-License-Identifier: GPL-2.0 */
#ifndef PLAYER_GUEST_H
#define PLAYER_GUEST_H

/*
 * What the guest's code (guest.S) and the VMM agree on. Included by both.
 *
 * The ring is an array of 8-byte entries that ends with a zero. An entry is the
 * virtual address of a page, with the address space in its low bits:
 *
 *   63        12   11       10      0
 *   | page       | write  | address space |
 */

#define GUEST_PAGE_SIZE		4096
#define GUEST_ENTRY_WRITE	0x800
#define GUEST_ENTRY_CR3		0x7ff
#define GUEST_PORT_REFILL	0x10	/* written when the ring is used up */

#ifndef __ASSEMBLER__
/* Position independent; enters with rdi = ring, r8 = first PML4, ebx = 0. */
extern const unsigned char guest_code[], guest_code_end[];
#endif

#endif
