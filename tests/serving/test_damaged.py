"""Networks' files that are damaged, hostile or of something else: one line, and no memory taken."""

import json
import zipfile

import keras
import numpy as np
import pytest

import serving
from console.errors import UserError
from models import files
from serving.source import open_source
from tests.models import tiny_caae, tiny_cyclegan, tiny_growing
from tests.serving import tiny


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    return tiny.saved(tmp_path_factory.mktemp("whole"), "attributes")


@pytest.fixture
def changed(whole, tmp_path):
    """Call with member=content (None: without it); gives the path of the changed file."""

    def change(members=None, **metadata):
        path = tmp_path / "g.keras"
        with zipfile.ZipFile(whole) as old, zipfile.ZipFile(path, "w") as new:
            content = {name: old.read(name) for name in old.namelist()}
            if metadata:
                found = json.loads(content[files.MEMBER])
                content[files.MEMBER] = json.dumps(found | metadata).encode()
            content |= members or {}
            for name, data in content.items():
                if data is not None:
                    new.writestr(name, data)
        return path

    return change


def refused(path, words):
    with pytest.raises(UserError, match=words) as raised:
        open_source(path)
    line = str(raised.value)
    assert str(path) in line
    assert "\n" not in line
    assert len(line) < 1000


METADATA = {
    "empty": (b"", r"gan.json in .* cannot be read: it is empty"),
    "cut": (b'{"recipe": {', r"gan.json in .* cannot be read: it is not JSON"),
    "no text": (b"\xff", r"gan.json in .* cannot be read: it is not UTF-8"),
    "nested": (b"[" * 100_000, r"gan.json in .* cannot be read: it is nested too deeply"),
    "large": (b" " * 5_000_000, r"holds gan.json of 5,000,000 bytes, and 4,000,000 are the most"),
    "a list": (b"[]", "does not carry a recipe"),
    "nothing": (b"{}", "does not carry a recipe"),
    "no object": (b'{"recipe": 5}', "does not carry a recipe"),
    "digits": (b'{"recipe": {"steps": ' + b"9" * 400 + b"}}", "a number of 400 digits"),
}


@pytest.mark.parametrize(("content", "words"), METADATA.values(), ids=METADATA.keys())
def test_metadata_that_is_damaged(changed, content, words):
    refused(changed({files.MEMBER: content}), words)


VALUES = {
    "no fields": ({"recipe": {}}, "A recipe must have a name"),
    "only a name": ({"recipe": {"name": "x"}}, "is damaged|not a generator"),
    "system": ({"recipe": {"name": "x", "system": "gam"}}, "There is no system 'gam'"),
    "kind of system": ({"recipe": {"name": "x", "system": 5}}, "cannot be used"),
    "field": ({"recipe": {"name": "x", "colour": 1}}, "no field 'colour'"),
    "kind of field": ({"recipe": {"name": "x", "steps": "many"}}, "steps must be a whole number"),
    "nothing": ({"recipe": {"name": "x", "steps": None}}, "steps must be a whole number"),
    "lists": ({"recipe": {"name": "x", "steps": [[1]]}}, "recipe.steps must be"),
    "verb": ({"verb": 5}, "verb must be a text, not 5"),
    "other verb": ({"verb": "encode"}, "says that it can encode, and a gan can generate"),
    "a verb on pictures": ({"verb": "upscale"}, "says that it can upscale, and a gan can generate"),
    "step": ({"step": "7"}, "step must be a whole number, not '7'"),
    "passport": ({"passport": "x"}, "passport must be an object, not 'x'"),
    "results": ({"passport": {"results": {"FD": 3}}}, "passport.results.FD must be an object"),
    "a result": ({"passport": {"results": {"FD": {"value": "3"}}}}, "FD.value must be a number"),
    "protocol": ({"passport": {"protocol": {"real": 3}}}, "passport.protocol.real must be an obj"),
    "weights": ({"weights": 5}, "weights must be a text, not 5"),
    "unknown verb": ({"verb": "fl\ny"}, r"is damaged: it can 'fl\\ny'; known: generate, "),
    "labels": ({"labels": 5}, "labels must be"),
    "names": ({"labels": {"kind": "classes", "names": "abc"}}, "labels.names must be a list"),
    "groups": ({"labels": {"kind": "a", "names": [], "groups": [1]}}, "labels.groups must be"),
}


@pytest.mark.parametrize(("metadata", "words"), VALUES.values(), ids=VALUES.keys())
def test_metadata_of_other_types(changed, metadata, words):
    refused(changed(**metadata), words)


@pytest.mark.parametrize(
    ("members", "words"),
    [
        ({"model.weights.h5": None}, "not a complete .keras file: .*model.weights.h5"),
        ({"config.json": None}, "not a complete .keras file: .*config.json"),
        ({"model.weights.h5": b"\x89HDF"}, "model.weights.h5 in .* cannot be read"),
        ({"config.json": b"{"}, "config.json in .* cannot be read: it is not JSON"),
        ({"config.json": b"[" * 100_000}, "config.json in .* nested too deeply"),
    ],
)
def test_members_that_are_missing_or_damaged(changed, members, words):
    refused(changed(members), words)


def test_a_bomb_is_not_unpacked(changed, tmp_path):
    path = changed()
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("assets/huge", bytes(60_000_000))
    refused(path, "claims to hold .* it is not what it seems")


def test_another_kind_of_model(tmp_path):
    class Other(keras.Model):
        def call(self, x):
            return x

    keras.saving.register_keras_serializable("tests")(Other)
    model = Other()
    model(np.zeros((1, 2)))
    files.save(model, tmp_path / "g.keras", tiny.source().metadata)
    refused(tmp_path / "g.keras", "holds a Other; it must hold a functional model")


@pytest.mark.parametrize("verb", ["translate", "upscale", "age", "colour"])
def test_a_generator_that_says_it_takes_pictures(changed, verb):
    path = changed(verb=verb)
    with pytest.raises(UserError, match=f"says that it can {verb}, and a gan can generate"):
        open_source(path, verbs=(verb,))
    recipe = tiny_cyclegan.recipe().to_dict()
    path = changed(verb="translate", recipe=recipe)
    with pytest.raises(UserError, match="says that it can translate, and takes no pictures"):
        open_source(path, verbs=("translate",))


@pytest.mark.parametrize("verb", ["upscale", "colour", "age", "generate"])
def test_a_translator_that_says_it_does_something_else(run, tmp_path, verb):
    network, metadata = files.load(run / "translator.keras")
    path = tmp_path / "t.keras"
    files.save(network, path, metadata | {"verb": verb})
    with pytest.raises(UserError, match=f"says that it can {verb}, and a cyclegan can translate"):
        serving.load_any(path)


def test_a_recipe_of_another_system_than_the_network(run, whole, tmp_path):
    path = tmp_path / "g.keras"
    network, _ = files.load(whole)
    recipe = tiny_growing.recipe("stylegan", latent_dim=8).to_dict()
    files.save(network, path, {"recipe": recipe})
    with pytest.raises(UserError, match="is damaged: its network has no layer 'styles'"):
        serving.load(path)
    network, _ = files.load(run / "translator.keras")
    files.save(network, path, {"verb": "age", "recipe": tiny_caae.recipe().to_dict()})
    with pytest.raises(UserError, match="is damaged: its network has no layer 'codes'"):
        serving.load_any(path)
