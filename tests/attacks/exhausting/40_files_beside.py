"""Hands in 10,000 files and 300 MB beside the notebook, in a hundred folders."""

STOCK = "0 of 10"
REASON = r"left out"


def beside(folder):
    for number in range(10_000):
        place = folder / f"{number % 100:03}"
        place.mkdir(exist_ok=True)
        (place / f"{number}.txt").touch()
    with (folder / "large.bin").open("wb") as file:
        file.truncate(300 * 10**6)
