# SPDX-License-Identifier: ISC
# pid_t vfork(void): always ENOSYS.
.text
.global vfork
.type vfork,@function
vfork:
	mov $-38,%rdi
	.hidden __syscall_ret
	jmp __syscall_ret
