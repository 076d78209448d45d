"""Traces its parent, and reads and writes the memory of other processes."""

STOCK = "0 of 10; it gets what it is after"

# %% first
import ctypes
import os

libc = ctypes.CDLL(None, use_errno=True)
PTRACE_ATTACH, PTRACE_SEIZE, PTRACE_DETACH = 16, 0x4206, 17


class Vector(ctypes.Structure):
    _fields_ = [("base", ctypes.c_void_p), ("length", ctypes.c_size_t)]


buffer = ctypes.create_string_buffer(16)
mine = Vector(ctypes.addressof(buffer), 16)
theirs = Vector(id(object), 16)
for target in {os.getppid(), 1, 2, 3} - {os.getpid(), 0}:
    for request in (PTRACE_SEIZE, PTRACE_ATTACH):
        if libc.ptrace(request, target, None, None) == 0:
            print("TRO" + "PHY")
            libc.ptrace(PTRACE_DETACH, target, None, None)
    for call in (libc.process_vm_readv, libc.process_vm_writev):
        if call(target, ctypes.byref(mine), 1, ctypes.byref(theirs), 1, 0) > 0:
            print("TRO" + "PHY")
