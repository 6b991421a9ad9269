"""Train both looks from a recipe and write weights and manifest: the door of this room."""

from __future__ import annotations

import math
import multiprocessing
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from heartbox.train.augment import Augmenter, Look, shares_of
from heartbox.train.data import load_cases
from heartbox.train.export_onnx import export_model
from heartbox.train.nets import HeartNet
from heartbox.train.phantoms import phantom_cases

#: The wanted distribution over planes starts this wide and narrows to the other, in voxels.
WIDE_SD, NARROW_SD, NARROWING_STEPS = 2.5, 0.7, 1500


@dataclass(frozen=True)
class Batch:
    """Examples side by side; fields as in `heartbox.train.augment.Example`."""

    cube: Tensor
    mask: Tensor
    mask_weight: Tensor
    faces: Tensor
    face_weight: Tensor
    presence: Tensor
    presence_weight: Tensor


def train(recipe: Path, data: Path, out: Path, progress: Callable[[str], None] | None = None) -> list[Path]:
    """Train the net of a recipe, each look in a process of its own, and export it.

    Stopped work goes on from its last checkpoint when started again with the same ``out``.

    Parameters
    ----------
    recipe : TOML, e.g. ``training/recipes/heart.toml``
    data : folder with ``manifest.csv`` and the scans that it names
    out : folder for checkpoints, weights and manifest; made when it is missing
    progress : called with a line about each finished look

    Returns
    -------
    The weights' and the manifest's paths
    """
    tell = progress or (lambda line: None)
    looks = read_looks(read_recipe(recipe))
    out.mkdir(parents=True, exist_ok=True)
    workers = multiprocessing.get_context("spawn")
    processes = [workers.Process(target=fit_look, args=(recipe, data, out, look)) for look in looks]
    for process in processes:
        process.start()
    for look, process in zip(looks, processes, strict=True):
        process.join()
        if process.exitcode != 0:
            raise RuntimeError(f"training the {look} look ended with exit code {process.exitcode}")
        tell(f"{look}: trained")
    return export_model(recipe, out, {look: trained_net(out, look) for look in looks})


def fit_look(recipe: Path, data: Path, out: Path, name: str) -> None:
    """Train one look to the recipe's last step, from its checkpoint when there is one.

    Parameters
    ----------
    recipe, data, out : as in `train`
    name : the look
    """
    torch.set_num_threads(1)
    settings = read_recipe(recipe)
    plan = settings["training"]
    torch.manual_seed(settings["seed"])
    net = HeartNet().to(memory_format=torch.channels_last_3d)
    average = HeartNet()
    average.load_state_dict(net.state_dict())
    optimizer = torch.optim.AdamW(net.parameters(), lr=1.0, weight_decay=plan["weight_decay"])
    start = _resume(checkpoint_path(out, name), net, average, optimizer)
    cases = load_cases(data, ["train", "train_open"], settings["development"]["cases"])
    cases += phantom_cases(settings["phantoms"])
    look = read_looks(settings)[name]
    seed = [settings["seed"], sorted(settings["looks"]).index(name), start]
    augmenter = Augmenter(cases, shares_of(cases, settings["sources"]), look, seed)
    losses: list[float] = []
    for step in range(start, plan["steps"]):
        for group in optimizer.param_groups:
            group["lr"] = plan["learning_rate"] * rate(step, plan)
        loss = batch_loss(net, _draw(augmenter, plan["batch"]), step)
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(net.parameters(), 5.0)
        optimizer.step()
        _follow(average, net, min(plan["average"], (step + 1) / (step + 20)))
        losses.append(loss.item())
        if (step + 1) % plan["checkpoint_steps"] == 0 or step + 1 == plan["steps"]:
            _save(checkpoint_path(out, name), step + 1, net, average, optimizer)
            with (out / f"{name}.log").open("a", encoding="utf-8") as log:
                log.write(f"{step + 1} {np.mean(losses):.4f}\n")
            losses.clear()


def read_recipe(path: Path) -> dict[str, Any]:
    """Read a recipe, TOML."""
    return tomllib.loads(path.read_text(encoding="utf-8"))


