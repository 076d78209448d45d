"""Outputs that are no text: lone surrogates, noncharacters, the wrong types, invalid base64."""

STOCK = "0 of 10"

# %% first
from IPython.display import display

print("\ud800 \udfff \ufffe \x00 \x0b \x0c \x85")
display({"text/plain": "\ud800", "text/html": "<p>\ud800<script>PWNED()</script>"}, raw=True)
display({"text/html": ["<script>", "PWNED()", "</script>"], "text/plain": ["x", 1, None]}, raw=True)
display({"text/html": {"a": "<script>PWNED()</script>"}, "text/plain": 5}, raw=True)
display({"image/png": "not base64 <script>PWNED()</script>", "image/jpeg": 7}, raw=True)
display({5: "x", None: "y", "": "<script>PWNED()</script>"}, raw=True)
display({"text/plain": "x"}, raw=True, metadata={"text/html": {"<script>": "PWNED()"}})
display(
    {"text/latex": r"$\href{javascript:PWNED()}{x}\require{html}\style{x:url(//PWNED)}{}$"},
    raw=True,
)
