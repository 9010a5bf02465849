"""SRGAN: pictures enlarged four times, with plausible detail in place of blur.

Source: Ledig et al., CVPR 2017, arXiv:1609.04802, sections 2 and 3.2: 16 blocks of 64 channels, a
batch of 16 crops of 96 px shrunk 4 times, Adam (0.9) at 1e-4; 10⁶ steps on the mean squared error
(SRResNet), from there 10⁵ with 0.006 · VGG54 + 10⁻³ · adversarial loss, and 10⁵ more at 1e-5. The
generator has 1 550 659 parameters, the discriminator 23 565 505.
Command: python train.py srgan --data FOLDER
Run time: about 7 s a step on two CPU cores (reckoned); made for a GPU. `--pixel-steps` and
`--steps` shorten it. VGG19's weights come from Keras: the message that asks for them says how;
`--content lite0_block11 --content-weight 0.29` needs none.
Expect from the authors, on ImageNet: BSD100 at 27.58 dB / 0.7620 after the first phase and 25.16 /
0.6688 at the end, where bicubic gives 25.94 / 0.6935 (Y, a border of 4 px left out).
Departures: pictures are squares of 256 px, one of ten held out; the average of the generator is
kept; kernels before a pixel shuffle start equal within a block (arXiv:1707.02937).
"""

from models.systems.srgan.recipe import SRGANRecipe

RECIPE = SRGANRecipe(name="srgan", steps=1_200_000)
