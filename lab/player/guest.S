/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The guest: long mode, CPL 0, interrupts off, no stack. Touches one page per
 * ring entry, changes CR3 when the entry's address space is not the current
 * one, and asks for more with an OUT when it meets a zero.
 *
 *   rdi  ring                    rsi  next entry
 *   r8   PML4 of space 0; that of space n lies n pages behind it
 *   ebx  current space
 */
#include "guest.h"

	.section .rodata
	.globl	guest_code, guest_code_end
	.balign	16
guest_code:
	movq	%rdi, %rsi
.Lnext:
	movq	(%rsi), %rax
	addq	$8, %rsi
	testq	%rax, %rax
	jz	.Lrefill

	movl	%eax, %ecx
	andl	$GUEST_ENTRY_CR3, %ecx
	cmpl	%ebx, %ecx
	je	.Ltouch
	movl	%ecx, %ebx
	shlq	$12, %rcx
	addq	%r8, %rcx
	movq	%rcx, %cr3

.Ltouch:
	movl	%eax, %ecx
	andq	$-GUEST_PAGE_SIZE, %rax
	testl	$GUEST_ENTRY_WRITE, %ecx
	jnz	.Lwrite
	movq	(%rax), %rcx
	jmp	.Lnext
.Lwrite:
	movq	%rcx, (%rax)
	jmp	.Lnext

.Lrefill:
	outb	%al, $GUEST_PORT_REFILL
	jmp	guest_code
guest_code_end:

	.section .note.GNU-stack, "", @progbits
