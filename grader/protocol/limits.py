"""What a process may use, and what it may say."""

from __future__ import annotations

from dataclasses import dataclass, replace

MIB = 2**20
# Characters: a message may hold what the learner's code came up with.
MAX_MESSAGE = 2_000


@dataclass(frozen=True)
class Limits:
    """What one child and what it starts may use.

    Args:
        memory: bytes of address space that a process may add to what the warm process has, and of
            memory that all processes together may.
        cpu: seconds of CPU time of a process. The clock on the wall is the caller's.
        processes: processes and threads together.
        files: open files of a process.
        file_size: bytes of the largest file.
        scratch: bytes of /tmp, and again of /dev/shm. They lie in memory, besides `memory`.
        cores: on which it may run, by number; none for all. Children at the same time should get
            different ones: the kernel shares a core out by session or by process, so 60 busy
            processes of one leave next to nothing to another.
    """

    memory: int = 4096 * MIB
    cpu: int = 600
    processes: int = 64
    files: int = 256
    file_size: int = 256 * MIB
    scratch: int = 256 * MIB
    cores: tuple[int, ...] = ()

    def alone(self) -> Limits:
        """For a player that runs one source by itself, while others are there."""
        return replace(
            self,
            memory=min(self.memory, 1024 * MIB),
            cpu=min(self.cpu, 60),
            processes=min(self.processes, 16),
            file_size=min(self.file_size, 64 * MIB),
            scratch=min(self.scratch, 64 * MIB),
        )
