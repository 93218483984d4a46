#!/usr/bin/env bash
# SPDX-License-Identifier: ISC
# lab.sh WHAT...: fetches what ./dev lab boots, once, into folders of the cache, and prints a line for each: "WHAT FOLDER", or
# "WHAT - REASON" where it cannot be had. A second run needs no network. A folder is a Debian root with the packages named in
# FOLDER/packages unpacked, and the name of it changes with what is asked for here. "qemu-x86 /" is the machine's own QEMU.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=tools/lib.sh
. "$here/lib.sh"
# shellcheck source=tools/apt.sh
. "$here/apt.sh"
export PATH=/usr/sbin:/usr/bin:/sbin:/bin:$PATH LC_ALL=C

cache=$(cache_root)
host_arch=$(dpkg --print-architecture 2>/dev/null || uname -m)
qemu_least=10.1

# item WHAT: sets text, arch, how (closure or alone), packages, and suites: lists of suites to try one after the other.
item() {
    local arch_of=${1##*-}
    suites=(trixie) arch=$arch_of how=alone least=
    case $1 in
    qemu-x86) text="QEMU" arch=$host_arch how=closure packages=qemu-system-x86 least=$qemu_least ;;
    qemu-arm) text="QEMU for aarch64" arch=$host_arch how=closure packages=qemu-system-arm least=$qemu_least ;;
    debian-amd64 | debian-arm64) text="Debian's kernel ($arch)" packages=linux-image-$arch ;;
    busybox-amd64 | busybox-arm64) text="busybox ($arch)" packages=busybox-static ;;
    tools-amd64) text="ethtool and ip" how=closure packages="ethtool iproute2" ;;
    *) die "no such thing: $1" ;;
    esac
    [ -z "$least" ] || suites=("trixie-backports trixie" "forky" "sid")
}

# --- what is special about some ---------------------------------------------------------------------------------------

# The machine's own QEMU, if it can do what the lab needs.
own_qemu() {
    local binary=$1 version
    version=$("$binary" --version 2>/dev/null | sed -nE '1s/.*version ([0-9.]+).*/\1/p')
    [ -n "$version" ] && dpkg --compare-versions "$version" ge "$qemu_least" &&
        "$binary" -device help 2>/dev/null | grep -q '"vfio-user-pci"'
}

# linux-image-ARCH is a name for the newest kernel.
real_kernel() {
    apt_private apt-cache depends "$1" 2>/dev/null | sed -nE 's/^  Depends: (linux-image-[0-9].*)/\1/p' | head -n 1
}

# ----------------------------------------------------------------------------------------------------------------------

# fetch DIR: what item set, from the first of its suites that has it. Sets why where there is none.
fetch() {
    local list version
    why="no mirror in this machine's apt configuration serves it"
    command -v apt-get >/dev/null || { why="no apt-get on this machine" && return 1; }
    for list in "${suites[@]}"; do
        # shellcheck disable=SC2086
        apt_open "$cache/apt-lab" deb "$arch" $list || continue
        version=$(apt_version "${packages%% *}") || continue
        [ -z "$least" ] || dpkg --compare-versions "$version" ge "1:$least" || continue
        case $packages in linux-image-*) packages=$(real_kernel "$packages") ;; esac
        say "Fetching $text: $packages $version of Debian ${list%% *}, into the cache"
        # shellcheck disable=SC2086
        apt_unpack "$1" "$how" $packages && return 0
        why="the packages cannot be fetched: $packages"
    done
    return 1
}

# have WHAT: prints its line.
have() {
    local dir tmp binary=
    case $1 in
    own-*) have_own "$1" && return 0 ;;
    qemu-x86) binary=qemu-system-x86_64 ;;
    qemu-arm) binary=qemu-system-aarch64 ;;
    esac
    if [ -n "$binary" ] && own_qemu "$binary"; then
        echo "$1 /"
        return 0
    fi
    item "$1"
    dir=$cache/lab/$1-$(echo "$arch $how $packages ${suites[*]} 1" | sha256sum | cut -c1-12)
    if [ ! -d "$dir" ]; then
        tmp=$(mktemp -d "$cache/tmp-lab.XXXXXX")
        if ! fetch "$tmp"; then
            echo "$1 - $why"
            return 0
        fi
        [ ! -d "$tmp/boot" ] || python3 "$here/vmlinux.py" "$tmp"/boot/vmlinuz-* "$tmp/vmlinux"
        place "$tmp" "$dir"
    fi
    echo "$1 $dir"
}

# The small kernel of our own. One that does not build is a mistake of ours, and no reason to skip anything.
have_own() {
    local dir status=0
    dir=$("$here/lab_kernel.sh") || status=$?
    case $status in
    0) echo "$1 $dir" ;;
    3) echo "$1 - $dir" ;;
    *) exit 1 ;;
    esac
}

main() {
    local what
    mkdir -p "$cache/lab"
    locked "$cache/lab" 1800 "fetching"
    rm -rf "$cache"/tmp-lab.*
    for what in "$@"; do
        have "$what"
    done
    [ ! -d "$cache/apt-lab" ] || rm -rf "$cache/apt-lab"
}

main "$@"
