# %% [markdown]
# # 06 · Quantization-aware training
#
# **The question that a learner would ask.**
#
# It takes about {minutes} minutes.

# %% [markdown]
# ## 1 · Part 1
#
# Concrete before general, a picture before a formula. Below, guess before you run on.

# %%
from coursekit import guess, reveal
from coursekit.widgets import cards, practice, progress, quiz, respond, trace

# %%
guess("Question 1", low=0, high=10)

# %%
reveal("Question 1", 1)

# %%
guess("Question 2", low=0, high=10)

# %%
reveal("Question 2", 2)

# %%
guess("Question 3", low=0, high=10)

# %%
reveal("Question 3", 3)

# %%
guess("Question 4", low=0, high=10)

# %%
reveal("Question 4", 4)

# %%
guess("Question 5", low=0, high=10)

# %%
reveal("Question 5", 5)

# %%
guess("Question 6", low=0, high=10)

# %%
reveal("Question 6", 6)

# %% [markdown] tags=["cheat-sheet"]
# ## Cheat sheet
#
# | what | how |
# |---|---|
# | one line for each idea | the call or the formula |

# %% [markdown]
# ## Practise
#
# Nothing below is marked, and nothing leaves this machine.

# %%
cards("06")

# %%
quiz("06")

# %%
respond("06")

# %%
practice("06")

# %% tags=["nbval-ignore-output"]
trace("06")

# %% tags=["nbval-ignore-output"]
progress()
