"""Looks into the teacher's home and the system's own files: keys, tokens, passwords."""

STOCK = "0 of 10; it gets what it is after"

# %% first
import glob
import os
import pwd

for entry in pwd.getpwall():
    for name in (".ssh/*", ".netrc", ".bash_history", ".gitconfig", ".jupyter/*", ".pypirc"):
        for path in glob.glob(os.path.join(entry.pw_dir, name)):
            if os.path.isfile(path) and os.access(path, os.R_OK):
                print("TRO" + "PHY")
for path in ("/etc/shadow", "/etc/sudoers", "/proc/1/environ", "/root/.ssh", "/var/log/syslog"):
    try:
        os.listdir(path) if os.path.isdir(path) else open(path, "rb").read(1)
    except OSError:
        continue
    if path != "/proc/1/environ":
        print("TRO" + "PHY", path)
