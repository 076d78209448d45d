"""``python -m grader`` is the command `grader`."""

import sys


def main() -> None:
    try:
        # Two seconds, in which somebody may press Ctrl+C.
        from grader.host.cli import app
    except KeyboardInterrupt:
        sys.exit(130)
    app(prog_name="grader")


if __name__ == "__main__":
    main()
