"""StackGAN: pictures of captions, 64 px first, then 256 px made from these.

Source: Zhang et al., ICCV 2017, arXiv:1612.03242, sections 3 and 4, with the authors' code on
birds: batches of 64, Adam (0.5) at 2e-4, 600 epochs of 138 steps for each stage, rates halved every
50 epochs in Stage I and every 100 in Stage II; the mean of four captions' vectors.
Command: python train.py stackgan --data FOLDER --captions files
Run time: not measured; about 3 s a step of Stage I on two CPU cores (reckoned); made for a GPU.
Expect from the authors: inception score 3.70 on CUB at 256 px, 3.20 on Oxford flowers.
Departures: the divergence is the sum over a condition's 128 numbers, as in the paper, in the code
twice their mean (`--kl-form mean --kl-weight 2`); its noise is normal, there truncated. Vectors of
words and pairs of words, or your own, in the place of a char-CNN-RNN's; a wrong caption of the real
picture in the place of a wrong picture of the caption; rates fall steadily to the same halves; no
crops; gains of norms start at 1.
"""

from models.systems.stackgan.recipe import StackGANRecipe

RECIPE = StackGANRecipe(name="stackgan")
