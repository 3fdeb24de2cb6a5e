"""Train the bundled network's encoder and decoder from the teachers; training/eye.py trains its eye.

    python -m training.distil --teachers FOLDER --lpips FILE --art FOLDER --out runs/bundled --steps 16000

Adversarial distillation in two threads. One draws crops, perturbs them (training/perturb.py) against the student as it
stands, asks one or two teachers, drawn at random, what they see before and after, and puts the answers into a pool.
The other takes optimiser steps on lessons from the pool. The teachers cost more than the student, so what they said
is used a few times; two threads of one core each waste less than one of two (no waiting at every convolution).

What the student minimises, per family: the squared error of the latent, as heavily the squared error of the *change*
of the latent between a picture and its perturbed copy, and the squared error of its *input gradient*
(training/pull.py), each relative to its own size. The second term unlearns false directions, those along which the
student alone is moved; the third teaches true ones, along which a teacher is.

Resumable: run the same command again. Writes checkpoint.pt, log.jsonl and coder.safetensors (float16, the running
average of the weights) into --out.
"""

from __future__ import annotations

import argparse
import copy
import json
import math
import threading
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from torch.nn import functional as F

from glaze.network import FAMILY_CHANNELS, Decoder, Encoder, split_families
from glaze.precision import channels_last
from glaze.visibility.lpips import Lpips
from training.data import Crops, load_folder
from training.perturb import attack, damage
from training.pull import Pull, pull, pull_error
from training.teachers import load_teacher, see

FAMILIES = tuple(FAMILY_CHANNELS)


@dataclass(frozen=True)
class Lesson:
    """One crop, its perturbed copy, what some of the teachers saw in both, and how the copy pulls one of them.

    Pictures float16 on the CPU.
    """

    clean: Tensor
    perturbed: Tensor
    seen: dict[str, tuple[Tensor, Tensor]]
    pull: Pull


class Pool:
    """The last `capacity` lessons; all crops of one batch must have one size, so it keeps a list a size."""

    def __init__(self, capacity: int, seed: int) -> None:
        self.capacity = capacity
        self.lessons: dict[int, list[Lesson]] = {}
        self.generator = torch.Generator().manual_seed(seed)

    def add(self, lesson: Lesson) -> None:
        lessons = self.lessons.setdefault(lesson.clean.shape[-1], [])
        if len(lessons) < self.capacity:
            lessons.append(lesson)
        else:
            lessons[int(torch.randint(self.capacity, (), generator=self.generator))] = lesson

    def draw(self, count: int) -> list[Lesson]:
        sizes = list(self.lessons)
        weights = torch.tensor([float(len(self.lessons[s])) for s in sizes])
        size = sizes[int(torch.multinomial(weights, 1, generator=self.generator))]
        lessons = self.lessons[size]
        return [lessons[int(i)] for i in torch.randint(len(lessons), (count,), generator=self.generator)]


def learning_rate(step: int, steps: int, peak: float) -> float:
    """Short warm-up, a plateau, and a half-cosine over the last two fifths: a run can be stopped or prolonged."""
    tail = 0.6 * steps
    if step < tail:
        return peak * min(1.0, (step + 1) / 300)
    return peak * (0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * (step - tail) / (steps - tail))))


