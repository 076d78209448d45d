"""Opens what the kernel lets root change: core patterns, control groups, module paths, memory."""

STOCK = "0 of 10; it gets what it is after"

# %% first
import os

for path in (
    "/proc/sys/kernel/core_pattern",
    "/proc/sys/kernel/modprobe",
    "/proc/sys/kernel/hostname",
    "/proc/sys/vm/overcommit_memory",
    "/proc/sysrq-trigger",
    "/sys/fs/cgroup/release_agent",
    "/sys/fs/cgroup/cgroup.procs",
    "/sys/kernel/uevent_helper",
    "/dev/mem",
    "/dev/kmsg",
    "/dev/vda",
    "/dev/sda",
    "/dev/nvme0n1",
    "/dev/kvm",
    "/dev/fuse",
    "/dev/net/tun",
    "/dev/loop-control",
):
    try:
        # Only opened: nothing is written.
        os.close(os.open(path, os.O_WRONLY))
        print("TRO" + "PHY", path)
    except OSError:
        pass
for kind, numbers in ((0o060000, (254, 0)), (0o020000, (1, 1))):
    try:
        os.mknod("device", kind | 0o600, os.makedev(*numbers))
        os.close(os.open("device", os.O_RDONLY))
        print("TRO" + "PHY", oct(kind))
    except OSError:
        pass
