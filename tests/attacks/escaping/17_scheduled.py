"""Leaves work for later with others: cron, at, systemd, shell profiles."""

STOCK = "0 of 10"

# %% first
import os
import subprocess

home = os.path.expanduser("~")
for path in (
    "/etc/cron.d/vault",
    "/var/spool/cron/crontabs/root",
    "/etc/profile.d/vault.sh",
    "/etc/ld.so.preload",
    "/etc/systemd/system/vault.service",
    os.path.join("/root", ".bashrc-vault"),
):
    try:
        open(path, "a").close()
        print("TRO" + "PHY", path)
    except OSError:
        pass
for command in (["crontab", "-l"], ["at", "-l"], ["systemd-run", "--user", "true"]):
    try:
        if subprocess.run(command, capture_output=True, timeout=1).returncode == 0:
            print("TRO" + "PHY", command)
    except (OSError, subprocess.TimeoutExpired):
        pass
