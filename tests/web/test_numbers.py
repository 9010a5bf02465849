"""The page's numbers are NumPy's, and its links say what it shows: in Node, without a browser."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from models import latents
from serving.generator import _blocks
from serving.labels import LabelSet
from tests.serving import tiny

WEB = Path(__file__).parents[2] / "web"
NODE = shutil.which("node")

pytestmark = pytest.mark.skipif(NODE is None, reason="there is no Node on this machine")


def node(code: str, **given):
    """What `code`, an ES module, writes with `tell(value)`; `given` are constants of it."""
    constants = "".join(f"const {n} = {json.dumps(value)};\n" for n, value in given.items())
    tell = "const tell = (value) => console.log(JSON.stringify(value));\n"
    done = subprocess.run(
        [NODE, "--input-type=module"], input=tell + constants + code, cwd=WEB, text=True,
        capture_output=True, timeout=60,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def philox(seed, *words):
    return np.random.Generator(np.random.Philox(key=seed, counter=np.array(words, np.uint64)))


@pytest.mark.parametrize("seed", [0, 7, 2**63 - 1, 2**64 + 5])
def test_philox_is_numpys(seed):
    found = node(
        'import { Philox } from "./random.mjs";'
        "const random = new Philox(BigInt(seed), [0n, 0n, 1n, 3n]);"
        "tell([Array.from({ length: 9 }, () => String(random.word())),"
        " Array.from({ length: 5 }, () => random.double()),"
        " Array.from({ length: 40 }, () => random.bit())]);",
        seed=str(seed),
    )
    rng = philox(seed, 0, 0, 1, 3)
    assert [int(word) for word in found[0]] == [rng.bit_generator.random_raw() for _ in range(9)]
    assert found[1] == rng.random(5).tolist()
    assert found[2] == rng.integers(0, 2, 40).tolist()


def test_a_counter_carries():
    """The lowest word is at its end, so the next one counts."""
    found = node(
        'import { Philox } from "./random.mjs";'
        "const random = new Philox(1n, [2n ** 64n - 1n, 4n, 0n, 0n]); tell(String(random.word()));"
    )
    full = 2**64 - 1
    assert int(found) == philox(1, full, 4, 0, 0).bit_generator.random_raw()


def test_normal_numbers_are_numpys_also_in_the_tail():
    """Of 300 000 numbers about 77 lie beyond the lowest layer, and 4 000 near the layers' edges."""
    found = node(
        'import { Philox } from "./random.mjs";'
        "const random = new Philox(11n, [0n, 0n, 0n, 0n]);"
        "tell(Array.from({ length: 300000 }, () => random.normal()));"
    )
    expected = philox(11, 0, 0, 0, 0).standard_normal(300_000)
    assert (np.abs(expected) > 3.6541528853610088).sum() > 40
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("name", list(latents.DISTRIBUTIONS))
@pytest.mark.parametrize("truncation", [1.0, 0.4])
def test_latents_are_those_of_generate_py(name, truncation):
    """Pictures 0, 63, 64 and 130 of a seed: their blocks have streams of their own."""
    found = node(
        'import { Latents } from "./draws.mjs";'
        'const draw = new Latents({ distribution: name, dim: 5 });'
        "tell([0, 63, 64, 130].map((n) => [...draw.of(9n, n, truncation)]));",
        name=name, truncation=truncation,
    )  # fmt: skip
    expected = _blocks(0, 131, 9, 0, lambda rng: latents.sample(name, 64, 5, rng, truncation))
    np.testing.assert_allclose(found, expected[[0, 63, 64, 130]], rtol=1e-6, atol=1e-7)


SETS = {
    "attributes": LabelSet(
        "attributes", tuple(tiny.ATTRIBUTES["names"]), {"hair colour": ("blue hair", "red hair")},
        (0.5, 0.2, 0.6, 0.1, 0.5),
    ),
    "without shares": LabelSet(
        "attributes", tuple(tiny.ATTRIBUTES["names"]), {"hair colour": ("blue hair", "red hair")}
    ),
    "classes": LabelSet("classes", ("cat", "dog", "owl"), {}, (0.2, 0.5, 0.3)),
    "examples": LabelSet(
        "attributes", tuple(tiny.ATTRIBUTES["names"]), {"hair colour": ("blue hair", "red hair")},
        (0.5, 0.2, 0.6, 0.1, 0.5), ("0 2", "1 3 4", "", "4", "1 2 3", "0 4"),
    ),
}  # fmt: skip
WISHES = {
    "attributes": [{}, {"red hair": True}, {"blue hair": False, "smile": False}],
    "without shares": [{}, {"blue hair": False, "red hair": False}],
    "classes": [{}, {"owl": True}],
    "examples": [
        {},
        {"red hair": True},
        {"blue hair": False},
        {"glasses": True},
        {"smile": False},
        {"smile": True, "glasses": True, "long hair": True, "blue hair": False},
    ],
}


