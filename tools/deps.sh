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
export PATH=/usr/sbin:/usr/bin:/sbin:/bin:$PATH LC_ALL=C

root=${here%/*}
cache=$(cache_root)
suite=trixie
overlay=$root/guest/libc/musl
musl_cc=gcc
musl_cflags="-O2 -fno-pie -fno-stack-protector -fno-asynchronous-unwind-tables"

# --- the private apt: its own lists and sources, the machine's mirrors, proxies and credentials -----------------

apt_private() { # apt_private COMMAND ARGS...
    local command=$1
    shift
    "$command" -o Dir::Etc::sourcelist="$cache/apt/sources.list" -o Dir::Etc::sourceparts=/dev/null \
        -o Dir::State="$cache/apt/state" -o Dir::State::status=/var/lib/dpkg/status \
        -o Dir::Cache="$cache/apt/cache" -o APT::Sandbox::User=root \
        -o Acquire::Languages=none -o Acquire::Retries=2 -o Acquire::http::Timeout=30 \
        -o Acquire::https::Timeout=30 "$@"
}

# Base addresses of the Debian archives in the machine's own apt configuration, in its order.
mirrors() {
    apt-get -o Debug::NoLocking=1 update --print-uris 2>/dev/null |
        sed -nE "s#^'(.*)/dists/([^/' ]+)/InRelease'.*#\2 \1#p" |
        sed -nE 's#^(bookworm|trixie|forky|sid|oldstable|stable|testing|unstable)(-updates|-backports)? ##p' |
        awk '!seen[$0]++'
}

keyring() {
    local k
    for k in /usr/share/keyrings/debian-archive-keyring.{gpg,pgp}; do
        if [ -r "$k" ]; then
            echo "$k"
            return
        fi
    done
    die "Debian's archive keys are missing: apt-get install debian-archive-keyring"
}

apt_prepare() { # the lists of the first mirror that has the suite
    local mirror keys
    keys=$(keyring)
    mkdir -p "$cache/apt/state/lists/partial" "$cache/apt/cache/archives/partial"
    while read -r mirror; do
        echo "deb-src [signed-by=$keys] $mirror $suite main" >"$cache/apt/sources.list"
        quietly "$cache/log/sources-update.log" \
            apt_private apt-get -q -o APT::Update::Error-Mode=any update && return 0
        say "this mirror does not serve Debian $suite's sources, or cannot be reached: $mirror"
    done < <(mirrors)
    die "cannot get Debian $suite's source list from any mirror in this machine's apt configuration"
}

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
    [ -n "${lists_fresh:-}" ] || apt_prepare
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

# place TMP FINAL: make a finished directory appear under its name at once.
place() {
    chmod 755 "$1"
    mkdir -p "${2%/*}"
    rm -rf "$2"
    mv "$1" "$2"
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
    rm -rf "$cache/apt"
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
