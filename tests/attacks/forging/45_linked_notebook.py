"""Hands in a link to the teacher's own notebook, solutions and all, instead of a notebook."""

STOCK = "10 of 10"
OURS = REJECTED
REASON = r"not a plain file"


def beside(folder):
    (folder / "vault.ipynb").unlink()
    (folder / "vault.ipynb").symlink_to("../../../solutions/vault/vault.ipynb")
