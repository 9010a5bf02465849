"""An augmentation whose probability stays at its most is told during the run."""

import pytest

from models.augmentation.augmented import Augmented
from training.callbacks import ceilings

pytestmark = pytest.mark.usefixtures("eagerly")


def test_the_run_says_that_p_stays_at_its_most(train, monkeypatch):
    monkeypatch.setattr(ceilings, "LONG", 2)
    monkeypatch.setattr(Augmented, "p", lambda self: self.gan.recipe.augment_p)
    options = ("--augment=ada", "--augment-target=0.6", "--augment-p=0.5", "--steps=3")
    code, words = train(*options)
    assert code == 0, words
    (line,) = (line for line in words.splitlines() if "at its most" in line)
    assert "step 2: augment_p has been at its most, 0.5, for 2 steps" in line
    assert "--lecam-weight 0.3" in line
