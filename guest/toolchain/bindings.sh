#!/bin/sh
# SPDX-License-Identifier: ISC
#
# bindings.sh OUTPUT LIBRARY...: one object with the bindings of a target out of the libraries that make it. Only solo5.h's
# calls, the entry, the notes and the stack protector's symbols can be seen from outside, so that whatever else a
# unikernel defines (a memcpy, a whole libc) is its own.
# bindings.sh --stub OUTPUT OBJECT: the same names as the object's, with nothing behind them.
set -eu

stub() {
    nm --defined-only --extern-only "$2" | sort -k 3 -u |
        awk '{ print ".globl " $3 "\n" $3 ":" } END { print "ud2\n.section .note.GNU-stack,\"\",@progbits" }' |
        as -o "$1" -
}

calls() { nm --defined-only --extern-only "$@" 2>/dev/null | sed -n 's/^[0-9a-f]* T \(solo5_[a-z0-9_]*\)$/-u \1/p'; }

bindings() {
    output=$1
    shift
    # shellcheck disable=SC2046
    ld -r -o "$output.all" -u _start -u guest_abi_note -u guest_flags_note -u guest_interp \
        -u __stack_chk_guard -u __stack_chk_fail $(calls "$@") --start-group "$@" --end-group
    objcopy --wildcard --keep-global-symbol='solo5_*' --keep-global-symbol=_start \
        --keep-global-symbol='guest_*_note' --keep-global-symbol=guest_interp --keep-global-symbol='__stack_chk_*' "$output.all" "$output"
    rm -f "$output.all"
}

case $1 in
--stub) stub "$2" "$3" ;;
*) bindings "$@" ;;
esac
