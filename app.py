"""The double-click target: without arguments the studio, with arguments the command line.

The launchers start it with the environment they made: `python app.py apply picture.jpg` is `python -m glaze apply
picture.jpg`. What goes wrong below without being meant to ends here, in words and a file.
"""

from __future__ import annotations

import os
import sys
import tempfile
import traceback
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent


def main(arguments: Sequence[str]) -> int:
    """Returns the exit code. `arguments`: those of the command line, without the program's name."""
    if not arguments:
        say("Opening the studio ...")
    try:
        from glaze.__main__ import main as command_line

        return command_line(list(arguments) or ["studio"])
    except ModuleNotFoundError as error:
        # Another Python than its own, or a folder with files missing.
        say(f"{error.name} is missing. Start Glaze with launch.sh, launch.bat or launch.command, not by another way.")
    except KeyboardInterrupt:
        return 130
    except Exception:  # noqa: BLE001  the last stop: whatever it was, people get words and a file, not a traceback
        say(f"Glaze stopped because of a mistake of its own. Please report it, together with {write_crash()}")
    return 1


def say(words: str) -> None:
    """A line for the person at the terminal; standard output is for results."""
    print(words, file=sys.stderr, flush=True)


def write_crash() -> Path:
    """Writes the traceback of the exception in hand to a file, beside the program if that may be, and names it."""
    for folder in (ROOT / ".glaze-install", Path(tempfile.gettempdir())):
        path = folder / "crash.log"
        try:
            folder.mkdir(exist_ok=True)
            path.write_text(traceback.format_exc(), encoding="utf-8")
        except OSError:
            continue
        return path
    return Path(os.devnull)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
