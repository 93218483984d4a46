#!/usr/bin/env bash
# SPDX-License-Identifier: ISC
# Builds the lab's small kernel (tests/lab/kernel.config) from Debian's linux-source, once, outside the tree, and prints the
# folder that holds it: FOLDER/vmlinux, without modules, and FOLDER/config. Debian's own kernels have no iommufd. The folder's
# name changes with the configuration; Debian's revision of the source may move on. The exit status is 3, and what it prints the
# reason, where this machine cannot have it; 1 where the build fails.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=tools/lib.sh
. "$here/lib.sh"
# shellcheck source=tools/apt.sh
. "$here/apt.sh"
export PATH=/usr/sbin:/usr/bin:/sbin:/bin:$PATH LC_ALL=C

suite=trixie
source=linux-source-6.12
fragment=${here%/*}/tests/lab/kernel.config
cache=$(cache_root)

# Of a GiB of source, what no configuration for x86 reads.
unneeded=(--exclude='*/Documentation/*/*' --exclude='*/tools/testing' --exclude='*/drivers/gpu/drm/amd/include'
    --exclude='*/arch/[!x]*/*.[chS]' --exclude='*.dts' --exclude='*.dtsi')

cannot() {
    echo "$*"
    exit 3
}

fetch_source() { # fetch_source DIR: leaves DIR/linux
    apt_open "$cache/apt-kernel" deb amd64 "$suite" || cannot "no mirror in this machine's apt configuration serves Debian $suite"
    say "Fetching $source $(apt_version "$source") of Debian $suite (150 MB)"
    apt_unpack "$1/deb" alone "$source" || cannot "$source of Debian $suite cannot be fetched"
    mkdir "$1/linux"
    quietly "$cache/log/lab-kernel-unpack.log" tar -xJf "$1/deb/usr/src/$source.tar.xz" -C "$1/linux" \
        --strip-components=1 "${unneeded[@]}" || die "cannot unpack $source"
    rm -rf "$1/deb"
}

# What the fragment asks for holds in the configuration, or the source has moved on without us.
check_config() {
    local line off
    while read -r line; do
        off=${line#\# } off=${off% is not set}
        case $line in
        CONFIG_*) grep -qxF "$line" "$1" ;;
        *) ! grep -q "^$off=" "$1" ;;
        esac || die "tests/lab/kernel.config: $source no longer takes this: $line"
    done < <(grep -E '^(CONFIG_|# CONFIG_.* is not set$)' "$fragment")
}

build() { # build DIR: DIR/linux -> DIR/out
    local make=(make -s -C "$1/linux" O="$1/out" ARCH=x86)
    mkdir "$1/out"
    # shellcheck disable=SC2016
    quietly "$cache/log/lab-kernel-config.log" sh -ec '
        out=$1 fragment=$2; shift 2
        "$@" tinyconfig
        cd "$out"
        ./source/scripts/kconfig/merge_config.sh -m -O . .config "$fragment"
        "$@" olddefconfig' sh "$1/out" "$fragment" "${make[@]}" || die "cannot configure the lab's kernel"
    check_config "$1/out/.config"
    say "Building the lab's small kernel: some minutes, once"
    quietly "$cache/log/lab-kernel.log" "${make[@]}" -j"$(nproc)" vmlinux ||
        die "cannot build the lab's kernel (all of it: $cache/log/lab-kernel.log)"
    strip --strip-debug "$1/out/vmlinux"
}

main() {
    local dir tmp
    [ "$(uname -m)" = x86_64 ] || cannot "it is built on x86_64 only"
    mkdir -p "$cache/lab"
    dir=$cache/lab/kernel-$({ cat "$fragment" && echo "$source"; } | sha256sum | cut -c1-12)
    locked "$fragment" 3600 "the lab's kernel"
    if [ ! -e "$dir/vmlinux" ]; then
        rm -rf "$cache"/tmp-kernel.*
        tmp=$(mktemp -d "$cache/tmp-kernel.XXXXXX")
        fetch_source "$tmp"
        build "$tmp"
        mkdir "$tmp/result"
        cp "$tmp/out/vmlinux" "$tmp/result/vmlinux"
        cp "$tmp/out/.config" "$tmp/result/config"
        place "$tmp/result" "$dir"
        rm -rf "$tmp"
        apt_close
    fi
    echo "$dir"
}

main
