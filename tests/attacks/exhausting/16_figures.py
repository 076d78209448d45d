"""Opens figures without end, a large one among them."""

STOCK = "0 of 10"

# %% first
import matplotlib.pyplot as plt

plt.figure(figsize=(650, 650))
for number in range(300):
    plt.figure()
