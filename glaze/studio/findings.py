"""What was found on this computer, what it means, and how long pictures take here, in the words of a language."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from glaze import machine
from glaze.errors import MachineError
from glaze.machine import Card, Case, Findings, Maker, TorchBuild
from glaze.settings import GlazeSettings, Render
from glaze.studio.words import Words

# The picture whose time is told: (width, height) as artists put them on the web.
PICTURE: Final = (1500, 1000)


def rows(words: Words, findings: Findings) -> list[tuple[str, str]]:
    """What was found, as pairs of a label and a value."""
    computer = findings.machine
    found = [
        (words("computer.processor"), findings.processor or words("computer.unknown")),
        (words("computer.processors"), str(computer.processors)),
        (words("computer.memory"), words("computer.gigabytes", n=round(computer.memory / 1e9))),
    ]
    for card in findings.cards:
        found.append((words("computer.card"), card_name(words, card)))
        if card.maker is not Maker.APPLE:  # a part of the processor: nothing of this is its own
            memory = (
                words("computer.gigabytes", n=_gigabytes(words, card)) if card.memory else words("computer.unknown")
            )
            found.append((words("computer.card_memory"), memory))
            found.append((words("computer.driver"), card.driver or words("computer.unknown")))
    if not findings.cards:
        found.append((words("computer.card"), words("computer.no_cards")))
    found.append((words("computer.torch"), _build(words, findings.build)))
    return found


def sentence(words: Words, findings: Findings) -> str:
    """What it means for the artist, in one sentence."""
    computer, verdict = findings.machine, findings.verdict
    if verdict.case is Case.CANNOT_RUN:
        try:
            machine.check(computer)
        except MachineError as error:
            return words.error(error)
    return words(
        f"computer.{verdict.case}",
        card="" if verdict.card is None else card_name(words, verdict.card),
        card_memory="" if verdict.card is None else _gigabytes(words, verdict.card),
        least=round(machine.LEAST_CARD_MEMORY / 1e9),
        memory=round(computer.memory / 1e9),
        processors=computer.processors,
    )


def webglaze(words: Words, findings: Findings) -> str | None:
    """Where else to glaze and how to ask for it; None where this computer is of the supported kind."""
    return words("computer.webglaze", webglaze=machine.WEBGLAZE) if findings.verdict.webglaze else None


def tried(words: Words, findings: Findings) -> str | None:
    """That a card of no supported kind is used all the same, since it passed its test; None where none is.

    Imports torch, and runs that test where it has not been run yet.
    """
    machine.share_processors()
    from glaze.device import PROCESSOR, best_device

    unsaid = findings.verdict.case is not Case.NVIDIA_READY and best_device() != PROCESSOR
    return words("computer.tried") if unsaid else None


def times(settings: GlazeSettings | None = None) -> dict[Render, float]:
    """About how many seconds a picture of size PICTURE takes here with such settings, by render level.

    Imports torch; where nothing was glazed yet, a few steps are tried first, some seconds. Raises WeightsError, and
    ImportError or OSError where torch is not whole.
    """
    machine.share_processors()
    from glaze import glazing

    settings = settings or GlazeSettings()
    return {render: glazing.estimate(PICTURE, replace(settings, render=render)) for render in Render}


def card_name(words: Words, card: Card) -> str:
    """What to call a card."""
    return card.name or words("computer.unnamed", maker=card.maker)


def _gigabytes(words: Words, card: Card) -> str:
    """As on the box, where 4 GB are 4 x 2**30 bytes."""
    figure = round((card.memory or 0) / 2**30, 1)
    return words.figure(figure, 0 if figure.is_integer() else 1)


def _build(words: Words, build: TorchBuild | None) -> str:
    if build is None:
        return words("computer.unknown")
    if build.cuda:
        return words("computer.torch_cuda", version=build.version, cuda=build.cuda)
    if build.hip:
        return words("computer.torch_hip", version=build.version, hip=build.hip)
    return words("computer.torch_cpu", version=build.version)
