# SPDX-License-Identifier: ISC
"""The aarch64 machine: QEMU's `virt` board with an SMMUv3, one processor, and these devices.

    edu0, edu1     QEMU's teaching device, on the root bus: no reset of any kind, an IOMMU group each
    pair0, pair1   one more edu and a virtio-rng, as functions of one device: they share an IOMMU group
    e1000e         Intel 82574, on the root bus

None of them has a driver at the start. Debian's kernel alone: our own small one is not built for aarch64, so the IOMMU is
reached through type1. The programs in it are those of build/aarch64 (./dev build --arch=aarch64): native unikernels and what
the checks need. Options of the machine (check(options=...)):

    memory      "1G"
    append      more words for the kernel's command line
"""
import re
from pathlib import Path

import harness
import initramfs
from machine import Machine, qemu

NEEDS = {"debian": "debian-arm64"}
MODULES = ["vfio_pci", "vfio_iommu_type1"]
PROGRAMS = harness.BUILD / "aarch64"

# An event record (Arm IHI 0070, 7.3) as the kernel prints it: F_TRANSLATION or F_PERMISSION of a stream (a PCI function),
# whether it was a read, and the address.
FAULT = re.compile(r"event 0x1[03] received:\n.*0x([0-9a-f]{8})000000[0-9a-f]{2}\n.*0x([0-9a-f]{16})\n.*0x([0-9a-f]{16})\n")

ROOT_BUS = [("edu0", 0x02), ("edu1", 0x03)]
PAIR, E1000E = 0x04, 0x05
EDU = "edu,dma_mask=0xffffffffffffffff"


def needs(shape):
    """What tools/lab.sh has to fetch for such a machine."""
    return ["qemu-arm", "busybox-arm64", NEEDS[shape.kernel]]


class Arm64(Machine):
    """The aarch64 machine."""
    OPTIONS = {"memory": "1G", "append": ""}
    agent_port = "/dev/ttyAMA1"
    fault_line = "arm-smmu-v3 .*event 0x"
    fault_cost, fault_irq = 1, None

    def __init__(self, shape, log, have):
        self.devices = {name: f"0000:00:{slot:02x}.0" for name, slot in ROOT_BUS}
        self.devices |= {f"pair{i}": f"0000:00:{PAIR:02x}.{i}" for i in range(2)}
        self.devices["e1000e"] = f"0000:00:{E1000E:02x}.0"
        super().__init__(shape, log, have)
        self.ok(f"echo {self.devices['pair1']} >/sys/bus/pci/drivers/virtio-pci/unbind")
        # As a PC's firmware leaves them: they answer at their addresses.
        self.ok("; ".join(f"for n in 1 0; do echo $n >{self.sysfs(name)}/enable; done" for name in self.devices))

    @property
    def kernel_line(self):
        return f"console=ttyAMA0 hugepages=64 log_buf_len=4M {self.options['append']}"

    @staticmethod
    def find_faults(log):
        for stream, what, at in FAULT.findall(log):
            function = int(stream, 16)
            way = "read" if int(what, 16) >> 35 & 1 else "write"
            yield way, f"0000:{function >> 8:02x}:{function >> 3 & 31:02x}.{function & 7}", int(at, 16)

    def kernel_path(self):
        return next(Path(self.have[NEEDS[self.shape.kernel]]).glob("boot/vmlinuz-*"))

    def archive(self):
        archive = self.base_archive("busybox-arm64", PROGRAMS)
        initramfs.Modules(self.have["debian-arm64"]).add(archive, MODULES)
        archive.data("lab/modules", "".join(f"{m}\n" for m in MODULES))
        for path in sorted((PROGRAMS / "tests/lab/pc_tools").iterdir()):
            if path.is_file() and path.stat().st_mode & 0o111:
                archive.file(path, f"penstock/bin/{path.name}")
        for folder in ("unikernels", "tests/unikernels"):
            for path in sorted((PROGRAMS / folder).glob("*.native")):
                archive.file(path, f"penstock/unikernels/{path.name}")
        return archive

    def qemu_argv(self):
        argv, environment = qemu(self.have["qemu-arm"], "qemu-system-aarch64")
        argv += ["-M", "virt,virtualization=on,gic-version=3,iommu=smmuv3", "-accel", "tcg,thread=multi",
                 "-cpu", "max,pauth-impdef=on", "-smp", "1", "-m", self.options["memory"]]
        for name, slot in ROOT_BUS:
            argv += ["-device", f"{EDU},id={name},bus=pcie.0,addr={slot:02x}.0"]
        for i, what in enumerate((EDU, "virtio-rng-pci,disable-legacy=on,iommu_platform=on")):
            argv += ["-device", f"{what},id=pair{i},bus=pcie.0,addr={PAIR:02x}.{i},multifunction=on"]
        argv += ["-netdev", "hubport,id=hub0,hubid=0",
                 "-device", f"e1000e,id=e1000e,netdev=hub0,romfile=,bus=pcie.0,addr={E1000E:02x}.0"]
        return argv, environment
