"""Grading on many machines, with Dask: nothing else of the grader knows of it.

`place` is the conductor's end. It makes a `kit` of the course, which travels to every worker once,
in a `plugin`; a worker that can't grade as here is refused. On a worker, each submission that is
under way has a `grading_process` with a station in it; `worker` keeps these. `messages` are what
goes there and back.
"""
