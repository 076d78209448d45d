# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Review
#
# **What you learnt comes back here, from all lessons, shortly before you would forget it.** Press Shift+Enter to run
# a cell. Five minutes a day are worth more than an hour a week.
#
# ## The cards that are due
#
# One deck for all lessons. A lesson's cards come in once you have turned them there for the first time. Each button
# says when the card comes back; *Undo* takes the last one back. If you use the flashcard program Anki, *All cards for
# Anki* downloads a file for its *File → Import*. Import a newer one later: cards are brought up to date, and Anki keeps
# its own schedule.

# %%
from coursekit.learn.widgets import cards

cards()

# %% [markdown]
# ## What was wrong, again
#
# What you got wrong in a quiz or in practice is asked again three days later, with other numbers where the problem draws
# them, until you get it right then.

# %%
from coursekit.learn.widgets import again

again()

# %% [markdown]
# ## How far you are, and taking it with you
#
# *Download* puts all of it into one small file; on another machine, or in tomorrow's Binder, *Upload* adds what that
# file holds. Nothing that is there already is lost or counted twice.

# %% tags=["nbval-ignore-output"]
from coursekit.learn.widgets import progress

progress()

# %% [markdown]
# [Start page](start.ipynb)
