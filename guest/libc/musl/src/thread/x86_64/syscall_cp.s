# SPDX-License-Identifier: ISC
# long __syscall_cp_asm(volatile int *cancel, long n, long a1, ..., long a6): a system call that is a cancellation
# point. The C calling convention of penstock_syscall wants the same arguments without the first.
.text
.global __cp_begin
.hidden __cp_begin
.global __cp_end
.hidden __cp_end
.global __cp_cancel
.hidden __cp_cancel
.hidden __cancel
.global __syscall_cp_asm
.hidden __syscall_cp_asm
.type __syscall_cp_asm,@function
__syscall_cp_asm:
__cp_begin:
	cmpl $0,(%rdi)
	jne __cp_cancel
	mov %rsi,%rdi
	mov %rdx,%rsi
	mov %rcx,%rdx
	mov %r8,%rcx
	mov %r9,%r8
	mov 8(%rsp),%r9
	push 16(%rsp)
	call penstock_syscall
	pop %rcx
__cp_end:
	ret
__cp_cancel:
	jmp __cancel
