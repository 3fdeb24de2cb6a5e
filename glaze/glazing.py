"""One artwork on its whole way: open, choose a decoy, redraw, cloak, fit, save, report."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass
from functools import cache, lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Final

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.autograd.graph import save_on_cpu

from glaze import pace
from glaze.advice import advise
from glaze.artwork import Artwork, open_artwork, save_artwork
from glaze.artwork.place import digest
from glaze.canvas import Canvas, Pixels, as_trained, lay_on, make_canvas, over_white, to_tensor
from glaze.cloak import Iterate, OnIterate, cloak
from glaze.decoys.choose import choose
from glaze.decoys.diffusion import Img2Img, OnStep, recipe_of, resized
from glaze.decoys.kept import answers, keep, note, recall
from glaze.decoys.redraw import in_own_colours, redraw
from glaze.decoys.styles import STYLES, draw_style
from glaze.device import PROCESSOR, best_device
from glaze.encoders import Autoencoder, BundledEncoder, Encoder, Ensemble, InTurn, Turn, load_autoencoder
from glaze.errors import ArtworkTooPlain, DecoyError, OutOfMemory, SaveError, WeightsError
from glaze.fallback import Need, Place, on_best_device
from glaze.fitting import fit, inside
from glaze.graphs import graphed
from glaze.memory import ran_out
from glaze.network import FAMILY_CHANNELS
from glaze.outcome import Glaze, Visibility
from glaze.packs import STABLE_DIFFUSION, STANDARD, STUDIO, folder_of, packs_folder, ways
from glaze.report import genres_of, ground, make_report
from glaze.settings import Budget, Effort, EncoderPath, Engine, GlazeSettings, Redraw
from glaze.visibility import Likeness, Original, Watch
from glaze.visibility.masks import local_activity
from glaze.weights import load_bundled, load_lpips

OWN_DECOY = "own"
LEAST_DECOY_TEXTURE = 2.0  # levels of mean local deviation; a plainer picture redraws everything as mush
UNRELATED_SIDE = 128  # pixels; the unit of an unknown family hardly depends on the size it is measured at

OnSaving = Callable[[Path, str, Glaze | None], None]


def glaze(
    path: Path,
    settings: GlazeSettings | None = None,
    *,
    folder: Path | None = None,
    on_iterate: OnIterate | None = None,
    cancelled: Callable[[], bool] = lambda: False,
    on_saving: OnSaving = lambda _path, _sha256, _glaze: None,
) -> Glaze:
    """Glaze one picture and write NAME-glazed.png into `folder` (beside the original unless given).

    Each file is announced to `on_saving` as glaze.artwork.place.Announce says, the result together with the whole
    Glaze, the decoy with None. The result gets its name last of all, so where it is, everything is.

    Raises GlazeError only: ArtworkError and DecoyError for what cannot be glazed, SaveError, WeightsError,
    OutOfMemory, and Cancelled once `cancelled()` is true. Whatever is raised, nothing was left behind.
    """
    here = ways(settings or GlazeSettings())
    started = time.monotonic()
    with memory_told(path):
        artwork = open_artwork(path, keep_gps=here[-1].keep_gps)
        into = folder or path.parent
        opening = time.monotonic() - started
        return on_best_device(
            lambda place: _glaze(
                artwork, here[place.way], into, on_iterate, cancelled, on_saving=on_saving, opening=opening, place=place
            ),
            *needs((artwork.width, artwork.height), here),
        )


@contextmanager
def memory_told(path: Path) -> Iterator[None]:
    """Raises OutOfMemory in place of what Python and torch raise."""
    try:
        yield
    except (MemoryError, RuntimeError) as error:
        if not ran_out(error):
            raise
        raise OutOfMemory("memory", path=path) from error


def needs(size: tuple[int, int], here: Sequence[GlazeSettings]) -> list[Need]:
    """What a glaze of a picture of `size` (width, height) in pixels needs, for each of the `ways` to carry it out."""
    return [Need(size, settings.render.effort, settings.encoders) for settings in here]


def estimate(size: tuple[int, int], settings: GlazeSettings | None = None, picture: Path | None = None) -> float:
    """About how many seconds `glaze` takes on this computer for a picture of `size` (width, height) in pixels.

    Learned from what was glazed here before; where that is nothing, a few steps of the loop are timed first, once.
    picture: where Stable Diffusion has redrawn it already, that is not counted again.
    Raises WeightsError.
    """
    here = ways(settings or GlazeSettings())

    def seconds(place: Place) -> float:
        settings = here[place.way]
        tools, effort = _tools(settings, place), settings.render.effort
        anew = settings.redraw is Redraw.DIFFUSION and not (picture and _is_redrawn(picture, settings))
        return pace.estimate(size, effort, tools) + (pace.estimate_redrawing(size, effort, tools) if anew else 0.0)

    return on_best_device(seconds, *needs(size, here))


def redrawing_time(size: tuple[int, int], effort: Effort) -> float:
    """About how many seconds redrawing by Stable Diffusion adds to the first glaze of a picture of `size` here.

    Raises WeightsError.
    """
    plain = GlazeSettings(engine=Engine.BUNDLED)
    return on_best_device(
        lambda place: pace.estimate_redrawing(size, effort, _tools(plain, place)), *needs(size, [plain])
    )


@dataclass(frozen=True)
class Start:
    """What the loop begins with.

    trained  (1, 3, h, w) in [0, 1], the canvas as an encoder gets it; redrawn, of that size, in the decoy style.
    aim      the budget to keep inside.
    place    where all of it lies, and where the loop is to run.
    diffused seconds that Stable Diffusion took; 0 where it did nothing, and where it had drawn the picture before.
    """

    canvas: Canvas
    trained: Tensor
    decoy_style: str
    redrawn: Tensor
    tools: pace.Tools
    aim: Budget
    place: Place
    diffused: float = 0.0


def prepare(
    artwork: Artwork,
    settings: GlazeSettings,
    decoy_style: str | None = None,
    *,
    short_side: int | None = None,
    whole: Artwork | None = None,
    on_iterate: OnIterate | None = None,
    cancelled: Callable[[], bool] = lambda: False,
    place: Place | None = None,
) -> Start:
    """Make the canvas, choose the decoy and redraw: the same artwork and settings give the same.

    settings     as they are carried out here (one of `ways`).
    decoy_style  one that Glaze draws, where it need not choose; it goes before that of the settings.
    short_side   of another canvas than the settings'.
    whole        of a preview, the artwork itself. Nobody waits then for Stable Diffusion: what it was to redraw and has
                 not is redrawn by patches.
    on_iterate   is told how far Stable Diffusion is.
    place        where to do it; by default on the best device.
    Raises ArtworkTooPlain, DecoyError, what `open_artwork` raises of the artist's own decoy, WeightsError, Cancelled.
    """
    place = place or Place(best_device())
    tools = _tools(settings, place)
    canvas = make_canvas(artwork, short_side or settings.render.effort.canvas, settings.intensity.room)
    if not canvas.mask.bound.any():
        raise ArtworkTooPlain("no_room", path=artwork.path)
    trained = canvas.as_trained(canvas.picture)
    name, decoy = _decoy(trained, tools.encoder, settings, decoy_style)
    redrawn, diffused = None, 0.0
    if settings.redraw is Redraw.DIFFUSION:
        # Always of the same size, so that a preview's smaller canvas finds what was drawn for a glaze.
        to_draw = as_trained(whole or artwork, settings.render.effort.canvas)
        drawn, diffused = _diffused(
            to_draw,
            name,
            settings,
            artwork.path,
            tools.device,
            hurried=whole is not None,
            on_iterate=on_iterate,
            cancelled=cancelled,
        )
        redrawn = None if drawn is None else in_own_colours(resized(drawn, trained.shape[2:]), trained)
    if redrawn is None:
        redrawn = redraw(trained, decoy, tools.encoder)
    aim = inside(settings.intensity.budget, estimated=load_lpips() is None)
    return Start(canvas, trained, name, redrawn, tools, aim, place, diffused)


def _diffused(
    artwork: Tensor,
    style: str,
    settings: GlazeSettings,
    picture: Path,
    device: torch.device,
    *,
    hurried: bool,
    on_iterate: OnIterate | None,
    cancelled: Callable[[], bool],
) -> tuple[Tensor | None, float]:
    """The artwork redrawn by Stable Diffusion in a style that Glaze draws, as it was kept or anew; None if hurried.

    And how many seconds it took anew. picture: its file.
    """
    folder = folder_of(STABLE_DIFFUSION)
    if folder is None:
        raise WeightsError("no_diffusion", path=packs_folder() / STABLE_DIFFUSION)
    img2img = Img2Img(folder, STYLES[style].description, settings.seed)
    key, size = img2img.key(artwork), (artwork.shape[2], artwork.shape[3])
    drawn, seconds = recall(key, size), 0.0
    if drawn is None:
        if hurried:
            return None, seconds
        started = time.monotonic()
        drawn = img2img.draw(artwork, device, cancelled, _told(on_iterate, started))
        seconds = time.monotonic() - started
        keep(key, drawn)
    if not hurried and (request := _request(picture, settings, folder)):
        note(key, request)
    return drawn, seconds


def _told(on_iterate: OnIterate | None, started: float) -> OnStep:
    """Tells of Stable Diffusion's steps what is told of the loop's."""
    first = started

    def on_step(step: int, steps: int) -> None:
        nonlocal first
        now = time.monotonic()
        # The first step also waits for the model, as it is loaded.
        first = now if step <= 1 else first
        left = (now - first) / (step - 1) * (steps - step) if step > 1 else 0.0
        if on_iterate is not None:
            on_iterate(Iterate(step, steps, 0.0, 0.0, None, now - started, left, redrawing=True))

    on_step(0, 1)
    return on_step


def _is_redrawn(picture: Path, settings: GlazeSettings) -> bool:
    """Whether Stable Diffusion has redrawn it already as it is to be, and that is kept."""
    folder = folder_of(STABLE_DIFFUSION)
    request = None if folder is None else _request(picture, settings, folder)
    return request is not None and answers(request)


def _request(picture: Path, settings: GlazeSettings, folder: Path) -> str | None:
    """Equal where the same redrawn picture is asked for: told by its file, without opening it. None if unreadable."""
    try:
        state = picture.stat()
        file = _digest(picture, state.st_mtime_ns, state.st_size)
    except (OSError, ValueError):
        return None
    # Where Glaze chooses the style, it depends on what it looks through.
    style = settings.decoy_style or repr(settings.encoders)
    asked = (file, recipe_of(folder), style, settings.seed, settings.render.effort.canvas)
    return sha256(repr(asked).encode(errors="replace")).hexdigest()


@lru_cache(maxsize=64)
def _digest(picture: Path, _changed: int, _size: int) -> str:
    return digest(picture)


def search(
    start: Start, effort: Effort, seed: int, on_iterate: OnIterate | None, cancelled: Callable[[], bool]
) -> Tensor:
    """Run the loop: the change, (1, 3, h, w), on the processor. Raises Cancelled."""
    canvas, tools = start.canvas.to(start.tools.device), start.tools
    watch = Watch(canvas.picture, canvas.screen_scale, tools.likeness, canvas.enlargement)
    with save_on_cpu() if start.place.offload else nullcontext():
        return cloak(
            canvas,
            start.redrawn.to(tools.device),
            graphed(tools.encoder) if start.place.graphs else tools.encoder,
            watch,
            start.aim,
            effort,
            seed=seed,
            on_iterate=on_iterate,
            cancelled=cancelled,
        ).cpu()


def _tools(settings: GlazeSettings, place: Place) -> pace.Tools:
    """Through what models and people look there. `settings` as they are carried out here. Raises WeightsError."""
    encoder, likeness = load_encoder(settings.encoders, place), load_likeness(place.device)
    return pace.Tools(encoder, likeness, settings.encoders, place.device)


def load_likeness(device: torch.device = PROCESSOR) -> Likeness:
    """LPIPS, or the bundled eye in its place. What a budget promises is measured on the processor, whatever searches.

    Raises WeightsError.
    """
    return load_lpips(str(device)) or load_bundled(str(device)).eye


def _glaze(
    artwork: Artwork,
    settings: GlazeSettings,
    folder: Path,
    on_iterate: OnIterate | None,
    cancelled: Callable[[], bool],
    *,
    on_saving: OnSaving,
    opening: float,
    place: Place,
) -> Glaze:
    """Of an opened artwork, at one place; opening it took so many seconds."""
    started = time.monotonic() - opening
    effort, budget = settings.render.effort, settings.intensity.budget
    start = prepare(artwork, settings, on_iterate=on_iterate, cancelled=cancelled, place=place)
    canvas, tools = start.canvas, start.tools
    # Now, so that a damaged CLIP is told before the long work.
    own_genres = genres_of(start.trained, tools.encoder)
    original = Original(over_white(artwork.pixels, artwork.alpha), load_likeness(), grey=artwork.grey)
    in_loop = 0.0

    def follow(iterate: Iterate) -> None:
        nonlocal in_loop
        in_loop = iterate.elapsed
        if on_iterate:
            on_iterate(iterate)

    change = search(start, effort, settings.seed, follow, cancelled)
    scale, _ = fit(change, canvas, original, start.aim)

    measured: list[Visibility] = []

    def check(pixels: Pixels) -> None:
        """Measure the finished file once more, as it was read back from the disk."""
        figures = original.compare(over_white(pixels, artwork.alpha))
        if not figures.within(budget):
            raise SaveError("over_budget", path=artwork.path)
        measured.append(figures)

    pixels = lay_on(artwork.pixels, artwork.alpha, change * scale, canvas.mask, grey=artwork.grey)
    if np.array_equal(pixels, artwork.pixels):
        raise ArtworkTooPlain("no_room", path=artwork.path)
    # Before anything is written: once the result has its name, nothing may be missing.
    finished = canvas.as_trained(canvas.scaled(over_white(pixels, artwork.alpha)))
    report = make_report(start.trained, finished, start.redrawn, tools.encoder, own_genres)
    decoy_path = _save_decoy(artwork, start.redrawn, folder, on_saving) if settings.save_decoy else None
    glazes: list[Glaze] = []

    def announce(result: Path, sha256: str) -> None:
        glaze = Glaze(
            original=artwork.path,
            result=result,
            decoy=decoy_path,
            decoy_style=start.decoy_style,
            notes=artwork.notes,
            visibility=measured[-1],
            report=report,
            advice=advise(report.strength, measured[-1].figures, settings, ground(canvas)),
            seconds=time.monotonic() - started,
            settings=settings,
        )
        glazes.append(glaze)
        on_saving(result, sha256, glaze)

    try:
        save_artwork(artwork, pixels, folder, check=check, announce=announce)
    except BaseException:
        if decoy_path:
            with suppress(OSError):
                decoy_path.unlink()
        raise
    seconds = glazes[-1].seconds
    rest = seconds - in_loop - start.diffused
    size = (artwork.width, artwork.height)
    pace.learn(size, effort, tools, loop=in_loop, rest=rest)
    if start.diffused:
        pace.learn_redrawing(size, effort, tools, start.diffused)
    return glazes[-1]


def load_encoder(given: tuple[EncoderPath, ...], place: Place | None = None) -> Encoder:
    """What a glaze is made and measured with: the bundled network, and the real encoders an artist gave.

    The real ones come first, so that the report shows what one of them sees. The bundled network stays among them for
    the families that none of them brings: a step through it costs a tenth of one through a tiny autoencoder, and in
    turn with real ones it made stronger glazes than either alone (two pictures). Its imitation of a family gives way to
    the family itself, and where it has none left it would only take steps from the real ones, so it is left out.
    place: where; by default on the best device.
    Raises WeightsError for an encoder that cannot be loaded and for two of one family.
    """
    place = place or Place(best_device())
    device = str(place.device)
    if not given:
        return _bundled(device, tuple(FAMILY_CHANNELS))
    real = _real_encoders(given, place)
    brought = {family for encoder in real for family in encoder.families}
    left = tuple(family for family in FAMILY_CHANNELS if family not in brought)
    return Ensemble([*real, _bundled(device, left)] if left else real)


# One object for all pictures, because what is worked out once for an encoder is kept with it.
@cache
def _bundled(device: str, families: tuple[str, ...]) -> BundledEncoder:
    return BundledEncoder(load_bundled(device), families)


# Loaded once for many pictures. Full autoencoders take too much memory to keep those that were given before.
_loaded: Final[dict[torch.device, tuple[tuple[EncoderPath, ...], Sequence[Encoder]]]] = {}


def _real_encoders(given: tuple[EncoderPath, ...], place: Place) -> Sequence[Encoder]:
    known, encoders = _loaded.get(place.device, ((), ()))
    if known == given and not place.in_turn:
        return encoders
    # Before others come, these go.
    del encoders
    _loaded.pop(place.device, None)
    if place.in_turn:
        turn = Turn(place.device)
        return [InTurn(_real_encoder(encoder, str(place.device)), turn) for encoder in given]
    loaded = [_real_encoder(encoder, str(place.device)) for encoder in given]
    _loaded[place.device] = given, loaded
    return loaded


def _real_encoder(given: EncoderPath, device: str) -> Autoencoder:
    try:
        return load_autoencoder(given.path, given.family, _unrelated, device)
    except WeightsError as error:
        if not given.path.is_relative_to(packs_folder()):
            raise
        # Nobody chose that file: what helps is another one.
        pack = STUDIO if given.path.is_dir() else STANDARD
        raise WeightsError("pack_damaged", path=given.path, pack=pack) from error


def _unrelated() -> Sequence[Tensor]:
    """Pictures that have nothing in common, for the unit of a family that Glaze does not know."""
    return [to_tensor(draw_style(name, 0, UNRELATED_SIDE, UNRELATED_SIDE)) for name in STYLES]


def _decoy(artwork: Tensor, encoder: Encoder, settings: GlazeSettings, decoy_style: str | None) -> tuple[str, Tensor]:
    """The decoy's name and picture, as large as the artwork (1, 3, h, w), so that its texture has the same scale."""
    side = max(256, min(artwork.shape[2:]))
    if settings.decoy is None:
        name = decoy_style or settings.decoy_style or choose(artwork, encoder, settings.seed).name
        return name, to_tensor(draw_style(name, settings.seed, side, side))
    own = open_artwork(settings.decoy)
    picture = over_white(own.pixels, own.alpha)
    scale = side / min(picture.size)
    size = (max(side, round(picture.width * scale)), max(side, round(picture.height * scale)))
    decoy = to_tensor(picture.resize(size, Image.Resampling.LANCZOS))
    if local_activity(decoy).mean() < LEAST_DECOY_TEXTURE:
        raise DecoyError("too_plain", path=settings.decoy)
    return OWN_DECOY, decoy


def _save_decoy(artwork: Artwork, redrawn: Tensor, folder: Path, on_saving: OnSaving) -> Path:
    """Write NAME-decoy.png: the artwork redrawn, at the artwork's own size so that both can be laid side by side."""
    picture = Image.fromarray((redrawn[0] * 255).round().byte().permute(1, 2, 0).numpy())
    enlarged = np.asarray(picture.resize((artwork.width, artwork.height), Image.Resampling.BICUBIC))
    deep = enlarged.astype(artwork.pixels.dtype) * (257 if artwork.depth == 16 else 1)
    return save_artwork(artwork, deep, folder, "-decoy", announce=lambda path, sha256: on_saving(path, sha256, None))


__all__ = ["Glaze", "Iterate", "estimate", "glaze"]
