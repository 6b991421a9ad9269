"""The net's layers: a small 3-D encoder and decoder, a mask, and one head per axis for its two faces."""

from __future__ import annotations

import torch
from torch import Tensor, nn

#: Channels of the levels at 1/2, 1/4, 1/8 and 1/16 of the cube, and of the decoded features.
WIDTHS = (8, 20, 28, 32)
FEATURES = 12
HEAD = 12


class HeartNet(nn.Module):  # type: ignore[misc]
    """Look at one cube and answer with faces, mask and presence.

    Input: (n, 3, 64, 64, 64) float32 as `heartbox.network.encode` makes it.
    Output: face logits (n, 6, 64), mask logits (n, 1, 32, 32, 32), presence logit (n, 1).
    Plain layers only: convolution, ReLU, addition, nearest x2, mean, maximum, concatenation.
    """

    def __init__(self) -> None:
        super().__init__()
        half, quarter, eighth, sixteenth = WIDTHS
        self.stem = _conv(3, half, 3, stride=2)
        self.down4 = nn.Sequential(_conv(half, quarter, 3, stride=2), _Inverted(quarter))
        self.down8 = nn.Sequential(_Shrink(quarter, eighth), _Inverted(eighth), _Inverted(eighth))
        self.down16 = nn.Sequential(_Shrink(eighth, sixteenth), _Inverted(sixteenth))
        self.up8 = _conv(sixteenth, eighth, 1)
        self.mix8 = _Inverted(eighth)
        self.up4 = _conv(eighth, quarter, 1)
        self.mix4 = _Inverted(quarter)
        self.up2 = _conv(quarter, FEATURES, 1)
        self.skip2 = _conv(half, FEATURES, 1)
        self.mix2 = nn.Sequential(_conv(FEATURES, FEATURES, 3, groups=FEATURES), _conv(FEATURES, FEATURES, 1))
        self.mask = nn.Conv3d(FEATURES, 1, 1)
        self.axes = nn.ModuleList(_AxisHead() for _ in range(3))
        self.presence = nn.Sequential(
            nn.Linear(sixteenth + FEATURES + 1, HEAD), nn.ReLU(), nn.Linear(HEAD, 1)
        )
        self.twice = nn.Upsample(scale_factor=2, mode="nearest")

    def forward(self, cube: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Run the net; shapes as the class says."""
        half = self.stem(cube)
        quarter = self.down4(half)
        eighth = self.down8(quarter)
        sixteenth = self.down16(eighth)
        eighth = self.mix8(eighth + self.twice(self.up8(sixteenth)))
        quarter = self.mix4(quarter + self.twice(self.up4(eighth)))
        features = self.mix2(self.skip2(half) + self.twice(self.up2(quarter)))
        mask = self.mask(features)
        heart = torch.sigmoid(mask)
        inside = nn.functional.avg_pool3d(cube[:, 2:3], 2)
        in_heart = features * heart
        faces = [
            head((features, in_heart, heart, inside), axis)
            for head, axis in zip(self.axes, (4, 3, 2), strict=True)
        ]
        summary = torch.cat(
            [sixteenth.mean((2, 3, 4)), features.amax((2, 3, 4)), heart.mean((2, 3, 4))], dim=1
        )
        return torch.cat(faces, dim=1), mask, self.presence(summary)


class _AxisHead(nn.Module):  # type: ignore[misc]
    """Profiles along one axis -> a logit per plane of voxels for the lower and the upper face."""

    def __init__(self) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        channels = 3 * FEATURES + 1
        for dilation in (1, 2, 4):
            layers += [nn.Conv1d(channels, HEAD, 5, padding=2 * dilation, dilation=dilation), nn.ReLU()]
            channels = HEAD
        self.along = nn.Sequential(*layers)
        self.fine = nn.Sequential(
            nn.Upsample(scale_factor=2, mode="nearest"),
            nn.Conv1d(HEAD, HEAD, 3, padding=1),
            nn.ReLU(),
            nn.Conv1d(HEAD, 2, 3, padding=1),
        )

    def forward(self, fields: tuple[Tensor, Tensor, Tensor, Tensor], axis: int) -> Tensor:
        """Pool features, features in the heart, heart and inside across an axis; (n, 2, voxels) logits."""
        features, in_heart, heart, inside = fields
        across = [a for a in (2, 3, 4) if a != axis]
        weight = heart.sum(across) + 1e-2
        profiles = [
            features.amax(across),
            features.mean(across),
            in_heart.sum(across) / weight,
            inside.amax(across),
        ]
        return self.fine(self.along(torch.cat(profiles, dim=1)))


class _Inverted(nn.Module):  # type: ignore[misc]
    """An inverted residual: widen twofold, filter each channel, narrow, add."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            _conv(channels, 2 * channels, 1),
            _conv(2 * channels, 2 * channels, 3, groups=2 * channels),
            nn.Conv3d(2 * channels, channels, 1, bias=False),
            nn.BatchNorm3d(channels),
        )

    def forward(self, values: Tensor) -> Tensor:
        """Add the filtered values to themselves; shape (n, channels, z, y, x) stays."""
        return values + self.layers(values)


class _Shrink(nn.Sequential):  # type: ignore[misc]
    """Halve the cube channel by channel, then mix into more channels."""

    def __init__(self, channels: int, wider: int) -> None:
        super().__init__(_conv(channels, channels, 3, stride=2, groups=channels), _conv(channels, wider, 1))


def _conv(channels: int, wider: int, size: int, stride: int = 1, groups: int = 1) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv3d(channels, wider, size, stride=stride, padding=size // 2, groups=groups, bias=False),
        nn.BatchNorm3d(wider),
        nn.ReLU(),
    )
