"""Writes links that no pattern finds: in quotations, lists and definitions, from entities."""

STOCK = "0 of 10; its script stands in the feedback"

# %% [markdown] first
# > [a]:
# > javascript:PWNED()
#
# [a]
#
# - [b]:
#   javascript:PWNED()
#
# [b]
#
# 1. > [c]:
#    > <javascript:PWNED()>
#
# [c]

# %% [markdown] last
# > [d]:
# > &#106;avascript:PWNED()
#
# [d]
#
# > [e](
# > java&#9;script:PWNED())
#
# > [f]:
# > data:text/html,PWNED()
#
# [f]
#
# &#36;\&#104;ref{javascript:PWNED()}{x}&#36;
