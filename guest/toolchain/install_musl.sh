#!/bin/sh
# SPDX-License-Identifier: ISC
# install_musl.sh MUSL TRIPLE: the libc of the unikernels beside what meson installs.
set -eu
root=$MESON_INSTALL_DESTDIR_PREFIX
mkdir -p "$root/include/$2" "$root/lib/$2"
cp -rT "$1/include" "$root/include/$2"
cp "$1/lib/libc.a" "$root/lib/$2/libc.a"
