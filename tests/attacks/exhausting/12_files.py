"""Makes empty files until there are no names left for them."""

STOCK = "0 of 10"

# %% first
try:
    for number in range(200_000):
        open(f"{number}", "w").close()
except OSError:
    pass
