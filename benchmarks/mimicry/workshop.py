"""Makes an artist's squares for each case, all of them equally visible, and measures how far they move a latent."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from benchmarks.mimicry.artists import read, square
from benchmarks.mimicry.cases import CLEAN, NOISE, WITHOUT, Case
from benchmarks.peers import PEERS, Task
from benchmarks.visible import Picture, grain, scaled
from glaze.artwork import open_artwork
from glaze.canvas import Canvas, make_canvas, to_tensor
from glaze.cloak import cloak
from glaze.decoys.choose import choose
from glaze.decoys.redraw import redraw
from glaze.decoys.styles import draw_style
from glaze.encoders import BundledEncoder, Encoder, Ensemble, load_tiny
from glaze.fitting import inside
from glaze.settings import Effort
from glaze.visibility import Original, Watch
from glaze.visibility.lpips import Lpips
from glaze.weights import load_bundled

Figures = dict[str, Any]


@dataclass(frozen=True)
class Efforts:
    """side: of the squares; ours, peers: steps of the loops (a peer takes no more than it is published with)."""

    side: int = 512
    ours: int = 100
    peers: int = 30


class Workshop:
    """The networks that loops look through, and a folder for what they made. Runs on the processor.

    teachers   the folder of the families' tiny autoencoders.
    """

    def __init__(self, teachers: Path, lpips: Path, efforts: Efforts, folder: Path) -> None:
        self.efforts, self.folder = efforts, folder
        self.encoders = {path.stem: load_tiny(path, path.stem) for path in sorted(teachers.glob("*.safetensors"))}
        network = load_bundled()
        self.bundled, self.eye = BundledEncoder(network), network.eye
        self.lpips = Lpips(lpips).eval()

    def squares(
        self, artist: str, paths: tuple[Path, ...], name: str, case: Case, family: str
    ) -> tuple[list[Image.Image], list[Figures]]:
        """An artist's squares of one case, and figures of each; made once and kept. `family`: the mimic's."""
        folder = self.folder / artist / (f"{name}-{family}" if case.loop == WITHOUT else name)
        folder.mkdir(parents=True, exist_ok=True)
        squares, figures, style = [], [], None
        for path in paths:
            made, known = folder / f"{path.stem}.png", folder / f"{path.stem}.json"
            if not known.exists():
                result, found = self._make(path, case, family, style)
                Image.fromarray(result).save(made)
                known.write_text(json.dumps(found, indent=1), encoding="utf-8")
            figures.append(json.loads(known.read_text(encoding="utf-8")))
            squares.append(Image.open(made).convert("RGB"))
            style = figures[0].get("decoy") if case.one_decoy else None
        return squares, figures

    def _make(self, path: Path, case: Case, family: str, style: str | None) -> tuple[Picture, Figures]:
        plain = square(read(path), self.efforts.side)
        picture = np.asarray(plain)
        if case.loop == CLEAN:
            return picture, {}
        # Whether a picture is grey art is the file's to say.
        with TemporaryDirectory() as place:
            plain.save(Path(place) / "square.png")
            artwork = open_artwork(Path(place) / "square.png")
        canvas = make_canvas(artwork, self.efforts.side, case.intensity.room)
        if style is None:
            style = choose(canvas.picture, self.bundled, 0).name
        redrawn = redraw(canvas.picture, to_tensor(draw_style(style, 0, *plain.size)), self.bundled)
        change, goal = self._change(case, family, canvas, redrawn)
        original = Original(plain, self.lpips, grey=artwork.grey)
        result, scale, seen = scaled(picture, change, original, case.intensity.budget)
        moved = {name: self._moved(encoder, canvas.picture, result, goal) for name, encoder in self.encoders.items()}
        return result, {"decoy": style, "scale": round(scale, 3), "seen": seen.as_dict(), "families": moved}

    def _change(self, case: Case, family: str, canvas: Canvas, redrawn: Tensor) -> tuple[Tensor, Tensor | None]:
        """The change before it is scaled, and the picture it aims at (None: the latent of all zeros)."""
        everything = Ensemble(list(self.encoders.values()))
        if case.loop == NOISE:
            return to_tensor(grain(as_pixels(canvas.picture), 8.0)) - canvas.picture, redrawn
        if case.loop in PEERS:
            peer, task = PEERS[case.loop], Task(canvas.picture, redrawn, everything.members, self.lpips)
            return peer.run(task, min(peer.steps, self.efforts.peers)) - canvas.picture, peer.goal(task)
        alone = case.loop == "bundled"
        others = [encoder for name, encoder in self.encoders.items() if name != family]
        encoder: Encoder = self.bundled if alone else everything if case.loop == "ensemble" else Ensemble(others)
        watch = Watch(canvas.picture, canvas.screen_scale, self.eye if alone else self.lpips, canvas.enlargement)
        aim = inside(case.intensity.budget, estimated=alone)
        effort = Effort(steps=self.efforts.ours, canvas=self.efforts.side)
        return cloak(canvas, redrawn, encoder, watch, aim, effort), redrawn

    @torch.no_grad()
    def _moved(self, encoder: Encoder, before: Tensor, result: Picture, goal: Tensor | None) -> dict[str, float]:
        """How far a family's latent moved, in units of its SPREAD, and how much of that leads to the goal."""

        def latent(picture: Tensor) -> Tensor:
            return next(iter(encoder.encode(picture).values())).flatten()

        start = latent(before)
        change = latent(to_tensor(result)) - start
        way = (torch.zeros_like(start) if goal is None else latent(goal)) - start
        move = change.square().mean().sqrt().item()
        return {"move": round(move, 4), "progress": round(move * torch.cosine_similarity(change, way, 0).item(), 4)}


def as_pixels(picture: Tensor) -> Picture:
    """(1, 3, h, w) in [0, 1] -> (h, w, 3) in 8 bits."""
    return np.asarray((picture[0] * 255).round().byte().permute(1, 2, 0).numpy())
