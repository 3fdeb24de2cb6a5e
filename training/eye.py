"""Train the bundled network's eye to answer as LPIPS does.

    python -m training.eye --lpips FILE --art FOLDER --run runs/bundled --steps 3000

Takes the encoder from coder.safetensors in --run and writes eye.safetensors there. What the eye learns from is what it
will have to judge: cloaks. So the encoder is attacked, with changes of many strengths and grains, half of them passed
through the cloak's own mask, and half of them hiding from the eye as it stands, so that it learns where it can be
deceived. It is told LPIPS's answer for every 16-pixel cell and each of four resolutions, not only for the whole crop:
hundreds of figures a crop instead of one.
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

from glaze.network import Encoder, Eye
from glaze.visibility.lpips import Lpips
from glaze.visibility.masks import change_mask
from training.data import Crops, load_folder
from training.drawn import draw_pictures
from training.perturb import attack, damage

BATCH, POOL, REPEATS, PEAK_RATE = 6, 400, 8, 2e-3
CELL = 16
HIDING_FROM = 0.4  # the share of the steps after which attacks hide from the eye: before, it sees too little


def _random(low: float, high: float) -> float:
    return low + (high - low) * float(torch.rand(()))


def perturbed(clean: Tensor, encoder: Encoder, eye: Eye, *, hiding: bool) -> Tensor:
    """A changed copy of the crops, as a cloak or as damage would change them."""
    levels = 2 ** (4.6 * torch.rand(clean.shape[0]))
    if _random(0, 1) < 0.15:
        return damage(clean, levels)
    fear = max(0.0, _random(-60, 60)) if hiding else 0.0
    with torch.no_grad(), torch.autocast(clean.device.type, torch.bfloat16):
        wanted = encoder(clean.roll(1, 0)).float()
        seen = eye.features(clean)

    def objective(x: Tensor) -> Tensor:
        with torch.autocast(x.device.type, torch.bfloat16):
            distance = (encoder(x).float() - wanted).square().mean((1, 2, 3)).sum()
            return distance + fear * eye.distance(eye.features(x), seen).sum() if fear else distance

    steps, coarse = 1 + int(_random(0, 5)), (1, 1, 2, 4)[int(_random(0, 4))]
    changed = attack(clean, objective, steps=steps, levels=levels, coarse=coarse)
    if _random(0, 1) < 0.5:
        mask = change_mask(clean, torch.ones_like(clean[:, :1]), grey=False)
        change = mask.pass_colour(changed - clean)
        changed = (clean + mask.clip(change)).clamp(0, 1)
    return changed


def off(guess: Tensor, told: Tensor) -> Tensor:
    """The loss, of (N, 4, cells, cells) both: relative errors of the square roots, which grow with the change itself."""
    unit = told.sum(1).mean((1, 2)) + 1e-3
    cells = ((guess + 1e-4).sqrt() - (told + 1e-4).sqrt()).square().sum(1).mean((1, 2))
    whole = (guess.sum(1).mean((1, 2)) + 1e-4).sqrt() - (told.sum(1).mean((1, 2)) + 1e-4).sqrt()
    return ((cells + 4 * whole.square()) / unit).mean()


def save(eye: Eye, folder: Path, steps: int) -> None:
    """Write eye.safetensors, float16."""
    halves = {f"eye.{k}": v.half().contiguous() for k, v in eye.state_dict().items()}
    save_file(halves, folder / "eye.safetensors", metadata={"steps": str(steps)})
    (folder / "eye.safetensors").chmod(0o644)


def main() -> None:
    """Train, log every hundred steps, write the result."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("lpips", "art", "run"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    parser.add_argument("--steps", type=int, default=3000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    args = parser.parse_args()
    torch.manual_seed(args.seed)
    device = torch.device(args.device)
    weights = {k: v.float() for k, v in load_file(args.run / "coder.safetensors").items()}
    encoder = Encoder().to(device).to(memory_format=torch.channels_last).eval().requires_grad_(False)
    encoder.load_state_dict({k.removeprefix("encoder."): v for k, v in weights.items() if k.startswith("encoder.")})
    eye = Eye().to(device)
    lpips = Lpips(args.lpips).to(device)
    pictures = load_folder(args.art) + draw_pictures(60, args.seed)
    crops = Crops([p for i, p in enumerate(pictures) if i % 26 != 13], args.seed)
    optimiser = torch.optim.AdamW(eye.parameters(), lr=PEAK_RATE, weight_decay=1e-4)
    pool: list[tuple[Tensor, Tensor, Tensor]] = []
    ratios: list[float] = []
    losses: list[float] = []
    started = time.monotonic()
    for step in range(args.steps):
        if step % REPEATS == 0:
            size = (128, 192, 256)[int(_random(0, 3))]
            clean = crops.draw(max(2, round(BATCH * 192**2 / size**2)), size).to(device)
            changed = perturbed(clean, encoder, eye, hiding=step > HIDING_FROM * args.steps)
            with torch.no_grad():
                told = lpips.levels(lpips.features(clean), lpips.features(changed), grid=size // CELL)
            slot = (clean, changed, told)
            if len(pool) < POOL:
                pool.append(slot)
            else:
                pool[int(_random(0, POOL))] = slot
        clean, changed, told = pool[-1] if step % REPEATS == 0 else pool[int(_random(0, len(pool)))]
        features = eye.features(torch.cat([clean, changed]))
        n = clean.shape[0]
        guess = eye.levels([f[:n] for f in features], [f[n:] for f in features], grid=told.shape[-1])
        loss = off(guess, told)
        rate = PEAK_RATE * min(1, (step + 1) / 50) * (0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * step / args.steps)))
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


if __name__ == "__main__":
    main()
