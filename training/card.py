"""Measure a trained network against its teachers and write its model card.

    python -m training.card --teachers FOLDER --lpips FILE --art FOLDER --run runs/bundled --out weights

Puts coder.safetensors and eye.safetensors of --run together as bundled.safetensors in --out and writes README.md
beside it. All figures are taken on pictures that
were never learned from (every 26th), at 256 px, seeded.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import platform
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from torch import Tensor
from torch.nn import functional as F

from glaze.fitting import EYE_MARGIN
from glaze.network import FAMILY_CHANNELS, BundledNetwork, split_families
from glaze.visibility.lpips import Lpips
from training.data import Crops, load_folder
from training.perturb import Objective, attack
from training.teachers import load_teacher, see

CROPS, SIDE = 4, 256
LEVELS, STEPS = 6.0, 20
# Of the attack on all families at once, which is what the cloak is.
TOGETHER_CROPS, TOGETHER_SIDE, TOGETHER_STEPS = 12, 192, 16

TEMPLATE = Path(__file__).with_name("card.md")


@dataclass(frozen=True)
class Row:
    """One family's figures; strengths are parts of the way to the target."""

    error: float
    cosine: float
    student: float
    teacher: float


def _progress(before: Tensor, after: Tensor, target: Tensor) -> float:
    way = (target - before).flatten(1)
    return float((((after - before).flatten(1) * way).sum(1) / way.square().sum(1)).mean())


def _attack(clean: Tensor, objective: Objective) -> Tensor:
    torch.manual_seed(5)
    return attack(clean, objective, steps=STEPS, levels=torch.full((CROPS,), LEVELS), coarse=1)


def measure(network: BundledNetwork, teachers: Path, clean: Tensor) -> dict[str, Row]:
    """Every family's figures on some crops."""
    target = clean.roll(1, 0)
    with torch.no_grad():
        wanted = split_families(network.encoder(target))
    rows = {}
    for family in FAMILY_CHANNELS:
        teacher = load_teacher(teachers / f"{family}.safetensors", torch.device("cpu"))
        with torch.no_grad():
            before, goal = see(teacher, clean), see(teacher, target)

        def through_student(x: Tensor, family: str = family) -> Tensor:
            distance: Tensor = (split_families(network.encoder(x))[family] - wanted[family]).square().sum()
            return distance

        def through_teacher(x: Tensor, teacher: torch.nn.Module = teacher, goal: Tensor = goal) -> Tensor:
            return (see(teacher, x) - goal).square().sum()

        attacked = _attack(clean, through_student)
        direct = _attack(clean, through_teacher)
        with torch.no_grad():
            after = see(teacher, attacked)
            own = [split_families(network.encoder(x))[family] for x in (clean, attacked)]
            rows[family] = Row(
                error=((own[0] - before).square().mean() / before.var()).sqrt().item(),
                cosine=F.cosine_similarity((own[1] - own[0]).flatten(1), (after - before).flatten(1), 1).mean().item(),
                student=_progress(before, after, goal),
                teacher=_progress(before, see(teacher, direct), goal),
            )
    return rows


def together(network: BundledNetwork, teachers: Path, clean: Tensor, *, coarse: int) -> float:
    """How far an attack on the student's four families at once moves the teachers, in parts of the way, their mean.

    coarse: as for attack(). clean (N, 3, H, W) in [0, 1].
    """
    target = clean.roll(1, 0)
    with torch.no_grad():
        wanted, before = (split_families(network.encoder(x)) for x in (target, clean))
    way = {f: (wanted[f] - before[f]).square().mean((1, 2, 3)) for f in FAMILY_CHANNELS}

    def objective(x: Tensor) -> Tensor:
        with torch.autocast("cpu", torch.bfloat16):
            latents = network.encoder(x)
        seen = split_families(latents.float())
        left = [(seen[f] - wanted[f]).square().mean((1, 2, 3)) / way[f] for f in way]
        # The part of the way that is left, as in the cloak's loss.
        return torch.stack(left).clamp_min(1e-9).sqrt().sum()

    torch.manual_seed(5)
    levels = torch.full((clean.shape[0],), LEVELS)
    attacked = attack(clean, objective, steps=TOGETHER_STEPS, levels=levels, coarse=coarse)
    moved = []
    with torch.no_grad():
        for family in FAMILY_CHANNELS:
            teacher = load_teacher(teachers / f"{family}.safetensors", torch.device("cpu"))
            moved.append(_progress(*(see(teacher, x) for x in (clean, attacked, target))))
    return float(np.mean(moved))


