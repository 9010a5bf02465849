"""StyleGAN: faces of 1024 px from styles, one for each layer of the generator.

Source: Karras et al., CVPR 2019, arXiv:1812.04948, appendix C, with the settings of the authors'
code for one GPU: from 8 px on, 600 000 pictures a phase and 25 million in all, batches of 128 down
to 4, equalised learning rates of 1e-3 and more (Adam 0, 0.99), in the mapping a hundredth of that;
non-saturating loss with R1 of 10, mixing in 90 % of the batches. With all its layers to pictures
the generator has 26 218 088 parameters (mapping 2 101 248), the discriminator 23 085 201: the
authors' without those of pictures of 4 px, which no phase uses.
Command: python train.py stylegan --data FOLDER --resolution 256 --steps 2595290
Run time: the authors' 25 million pictures took 6 weeks on one GPU at 1024 px, a week on 8.
Expect from the authors, at 1024 px: FFHQ FID 4.40; perceptual path length 233 in w, 665 in z.
Departures: reals are shrunk from the full resolution in each step; the average's decay is that of
the last size, where the source's has a half-life of 10 000 pictures; the average style is that of
both latents of a picture, the source's of the first.
"""

from models.systems.stylegan.recipe import StyleGANRecipe

RECIPE = StyleGANRecipe(name="stylegan", ema_decay=0.9997, steps=4_895_266)
