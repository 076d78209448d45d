"""Hands in a link to the folder of solutions instead of a folder."""

STOCK = "10 of 10"
OURS = REJECTED
REASON = r"is a link to another place"


def beside(folder):
    import shutil

    shutil.rmtree(folder)
    folder.symlink_to("../../solutions/vault")
