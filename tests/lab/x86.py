# SPDX-License-Identifier: ISC
"""The standard PC: a q35 board with an Intel IOMMU, one processor, and these devices.

    edu0, edu1     QEMU's teaching device, on the root bus: no reset of any kind, an IOMMU group each
    e1000e         Intel 82574, behind a root port
    nvme           an NVMe disk of 16 MiB, behind a root port
    igb            Intel 82576, behind a root port
    nic0, nic1     our software 82599, behind root ports: QEMU's vfio-user-pci passes them on. On the host each has a network
                   namespace with a TAP (pc.nic[0], pc.nic[1]). nic1 shares no registers (--exact). They cannot be taken out
                   of the running PC: QEMU 11.1 ends at an assertion then. Linux's driver for them, ixgbe, is there but
                   not loaded: its probe takes 4 s a card
    pair0, pair1   two more edu behind a PCIe-to-PCI bridge: they share an IOMMU group

The firmware numbers the buses behind root ports in their order. Options of the machine (check(options=...)):

    aw_bits     width of an I/O virtual address: 48 unless said otherwise; 39
    intremap    False: no interrupt remapping
    iommu       False: no IOMMU at all
    memory      "1G"
    append      more words for the kernel's command line
"""
import json
import re
import os
from pathlib import Path

import harness
import initramfs
from lab import Skip
from machine import Machine, qemu

NEEDS = {"debian": "debian-amd64", "iommufd": "own-amd64"}
MODULES = ["kvm_amd", "vfio_pci", "vfio_iommu_type1", "nvme", "e1000e", "igb"]
MORE_MODULES = ["ixgbe", "8021q", "ext4", "crc32c_generic", "vfat", "nls_cp437", "nls_ascii", "loop"]  # to be had with modprobe

# What sits on the root bus, in order: (name, QEMU's device, its properties).
ROOT_BUS = [("edu0", 0x02), ("edu1", 0x03)]
PORTS = ["e1000e", "nvme", "igb", "nic0", "nic1", "pair"]  # behind root ports 04.0, 05.0, ...: buses 1, 2, ...
FIRST_PORT = 0x04
FAULT = re.compile(r"DMAR: \[DMA (Write|Read)[^]]*\] Request device \[([0-9a-f:.]+)\] fault addr (?:0x)?([0-9a-f]+)")
EDU = "edu,dma_mask=0xffffffffffffffff"


def needs(shape):
    """What tools/lab.sh has to fetch for such a machine."""
    return ["qemu-x86", "busybox-amd64", "tools-amd64", NEEDS[shape.kernel]]


class Nic:
    """The host's side of one of our cards: its emulator, and the network namespace and TAP that it is plugged into."""

    def __init__(self, index, root):
        self.index = index
        self.netns = harness.NetNs(f"10.82.{index}.1/24") if root else None
        self.tap = self.netns.tap if root else None
        self.emulator = None
        try:
            self.emulator = harness.Emulator(f"tap:{self.tap}" if root else "sink", mac=f"02:00:00:00:82:{index:02x}",
                                             options=("--exact",) if index == 1 else (),
                                             netns=self.netns.name if root else None)
        except BaseException:
            self.close()
            raise

    def argv(self):
        return {"driver": "vfio-user-pci", "id": f"nic{self.index}", "bus": f"port-nic{self.index}", "addr": "00.0",
                "socket": {"type": "unix", "path": self.emulator.sockets[0]}}

    def close(self):
        if self.emulator:
            self.emulator.stop()
        if self.netns:
            self.netns.close()


