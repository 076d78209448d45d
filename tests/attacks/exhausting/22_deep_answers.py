"""Answers with lists that are nested 100,000 deep, hold themselves, or double at every level."""

STOCK = "no mark"


# %% first
def doubled(levels):
    thing = [0]
    for _ in range(levels):
        thing = [thing, thing]
    return thing


# %% value
product = []
for _ in range(100_000):
    product = [product]


# %% function
def halve(values):
    own = []
    own.append(own)
    return own


# %% class
class Tally:
    def add(self, number):
        pass

    def mean(self):
        return doubled(60)


# %% generator
def countdown(n):
    yield doubled(60)


# %% callback
def twice(f, x):
    return f(doubled(60))