def read_looks(settings: dict[str, Any]) -> dict[str, Look]:
    """Build the recipe's looks, by name."""
    windows = tuple((low, high) for low, high in settings["windows_hu"])
    reduced = settings["reduced_mm"]
    return {
        name: Look(name=name, reduced_mm=reduced, windows_hu=windows, **look)
        for name, look in settings["looks"].items()
    }


def rate(step: int, plan: dict[str, Any]) -> float:
    """Share of the learning rate at a step: a short rise, a plateau, a linear fall to zero."""
    left = (plan["steps"] - step) / plan["cooldown_steps"]
    return float(min(1.0, (step + 1) / plan["warmup_steps"], max(left, 0.0)))


def batch_loss(net: HeartNet, batch: Batch, step: int) -> Tensor:
    """Sum the losses of faces (distribution and position), mask (each voxel and overlap) and presence."""
    faces, mask, presence = net(batch.cube)
    planes = torch.arange(faces.shape[2]) + 0.5
    sd = max(NARROW_SD, WIDE_SD * math.exp(-step / NARROWING_STEPS))
    wanted = torch.softmax(-0.5 * ((planes - batch.faces[..., None]) / sd) ** 2, dim=2)
    log_shares = functional.log_softmax(faces, dim=2)
    spread = -(wanted * log_shares).sum(2)
    position = (log_shares.exp() * planes).sum(2)
    apart = functional.smooth_l1_loss(position, batch.faces, reduction="none")
    seen = batch.face_weight.sum() + 1e-3
    face_loss = (batch.face_weight * (spread + apart)).sum() / seen
    voxels = functional.binary_cross_entropy_with_logits(mask[:, 0], batch.mask, reduction="none")
    voxel_loss = (voxels * batch.mask_weight).sum() / batch.mask_weight.sum()
    share = torch.sigmoid(mask[:, 0]) * batch.mask_weight
    shared = (share * batch.mask).sum((1, 2, 3))
    overlap = (2 * shared + 1) / (share.sum((1, 2, 3)) + (batch.mask * batch.mask_weight).sum((1, 2, 3)) + 1)
    there = functional.binary_cross_entropy_with_logits(presence[:, 0], batch.presence, reduction="none")
    there_loss = (there * batch.presence_weight).mean()
    return face_loss + 5 * voxel_loss + 0.5 * (1 - overlap).mean() + there_loss


def trained_net(out: Path, name: str) -> HeartNet:
    """Load the averaged weights of a look's checkpoint, ready to infer."""
    net = HeartNet()
    net.load_state_dict(torch.load(checkpoint_path(out, name), weights_only=True)["average"])
    net.eval()
    return net


def checkpoint_path(out: Path, name: str) -> Path:
    """Where a look's checkpoint lies."""
    return out / f"{name}.pt"


def _draw(augmenter: Augmenter, count: int) -> Batch:
    examples = [augmenter.draw() for _ in range(count)]

    def side_by_side(field: str) -> Tensor:
        return torch.from_numpy(np.stack([np.asarray(getattr(e, field), dtype=np.float32) for e in examples]))

    fields = {field: side_by_side(field) for field in Batch.__dataclass_fields__}
    fields["cube"] = fields["cube"].contiguous(memory_format=torch.channels_last_3d)
    return Batch(**fields)


def _follow(average: HeartNet, net: HeartNet, keep: float) -> None:
    with torch.no_grad():
        for kept, new in zip(average.state_dict().values(), net.state_dict().values(), strict=True):
            if kept.is_floating_point():
                kept.lerp_(new, 1 - keep)
            else:
                kept.copy_(new)


def _resume(path: Path, net: HeartNet, average: HeartNet, optimizer: torch.optim.Optimizer) -> int:
    if not path.is_file():
        return 0
    stored = torch.load(path, weights_only=True)
    net.load_state_dict(stored["net"])
    average.load_state_dict(stored["average"])
    optimizer.load_state_dict(stored["optimizer"])
    return int(stored["step"])


def _save(path: Path, step: int, net: HeartNet, average: HeartNet, optimizer: torch.optim.Optimizer) -> None:
    aside = path.with_suffix(".part")
    torch.save(
        {
            "step": step,
            "net": net.state_dict(),
            "average": average.state_dict(),
            "optimizer": optimizer.state_dict(),
        },
        aside,
    )
    aside.replace(path)
