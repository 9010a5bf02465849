"""Makes projected.npz with the authors' own networks in torch.

    git clone https://github.com/autonomousvision/projected-gan
    python -m tests.models.golden.make_projected projected-gan

The random mixing and the four discriminators of 64 channels, fed with random maps instead of
Lite0's for pictures of 128 px, without spectral norm, in training; and a light and a full generator
of 8 channels at 128 px. Their weights are numbers that follow from our names (`torch_weights`).
Stored are the logits, every 16th pixel of the pictures, and the numbers of parameters.
"""

import sys
import types
from pathlib import Path

import numpy as np

from tests.models.golden.make_fastgan import convolutions, layers, without_spectral_norm
from tests.models.golden.torch_weights import convolution, fill, norm, value

CHANNELS, SIDES = (24, 40, 112, 320), (32, 16, 8, 4)
WIDTH, LATENT, COUNT, SIDE = 8, 16, 3, 128


def inputs():
    """(latents, [maps of four depths])."""
    rng = np.random.default_rng(0)
    latents = rng.standard_normal((COUNT, LATENT)).astype("f4")
    shapes = [(COUNT, side, side, channels) for side, channels in zip(SIDES, CHANNELS, strict=True)]
    return latents, [rng.standard_normal(shape).astype("f4") for shape in shapes]


def with_bias(theirs, name):
    convolution(theirs.weight, f"{name}/kernel")
    fill(theirs.bias, value(f"{name}/bias", tuple(theirs.bias.shape)))


def mixed(projector, maps):
    """Their `F_RandomProj.forward` from the maps on: its blocks are theirs, the order is here."""
    import torch

    scratch = torch.nn.Module()
    projector._make_scratch_ccm(scratch, CHANNELS, 64, expand=True)
    wide = scratch.CHANNELS
    projector._make_scratch_csm(scratch, wide, 64, expand=True)
    for depth in range(4):
        with_bias(getattr(scratch, f"layer{depth}_ccm"), f"channels_{depth}")
        with_bias(getattr(scratch, f"layer{depth}_csm").out_conv, f"scales_{depth}")
    wide = [getattr(scratch, f"layer{depth}_ccm")(x) for depth, x in enumerate(maps)]
    found = [scratch.layer3_csm(wide[3])]
    for depth in (2, 1, 0):
        found.append(getattr(scratch, f"layer{depth}_csm")(found[-1], wide[depth]))
    return scratch.CHANNELS, found[::-1]


def judged(discriminator, channels, maps):
    """(logits of the four, the number of their trained parameters)."""
    multi = discriminator.MultiScaleD(channels, [128, 64, 32, 16], num_discs=4)
    count = sum(each.numel() for each in multi.parameters())
    without_spectral_norm(multi)
    for depth, head in enumerate(multi.mini_discs.values()):
        *blocks, last = head.main
        for left, block in zip(reversed(range(4 - depth)), blocks, strict=True):
            with_bias(block.main[0], f"depth_{depth}_{left}")
            norm(block.main[1], f"depth_{depth}_{left}_norm")
        name = "to_logit" if depth == 3 else f"depth_{depth}_to_logit"
        convolution(last.weight, f"{name}/kernel")
    return multi({str(depth): x for depth, x in enumerate(maps)}, None), count


def drawn(networks, latents, lite):
    """Pictures of a small generator, and the number of parameters of the whole one at 256 px."""
    import torch

    small = networks.Generator(
        LATENT, img_resolution=SIDE, ngf=WIDTH, synthesis_kwargs={"lite": lite}
    )
    without_spectral_norm(small)
    theirs = small.synthesis
    numbers = value("g_first/kernel", (LATENT, 4 * 4 * 2 * 16 * WIDTH))
    fill(theirs.init.init[0].weight, numbers.reshape(LATENT, 4, 4, -1).transpose(0, 3, 1, 2))
    norm(theirs.init.init[1], "g_first_norm")
    for stage, size in enumerate((8, 16, 32, 64, 128)):
        names = [f"g_stage_{stage}_{n}" for n in range(1, 2 if lite else 3)]
        convolutions(getattr(theirs, f"feat_{size}"), *names)
        if size >= 64:
            name = f"g_stage_{stage}_excitation"
            convolutions(getattr(theirs, f"se_{size}").main, f"{name}_1", f"{name}_2")
    with_bias(theirs.to_big, "g_image")
    whole = networks.Generator(synthesis_kwargs={"lite": lite})
    noise = len(layers(whole, "NoiseInjection"))  # a factor each
    pictures = small(torch.from_numpy(latents), None).permute(0, 2, 3, 1)
    return pictures, sum(each.numel() for each in whole.parameters()) - noise


def made(discriminator, networks, projector):
    """What their networks give for `inputs`, with our weights."""
    import torch

    latents, maps = inputs()
    maps = [torch.from_numpy(each).permute(0, 3, 1, 2) for each in maps]
    logits, count = judged(discriminator, *mixed(projector, maps))
    light, light_count = drawn(networks, latents, lite=True)
    full, full_count = drawn(networks, latents, lite=False)
    return {
        "logits": logits.detach().numpy(),
        "light": light[:, ::16, ::16].detach().numpy(),
        "full": full[:, ::16, ::16].detach().numpy(),
        "counts": np.array([light_count, full_count, count]),
    }


if __name__ == "__main__":
    sys.path.insert(0, sys.argv[1])
    sys.modules["timm"] = types.ModuleType("timm")  # only Lite0 is made with it
    from pg_modules import discriminator, networks_fastgan, projector

    np.savez(
        Path(__file__).parent / "projected.npz", **made(discriminator, networks_fastgan, projector)
    )
