from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

for needed in ("torch", "onnx"):
    pytest.importorskip(needed, reason="the extra 'train' is not installed")

import onnx  # noqa: E402
import onnxruntime  # noqa: E402
import torch  # noqa: E402

from heartbox.train.export_onnx import export_net, fold, parameter_count  # noqa: E402
from heartbox.train.nets import HeartNet  # noqa: E402

#: Operators that a later generator of plain code has to know.
PLAIN = {
    "Add", "AveragePool", "Concat", "Constant", "Conv", "Div", "Gemm", "Mul", "ReduceMax", "ReduceMean",
    "ReduceSum", "Relu", "Resize", "Sigmoid", "Slice",
}  # fmt: skip
#: float32 in another order of sums.
ROUNDING = 2e-3


@pytest.fixture(scope="module")
def net() -> HeartNet:
    torch.manual_seed(1)
    torch.set_num_threads(1)
    net = HeartNet()
    with torch.no_grad():
        net(torch.randn(2, 3, 64, 64, 64))  # running means and variances that are not 0 and 1
    return net.eval()  # type: ignore[no-any-return]


@pytest.fixture(scope="module")
def exported(net: HeartNet, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return export_net(net, tmp_path_factory.mktemp("net") / "net.onnx")


def test_folded_net_answers_like_the_trained_one(net: HeartNet) -> None:
    cube = torch.randn(1, 3, 64, 64, 64)
    with torch.no_grad():
        for before, after in zip(net(cube), fold(net)(cube), strict=True):
            assert torch.allclose(before, after, atol=ROUNDING)


def test_onnx_answers_like_torch(net: HeartNet, exported: Path) -> None:
    cube = torch.randn(1, 3, 64, 64, 64)
    session = onnxruntime.InferenceSession(exported, providers=["CPUExecutionProvider"])
    answers = session.run(None, {"cube": cube.numpy()})
    with torch.no_grad():
        for torch_answer, onnx_answer in zip(net(cube), answers, strict=True):
            assert np.abs(torch_answer.numpy() - onnx_answer).max() < ROUNDING


def test_exported_net_is_small_and_plain(exported: Path) -> None:
    model = onnx.load(exported)
    assert {node.op_type for node in model.graph.node} <= PLAIN
    assert parameter_count(exported) < 50_000
    shape = [axis.dim_value for axis in model.graph.input[0].type.tensor_type.shape.dim]
    assert shape == [1, 3, 64, 64, 64]


def test_two_exports_are_the_same_bytes(net: HeartNet, exported: Path, tmp_path: Path) -> None:
    assert export_net(net, tmp_path / "again.onnx").read_bytes() == exported.read_bytes()
