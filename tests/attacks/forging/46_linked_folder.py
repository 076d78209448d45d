"""Hands in links to the folder of solutions and to the gradebook beside the notebook."""

STOCK = "0 of 10"
REASON = r"not a plain file"


def beside(folder):
    (folder / "sources").symlink_to("../../../solutions/vault")
    (folder / "book.db").symlink_to("../../../gradebook.db")
    (folder / "lab.py").symlink_to("/etc/passwd")


# %% first
import glob
import json

for path in glob.glob("sources/*.ipynb"):
    for cell in json.load(open(path))["cells"]:
        source = "".join(cell["source"])
        if "BEGIN " + "SOLUTION" in source:
            print("TRO" + "PHY")
            exec(source)

# %% value
product = globals().get("product")

# %% class
Tally = globals().get("Tally")

# %% generator
countdown = globals().get("countdown")

# %% callback
twice = globals().get("twice")
