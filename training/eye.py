"""Train the bundled network's eye to see as LPIPS does.

    python -m training.eye --lpips FILE --art FOLDER --run runs/bundled --steps 3400

Takes the encoder from coder.safetensors in --run; writes eye.pt there, from which a later call goes on, and
eye.safetensors. A single distance teaches little, so the eye is told what LPIPS sees: first each layer learns alone,
from what LPIPS's layer before it gave, to answer as LPIPS's layer does; then all together, on their own answers. Above
all it learns the *difference* that a change makes. What it learns from is what it will have to judge: cloaks. So the
encoder is attacked, with changes of many strengths and grains, half of them passed through the cloak's own mask, some
of them hiding from the eye as it stands, so that it learns where it can be deceived, and most of them rounded to 8
bits, since grain on flat colour is what LPIPS minds most.
"""

from __future__ import annotations

import argparse
import json
import math
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor
from torch.nn import functional as F

from glaze.network import Encoder, Eye, channels_last
from glaze.visibility.lpips import Lpips
from glaze.visibility.masks import change_mask
from training.data import Crops, load_folder
from training.drawn import draw_pictures
from training.perturb import attack, damage

SIZE, POOL, REPEATS = 256, 150, 5
ALONE_BATCH, BATCH = 3, 6
STATE_WEIGHT, WHOLE_WEIGHT = 0.3, 1.0
TOLD_FROM: Final = 2  # of LPIPS's seven taps the first two hold next to none of the distance, and the eye none


@dataclass(frozen=True)
class Lesson:
    """Some crops, their changed copies, LPIPS's features of both (float16), and how far apart it finds them."""

    clean: Tensor
    changed: Tensor
    told: list[Tensor]
    distance: Tensor


def _random(low: float, high: float) -> float:
    return low + (high - low) * float(torch.rand(()))


def perturbed(clean: Tensor, encoder: Encoder, eye: Eye, *, hiding: bool) -> Tensor:
    """A changed copy of the crops, as a cloak or as damage would change them."""
    levels = 2 ** (5.5 * torch.rand(clean.shape[0], device=clean.device) - 1)
    if _random(0, 1) < 0.15:
        return _rounded(damage(clean, levels))
    fear = 10 ** _random(-0.5, 1.5) if hiding and _random(0, 1) < 0.4 else 0.0
    with torch.no_grad(), torch.autocast(clean.device.type, torch.bfloat16):
        wanted = encoder(clean.roll(1, 0)).float()
        seen = eye.features(clean)
        unit = (encoder(clean).float() - wanted).square().mean((1, 2, 3))

    def objective(x: Tensor) -> Tensor:
        with torch.autocast(x.device.type, torch.bfloat16):
            distance: Tensor = ((encoder(x).float() - wanted).square().mean((1, 2, 3)) / unit).sum()
        return distance + fear * eye.distance(eye.features(x), seen).sum() if fear else distance

    steps, coarse = 1 + int(_random(0, 5)), (1, 1, 2, 4)[int(_random(0, 4))]
    changed = attack(clean, objective, steps=steps, levels=levels, coarse=coarse)
    if _random(0, 1) < 0.6:
        mask = change_mask(clean, torch.ones_like(clean[:, :1]), grey=False)
        change = mask.pass_colour(changed - clean)
        changed = (clean + mask.clip(change)).clamp(0, 1)
    return _rounded(changed) if _random(0, 1) < 0.7 else changed


def _rounded(pictures: Tensor) -> Tensor:
    return (255 * pictures).round().clamp(0, 255) / 255


def crops_of(crops: Crops, count: int) -> Tensor:
    """Crops as they are, or, one lesson in five, enlarged: a sprite is enlarged before a trainer's encoder sees it."""
    if _random(0, 1) > 0.2:
        return crops.draw(count, SIZE)
    small = crops.draw(count, (128, 160, 192)[int(_random(0, 3))])
    return F.interpolate(small, (SIZE, SIZE), mode="bicubic", align_corners=False).clamp(0, 1)


@torch.no_grad()
def ask(lpips: Lpips, clean: Tensor, changed: Tensor) -> Lesson:
    """LPIPS's answer on crops and their changed copies."""
    features, n = lpips.features(torch.cat([clean, changed])), clean.shape[0]
    distance = lpips.distance([f[:n] for f in features], [f[n:] for f in features])
    return Lesson(clean, changed, [f.half() for f in features[TOLD_FROM:]], distance)


class Lessons:
    """LPIPS's answers cost more than the eye's own, so they go into a pool and each is used about REPEATS times."""

    def __init__(self, crops: Crops, encoder: Encoder, eye: Eye, lpips: Lpips) -> None:
        self.crops, self.encoder, self.eye, self.lpips = crops, encoder, eye, lpips
        self.pool: list[Lesson] = []
        self.drawn = 0

    def draw(self, *, alone: bool) -> Lesson:
        """A lesson, new or used; once the layers learn together, with more crops and attacks that hide."""
        count = ALONE_BATCH if alone else BATCH
        if self.pool and self.pool[-1].clean.shape[0] != count:
            self.pool.clear()
        self.drawn += 1
        if self.pool and self.drawn % REPEATS:
            return self.pool[int(_random(0, len(self.pool)))]
        clean = crops_of(self.crops, count).to(next(self.eye.parameters()).device)
        self.pool.append(ask(self.lpips, clean, perturbed(clean, self.encoder, self.eye, hiding=not alone)))
        if len(self.pool) > POOL:
            self.pool.pop(int(_random(0, POOL)))
        return self.pool[-1]


