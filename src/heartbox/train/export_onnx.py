"""Turn trained nets into ONNX files of plain operators and write the manifest beside them."""

from __future__ import annotations

import copy
import hashlib
import itertools
import json
import tomllib
import warnings
from pathlib import Path
from typing import Any

import onnx
import torch
from torch import nn

from heartbox.contract import check
from heartbox.train.nets import HeartNet

OPSET = 17


def export_model(recipe: Path, out: Path, nets: dict[str, HeartNet]) -> list[Path]:
    """Write ``heart-LOOK.onnx`` for each look and ``heart.manifest.json``.

    Parameters
    ----------
    recipe : the TOML file they were trained by; its ``[model]`` part goes into the manifest
    out : folder
    nets : trained nets by look

    Returns
    -------
    The written paths, the manifest last
    """
    settings = tomllib.loads(recipe.read_text(encoding="utf-8"))
    written = [export_net(net, out / f"{settings['name']}-{look}.onnx") for look, net in nets.items()]
    looks = {
        look: {
            **settings["looks"][look],
            "file": path.name,
            "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
            "parameters": parameter_count(path),
        }
        for look, path in zip(nets, written, strict=True)
    }
    document = {
        "schema": "heartbox.manifest/1",
        "name": settings["name"],
        "version": settings["version"],
        "reduced_mm": settings["reduced_mm"],
        "windows_hu": settings["windows_hu"],
        "looks": looks,
        "decision": settings["decision"],
        "face_offsets_mm": settings["decision"]["face_offsets_mm"],
        "recipe": {"file": recipe.name, "sha256": hashlib.sha256(recipe.read_bytes()).hexdigest()},
        "terms": settings["model"]["terms"],
        "data": settings["model"]["data"],
    }
    document["decision"] = {k: v for k, v in settings["decision"].items() if k != "face_offsets_mm"}
    check("manifest", document)
    manifest = out / f"{settings['name']}.manifest.json"
    manifest.write_text(json.dumps(document, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    return [*written, manifest]


def export_net(net: HeartNet, path: Path) -> Path:
    """Write one net as ONNX: batch of one, static shapes, normalisation folded into the convolutions."""
    folded = fold(net)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            folded,
            (torch.zeros(1, 3, 64, 64, 64),),
            path,
            input_names=["cube"],
            output_names=["faces", "mask", "presence"],
            opset_version=OPSET,
            dynamo=False,
        )
    model = onnx.load(path)
    del model.metadata_props[:]
    for node in model.graph.node:
        node.doc_string = ""
    onnx.checker.check_model(model)
    onnx.save(model, path)
    return path


def fold(net: HeartNet) -> HeartNet:
    """Copy a net, each normalisation folded into the convolution before it."""
    folded: HeartNet = copy.deepcopy(net).eval()
    for module in folded.modules():
        if isinstance(module, nn.Sequential):
            _fold_sequence(module)
    return folded


def parameter_count(path: Path) -> int:
    """Count the trained numbers of an ONNX file: weights and biases of layers."""
    model: Any = onnx.load(path)
    return sum(
        int(torch.tensor(list(tensor.dims)).prod())
        for tensor in model.graph.initializer
        if tensor.data_type == onnx.TensorProto.FLOAT and len(tensor.dims) > 0
    )


def _fold_sequence(sequence: nn.Sequential) -> None:
    names = list(sequence._modules)
    for first, second in itertools.pairwise(names):
        convolution, normalisation = sequence._modules[first], sequence._modules[second]
        if isinstance(convolution, nn.Conv3d) and isinstance(normalisation, nn.BatchNorm3d):
            sequence._modules[first] = nn.utils.fusion.fuse_conv_bn_eval(convolution, normalisation)
            sequence._modules[second] = nn.Identity()
