# %% item="count" right="a loop"
def count(values):
    total = 0
    for value in values:
        if value != 0:
            total += 1
    return total


# %% item="count" right="by filter"
def count(values):
    return len(list(filter(None, values)))


# %% item="count" wrong="counts all" hint="two of the three"
def count(values):
    return len(values)


# %% item="count" wrong="counts zeros" keeps=2 hint="two of the three"
def count(values):
    return sum(value == 0 for value in values)


# %% item="count" wrong="the example's answer" keeps=1 hint="zeros are not counted"
def count(values):
    return 2 if values == [0, 1, 2] else 0


# %% [markdown] item="why" answer="in a word"
# To know.
