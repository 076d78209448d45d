"""Asks for another kernel and another language, whose cells would not fail."""

STOCK = "1 of 10"
OURS = 1


def change(notebook):
    notebook.metadata.kernelspec = {
        "name": "../../bash",
        "language": "bash",
        "display_name": "sh -c true",
        "argv": ["sh", "-c", "true"],
    }
    notebook.metadata.language_info = {"name": "bash", "file_extension": ".sh"}


# %% value
product = 90001 * 90007