def missed(guess: Tensor, told: Tensor, least: float) -> Tensor:
    """How much of the features (2N, ...; clean, then changed) was missed, and of their difference, as shares."""
    n = told.shape[0] // 2
    wanted = told[:n] - told[n:]
    error = (guess[:n] - guess[n:] - wanted).square().sum(1).mean((1, 2))
    change = (error / (wanted.square().sum(1).mean((1, 2)) + least)).mean()
    spread = (told - told.mean((0, 2, 3), keepdim=True)).square().mean() + 1e-8
    return change + STATE_WEIGHT * (guess - told).square().mean() / spread


def off_alone(eye: Eye, lpips: Lpips, lesson: Lesson) -> Tensor:
    """The loss of each layer alone, given what LPIPS's layer before it answers."""
    pictures = torch.cat([lesson.clean, lesson.changed])
    with torch.no_grad():
        told = lpips.layers(pictures)
    before = [pictures, *told[:-1]]
    loss = pictures.new_zeros(())
    for index, (given, wanted) in enumerate(zip(before, told, strict=True)):
        least = 1e-4 * wanted.square().sum(1).mean().item()
        loss = loss + missed(eye.layer(index, given), wanted, least)
    return loss / len(told)


def off(eye: Eye, lesson: Lesson) -> tuple[Tensor, Tensor]:
    """The loss of the whole eye, and the distances it finds over those that LPIPS finds."""
    seen, n = eye.features(torch.cat([lesson.clean, lesson.changed])), lesson.clean.shape[0]
    parts = [missed(guess, told.float(), 1e-4) for guess, told in zip(seen, lesson.told, strict=True)]
    distance = eye.distance([s[:n] for s in seen], [s[n:] for s in seen])
    whole = ((distance + 1e-6).sqrt() - (lesson.distance + 1e-6).sqrt()).square() / (lesson.distance + 5e-4)
    return torch.stack(parts).mean() + WHOLE_WEIGHT * whole.mean(), (distance / (lesson.distance + 1e-5)).detach()


def _cycle(done: float) -> float:
    """The rate's share of its highest: up at once, down along a cosine."""
    return min(1.0, 0.1 + 20 * done) * (0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * done)))


def save(eye: Eye, folder: Path, steps: int) -> None:
    """Write eye.safetensors, float16."""
    halves = {f"eye.{k}": v.half().contiguous() for k, v in eye.state_dict().items()}
    save_file(halves, folder / "eye.safetensors", metadata={"steps": str(steps)})
    (folder / "eye.safetensors").chmod(0o644)


def train(args: argparse.Namespace) -> None:
    """Train, log every hundred steps, write the result."""
    torch.manual_seed(args.seed)
    device = torch.device(args.device)
    weights = {k: v.float() for k, v in load_file(args.run / "coder.safetensors").items()}
    encoder = channels_last(Encoder().to(device)).eval().requires_grad_(False)
    encoder.load_state_dict({k.removeprefix("encoder."): v for k, v in weights.items() if k.startswith("encoder.")})
    eye, lpips = channels_last(Eye().to(device)), Lpips(args.lpips).to(device)
    pictures, drawn = load_folder(args.art), draw_pictures(120, args.seed)
    crops = Crops([p for i, p in enumerate(pictures) if i % 26 != 13] + drawn, args.seed)
    optimiser = torch.optim.AdamW(eye.parameters(), lr=args.rate, weight_decay=1e-4)
    first, checkpoint = 0, args.run / "eye.pt"
    if checkpoint.exists():
        known = torch.load(checkpoint, map_location=device, weights_only=True)
        eye.load_state_dict(known["eye"])
        optimiser.load_state_dict(known["optimiser"])
        first = known["step"]
    lessons = Lessons(crops, encoder, eye, lpips)
    ratios: list[float] = []
    losses: list[float] = []
    started = time.monotonic()
    for step in range(first, args.steps):
        alone = step < args.alone
        lesson = lessons.draw(alone=alone)
        if alone:
            loss = off_alone(eye, lpips, lesson)
        else:
            loss, ratio = off(eye, lesson)
            ratios += ratio[lesson.distance > 1e-3].tolist()
        rate = args.rate * _cycle(step / args.alone if alone else (step - args.alone) / (args.steps - args.alone))
        for group in optimiser.param_groups:
            group["lr"] = rate
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(eye.parameters(), 1.0)
        optimiser.step()
        losses.append(loss.item())
        if (step + 1) % 50 == 0 or step + 1 == args.steps:
            row = {"step": step + 1.0, "loss": float(np.mean(losses))}
            if ratios:
                middle = np.percentile(ratios, (5, 50, 95)).tolist()
                row.update(zip(("ratio_5", "ratio_50", "ratio_95"), middle, strict=True))
            row["seconds"] = time.monotonic() - started
            print(json.dumps({k: round(v, 4) for k, v in row.items()}), flush=True)
            ratios, losses = [], []
            state = {"eye": eye.state_dict(), "optimiser": optimiser.state_dict()}
            torch.save({**state, "step": step + 1}, checkpoint)
            save(eye, args.run, step + 1)


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("lpips", "art", "run"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    parser.add_argument("--alone", type=int, default=2400, help="steps in which each layer learns alone")
    parser.add_argument("--steps", type=int, default=3400, help="steps in all")
    parser.add_argument("--rate", type=float, default=2e-3)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    args = parser.parse_args()
    train(args)


if __name__ == "__main__":
    main()
