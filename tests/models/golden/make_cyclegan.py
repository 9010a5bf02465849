"""Makes cyclegan.npz with torch: `python tests/models/golden/make_cyclegan.py`.

A small CycleGAN generator and discriminator from torch's own layers, put together from section 7.2
of the paper with the paddings of the authors' code (reflection; zeros; padding 1 and output padding
1 of the transposed convolutions). Computed in float64, stored in float32: weights in the order of
construction in torch's axes, pictures (N, 3, 32, 32), outputs, and gradients of
sum(outputs · target) by the pictures.
"""

from pathlib import Path

import numpy as np
import torch
from torch import nn

FILTERS = 4


class Block(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.main = nn.Sequential(
            nn.ReflectionPad2d(1), nn.Conv2d(channels, channels, 3), nn.InstanceNorm2d(channels),
            nn.ReLU(),
            nn.ReflectionPad2d(1), nn.Conv2d(channels, channels, 3), nn.InstanceNorm2d(channels),
        )  # fmt: skip

    def forward(self, x):
        return x + self.main(x)


def generator(width=FILTERS):
    def up(inputs, outputs):
        conv = nn.ConvTranspose2d(inputs, outputs, 3, 2, padding=1, output_padding=1)
        return conv, nn.InstanceNorm2d(outputs), nn.ReLU()

    def down(inputs, outputs):
        return nn.Conv2d(inputs, outputs, 3, 2, 1), nn.InstanceNorm2d(outputs), nn.ReLU()

    return nn.Sequential(
        nn.ReflectionPad2d(3), nn.Conv2d(3, width, 7), nn.InstanceNorm2d(width), nn.ReLU(),
        *down(width, 2 * width), *down(2 * width, 4 * width),
        Block(4 * width), Block(4 * width),
        *up(4 * width, 2 * width), *up(2 * width, width),
        nn.ReflectionPad2d(3), nn.Conv2d(width, 3, 7), nn.Tanh(),
    )  # fmt: skip


def discriminator(width=FILTERS):
    def conv(inputs, outputs, stride):
        return nn.Conv2d(inputs, outputs, 4, stride, 1)

    return nn.Sequential(
        conv(3, width, 2), nn.LeakyReLU(0.2),
        conv(width, 2 * width, 2), nn.InstanceNorm2d(2 * width), nn.LeakyReLU(0.2),
        conv(2 * width, 4 * width, 1), nn.InstanceNorm2d(4 * width), nn.LeakyReLU(0.2),
        conv(4 * width, 1, 1),
    )  # fmt: skip


def main():
    torch.manual_seed(0)
    values = {"torch": np.array(torch.__version__)}
    for name, network in (("generator", generator()), ("discriminator", discriminator())):
        network = network.double()
        pictures = (2 * torch.rand(2, 3, 32, 32).double() - 1).requires_grad_(True)
        made = network(pictures)
        target = torch.randn_like(made)
        (made * target).sum().backward()
        found = {"pictures": pictures, "made": made, "target": target, "gradient": pictures.grad}
        found |= {f"weight_{n}": weight for n, weight in enumerate(network.parameters())}
        values |= {f"{name}/{key}": each.detach().float().numpy() for key, each in found.items()}
    np.savez_compressed(Path(__file__).with_name("cyclegan.npz"), **values)


if __name__ == "__main__":
    main()
