"""Memory in which forks find room."""

from __future__ import annotations

from tests.grader.conftest import linux
from tests.grader.sandboxed.conftest import run


@linux
def test_what_a_child_makes_lies_on_few_pages():
    script = """
        import os, random, resource
        from grader.sandboxed import memory_order
        chance = random.Random(0)
        kept = [bytes(chance.randrange(40, 2000)) for _ in range(60_000)]
        chance.shuffle(kept)
        del kept[::3]
        if {settle}:
            memory_order.settle()
        pid = os.fork()
        if pid == 0:
            def faults(): return resource.getrusage(resource.RUSAGE_SELF).ru_minflt
            before = faults()
            made = [bytes(size) for size in range(40, 1240)]
            print(faults() - before, flush=True)
            os._exit(0)
        os.waitpid(pid, 0)
    """
    [scattered] = map(int, run(script.format(settle=False)))
    [settled] = map(int, run(script.format(settle=True)))
    # 1,200 objects of 640 bytes each: 190 pages would hold them. How much worse it is without
    # differs from one Python to the next.
    assert settled < min(1.4 * 190, scattered), (settled, scattered)


@linux
def test_memory_is_read_whatever_the_names_of_files_in_it(tmp_path):
    script = f"""
        import mmap, os
        from grader.sandboxed import memory_order, zygote
        path = os.fsencode({str(tmp_path)!r}) + b"/\\xfc"
        with open(path, "w+b") as file:
            file.write(bytes(4096))
            file.flush()
            held = mmap.mmap(file.fileno(), 4096)
        memory_order.take_large_pages()
        print(zygote._shares_memory())
    """
    assert run(script) == ["True"]
