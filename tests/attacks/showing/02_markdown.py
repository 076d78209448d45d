"""Writes markdown cells with raw HTML, script links, and pictures from elsewhere."""

STOCK = "0 of 10; its script stands in the feedback"

# %% [markdown] first
# <script>PWNED()</script>
# <img src=x onerror=PWNED()>
#
# [click](javascript:PWNED()) [click](<java
# script:PWNED()>) [click](data:text/html;base64,PHNjcmlwdD5QV05FRCgpPC9zY3JpcHQ+)
#
# ![seen](https://pwned.invalid/PWNED.png) ![seen][ref] <javascript:PWNED()>
#
# [ref]: https://pwned.invalid/PWNED.png "onerror=PWNED()"
#
# <svg><animate onbegin=PWNED() attributeName=x dur=1s></svg>
#
# `<img src=x onerror=PWNED()>` $$\href{javascript:PWNED()}{x}$$
#
# <div style="position:fixed;inset:0;background:url(//pwned.invalid/PWNED)">10 of 10</div>

# %% [markdown] last
# <details><summary>x</summary>
#
# <input class="score" value="10" onfocus=PWNED() autofocus>
#
# </details>
#
# # <img src=x onerror=PWNED()>
#
# | <script>PWNED()</script> | b |
# | --- | --- |
# | <img src=x onerror=PWNED()> | [a](javascript:PWNED()) |
#
# ```PWNED" onmouseover="PWNED()
# x
# ```
