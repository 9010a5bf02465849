"""translate.py with an ager: a picture at one age or at every age, and names of ages."""

import numpy as np
import pytest
from PIL import Image

import runs
import serving
from console.errors import UserError
from datasets import ages
from models import files
from serving.ager import index_of
from serving.commands import translate
from tests.serving.ageing.tiny import SIDE, levels, pixels
from tests.serving.mistakes import failed


def aged(*arguments):
    assert translate.main([str(each) for each in arguments]) == 0


@pytest.mark.parametrize("word", ["4", "age 4", "AGE 4"])
def test_one_age_keeps_the_name(word, run, both, picture, tmp_path):
    Image.fromarray(picture).save(tmp_path / "a.png")
    aged(run, tmp_path / "a.png", "--out", tmp_path / "out", "--age", word, "--sex", "Male")
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["a.png"]
    assert np.abs(pixels(tmp_path / "out" / "a.png") - levels(both, picture, 4, 1)).max() <= 1


def test_without_an_age_every_age_in_a_file_of_its_own(run, both, picture, tmp_path, capsys):
    place = tmp_path / "in"
    (place / "deep").mkdir(parents=True)
    Image.fromarray(picture).save(place / "deep" / "a.b.png")
    Image.fromarray(ages.draw(8, SIDE)).save(place / "c.png")
    (place / "broken.png").write_bytes(b"nothing")
    out, sheet = tmp_path / "out", tmp_path / "sheet.png"
    aged(run, place, "--out", out, "--sex", "female", "--sheet", sheet)
    words = capsys.readouterr().err
    assert "age        to age 0, female; age 1, female" in words
    assert words.count("left out   1 that cannot be read") == 1
    assert "done: 10 files" in words
    found = sorted(path.relative_to(out).as_posix() for path in out.rglob("*.png"))
    assert found == [f"{n}.age_{a}.png" for n in ("c", "deep/a.b") for a in range(5)]
    for age in range(5):
        made = pixels(out / "deep" / f"a.b.age_{age}.png")
        assert np.abs(made - levels(both, picture, age, 0)).max() <= 1
    with Image.open(sheet) as page:  # a row a person, the picture and five ages, captions
        assert page.size == (6 * (SIDE + 2) + 2, 12 + 2 * (SIDE + 2) + 2)
        top = np.asarray(page)[14:, :]
    np.testing.assert_array_equal(top[:SIDE, 2 : 2 + SIDE], ages.draw(8, SIDE))
    np.testing.assert_array_equal(
        top[SIDE + 2 : 2 * SIDE + 2, 5 * (SIDE + 2) + 2 :][:, :SIDE],
        pixels(out / "deep" / "a.b.age_4.png"),
    )


def test_without_a_sex_each_of_them(run, picture, tmp_path):
    Image.fromarray(picture).save(tmp_path / "a.png")
    aged(run, tmp_path / "a.png", "--out", tmp_path / "one", "--age", "2")
    names = sorted(path.name for path in (tmp_path / "one").iterdir())
    assert names == ["a.female.png", "a.male.png"]
    aged(run, tmp_path / "a.png", "--out", tmp_path / "all")
    assert len(list((tmp_path / "all").iterdir())) == 10
    assert (tmp_path / "all" / "a.age_3.male.png").exists()


def test_ages_whose_names_become_the_same_file_are_numbered(run):
    """Both of these lose their sign."""
    ager = serving.load_translator(run)
    ager.groups = {**ager.groups, "age": ("<20", ">20")}
    ager.at = lambda *classes: ager
    assert [each.tag for each in ager.targets(second="male")] == ["_20_0", "_20_1"]


def test_a_network_of_ages_alone_and_a_lone_file(plain, picture, tmp_path, capsys):
    Image.fromarray(picture).save(tmp_path / "a.png")
    where = (tmp_path / "a.png", "--out", tmp_path / "out")
    aged(plain, *where)
    assert len(list((tmp_path / "out").iterdir())) == 5
    line = failed(capsys, translate.main, plain, *where, "--sex", "male")
    assert "unknown option --sex" in line
    lone = tmp_path / "my.keras"
    lone.write_bytes((plain / "ager.keras").read_bytes())
    aged(lone, tmp_path / "a.png", "--out", tmp_path / "b.png", "--age", "1")
    np.testing.assert_array_equal(
        pixels(tmp_path / "b.png"), pixels(tmp_path / "out" / "a.age_1.png")
    )


def test_a_film_at_every_age(plain, tmp_path):
    frames = [Image.fromarray(ages.draw(i, SIDE)) for i in range(3)]
    frames[0].save(tmp_path / "f.gif", save_all=True, append_images=frames[1:], duration=100)
    aged(plain, tmp_path / "f.gif", "--out", tmp_path / "out")
    for age in range(5):
        with Image.open(tmp_path / "out" / f"f.age_{age}.gif") as made:
            assert (made.n_frames, made.size) == (3, (SIDE, SIDE))


