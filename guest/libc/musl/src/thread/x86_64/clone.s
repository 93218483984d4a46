# SPDX-License-Identifier: ISC
# int __clone(...): a unikernel has one thread, so it is always -ENOSYS.
.text
.global __clone
.hidden __clone
.type __clone,@function
__clone:
	mov $-38,%eax
	ret
