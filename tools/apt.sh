# SPDX-License-Identifier: ISC
# shellcheck shell=bash
# Packages of other Debian suites and architectures, fetched with an apt of its own: own lists, own idea of what is
# installed (nothing), but the machine's mirrors, proxies and credentials. Nothing is installed on the system, and nobody
# has to be root. Needs lib.sh.
#
#   apt_open FOLDER TYPE ARCH SUITE...   read the lists of these suites; the first is preferred. False where no mirror
#                                        in the machine's configuration has them all. TYPE is deb or deb-src.
#   apt_private COMMAND ARGS...          apt-get or apt-cache on what was opened last
#   apt_version PACKAGE                  the version it would take, or nothing
#   apt_unpack DIR closure|alone PACKAGE...
#                                        download the packages, with closure all that they depend on (recommendations left
#                                        out), and unpack them in DIR; DIR/packages names them. False where that fails.
#   apt_close                            remove the lists and what was downloaded
#
# The suites' Release files are authenticated against Debian's archive keys, the packages against those.

# Base addresses of the Debian archives in the machine's own apt configuration, in its order.
apt_mirrors() {
    apt-get -o Debug::NoLocking=1 update --print-uris 2>/dev/null |
        sed -nE "s#^'(.*)/dists/([^/' ]+)/InRelease'.*#\2 \1#p" |
        sed -nE 's#^(bookworm|trixie|forky|sid|oldstable|stable|testing|unstable)(-updates|-backports)? ##p' |
        awk '!seen[$0]++'
}

apt_keyring() {
    local k
    for k in /usr/share/keyrings/debian-archive-keyring.{gpg,pgp}; do
        if [ -r "$k" ]; then
            echo "$k"
            return
        fi
    done
    die "Debian's archive keys are missing: apt-get install debian-archive-keyring"
}

apt_private() {
    local command=$1
    shift
    "$command" -o Dir::Etc::sourcelist="$apt_folder/sources.list" -o Dir::Etc::sourceparts=/dev/null \
        -o Dir::Etc::preferences=/dev/null -o Dir::Etc::preferencesparts=/dev/null \
        -o Dir::State="$apt_folder/state" -o Dir::State::status="$apt_folder/status" \
        -o Dir::Cache="$apt_folder/cache" -o APT::Sandbox::User=root \
        -o APT::Architecture="$apt_arch" -o APT::Architectures="$apt_arch" -o APT::Default-Release="$apt_suite" \
        -o Acquire::Languages=none -o Acquire::Retries=2 -o Acquire::http::Timeout=30 \
        -o Acquire::https::Timeout=30 "$@"
}

apt_open() {
    local type=$2 mirror keys suite
    apt_folder=$1 apt_arch=$3
    shift 3
    apt_suite=$1
    keys=$(apt_keyring) || exit 1
    mkdir -p "$apt_folder/state/lists/partial" "$apt_folder/cache/archives/partial"
    : >"$apt_folder/status"
    while read -r mirror; do
        for suite in "$@"; do
            echo "$type [signed-by=$keys] $mirror $suite main"
        done >"$apt_folder/sources.list"
        quietly "$(cache_root)/log/apt-lists.log" \
            apt_private apt-get -q -o APT::Update::Error-Mode=any update && return 0
        say "this mirror does not serve Debian $* ($type, $apt_arch), or cannot be reached: $mirror"
    done < <(apt_mirrors)
    return 1
}

apt_close() { rm -rf "$apt_folder"; }

apt_version() {
    apt_private apt-cache policy "$1" 2>/dev/null | sed -n 's/^  Candidate: //p' | grep -v '^(none)$'
}

apt_unpack() {
    local dir=$1 what=$2 log deb
    shift 2
    log=$(cache_root)/log/apt-unpack.log
    rm -f "$apt_folder"/cache/archives/*.deb
    if [ "$what" = closure ]; then
        quietly "$log" apt_private apt-get -q -y --no-install-recommends --download-only install "$@" || return 1
    else
        (cd "$apt_folder/cache/archives" && quietly "$log" apt_private apt-get -q download "$@") || return 1
    fi
    # As on a Debian with one /usr: some packages still name the folders that are links there.
    mkdir -p "$dir"/usr/{bin,sbin,lib,lib64}
    ln -sfn -t "$dir" usr/{bin,sbin,lib,lib64}
    for deb in "$apt_folder"/cache/archives/*.deb; do
        quietly "$log" dpkg-deb -x "$deb" "$dir" || return 1
        # shellcheck disable=SC2016
        dpkg-deb -W --showformat='${Package} ${Version} ${Architecture}\n' "$deb" >>"$dir/packages"
        rm "$deb"
    done
}