def test_mistakes_are_one_line(run, plain, picture, tmp_path, capsys):
    Image.fromarray(picture).save(tmp_path / "a.png")
    where = (tmp_path / "a.png", "--out", tmp_path / "out")
    line = failed(capsys, translate.main, run, *where, "--age", "9")
    assert line.endswith("unknown age '9'. Known: age 0, age 1, age 2, age 3, age 4")
    line = failed(capsys, translate.main, run, *where, "--sex", "mal")
    assert line.endswith("unknown sex 'mal' (did you mean male?). Known: female, male")
    line = failed(capsys, translate.main, run, *where, "--back")
    assert "holds a caae, which has no way back" in line
    assert not (tmp_path / "out").exists()
    line = failed(capsys, translate.main, plain, where[0], "--out", tmp_path / "b.png")
    assert "several pictures are made of" in line
    assert "must be a folder" in line
    (tmp_path / "out").mkdir()
    sheet = tmp_path / "out" / "a.age_3.png"
    line = failed(capsys, translate.main, plain, *where, "--sheet", sheet)
    assert "a.age_3.png is one of the results; choose another" in line
    aged(plain, *where, "--sheet", tmp_path / "out" / "a.png")
    line = failed(capsys, translate.main, plain, *where)
    assert "a.age_0.png exist already; --overwrite replaces such files" in line
    with pytest.raises(SystemExit):
        translate.main([str(run), "--help"])
    words = " ".join(capsys.readouterr().out.split())
    assert "--sex NAME the sex to show; without it every sex" in words
    assert "faces at another age." in words


@pytest.mark.parametrize(
    ("label", "option"),
    [
        ("sex", "--sex"),
        ("Hair colour", "--hair-colour"),
        ("100 %", "--100-%"),
        ("render size", "--second-render-size"),
        ("back", "--second-back"),
        ("weights", "--second-weights"),
        ("help", "--second-help"),
    ],
)
def test_a_second_label_called_as_an_option_of_translate(label, option, capsys):
    parser = translate.build_parser(second=label)
    given = parser.parse_args(["run", "in", "--out", "o", option, "x"])
    assert (given.second, given.back, given.weights) == ("x", False, "ema")
    with pytest.raises(SystemExit):
        parser.parse_args(["--help"])
    assert f"{option} NAME the {label} to show" in " ".join(capsys.readouterr().out.split())


def test_an_age_is_for_networks_that_age(tmp_path, capsys, request):
    here = request.getfixturevalue("run_of_cyclegan")
    Image.fromarray(np.zeros((16, 16, 3), np.uint8)).save(tmp_path / "a.png")
    out = ("--out", tmp_path / "out")
    line = failed(capsys, translate.main, here, tmp_path / "a.png", *out, "--age", "1")
    assert "--age is for networks that age faces;" in line
    assert "holds a cyclegan" in line


@pytest.fixture(scope="module")
def run_of_cyclegan(tmp_path_factory):
    from models.systems.cyclegan.turns import CycleGAN
    from tests.models import tiny_cyclegan

    system = CycleGAN(tiny_cyclegan.recipe(), seed=1)
    here = runs.create(tmp_path_factory.mktemp("c"), "cyclegan_cpu", "x")
    here.write(system.recipe, {"data": {}, "precision": "float32"})
    metadata = {"verb": "translate", "title": "", "recipe": system.recipe.to_dict()}
    files.save(system.output("translator"), here.output("translator"), metadata)
    return here.folder


def test_names_and_numbers_of_a_label():
    years = ("age 0-9", "age 10-19", "age 20+")
    assert [index_of("age", w, years) for w in ("10-19", "Age 20+", "0", "2")] == [1, 2, 0, 2]
    whole = ("age 1", "age 2", "age 3")
    assert index_of("age", "3", whole) == 2  # the name, not the place
    with pytest.raises(UserError, match="unknown age '0'"):
        index_of("age", "0", whole)
    with pytest.raises(UserError, match=r"unknown age '3'\. Known: age 0-9"):
        index_of("age", "3", years)
    signs = ("sex M", "sex m", "Other  one")
    assert [index_of("sex", w, signs) for w in ("m", "sex M", "other one")] == [1, 0, 2]
    with pytest.raises(UserError, match="'SEX M' could be 'sex M' or 'sex m'"):
        index_of("sex", "SEX M", signs)


def test_an_ager_begins_at_the_first_age(run):
    assert serving.load_translator(run).target == (0, 0)


def test_a_sheet_keeps_the_first_pictures_over_several_batches():
    from serving.commands.ageing import _keeper

    before, after = [], []
    keep = _keeper(before, after, 4)
    for start in (0, 3, 6):
        keep([*range(start, start + 3)], [*range(10 + start, 13 + start)])
    assert before == [0, 1, 2, 3]
    assert after == [10, 11, 12, 13]
