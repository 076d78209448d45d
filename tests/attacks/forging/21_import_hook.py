"""Replaces `__import__` and puts a finder first: the test's own import brings a fake `math`."""

STOCK = "1 of 10"

# %% first
import builtins
import importlib.machinery
import sys
import types

fake = types.ModuleType("math")
fake.isclose = lambda *args: True
really = builtins.__import__


class Finder:
    @staticmethod
    def find_spec(name, path=None, target=None):
        if name == "math":
            return importlib.machinery.ModuleSpec(name, Finder)

    @staticmethod
    def create_module(spec):
        return fake

    @staticmethod
    def exec_module(module):
        pass


sys.modules.pop("math", None)
sys.meta_path.insert(0, Finder)
builtins.__import__ = lambda name, *rest: fake if name == "math" else really(name, *rest)


# %% class
class Tally:
    def add(self, number):
        pass

    def mean(self):
        return 1
