"""The terms that are added to the adversarial loss of a GAN's discriminator.

A penalty, LeCam regularisation, the auxiliary classifier's loss on labels, the reconstruction error
of D's decoders, and BEGAN's weighted loss of fakes.
"""

from __future__ import annotations

from typing import Any

from keras import ops

from layers import replicas
from models import losses, penalties
from models.system import System
from models.systems.gan.answers import Answer, classification


class DiscriminatorTerms:
    """The terms of one GAN, as its recipe says.

    Args:
        gan: the system to which LeCam's moving averages are added, saved with the rest.
    """

    def __init__(self, gan: System):
        self.gan, self.penalty = gan, penalties.get(gan.recipe.penalty)
        if gan.recipe.lecam_weight:  # moving averages of D's logits
            self.lecam_real, self.lecam_fake = (
                gan.add_weight(name=name, shape=(), initializer="zeros", trainable=False)
                for name in ("lecam_real", "lecam_fake")
            )

        self.balanced = losses.get(gan.recipe.loss).balanced
        if self.balanced:
            self.balance = gan.add_weight(
                name="balance", shape=(), initializer="zeros", trainable=False
            )

    @property
    def slopes(self) -> tuple[str, ...]:
        """Of "real" and "fake" those whose slopes come with D's answers, for the penalty.

        Empty if only some steps have the penalty: the others should not pay for them.
        """
        return self.penalty.at if self.penalty and self.gan.recipe.penalty_every == 1 else ()

    @property
    def passes(self) -> float:
        """Passes of D that the penalty of a step takes on average, per real picture.

        A slope costs six passes: forward, backward to the picture, and two for the gradient of
        each. Three of them are D's answer itself, if they come together.
        """
        return self._count * (3 if self.slopes else 6) / self.gan.recipe.penalty_every

    @property
    def kept(self) -> int:
        """How many times D's activations are kept for the penalty, per real picture.

        A slope keeps the way back to the picture, and the way there unless that is D's answer.
        """
        return self._count * (1 if self.slopes else 2)

    @property
    def _count(self) -> int:
        """How many slopes the penalty takes per real picture."""
        if not self.penalty:
            return 0
        of_each = {"real": 1, "fake": self.gan.recipe.fakes_per_real}
        return sum(of_each[kind] for kind in self.penalty.at) or self.penalty.slopes

    def add(
        self,
        loss: Any,
        logs: dict,
        step: penalties.DiscriminatorStep,
        answers: tuple[Answer, Answer],
    ) -> Any:
        """The loss with the terms, each of which is logged bare.

        Args:
            answers: to the reals and to the fakes. Classifier and decoders learn from the reals
                alone.
        """
        if self.penalty:
            logs["penalty"] = self._penalty(step)
            loss = loss + self._penalty_weight() * logs["penalty"]
        if self.gan.recipe.lecam_weight:
            logs["lecam"] = self._lecam(*(each.logits for each in answers))
            loss = loss + self.gan.recipe.lecam_weight * logs["lecam"]
        if self.gan.recipe.classifies:
            logs["d_classifier"] = classification(answers[0])
            loss = loss + self.gan.recipe.d_classifier_weight * logs["d_classifier"]
        if (closeness := answers[0].closeness) is not None:
            logs["d_reconstruction"] = -ops.mean(closeness)
            loss = loss + self.gan.recipe.reconstruction_weight * logs["d_reconstruction"]
        if self.balanced:
            loss = loss + self._of_fakes(*(each.logits for each in answers), logs)
        return loss

    def _of_fakes(self, real_logits, fake_logits, logs):
        """-k E L(G(z)), by which D learns to draw fakes badly; moves k for the next step."""
        recipe = self.gan.recipe
        balance = ops.convert_to_tensor(self.balance) * 1.0  # TensorFlow reads it where it is used
        real, fake = (ops.stop_gradient(each) for each in (real_logits, fake_logits))
        logs["balance"] = balance
        logs["convergence"] = losses.convergence(real, fake, recipe.diversity_ratio)
        rate = recipe.balance_rate / recipe.micro_batches  # each part moves it
        moved = losses.moved_balance(balance, real, fake, recipe.diversity_ratio, rate)
        replicas.assign(self.balance, moved)
        return balance * ops.mean(fake_logits)

    def _penalty(self, step):
        """The bare penalty, a scalar: 0 in steps that have none."""
        every = self.gan.recipe.penalty_every
        if every == 1:
            return self.penalty.function(step)
        due = ops.equal(ops.convert_to_tensor(self.gan.steps_done) % every, 0)
        return ops.cond(due, lambda: self.penalty.function(step), lambda: ops.zeros(()))

    def _penalty_weight(self):
        """The penalty's weight at this step, times penalty_every, since it is taken that rarely."""
        recipe = self.gan.recipe
        weight = recipe.penalty_weight
        if recipe.penalty_weight_end:
            weight = self.gan.scheduled(weight, recipe.penalty_weight_end)
        return recipe.penalty_every * weight

    def _lecam(self, real_logits, fake_logits):
        """LeCam regularisation, 0 before it begins; moves the averages of the logits."""
        recipe, averages = self.gan.recipe, []
        done = ops.convert_to_tensor(self.gan.steps_done)
        begun = ops.cast(done >= recipe.lecam_start, "float32")
        for variable, logits in ((self.lecam_real, real_logits), (self.lecam_fake, fake_logits)):
            mean = ops.stop_gradient(ops.mean(logits))
            # Until it begins they are this batch's; each part of a batch moves them.
            kept = begun * recipe.lecam_decay ** (1 / recipe.micro_batches)
            averages.append(mean + kept * (ops.convert_to_tensor(variable) - mean))
            replicas.assign(variable, averages[-1])
        return begun * penalties.lecam(real_logits, fake_logits, *averages)
