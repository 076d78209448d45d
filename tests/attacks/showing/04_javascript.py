"""Displays JavaScript, and what Jupyter's extensions would run as such."""

STOCK = "no mark"

# %% first
from IPython.display import Javascript, display

display(Javascript("PWNED()"))
for mime in (
    "application/javascript",
    "text/javascript",
    "application/vdom.v1+json",
    "application/vnd.vega.v5+json",
    "application/vnd.plotly.v1+json",
    "application/vnd.bokehjs_exec.v0+json",
    "application/geo+json",
    "application/pdf",
    "application/vnd.jupyter.widget-view+json",
    "text/html; charset=utf-8",
    "TEXT/HTML",
    "text/vnd.mermaid",
):
    display({mime: "<script>PWNED()</script>"}, raw=True)
    display({mime: {"tagName": "script", "children": ["PWNED()"]}, "text/plain": "x"}, raw=True)
