"""Asking the system: a program's answer, a key of the Windows registry. Both may fail; callers must expect it."""

from __future__ import annotations

import shutil
import subprocess
from importlib import import_module
from typing import Any

# A driver that hangs must not hold up the page; an idle card of a large machine takes a second or two to wake.
PATIENCE = 10.0
# Where Windows' subsystem for Linux keeps its driver's tools, outside PATH.
WSL = "/usr/lib/wsl/lib"


def output(program: str, *arguments: str) -> str:
    """What a program prints. Raises OSError where there is none, SubprocessError where it fails or takes too long."""
    found = shutil.which(program) or shutil.which(program, path=WSL)
    if found is None:
        raise FileNotFoundError(program)
    answer = subprocess.run(
        [found, *arguments],
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        stdin=subprocess.DEVNULL,
        timeout=PATIENCE,
        check=True,
        # Windows only: without it a black window would flash up.
        creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
    )
    return answer.stdout


def registry(key: str) -> dict[str, object]:
    """The values of a key below HKEY_LOCAL_MACHINE. Raises ImportError but on Windows, OSError where it is closed."""
    winreg: Any = import_module("winreg")
    with winreg.OpenKey(winreg.HKEY_LOCAL_MACHINE, key) as opened:
        count = winreg.QueryInfoKey(opened)[1]
        return {name: value for name, value, _ in (winreg.EnumValue(opened, index) for index in range(count))}


def subkeys(key: str) -> list[str]:
    """The names of the keys in a key below HKEY_LOCAL_MACHINE. Raises like `registry`."""
    winreg: Any = import_module("winreg")
    with winreg.OpenKey(winreg.HKEY_LOCAL_MACHINE, key) as opened:
        return [winreg.EnumKey(opened, index) for index in range(winreg.QueryInfoKey(opened)[0])]
