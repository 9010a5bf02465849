"""Steps without a training: callbacks are called as Keras does, on a stand-in for the GAN."""

from __future__ import annotations

import keras

from training.callbacks.base import StepCallbacks


def drive(callbacks, values, first=0, model=None, **settings):
    model = model or keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    model.stop_training = False
    listed = StepCallbacks(callbacks, model, first, first + len(values), **settings)
    listed.on_train_begin()
    listed.on_epoch_begin(0)
    for batch, value in enumerate(values):
        logs = {"d_loss": value, "g_loss": 1.0, "d_zero_share": 0.25}
        listed.on_train_batch_begin(batch)
        listed.on_train_batch_end(batch, logs)
    listed.on_epoch_end(0)
    listed.on_train_end()
    return listed
