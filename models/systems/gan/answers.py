"""The outputs of a GAN's discriminator: logits of real or fake, and of labels if it classifies."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import keras
from keras import ops

from layers import replicas
from layers.norm import mixes_batch
from models import autodiff
from models.system import System


class Answer(NamedTuple):
    """D's outputs for N pictures, and the labels that the pictures should show.

    logits        (N, J): J logits of real or fake for each picture: 1 in most networks, else one
                  for each patch
    label_logits  (N, num_labels): which labels D's auxiliary classifier sees; without it (N, 0)
    labels        (N,) class indices or (N, num_labels) attributes, as the networks take them
    closeness     (N, 1): minus the reconstruction error of D's decoders; None if they did not run
    gradient      (N, H, W, C): of each picture's mean logit by the picture, on this device alone;
                  None if it was not asked for
    """

    logits: Any
    label_logits: Any
    labels: Any
    closeness: Any = None
    gradient: Any = None


class Answers:
    """Calls a GAN's discriminator on augmented pictures.

    Calls take (pictures (N, H, W, C), labels, random numbers (N, n) of their augmentation or None).

    Attributes:
        one_call: whether D gets reals and fakes in one call. It must not if D uses statistics of
            its batch: by those of a shared batch it could tell reals from fakes.
    """

    def __init__(self, gan: System):
        self.gan = gan
        self.one_call = not mixes_batch(gan.discriminator)
        inputs, outputs = gan.discriminator.inputs, gan.discriminator.outputs
        # Decoders reconstruct reals only. With fakes they would run too, for their batch norms.
        self._undrawn = keras.Model(inputs, outputs[0]) if len(outputs) > 1 else gan.discriminator
        columns = outputs[0].shape[-1]
        self._logits = columns - (gan.recipe.num_labels if gan.recipe.classifies else 0)

    def logit(self, pictures: Any, labels: Any, numbers: Any) -> Any:
        """D's mean logit (N, 1) of each picture, for this device's share of the batch alone."""
        return self._mean_logit(self._output(pictures, labels, numbers, drawn=False))

    def to(
        self, pictures: Any, labels: Any, numbers: Any, drawn: bool = False, slopes: bool = False
    ) -> Answer:
        """D's answer to the whole batch of pictures, also if devices share it.

        Args:
            drawn: whether its decoders, if it has some, draw the pictures again.
            slopes: whether it comes with the gradient by the pictures.
        """
        outputs, gradient = self._outputs(pictures, labels, numbers, drawn, slopes)
        return self._answer(outputs, labels, gradient)

    def to_both(
        self, real: tuple, fake: tuple, drawn: bool = False, slopes: Sequence[str] = ()
    ) -> tuple[Answer, Answer]:
        """D's answers to reals and fakes, in one call of D if that gives the same result.

        Args:
            drawn: as in `to`, of the reals.
            slopes: of "real" and "fake" those whose answer comes with its gradient.
        """
        if not self.one_call or len(slopes) == 1:
            return (
                self.to(*real, drawn=drawn, slopes="real" in slopes),
                self.to(*fake, slopes="fake" in slopes),
            )
        both = [
            None if one is None else ops.concatenate([one, other])
            for one, other in zip(real, fake, strict=True)
        ]
        outputs, gradient = self._outputs(*both, drawn, bool(slopes))
        count = ops.shape(real[0])[0]
        first, second = (
            [None if each is None else each[part] for each in (*outputs, gradient)]
            for part in (slice(None, count), slice(count, None))
        )
        return (
            self._answer(first[:-1], real[1], first[-1]),
            self._answer(second[:-1], fake[1], second[-1]),
        )

    def _outputs(self, pictures, labels, numbers, drawn, slopes):
        """`_output`, and the gradient of the mean logits by the pictures if there are `slopes`."""
        if not slopes:
            return self._output(pictures, labels, numbers, drawn), None

        def judged(x):
            outputs = self._output(x, labels, numbers, drawn)
            return self._mean_logit(outputs), outputs

        return autodiff.answer_and_gradient(judged, pictures, self.gan.state())

    def _mean_logit(self, outputs):
        logits = outputs[0][:, : self._logits]
        return logits if self._logits == 1 else ops.mean(logits, axis=1, keepdims=True)

    def _output(self, pictures, labels, numbers, drawn):
        """D's outputs, always as a list: its logits, and with `drawn` its decoders' closeness."""
        seen = self.gan.augmented.see(pictures, numbers)
        network = self.gan.discriminator if drawn else self._undrawn
        output = network([seen, labels], training=True)
        return output if isinstance(output, list) else [output]

    def _answer(self, outputs, labels, gradient=None):
        said, *drawn = (replicas.gather(each) for each in outputs)
        if self.gan.recipe.classifies:
            labels = replicas.gather(labels)
        (closeness,) = drawn or (None,)
        return Answer(said[:, : self._logits], said[:, self._logits :], labels, closeness, gradient)


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
