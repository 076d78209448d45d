"""Displays SVG pictures, which are documents with scripts of their own."""

STOCK = "0 of 10; its script stands in the feedback"

# %% first
from IPython.display import SVG, display

SCRIPT = "<svg xmlns='http://www.w3.org/2000/svg' onload='PWNED()'><script>PWNED()</script></svg>"
display(SVG(SCRIPT))
display({"image/svg+xml": SCRIPT, "text/plain": "x"}, raw=True)
display({"image/png": SCRIPT, "image/jpeg": SCRIPT, "image/gif": SCRIPT}, raw=True)
display({"text/html": "<foreignObject><body onload=PWNED()></foreignObject>"}, raw=True)
