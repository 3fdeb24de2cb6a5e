"""Train the bundled network's eye to answer as LPIPS does.

    python -m training.eye --lpips FILE --art FOLDER --run runs/bundled --steps 3000

Takes the encoder from coder.safetensors in --run and writes eye.safetensors there; if there is one already, it goes on
from it. What the eye learns from is what it
will have to judge: cloaks. So the encoder is attacked, with changes of many strengths and grains, half of them passed
through the cloak's own mask, some of them hiding from the eye as it stands, so that it learns where it can be
deceived, and most of them rounded to 8 bits, since grain on flat colour is what LPIPS minds most. It is told LPIPS's
answer for every 16-pixel cell and each of four resolutions, not only for the whole crop: hundreds of figures instead
of one.
"""

from __future__ import annotations

import argparse
import json
import math
import time
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from glaze.network import Encoder, Eye, channels_last
from glaze.visibility.lpips import Lpips
from glaze.visibility.masks import change_mask
from training.data import Crops, load_folder
from training.drawn import draw_pictures
from training.perturb import attack, damage

BATCH, POOL, REPEATS = 6, 400, 8
CELL = 16
HIDING_FROM = 0.4  # the share of the steps after which attacks hide from the eye: before, it sees too little


def _random(low: float, high: float) -> float:
    return low + (high - low) * float(torch.rand(()))


def perturbed(clean: Tensor, encoder: Encoder, eye: Eye, *, hiding: bool) -> Tensor:
    """A changed copy of the crops, as a cloak or as damage would change them."""
    levels = 2 ** (6 * torch.rand(clean.shape[0]) - 1.5)
    if _random(0, 1) < 0.2:
        return _dithered(damage(clean, levels))
    fear = max(0.0, _random(-90, 30)) if hiding else 0.0
    with torch.no_grad(), torch.autocast(clean.device.type, torch.bfloat16):
        wanted = encoder(clean.roll(1, 0)).float()
        seen = eye.features(clean)

    def objective(x: Tensor) -> Tensor:
        with torch.autocast(x.device.type, torch.bfloat16):
            distance: Tensor = (encoder(x).float() - wanted).square().mean((1, 2, 3)).sum()
            return distance + fear * eye.distance(eye.features(x), seen).sum() if fear else distance

    steps, coarse = 1 + int(_random(0, 5)), (1, 1, 2, 4)[int(_random(0, 4))]
    changed = attack(clean, objective, steps=steps, levels=levels, coarse=coarse)
    if _random(0, 1) < 0.5:
        mask = change_mask(clean, torch.ones_like(clean[:, :1]), grey=False)
        change = mask.pass_colour(changed - clean)
        changed = (clean + mask.clip(change)).clamp(0, 1)
    return _dithered(changed) if _random(0, 1) < 0.6 else changed


def _dithered(pictures: Tensor) -> Tensor:
    """Rounded to 8 bits as a finished glaze is: up or down at random, all channels alike."""
    return (255 * pictures + torch.rand_like(pictures[:, :1])).floor().clamp(0, 255) / 255


def off(guess: Tensor, told: Tensor) -> Tensor:
    """The loss, of (N, 4, cells, cells) both: relative errors of the square roots, which grow as the change does."""
    unit = told.sum(1).mean((1, 2)) + 1e-3
    cells = ((guess + 1e-4).sqrt() - (told + 1e-4).sqrt()).square().sum(1).mean((1, 2))
    whole = (guess.sum(1).mean((1, 2)) + 1e-4).sqrt() - (told.sum(1).mean((1, 2)) + 1e-4).sqrt()
    return ((cells + 4 * whole.square()) / unit).mean()


def save(eye: Eye, folder: Path, steps: int) -> None:
    """Write eye.safetensors, float16."""
    halves = {f"eye.{k}": v.half().contiguous() for k, v in eye.state_dict().items()}
    save_file(halves, folder / "eye.safetensors", metadata={"steps": str(steps)})
    (folder / "eye.safetensors").chmod(0o644)


def lesson(crops: Crops, encoder: Encoder, eye: Eye, lpips: Lpips, *, hiding: bool) -> tuple[Tensor, Tensor, Tensor]:
    """Some crops, their changed copies, and LPIPS's answers (N, 4, cells, cells)."""
    size = (128, 192, 256)[int(_random(0, 3))]
    clean = crops.draw(max(2, round(BATCH * 192**2 / size**2)), size).to(next(eye.parameters()).device)
    changed = perturbed(clean, encoder, eye, hiding=hiding)
    with torch.no_grad():
        return clean, changed, lpips.levels(lpips.features(clean), lpips.features(changed), grid=size // CELL)


def train(args: argparse.Namespace) -> None:
    """Train, log every hundred steps, write the result."""
    torch.manual_seed(args.seed)
    device = torch.device(args.device)
    weights = {k: v.float() for k, v in load_file(args.run / "coder.safetensors").items()}
    encoder = channels_last(Encoder().to(device)).eval().requires_grad_(False)
    encoder.load_state_dict({k.removeprefix("encoder."): v for k, v in weights.items() if k.startswith("encoder.")})
    eye = Eye().to(device)
    if (args.run / "eye.safetensors").exists():
        known = load_file(args.run / "eye.safetensors")
        eye.load_state_dict({k.removeprefix("eye."): v.float() for k, v in known.items()})
    lpips = Lpips(args.lpips).to(device)
    pictures = load_folder(args.art) + draw_pictures(60, args.seed)
    crops = Crops([p for i, p in enumerate(pictures) if i % 26 != 13], args.seed)
    optimiser = torch.optim.AdamW(eye.parameters(), lr=args.rate, weight_decay=1e-4)
    pool: list[tuple[Tensor, Tensor, Tensor]] = []
    ratios: list[float] = []
    losses: list[float] = []
    started = time.monotonic()
    for step in range(args.steps):
        if step % REPEATS == 0:
            pool.append(lesson(crops, encoder, eye, lpips, hiding=step > HIDING_FROM * args.steps))
            if len(pool) > POOL:
                pool.pop(int(_random(0, POOL)))
        clean, changed, told = pool[-1] if step % REPEATS == 0 else pool[int(_random(0, len(pool)))]
        features = eye.features(torch.cat([clean, changed]))
        n = clean.shape[0]
        guess = eye.levels([f[:n] for f in features], [f[n:] for f in features], grid=told.shape[-1])
        loss = off(guess, told)
        rate = args.rate * min(1, (step + 1) / 50) * (0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * step / args.steps)))
        for group in optimiser.param_groups:
            group["lr"] = rate
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(eye.parameters(), 1.0)
        optimiser.step()
        ratios += (guess.detach().sum(1).mean((1, 2)) / (told.sum(1).mean((1, 2)) + 1e-4)).tolist()
        losses.append(loss.item())
        if (step + 1) % 100 == 0:
            low, middle, high = np.percentile(ratios, (5, 50, 95))
            row = {"step": step + 1, "loss": np.mean(losses), "ratio_5": low, "ratio_50": middle, "ratio_95": high}
            row["seconds"] = time.monotonic() - started
            print(json.dumps({k: round(float(v), 4) for k, v in row.items()}), flush=True)
            ratios, losses = [], []
            save(eye, args.run, step + 1)
    save(eye, args.run, args.steps)


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("lpips", "art", "run"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    parser.add_argument("--steps", type=int, default=3000)
    parser.add_argument("--rate", type=float, default=2e-3)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    args = parser.parse_args()
    train(args)


if __name__ == "__main__":
    main()
