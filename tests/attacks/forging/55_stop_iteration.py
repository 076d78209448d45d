"""Raises what ends a loop, in every function that a test calls, and swallows what a test raises."""

STOCK = "0 of 10"


# %% function
def halve(values):
    raise StopIteration


# %% class
class Tally:
    def add(self, number):
        raise StopAsyncIteration

    def mean(self):
        raise StopIteration

    def __enter__(self):
        return self

    def __exit__(self, *error):
        return True


# %% generator
def countdown(n):
    return map(lambda x: next(iter(())), [1])


# %% callback
def twice(f, x):
    raise GeneratorExit