@pytest.mark.parametrize("name", SETS)
def test_labels_are_those_of_generate_py(name):
    labels, numbers = SETS[name], list(range(0, 140, 3))
    for wishes in WISHES[name]:
        found = node(
            'import { Labels } from "./draws.mjs";'
            "const labels = new Labels(known);"
            "const numbered = Object.entries(wishes).map(([n, on]) => [labels.index.get(n), on]);"
            "tell(numbers.map((n) => [...labels.of(9n, n, new Map(numbered))]));",
            known={
                "kind": labels.kind, "names": labels.names, "groups": labels.groups,
                "shares": labels.drawn_shares().tolist(), "examples": labels.examples,
            },
            wishes=wishes, numbers=numbers,
        )  # fmt: skip
        wanted = {labels.names.index(n): on for n, on in wishes.items()}
        expected = _blocks(0, 140, 9, 1, lambda rng, w=wanted: labels.draw(64, rng, w))[numbers]
        if labels.kind == "classes":
            found = np.argmax(found, axis=1)
        np.testing.assert_array_equal(found, expected)


def test_a_walk_stays_on_the_sphere():
    from serving.explore.paths import spherical

    a, b = np.random.default_rng(0).standard_normal((2, 6)).astype("float32")
    found = node(
        'import { between } from "./draws.mjs";'
        "tell([0, 0.3, 1].map((t) => between(a, b, t)).concat([between(a, a, 0.3)]));",
        a=a.tolist(), b=b.tolist(),
    )  # fmt: skip
    expected = [spherical(a, b, t) for t in (0, 0.3, 1)] + [a]
    np.testing.assert_allclose(found, expected, atol=1e-5)


def links(code: str, **given):
    return node(
        'import { read, readSeed, write } from "./state.mjs";'
        "const plain = ({ state, notes }) => ({ notes, seed: String(state.seed),"
        " count: state.count, truncation: state.truncation, wishes: [...state.wishes],"
        " locked: [...state.locked].map(([p, f]) => [p, String(f.seed), f.index]) });" + code,
        names=["blue hair", "smile", "a, 100 % b"],
        **given,
    )


def test_a_link_gives_the_state_back():
    text, found = links(
        "const state = { seed: 9007199254740993n, count: 16, truncation: 0.55,"
        ' wishes: new Map([["blue hair", true], ["smile", false], ["a, 100 % b", true]]),'
        " locked: new Map([[3, { seed: 12n, index: 70 }]]) };"
        'const text = write(state, "abcd1234");'
        'tell([text, plain(read(text, "abcd1234", names))]);'
    )
    assert text.startswith("v=1&m=abcd1234&s=9007199254740993&n=16&t=0.55")
    assert found == {
        "notes": [], "seed": "9007199254740993", "count": 16, "truncation": 0.55,
        "wishes": [["blue hair", True], ["smile", False], ["a, 100 % b", True]],
        "locked": [[3, "12", 70]],
    }  # fmt: skip


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("v=1&m=other&s=3", "made with another model"),
        ("v=9&m=abcd1234", "another version"),
        ("v=1&m=abcd1234&a=%2Bgreen+hair", "This model has no “green hair”"),
    ],
)
def test_a_link_that_does_not_fit_is_told(text, words):
    (note,) = links('tell(read(text, "abcd1234", names).notes);', text=text)
    assert words in note


@pytest.mark.parametrize(
    "text",
    [
        "v=1&m=m&s=-1&n=5&t=0&k=9.1.1",
        "v=1&m=m&s=1e3&n=x&t=nan&k=0.x.1,0.1.-1",
        "v=1&m=m&s=" + "9" * 30,
    ],
)
def test_absurd_links_leave_the_usual(text):
    found = links('tell(plain(read(text, "m", names)));', text=text)
    assert found == {
        "notes": [], "seed": "0", "count": 4, "truncation": 1, "wishes": [], "locked": [],
    }  # fmt: skip


def test_seeds_are_pythons():
    seeds = [str(2**63 - 1), str(2**63), " 5 ", "-1", "1.5", ""]
    found = links("tell(seeds.map((each) => readSeed(each) === null));", seeds=seeds)
    assert found == [False, True, False, True, True, True]


def test_colours_are_rounded_as_in_python():
    from datasets.pixels import to_uint8

    values = np.concatenate([np.linspace(-1.2, 1.2, 4001), np.arange(256) / 127.5 - 1, [0.0]])
    values = values.astype("float32")
    found = node(
        'import { toBytes } from "./pictures.mjs";'
        "tell([...toBytes(Float32Array.from(values))]);",
        values=values.astype(float).tolist(),
    )  # fmt: skip
    np.testing.assert_array_equal(found, to_uint8(values))


def test_chroma_is_pythons():
    from metrics import colour_space

    rng = np.random.default_rng(0)
    y, blue, red = rng.random(50), rng.uniform(-1, 1, 50), rng.uniform(-1, 1, 50)
    found = node(
        'import { withChroma } from "./changes.mjs";'
        "tell(y.map((each, i) => withChroma(each, blue[i], red[i])));",
        y=y.tolist(), blue=blue.tolist(), red=red.tolist(),
    )  # fmt: skip
    uv = np.stack([0.492 * blue, 0.877 * red], axis=-1).astype("float32")
    np.testing.assert_allclose(found, colour_space.coloured(y.astype("float32"), uv), atol=1e-5)
