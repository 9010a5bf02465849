"""Networks in files: what they describe is bounded by what they hold."""

import json
import resource
import sys
import zipfile

import keras
import numpy as np
import pytest

from foreign import bounds, networks
from foreign.records import Unreadable


@keras.saving.register_keras_serializable("tests")
class Doubled(keras.layers.Layer):
    layers = 3  # a name that models have as well

    def call(self, x):
        return 2 * x


@keras.saving.register_keras_serializable("tests")
class Unknown(Doubled):
    pass


@pytest.fixture
def path(tmp_path):
    """A file of a small network with an inner one."""
    given = keras.Input((4,), name="given")
    inner = keras.Sequential([keras.Input((4,)), keras.layers.Dense(5, name="inner_dense")])
    made = keras.layers.Dense(3, name="dense")(Doubled()(inner(given)))
    made = keras.layers.Reshape((1, 1, 3), name="reshape")(made)
    model = keras.Model(given, keras.layers.UpSampling2D(2, name="larger")(made))
    model.save(tmp_path / "a.keras")
    return tmp_path / "a.keras"


def changed(path, change):
    """The file with another description: `change` is given every object in it."""
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    config = json.loads(members["config.json"])

    def visit(value):
        if isinstance(value, dict):
            change(value)
        for each in value.values() if isinstance(value, dict) else value:
            if isinstance(each, dict | list):
                visit(each)

    visit(config)
    members["config.json"] = json.dumps(config).encode()
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def changed_layer(path, name, **changes):
    def change(value):
        if value.get("name") == name and "dtype" in value:
            value |= changes

    return changed(path, change)


def refused(path, words):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(Unreadable, match=words) as told:
        networks.load(path)
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert grown * (1 if sys.platform == "darwin" else 1024) < 200e6
    assert "\n" not in str(told.value)
    assert str(path) in str(told.value)


def test_a_good_one(path):
    model = networks.load(path)
    assert networks.check(path) == model.count_params() == 4 * 5 + 5 + 5 * 3 + 3
    assert model(np.ones((1, 4), "float32")).shape == (1, 2, 2, 3)


@pytest.mark.parametrize("name", ["dense", "inner_dense"])
@pytest.mark.parametrize("units", [50_000_000, 10**9, 10**15])
def test_a_huge_layer(path, name, units):
    refused(changed_layer(path, name, units=units), "numbers or more, and its weights hold 43")


def test_many_layers_of_a_size_that_each_is_permitted(tmp_path, monkeypatch):
    given = keras.Input((3,))
    made = [keras.layers.Dense(3)(given) for _ in range(6)]
    keras.Model(given, made).save(tmp_path / "a.keras")
    monkeypatch.setattr(bounds, "SPARE_NUMBERS", 50)

    def change(value):
        if "units" in value:
            value["units"] = 9

    refused(
        changed(tmp_path / "a.keras", change),
        "a network of 135 numbers or more, and its weights hold 72",
    )


def test_a_huge_input(path):
    def change(value):
        if value.get("batch_shape") == [None, 4]:
            value["batch_shape"] = [None, 10**6, 10**6, 3]

    refused(changed(path, change), "a.keras cannot be loaded")


def test_a_huge_picture(path):
    refused(changed_layer(path, "larger", size=[10**5, 10**5]), "'larger' gives 30,000,000,000 n")
    inner = keras.Sequential([keras.Input((1, 1, 3)), keras.layers.UpSampling2D(2, name="larger")])
    keras.Sequential([keras.Input((1, 1, 3)), inner]).save(path)
    refused(changed_layer(path, "larger", size=[10**5, 10**5]), "'larger' gives 30,000,000,000 n")


def test_deep_nesting(path):
    def change(value):
        if value.get("name") == "larger" and "size" in value:
            for _ in range(300):
                value["size"] = [value["size"]]

    refused(changed(path, change), "nested too deeply")
    config = b'{"a":' * 10_000 + b"1" + b"}" * 10_000
    with zipfile.ZipFile(path) as archive:
        weights = archive.read("model.weights.h5")
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("config.json", config)
        archive.writestr("model.weights.h5", weights)
    refused(path, "nested too deeply")


def test_thousands_of_layers(path):
    def change(value):
        if "layers" in value:
            value["layers"] += [value["layers"][-1]] * bounds.LAYERS

    refused(changed(path, change), "more than 2,000 layers")


@pytest.mark.parametrize(
    ("class_name", "module", "registered", "words"),
    [
        ("Lambda", "keras.layers", None, "holds code or names a program, in a Lambda"),
        ("TFSMLayer", "keras.layers", None, "holds code"),
        ("system", "os", None, "needs 'system', which is neither of Keras nor of this project"),
        ("Evil", "evil", "stranger>Evil", "needs 'stranger>Evil', which is neither"),
        ("Popen", "subprocess", "gan>Popen", "needs 'gan>Popen'"),
        (["Dense"], "keras.layers", None, "names a class by something else"),
        ("Nothing", "keras.layers", None, "cannot be loaded"),
    ],
)
def test_foreign_classes(path, class_name, module, registered, words):
    def change(value):
        if value.get("class_name") == "Doubled":
            value |= {"class_name": class_name, "module": module, "registered_name": registered}

    refused(changed(path, change), words)


def test_the_next_network_is_built_as_before(path):
    refused(changed_layer(path, "dense", units=10**9), "numbers or more")
    assert keras.layers.Layer.add_weight.__name__ == "add_weight"
    assert not hasattr(keras.layers.Layer.add_weight, "__wrapped__")
    big = keras.Sequential([keras.Input((1000,)), keras.layers.Dense(1000)])
    assert big.count_params() == 1_001_000
