"""DeOldify: grey pictures in colour, by features first and a short game at the end.

Source: the stable model of Jason Antic's DeOldify, github.com/jantic/DeOldify (MIT): notebook
ColorizeTrainingStable, unet.py, critics.py, loss.py. There is no paper and no published score. A
U-Net of 512 channels on ResNet101, spectral norm, attention at 1/8 of the size. "NoGAN": features
at a quarter, half and the whole of the size, on 1.15 million pictures of ImageNet twice, once and
half of them; a discriminator alone, 6 and 4 epochs on 98 000 coloured ones; both on 35 000, 2e-5
for the generator and 1e-4 for the discriminator, whose loss must be below 0.65 before the generator
moves.
Command: python train.py deoldify --data FOLDER
Run time: made for a GPU; about 40 s a step of the largest size on two CPU cores (reckoned). Its
encoder's weights come from Keras: the message that asks for them says how; `--encoder lite0` needs
none.
Expect from the authors: the best colours shortly before glitches begin; later skin turns orange.
The checkpoint at the end of each phase is kept, so the last can be compared with the one before.
Departures: 256 px in place of 192, batches of 16 at every size (88, 20 and 8, in the game 5); one
round of discriminator and game, where the published weights have three more, 7 % of ImageNet in
all; rates fall linearly in each phase, not by one cycle, without weight decay; the encoder is never
trained (there at a thousandth to a thirtieth of the rate); a frozen Lite0 compares in the place of
VGG16; the network gives chroma and keeps the luma, also while it trains (there RGB, whose luma is
later replaced); the average of the generator is kept; pictures are not augmented (there by zoom,
warp and light).
"""

from models.systems.deoldify.recipe import DeOldifyRecipe

RECIPE = DeOldifyRecipe(name="deoldify", steps=315_700)
