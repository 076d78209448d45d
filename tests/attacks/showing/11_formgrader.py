"""Outputs and headings that imitate Formgrader's own fields and scripts, to change a mark.

Formgrader finds its input fields by id and class.
"""

STOCK = "0 of 10; its script stands in the feedback"

# %% first
from IPython.display import HTML, Markdown, display

FIELD = (
    "<input class='score' id='PWNED' data-bb='PWNED' value='10'>"
    "<div id='PWNED' class='nbgrader_cell PWNED' data-score='10'></div>"
    "<button id='PWNED' name='PWNED' formaction='/formgrader/api/grade/PWNED'>save</button>"
)
display(HTML(FIELD))
display(Markdown(FIELD))
display(Markdown("# PWNED\n\n## <span id='PWNED'>x</span>"))
