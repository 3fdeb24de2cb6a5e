"""What this computer is, and whether Glaze can run on it at all."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
import threading
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

import psutil

from glaze.errors import MachineError
from glaze.machine import ask

WEBGLAZE: Final = "https://webglaze.cs.uchicago.edu"
LEAST_PYTHON: Final = (3, 11)
LEAST_MEMORY: Final = 3_000_000_000
NICE: Final = 10  # of 19: less than the page, more than what only idles


@dataclass(frozen=True)
class Machine:
    """processors: how many this program may use. memory: bytes fitted. bits: of the Python that runs."""

    processors: int
    memory: int
    bits: int
    python: tuple[int, int]
    system: str


def describe() -> Machine:
    """Ask this computer what it is."""
    # A container or a scheduler may grant fewer processors than are fitted; not every system can say so.
    granted = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return Machine(
        processors=granted or 1,
        memory=psutil.virtual_memory().total,
        bits=64 if sys.maxsize > 2**32 else 32,
        python=(sys.version_info[0], sys.version_info[1]),
        system=platform.system(),
    )


@cache
def processor() -> str:
    """What the processor calls itself, or at least its kind."""
    # platform.processor() has no name that people know: "Intel64 Family 6 Model 142", "arm", or nothing.
    ways = {"Linux": _linux_processor, "Windows": _windows_processor, "Darwin": _mac_processor}
    name = ""
    with suppress(OSError, ImportError, KeyError, subprocess.SubprocessError):
        name = " ".join(ways[platform.system()]().split())
    return name or platform.processor() or platform.machine()


def _linux_processor() -> str:
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines():
        name, _, value = line.partition(":")
        if name.strip() == "model name":
            return value
    return ""


def _windows_processor() -> str:
    return str(ask.registry(r"HARDWARE\DESCRIPTION\System\CentralProcessor\0")["ProcessorNameString"])


def _mac_processor() -> str:
    return ask.output("sysctl", "-n", "machdep.cpu.brand_string")


def share_processors() -> None:
    """Let idle threads of torch sleep soon; to be called before torch is first imported.

    By default they spin, take the processors from whatever else runs, and then wait for it: beside one other busy
    program, on two processors, a step of the loop took 18 s, and 1.7 s where they sleep at once. Asleep, they are slow
    to wake, which cost a quiet computer of two processors a third of its speed (0.29 s a step for 0.18), so where
    torch's threads are GNU's they spin for some microseconds first. Other libraries read only the policy.
    """
    os.environ.setdefault("GOMP_SPINCOUNT", "1000")
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")


def give_way() -> None:
    """Let the calling thread, and those that it starts, compute only when nothing else of Glaze has to.

    A page that is waited for comes first. Where threads have no priority of their own, nothing happens.
    """
    if sys.platform == "linux":
        with suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICE)


def check(machine: Machine | None = None) -> None:
    """Raises MachineError (bits, python, memory) where Glaze cannot run on `machine`, by default this one."""
    machine = machine or describe()
    if machine.bits < 64:
        raise MachineError("bits", webglaze=WEBGLAZE)
    if machine.python < LEAST_PYTHON:
        least, found = (".".join(map(str, version)) for version in (LEAST_PYTHON, machine.python))
        raise MachineError("python", least=least, found=found, webglaze=WEBGLAZE)
    if machine.memory < LEAST_MEMORY:
        found = f"{machine.memory / 1e9:.1f}"
        raise MachineError("memory", least=round(LEAST_MEMORY / 1e9), found=found, webglaze=WEBGLAZE)
