"""Published pages in a browser: they draw Python's pictures, alone, and for everybody."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import re
import shutil

import numpy as np
import pytest
from PIL import Image

pytest.importorskip("tensorflow")

import serving
from models.systems.srgan.turns import SRGAN
from serving.publish import page as pages
from serving.source import Source
from serving.style_generator import StyleGenerator
from serving.upscaler import Upscaler
from tests.models import tiny_srgan
from tests.serving import test_styles, tiny

READ = """() => [...document.querySelectorAll("#faces canvas")].map((canvas) => [
  canvas.width, canvas.height,
  [...canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data]])"""
DRAWN = "#faces[data-drawn='{}']"  # the page's policy lets nobody wait by evaluating code


@pytest.fixture(scope="module")
def folder(attributes, pinned, tmp_path_factory):
    """The page of a generator with attributes."""
    path = tmp_path_factory.mktemp("pages") / "attributes"
    pages.write_folder(attributes, path, pinned, None)
    return path


@pytest.fixture(scope="module")
def attributes():
    return tiny.generator("attributes")


def shown(page):
    """The faces that the page shows: uint8 (N, H, W, 4)."""
    return np.array(
        [np.reshape(data, (height, width, 4)) for width, height, data in page.evaluate(READ)]
    )


def fragment(**words):
    return "#v=1&" + "&".join(f"{name}={value}" for name, value in words.items())


def model_of(folder):
    return json.loads((folder / "model.json").read_text())["model"]["sha256"][:8]


def test_the_page_draws_pythons_pictures(folder, attributes, address, visit):
    """Seed, number, wishes and truncation as in generate.py; and nothing is asked of others."""
    here = address(folder)
    wishes = fragment(m=model_of(folder), s=5, n=16, t=0.5, a="%2Bred+hair,-smile")
    page, wrong, asked = visit(here + wishes)
    expected = attributes.sample(
        16, seed=5, attributes="red hair, no smile", truncation=0.5, statistics="running"
    ).images
    found = shown(page)
    assert np.abs(found[..., :3].astype(int) - expected).max() <= 1
    assert (found[..., 3] == 255).all()
    assert expected.std() > 10
    assert wrong == []
    assert {re.match("(?:blob:)?(http://[^/]+/)", each)[1] for each in asked} == {here}
    assert page.locator("#notes").is_hidden()
    assert page.locator(".face").first.get_attribute("aria-label").startswith("Face 1: red hair")


def test_the_generator_that_ships(pinned, tmp_path, address, visit):
    """Its labels are drawn together, from examples, on the page as in Python."""
    anime = serving.load("anime")
    pages.write_folder(anime, tmp_path / "p", pinned, None)
    wishes = fragment(m=model_of(tmp_path / "p"), s=3, n=16, a="%2Bblue+hair,%2Bglasses")
    page, wrong, _ = visit(address(tmp_path / "p") + wishes)
    expected = anime.sample(16, seed=3, attributes="blue hair, glasses").images
    assert np.abs(shown(page)[..., :3].astype(int) - expected).max() <= 1
    assert wrong == []


@pytest.mark.parametrize("kind", ["none", "classes", "style", "grey"])
def test_other_generators(kind, pinned, tmp_path, address, visit):
    if kind == "style":
        generator = StyleGenerator(test_styles.made())
    else:
        named = {"grey": "none"}.get(kind, kind)
        generator = tiny.generator(named, **({"channels": 1} if kind == "grey" else {}))
    pages.write_folder(generator, tmp_path / "p", pinned, "My own")
    page, wrong, _ = visit(address(tmp_path / "p") + fragment(m="x", s=3, n=4, t=0.6))
    expected = generator.sample(4, seed=3, truncation=0.6, statistics="running").images
    assert np.abs(shown(page)[..., :3].astype(int) - expected).max() <= 1
    assert page.title() == "My own"
    assert wrong == []
    assert "made with another model" in page.locator("#notes").inner_text()


def test_styles_are_mixed(pinned, tmp_path, address, visit):
    """A with the coarse styles of B, as explore.py mix has it."""
    from serving.explore import styles

    generator = StyleGenerator(test_styles.made())
    pages.write_folder(generator, tmp_path / "p", pinned, None)
    page, *_ = visit(address(tmp_path / "p"))
    page.click("#as-a")
    page.locator(".face").nth(2).click()
    page.click("#as-b")
    page.select_option("#pair-styles", "coarse")
    page.wait_for_selector("#mixed[data-drawn='2']")
    both = generator.styles(generator.latents_of([0, 2], 0))
    expected = styles.mixed(generator, both[:1], both[1:], (0, 4))[0]
    found = np.asarray(drawn(page, "#mixed"))
    assert np.abs(found.astype(int) - expected).max() <= 1


def drawn(page, canvas):
    """What a canvas shows, as a picture."""
    data = page.locator(canvas).evaluate("(canvas) => canvas.toDataURL()")
    return Image.open(io.BytesIO(base64.b64decode(data.split(",")[1]))).convert("RGB")


def test_a_locked_face_stays_and_takes_new_attributes(folder, attributes, address, visit):
    page, *_ = visit(address(folder) + fragment(m=model_of(folder), s=5, n=4))
    page.locator(".face").nth(1).click()
    page.click("#lock")
    before = shown(page)
    page.click("#generate")  # a link's seed is not kept
    page.wait_for_selector(DRAWN.format(2))
    after = shown(page)
    same = [(a == b).all() for a, b in zip(before, after, strict=True)]
    assert same == [False, True, False, False]
    page.get_by_label("hair colour").select_option("blue hair")
    page.wait_for_selector(DRAWN.format(3))
    expected = attributes.sample(2, seed=5, attributes="blue hair").images[1]
    assert np.abs(shown(page)[1][..., :3].astype(int) - expected).max() <= 1
    assert "k=1.5.1" in page.url
    assert "%2Bblue+hair" in page.url


def test_the_keyboard_alone_is_enough(folder, address, visit):
    page, wrong, _ = visit(address(folder) + fragment(m=model_of(folder), s=5, n=4))
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowDown")
    assert page.evaluate("document.activeElement.getAttribute('aria-label')").startswith("Face 4")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert page.locator("#lock").inner_text() == "Unlock"
    for _ in range(12):
        if page.evaluate("document.activeElement.id") == "generate":
            break
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_selector(DRAWN.format(2))
    assert "k=3.5.3" in page.url
    assert wrong == []
    # Every control says what it is.
    named = """() => [...document.querySelectorAll("button, input, select, canvas[role]")]
      .filter((each) => !(each.labels?.length || each.textContent || each.ariaLabel
        || each.querySelector("img[alt]")))
      .map((each) => each.id)"""
    assert page.evaluate(named) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_phone_shows_it_without_scrolling_sideways(scheme, folder, address, visit):
    phone = {"width": 360, "height": 740}
    page, wrong, _ = visit(address(folder), viewport=phone, has_touch=True, color_scheme=scheme)
    for summary in page.locator("summary").all():
        summary.click()
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    small = """() => [...document.querySelectorAll("button, select, #seed")]
      .map((each) => each.getBoundingClientRect())
      .filter((box) => box.width && (box.height < 44 || box.width < 44)).length"""
    assert page.evaluate(small) == 0
    colour = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (colour == "rgb(250, 250, 248)") == (scheme == "light")
    assert wrong == []


def test_pictures_and_films_are_saved(folder, address, visit):
    page, *_ = visit(address(folder) + fragment(m=model_of(folder), s=5, n=4))
    expected = shown(page)[0][..., :3]
    for button, size in (("#save", 16), ("#save-large", 64)):
        with page.expect_download() as waiting:
            page.click(button)
        with Image.open(waiting.value.path()) as made:
            assert made.size == (size, size)
            if size == 16:
                np.testing.assert_array_equal(np.asarray(made.convert("RGB")), expected)
    with page.expect_download(timeout=60_000) as waiting:
        page.click("#walk")
    with Image.open(waiting.value.path()) as film:
        assert film.n_frames == 4 * 16
        assert film.size == (128, 128)
        small = np.asarray(film.convert("RGB").resize((16, 16), Image.Resampling.BOX)).astype(int)
    gaps = [np.abs(small - face[..., :3]).mean() for face in shown(page)]
    assert gaps[0] < 0.7 * min(gaps[1:])  # it begins with the first face
    page.click("#favourite")
    page.reload()
    page.wait_for_selector("body[data-ready]")
    assert page.locator("#favourite-list img").count() == 1


def test_one_file_opens_from_a_disk(attributes, pinned, tmp_path, visit):
    path = tmp_path / "page.html"
    title = "a </SCRIPT> <!-- <b> \\ title"
    pages.write_single(attributes, path, pinned, title)
    page, wrong, asked = visit(f"file://{path}#v=1&m=x&s=5&n=4")
    assert page.title() == title
    expected = attributes.sample(4, seed=5).images
    assert np.abs(shown(page)[..., :3].astype(int) - expected).max() <= 1
    assert wrong == []
    assert not [each for each in asked if each.startswith("http")]


@pytest.mark.parametrize("damage", ["cut", "changed", "gone", "no network"])
def test_a_broken_model_is_told(damage, folder, tmp_path, address, visit):
    shutil.copytree(folder, tmp_path / "p")
    path = tmp_path / "p" / "generator.onnx"
    content = path.read_bytes()
    if damage == "gone":
        path.unlink()
    elif damage == "no network":  # the right hash of bytes that are no network
        path.write_bytes(bytes(len(content)))
        known = json.loads((tmp_path / "p" / "model.json").read_text())
        known["model"]["sha256"] = hashlib.sha256(bytes(len(content))).hexdigest()
        (tmp_path / "p" / "model.json").write_text(json.dumps(known))
    else:
        other = content[:-9] if damage == "cut" else content[:-9] + bytes(9)
        path.write_bytes(other)
    page, *_ = visit(address(tmp_path / "p"), ready=False)
    page.wait_for_selector("#notes:not([hidden])", timeout=30_000)
    words = page.locator("#notes").inner_text()
    assert words.startswith("This page could not start. ")
    said = {"cut": "it has ", "changed": "damaged or not this page's", "gone": "404"}
    assert said.get(damage, "") in words


def test_an_upscaler_gives_pythons_pixels(pinned, tmp_path, address, visit):
    """A picture of 75 × 40, larger than a tile of the page, so that tiles meet in it."""
    system = SRGAN(tiny_srgan.recipe(), seed=1)
    metadata = {"verb": "upscale", "recipe": system.recipe.to_dict()}
    upscaler = Upscaler(Source(system.output("upscaler"), system.recipe, metadata, tmp_path))
    pages.write_folder(upscaler, tmp_path / "p", pinned, None)
    picture = np.random.default_rng(0).integers(0, 256, (40, 75, 3), dtype=np.uint8)
    Image.fromarray(picture).save(tmp_path / "a.png")
    page, wrong, _ = visit(address(tmp_path / "p"))
    page.set_input_files("#file", tmp_path / "a.png")
    page.wait_for_selector("#save-after:not([disabled])")
    found = np.asarray(drawn(page, "#after")).astype(int)
    expected = upscaler.upscale(picture)
    assert found.shape == expected.shape
    assert np.abs(found - expected).max() <= 1
    assert wrong == []
    (tmp_path / "b.png").write_text("no picture")
    page.set_input_files("#file", tmp_path / "b.png")
    page.wait_for_selector("#notes:not([hidden])")
    assert page.locator("#notes").inner_text().startswith("b.png is not a picture")
