"""Every test stands in the file three times, once with an assert that holds."""

STOCK = "no mark; those after it are not graded"
OURS = 1
REASON = r"3 copies of test test-value-1"


def change(notebook):
    import copy

    for cell in list(notebook.cells):
        if cell.get("id", "").startswith("test-"):
            for number in range(2):
                twin = copy.deepcopy(cell)
                twin.id = f"{cell.id}-{number}"
                twin.source = "assert True"
                notebook.cells.append(twin)


# %% value
product = 90001 * 90007
