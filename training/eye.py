"""Train the bundled network's eye to see as LPIPS does.

    python -m training.eye --lpips FILE --art FOLDER --run runs/bundled --steps 150

Takes the encoder from coder.safetensors in --run; writes eye.pt there, from which a later call goes on, and
eye.safetensors. A single distance teaches little, so the eye is told what LPIPS sees: first each convolution learns
alone, from what LPIPS's convolution before it gave, to answer as LPIPS's does; then all together, on their own answers
and above all on the *difference* that a change makes. What it learns from is what it will have to judge: cloaks. So the
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
from torch import Tensor, nn
from torch.nn import functional as F

from glaze.network import Encoder, Eye, Fire
from glaze.precision import channels_last
from glaze.visibility.lpips import Lpips
from glaze.visibility.masks import change_mask
from training.data import Crops, load_folder
from training.drawn import draw_pictures
from training.perturb import attack, damage

SIZE, BATCH, POOL, REPEATS = 256, 6, 150, 5
ALONE_LESSONS, ALONE_POSITIONS, ALONE_ITERATIONS = 40, 24_000, 100
SILENT: Final = 0.002  # the share of what a channel answers, above which its fit is tried again
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

    def draw(self) -> Lesson:
        """A lesson, new or used."""
        self.drawn += 1
        if self.pool and self.drawn % REPEATS:
            return self.pool[int(_random(0, len(self.pool)))]
        self.pool.append(ask(self.lpips, *self.pair(hiding=True)))
        if len(self.pool) > POOL:
            self.pool.pop(int(_random(0, POOL)))
        return self.pool[-1]

    def pair(self, *, hiding: bool) -> tuple[Tensor, Tensor]:
        """Crops and their changed copies."""
        clean = crops_of(self.crops, BATCH).to(next(self.eye.parameters()).device)
        return clean, perturbed(clean, self.encoder, self.eye, hiding=hiding)


def missed(guess: Tensor, told: Tensor, least: float) -> Tensor:
    """How much of the features (2N, ...; clean, then changed) was missed, and of their difference, as shares."""
    n = told.shape[0] // 2
    wanted = told[:n] - told[n:]
    error = (guess[:n] - guess[n:] - wanted).square().sum(1).mean((1, 2))
    change = (error / (wanted.square().sum(1).mean((1, 2)) + least)).mean()
    spread = (told - told.mean((0, 2, 3), keepdim=True)).square().mean() + 1e-8
    return change + STATE_WEIGHT * (guess - told).square().mean() / spread


def positions(answers: list[Tensor], index: int, conv: nn.Conv2d, pooled: bool, rng: torch.Generator) -> Tensor:
    """Some of what `conv` looks at when it looks at answer `index`: (positions, channels times kernel area)."""
    x = answers[index]
    if pooled:
        x = F.max_pool2d(x, 3, 2, ceil_mode=True)
    rows = F.unfold(x, conv.kernel_size[0], padding=int(conv.padding[0]), stride=conv.stride[0])
    rows = rows.transpose(1, 2).flatten(0, 1)
    return rows[torch.randperm(rows.shape[0], generator=rng)[: ALONE_POSITIONS // ALONE_LESSONS]]


def fit_convolution(conv: nn.Conv2d, given: Tensor, told: Tensor) -> float:
    """Fit relu(given @ weight + bias) to what was told, every channel alike; returns the share that it misses.

    What is given is whitened first: neighbouring pixels are so alike that a fit would find fine detail last.
    """
    values, directions = torch.linalg.eigh(given.T @ given / given.shape[0])
    whitening = directions / (values.clamp(min=0) + 1e-7 * values.max()).sqrt()
    seen, spread = given @ whitening, told.var(0) + 1e-4 * told.var()
    weight = torch.zeros(told.shape[1], given.shape[1], device=given.device, requires_grad=True)
    bias = told.mean(0).clone().requires_grad_(True)
    wanted = [weight, bias]
    optimiser = torch.optim.LBFGS(wanted, max_iter=ALONE_ITERATIONS, history_size=20, line_search_fn="strong_wolfe")

    def miss() -> Tensor:
        return (F.relu(F.linear(seen, weight, bias)) - told).square().mean(0) / spread

    def closure() -> float:
        optimiser.zero_grad()
        loss = miss().mean()
        loss.backward()
        return loss.item()

    optimiser.step(closure)
    with torch.no_grad():
        # A channel that seldom answers may have fallen silent for good: it starts again from where it should answer.
        for channel in (miss() > SILENT).nonzero().flatten().tolist():
            answering = told[:, channel] > 0
            inputs = torch.cat([seen[answering], torch.ones_like(seen[answering, :1])], 1)
            gram = inputs.T @ inputs + 1e-3 * torch.eye(inputs.shape[1], device=given.device)
            found = torch.linalg.solve(gram, inputs.T @ told[answering, channel])
            weight[channel], bias[channel] = found[:-1], found[-1]
    optimiser.step(closure)
    with torch.no_grad():
        conv.weight.copy_((weight @ whitening.T).view_as(conv.weight))
        conv.bias.copy_(bias)  # type: ignore[union-attr]  # all of the eye's convolutions have one
        return miss().mean().item()


def learn_alone(eye: Eye, lpips: Lpips, pairs: list[Tensor]) -> None:
    """Each convolution alone, given what LPIPS's convolution before it answers; then the weights of the features."""
    with torch.no_grad():
        answers = [[2 * pictures - 1, *lpips.layers(pictures)] for pictures in pairs]  # as the eye's stem gets them
        told = [lpips.features(pictures)[TOLD_FROM:] for pictures in pairs]
    tasks: list[tuple[nn.Conv2d, int, int, slice, bool]] = [(eye.stem, 0, 1, slice(None), False)]
    for i, (fire, module) in enumerate(zip(eye.fires, eye.MODULES, strict=True)):
        assert isinstance(fire, Fire)
        half = module[2] // 2
        tasks.append((fire.squeeze, 2 * i + 1, 2 * i + 2, slice(None), module[3]))
        tasks.append((fire.one, 2 * i + 2, 2 * i + 3, slice(half), False))
        tasks.append((fire.three, 2 * i + 2, 2 * i + 3, slice(half, None), False))
    for conv, source, target, channels, pooled in tasks:
        given, wanted = [], []
        for number, answer in enumerate(answers):
            given.append(positions(answer, source, conv, pooled, torch.Generator().manual_seed(number)))
            rows = answer[target][:, channels].flatten(2).transpose(1, 2).flatten(0, 1)
            chosen = torch.randperm(rows.shape[0], generator=torch.Generator().manual_seed(number))
            wanted.append(rows[chosen[: ALONE_POSITIONS // ALONE_LESSONS]])
        share = fit_convolution(conv, torch.cat(given), torch.cat(wanted))
        print(json.dumps({"convolution": tuple(conv.weight.shape), "missed": round(share, 4)}), flush=True)
    with torch.no_grad():
        for weight in eye.weights:
            weight.fill_(1)
        units = [eye.features(pictures) for pictures in pairs]
        for tap, weight in enumerate(eye.weights):
            along = sum((u[tap] * t[tap]).sum((0, 2, 3)) for u, t in zip(units, told, strict=True))
            weight.copy_(along / (sum(u[tap].square().sum((0, 2, 3)) for u in units) + 1e-6))


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
    """Train, log every fifty steps, write the result."""
    torch.manual_seed(args.seed)
    device = torch.device(args.device)
    weights = {k: v.float() for k, v in load_file(args.run / "coder.safetensors").items()}
    encoder = channels_last(Encoder().to(device)).eval().requires_grad_(False)
    encoder.load_state_dict({k.removeprefix("encoder."): v for k, v in weights.items() if k.startswith("encoder.")})
    eye, lpips = channels_last(Eye().to(device)), Lpips(args.lpips).to(device)
    pictures, drawn = load_folder(args.art), draw_pictures(120, args.seed)
    crops = Crops([p for i, p in enumerate(pictures) if i % 26 != 13] + drawn, args.seed)
    lessons = Lessons(crops, encoder, eye, lpips)
    optimiser = torch.optim.AdamW(eye.parameters(), lr=args.rate, weight_decay=1e-4)
    first, checkpoint = 0, args.run / "eye.pt"

    def store(step: int) -> None:
        state = {"eye": eye.state_dict(), "optimiser": optimiser.state_dict(), "step": step}
        torch.save(state, checkpoint)
        save(eye, args.run, step)

    if checkpoint.exists():
        known = torch.load(checkpoint, map_location=device, weights_only=True)
        eye.load_state_dict(known["eye"])
        optimiser.load_state_dict(known["optimiser"])
        first = known["step"]
    else:
        learn_alone(eye, lpips, [torch.cat(lessons.pair(hiding=False)) for _ in range(ALONE_LESSONS)])
        store(0)
    ratios: list[float] = []
    losses: list[float] = []
    started = time.monotonic()
    for step in range(first, args.steps):
        lesson = lessons.draw()
        loss, ratio = off(eye, lesson)
        ratios += ratio[lesson.distance > 1e-3].tolist()
        rate = args.rate * _cycle(step / args.steps)
        for group in optimiser.param_groups:
            group["lr"] = rate
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(eye.parameters(), 1.0)
        optimiser.step()
        losses.append(loss.item())
        if (step + 1) % 50 == 0 or step + 1 == args.steps:
            low, middle, high = np.percentile(ratios, (5, 50, 95)).tolist()
            row = {"step": step + 1, "loss": float(np.mean(losses)), "ratio_5": low, "ratio_50": middle}
            row |= {"ratio_95": high, "seconds": time.monotonic() - started}
            print(json.dumps({k: round(v, 4) for k, v in row.items()}), flush=True)
            ratios, losses = [], []
            store(step + 1)


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("lpips", "art", "run"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    parser.add_argument("--steps", type=int, default=150, help="steps in which all layers learn together")
    parser.add_argument("--rate", type=float, default=2e-5)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    args = parser.parse_args()
    train(args)


if __name__ == "__main__":
    main()
