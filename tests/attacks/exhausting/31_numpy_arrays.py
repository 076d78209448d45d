"""Answers with arrays of objects, of records, of odd byte order, and with negative strides."""

STOCK = "0 of 10"

# %% first
import numpy as np
from numpy.lib.stride_tricks import as_strided

# %% value
product = np.array([object(), [], None, "x"], dtype=object)


# %% function
def halve(values):
    return np.array([(1, b"x", object())], dtype=[("a", ">f8"), ("b", "S3"), ("c", "O")])


# %% tensor
mask = as_strided(np.zeros(1), (10**6, 10**6), (-8, 8**12))


# %% generator
def countdown(n):
    yield np.array(["2020-01-01"], dtype="datetime64[as]")
    yield np.memmap("own.bin", mode="w+", shape=(10**7,))
    yield np.ma.masked_array([1], mask=[True])


# %% callback
def twice(f, x):
    return f(np.longdouble("1e4000"))
