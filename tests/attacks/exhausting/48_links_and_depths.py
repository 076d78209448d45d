"""Hands in 3,000 links, and a hundred folders in each other."""

STOCK = "0 of 10"
REASON = r"2,990 more(.|\n)*deeper folders"


def beside(folder):
    import os

    for number in range(3000):
        (folder / f"link{number}").symlink_to("/etc/passwd")
    below = os.open(folder, os.O_RDONLY)
    for _ in range(100):
        os.mkdir("d", dir_fd=below)
        below, above = os.open("d", os.O_RDONLY, dir_fd=below), below
        os.close(above)
    os.close(below)
