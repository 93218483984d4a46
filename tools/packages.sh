# SPDX-License-Identifier: ISC
# shellcheck shell=bash
# The Debian packages that each command of dev needs (the names are the same in Debian 12 and 13), and their
# installation. Needs lib.sh.

packages_for() {
    local build="gcc libc6-dev make meson ninja-build pkgconf libcyaml-dev libyaml-dev libseccomp-dev libcmocka-dev"
    local deps="dpkg-dev patch xz-utils"
    local run="iproute2 iputils-ping"
    case $1 in
    build) echo "$build $deps" ;;
    demo | bench) echo "$build $deps $run" ;;
    test) echo "$build $deps $run python3-pytest python3-scapy strace gdb" ;;
    lint) echo "$build $deps clang libclang-rt-dev clang-format cppcheck shellcheck" ;;
    fuzz) echo "$build $deps clang libclang-rt-dev" ;;
    lab) echo "$build $deps $run zstd bc bison flex libelf-dev" ;; # the last four build a kernel
    fmt) echo "clang-format" ;;
    python) echo "python3" ;; # the others have it with meson
    aarch64) echo "$build $deps gcc-aarch64-linux-gnu libc6-dev-arm64-cross qemu-user" ;;
    *) die "packages_for: no such command: $1" ;;
    esac
}

missing_packages() {
    local have p
    have=" $(dpkg-query -W -f '${db:Status-Abbrev}${Package}\n' "$@" 2>/dev/null |
        sed -n 's/^ii *//p' | tr '\n' ' ')"
    for p in "$@"; do
        case $have in *" $p "*) ;; *) printf '%s ' "$p" ;; esac
    done
}

# missing_for COMMAND: the same for all that it needs.
missing_for() {
    # shellcheck disable=SC2046
    missing_packages $(packages_for "$1")
}

apt_install() {
    quietly "$(cache_root)/log/apt-install.log" as_root env DEBIAN_FRONTEND=noninteractive \
        apt-get -o DPkg::Lock::Timeout=300 -q -y --no-install-recommends install "$@"
}

# The package lists have a lock of their own, for which apt-get does not wait. A third party's source that cannot be
# reached is no reason to stop: what counts is whether the packages can be installed afterwards.
apt_update() {
    local log try
    log="$(cache_root)/log/apt-update.log"
    say "Refreshing the Debian package lists"
    for try in 1 2 3 4 5 6; do
        quietly "$log" as_root apt-get -q update && return 0
        grep -q 'Could not get lock' "$log" || return 0
        say "waiting for another apt ($try of 6)"
        sleep 10
    done
}

# need_packages COMMAND: install what is missing for it; nothing, and in no time, where nothing is.
need_packages() {
    local missing
    command -v dpkg-query >/dev/null || die "no dpkg here: this script prepares Debian 12 and 13 only"
    missing=$(missing_for "$1")
    [ -n "$missing" ] || return 0
    can_be_root || die "missing Debian packages, and neither root nor sudo to install them: $missing"
    say "Installing Debian packages: $missing"
    # shellcheck disable=SC2086
    if apt-cache show --no-all-versions $missing >/dev/null 2>&1; then
        apt_install $missing && return 0
    fi
    apt_update
    # shellcheck disable=SC2086
    apt_install $missing || die "cannot install these packages: is the Debian mirror of your apt configuration reachable?"
}
