"""Graphics cards, and reading them from what systems and drivers say of them. Nothing here asks a system."""

from __future__ import annotations

import ast
import csv
import json
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from types import ModuleType
from typing import Final

from glaze.machine.names import is_stand_in, squeeze


class Maker(StrEnum):
    """Who made a card, by the name that people know."""

    NVIDIA = "NVIDIA"
    AMD = "AMD"
    INTEL = "Intel"
    APPLE = "Apple"
    OTHER = "other"


@dataclass(frozen=True, kw_only=True)
class Card:
    """A graphics card. What is not known is None.

    name        as the driver or the system has it.
    memory      its own, in bytes; drivers tell a little less than is printed on the box.
    driver      the version of the maker's own driver, which None may also say is missing.
    capability  NVIDIA's compute capability.
    """

    maker: Maker
    name: str | None = None
    memory: int | None = None
    driver: str | None = None
    capability: tuple[int, int] | None = None


@dataclass(frozen=True, kw_only=True)
class TorchBuild:
    """What the installed torch was made for: CUDA or HIP of which version, None for neither.

    reaches  whether it gets at a card here, and
    least    the lowest compute capability it has programs for; both None before torch itself was asked.
    """

    version: str
    cuda: str | None = None
    hip: str | None = None
    reaches: bool | None = None
    least: tuple[int, int] | None = None


_MAKERS: Final = {"10de": Maker.NVIDIA, "1002": Maker.AMD, "8086": Maker.INTEL, "106b": Maker.APPLE}
_NAMES: Final = (
    (Maker.NVIDIA, re.compile(r"nvidia|geforce|quadro|tesla|\btitan\b|\bnvs\b|\b[gr]tx\b|\bmx ?\d{3}\b")),
    (Maker.AMD, re.compile(r"\bamd\b|radeon|\bati\b|firepro|firegl")),
    (Maker.INTEL, re.compile(r"\bintel\b|\biris\b|\barc\b")),
    (Maker.APPLE, re.compile(r"\bapple\b")),
)


def maker_of(name: str) -> Maker:
    """Whose card a name is."""
    squeezed = squeeze(name)
    return next((maker for maker, pattern in _NAMES if pattern.search(squeezed)), Maker.OTHER)


def from_nvidia_smi(answer: str) -> list[Card]:
    """Of `nvidia-smi --query-gpu=name,memory.total,driver_version --format=csv`, with or without its heading."""
    cards = []
    for row in csv.reader(answer.splitlines(), skipinitialspace=True):
        # Its complaints ("No devices were found") have no three columns.
        if len(row) == 3 and row[0].strip() not in {"", "name"}:
            name, memory, driver = (cell.strip() for cell in row)
            known_driver = driver if re.match(r"\d+\.", driver) else None
            cards.append(Card(maker=Maker.NVIDIA, name=name, memory=_size(memory), driver=known_driver))
    return cards


def from_registry(values: Mapping[str, object]) -> list[Card]:
    """Of a key below Windows' class of display adapters; none where it is of no card.

    A card that was taken out may have left its key behind.
    """
    name, version = values.get("DriverDesc"), values.get("DriverVersion")
    if not isinstance(name, str) or not name.strip() or is_stand_in(name):
        return []
    vendor = re.search(r"ven_([0-9a-f]{4})", str(values.get("MatchingDeviceId", "")).lower())
    maker = _MAKERS.get(vendor[1], Maker.OTHER) if vendor else maker_of(name)
    driver = version if isinstance(version, str) and version else None
    if maker is Maker.NVIDIA and driver:
        # 31.0.15.3623 is what NVIDIA calls 536.23.
        digits = driver.replace(".", "")[-5:]
        driver = f"{digits[:3]}.{digits[3:]}" if len(digits) == 5 and digits.isdigit() else None
    # The second is from when no card had 4 GB, and ends there.
    sizes = [_integer(values.get(f"HardwareInformation.{size}")) for size in ("qwMemorySize", "MemorySize")]
    return [Card(maker=maker, name=name.strip(), memory=sizes[0] or sizes[1], driver=driver)]


def from_pci(devices: Path, lists: Sequence[Path] = (), modules: Path = Path("/sys/module")) -> list[Card]:
    """Of Linux's folder of PCI devices, with names from the first of the pci.ids `lists` that there is.

    Not of /sys/class/drm, where a card without a driver is missing.
    """
    found: list[tuple[Path, str, str]] = []
    for device in sorted(devices.iterdir()):
        with suppress(OSError):
            # 0x03....: displays. The vendor and the device are as "0x10de".
            if _line(device / "class").startswith("0x03"):
                found.append((device, _line(device / "vendor")[2:].lower(), _line(device / "device")[2:].lower()))
    names = _listed({(vendor, kind) for _, vendor, kind in found}, lists)
    cards = []
    for device, vendor, kind in found:
        maker, name = _MAKERS.get(vendor, Maker.OTHER), names.get((vendor, kind))
        if (maker is Maker.OTHER and name is None) or (name and is_stand_in(name)):
            continue
        memory, driver = None, None
        with suppress(OSError, ValueError):
            memory = int(_line(device / "mem_info_vram_total"))  # AMD's driver says it
        with suppress(OSError):
            # Of the other makers the driver is a part of Linux, without a version of its own.
            if maker is Maker.NVIDIA and (device / "driver").resolve().name == "nvidia":
                driver = _line(modules / "nvidia" / "version")
        cards.append(Card(maker=maker, name=name, memory=memory, driver=driver))
    return cards


