"""What can be set, each default once. Intensity becomes a visibility budget, Render the effort spent inside it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from glaze.errors import SettingsError


@dataclass(frozen=True, kw_only=True)
class Budget:
    """How visible a glaze may become: all of these together, since each alone can be gamed (docs/method.md).

    lpips    LPIPS (SqueezeNet) of the picture at training size.
    flip     mean FLIP (Andersson et al. 2020) of the picture as a screen shows it.
    flat     99th percentile of CIEDE2000, averaged over 3x3 px, where the picture is smooth.
    colour   99th percentile of CIEDE2000 everywhere, averaged over 7x7 px.

    The fifth bound has no number: grey stays grey.
    """

    lpips: float
    flip: float
    flat: float
    colour: float


@dataclass(frozen=True, kw_only=True)
class Effort:
    """steps of the loop, and the short side of the canvas in pixels that they work on."""

    steps: int
    canvas: int


class Intensity(StrEnum):
    """How visible the glaze may become, and with it how strong."""

    LOW = "low"
    DEFAULT = "default"
    HIGH = "high"

    @property
    def budget(self) -> Budget:
        return {
            Intensity.LOW: Budget(lpips=0.03, flip=0.05, flat=1.2, colour=3.0),
            Intensity.DEFAULT: Budget(lpips=0.05, flip=0.08, flat=1.5, colour=5.0),
            Intensity.HIGH: Budget(lpips=0.10, flip=0.12, flat=2.5, colour=8.0),
        }[self]

    @property
    def room(self) -> float:
        """How much wider the bound of every pixel is: without, a larger budget would stay unused."""
        return 1.5 if self is Intensity.HIGH else 1.0

    @property
    def strength(self) -> float:
        """How far a glaze gets, as a multiple of how far it gets at DEFAULT: every target is scaled by it.

        As measured on one picture for LOW and on two for HIGH (docs/measured.md).
        """
        return {Intensity.LOW: 0.8, Intensity.DEFAULT: 1.0, Intensity.HIGH: 1.4}[self]


class Render(StrEnum):
    """How long the loop may look for the best glaze inside the budget.

    Each level is two promises: the time it takes, which `glazing.estimate` says beforehand for this computer, and the
    strength it reaches (`target`); a result below that is flagged, with what to change (`Glaze.advice`).
    """

    FAST = "fast"
    DEFAULT = "default"
    SLOW = "slow"
    SLOWEST = "slowest"

    @property
    def effort(self) -> Effort:
        return {
            Render.FAST: Effort(steps=30, canvas=512),
            Render.DEFAULT: Effort(steps=100, canvas=512),
            Render.SLOW: Effort(steps=250, canvas=512),
            Render.SLOWEST: Effort(steps=500, canvas=512),
        }[self]

    @property
    def target(self) -> float:
        """The least `Report.strength`, in percent, that this level shall reach at Intensity.DEFAULT."""
        return {Render.FAST: 13.0, Render.DEFAULT: 16.0, Render.SLOW: 16.5, Render.SLOWEST: 17.0}[self]


class Engine(StrEnum):
    """What a glaze looks through where no encoders are named.

    PACKS    the best that this computer can carry of what is on it: on a graphics card that has the memory for them the
             full encoders of the pack "studio", else the tiny ones of the pack "standard", else the bundled network.
    FULL     the full encoders wherever they run, on the processor, too; for families that lack one, as PACKS.
    TINY     the tiny encoders, also where the full ones are here; else the bundled network.
    BUNDLED  the bundled network alone: weaker, in about half the time of the tiny encoders.
    """

    PACKS = "packs"
    FULL = "full"
    TINY = "tiny"
    BUNDLED = "bundled"


class Redraw(StrEnum):
    """How the artwork is redrawn in the style of the decoy, which the cloak then leads toward.

    PACKS      by Stable Diffusion where it is on this computer and the decoy is a style that Glaze draws, else by
               patches; by patches as well where the engine is the bundled network by choice.
    PATCHES    each piece of the artwork takes the most similar piece of the decoy.
    DIFFUSION  by Stable Diffusion's img2img, as in the paper. Of an artist's own decoy it has no words: by patches.
    """

    PACKS = "packs"
    PATCHES = "patches"
    DIFFUSION = "diffusion"


@dataclass(frozen=True)
class EncoderPath:
    """A real encoder on this computer: a folder that diffusers saved, or the file of a tiny autoencoder.

    family  what to call the model family whose encoder it is; None lets its configuration or its name say so.
    """

    path: Path
    family: str | None = None

    @classmethod
    def parse(cls, text: str) -> EncoderPath:
        """From PATH or FAMILY=PATH. A path that itself begins like the latter can be given as ./PATH."""
        named = re.fullmatch(r"([\w.-]*\w)=(.+)", text)
        return cls(Path(named[2]), named[1]) if named else cls(Path(text))

    def __str__(self) -> str:
        return f"{self.family}={self.path}" if self.family else str(self.path)


@dataclass(frozen=True, kw_only=True)
class GlazeSettings:
    """Everything a glaze depends on besides the picture. Raises SettingsError where two decoys are named.

    encoders     real encoders to look through besides the bundled network; each step of the loop looks through one.
    engine       what to look through where no encoders are named.
    redraw       how the artwork is redrawn in the style of the decoy.
    decoy        an artist's own decoy picture.
    decoy_style  the style that Glaze draws the decoy in, a name in glaze.decoys.styles.STYLES. With neither,
                 Glaze chooses one of these styles.
    seed         the same seed, picture and machine give the same glaze.
    save_decoy   also write NAME-decoy.png, the artwork redrawn in the decoy style.
    keep_gps     keep the place where a photograph was taken in the result's metadata.
    """

    intensity: Intensity = Intensity.DEFAULT
    render: Render = Render.DEFAULT
    encoders: tuple[EncoderPath, ...] = ()
    engine: Engine = Engine.PACKS
    redraw: Redraw = Redraw.PACKS
    decoy: Path | None = None
    decoy_style: str | None = None
    seed: int = 0
    save_decoy: bool = False
    keep_gps: bool = False

    def __post_init__(self) -> None:
        if self.decoy is not None and self.decoy_style is not None:
            raise SettingsError("two_decoys", path=self.decoy, style=self.decoy_style)

    @property
    def target(self) -> float:
        """The least `Report.strength`, in percent, that a glaze with these settings shall reach."""
        return self.render.target * self.intensity.strength
