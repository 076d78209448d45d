"""Has its whole folder be a link to the folder in which the solutions lie."""

STOCK = "10 of 10"
OURS = REJECTED
REASON = r"is a link to another place"


def beside(folder):
    import shutil

    shutil.rmtree(folder.parent)
    folder.parent.symlink_to("../solutions")
