"""Adds a graded cell of its own, worth 90 points."""

STOCK = "no mark"


def change(notebook):
    import nbformat

    cell = nbformat.v4.new_code_cell("assert True", id="bonus")
    cell.metadata.nbgrader = {
        "schema_version": 3,
        "grade_id": "bonus",
        "grade": True,
        "solution": False,
        "locked": True,
        "task": False,
        "points": 90,
    }
    cell.metadata.course = {"item": "bonus", "answers": ["bonus"]}
    notebook.cells.append(cell)
