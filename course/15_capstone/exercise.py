# %% [markdown]
# # 15 · Capstone: exercise
#
# Each item says what to write, and where the lesson has it.

# %% given=true
numbers = [0, 1, 2]

# %% [markdown]
# ## 1 · Count (3 points)
#
# Write `count(values)`: how many are not zero.


# %% item="count" answers=["count"]
### BEGIN SOLUTION
def count(values):
    return sum(value != 0 for value in values)


### END SOLUTION

# %% test="count" points=1
assert count(numbers) == 2, "two of the three are not zero"

# %% test="count" points=2
assert count([]) == 0, "nothing in, nothing to count"
### BEGIN HIDDEN TESTS
assert count([5, 0, 0, -1]) == 2, "zeros are not counted"
### END HIDDEN TESTS

# %% [markdown]
# ## 2 · Why (2 points)
#
# What is counted, and why?

# %% [markdown] item="why" manual=true points=2
# ### BEGIN SOLUTION
# The model answer, by which teachers mark.
# ### END SOLUTION
