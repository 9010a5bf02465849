"""What a comparison is planned from: its recipes, their changes, and what is refused."""

import pytest

from comparison import folders, plan, trials
from console.errors import UserError
from tests.comparison.tiny import WORDS, make, settings

pytestmark = pytest.mark.usefixtures("eagerly")


def test_variations_of_a_recipe(tmp_path):
    plain, other = make(tmp_path).entries.values()
    assert (plain.g_term, other.g_term, other.g_term_weight) == ("none", "mode_seeking", 0.5)
    assert (plain.batch_size, other.batch_size) == (8, 8)
    assert plain.point_dim == 2


@pytest.mark.parametrize(
    ("word", "mirrors"),
    [("mirror=true", True), ("mirror=True", True), ("mirror=false", False)],
)
def test_an_entry_switches_something_on_or_off(tmp_path, word, mirrors):
    (recipe,) = make(tmp_path, [f"gan:{word}"], data="faces").entries.values()
    assert recipe.mirror is mirrors


def test_a_recipe_may_stand_in_a_file(tmp_path, monkeypatch):
    """Files of like names have runs of their own; those of the project keep their folders."""
    monkeypatch.chdir(tmp_path)
    for name in ("wide-1", "wide_1"):
        (tmp_path / f"{name}.toml").write_text('recipe = "gan"\nlabel_smoothing = 0.25\n')
    words = ["wide-1.toml", "wide_1.toml:beta_1=0.25", "gan:beta_1=0.25"]
    made = make(tmp_path, words)
    assert [recipe.name for recipe in made.entries.values()] == ["wide-1", "wide_1", "gan"]
    assert [recipe.label_smoothing for recipe in made.entries.values()] == [0.25, 0.25, 0.0]
    places = {trials.folder_of(tmp_path, word.replace(":beta_1=0.25", ""), 0) for word in words}
    assert len(places) == 3
    assert trials.folder_of(tmp_path, words[2], 3).name == "gan-beta-1-0-25-3"
    assert len(trials.folder_of(tmp_path, f"gan:{'x' * 400}", 3).name) < 150


def test_folders_of_long_names_stay_what_they_were():
    """Else an old comparison is trained anew. The digits are those of `sha256sum`."""
    assert folders.name("x" * 130) == "x" * 120 + "-3afbb132"
    assert folders.name("x" * 120) == "x" * 120


def test_entries_that_would_share_a_folder_are_refused(tmp_path):
    """The second one would never be trained."""
    words = ["gan:beta_1=0.25", "gan:beta-1=0.25"]
    with pytest.raises(UserError, match=r"^gan:beta_1=0.25 and gan:beta-1=0.25 would have one fol"):
        make(tmp_path, words)


def test_an_entrys_own_changes_win(tmp_path):
    (own,) = make(tmp_path, ["gan:batch_size=4"]).entries.values()  # 8 for all
    assert own.batch_size == 4


@pytest.mark.parametrize(
    ("word", "changes", "data", "message"),
    [
        ("vae", {"g_filters": 8}, "faces", r"vae: a vae has no g_filters; give it to the others"),
        ("vae", {}, "ring", "Recipe vae trains a vae, which has no form for points"),
        ("cyclegan", {}, "faces", "cyclegan trains a cyclegan; compare.py compares GANs, and VAEs"),
    ],
)
def test_what_cannot_be_compared_is_refused(tmp_path, word, changes, data, message):
    with pytest.raises(UserError, match=message):
        plan.make([word], changes, settings(tmp_path, data=data))


def test_an_entry_may_have_steps_of_its_own(tmp_path):
    made = make(tmp_path, ["gan", "gan:steps=6"])
    assert [made.recipe(title).steps for title in made.entries] == [4, 6]
    assert made.marks("gan:steps=6") == [3, 6]
    with pytest.raises(UserError, match=r"--minutes says how long a run trains; leave out steps"):
        make(tmp_path, ["gan:steps=6"], minutes=1.0)


def test_what_else_is_measured_is_part_of_the_plan_if_it_is_something(tmp_path):
    made = make(tmp_path, ["gan"], data="faces")
    assert "also" not in made.to_dict()["settings"]  # as in plans of earlier versions
    assert make(tmp_path, ["gan"], data="faces", also="raw").name != made.name


@pytest.mark.parametrize(
    ("word", "data", "message"),
    [
        ("gan:from=", "faces", "from=RUN names one run"),
        ("gan:from=a,from=b", "faces", "from=RUN names one run"),
        ("gan:from=a", "ring", "from is for runs of pictures, not for ring"),
    ],
)
def test_what_cannot_be_begun_with_is_refused(tmp_path, word, data, message):
    with pytest.raises(UserError, match=message):
        plan.make([word], {}, settings(tmp_path, data=data))


def test_order_is_seed_by_seed(tmp_path):
    a, b = WORDS
    assert make(tmp_path).runs() == [(a, 0), (b, 0), (a, 1), (b, 1)]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["gon"], "Unknown recipe 'gon'"),
        (["gan", "gan"], "gan is named twice"),
        (["gan:g_turm=mode_seeking"], "is not field=value"),
        (["gan:d_steps=two"], "d_steps cannot be 'two'"),
        (["gan:dequantize=yes"], "dequantize cannot be 'yes'"),
        (["gan:g_term=mode"], "unknown g_term 'mode'"),
    ],
)
def test_mistakes_are_named(tmp_path, words, message):
    with pytest.raises(UserError, match=message):
        make(tmp_path, words)


def test_pictures_of_different_sizes_are_refused(tmp_path):
    with pytest.raises(
        UserError, match=r"different resolutions \(gan 32, SAGAN_V6 128\); give --resol"
    ):
        make(tmp_path, ["gan", "SAGAN_V6"], data="faces")


def test_pictures_of_other_shapes(tmp_path):
    words = ["gan:resolution=32x48,channels=4"]
    (recipe,) = make(tmp_path, words, data="faces").entries.values()
    assert recipe.data_shape == (48, 32, 4)
    with pytest.raises(UserError, match=r"\(gan:.* 32x48, 4 channels, gan 32\); give --resol"):
        make(tmp_path, [*words, "gan"], data="faces")
    for word in ("gan:channels=1", "gan:resolution=48x32"):
        with pytest.raises(UserError, match="triangles are measured as square RGB"):
            make(tmp_path, [word], data="triangles")


def test_more_seeds_are_the_same_comparison(tmp_path):
    assert make(tmp_path).name == make(tmp_path, seeds=5, budget=3.0).name
    assert make(tmp_path).name != make(tmp_path, steps=6).name


def test_another_precision_is_another_comparison(tmp_path):
    assert make(tmp_path).name != make(tmp_path, precision="mixed_bfloat16").name
