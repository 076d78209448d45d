"""Leaves a tree behind that is hard to remove: deep, unreadable, with odd names and pipes."""

STOCK = "0 of 10"

# %% first
import os

start = os.getcwd()
for number in range(1500):
    os.mkdir("d" * 50)
    os.chdir("d" * 50)
os.mkfifo("pipe")
os.chdir(start)
for name in (b"\xff\xfe", b"new\nline", b"-rf", b" ", b"\x1b[2J"):
    os.mkdir(name)
    open(os.path.join(name, b"file"), "w").close()
    os.chmod(name, 0)
os.chmod("d" * 50, 0)
os.chmod(".", 0)
