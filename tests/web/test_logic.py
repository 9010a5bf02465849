"""What pages say, draw and save: their logic in Node, with a small stand-in for the browser."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

WEB = Path(__file__).parents[2] / "web"
NODE = shutil.which("node")

pytestmark = pytest.mark.skipif(NODE is None, reason="there is no Node on this machine")

GENERATOR = """
import { drawn, engine, find, saved, settled } from "./browser.mjs";
import { open } from "./generator.mjs";
const model = {
  name: "tiny", model: { sha256: "abcd1234" }, labels: null, styles: null,
  latent: { distribution: "normal", dim: 2 }, truncation: "redrawn",
};
const { run, runs } = engine(4);
const notes = [];
location.hash = hash;
const opened = open(model, { run }, (words) => notes.push(words));
await settled();
await runs[0].answer();
await opened;
const submit = () => find("controls").dispatchEvent(new Event("submit"));
const status = () => find("status").textContent;
"""
TRANSLATOR = """
import { drawn, engine, find, saved, settled } from "./browser.mjs";
import { open } from "./translator.mjs";
const { run, runs } = engine(4);
const notes = [];
const note = (words) => notes.push(words);
await open({ name: "tiny", does: "made", way: "fixed", side: 4 }, { run }, note);
const drop = (name, width = 8, height = 8) => {
  const event = new Event("drop");
  event.dataTransfer = { files: [{ name, width, height }] };
  find("drop").dispatchEvent(event);
  return settled();
};
const status = () => find("status").textContent;
"""


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """The page's modules beside the stand-ins for the browser and for gifenc."""
    folder = tmp_path_factory.mktemp("web") / "web"
    shutil.copytree(WEB, folder)
    shutil.copy(Path(__file__).with_name("browser.mjs"), folder)
    names = ("applyPalette", "GIFEncoder", "quantize")
    (folder / "gifenc.mjs").write_text("".join(f"export const {n} = null;\n" for n in names))
    return folder


@pytest.fixture
def ran(place):
    """(page, code) → what the code writes with `tell(value)`; `given` are constants of both."""

    def run(page: str, code: str, **given):
        constants = "".join(f"const {n} = {json.dumps(value)};\n" for n, value in given.items())
        tell = "const tell = (value) => console.log(JSON.stringify(value));\n"
        whole = tell + constants + page + code + "\nprocess.exit();"
        done = subprocess.run(
            [NODE, "--input-type=module"], input=whole,
            cwd=place, text=True, capture_output=True, timeout=60,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return run


def test_a_word_that_is_no_seed_draws_nothing(ran):
    """Enter gives a changed field first, then sends the form."""
    drawn, words, wrong, then = ran(
        GENERATOR,
        """
        find("seed").give("1e5");
        submit();
        const refused = [runs.length, status(), find("seed").attributes["aria-invalid"]];
        find("seed").give("12");
        await settled();
        await runs[1].answer();
        tell([...refused, [status(), find("seed").attributes["aria-invalid"] ?? null]]);
        """,
        hash="v=1&m=abcd1234&s=7",
    )
    assert (drawn, wrong) == (1, "true")
    assert words == "“1e5” is no seed; give a whole number below 2 to the power of 63."
    assert then == ["4 faces of seed 12, drawn in 1 ms", None]


def test_a_drawn_seed_is_no_wrong_one(ran):
    """Another control draws with the seed before, which then stands in the field."""
    assert ran(
        GENERATOR,
        """
        find("seed").give("x");
        find("truncation").give(0.5, "input");
        find("truncation").give(0.5);
        await runs[1].answer();
        tell([find("seed").value, find("seed").attributes["aria-invalid"] ?? null]);
        """,
        hash="v=1&m=abcd1234&s=7",
    ) == ["7", None]


def test_the_slider_holds_what_a_link_says(ran):
    shown, kept, moved = ran(
        GENERATOR,
        """
        const shown = find("truncation-value").textContent;
        find("count").querySelector("input").give(1);
        await runs[1].answer();
        const kept = location.hash;
        find("truncation").give(0.7261, "input");
        find("truncation").dispatchEvent(new Event("change"));
        await runs[2].answer();
        tell([shown, kept, location.hash]);
        """,
        hash="v=1&m=abcd1234&s=7&t=0.105",
    )
    assert shown in (0.1, 0.11)
    assert "&t=0.105" in kept
    assert "&t=0.73" in moved
    html = (WEB / "index.html").read_text()
    assert 'id="truncation" min="0.01" max="1" step="any"' in html


def test_an_error_between_two_faces_is_told(ran):
    notes, able = ran(
        GENERATOR,
        """
        find("pair-styles").value = "walk";
        find("as-a").dispatchEvent(new Event("click"));
        find("as-b").dispatchEvent(new Event("click"));
        await settled();
        const able = [find("save-mixed").disabled];
        find("share-of-b").give(0.3, "input");
        await settled();
        await runs[1].fail("stale");
        able.push(find("save-mixed").disabled);
        await runs[2].answer();
        able.push(find("save-mixed").disabled);
        find("share-of-b").give(0.4, "input");
        await settled();
        await runs[3].fail("no memory");
        able.push(find("save-mixed").disabled);
        find("walk-pair").dispatchEvent(new Event("click"));
        await settled();
        await runs[4].fail("no time");
        tell([notes.filter(Boolean), able]);
        """,
        hash="",
    )
    assert notes == [
        "The face could not be drawn: no memory",
        "The film could not be made: no time",
    ]
    assert able == [True, True, False, True]


def test_a_result_is_saved_under_its_own_name(ran):
    able, saved = ran(
        TRANSLATOR,
        """
        await drop("a.png");
        await runs[0].answer();
        const able = [find("save-after").disabled];
        await drop("b.png");
        able.push(find("save-after").disabled);
        await runs[1].answer();
        able.push(find("save-after").disabled);
        find("save-after").dispatchEvent(new Event("click"));
        await settled();
        tell([able, saved]);
        """,
    )
    assert able == [False, True, False]
    assert saved == ["b-tiny.png"]


def test_an_error_belongs_to_its_picture(ran):
    notes, words = ran(
        TRANSLATOR,
        """
        await drop("a.png");
        await drop("b.png");
        await runs[0].fail("stale");
        const words = [status()];
        await runs[1].fail("no memory");
        tell([notes.filter(Boolean), [...words, status()]]);
        """,
    )
    assert notes == ["The picture could not be changed: no memory"]
    assert words == ["Working …", ""]


def test_the_newest_file_is_taken(ran):
    """The one before it takes longer to read."""
    assert ran(
        TRANSLATOR,
        """
        const slow = { name: "slow.png", width: 8, height: 8 };
        globalThis.createImageBitmap = async (file) => {
          if (file.name === "slow.png") await settled();
          if (file.name === "slow.png" && fails) throw new Error("no picture");
          return file;
        };
        for (const fails of [false, true]) {
          globalThis.fails = fails;
          const event = new Event("drop");
          event.dataTransfer = { files: [slow] };
          find("drop").dispatchEvent(event);
          await drop("b.png");
          await settled();
        }
        tell([runs.length, notes.filter(Boolean)]);
        """,
    ) == [2, []]


def test_pictures_are_cut_where_python_cuts(ran):
    """datasets/decode.py leaves out the smaller half before."""
    found = ran(
        TRANSLATOR,
        'await drop("a.png", 11, 8); await drop("b.png", 8, 13); tell(drawn);',
    )
    assert found == [[1, 0, 8, 8, 0, 0, 4, 4], [0, 2, 8, 8, 0, 0, 4, 4]]
