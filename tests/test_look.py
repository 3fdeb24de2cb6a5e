"""What systems and drivers say is understood, and what they fail to say is not known: never a crash."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any, Self

import pytest

from glaze.machine import Card, Case, Machine, Maker, Probes, TorchBuild, ask, describe, look
from glaze.machine import processor as processor_name
from glaze.machine.cards import (
    build_in_file,
    from_nvidia_smi,
    from_pci,
    from_registry,
    from_system_profiler,
    maker_of,
    merge,
)

ROOT = Path(__file__).resolve().parents[1]
GIB = 2**30

SMI = """\
name, memory.total [MiB], driver_version
NVIDIA GeForce RTX 3070, 8192 MiB, 536.23
NVIDIA GeForce GTX 1650, 4096 MiB, 536.23
"""
RTX_3070 = Card(maker=Maker.NVIDIA, name="NVIDIA GeForce RTX 3070", memory=8 * GIB, driver="536.23")

# What Windows' registry has of a laptop: an Intel and an NVIDIA card, a remote desktop, a key with nothing in it.
REGISTRY: dict[str, Mapping[str, object]] = {
    "0000": {
        "DriverDesc": "Intel(R) Iris(R) Xe Graphics",
        "MatchingDeviceId": "PCI\\VEN_8086&DEV_9A49",
        "DriverVersion": "31.0.101.4502",
        "HardwareInformation.MemorySize": (128 * 2**20).to_bytes(4, "little"),
        "ProviderName": "Intel Corporation",
    },
    "0001": {
        "DriverDesc": "NVIDIA GeForce RTX 3070 Laptop GPU",
        "MatchingDeviceId": "pci\\ven_10de&dev_24dd",
        "DriverVersion": "31.0.15.3623",
        "HardwareInformation.qwMemorySize": 8 * GIB,
        "HardwareInformation.MemorySize": 4293918720,
    },
    "0002": {"DriverDesc": "Microsoft Remote Display Adapter", "DriverVersion": "10.0.19041.1"},
    "0003": {},
}

SOURCE = """\
from typing import Optional

