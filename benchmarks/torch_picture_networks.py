"""SRGAN's and CycleGAN's networks in plain PyTorch, layer for layer as in `models/systems/`.

They are written as usual in PyTorch: `torch.nn` layers, PyTorch's own padding and norms. `Lite0`
has drawn weights: only its time matters. Only the benchmark needs them and torch.
"""

import torch
from torch import nn
from torch.nn import functional

from metrics import lite0
from models.systems.cyclegan.recipe import CycleGANRecipe
from models.systems.srgan.recipe import SRGANRecipe


class Residual(nn.Module):
    """x + main(x)."""

    def __init__(self, *main: nn.Module) -> None:
        super().__init__()
        self.main = nn.Sequential(*main)

    def forward(self, x):
        return x + self.main(x)


# === SRGAN ===


class Enlarger(nn.Module):
    """Small pictures (N, 3, h, w) → (N, 3, scale·h, scale·w)."""

    def __init__(self, recipe: SRGANRecipe) -> None:
        super().__init__()
        n = recipe.g_filters
        conv = lambda i, o, size: nn.Conv2d(i, o, size, padding=size // 2)  # noqa: E731
        self.first = nn.Sequential(conv(3, n, 9), nn.PReLU(n))
        blocks = [
            Residual(
                conv(n, n, 3), nn.BatchNorm2d(n), nn.PReLU(n), conv(n, n, 3), nn.BatchNorm2d(n)
            )
            for _ in range(recipe.blocks)
        ]
        self.trunk = Residual(*blocks, conv(n, n, 3), nn.BatchNorm2d(n))
        up = []
        for _ in range(recipe.scale.bit_length() - 1):
            up += [conv(n, 4 * n, 3), nn.PixelShuffle(2), nn.PReLU(n)]
            if recipe.blur:
                up += [nn.ReplicationPad2d((1, 0, 1, 0)), nn.AvgPool2d(2, 1)]
        self.up = nn.Sequential(*up, conv(n, 3, 9))
        self.scale = recipe.scale

    def forward(self, x):
        large = functional.interpolate(x, scale_factor=self.scale, mode="nearest")
        return large + self.up(self.trunk(self.first(0.5 * x + 0.5)))


def crop_judge(recipe: SRGANRecipe) -> nn.Module:
    """Crops (N, 3, C, C) → logits (N, 1)."""
    spectral = recipe.d_weight_norm == "spectral"
    kernel = nn.utils.spectral_norm if spectral else lambda layer: layer
    layers: list[nn.Module] = []
    before = 3
    for number, (width, stride) in enumerate(
        [(1, 1), (1, 2), (2, 1), (2, 2), (4, 1), (4, 2), (8, 1), (8, 2)]
    ):
        filters = width * recipe.d_filters
        layers.append(kernel(nn.Conv2d(before, filters, 3, stride, 1)))
        layers += [nn.BatchNorm2d(filters)] if number and not spectral else []
        layers.append(nn.LeakyReLU(0.2))
        before = filters
    side = recipe.crop // 16
    hidden = kernel(nn.Linear(side * side * before, recipe.d_units))
    layers += [nn.Flatten(), hidden, nn.LeakyReLU(0.2)]
    return nn.Sequential(*layers, kernel(nn.Linear(recipe.d_units, 1)))


class Lite0(nn.Module):
    """Pictures (N, 3, S, S) → the maps after the expansion of block 11, (N, 672, S/16, S/16)."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(3, 32, 3, 2, 1), nn.ReLU6())
        self.blocks = nn.ModuleList()
        before, number = 32, 0
        for repeats, size, stride, expansion, filters in lite0.STAGES:
            for repeat in range(repeats):
                step = stride if repeat == 0 else 1
                wide = before * expansion
                expand = nn.Sequential(nn.Conv2d(before, wide, 1), nn.ReLU6())
                if number == 11:
                    self.last = expand
                    return
                layers = [] if expansion == 1 else [expand]
                layers += [nn.Conv2d(wide, wide, size, step, size // 2, groups=wide), nn.ReLU6()]
                layers.append(nn.Conv2d(wide, filters, 1))
                same = step == 1 and before == filters
                self.blocks.append(Residual(*layers) if same else nn.Sequential(*layers))
                before, number = filters, number + 1

    def forward(self, x):
        x = self.stem(x)
        for block in self.blocks:
            x = block(x)
        return self.last(x)


# === CycleGAN ===


class Translator(nn.Module):
    """Pictures (N, 3, R, R) → pictures, both in [-1, 1]: a change of the given ones."""

    def __init__(self, recipe: CycleGANRecipe) -> None:
        super().__init__()
        n = recipe.g_filters

        def mirrored(i, o, size):
            return [nn.ReflectionPad2d(size // 2), nn.Conv2d(i, o, size)]

        layers = [*mirrored(3, n, 7), nn.InstanceNorm2d(n), nn.ReLU()]
        for stage in (1, 2):
            layers += [nn.Conv2d(n << (stage - 1), n << stage, 3, 2, 1)]
            layers += [nn.InstanceNorm2d(n << stage), nn.ReLU()]
        wide = 4 * n
        for _ in range(recipe.blocks):
            first = [*mirrored(wide, wide, 3), nn.InstanceNorm2d(wide), nn.ReLU()]
            layers.append(Residual(*first, *mirrored(wide, wide, 3), nn.InstanceNorm2d(wide)))
        for stage in (1, 0):
            layers.append(nn.ConvTranspose2d(n << (stage + 1), n << stage, 3, 2, 1, 1))
            layers += [nn.InstanceNorm2d(n << stage), nn.ReLU()]
        self.layers = nn.Sequential(*layers, *mirrored(n, 3, 7), nn.Tanh())

    def forward(self, x):
        change = self.layers(x)
        return x + change - change.abs() * x


def patch_judge(recipe: CycleGANRecipe) -> nn.Module:
    """Pictures (N, 3, R, R) → logits (N, 1, P, P)."""
    before = recipe.d_filters
    layers: list[nn.Module] = [nn.Conv2d(3, before, 4, 2, 1), nn.LeakyReLU(0.2)]
    for number in range(2, recipe.d_layers + 2):
        filters = recipe.d_filters * min(1 << (number - 1), 8)
        stride = 1 if number > recipe.d_layers else 2
        layers += [nn.Conv2d(before, filters, 4, stride, 1), nn.InstanceNorm2d(filters)]
        layers.append(nn.LeakyReLU(0.2))
        before = filters
    return nn.Sequential(*layers, nn.Conv2d(before, 1, 4, 1, 1))


def parameters(*networks: nn.Module) -> int:
    """How many numbers the networks learn."""
    return sum(p.numel() for network in networks for p in network.parameters())


def frozen(network: nn.Module) -> nn.Module:
    """The network, whose weights get no gradient."""
    return network.eval().requires_grad_(False)


def random_pictures(count: int, side: int) -> torch.Tensor:
    """(count, 3, side, side) in [-1, 1]."""
    return torch.rand(count, 3, side, side) * 2 - 1