def from_system_profiler(answer: str) -> list[Card]:
    """Of macOS's `system_profiler SPDisplaysDataType -json`. Raises ValueError where it is no JSON."""
    cards = []
    match json.loads(answer):
        case {"SPDisplaysDataType": [*entries]}:
            for entry in entries:
                match entry:
                    case {"sppci_model": str(name)} | {"_name": str(name)} if name.strip() and not is_stand_in(name):
                        # vram_shared is the processor's memory, lent: not the card's.
                        memory = _size(str(entry.get("spdisplays_vram", "")))
                        cards.append(Card(maker=maker_of(name), name=name.strip(), memory=memory))
    return cards


def from_torch(torch: ModuleType) -> list[Card]:
    """Of torch itself. Raises whatever torch and the driver below it raise."""
    maker = Maker.NVIDIA if torch.version.cuda else Maker.AMD
    cards = []
    if torch.cuda.is_available():
        for index in range(torch.cuda.device_count()):
            card = torch.cuda.get_device_properties(index)
            capability = (int(card.major), int(card.minor)) if maker is Maker.NVIDIA else None
            cards.append(Card(maker=maker, name=str(card.name), memory=int(card.total_memory), capability=capability))
    return cards


def build_of_torch(torch: ModuleType) -> TorchBuild:
    """The build of a torch that is imported. Raises whatever torch and the driver below it raise."""
    programs = [re.fullmatch(r"(?:sm|compute)_(\d+)(\d)[af]?", name) for name in torch.cuda.get_arch_list()]
    return TorchBuild(
        version=str(torch.__version__),
        cuda=torch.version.cuda,
        hip=torch.version.hip,
        reaches=bool(torch.cuda.is_available()),
        least=min(((int(found[1]), int(found[2])) for found in programs if found), default=None),
    )


def build_in_file(source: str) -> TorchBuild:
    """The build by the text of torch/version.py, which takes no time, unlike importing torch.

    Raises SyntaxError, ValueError or KeyError where it is another file.
    """
    values: dict[str, object] = {}
    for node in ast.parse(source).body:
        if isinstance(node, ast.Assign | ast.AnnAssign) and isinstance(node.value, ast.Constant):
            for target in node.targets if isinstance(node, ast.Assign) else (node.target,):
                values[ast.unparse(target)] = node.value.value
    cuda, hip = values["cuda"], values["hip"]
    return TorchBuild(version=str(values["__version__"]), cuda=_text(cuda), hip=_text(hip))


def merge(*sources: Sequence[Card]) -> tuple[Card, ...]:
    """The cards of several sources, those that know best first, each card once.

    Of each maker the first source that has any counts: two cards alike cannot be told from one that is seen twice. What
    it does not know of a card, a later source may, under the same name.
    """
    merged: list[Card] = []
    for maker in Maker:
        seen = [[card for card in source if card.maker is maker] for source in sources]
        best, *later = [cards for cards in seen if cards] or [[]]
        alone = len(best) == 1 and all(len(cards) == 1 for cards in later)
        for card in best:
            same = [other for cards in later for other in cards if alone or _same_name(card, other)]
            merged.append(_completed(card, same))
    return tuple(merged)


def _same_name(card: Card, other: Card) -> bool:
    return None not in (card.name, other.name) and squeeze(str(card.name)) == squeeze(str(other.name))


def _completed(card: Card, others: Sequence[Card]) -> Card:
    """The card, with what only others know of it."""
    for other in others:
        card = Card(
            maker=card.maker,
            name=card.name or other.name,
            memory=card.memory or other.memory,
            driver=card.driver or other.driver,
            capability=card.capability or other.capability,
        )
    return card


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _line(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="replace").strip()


def _size(text: str) -> int | None:
    """Bytes of "8192 MiB", "1536 MB" or "4 GB", which all count by 1024; None of "[N/A]"."""
    found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([MG])i?B", text.strip())
    if found is None or float(found[1]) == 0:
        return None
    return int(float(found[1]) * (2**20 if found[2] == "M" else 2**30))


def _integer(value: object) -> int | None:
    """A number of the registry: some drivers write its bytes."""
    if isinstance(value, bytes) and len(value) in {4, 8}:
        value = int.from_bytes(value, "little")
    return value if isinstance(value, int) and value > 0 else None


def _listed(wanted: set[tuple[str, str]], lists: Sequence[Path]) -> dict[tuple[str, str], str]:
    """The names of devices (vendor, device) in a pci.ids: lines `VENDOR  NAME`, below each `<tab>DEVICE  NAME`.

    A device is "GA104 [GeForce RTX 3070]": the chip, and the name it is sold under, which is what counts.
    """
    names: dict[tuple[str, str], str] = {}
    for path in lists:
        with suppress(OSError), path.open(encoding="utf-8", errors="replace") as lines:
            vendor, maker = "", ""
            for line in lines:
                if line[:1] not in {"\t", "#", "\n"}:
                    vendor, maker = line[:4].lower(), line[4:].strip()
                elif line[:1] == "\t" and (vendor, line[1:5].lower()) in wanted:
                    device = line[5:].strip()
                    sold = re.search(r"\[(.+)\]", device)
                    names[vendor, line[1:5].lower()] = f"{_MAKERS.get(vendor, maker)} {sold[1] if sold else device}"
            return names
    return names
