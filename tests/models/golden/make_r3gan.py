"""Makes r3gan.npz with the authors' own networks in torch.

    git clone https://github.com/brownvc/R3GAN
    python -m tests.models.golden.make_r3gan R3GAN

A small generator and discriminator at 64 px with one block a size, whose weights are numbers that
follow from their names here (`torch_weights`), so that only what they give is stored: every eighth
pixel of the pictures, the logits, and every eighth pixel of the logits' gradient by the pictures.
"""

import sys
from pathlib import Path

import numpy as np

from tests.models.golden.torch_weights import convolution, fill, value

WIDTHS = (16, 16, 16, 16, 8)  # from 4 px to 64 px
LATENT, COUNT = 8, 2


def inputs():
    """(latents, pictures)."""
    rng = np.random.default_rng(0)
    shapes = (COUNT, LATENT), (COUNT, 64, 64, 3)
    return tuple(rng.standard_normal(shape).astype("f4") for shape in shapes)


def block(theirs, name):
    convolution(theirs.LinearLayer1.Layer.weight, f"{name}_in/kernel")
    convolution(theirs.LinearLayer2.Layer.weight, f"{name}_grouped/kernel")
    convolution(theirs.LinearLayer3.Layer.weight, f"{name}_out/kernel")
    for number, ours in ((1, "in"), (2, "grouped")):
        bias = getattr(theirs, f"NonLinearity{number}").Bias
        fill(bias, value(f"{name}_{ours}/bias", tuple(bias.shape)))


def narrowing(theirs, name):
    if hasattr(theirs, "LinearLayer"):
        convolution(theirs.LinearLayer.Layer.weight, f"{name}_width/kernel")


def made(networks):
    """What their networks give for `inputs`, with our weights."""
    import torch

    groups, blocks = [2 * width // 16 for width in WIDTHS], [1] * len(WIDTHS)
    generator = networks.Generator(LATENT, WIDTHS, groups, blocks, 2)
    first = generator.MainLayers[0].Layers[0]
    fill(first.LinearLayer.weight, value("g_first/kernel", (LATENT, WIDTHS[0])).T)
    fill(first.Basis, value("g_basis/basis", (4, 4, WIDTHS[0])).transpose(2, 0, 1))
    for stage, each in enumerate(generator.MainLayers):
        if stage:
            narrowing(each.Layers[0], f"g_stage_{stage}")
        block(each.Layers[1], f"g_stage_{stage}_block_1")
    convolution(generator.AggregationLayer.Layer.weight, "g_image/kernel")

    discriminator = networks.Discriminator(WIDTHS[::-1], groups[::-1], blocks, 2)
    convolution(discriminator.ExtractionLayer.Layer.weight, "d_first/kernel")
    for stage, each in enumerate(discriminator.MainLayers):
        block(each.Layers[0], f"d_stage_{stage}_block_1")
        if stage < len(WIDTHS) - 1:
            narrowing(each.Layers[1], f"d_stage_{stage}")
    last = discriminator.MainLayers[-1].Layers[1]
    fill(last.Basis.weight, value("features/basis", (4, 4, WIDTHS[0])).transpose(2, 0, 1)[:, None])
    fill(last.LinearLayer.weight, value("to_logit/kernel", (WIDTHS[0], 1)).T)

    latents, pictures = (torch.from_numpy(each) for each in inputs())
    images = generator(latents).permute(0, 2, 3, 1)
    pictures = pictures.permute(0, 3, 1, 2).contiguous().requires_grad_()
    logits = discriminator(pictures)
    (slope,) = torch.autograd.grad(logits.sum(), pictures)
    return {
        "images": images[:, ::8, ::8].detach().numpy(),
        "logits": logits.detach().numpy(),
        "slope": slope.permute(0, 2, 3, 1)[:, ::8, ::8].numpy(),
    }


if __name__ == "__main__":
    sys.path.insert(0, sys.argv[1])
    import R3GAN.Networks

    np.savez(Path(__file__).parent / "r3gan.npz", **made(R3GAN.Networks))