__all__ = ['__version__', 'debug', 'cuda', 'git_version', 'hip', 'rocm', 'xpu']
__version__ = '2.13.0+cu130'
debug = False
cuda: Optional[str] = '13.0'
git_version = '0123'
hip: Optional[str] = None
"""

PCI_IDS = """\
# List of PCI ID's
1002  Advanced Micro Devices, Inc. [AMD/ATI]
\t73bf  Navi 21 [Radeon RX 6800/6800 XT / 6900 XT]
\t\t148c 2406  Reference RX 6900 XT
1013  Cirrus Logic
\t00b8  GD 5446
10de  NVIDIA Corporation
\t1f99  TU117M
\t2484  GA104 [GeForce RTX 3070]
\t\t10de 146b  GA104 [not this one]
1af4  Red Hat, Inc.
\t1050  Virtio 1.0 GPU
8086  Intel Corporation
\t9a49  TigerLake-LP GT2 [Iris Xe Graphics]
C 03  Display controller
\t00  VGA compatible controller
"""


def displays(**cards: Any) -> str:
    return json.dumps({"SPDisplaysDataType": [cards]})


def fail(*_arguments: object) -> Any:
    raise OSError("there is none")


def probes(system: str = "Linux", **answers: Any) -> Probes:
    """A computer that answers nothing but this."""
    computer = Machine(processors=8, memory=16_000_000_000, bits=64, python=(3, 12), system=system)
    silent: dict[str, Any] = dict.fromkeys(("output", "registry", "subkeys", "torch_file", "torch"), fail)
    nowhere = Path("nowhere")
    silent |= {"pci": nowhere, "pci_lists": (nowhere,), "kernel_modules": nowhere}
    return Probes(**{"describe": lambda: computer, "processor": lambda: "A Processor", **silent, **answers})


def programs(**answers: str) -> Callable[..., str]:
    """Programs by name, "-" written "_"; all others are missing."""

    def output(program: str, *_arguments: str) -> str:
        if (name := program.replace("-", "_")) not in answers:
            raise FileNotFoundError(program)
        return answers[name]

    return output


def device(folder: Path, kind: str, vendor: str, number: str, **files: str) -> Path:
    folder.mkdir(parents=True)
    for name, text in {"class": kind, "vendor": vendor, "device": number, **files}.items():
        (folder / name).write_text(f"{text}\n")
    return folder


def fake_torch(*names: str, cuda: str | None = "13.0", hip: str | None = None) -> Any:
    """A torch that gets at these cards."""
    properties = [SimpleNamespace(name=name, total_memory=8 * GIB, major=8, minor=6) for name in names]

    def is_available() -> bool:
        warnings.warn("this GPU is too old", UserWarning, stacklevel=2)
        return bool(names)

    return SimpleNamespace(
        __version__=f"2.13.0+{'rocm7.1' if hip else 'cu130'}",
        version=SimpleNamespace(cuda=cuda, hip=hip),
        cuda=SimpleNamespace(
            is_available=is_available,
            device_count=lambda: len(properties),
            get_device_properties=lambda index: properties[index],
            get_arch_list=lambda: ["sm_75", "sm_80", "sm_86", "sm_90a", "sm_120", "compute_120"] if names else [],
        ),
    )


class TestNvidiaSmi:
    def test_every_card_is_read(self) -> None:
        first, second = from_nvidia_smi(SMI)
        assert first == RTX_3070
        assert second.memory == 4 * GIB

    @pytest.mark.parametrize(
        ("line", "memory", "driver"),
        [
            ("NVIDIA GB10, [N/A], 580.95.05", None, "580.95.05"),
            ("GeForce GT 710, [Not Supported], [Unknown Error]", None, None),
            ("NVIDIA A100-SXM4-80GB, 81920 MiB, 535.104.12", 80 * GIB, "535.104.12"),
        ],
    )
    def test_what_it_does_not_say(self, line: str, memory: int | None, driver: str | None) -> None:
        [card] = from_nvidia_smi(line)
        assert (card.memory, card.driver) == (memory, driver)

    @pytest.mark.parametrize(
        "answer",
        [
            "",
            "No devices were found",
            "NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver. Make sure that the latest\n",
            "Unable to determine the device handle for GPU 0000:01:00.0: GPU is lost.  Reboot the system",
            "\0\0",
        ],
    )
    def test_complaints_are_no_cards(self, answer: str) -> None:
        assert from_nvidia_smi(answer) == []


class TestRegistry:
    def test_the_cards_of_a_laptop(self) -> None:
        intel, nvidia = (from_registry(REGISTRY[key])[0] for key in ("0000", "0001"))
        assert intel == Card(
            maker=Maker.INTEL, name="Intel(R) Iris(R) Xe Graphics", memory=128 * 2**20, driver="31.0.101.4502"
        )
        assert nvidia.memory == 8 * GIB, "the field of 32 bits says less than 4 GB"
        assert nvidia.driver == "536.23", "the number that NVIDIA gives it"

    @pytest.mark.parametrize(
        "values",
        [
            REGISTRY["0002"],
            {},
            {"DriverDesc": ""},
            {"DriverDesc": 7},
            {"DriverDesc": None, "MatchingDeviceId": "pci\\ven_10de&dev_24dd"},
        ],
    )
    def test_keys_of_no_card(self, values: Mapping[str, object]) -> None:
        assert from_registry(values) == []

    @pytest.mark.parametrize("size", [None, "8 GB", 0, -1, b"", b"\0\0\0", (0).to_bytes(8, "little")])
    def test_sizes_that_make_no_sense(self, size: object) -> None:
        [card] = from_registry({"DriverDesc": "NVIDIA GeForce GTX 970", "HardwareInformation.qwMemorySize": size})
        assert (card.maker, card.memory, card.driver) == (Maker.NVIDIA, None, None)


class TestPci:
    @pytest.fixture
    def ids(self, tmp_path: Path) -> tuple[Path, ...]:
        (tmp_path / "pci.ids").write_text(PCI_IDS)
        return (tmp_path / "missing.ids", tmp_path / "pci.ids")

    def test_cards_with_and_without_drivers(self, tmp_path: Path, ids: tuple[Path, ...]) -> None:
        bus, modules = tmp_path / "pci", tmp_path / "module"
        device(bus / "0000:00:02.0", "0x030000", "0x8086", "0x9a49")
        device(bus / "0000:01:00.0", "0x030200", "0x10de", "0x2484")
        device(bus / "0000:02:00.0", "0x030000", "0x1002", "0x73bf", mem_info_vram_total=str(16 * GIB))
        device(bus / "0000:03:00.0", "0x020000", "0x8086", "0x9a49")
        device(bus / "0000:04:00.0", "0x030000", "0x1013", "0x00b8")
        device(bus / "0000:05:00.0", "0x038000", "0x1af4", "0x1050")
        (bus / "0000:06:00.0").mkdir()
        intel, nvidia, amd = from_pci(bus, ids, modules)
        assert intel == Card(maker=Maker.INTEL, name="Intel Iris Xe Graphics")
        assert nvidia == Card(maker=Maker.NVIDIA, name="NVIDIA GeForce RTX 3070"), "no driver of NVIDIA's"
        assert amd.memory == 16 * GIB
        assert amd.name == "AMD Radeon RX 6800/6800 XT / 6900 XT"

    @pytest.mark.skipif(os.name == "nt", reason="Linux's folders have links that Windows may not make")
    def test_nvidias_driver_is_known_by_its_module(self, tmp_path: Path) -> None:
        card = device(tmp_path / "pci" / "0000:01:00.0", "0x030000", "0x10de", "0x2484")
        for driver in ("nvidia", "nouveau"):
            (tmp_path / "drivers" / driver).mkdir(parents=True)
        (tmp_path / "module" / "nvidia").mkdir(parents=True)
        (tmp_path / "module" / "nvidia" / "version").write_text("580.95.05\n")
        (card / "driver").symlink_to(tmp_path / "drivers" / "nvidia")
        assert from_pci(tmp_path / "pci", (), tmp_path / "module")[0].driver == "580.95.05"
        (card / "driver").unlink()
        (card / "driver").symlink_to(tmp_path / "drivers" / "nouveau")
        assert from_pci(tmp_path / "pci", (), tmp_path / "module")[0].driver is None

    def test_a_chip_without_a_name_to_sell_it_by(self, tmp_path: Path, ids: tuple[Path, ...]) -> None:
        device(tmp_path / "pci" / "0000:01:00.0", "0x030000", "0x10de", "0x1f99")
        found = look(probes=probes(pci=tmp_path / "pci", pci_lists=ids))
        assert found.verdict.case is Case.NVIDIA_GTX16

    def test_without_a_list_makers_are_known(self, tmp_path: Path) -> None:
        device(tmp_path / "0000:01:00.0", "0x030000", "0x10de", "0x2484")
        device(tmp_path / "0000:02:00.0", "0x030000", "0x1234", "0x1111")
        assert from_pci(tmp_path) == [Card(maker=Maker.NVIDIA)]


class TestSystemProfiler:
    def test_an_intel_mac(self) -> None:
        answer = {
            "SPDisplaysDataType": [
                {
                    "_name": "kHW_IntelUHDGraphics630Item",
                    "spdisplays_vendor": "Intel",
                    "spdisplays_vram_shared": "1536 MB",
                    "sppci_model": "Intel UHD Graphics 630",
                },
                {
                    "_name": "kHW_AMDRadeonPro5300MItem",
                    "spdisplays_vendor": "sppci_vendor_amd",
                    "spdisplays_vram": "4 GB",
                    "sppci_model": "AMD Radeon Pro 5300M",
                    "spdisplays_ndrvs": [{"_name": "Color LCD"}],
                },
            ]
        }
        assert from_system_profiler(json.dumps(answer)) == [
            Card(maker=Maker.INTEL, name="Intel UHD Graphics 630"),
            Card(maker=Maker.AMD, name="AMD Radeon Pro 5300M", memory=4 * GIB),
        ]

    def test_apple_silicon_seen_by_a_python_for_intel(self) -> None:
        answer = displays(_name="Apple M1", spdisplays_vendor="sppci_vendor_Apple", sppci_model="Apple M1")
        found = look(probes=probes("Darwin", processor=lambda: "VirtualApple @ 2.50GHz", output=lambda *_: answer))
        assert found.cards == (Card(maker=Maker.APPLE, name="Apple M1"),)
        assert found.verdict.case is Case.MAC

    def test_apple_silicon_is_not_even_asked(self) -> None:
        found = look(probes=probes("Darwin", processor=lambda: "Apple M2 Pro"))
        assert found.cards == (Card(maker=Maker.APPLE, name="Apple M2 Pro"),)

    @pytest.mark.parametrize(
        "answer", ["", "{", "[]", "null", "7", '{"SPDisplaysDataType": 1}', '{"SPDisplaysDataType": [1, {}, null]}']
    )
    def test_nonsense_is_no_card(self, answer: str) -> None:
        found = look(probes=probes("Darwin", output=lambda *_: answer))
        assert found.cards == ()
        assert found.verdict.case is Case.MAC


class TestTorch:
    def test_the_build_is_read_without_importing_it(self) -> None:
        assert build_in_file(SOURCE) == TorchBuild(version="2.13.0+cu130", cuda="13.0")
        found = look(probes=probes(torch_file=lambda: SOURCE, output=programs(nvidia_smi=SMI)))
        assert found.verdict.case is Case.NVIDIA_READY

    @pytest.mark.parametrize("source", ["", "cuda = '13.0'", "def (", "cuda = hip = 1", "\0"])
    def test_another_file_is_no_build(self, source: str) -> None:
        assert look(probes=probes(torch_file=lambda: source)).build is None

    def test_torch_knows_best(self) -> None:
        torch = fake_torch("NVIDIA GeForce RTX 3070")
        asked = probes(torch=lambda: torch, output=programs(nvidia_smi=SMI.rsplit("\n", 2)[0]))
        found = look(with_torch=True, probes=asked)
        [card] = found.cards
        assert (card.capability, card.driver) == ((8, 6), "536.23"), "what torch does not know, others do"
        assert found.build == TorchBuild(version="2.13.0+cu130", cuda="13.0", reaches=True, least=(7, 5))
        assert found.verdict.case is Case.NVIDIA_READY

    def test_a_torch_that_does_not_get_at_the_card(self) -> None:
        asked = probes(torch=fake_torch, output=programs(nvidia_smi=SMI))
        assert look(with_torch=True, probes=asked).verdict.case is Case.NVIDIA_NO_CUDA_TORCH

    def test_a_torch_for_amd(self) -> None:
        torch = fake_torch("AMD Radeon RX 7900 XTX", cuda=None, hip="7.1")
        found = look(with_torch=True, probes=probes(torch=lambda: torch))
        assert found.cards == (Card(maker=Maker.AMD, name="AMD Radeon RX 7900 XTX", memory=8 * GIB),)
        assert found.verdict.case is Case.OTHER_CARD

    def test_a_torch_that_cannot_be_imported(self) -> None:
        asked = probes(torch=fail, torch_file=lambda: SOURCE, output=programs(nvidia_smi=SMI))
        assert look(with_torch=True, probes=asked) == look(probes=asked)

    def test_a_driver_that_breaks_under_torch(self) -> None:
        torch = fake_torch("NVIDIA GeForce RTX 3070")
        torch.cuda.get_device_properties = fail
        found = look(with_torch=True, probes=probes(torch=lambda: torch, output=programs(nvidia_smi=SMI)))
        assert found.cards[0] == RTX_3070

    def test_the_real_one_agrees_with_its_file(self) -> None:
        without, with_it = look().build, look(with_torch=True).build
        assert without is not None
        assert with_it is not None
        assert (without.version, without.cuda, without.hip) == (with_it.version, with_it.cuda, with_it.hip)

    def test_looking_without_it_does_not_import_it(self) -> None:
        code = "import sys; from glaze import machine; machine.look().verdict; print(*sys.modules)"
        answer = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
        assert not {"torch", "numpy", "gradio"} & set(answer.stdout.split())


class TestMerge:
    def test_a_card_seen_twice_counts_once(self) -> None:
        nameless = Card(maker=Maker.NVIDIA, driver="536.23")
        by_torch = Card(maker=Maker.NVIDIA, name="NVIDIA GeForce RTX 3070", memory=7 * GIB, capability=(8, 6))
        [card] = merge([by_torch], [], [nameless])
        assert card == Card(maker=Maker.NVIDIA, name=by_torch.name, memory=7 * GIB, driver="536.23", capability=(8, 6))

    def test_two_alike_stay_two(self) -> None:
        assert merge([RTX_3070, RTX_3070], [RTX_3070, RTX_3070]) == (RTX_3070, RTX_3070)

    def test_of_several_each_gets_its_own(self) -> None:
        known = from_nvidia_smi(SMI)
        by_torch = [Card(maker=Maker.NVIDIA, name=f"{card.name}".upper(), capability=(8, 6)) for card in known[:1]]
        [card] = merge(by_torch, known)
        assert card.memory == 8 * GIB

    def test_each_maker_is_asked_of_who_knows(self) -> None:
        intel = Card(maker=Maker.INTEL, name="Intel UHD Graphics 630")
        assert set(merge([RTX_3070], [intel, Card(maker=Maker.NVIDIA)])) == {RTX_3070, intel}
        assert merge() == merge([], []) == ()


class TestSystems:
    def test_a_windows_laptop_without_nvidia_smi(self) -> None:
        def registry(key: str) -> Mapping[str, object]:
            return REGISTRY[key.rpartition("\\")[2]]

        found = look(probes=probes("Windows", subkeys=lambda _: [*REGISTRY, "0004", "Properties"], registry=registry))
        assert {card.name for card in found.cards} == {
            "Intel(R) Iris(R) Xe Graphics",
            "NVIDIA GeForce RTX 3070 Laptop GPU",
        }
        assert found.verdict.case is Case.NVIDIA_NO_CUDA_TORCH, "there is no torch"

    def test_nvidia_smi_goes_before_what_the_registry_remembers(self) -> None:
        asked = probes(
            "Windows", output=programs(nvidia_smi=SMI), subkeys=lambda _: ["0001"], registry=lambda _: REGISTRY["0001"]
        )
        assert [card.name for card in look(probes=asked).cards] == [card.name for card in from_nvidia_smi(SMI)]

    @pytest.mark.parametrize("system", ["Linux", "Windows", "Darwin", "FreeBSD", ""])
    @pytest.mark.parametrize("error", [OSError, ValueError, RuntimeError, KeyError, subprocess.TimeoutExpired("x", 1)])
    def test_where_everything_fails_nothing_is_known(self, system: str, error: Any) -> None:
        def broken(*_arguments: object) -> Any:
            raise error

        names = ("processor", "output", "registry", "subkeys", "torch_file", "torch")
        found = look(with_torch=True, probes=probes(system, **dict.fromkeys(names, broken)))
        assert (found.processor, found.cards, found.build) == ("", (), None)
        assert found.verdict.case is (Case.MAC if system == "Darwin" else Case.NO_CARD)

    def test_this_computer(self) -> None:
        found = look()
        assert found.processor == processor_name()
        assert found.machine == describe()
        assert isinstance(found.verdict.case, Case)
        assert json.loads(json.dumps(found.as_dict()))["case"] == found.verdict.case

    @pytest.mark.parametrize(
        ("name", "maker"),
        [
            ("NVIDIA T600", Maker.NVIDIA),
            ("GeForce 210", Maker.NVIDIA),
            ("Radeon (TM) RX 480 Graphics", Maker.AMD),
            ("Intel(R) Arc(TM) A380 Graphics", Maker.INTEL),
            ("Apple M4 Max", Maker.APPLE),
            ("Mali-G78", Maker.OTHER),
            ("Creative Graphics", Maker.OTHER),
        ],
    )
    def test_makers_by_name(self, name: str, maker: Maker) -> None:
        assert maker_of(name) is maker


class TestAsking:
    @pytest.fixture
    def program(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
        """Puts an nvidia-smi of one's own first."""
        if os.name == "nt":
            pytest.skip("a shell script")
        monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)

        def put(script: str) -> None:
            path = tmp_path / "nvidia-smi"
            path.write_text(f"#!/bin/sh\n{script}\n")
            path.chmod(0o755)

        return put

    def test_a_real_program_is_asked(self, program: Callable[[str], None]) -> None:
        # compute_cap and more are unknown to older drivers, which then answer nothing at all.
        asked = "--query-gpu=name,memory.total,driver_version --format=csv"
        program(f"""[ "$*" = "{asked}" ] || exit 2\ncat <<'END'\n{SMI}END""")
        assert look(probes=probes(output=ask.output)).cards == tuple(from_nvidia_smi(SMI))

    @pytest.mark.parametrize(
        "script", ["exit 9", "echo ' a, 1 MiB, 1.0'; exit 15", "printf '\\377\\376'", "kill -9 $$"]
    )
    def test_one_that_fails(self, program: Callable[[str], None], script: str) -> None:
        program(script)
        assert look(probes=probes(output=ask.output)).cards == ()

    def test_one_that_hangs(self, program: Callable[[str], None], monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(ask, "PATIENCE", 0.2)
        program("exec sleep 60")
        assert look(probes=probes(output=ask.output)).cards == ()

    def test_the_registry_of_windows(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(sys.modules, "winreg", FakeRegistry())
        found = look(probes=probes("Windows", registry=ask.registry, subkeys=ask.subkeys))
        assert [card.maker for card in found.cards] == [Maker.NVIDIA, Maker.INTEL]
        assert found.cards[0].memory == 8 * GIB

    @pytest.mark.skipif(os.name == "nt", reason="there is one")
    def test_no_registry(self) -> None:
        with pytest.raises(ImportError):
            ask.registry("SYSTEM")


class FakeRegistry(ModuleType):
    """Python's winreg, with REGISTRY below the displays and a key that is closed."""

    HKEY_LOCAL_MACHINE = 0x80000002

    def __init__(self) -> None:
        super().__init__("winreg")

    def OpenKey(self, root: int, key: str) -> FakeKey:  # noqa: N802
        assert root == self.HKEY_LOCAL_MACHINE
        name = key.rpartition("\\")[2]
        if name == "Properties":
            raise PermissionError(5, "Access is denied")
        return FakeKey(list(REGISTRY.get(name, {}).items()), [] if name in REGISTRY else [*REGISTRY, "Properties"])

    def QueryInfoKey(self, key: FakeKey) -> tuple[int, int, int]:  # noqa: N802
        return len(key.keys), len(key.values), 0

    def EnumValue(self, key: FakeKey, index: int) -> tuple[str, object, int]:  # noqa: N802
        return (*key.values[index], 1)

    def EnumKey(self, key: FakeKey, index: int) -> str:  # noqa: N802
        return key.keys[index]


class FakeKey:
    def __init__(self, values: list[tuple[str, object]], keys: list[str]) -> None:
        self.values, self.keys = values, keys

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass


class TestProcessor:
    @pytest.mark.parametrize(
        ("system", "name"),
        [("Windows", "12th Gen Intel(R) Core(TM) i7-12700H"), ("Darwin", "Apple M2"), ("Plan 9", "some kind")],
    )
    def test_it_has_the_name_that_people_know(self, system: str, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("platform.system", lambda: system)
        monkeypatch.setattr("platform.processor", lambda: "some kind")
        monkeypatch.setattr(ask, "registry", lambda _: {"ProcessorNameString": f"{name}  "})
        monkeypatch.setattr(ask, "output", lambda *_: f"{name}\n")
        assert processor_name.__wrapped__() == name

    @pytest.mark.parametrize("system", ["Windows", "Darwin"])
    def test_or_at_least_its_kind(self, system: str, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("platform.system", lambda: system)
        monkeypatch.setattr("platform.processor", lambda: "arm")
        for way in ("registry", "output"):
            monkeypatch.setattr(ask, way, fail)
        assert processor_name.__wrapped__() == "arm"
