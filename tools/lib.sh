# SPDX-License-Identifier: ISC
# shellcheck shell=bash
# What dev and its helpers share: one line of progress, one line of error, and one way to be root.

: "${HOME:=$(getent passwd "$(id -u)" | cut -d: -f6)}"

say() { printf '==> %s\n' "$*" >&2; }

die() {
    printf '%s: %s\n' "${0##*/}" "$*" >&2
    exit 1
}

# Run a command as root: directly, or through sudo.
as_root() {
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    elif command -v sudo >/dev/null; then
        sudo "$@"
    else
        die "this needs root: run it as root, or install sudo (for: $*)"
    fi
}

can_be_root() { [ "$(id -u)" -eq 0 ] || command -v sudo >/dev/null; }

# quietly LOG COMMAND...: run it with its output in LOG; show the end of that only where it fails.
quietly() {
    local log=$1
    shift
    mkdir -p "${log%/*}"
    "$@" >"$log" 2>&1 </dev/null && return 0
    printf '    ... %s\n' "the end of $log:" >&2
    tail -n 20 "$log" | sed 's/^/    | /' >&2
    return 1
}

# locked PATH SECONDS WHAT: hold an exclusive lock on PATH until unlock or the end of this process.
locked() {
    exec {lock_fd}<"$1"
    flock -n "$lock_fd" && return 0
    say "waiting for another run to finish with $3"
    flock -w "$2" "$lock_fd" || die "another run has been busy with $3 for $2 s; is it stuck?"
}

unlock() { exec {lock_fd}<&-; }

cache_root() { printf '%s\n' "${PENSTOCK_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/penstock}"; }

# place TMP FINAL: make a finished directory appear under its name at once.
place() {
    chmod 755 "$1"
    mkdir -p "${2%/*}"
    rm -rf "$2"
    mv "$1" "$2"
}
