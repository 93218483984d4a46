#!/usr/bin/env bash
# SPDX-License-Identifier: ISC
# Fetches and builds what the unikernels are built on, outside the tree, and prints the directory that meson takes
# as -Ddeps=: DIR/lwip (lwIP's sources) and DIR/musl (musl, built over guest/libc/musl's files). The sources are
# Debian source packages, authenticated by apt against Debian's archive keys. The directory's name changes with all
# that goes into it, so that nothing stale is ever used; a second run finds it ready and needs no network.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=tools/lib.sh
. "$here/lib.sh"
# shellcheck source=tools/apt.sh
. "$here/apt.sh"
export PATH=/usr/sbin:/usr/bin:/sbin:/bin:$PATH LC_ALL=C

root=${here%/*}
cache=$(cache_root)
suite=trixie
overlay=$root/guest/libc/musl
musl_cc=gcc
musl_cflags="-O2 -fno-pie -fno-stack-protector -fno-asynchronous-unwind-tables"

# --- sources ----------------------------------------------------------------------------------------------------

# The newest available Debian version of PACKAGE whose upstream part is VERSION (a "+dfsg1" may follow it).
debian_version() {
    apt_private apt-cache showsrc --only-source "$1" 2>/dev/null |
        sed -n 's/^Version: //p' | grep -E "^([0-9]+:)?${2//./\\.}([+~][^-]*)?(-[^-]+)?\$" | sort -V | tail -n 1
}

# fetch PACKAGE VERSION: leaves $cache/src/PACKAGE-VERSION/{tree/,dsc}
fetch() {
    local name=$1-$2 tmp debver
    [ -e "$cache/src/$name/dsc" ] && return 0
    [ -n "${lists_fresh:-}" ] || apt_open "$cache/apt" deb-src "$(dpkg --print-architecture)" "$suite" ||
        die "cannot get Debian $suite's source list from any mirror in this machine's apt configuration"
    lists_fresh=1
    debver=$(debian_version "$1" "$2")
    [ -n "$debver" ] || die "Debian $suite no longer has $1 $2; the pinned version in tools/deps.sh must move"
    say "Fetching $1 $debver (source package)"
    tmp=$(mktemp -d "$cache/tmp.XXXXXX")
    (cd "$tmp" && quietly "$cache/log/fetch-$1.log" \
        apt_private apt-get -q source --download-only --only-source "$1=$debver") ||
        die "cannot fetch the source of $1 $debver: is the Debian mirror reachable?"
    quietly "$cache/log/unpack-$1.log" dpkg-source -x "$tmp/$1_"*.dsc "$tmp/tree" ||
        die "cannot unpack the source of $1 $debver"
    mv "$tmp/$1_"*.dsc "$tmp/dsc"
    find "$tmp" -maxdepth 1 -type f ! -name dsc -delete
    place "$tmp" "$cache/src/$name"
}

# --- musl -------------------------------------------------------------------------------------------------------

overlay_sum() {
    [ -d "$overlay" ] || return 0
    (cd "$overlay" && find . -type f -print0 | sort -z | xargs -0r sha256sum)
}

key_of() { # a short name for all that goes into the result
    {
        cat "$cache"/src/*-"$lwip"/dsc "$cache"/src/*-"$musl"/dsc
        overlay_sum
        echo "$musl_cflags"
        "$musl_cc" --version
        sed -n '/^build_musl()/,/^}/p' "${BASH_SOURCE[0]}"
    } | sha256sum | cut -c1-16
}

build_musl() { # build_musl PREFIX
    local tmp
    say "Building musl $musl for the unikernels"
    tmp=$(mktemp -d "$cache/tmp.XXXXXX")
    cp -a "$cache/src/musl-$musl/tree" "$tmp/src"
    [ ! -d "$overlay" ] || cp -rT "$overlay" "$tmp/src"
    (cd "$tmp/src" && quietly "$cache/log/musl.log" sh -ec "
        ./configure --disable-shared --disable-wrapper --prefix=/ CC='$musl_cc' CFLAGS='$musl_cflags'
        make -j$(nproc)
        make DESTDIR='$1' install") || die "cannot build musl (all of it: $cache/log/musl.log)"
    rm -rf "$tmp"
}

# ----------------------------------------------------------------------------------------------------------------

lwip=2.2.1
musl=1.2.5

main() {
    local key tmp
    mkdir -p "$cache"
    locked "$cache" 1800 "the dependencies"
    rm -rf "$cache"/tmp.*
    fetch lwip "$lwip"
    fetch musl "$musl"
    [ -z "${lists_fresh:-}" ] || apt_close
    key=$(key_of)
    if [ ! -d "$cache/deps/$key" ]; then
        tmp=$(mktemp -d "$cache/tmp.XXXXXX")
        build_musl "$tmp/musl"
        ln -s "../../src/lwip-$lwip/tree" "$tmp/lwip"
        place "$tmp" "$cache/deps/$key"
    fi
    echo "$cache/deps/$key"
}

main
