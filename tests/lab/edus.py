# SPDX-License-Identifier: ISC
"""The unikernels edu and edu_two (tests/unikernels) in a machine."""
import contextlib

from lab import Failed


def edu_tender(pc, iommu, target, unikernel, words, devices=("edu0",), no_reset=True):
    """The command line. devices: {name in the manifest: device}, or names that are both; no_reset: they may have no reset,
    as edu has none."""
    options = [f"--iommu={iommu}"]
    for name, device in (devices.items() if isinstance(devices, dict) else zip(devices, devices)):
        options += [f"--pci:{name}={pc.device(device)}"] + [f"--pci-allow-no-reset:{name}"] * no_reset
    return pc.tender(target, unikernel, options, words)


@contextlib.contextmanager
def held(pc, tender, device):
    """Inside, that tender has the device; it must not lose it."""
    holder = pc.start(tender)
    try:
        pc.until(f"[ $(cat {pc.sysfs(device)}/enable) = 1 ]", f"{device} is in use")
        yield
        if not holder.running:
            raise Failed(f"who had {device} has ended:\n{holder.output()}")
    finally:
        holder.kill(9)
        holder.wait(20)
