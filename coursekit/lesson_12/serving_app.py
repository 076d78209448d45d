"""The server of lesson 12: a model behind HTTP, whose requests are run in batches.

`python -m coursekit.lesson_12.serving_app LINE NAME=FILE…` serves ONNX files on a free port of this
machine, says on its first line which one, and ends when its standard input does: with who started
it. From LINE requests on none is taken into the queue any more: better no than much too late.
"""

from __future__ import annotations

import asyncio
import os
import socket
import sys
import threading
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

import numpy as np
import onnxruntime as ort
import uvicorn
from fastapi import FastAPI, HTTPException, Request

PIXELS = 784


class Batcher:
    """Runs requests that wait together as one batch, of at most `most`."""

    def __init__(
        self, run: Callable[[Sequence[np.ndarray]], list[Any]], most: int, line: int
    ) -> None:
        self.run, self.most = run, most
        self.queue: asyncio.Queue[tuple[np.ndarray, asyncio.Future[Any]]] = asyncio.Queue(line)
        self.sizes: list[int] = []

    async def answer(self, images: np.ndarray) -> Any:
        future = asyncio.get_running_loop().create_future()
        self.queue.put_nowait((images, future))  # raises QueueFull
        return await future

    async def work(self) -> None:
        while True:
            batch = [await self.queue.get()]  # sleeps until there is a request
            while self.queue.qsize() and len(batch) < self.most:
                batch.append(self.queue.get_nowait())
            self.sizes.append(len(batch))
            images, futures = zip(*batch, strict=True)
            outputs: list[Any]
            try:  # in a thread: meanwhile the loop takes requests
                outputs = await asyncio.to_thread(self.run, images)
            except Exception as problem:
                outputs = [problem] * len(batch)
            for future, output in zip(futures, outputs, strict=True):
                if not future.done():  # the client may have gone
                    if isinstance(output, Exception):
                        future.set_exception(output)
                    else:
                        future.set_result(output)


def session(path: str) -> ort.InferenceSession:
    """An ONNX file on one thread of the CPU."""
    options = ort.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    return ort.InferenceSession(path, options, providers=["CPUExecutionProvider"])


def make_app(models: dict[str, ort.InferenceSession], line: int) -> FastAPI:
    """The first of the models answers, until another one is chosen; `line` requests may wait."""
    now = {"version": next(iter(models))}

    def run(pages: Sequence[np.ndarray]) -> list[Any]:
        version, began = now["version"], time.perf_counter()
        (logits,) = models[version].run(None, {"images": np.concatenate(pages)})
        taken = 1000 * (time.perf_counter() - began)
        ends = np.cumsum([len(page) for page in pages])[:-1]
        return [(version, its.tolist(), taken) for its in np.split(logits.argmax(1), ends)]

    batcher = Batcher(run, 1, line)

    @asynccontextmanager
    async def life(app: FastAPI) -> AsyncIterator[None]:
        worker = asyncio.create_task(batcher.work())
        yield
        worker.cancel()

    app = FastAPI(lifespan=life)

    @app.post("/predict")
    async def predict(request: Request) -> dict[str, Any]:
        body = await request.body()
        if not body or len(body) % PIXELS:
            raise HTTPException(422, f"send {PIXELS} bytes for each image, not {len(body)}")
        images = np.frombuffer(body, np.uint8).reshape(-1, 1, 28, 28).astype(np.float32) / 255
        try:
            version, classes, taken = await batcher.answer(images)
        except asyncio.QueueFull:
            raise HTTPException(503, "too many requests wait") from None
        return {"classes": classes, "version": version, "model_ms": taken}

    @app.post("/use/{version}")
    async def use(version: str, most: int = 1) -> dict[str, Any]:
        if version not in models or most < 1:
            raise HTTPException(404, "no such version, or no such batch")
        before, now["version"] = now["version"], version
        batcher.most, batcher.sizes = most, []
        return {"before": before, "now": version}

    @app.get("/sizes")
    async def sizes() -> list[int]:
        return batcher.sizes

    return app


def main() -> None:
    """Serves until standard input ends."""
    line, *files = sys.argv[1:]
    models = {name: session(path) for name, path in (file.split("=", 1) for file in files)}
    # By default uvicorn hangs up after five idle seconds. A load on a slow machine idles longer.
    app = make_app(models, int(line))
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning", timeout_keep_alive=3600))
    # asyncio turns Nagle's algorithm off for sockets that name TCP. With it each answer, which goes
    # out in two parts, waits 40 ms for the client's acknowledgement.
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.bind(("127.0.0.1", 0))
    listening.listen(256)
    print(listening.getsockname()[1], flush=True)

    def end_with_parent() -> None:
        sys.stdin.read()
        server.should_exit = True
        # A request that never ends must not keep the process.
        threading.Timer(2, os._exit, (0,)).start()

    threading.Thread(target=end_with_parent, daemon=True).start()
    server.run(sockets=[listening])
    # A thread may still be in the model.
    os._exit(0)


if __name__ == "__main__":
    main()