class Coder(nn.Module):
    """The two parts that learn together: the decoder from what the encoder gives."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder = Encoder()
        self.decoder = Decoder()


class Distillation:
    """The state of one training run: student, running average, optimiser, pool, teachers."""

    def __init__(self, args: argparse.Namespace) -> None:
        self.args = args
        self.device = torch.device(args.device)
        torch.manual_seed(args.seed)
        self.student = channels_last(Coder().to(self.device))
        if args.start:
            known = load_file(args.start)
            self.student.load_state_dict({k: known[k].float() for k in self.student.state_dict()})
        self.average = copy.deepcopy(self.student).requires_grad_(False)
        # What the other thread attacks: autograd must not find its weights changed between forward and backward.
        self.target = copy.deepcopy(self.average)
        self.optimiser = torch.optim.AdamW(self.student.parameters(), lr=args.rate, weight_decay=1e-3)
        self.teachers = {f: load_teacher(args.teachers / f"{f}.safetensors", self.device) for f in FAMILIES}
        self.lpips = Lpips(args.lpips).to(self.device).eval()
        pictures = load_folder(args.art)
        if args.drawn:
            from training.drawn import draw_pictures

            pictures += draw_pictures(args.drawn, args.seed)
        # Every 26th picture is never learned from: the figures of the log and the model card are about these.
        self.held_out = Crops(pictures[13::26], 1)
        self.crops = Crops([p for i, p in enumerate(pictures) if i % 26 != 13], args.seed)
        self.pool = Pool(args.pool, args.seed)
        self.spread: dict[str, float] = {}
        self.step = self.begun_at = self.batches = 0
        self.generator = torch.Generator().manual_seed(args.seed)

    def autocast(self) -> torch.autocast:
        return torch.autocast(self.device.type, torch.bfloat16)

    def measure_spread(self) -> None:
        """Each family's RMS latent over many crops: the unit in which its errors are counted."""
        crops = Crops(self.crops.pictures, 2).draw(32, 128).to(self.device)
        with torch.no_grad():
            self.spread = {f: see(t, crops).std().item() for f, t in self.teachers.items()}

    def save(self) -> None:
        out: Path = self.args.out
        state = {
            "student": self.student.state_dict(),
            "average": self.average.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "step": self.step,
            "spread": self.spread,
        }
        torch.save(state, out / "checkpoint.part")
        (out / "checkpoint.part").replace(out / "checkpoint.pt")
        halves = {k: v.half().contiguous() for k, v in self.average.state_dict().items()}
        save_file(halves, out / "coder.part", metadata={"steps": str(self.step)})
        (out / "coder.part").replace(out / "coder.safetensors")
        (out / "coder.safetensors").chmod(0o644)

    def resume(self) -> None:
        path = self.args.out / "checkpoint.pt"
        if not path.exists():
            self.measure_spread()
            return
        state = torch.load(path, map_location=self.device, weights_only=True)
        self.student.load_state_dict(state["student"])
        self.average.load_state_dict(state["average"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.step, self.spread = state["step"], state["spread"]

    def _random(self, low: float, high: float) -> float:
        return low + (high - low) * float(torch.rand((), generator=self.generator))

    def perturb(self, clean: Tensor) -> Tensor:
        """A perturbed copy of the crops: two in three against the student, one in six a teacher, one in six damage."""
        n = clean.shape[0]
        levels = 2 ** (1 + 3.2 * torch.rand(n, generator=self.generator))
        draw = self._random(0, 1)
        if draw < 1 / 6 or self.step < 400:
            return damage(clean, levels)
        coarse = (1, 1, 2, 4)[int(self._random(0, 4))]
        goal = clean.roll(1, 0)
        if draw < 1 / 3:
            family = FAMILIES[int(self._random(0, len(FAMILIES)))]
            teacher = self.teachers[family]
            with torch.no_grad():
                wanted = see(teacher, goal)
            return attack(
                clean, lambda x: (see(teacher, x) - wanted).square().sum(), steps=1, levels=levels, coarse=coarse
            )
        encoder = self.target.encoder
        with torch.no_grad(), self.autocast():
            wanted = encoder(goal)

        def objective(x: Tensor) -> Tensor:
            with self.autocast():
                distance: Tensor = (encoder(x).float() - wanted.float()).square().mean((1, 2, 3)).sum()
            return distance

        return attack(clean, objective, steps=1 + int(self._random(0, 6)), levels=levels, coarse=coarse)

    def fresh(self) -> None:
        """Ask the teachers about new crops and add the answers to the pool."""
        self.target.load_state_dict(self.average.state_dict())
        size = (128, 160, 160, 224)[int(self._random(0, 4))]
        count = max(2, round(self.args.batch * 160**2 / size**2))
        clean = self.crops.draw(count, size).to(self.device)
        perturbed = self.perturb(clean)
        if self._random(0, 1) < 0.5:
            perturbed = (perturbed * 255).round() / 255
        asked = 1 + int(self._random(0, self.args.teachers_a_step))
        drawn = [FAMILIES[int(i)] for i in torch.randperm(len(FAMILIES), generator=self.generator)[:asked]]
        with torch.no_grad():
            before = {f: see(self.teachers[f], clean) for f in drawn}
            after = {f: see(self.teachers[f], perturbed) for f in drawn[1:]}
        first = drawn[0]
        after[first], pulls = pull(self.teachers[first], first, perturbed, before[first].roll(1, 0))
        for i in range(count):
            self.pool.add(
                Lesson(
                    clean[i].half().cpu(),
                    perturbed[i].half().cpu(),
                    {f: (before[f][i].half().cpu(), after[f][i].half().cpu()) for f in drawn},
                    pulls[i],
                )
            )

    def learn(self, *, decode: bool) -> dict[str, float]:
        """One optimiser step on lessons from the pool."""
        lessons = self.pool.draw(self.args.batch)
        clean = torch.stack([x.clean for x in lessons]).to(self.device).float()
        clean = clean.contiguous(memory_format=torch.channels_last)
        perturbed = torch.stack([x.perturbed for x in lessons]).to(self.device).float()
        n = len(lessons)
        perturbed = perturbed.contiguous(memory_format=torch.channels_last).requires_grad_(True)
        with self.autocast():
            # Apart: only the perturbed half is differentiated twice.
            latents = torch.cat([self.student.encoder(x) for x in (clean, perturbed)])
        gradients = pull_error(latents[n:], perturbed, [x.pull for x in lessons])
        seen = split_families(latents.float())
        point = change = torch.zeros((), device=self.device)
        told = 0
        for family, latent in seen.items():
            rows = [i for i, x in enumerate(lessons) if family in x.seen]
            if not rows:
                continue
            told += len(rows)
            before, after = latent[rows], latent[[r + n for r in rows]]
            t_before = torch.stack([lessons[r].seen[family][0] for r in rows]).to(self.device).float()
            t_after = torch.stack([lessons[r].seen[family][1] for r in rows]).to(self.device).float()
            unit = self.spread[family] ** 2
            error = (before - t_before).square().mean((1, 2, 3)) + (after - t_after).square().mean((1, 2, 3))
            point = point + (error / (2 * unit)).sum()
            moved = (t_after - t_before).square().mean((1, 2, 3))
            off = (after - before - t_after + t_before).square().mean((1, 2, 3))
            # The floor: a change that the teacher hardly notices must not drown the others in its noise.
            change = change + (off / (moved + 0.01 * unit)).sum()
        point, change = point / told, change / told
        loss = point + change + gradients
        figures = {"point": point.item(), "change": change.item(), "gradients": gradients.item()}
        if decode:
            few = slice(0, max(2, n // 3))
            with self.autocast():
                shown = self.student.decoder(latents[:n][few].detach())
            shown = shown.float()
            seen_by_eye = self.lpips.distance(
                self.lpips.features(shown.clamp(-0.5, 1.5)), self.lpips.features(clean[few])
            )
            picture = F.l1_loss(shown, clean[few])
            loss = loss + picture + 0.3 * seen_by_eye.mean()
            figures["picture"] = picture.item()
        rate = learning_rate(self.step, self.args.steps, self.args.rate)
        for group in self.optimiser.param_groups:
            group["lr"] = rate
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(self.student.parameters(), 1.0)
        self.optimiser.step()
        with torch.no_grad():
            keep = min(0.998, 1 - 1 / (1 + self.step))
            for a, s in zip(self.average.parameters(), self.student.parameters(), strict=True):
                a.lerp_(s, 1 - keep)
        return figures

    def evaluate(self) -> dict[str, float]:
        """Figures on pictures that were never learned from (the running average of the weights)."""
        self.held_out.rng = np.random.default_rng(7)
        clean = self.held_out.draw(8, 192).to(self.device)
        goal = clean.roll(1, 0)
        with torch.no_grad():
            wanted = self.average.encoder(goal)

        def objective(x: Tensor) -> Tensor:
            with self.autocast():
                distance: Tensor = (self.average.encoder(x).float() - wanted).square().mean((1, 2, 3)).sum()
            return distance

        levels = torch.full((8,), 6.0)
        attacked = attack(clean, objective, steps=8, levels=levels, coarse=1)
        out: dict[str, float] = {}
        with torch.no_grad():
            student = [split_families(self.average.encoder(x)) for x in (clean, attacked)]
            errors, offs, gains = [], [], []
            for f, t in self.teachers.items():
                before, after, target = see(t, clean), see(t, attacked), see(t, goal)
                errors.append(((student[0][f] - before).square().mean() / before.var()).sqrt().item())
                a, b = (student[1][f] - student[0][f]).flatten(1), (after - before).flatten(1)
                offs.append(torch.cosine_similarity(a, b, 1).mean().item())
                to = (target - before).flatten(1)
                gains.append(((b * to).sum(1) / to.square().sum(1)).mean().item())
            out["error"] = sum(errors) / 4
            out["change_cosine"] = sum(offs) / 4
            out["teacher_progress"] = sum(gains) / 4
            out["decoded_l1"] = F.l1_loss(self.average.decoder(self.average.encoder(clean)), clean).item()
        return out

    def teach(self, stop: threading.Event) -> None:
        """The teachers' thread: fill the pool, a little ahead of its use."""
        while not stop.is_set():
            if self.batches * self.args.repeats > self.step - self.begun_at + 200:
                time.sleep(0.05)
                continue
            self.fresh()
            self.batches += 1

    def run(self) -> None:
        self.resume()
        started, self.begun_at, self.batches = time.monotonic(), self.step, 0
        stop = threading.Event()
        teaching = threading.Thread(target=self.teach, args=(stop,), daemon=True)
        teaching.start()
        try:
            with (self.args.out / "log.jsonl").open("a") as log:
                while self.step < self.args.steps:
                    # No lesson is used much more often than `repeats` times: learning waits for teaching.
                    while self.step - self.begun_at > self.args.repeats * 1.5 * (self.batches - 8):
                        if not teaching.is_alive():
                            raise RuntimeError("the teachers' thread ended; see its error above")
                        time.sleep(0.05)
                    figures = self.learn(decode=self.step % 4 == 0)
                    self.step += 1
                    if self.step % 100 == 0:
                        row = {"step": self.step, "batches": self.batches} | figures
                        row["seconds"] = time.monotonic() - started
                        if self.step % 400 == 0:
                            row |= self.evaluate()
                        if self.step % 200 == 0:
                            self.save()
                        left = (time.monotonic() - started) / (self.step - self.begun_at)
                        row["minutes_left"] = left * (self.args.steps - self.step) / 60
                        line = json.dumps({k: round(v, 4) for k, v in row.items()})
                        print(line, file=log, flush=True)
                        print(line, flush=True)
        finally:
            stop.set()
            teaching.join()
        self.save()


def parse() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--teachers", type=Path, required=True, help="folder of sd1, sdxl, flux1, flux2 .safetensors")
    parser.add_argument("--lpips", type=Path, required=True, help="SqueezeNet LPIPS weights, .safetensors")
    parser.add_argument("--art", type=Path, required=True, help="folder of pictures, searched recursively")
    parser.add_argument("--out", type=Path, required=True, help="where checkpoint, log and weights go")
    parser.add_argument("--start", type=Path, help="weights to begin with, such as weights/bundled.safetensors")
    parser.add_argument("--steps", type=int, default=16000, help="optimiser steps")
    parser.add_argument("--batch", type=int, default=6, help="crops of 160 px a batch (fewer when larger)")
    parser.add_argument("--repeats", type=int, default=6, help="optimiser steps for each batch that teachers answer")
    parser.add_argument("--teachers-a-step", type=int, default=2, choices=(1, 2, 3, 4), help="at most, drawn at random")
    parser.add_argument("--pool", type=int, default=1500, help="lessons kept, per crop size")
    parser.add_argument("--drawn", type=int, default=0, help="procedural pictures to add")
    parser.add_argument("--rate", type=float, default=1.5e-3)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    return parser.parse_args()


def main() -> None:
    """Train until --steps are done."""
    args = parse()
    args.out.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(1)
    Distillation(args).run()


if __name__ == "__main__":
    main()