def eye_ratios(network: BundledNetwork, lpips: Lpips, clean: Tensor) -> list[float]:
    """The eye's answer over LPIPS's on attacks of several strengths, half of which also hide from the eye."""
    with torch.no_grad():
        wanted, seen = network.encoder(clean.roll(1, 0)), network.eye.features(clean)
    ratios: list[float] = []
    for levels in (2.0, 4.0, 8.0, 12.0):
        for fear in (0.0, 30.0):

            def objective(x: Tensor, fear: float = fear) -> Tensor:
                hidden = network.eye.distance(network.eye.features(x), seen).sum()
                distance: Tensor = (network.encoder(x) - wanted).square().mean((1, 2, 3)).sum() + fear * hidden
                return distance

            attacked = attack(clean, objective, steps=8, levels=torch.full((CROPS,), levels), coarse=1)
            with torch.no_grad():
                ratios += (network.eye(clean, attacked) / lpips(clean, attacked)).tolist()
    return ratios


def main() -> None:
    """Measure, copy, write the card."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("teachers", "lpips", "art", "run", "out"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    parser.add_argument("--machine", default=f"{platform.machine()} processor, {torch.get_num_threads()} cores")
    parser.add_argument("--note", default="", help="a paragraph for the card: where the run differed from the recipe")
    args = parser.parse_args()
    parts: dict[str, Tensor] = {}
    about: dict[str, dict[str, str]] = {}
    for part in ("coder", "eye"):
        parts |= load_file(args.run / f"{part}.safetensors")
        with safe_open(args.run / f"{part}.safetensors", "pt") as file:
            about[part] = file.metadata()
    args.out.mkdir(parents=True, exist_ok=True)
    result = args.out / "bundled.safetensors"
    save_file(parts, result, metadata={"format": "glaze-bundled-1"})
    result.chmod(0o644)
    network = BundledNetwork().eval().requires_grad_(False)
    network.load_state_dict({k: v.float() for k, v in parts.items()})
    pictures = load_folder(args.art)
    clean = Crops(pictures[13::26], 7).draw(CROPS, SIDE)
    rows = measure(network, args.teachers, clean)
    ratios = eye_ratios(network, Lpips(args.lpips), clean)
    many = Crops(pictures[13::26], 11).draw(TOGETHER_CROPS, TOGETHER_SIDE)
    fine, coarse = (together(network, args.teachers, many, coarse=c) for c in (1, 2))
    lines = [
        f"| {f} | {r.error:.2f} | {r.cosine:.2f} | {r.student:.1%} | {r.teacher:.1%} | {r.student / r.teacher:.0%} |"
        for f, r in rows.items()
    ]
    digests = {f: hashlib.sha256((args.teachers / f"{f}.safetensors").read_bytes()).hexdigest() for f in rows}
    card = TEMPLATE.read_text().format(
        megabytes=result.stat().st_size / 1e6,
        sha256=hashlib.sha256(result.read_bytes()).hexdigest(),
        parameters=f"{sum(p.numel() for p in network.parameters()):,}",
        teachers=", ".join(f"{f} (sha256 {digest[:12]}...)" for f, digest in digests.items()),
        pictures=len(pictures),
        steps=about["coder"]["steps"],
        eye_steps=about["eye"]["steps"],
        eye_margin=EYE_MARGIN,
        note=args.note,
        machine=args.machine,
        crops=CROPS,
        side=SIDE,
        levels=LEVELS,
        attack_steps=STEPS,
        rows="\n".join(lines),
        together_crops=TOGETHER_CROPS,
        together_side=TOGETHER_SIDE,
        together_steps=TOGETHER_STEPS,
        fine=fine,
        coarse=coarse,
        eye_median=float(np.median(ratios)),
        eye_low=float(np.percentile(ratios, 5)),
        eye_high=float(np.percentile(ratios, 95)),
    )
    (args.out / "README.md").write_text(card)
    (args.out / "figures.json").write_text(
        json.dumps({f: r.__dict__ for f, r in rows.items()} | {"fine": fine, "coarse": coarse}, indent=1) + "\n"
    )
    print(card)


if __name__ == "__main__":
    main()
