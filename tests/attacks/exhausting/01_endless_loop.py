"""Never ends."""

STOCK = "0 of 10"
REASON = r"interrupt|time|stopped|more than"

# %% first
while True:
    pass
