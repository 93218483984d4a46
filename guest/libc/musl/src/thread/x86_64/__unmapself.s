# SPDX-License-Identifier: ISC
# The end of a detached thread: there are no threads (see clone.s).
.text
.global __unmapself
.type __unmapself,@function
__unmapself:
	ud2
