"""Names and texts that Rich would take for markup when it prints the notes."""

STOCK = "0 of 10"
REASON = r"\[bold red\]"


def beside(folder):
    (folder / "[bold red]10 of 10[link=file:etc].ipynb").write_text("{}")
    (folder / "[[red].ipynb").write_text("{}")


# %% first
print("[bold red]x[/bold red] [link=https://pwned.invalid/PWNED]x[/link] [/] [[]")
