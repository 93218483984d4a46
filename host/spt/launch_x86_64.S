/* SPDX-License-Identifier: ISC */
/*
 * %rdi = struct launch (launch.h). Uses no stack: the tender's is among what it unmaps.
 *
 * A gap that cannot be unmapped (kernels may seal the vDSO) stays; the filter is what locks up.
 */
#define SYS_write      1
#define SYS_munmap     11
#define SYS_arch_prctl 158
#define SYS_exit_group 231
#define SYS_seccomp    317

#define ARCH_SET_FS             0x1002
#define SECCOMP_SET_MODE_FILTER 1
#define ENTRY_MAGIC             0x5450534b434f5453 /* abi/spt.h */

    .text
    .globl spt_launch_code
    .type spt_launch_code, @function
    .globl spt_launch_code_end
spt_launch_code:
    movq %rdi, %rbx
    movq 48(%rbx), %r12
    leaq 56(%rbx), %r13
1:  testq %r12, %r12
    jz 2f
    movq (%r13), %rdi
    movq 8(%r13), %rsi
    movl $SYS_munmap, %eax
    syscall
    addq $16, %r13
    decq %r12
    jmp 1b
2:  movl $ARCH_SET_FS, %edi
    xorl %esi, %esi
    movl $SYS_arch_prctl, %eax
    syscall
    movl $SECCOMP_SET_MODE_FILTER, %edi
    xorl %esi, %esi
    movq %rbx, %rdx
    movl $SYS_seccomp, %eax
    syscall
    testq %rax, %rax
    jnz 3f
    movq 16(%rbx), %rax
    movq 24(%rbx), %rsp
    movq 32(%rbx), %rdi
    movq 40(%rbx), %rsi
    movabsq $ENTRY_MAGIC, %rdx
    xorl %ebx, %ebx
    xorl %ecx, %ecx
    xorl %ebp, %ebp
    xorl %r8d, %r8d
    xorl %r9d, %r9d
    xorl %r10d, %r10d
    xorl %r11d, %r11d
    xorl %r12d, %r12d
    xorl %r13d, %r13d
    xorl %r14d, %r14d
    xorl %r15d, %r15d
    cld
    jmp *%rax
3:  movl $2, %edi
    leaq 4f(%rip), %rsi
    movl $5f - 4f, %edx
    movl $SYS_write, %eax
    syscall
    movl $1, %edi
    movl $SYS_exit_group, %eax
    syscall
    ud2
4:  .ascii "penstock-spt: the kernel does not take the seccomp filter\n"
5:
spt_launch_code_end:
    .size spt_launch_code, . - spt_launch_code

    .section .note.GNU-stack, "", @progbits
