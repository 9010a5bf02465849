"""Spaces that publish.py writes: what their app offers, draws and refuses."""

from __future__ import annotations

import dataclasses
import importlib.util
import sys
from unittest import mock

import numpy as np
import pytest

pytest.importorskip("tensorflow")
pytest.importorskip("tf2onnx")

from console.errors import UserError
from serving.publish import space
from serving.style_generator import StyleGenerator
from tests.serving import test_styles, tiny


def loaded(path):
    """A Space's app as a module."""
    spec = importlib.util.spec_from_file_location("space_app", path)
    app = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(app)
    return app


@pytest.fixture(scope="module")
def places(tmp_path_factory):
    """The app of a Space whose classes have the names of its other choices."""
    generator = tiny.generator("classes")
    names = ("off", "random", "none of these")
    generator.labels = dataclasses.replace(generator.labels, names=names)
    path = tmp_path_factory.mktemp("space") / "s"
    space.write(generator, path, None)
    return loaded(path / "app.py")


def test_a_space_draws_the_class_that_is_chosen(places):
    offered = dict(places.choices(places.NAMES)[1:])
    assert list(offered) == ["off", "random", "none of these"]
    for name, answer in offered.items():
        assert places.wished(places.controls(), [answer]) == {name: True}
    assert places.wished(places.controls(), [places.RANDOM]) == {}
    assert places.choices(["smile"])[0] == ("random", places.RANDOM)


def test_a_space_offers_attributes(places, monkeypatch):
    monkeypatch.setitem(places.LABELS, "kind", "attributes")
    assert [words for words, _ in places.choices(["off", "on"])] == [
        "random", "off", "on", "none of these",
    ]  # fmt: skip
    groups = [("hair", ["off", "on"]), ("smile", ["smile"]), ("hat", ["hat"])]
    chosen = [("=off", "off", "on"), ("none", "on", "random"), ("random", "random", "off")]
    assert [places.wished(groups, answers) for answers in chosen] == [
        {"off": True, "smile": False, "hat": True},
        {"off": False, "on": False, "smile": True},
        {"hat": False},
    ]


@pytest.mark.parametrize("text", ["", "-1", "1.5", "1e5", str(2**63), "9" * 20, "٣"])
def test_a_space_refuses_what_is_no_seed(text, places):
    with pytest.raises(ValueError, match="is no seed; give a whole number below 2 to the power"):
        places.draw(text, 1, 1.0, places.RANDOM)


def test_a_space_says_what_is_wrong(places, monkeypatch):
    """Gradio shows the words of its own errors alone, and rounds large numbers."""
    assert places.read_seed(f" {2**63 - 1} ") == 2**63 - 1
    gradio = mock.MagicMock()
    gradio.Error = type("Error", (Exception,), {})
    monkeypatch.setitem(sys.modules, "gradio", gradio)
    places.build()
    assert gradio.Dropdown.call_args == mock.call(
        places.choices(places.NAMES), value=places.RANDOM, label="class"
    )
    assert gradio.Slider.call_args.kwargs["visible"]
    monkeypatch.setitem(places.MODEL, "truncation", "none")  # latents of 0 and 1
    places.build()
    assert not gradio.Slider.call_args.kwargs["visible"]
    seed = gradio.Textbox.return_value
    click = gradio.Button.return_value.click
    assert click.call_args.args[1][0] is seed
    with pytest.raises(gradio.Error, match="'x' is no seed"):
        click.call_args.args[0]("x", 1, 1.0, places.RANDOM)


@pytest.mark.parametrize("kind", ["attributes", "examples", "classes", "style"])
def test_a_space_draws_pythons_pictures(kind, tmp_path):
    if kind == "style":
        generator = StyleGenerator(test_styles.made())
    else:
        generator = tiny.generator("attributes" if kind == "examples" else kind)
    if kind == "examples":
        known = dataclasses.replace(generator.labels, examples=("0 2", "1 3 4", "", "4", "0 2 3"))
        generator.labels = known
    space.write(generator, tmp_path / "s", 'A "title": x')
    assert {path.name for path in (tmp_path / "s").iterdir()} == {
        "LICENSE", "README.md", "app.py", "generator.onnx", "model.json", "requirements.txt",
    }  # fmt: skip
    app = loaded(tmp_path / "s" / "app.py")
    answers = [app.RANDOM for _ in app.controls()]
    wish = {"attributes": "red hair", "classes": "owl"}.get(kind)
    if wish:
        answers[0] = f"={wish}"
    if kind == "examples":
        answers[[title for title, _ in app.controls()].index("glasses")] = "on"
        wish = "glasses"
    found = np.stack(app.draw("5", 3, 0.6, *answers)).astype(int)
    expected = generator.sample(3, 5, wish, truncation=0.6, statistics="running").images
    assert np.abs(found - expected).max() <= 1
    card = (tmp_path / "s" / "README.md").read_text()
    assert card.startswith('---\ntitle: "A \\"title\\": x"\nsdk: gradio\n')
    assert "\nlicense: apache-2.0\n---\n" in card
    assert "--statistics running" not in card


def test_a_space_is_for_generators(tmp_path):
    class Upscaler:
        origin, verb, labels = "x", "upscale", None

    with pytest.raises(UserError, match="--space is for generators; x can upscale"):
        space.write(Upscaler(), tmp_path / "s", None)
