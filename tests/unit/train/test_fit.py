from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

for needed in ("torch", "onnx"):
    pytest.importorskip(needed, reason="the extra 'train' is not installed")

import torch  # noqa: E402

from heartbox.contract import check  # noqa: E402
from heartbox.train.augment import Augmenter  # noqa: E402
from heartbox.train.export_onnx import export_model  # noqa: E402
from heartbox.train.fit import Batch, batch_loss, fit_look, rate, read_looks, read_recipe, train, trained_net  # noqa: E402
from heartbox.train.nets import HeartNet  # noqa: E402
from unit.train.cases import FINE, drawn_case, write_folder  # noqa: E402

RECIPE = Path(__file__).parents[3] / "training" / "recipes" / "heart.toml"


@pytest.fixture
def recipe(tmp_path: Path) -> Path:
    """Shorten the real recipe to three steps on scans that are at hand."""
    text = RECIPE.read_text(encoding="utf-8")
    for line in text.splitlines():
        name = line.split(" = ")[0]
        short = {"steps": "3", "batch": "1", "checkpoint_steps": "1", "phantoms": "0"}.get(name)
        if short:
            text = text.replace(line, f"{name} = {short}", 1)
    path = tmp_path / "short.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_rate_rises_stays_and_falls_to_zero() -> None:
    plan = {"steps": 1000, "warmup_steps": 100, "cooldown_steps": 200}
    assert rate(0, plan) == pytest.approx(0.01)
    assert rate(500, plan) == 1.0
    assert rate(900, plan) == pytest.approx(0.5)
    assert rate(1000, plan) == 0.0


def test_shipped_recipe_describes_both_looks() -> None:
    looks = read_looks(read_recipe(RECIPE))
    assert sorted(looks) == ["coarse", "fine"]
    assert looks["fine"].spacing_mm < looks["coarse"].spacing_mm


def test_training_lowers_the_loss() -> None:
    torch.manual_seed(0)
    torch.set_num_threads(1)
    augmenter = Augmenter([drawn_case()], np.ones(1), FINE, 4)
    examples = [example for example in (augmenter.draw() for _ in range(12)) if example.face_weight.any()][:2]
    assert len(examples) == 2
    fields = {
        field: torch.from_numpy(np.stack([np.float32(getattr(example, field)) for example in examples]))
        for field in Batch.__dataclass_fields__
    }
    batch, net = Batch(**fields), HeartNet()
    optimizer = torch.optim.AdamW(net.parameters(), lr=5e-3)
    losses = []
    for _ in range(8):
        loss = batch_loss(net, batch, 0)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.8 * losses[0]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    folder.mkdir()
    write_folder(folder)
    (folder / "train").mkdir()
    (folder / "train" / "segthor_tops.csv").write_text("patient,top_landmark_mm,grade\n", encoding="utf-8")
    return folder


def test_recipe_and_scans_become_weights_and_a_manifest(recipe: Path, data: Path, tmp_path: Path) -> None:
    lines: list[str] = []
    written = train(recipe, data, tmp_path / "out", lines.append)
    assert [path.name for path in written] == ["heart-coarse.onnx", "heart-fine.onnx", "heart.manifest.json"]
    assert lines == ["coarse: trained", "fine: trained"]
    check("manifest", json.loads(written[-1].read_text(encoding="utf-8")))


def test_stopped_training_goes_on_where_it_was(recipe: Path, data: Path, tmp_path: Path) -> None:
    fit_look(recipe, data, tmp_path, "fine")
    log = (tmp_path / "fine.log").read_text(encoding="utf-8").splitlines()
    assert [line.split()[0] for line in log] == ["1", "2", "3"]
    fit_look(recipe, data, tmp_path, "fine")  # nothing is left to do
    assert len((tmp_path / "fine.log").read_text(encoding="utf-8").splitlines()) == 3


def test_exported_model_fits_the_manifest_schema(recipe: Path, tmp_path: Path) -> None:
    nets = {look: HeartNet().eval() for look in ("coarse", "fine")}
    *weights, manifest = export_model(recipe, tmp_path, nets)
    document = json.loads(manifest.read_text(encoding="utf-8"))
    check("manifest", document)
    assert [look["file"] for look in document["looks"].values()] == [path.name for path in weights]


def test_missing_checkpoint_is_not_passed_over(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        trained_net(tmp_path, "fine")
