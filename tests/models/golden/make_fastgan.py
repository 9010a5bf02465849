"""Makes fastgan.npz with the authors' own networks in torch.

    git clone https://github.com/odegeasslbc/FastGAN-pytorch
    python -m tests.models.golden.make_fastgan FastGAN-pytorch

A generator and a discriminator of 8 channels at 256 px, the least that theirs have, without
spectral norm, in training, whose weights are numbers that follow from our names
(`torch_weights`). Their discriminator gets the halved picture beside the whole one. Stored are
every 16th pixel of the pictures and of the logits' gradient, the logits, how close the drawings
come to the pictures, and the numbers of parameters at 64 channels.
"""

import sys
from pathlib import Path

import numpy as np

from tests.models.golden.torch_weights import convolution, fill, norm, value

WIDTH, LATENT, COUNT, SIDE = 8, 16, 4, 256
SOME = slice(None, None, 16)
DECODER = 32  # the widest pictures of theirs; ours are d_filters / 2


def inputs():
    """(latents, pictures)."""
    rng = np.random.default_rng(0)
    shapes = (COUNT, LATENT), (COUNT, SIDE, SIDE, 3)
    return tuple(np.tanh(rng.standard_normal(shape)).astype("f4") for shape in shapes)


def layers(block, kind):
    return [each for each in block.modules() if type(each).__name__ == kind]


def convolutions(block, *names):
    """Their convolutions, in order, and the batch norms behind them, take ours of these names."""
    norms = iter(layers(block, "BatchNorm2d"))
    for each, name in zip(layers(block, "Conv2d"), names, strict=True):
        convolution(each.weight, f"{name}/kernel")
        if (following := next(norms, None)) is not None:
            norm(following, f"{name}_norm")


def fill_generator(theirs):
    first = theirs.init.init
    numbers = value("g_first/kernel", (LATENT, 4 * 4 * 2 * 16 * WIDTH))
    fill(first[0].weight, numbers.reshape(LATENT, 4, 4, -1).transpose(0, 3, 1, 2))
    norm(first[1], "g_first_norm")
    for stage, size in enumerate((8, 16, 32, 64, 128, 256)):
        block = getattr(theirs, f"feat_{size}")
        convolutions(block, *(f"g_stage_{stage}_{n}" for n in range(1, 3 - stage % 2)))
        if size >= 64:
            name = f"g_stage_{stage}_excitation"
            convolutions(getattr(theirs, f"se_{size}").main, f"{name}_1", f"{name}_2")
    convolution(theirs.to_big.weight, "g_image/kernel")


def fill_discriminator(theirs):
    convolution(theirs.down_from_big[0].weight, "d_first/kernel")
    for stage, part in enumerate((4, 8, 16, 32, 64)):
        block = getattr(theirs, f"down_{part}")
        convolutions(block.main, f"d_stage_{stage}_1", f"d_stage_{stage}_2")
        convolutions(block.direct, f"d_stage_{stage}_short")
    for stage, pair in ((2, "2_16"), (3, "4_32"), (4, "8_64")):
        name = f"d_stage_{stage}_excitation"
        convolutions(getattr(theirs, f"se_{pair}").main, f"{name}_1", f"{name}_2")
    convolution(theirs.rf_big[0].weight, "d_last/kernel")
    norm(theirs.rf_big[1], "d_last_norm")
    convolution(theirs.rf_big[3].weight, "to_logit/kernel")
    convolution(theirs.down_from_small[0].weight, "second_stage_0/kernel")
    for stage in (1, 2, 3):
        convolutions(theirs.down_from_small[stage + 1].main, f"second_stage_{stage}")
    convolution(theirs.rf_small.weight, "second_to_logit/kernel")
    for ours, own in (("whole", "big"), ("again", "small"), ("part", "part")):
        decoder = getattr(theirs, f"decoder_{own}").main
        names = [f"{ours}_decoder_{stage}" for stage in range(4)]
        convolutions(decoder, *names, f"{ours}_decoder_picture")


def without_spectral_norm(network):
    from torch.nn.utils import remove_spectral_norm

    for each in network.modules():
        if hasattr(each, "weight_orig"):
            remove_spectral_norm(each)
    return network.train()


def closeness(discriminator, pictures, half, drawn, before):
    """Minus the mean absolute errors of the drawings; picture n has its quarter n drawn."""
    import torch

    side, map_side = SIDE // 2, before.shape[-1] // 2
    corners = [(n // 2, n % 2) for n in range(COUNT)]

    def quarters(x, one):
        return torch.stack([
            each[:, row * one : (row + 1) * one, column * one : (column + 1) * one]
            for each, (row, column) in zip(x, corners, strict=True)
        ])  # fmt: skip

    part = discriminator.decoder_part(quarters(before, map_side))
    wanted = (half, half, quarters(pictures, side))
    errors = [
        (one - other).abs().mean((1, 2, 3))
        for one, other in zip((*drawn[:2], part), wanted, strict=True)
    ]
    return -sum(errors)[:, None]


def made(models):
    """What their networks give for `inputs`, with our weights."""
    import torch
    from torch.nn import functional

    generator = without_spectral_norm(models.Generator(WIDTH, LATENT, 3, SIDE))
    discriminator = without_spectral_norm(models.Discriminator(2 * DECODER, 3, SIDE))
    fill_generator(generator)
    fill_discriminator(discriminator)
    latents, pictures = (torch.from_numpy(each) for each in inputs())
    pictures = pictures.permute(0, 3, 1, 2).contiguous().requires_grad_()
    half = functional.avg_pool2d(pictures, 2)
    kept = {}
    discriminator.se_4_32.register_forward_hook(lambda *given: kept.update(before=given[2]))
    logits, drawn = discriminator([pictures, half], "real", part=0)
    (slope,) = torch.autograd.grad(logits.sum(), pictures, retain_graph=True)
    big, small = logits.reshape(2, COUNT, -1).detach().numpy()
    whole = [models.Generator(64, 256, 3, SIDE), models.Discriminator(64, 3, SIDE)]
    unused = [whole[0].to_128.weight_orig, *(each.weight for each in layers(
        whole[0], "NoiseInjection"))]  # fmt: skip
    counts = [sum(each.numel() for each in network.parameters()) for network in whole]
    return {
        "images": generator(latents)[0].permute(0, 2, 3, 1)[:, SOME, SOME].detach().numpy(),
        "logits": np.concatenate([big, small], axis=1),
        "slope": slope.permute(0, 2, 3, 1)[:, SOME, SOME].numpy(),
        "closeness": closeness(discriminator, pictures, half, drawn, kept["before"])
        .detach()
        .numpy(),
        "counts": np.array([counts[0] - sum(each.numel() for each in unused), counts[1]]),
    }


if __name__ == "__main__":
    sys.path.insert(0, sys.argv[1])
    import models

    np.savez(Path(__file__).parent / "fastgan.npz", **made(models))
