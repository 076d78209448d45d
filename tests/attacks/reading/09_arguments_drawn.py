"""Shows the arguments of hidden tests in what is displayed later: a figure, HTML, a result."""

STOCK = "0 of 10"

# %% first
import matplotlib.pyplot as plt

seen = []


# %% function
def halve(values):
    seen.append(str(values))
    plt.figure(num=str(values)).text(0, 0, str(values))
    return values


# %% last
from IPython.display import HTML, Image, display

figure = plt.figure()
figure.text(0, 0.5, "\n".join(seen))
plt.show()
display(HTML(f"<p title='{seen}'>{''.join(seen)}</p>"))
display(Image(data=b"\x89PNG" + "".join(seen).encode(), format="png"))
display({"text/plain": str(seen), "application/json": seen}, raw=True, metadata={"seen": seen})
seen
