"""Which computers are turned away, what their graphics cards mean, and where their owners are sent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import ClassVar

import pytest

from glaze import machine
from glaze.errors import MachineError
from glaze.machine import (
    LEAST_CARD_MEMORY,
    WEBGLAZE,
    Card,
    Case,
    Machine,
    Maker,
    TorchBuild,
    Verdict,
    assess,
    check,
    describe,
    half_is_wrong,
    processor,
)
from glaze.machine.cards import from_nvidia_smi, from_registry
from glaze.studio import findings
from glaze.studio.words import languages, load

FINE = Machine(processors=8, memory=16_000_000_000, bits=64, python=(3, 12), system="Linux")
MAC = replace(FINE, system="Darwin")
CUDA = TorchBuild(version="2.13.0+cu130", cuda="13.0")
CPU = TorchBuild(version="2.13.0+cpu")

READY, NO_CUDA, GTX16 = Case.NVIDIA_READY, Case.NVIDIA_NO_CUDA_TORCH, Case.NVIDIA_GTX16
SMALL, OLD = Case.NVIDIA_TOO_SMALL, Case.NVIDIA_TOO_OLD

# Names as nvidia-smi tells them, with the MiB that it tells.
NVIDIA = [
    # GeForce, desktop
    ("GeForce GTX 950", 2048, SMALL),
    ("GeForce GTX 960", 4096, READY),
    ("NVIDIA GeForce GTX 970", 4096, READY),
    ("NVIDIA GeForce GTX 980", 4096, READY),
    ("NVIDIA GeForce GTX 980 Ti", 6144, READY),
    ("NVIDIA GeForce GTX TITAN X", 12288, READY),
    ("NVIDIA TITAN X (Pascal)", 12288, READY),
    ("NVIDIA TITAN Xp", 12288, READY),
    ("NVIDIA TITAN V", 12288, READY),
    ("NVIDIA TITAN RTX", 24576, READY),
    ("NVIDIA GeForce GT 1030", 2048, SMALL),
    ("NVIDIA GeForce GTX 1050", 2048, SMALL),
    ("NVIDIA GeForce GTX 1050", 3072, SMALL),
    ("NVIDIA GeForce GTX 1050 Ti", 4096, READY),
    ("NVIDIA GeForce GTX 1050 Ti", 4040, READY),
    ("NVIDIA GeForce GTX 1060 3GB", 3072, SMALL),
    ("NVIDIA GeForce GTX 1060 6GB", 6144, READY),
    ("NVIDIA GeForce GTX 1070", 8192, READY),
    ("NVIDIA GeForce GTX 1080 Ti", 11264, READY),
    ("NVIDIA GeForce RTX 2060", 6144, READY),
    ("NVIDIA GeForce RTX 2060 SUPER", 8192, READY),
    ("NVIDIA GeForce RTX 2070", 8192, READY),
    ("NVIDIA GeForce RTX 2080 Ti", 11264, READY),
    ("NVIDIA GeForce RTX 3050", 8192, READY),
    ("NVIDIA GeForce RTX 3060", 12288, READY),
    ("NVIDIA GeForce RTX 3060 Ti", 8192, READY),
    ("NVIDIA GeForce RTX 3070", 8192, READY),
    ("NVIDIA GeForce RTX 3080", 10240, READY),
    ("NVIDIA GeForce RTX 3090", 24576, READY),
    ("NVIDIA GeForce RTX 4060", 8188, READY),
    ("NVIDIA GeForce RTX 4060 Ti", 16380, READY),
    ("NVIDIA GeForce RTX 4070 SUPER", 12282, READY),
    ("NVIDIA GeForce RTX 4080", 16376, READY),
    ("NVIDIA GeForce RTX 4090", 24564, READY),
    ("NVIDIA GeForce RTX 5060", 8151, READY),
    ("NVIDIA GeForce RTX 5070 Ti", 16303, READY),
    ("NVIDIA GeForce RTX 5080", 16303, READY),
    ("NVIDIA GeForce RTX 5090", 32607, READY),
    # GeForce, laptop
    ("GeForce 940MX", 2048, SMALL),
    ("GeForce GTX 965M", 2048, SMALL),
    ("NVIDIA GeForce GTX 980M", 8192, READY),
    ("NVIDIA GeForce GTX 1060 with Max-Q Design", 6144, READY),
    ("NVIDIA GeForce RTX 2070 with Max-Q Design", 8192, READY),
    ("NVIDIA GeForce RTX 2050", 4096, READY),
    ("NVIDIA GeForce RTX 3050 Laptop GPU", 4096, READY),
    ("NVIDIA GeForce RTX 3050 Ti Laptop GPU", 4096, READY),
    ("NVIDIA GeForce RTX 3070 Ti Laptop GPU", 8192, READY),
    ("NVIDIA GeForce RTX 4050 Laptop GPU", 6141, READY),
    ("NVIDIA GeForce RTX 4070 Laptop GPU", 8188, READY),
    ("NVIDIA GeForce RTX 5070 Laptop GPU", 8151, READY),
    ("NVIDIA GeForce RTX 5090 Laptop GPU", 24463, READY),
    ("NVIDIA GeForce MX150", 2048, SMALL),
    ("NVIDIA GeForce MX250", 2048, SMALL),
    ("NVIDIA GeForce MX350", 2048, SMALL),
    ("NVIDIA GeForce MX570 A", 2048, SMALL),
    # The GTX 16 family: TU116 and TU117, whatever they are sold as
    ("NVIDIA GeForce GTX 1630", 4096, GTX16),
    ("NVIDIA GeForce GTX 1650", 4096, GTX16),
    ("GeForce GTX 1650", 3911, GTX16),
    ("NVIDIA GeForce GTX 1650 SUPER", 4096, GTX16),
    ("NVIDIA GeForce GTX 1650 Ti", 4096, GTX16),
    ("NVIDIA GeForce GTX 1650 with Max-Q Design", 4096, GTX16),
    ("NVIDIA GeForce GTX 1660", 6144, GTX16),
    ("NVIDIA GeForce GTX 1660 SUPER", 6144, GTX16),
    ("NVIDIA GeForce GTX 1660 Ti", 6144, GTX16),
    ("NVIDIA GeForce GTX 1660 Ti with Max-Q Design", 6144, GTX16),
    ("  nvidia   geforce  GTX1660TI ", 6144, GTX16),
    ("NVIDIA GeForce(R) GTX(TM) 1650", 4096, GTX16),
    ("GTX 1550", 4096, GTX16),
    ("NVIDIA GeForce MX450", 2048, GTX16),
    ("NVIDIA GeForce MX550", 2048, GTX16),
    ("NVIDIA T400 4GB", 4096, GTX16),
    ("NVIDIA T500", 4096, GTX16),
    ("NVIDIA T550 Laptop GPU", 4096, GTX16),
    ("NVIDIA T600 Laptop GPU", 4096, GTX16),
    ("NVIDIA T1000 8GB", 8192, GTX16),
    ("NVIDIA T1200 Laptop GPU", 4096, GTX16),
    ("Quadro T1000", 4096, GTX16),
    ("Quadro T2000 with Max-Q Design", 4096, GTX16),
    ("NVIDIA TU117M", 4096, GTX16),
    # Workstations
    ("Quadro K620", 2048, SMALL),
    ("Quadro K2200", 4096, READY),
    ("Quadro M1200", 4096, READY),
    ("Quadro M2000", 4096, READY),
    ("Quadro P400", 2048, SMALL),
    ("Quadro P1000", 4096, READY),
    ("Quadro P5000", 16384, READY),
    ("Quadro GV100", 32768, READY),
    ("Quadro RTX 3000", 6144, READY),
    ("Quadro RTX 4000", 8192, READY),
    ("Quadro RTX 8000", 49152, READY),
    ("NVIDIA RTX A400", 4094, READY),
    ("NVIDIA RTX A1000 6GB Laptop GPU", 6144, READY),
    ("NVIDIA RTX A2000 12GB", 12282, READY),
    ("NVIDIA RTX A4000", 16376, READY),
    ("NVIDIA RTX A6000", 49140, READY),
    ("NVIDIA RTX 500 Ada Generation Laptop GPU", 4094, READY),
    ("NVIDIA RTX 2000 Ada Generation", 16380, READY),
    ("NVIDIA RTX 6000 Ada Generation", 49140, READY),
    ("NVIDIA RTX PRO 6000 Blackwell Workstation Edition", 97887, READY),
    # Data centres
    ("Tesla M60", 8192, READY),
    ("Tesla P4", 7680, READY),
    ("Tesla P100-PCIE-16GB", 16384, READY),
    ("Tesla V100-SXM2-32GB", 32768, READY),
    ("Tesla T4", 15360, READY),
    ("NVIDIA T4G", 15360, READY),
    ("NVIDIA A2", 15356, READY),
    ("NVIDIA A10G", 23028, READY),
    ("NVIDIA A40-8Q", 8192, READY),
    ("A100-SXM4-40GB", 40536, READY),
    ("NVIDIA A100 80GB PCIe", 81920, READY),
    ("NVIDIA L4", 23034, READY),
    ("NVIDIA L40S", 46068, READY),
    ("NVIDIA H100 80GB HBM3", 81559, READY),
    ("NVIDIA H200", 143771, READY),
    ("NVIDIA B200", 183359, READY),
    # Kepler, Fermi and before
    ("GeForce 8800 GTX", 768, OLD),
    ("GeForce 9600M GT", 512, OLD),
    ("GeForce 210", 1024, OLD),
    ("GeForce GTS 250", 1024, OLD),
    ("GeForce GTX 480", 1536, OLD),
    ("GeForce GTX 580", 3072, OLD),
    ("GeForce GT 610", 2048, OLD),
    ("GeForce GTX 680", 4096, OLD),
    ("NVIDIA GeForce GT 710", 2048, OLD),
    ("NVIDIA GeForce GT 730", 4096, OLD),
    ("GeForce 710M", 2048, OLD),
    ("GeForce 820M", 2048, OLD),
    ("GeForce 920M", 4096, OLD),
    ("GeForce GTX 745", 4096, READY),
    ("GeForce GTX 750 Ti", 2048, SMALL),
    ("GeForce GTX 770M", 3072, OLD),
    ("GeForce GTX 780 Ti", 3072, OLD),
    ("GeForce GTX 880M", 8192, OLD),
    ("GeForce GTX TITAN Black", 6144, OLD),
    ("GeForce GTX TITAN", 6144, OLD),
    ("Quadro 6000", 6144, OLD),
    ("Quadro K4000", 3072, OLD),
    ("Quadro K5200", 8192, OLD),
    ("Quadro FX 5800", 4096, OLD),
    ("NVS 510", 2048, OLD),
    ("GRID K520", 4096, OLD),
    ("Tesla C2075", 5376, OLD),
    ("Tesla M2090", 6144, OLD),
    ("Tesla K20Xm", 5760, OLD),
    ("Tesla K80", 11441, OLD),
]

# Names as Windows tells them, with the bytes of its registry.
OTHERS = [
    ("AMD Radeon RX 580", 8 << 30, Maker.AMD),
    ("AMD Radeon RX 5700 XT", 8 << 30, Maker.AMD),
    ("AMD Radeon RX 6600M", 8 << 30, Maker.AMD),
    ("AMD Radeon RX 6800 XT", 16 << 30, Maker.AMD),
    ("AMD Radeon RX 7900 XTX", 24 << 30, Maker.AMD),
    ("AMD Radeon RX 9070 XT", 16 << 30, Maker.AMD),
    ("Radeon RX Vega", 8 << 30, Maker.AMD),
    ("AMD Radeon(TM) RX Vega 10 Graphics", 2 << 30, Maker.AMD),
    ("AMD Radeon(TM) Graphics", 512 << 20, Maker.AMD),
    ("AMD Radeon(TM) 780M", 4 << 30, Maker.AMD),
    ("AMD Radeon Pro W6600", 8 << 30, Maker.AMD),
    ("ATI Radeon HD 5770", 1 << 30, Maker.AMD),
    ("AMD FirePro W5100", 4 << 30, Maker.AMD),
    ("Intel(R) HD Graphics 520", 1 << 30, Maker.INTEL),
    ("Intel(R) UHD Graphics 620", 1 << 30, Maker.INTEL),
    ("Intel(R) UHD Graphics", 128 << 20, Maker.INTEL),
    ("Intel(R) Iris(R) Xe Graphics", 128 << 20, Maker.INTEL),
    ("Intel(R) Iris(R) Plus Graphics 655", 128 << 20, Maker.INTEL),
    ("Intel(R) Arc(TM) A770 Graphics", 16 << 30, Maker.INTEL),
    ("Intel(R) Arc(TM) B580 Graphics", 12 << 30, Maker.INTEL),
    ("Qualcomm(R) Adreno(TM) X1-85 GPU", 0, Maker.OTHER),
]

STAND_INS = [
    "Red Hat QXL controller",
    "QXL paravirtual graphic card",
    "llvmpipe (LLVM 15.0.7, 256 bits)",
    "Microsoft Basic Display Adapter",
    "Microsoft Basic Render Driver",
    "Microsoft Remote Display Adapter",
    "Microsoft Hyper-V Video",
    "VMware SVGA 3D",
    "VMware SVGA II Adapter",
    "VirtualBox Graphics Adapter (WDDM)",
    "Virtio 1.0 GPU",
    "Standard VGA Graphics Adapter",
    "Parallels Display Adapter (WDDM)",
    "Citrix Indirect Display Adapter",
    "Parsec Virtual Display Adapter",
    "DisplayLink USB Device",
    "ASPEED Graphics Family",
    "Matrox G200eW3 (Nuvoton) WDDM 2.0",
]

APPLE = ["Apple M1", "Apple M1 Pro", "Apple M2 Ultra", "Apple M3 Max", "Apple M4"]


def smi(name: str, mebibytes: int) -> Card:
    heading = "name, memory.total [MiB], driver_version\n"
    [card] = from_nvidia_smi(f"{heading}{name}, {mebibytes} MiB, 580.95.05\n")
    return card


def adapter(name: str, size: int = 0) -> list[Card]:
    return from_registry({"DriverDesc": name, "HardwareInformation.qwMemorySize": size, "DriverVersion": "31.0.101.2"})


def test_this_computer_is_described_and_fit() -> None:
    here = describe()
    assert here.processors >= 1
    assert here.memory > 100_000_000
    assert here.system
    check()
    assert processor().strip() == processor() != ""


@pytest.mark.parametrize(
    ("computer", "key"),
    [
        (replace(FINE, bits=32), "bits"),
        (replace(FINE, python=(3, 10)), "python"),
        (replace(FINE, memory=2_999_999_999), "memory"),
    ],
)
def test_others_are_told_why_and_where_to_go(computer: Machine, key: str) -> None:
    with pytest.raises(MachineError) as caught:
        check(computer)
    assert caught.value.key == key
    assert WEBGLAZE in str(caught.value)
    verdict = assess(computer, [smi("NVIDIA GeForce RTX 4090", 24564)], CUDA)
    assert (verdict.case, verdict.here, verdict.webglaze, verdict.half) == (Case.CANNOT_RUN, False, True, False)


@pytest.mark.parametrize("computer", [FINE, replace(FINE, memory=3_000_000_000), replace(FINE, python=(3, 11))])
def test_the_least_that_is_asked_for_is_enough(computer: Machine) -> None:
    check(computer)


class TestOneCard:
    def test_the_table_is_long_enough_to_mean_something(self) -> None:
        assert len({name for name, _, _ in NVIDIA}) + len(OTHERS) + len(STAND_INS) + len(APPLE) > 150

    @pytest.mark.parametrize(("name", "mebibytes", "case"), NVIDIA)
    def test_of_nvidia(self, name: str, mebibytes: int, case: Case) -> None:
        card = smi(name, mebibytes)
        for system in ("Linux", "Windows"):
            verdict = assess(replace(FINE, system=system), [card], CUDA)
            assert verdict == Verdict(case, card)
        assert verdict.webglaze is (case is not READY)
        assert verdict.half is (case in {READY, SMALL})
        assert verdict.here

    @pytest.mark.parametrize(("name", "mebibytes", "case"), NVIDIA)
    def test_of_nvidia_with_a_torch_for_the_processor(self, name: str, mebibytes: int, case: Case) -> None:
        card = smi(name, mebibytes)
        for build in (CPU, None):
            assert assess(FINE, [card], build).case is (NO_CUDA if case is READY else case)

    @pytest.mark.parametrize(("name", "size", "maker"), OTHERS)
    def test_of_others(self, name: str, size: int, maker: Maker) -> None:
        [card] = adapter(name, size)
        assert card.maker is maker
        verdict = assess(replace(FINE, system="Windows"), [card], CPU)
        assert verdict == Verdict(Case.OTHER_CARD, card)
        assert (verdict.webglaze, verdict.here, verdict.half) == (True, True, False)

    @pytest.mark.parametrize("name", STAND_INS)
    def test_of_nobody(self, name: str) -> None:
        verdict = assess(FINE, adapter(name, 256 << 20), CPU)
        assert verdict == Verdict(Case.NO_CARD)
        assert (verdict.webglaze, verdict.here, verdict.half) == (True, True, False)

    @pytest.mark.parametrize("name", APPLE)
    def test_of_apple(self, name: str) -> None:
        card = Card(maker=Maker.APPLE, name=name)
        verdict = assess(MAC, [card], CPU)
        assert verdict == Verdict(Case.MAC, card)
        assert (verdict.webglaze, verdict.here, verdict.half) == (True, True, False)

    def test_in_an_older_mac(self) -> None:
        assert assess(MAC, adapter("AMD Radeon Pro 5300M"), CPU).case is Case.MAC
        assert assess(MAC, [smi("GeForce GTX 1080 Ti", 11264)], CPU).case is Case.MAC
        assert assess(MAC, [], CPU) == Verdict(Case.MAC)

    def test_the_memory_that_is_enough(self) -> None:
        card = Card(maker=Maker.NVIDIA, name="NVIDIA GeForce RTX 3050", driver="580.95", memory=LEAST_CARD_MEMORY)
        assert assess(FINE, [card], CUDA).case is READY
        assert assess(FINE, [replace(card, memory=LEAST_CARD_MEMORY - 1)], CUDA).case is SMALL
        assert assess(FINE, [replace(card, memory=None)], CUDA).case is READY, "not known is nothing against it"

    def test_what_the_card_says_of_its_generation_goes_before_its_name(self) -> None:
        card = replace(smi("NVIDIA Graphics Device", 8192), capability=(3, 7))
        assert assess(FINE, [card], CUDA).case is OLD
        assert assess(FINE, [replace(card, capability=(5, 0))], CUDA).case is READY
        named_old = replace(smi("GeForce GTX 860M", 4096), capability=(5, 0))
        assert assess(FINE, [named_old], CUDA).case is READY

    def test_a_card_without_its_driver(self) -> None:
        card = Card(maker=Maker.NVIDIA, name="NVIDIA GeForce RTX 3070")
        assert assess(FINE, [card], CUDA).case is NO_CUDA
        assert assess(FINE, [card], replace(CUDA, reaches=True)).case is READY, "torch reaches it: the driver is there"
        assert assess(FINE, [replace(card, name=None)], CUDA).case is NO_CUDA

    def test_what_torch_itself_says(self) -> None:
        card = replace(smi("NVIDIA GeForce GTX 1080", 8192), capability=(6, 1))
        assert assess(FINE, [card], replace(CUDA, reaches=False)).case is NO_CUDA
        assert assess(FINE, [card], replace(CUDA, reaches=True, least=(7, 5))).case is NO_CUDA
        assert assess(FINE, [card], replace(CUDA, reaches=True, least=(5, 0))).case is READY
        assert assess(FINE, [card], TorchBuild(version="2.13.0+rocm7.1", hip="7.1", reaches=True)).case is NO_CUDA


class TestSeveralCards:
    @pytest.mark.parametrize(
        ("cards", "case", "meant"),
        [
            (
                [*adapter("Intel(R) UHD Graphics 630", 1 << 30), smi("NVIDIA GeForce RTX 3060 Laptop GPU", 6144)],
                READY,
                1,
            ),
            ([smi("NVIDIA GeForce GTX 1650", 4096), *adapter("AMD Radeon(TM) Graphics", 1 << 29)], GTX16, 0),
            ([smi("NVIDIA GeForce GTX 1650", 4096), smi("NVIDIA GeForce RTX 3060", 12288)], READY, 1),
            ([smi("NVIDIA GeForce GTX 1660 Ti", 6144), smi("GeForce GT 710", 2048)], GTX16, 0),
            ([smi("GeForce GT 710", 2048), smi("NVIDIA GeForce GT 1030", 2048)], SMALL, 1),
            ([smi("NVIDIA GeForce RTX 3060", 12288), smi("NVIDIA GeForce RTX 4090", 24564)], READY, 1),
            ([*adapter("AMD Radeon RX 7900 XTX", 24 << 30), smi("NVIDIA GeForce GT 1030", 2048)], SMALL, 1),
            (
                [*adapter("Intel(R) UHD Graphics 770", 1 << 27), *adapter("AMD Radeon RX 6800", 16 << 30)],
                Case.OTHER_CARD,
                1,
            ),
        ],
    )
    def test_the_best_counts(self, cards: Sequence[Card], case: Case, meant: int) -> None:
        assert assess(FINE, cards, CUDA) == Verdict(case, cards[meant])
        assert assess(FINE, cards[::-1], CUDA) == Verdict(case, cards[meant])


class TestOldComputers:
    OLD_ONES = (replace(FINE, memory=4_000_000_000), replace(FINE, processors=1))

    @pytest.mark.parametrize("computer", OLD_ONES)
    @pytest.mark.parametrize("cards", [[], adapter("Intel(R) HD Graphics 4000", 1 << 30)])
    def test_they_can_go_on_and_are_pointed_elsewhere(self, computer: Machine, cards: list[Card]) -> None:
        verdict = assess(computer, cards, CPU)
        assert (verdict.case, verdict.here, verdict.webglaze) == (Case.OLD_PC, True, True)

    @pytest.mark.parametrize("computer", OLD_ONES)
    def test_with_a_card_that_card_decides(self, computer: Machine) -> None:
        assert assess(computer, [smi("NVIDIA GeForce RTX 3060", 12288)], CUDA).case is READY


class TestNames:
    @pytest.mark.parametrize(
        "name",
        [
            "GTX 1660",
            "gtx-1650",
            "GTX1650 Ti",
            "GeForce_GTX_1660",
            "NVIDIA GeForce® GTX 1650™",
            "TU116 [GeForce GTX 1660]",
        ],
    )
    def test_the_gtx_16_family_however_it_is_written(self, name: str) -> None:
        assert half_is_wrong(name)

    @pytest.mark.parametrize("name", ["", "NVIDIA RTX 2000 Ada", "Tesla T4", "GeForce GTX 1080", "GeForce RTX 5060"])
    def test_and_no_other(self, name: str) -> None:
        assert not half_is_wrong(name)


class TestWords:
    CARDS: ClassVar[dict[Case, list[Card]]] = {
        READY: [smi("NVIDIA GeForce RTX 3070", 8192)],
        GTX16: [smi("NVIDIA GeForce GTX 1660 Ti", 6144)],
        SMALL: [smi("NVIDIA GeForce GTX 1060 3GB", 3072)],
        OLD: [smi("Tesla K80", 11441)],
        Case.OTHER_CARD: [*adapter("AMD Radeon RX 580", 8 << 30)],
        NO_CUDA: [Card(maker=Maker.NVIDIA)],
        Case.NO_CARD: [],
    }

    @pytest.mark.parametrize("language", languages())
    @pytest.mark.parametrize("case", CARDS)
    def test_each_case_is_told_with_its_card(self, case: Case, language: str) -> None:
        words = load(language)
        found = machine.Findings(FINE, "AMD Ryzen 5 3600 6-Core Processor", tuple(self.CARDS[case]), CUDA)
        assert found.verdict.case is case
        told = findings.sentence(words, found)
        assert "{" not in told
        for card in found.cards:
            assert findings.card_name(words, card) in told
        values = dict(findings.rows(words, found))
        assert values[words("computer.processor")] == found.processor
        assert values[words("computer.memory")] == words("computer.gigabytes", n=16)
        assert (findings.webglaze(words, found) is None) is (case in {READY, NO_CUDA})

    def test_figures_are_as_on_the_box(self) -> None:
        words = load("en")
        told = findings.sentence(words, machine.Findings(FINE, "", tuple(self.CARDS[SMALL]), CUDA))
        assert "has 3 GB" in told
        assert "4 GB or more" in told
        assert "memory: 4 GB" in findings.sentence(words, machine.Findings(TestOldComputers.OLD_ONES[0], "", (), CPU))

    @pytest.mark.parametrize("language", languages())
    def test_no_case_claims_that_a_card_is_used(self, language: str) -> None:
        own = {"de": "Prozessor", "es": "procesador", "fr": "processeur", "ja": "プロセッサー", "ko": "프로세서"}
        processor_is_named = {**own, "en": "processor", "zh": "处理器"}[language]
        for case in Case:
            if case is not Case.CANNOT_RUN:
                assert processor_is_named in load(language).texts[f"computer.{case}"]

    @pytest.mark.parametrize("language", languages())
    def test_what_cannot_run_says_why(self, language: str) -> None:
        found = machine.Findings(replace(FINE, bits=32), "", (), None)
        told = findings.sentence(load(language), found)
        assert "32" in told
        assert WEBGLAZE in told

    @pytest.mark.parametrize("language", languages())
    def test_how_to_ask_for_webglaze(self, language: str) -> None:
        told = findings.webglaze(load(language), machine.Findings(FINE, "", (), CPU))
        assert told is not None
        for expected in (WEBGLAZE, "@TheGlazeProject", "Twitter", "Instagram"):
            assert expected in told

    def test_what_is_not_known_is_said_to_be(self) -> None:
        found = machine.Findings(FINE, "", (Card(maker=Maker.NVIDIA),), None)
        rows = findings.rows(load("en"), found)
        assert ("Processor", "not known") in rows
        assert ("Graphics card", "NVIDIA graphics card") in rows
        assert [value for label, value in rows if label.endswith("of the card")] == ["not known", "not known"]
        assert ("Computing library (torch)", "not known") in rows

    def test_a_card_that_is_a_part_of_the_processor_has_nothing_of_its_own(self) -> None:
        found = machine.Findings(MAC, "Apple M2", (Card(maker=Maker.APPLE, name="Apple M2"),), CPU)
        assert not [label for label, _ in findings.rows(load("en"), found) if "of the card" in label]
