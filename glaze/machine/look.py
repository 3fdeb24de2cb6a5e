"""Looking at this computer: its processor, its graphics cards, its torch. Whatever fails leaves something not known."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Any, Final, TypeVar

from glaze.machine import ask, cards
from glaze.machine.cards import Card, Maker, TorchBuild
from glaze.machine.describe import Machine, describe, processor, share_processors
from glaze.machine.verdict import Verdict, assess

Answer = TypeVar("Answer")

DISPLAYS: Final = r"SYSTEM\CurrentControlSet\Control\Class\{4d36e968-e325-11ce-bfc1-08002be10318}"


def _torch_file() -> str:
    found = find_spec("torch")
    if found is None or found.origin is None:
        raise FileNotFoundError("torch")
    return Path(found.origin).with_name("version.py").read_text(encoding="utf-8")


def _torch() -> ModuleType:
    share_processors()
    return import_module("torch")


@dataclass(frozen=True, kw_only=True)
class Probes:
    """Whom to ask; by default this computer. Each may raise anything."""

    describe: Callable[[], Machine] = describe
    processor: Callable[[], str] = processor
    output: Callable[..., str] = ask.output
    registry: Callable[[str], Mapping[str, object]] = ask.registry
    subkeys: Callable[[str], list[str]] = ask.subkeys
    pci: Path = Path("/sys/bus/pci/devices")
    pci_lists: tuple[Path, ...] = (Path("/usr/share/misc/pci.ids"), Path("/usr/share/hwdata/pci.ids"))
    kernel_modules: Path = Path("/sys/module")
    torch_file: Callable[[], str] = _torch_file
    torch: Callable[[], ModuleType] = _torch


@dataclass(frozen=True)
class Findings:
    """What was found, and with `verdict` what it means. build: None where torch is missing or cannot be read."""

    machine: Machine
    processor: str
    cards: tuple[Card, ...]
    build: TorchBuild | None

    @property
    def verdict(self) -> Verdict:
        return assess(self.machine, self.cards, self.build)

    def as_dict(self) -> dict[str, Any]:
        """For programs: numbers in bytes, null for what is not known."""
        verdict = self.verdict
        return {
            "processor": self.processor or None,
            "machine": asdict(self.machine),
            "cards": [asdict(card) for card in self.cards],
            "torch": self.build and asdict(self.build),
            "case": verdict.case,
            "card": verdict.card and asdict(verdict.card),
            "half": verdict.half,
            "here": verdict.here,
        }


def look(*, with_torch: bool = False, probes: Probes = Probes()) -> Findings:
    """Look at this computer. Takes up to a second or two, and at most some ten where a driver hangs.

    Without torch nothing heavy is imported. with_torch: ask torch too, which knows better whether it gets at a card.
    """
    machine, name = probes.describe(), _or(probes.processor, "")
    sources = _sources(machine.system, name, probes)
    build: TorchBuild | None = _or(lambda: cards.build_in_file(probes.torch_file()), None)
    if with_torch:
        # Of a card that it does not like, torch warns; what there is to say of it, the verdict says.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            sources.insert(0, _or(lambda: cards.from_torch(probes.torch()), []))
            build = _or(lambda: cards.build_of_torch(probes.torch()), build)
    return Findings(machine, name, cards.merge(*sources), build)


def _sources(system: str, processor: str, probes: Probes) -> list[list[Card]]:
    """The cards of each source there is on such a system without torch, those that know best first."""

    def smi() -> list[Card]:
        query = ("--query-gpu=name,memory.total,driver_version", "--format=csv")
        return cards.from_nvidia_smi(probes.output("nvidia-smi", *query))

    def registry() -> list[Card]:
        # Beside the numbered keys there is one, Properties, that only the system may read.
        return [card for key in probes.subkeys(DISPLAYS) if key.isdigit() for card in adapter(key)]

    def adapter(key: str) -> list[Card]:
        return _or(lambda: cards.from_registry(probes.registry(rf"{DISPLAYS}\{key}")), [])

    def pci() -> list[Card]:
        return cards.from_pci(probes.pci, probes.pci_lists, probes.kernel_modules)

    def apple() -> list[Card]:
        if processor.startswith("Apple"):
            # The card is a part of the chip, and lives in the computer's memory.
            return [Card(maker=Maker.APPLE, name=processor)]
        return cards.from_system_profiler(probes.output("system_profiler", "SPDisplaysDataType", "-json"))

    of_system = {"Linux": [smi, pci], "Windows": [smi, registry], "Darwin": [apple]}
    return [_or(source, []) for source in of_system.get(system, [smi])]


def _or(ask: Callable[[], Answer], otherwise: Answer) -> Answer:
    """The answer, or what to take where there is none."""
    try:
        return ask()
    except Exception:  # noqa: BLE001  drivers and systems fail in every way, and none of them may end Glaze
        return otherwise
