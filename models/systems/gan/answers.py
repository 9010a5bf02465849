"""What a GAN's discriminator answers to pictures: logits, also of labels if it classifies them."""

from __future__ import annotations

from typing import Any, NamedTuple

from keras import ops

from layers import replicas
from layers.norm import mixes_batch
from models.system import System


class Answer(NamedTuple):
    """D's answer to N pictures, and what was asked for.

    logits        (N, 1): real or fake
    label_logits  (N, num_labels): which labels D's auxiliary classifier sees; without it (N, 0)
    labels        those that the pictures should have, as the networks take them
    """

    logits: Any
    label_logits: Any
    labels: Any


class Answers:
    """How the discriminator of one GAN is asked; it sees pictures augmented.

    Pictures come as (pictures (N, H, W, C), labels, numbers of their augmentation).

    Attributes:
        one_call: whether it is asked about reals and fakes together. If they share a batch whose
            statistics D uses, D can tell them apart by these, and wins.
    """

    def __init__(self, gan: System):
        self.gan = gan
        self.one_call = not mixes_batch(gan.discriminator)

    def logits(self, pictures: Any, labels: Any, numbers: Any) -> Any:
        """D's logits (N, 1) of pictures, without those on other devices."""
        return self._output(pictures, labels, numbers)[:, :1]

    def to(self, pictures: Any, labels: Any, numbers: Any) -> Answer:
        """D's answer to the whole batch of pictures, also if devices share it."""
        return self._answer(self._output(pictures, labels, numbers), labels)

    def to_both(self, real: tuple, fake: tuple) -> tuple[Answer, Answer]:
        """D's answers to reals and fakes, in one call of D if that gives the same result."""
        if not self.one_call:
            return self.to(*real), self.to(*fake)
        both = [
            None if one is None else ops.concatenate([one, other])
            for one, other in zip(real, fake, strict=True)
        ]
        output, count = self._output(*both), ops.shape(real[0])[0]
        return self._answer(output[:count], real[1]), self._answer(output[count:], fake[1])

    def _output(self, pictures, labels, numbers):
        seen = self.gan.augmented.see(pictures, numbers)
        return self.gan.discriminator([seen, labels], training=True)

    def _answer(self, output, labels):
        output = replicas.gather(output)
        if self.gan.recipe.classifies:
            labels = replicas.gather(labels)
        return Answer(output[:, :1], output[:, 1:], labels)


def classification(answer: Answer) -> Any:
    """-E log P(labels | picture) of D's auxiliary classifier, a scalar in nats.

    Odena, Olah and Shlens 2017, arXiv:1610.09585, equation 3. Labels of one class give a softmax's
    cross-entropy. Attributes give the sum of their sigmoids' cross-entropies, so that each counts
    as much as it does alone.
    """
    logits, labels = answer.label_logits, answer.labels
    if len(labels.shape) == 1:
        chosen = ops.take_along_axis(logits, ops.cast(labels, "int32")[:, None], axis=-1)[:, 0]
        return ops.mean(ops.logsumexp(logits, axis=-1) - chosen)
    each = ops.softplus(logits) - ops.cast(labels, logits.dtype) * logits
    return ops.mean(ops.sum(each, axis=-1))
