"""Says in the metadata that tests are answers and answers are tests."""

STOCK = "no mark"
OURS = 1


def change(notebook):
    for cell in notebook.cells:
        about = cell.metadata.get("nbgrader", {})
        if about:
            about["solution"] = not about["solution"]
            about["grade"] = not about["grade"]
            about["locked"] = False
            about["task"] = False


# %% value
product = 90001 * 90007
