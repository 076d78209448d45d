"""Writes into the installed packages and the interpreter's own library."""

STOCK = "not measured: it would write into the installed packages"

# %% first
import os
import sys

for folder in {
    *sys.path,
    os.path.dirname(os.__file__),
    os.path.dirname(torch.__file__) if "torch" in globals() else ".",
}:
    if not folder or os.path.realpath(folder) == os.path.realpath(".") or not os.path.isdir(folder):
        continue
    path = os.path.join(folder, "sitecustomize.py")
    if folder.startswith(("/tmp", "/dev")) or os.path.exists(path):
        continue
    try:
        with open(path, "w") as file:
            file.write("# was here\n")
        os.unlink(path)
        print("TRO" + "PHY", folder)
    except OSError:
        pass
