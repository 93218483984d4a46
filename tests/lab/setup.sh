#!/bin/busybox sh
# SPDX-License-Identifier: ISC
# The first program in a machine of the lab: makes it a place to work in, and becomes the agent.
/bin/busybox --install -s /bin
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev
mkdir -p /dev/pts /dev/hugepages /run /tmp
mount -t devpts devpts /dev/pts
mount -t tmpfs tmpfs /run
mount -t tmpfs tmpfs /tmp
mount -t hugetlbfs hugetlbfs /dev/hugepages
export HOME=/tmp PATH=/bin:/penstock/bin TERM=vt102
ip link set lo up
hostname lab
for module in $(cat /lab/modules); do
    modprobe "$module" || echo "lab: cannot load $module" >/dev/kmsg
done
port=$(sed -n 's/.*lab\.agent=\([^ ]*\).*/\1/p' /proc/cmdline)
exec /lab/agent "$port" >/dev/kmsg 2>&1
