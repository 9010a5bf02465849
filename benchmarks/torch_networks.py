"""The residual SAGAN and BigGAN of `models/networks/` in plain PyTorch, layer for layer.

They are written as usual in PyTorch: `torch.nn` layers, `torch.nn.utils.parametrizations`'s
spectral_norm, and the order of operations of PyTorch-StudioGAN and BigGAN-PyTorch. Only the
benchmark needs them and torch.
"""

import torch
from torch import nn
from torch.nn import functional
from torch.nn.utils.parametrizations import spectral_norm

from models.networks.biggan import D_WIDTHS, G_WIDTHS
from models.networks.sn_resnet import discriminator_widths, generator_widths
from models.recipe import Recipe


def networks(recipe: Recipe) -> tuple[nn.Module, nn.Module]:
    """(generator(z, y), discriminator(x, y)) of a class-conditional `recipe`.

    Raises:
        ValueError: an architecture that is not written here.
    """
    if recipe.architecture == "sn_resnet":
        return SAGANGenerator(recipe), Discriminator(recipe)
    if recipe.architecture == "biggan":
        return BigGANGenerator(recipe), Discriminator(recipe)
    raise ValueError(f"no PyTorch networks for {recipe.architecture!r}, only sn_resnet and biggan")


def conv(inputs: int, outputs: int, size: int = 3, bias: bool = True) -> nn.Module:
    return spectral_norm(nn.Conv2d(inputs, outputs, size, padding=size // 2, bias=bias))


class Attention(nn.Module):
    """Values of half, keys of an eighth of the channels, pooled by 2."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.f = conv(channels, channels // 8, 1, bias=False)
        self.g = conv(channels, channels // 8, 1, bias=False)
        self.h = conv(channels, channels // 2, 1, bias=False)
        self.o = conv(channels // 2, channels, 1, bias=False)
        self.gamma = nn.Parameter(torch.zeros(()))

    def forward(self, x):
        keys = functional.max_pool2d(self.f(x), 2).flatten(2)
        queries, values = self.g(x).flatten(2), functional.max_pool2d(self.h(x), 2).flatten(2)
        weights = torch.softmax(queries.transpose(1, 2) @ keys, dim=-1)
        seen = (values @ weights.transpose(1, 2)).reshape(len(x), -1, *x.shape[2:])
        return x + self.gamma * self.o(seen)


class ClassNorm(nn.Module):
    """Batch norm with a gain and a shift for each class; `condition` is y (N,)."""

    def __init__(self, channels: int, classes: int) -> None:
        super().__init__()
        self.norm = nn.BatchNorm2d(channels, affine=False)
        self.gain, self.shift = nn.Embedding(classes, channels), nn.Embedding(classes, channels)

    def forward(self, x, condition):
        gain, shift = self.gain(condition), self.shift(condition)
        return self.norm(x) * (1 + gain[:, :, None, None]) + shift[:, :, None, None]


class VectorNorm(nn.Module):
    """Batch norm with gain and shift linear in `condition` (N, size)."""

    def __init__(self, channels: int, size: int) -> None:
        super().__init__()
        self.norm = nn.BatchNorm2d(channels, affine=False)
        self.gain = spectral_norm(nn.Linear(size, channels, bias=False))
        self.shift = spectral_norm(nn.Linear(size, channels, bias=False))

    def forward(self, x, condition):
        gain, shift = self.gain(condition), self.shift(condition)
        return self.norm(x) * (1 + gain[:, :, None, None]) + shift[:, :, None, None]


class Up(nn.Module):
    """A residual block that doubles the resolution; `norm(channels)` makes its batch norms."""

    def __init__(self, inputs: int, outputs: int, norm) -> None:
        super().__init__()
        self.norm_1, self.norm_2 = norm(inputs), norm(outputs)
        self.conv_1, self.conv_2 = conv(inputs, outputs), conv(outputs, outputs)
        self.skip = conv(inputs, outputs, 1)

    def forward(self, x, condition):
        y = functional.interpolate(torch.relu(self.norm_1(x, condition)), scale_factor=2)
        y = self.conv_2(torch.relu(self.norm_2(self.conv_1(y), condition)))
        return y + self.skip(functional.interpolate(x, scale_factor=2))


class Down(nn.Module):
    """A residual block of the discriminator; `hidden` channels between its convolutions."""

    def __init__(self, inputs: int, hidden: int, outputs: int, first: bool, halve: bool) -> None:
        super().__init__()
        self.conv_1, self.conv_2 = conv(inputs, hidden), conv(hidden, outputs)
        self.skip = conv(inputs, outputs, 1) if halve or inputs != outputs else nn.Identity()
        self.first, self.halve = first, halve

    def forward(self, x):
        y = self.conv_2(torch.relu(self.conv_1(x if self.first else torch.relu(x))))
        x = self.skip(x)
        return functional.avg_pool2d(x + y, 2) if self.halve else x + y


class SAGANGenerator(nn.Module):
    """z (N, latent_dim), y (N,) → images (N, 3, R, R)."""

    def __init__(self, recipe: Recipe) -> None:
        super().__init__()
        self.first, *widths = generator_widths(recipe.resolution, recipe.g_filters)
        self.dense = spectral_norm(nn.Linear(recipe.latent_dim, 16 * self.first))
        self.blocks, size, before = nn.ModuleList(), 4, self.first
        for width in widths:
            self.blocks.append(Up(before, width, lambda n: ClassNorm(n, recipe.num_labels)))
            size, before = 2 * size, width
            if size == recipe.attention_resolution:
                self.blocks.append(Attention(width))
        self.norm, self.last = nn.BatchNorm2d(before), conv(before, 3)

    def forward(self, z, y):
        x = self.dense(z).reshape(len(z), self.first, 4, 4)
        for block in self.blocks:
            x = block(x, y) if isinstance(block, Up) else block(x)
        return torch.tanh(self.last(torch.relu(self.norm(x))))


class BigGANGenerator(nn.Module):
    """z (N, latent_dim), y (N,) → images (N, 3, R, R): a chunk of z for every block."""

    def __init__(self, recipe: Recipe) -> None:
        super().__init__()
        widths = [recipe.g_filters * multiple for multiple in G_WIDTHS[recipe.resolution]]
        self.first, self.chunk = widths[0], recipe.latent_dim // len(widths)
        self.embed = nn.Embedding(recipe.num_labels, recipe.shared_embedding)
        self.dense = spectral_norm(nn.Linear(self.chunk, 16 * self.first))
        condition = recipe.shared_embedding + self.chunk
        self.blocks, size, before = nn.ModuleList(), 4, self.first
        for width in widths[1:]:
            self.blocks.append(Up(before, width, lambda n: VectorNorm(n, condition)))
            size, before = 2 * size, width
            if size == recipe.attention_resolution:
                self.blocks.append(Attention(width))
        self.norm, self.last = nn.BatchNorm2d(before), conv(before, 3)

    def forward(self, z, y):
        first, *chunks = z.split(self.chunk, dim=1)
        shared, chunks = self.embed(y), iter(chunks)
        x = self.dense(first).reshape(len(z), self.first, 4, 4)
        for block in self.blocks:
            up = isinstance(block, Up)
            x = block(x, torch.cat([shared, next(chunks)], dim=1)) if up else block(x)
        return torch.tanh(self.last(torch.relu(self.norm(x))))


class Discriminator(nn.Module):
    """x (N, 3, R, R), y (N,) → logits (N, 1), with the label's projection."""

    def __init__(self, recipe: Recipe) -> None:
        super().__init__()
        biggan = recipe.architecture == "biggan"
        if biggan:
            widths = [recipe.d_filters * multiple for multiple in D_WIDTHS[recipe.resolution]]
            halvings = len(widths) - 1
        else:
            widths, halvings = discriminator_widths(recipe.resolution, recipe.d_filters)
        attention = recipe.d_attention_resolution or recipe.attention_resolution
        blocks, size, before = [], recipe.resolution, 3
        for index, width in enumerate(widths):
            hidden = width if index == 0 or biggan or recipe.d_wide else before
            blocks.append(Down(before, hidden, width, index == 0, index < halvings))
            size, before = size // 2 if index < halvings else size, width
            if index < halvings and size == attention:
                blocks.append(Attention(width))
        self.blocks = nn.Sequential(*blocks, nn.ReLU())
        self.dense = spectral_norm(nn.Linear(before, 1))
        self.embed = spectral_norm(nn.Embedding(recipe.num_labels, before))

    def forward(self, x, y):
        features = self.blocks(x).sum((2, 3))
        return self.dense(features) + (self.embed(y) * features).sum(1, keepdim=True)
