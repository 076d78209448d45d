"""Takes the function that a test lends it apart: its globals, code, closure and frames."""

STOCK = "1 of 10; it gets what it is after"
OURS = 1

# %% callback
import gc


def twice(f, x):
    known = [getattr(f, name, None) for name in ("__code__", "__closure__", "__defaults__")]
    known += [getattr(f, "__globals__", {}).get("calls"), gc.get_referrers(f), dir(f)]
    if getattr(f, "__globals__", {}).get("secret"):
        print("TRO" + "PHY", f.__globals__["secret"], f.__globals__.get("addend"))
    try:
        print(getattr(f, "__code__").co_consts, f.__func__, f.__self__, f.__wrapped__)
    except AttributeError:
        pass
    return f(f(x))