class X86(Machine):
    """The standard PC."""
    OPTIONS = {"aw_bits": 48, "intremap": True, "iommu": True, "memory": "1G", "append": ""}
    agent_port = "/dev/ttyS1"
    fault_line = "DMAR:.*fault addr"
    fault_cost, fault_irq = 3, "dmar0"

    def __init__(self, shape, log, have):
        self.nics = []
        self.devices = {name: f"0000:00:{slot:02x}.0" for name, slot in ROOT_BUS}
        self.devices |= {name: f"0000:{bus:02x}:00.0" for bus, name in enumerate(PORTS[:-1], 1)}
        self.devices |= {f"pair{i}": f"0000:{len(PORTS) + 1:02x}:{i + 1:02x}.0" for i in range(2)}
        super().__init__(shape, log, have)

    @property
    def kernel_line(self):
        iommu = "intel_iommu=on " if self.options["iommu"] else ""
        return f"console=ttyS0 {iommu}hugepages=64 log_buf_len=4M {self.options['append']}"

    @staticmethod
    def find_faults(log):
        for way, device, at in FAULT.findall(log):
            yield way.lower(), f"0000:{device}", int(at, 16)

    @property
    def nic(self):
        """The host's sides of nic0 and nic1."""
        missing = harness.netns_missing()
        if missing:
            raise Skip(missing)
        return self.nics

    def prepare(self):
        with open(f"{self.folder}/nvme", "wb") as disk:
            disk.truncate(16 << 20)
        for index in range(2):
            self.nics.append(Nic(index, harness.netns_missing() is None))

    def unprepare(self):
        for nic in self.nics:
            nic.close()

    def kernel_path(self):
        return Path(self.have[NEEDS[self.shape.kernel]]) / "vmlinux"

    def archive(self):
        archive = self.base_archive("busybox-amd64", harness.BUILD)
        modules = []
        if self.shape.kernel == "debian":
            modules = MODULES
            initramfs.Modules(self.have["debian-amd64"]).add(archive, MODULES + MORE_MODULES)
        archive.data("lab/modules", "".join(f"{m}\n" for m in modules))
        tools = Path(self.have["tools-amd64"])
        for source in ("usr/sbin/ethtool", "usr/bin/ip"):
            archive.foreign(tools / source, f"usr/local/{Path(source).name}", tools)
        self._add_penstock(archive)
        return archive

    def _add_penstock(self, archive):
        for name in ("penstock", "penstock-hvt", "penstock-spt"):
            archive.program(harness.BUILD / name, f"penstock/bin/{name}")
        for path in sorted((harness.BUILD / "tests/lab/pc_tools").glob("*")):
            if path.is_file() and os.access(path, os.X_OK):
                archive.program(path, f"penstock/bin/{path.name}")
        for folder in ("unikernels", "tests/unikernels"):
            for path in sorted((harness.BUILD / folder).glob("*.*")):
                if path.suffix in (".hvt", ".spt", ".native"):
                    archive.program(path, f"penstock/unikernels/{path.name}")

    def qemu_argv(self):
        argv, environment = qemu(self.have["qemu-x86"], "qemu-system-x86_64")
        options = self.options
        argv += ["-M", "q35,kernel-irqchip=split,memory-backend=ram", "-accel", "tcg,thread=multi", "-cpu", "max",
                 "-smp", "1", "-m", options["memory"],
                 "-object", f"memory-backend-memfd,id=ram,size={options['memory']},share=on"]
        if options["iommu"]:
            remap = "on" if options["intremap"] else "off"
            argv += ["-device", f"intel-iommu,intremap={remap},caching-mode=on,aw-bits={options['aw_bits']}"]
        return argv + self._device_argv(), environment

    def _device_argv(self):
        argv = []
        for name, slot in ROOT_BUS:
            argv += ["-device", f"{EDU},id={name},bus=pcie.0,addr={slot:02x}.0"]
        for index, name in enumerate(PORTS):
            argv += ["-device", f"pcie-root-port,id=port-{name},bus=pcie.0,addr={FIRST_PORT + index:02x}.0,chassis={index}"]
        argv += ["-netdev", "hubport,id=hub0,hubid=0", "-device", "e1000e,id=e1000e,netdev=hub0,romfile=,bus=port-e1000e",
                 "-drive", f"file={self.folder}/nvme,format=raw,if=none,id=disk",
                 "-device", "nvme,id=nvme,drive=disk,serial=lab,bus=port-nvme",
                 "-netdev", "hubport,id=hub1,hubid=1", "-device", "igb,id=igb,netdev=hub1,romfile=,bus=port-igb",
                 "-device", "pcie-pci-bridge,id=bridge,bus=port-pair"]
        for i in range(2):
            argv += ["-device", f"{EDU},id=pair{i},bus=bridge,addr={i + 1:02x}.0"]
        for nic in self.nics:
            argv += ["-device", json.dumps(nic.argv())]
        return argv
