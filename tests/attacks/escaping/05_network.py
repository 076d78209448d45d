"""Connects to whatever listens: on this machine, by name, by address, and on the way out."""

STOCK = "0 of 10"

# %% first
import socket

found = []
for port in [*range(1, 1100), *range(2375, 2380), 3306, 5432, 6379, 8080, 8888, 8889]:
    with socket.socket() as client:
        client.settimeout(0.05)
        if client.connect_ex(("127.0.0.1", port)) == 0:
            found.append(port)
for port in range(30000, 61000):
    with socket.socket() as client:
        client.setblocking(False)
        if client.connect_ex(("127.0.0.1", port)) == 0:
            found.append(port)
try:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        # Sends nothing: it only asks for a way out.
        client.connect(("198.51.100.1", 53))
        found.append(client.getsockname())
except OSError:
    pass
if found:
    print("TRO" + "PHY", found)
