"""Displays a picture of a few bytes that would take 40 GB in a browser."""

STOCK = "0 of 10"

# %% first
import base64
import struct
import zlib

from IPython.display import Image, display


def chunk(kind, data):
    body = kind + data
    return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))


header = struct.pack(">IIBBBBB", 100_000, 100_000, 8, 6, 0, 0, 0)
picture = (
    b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(10**6)))
)
display(Image(data=picture + chunk(b"IEND", b""), format="png"))
display(
    {"text/html": f"<img src='data:image/png;base64,{base64.b64encode(picture).decode()}'>"},
    raw=True,
)
