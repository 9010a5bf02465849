"""Recipes of the users' own, read from files."""

import dataclasses
import json

import pytest

from models import recipe_files, recipes


@pytest.fixture
def write(tmp_path, monkeypatch):
    """`write("mine.toml", text)` in the working folder; its name."""
    monkeypatch.chdir(tmp_path)

    def call(name, text):
        (tmp_path / name).write_text(text, "utf-8")
        return name

    return call


def test_a_file_changes_a_recipe(write):
    name = write(
        "mine.toml", 'recipe = "SAGAN_CPU"\ng_filters = 384\nmirror = true\nsteps = 7_000\n'
    )
    made, base = recipes.load(name), recipes.load("sagan_cpu")
    assert made == dataclasses.replace(
        base, name="mine", g_filters=384, mirror=True, steps=7_000
    )  # fmt: skip
    assert base.g_filters == 256


def test_a_file_may_change_a_file_beside_it(write, tmp_path, monkeypatch):
    write("wide.toml", 'recipe = "vae_cpu"\nlatent_dim = 50\n')
    write("wider.toml", 'recipe = "wide.toml"\nbatch_size = 8\n')
    monkeypatch.chdir(tmp_path.parent)
    made = recipes.load(f"{tmp_path.name}/wider.toml")
    assert (made.name, made.latent_dim, made.batch_size) == ("wider", 50, 8)


def test_a_runs_record_is_a_recipe_without_its_labels(write):
    base = recipes.load("sagan_cpu")
    fitted = dataclasses.replace(base, steps=5, label_kind="attributes", num_labels=34)
    name = write("recipe.json", json.dumps(fitted.to_dict()))
    assert recipes.load(name) == dataclasses.replace(base, steps=5)


def test_a_record_keeps_the_labels_that_its_recipe_has_of_its_own(write):
    base = recipes.load("cgan")
    fitted = dataclasses.replace(base, num_labels=7)
    assert recipes.load(write("recipe.json", json.dumps(fitted.to_dict()))) == base
    own = dataclasses.replace(fitted, name="mine")  # of a file that is gone: its labels stay
    assert recipes.load(write("recipe.json", json.dumps(own.to_dict()))) == own


def test_the_fields_that_files_set(write):
    write("wide.toml", 'recipe = "vae_cpu"\nlatent_dim = 50\nbatch_size = 4\n')
    name = write("wider.toml", 'recipe = "wide.toml"\nbatch_size = 8\n')
    assert recipes.file(name).given() == {"latent_dim": 50, "batch_size": 8}
    base = recipes.load("sagan_cpu")
    given = recipes.file(write("recipe.json", json.dumps(base.to_dict()))).given()
    assert given["steps"] == base.steps
    assert "num_labels" not in given


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("mine.toml", "g_filters = 8", 'mine.toml: it must name the recipe that it changes, as in'),
        ("mine.toml", "recipe = 3", "it must name the recipe"),
        ("mine.toml", 'recipe = "sagan_cpu', "mine.toml cannot be read: it is not TOML"),
        ("mine.toml", 'recipe = "sgan_cpu"', "mine.toml: Unknown recipe 'sgan_cpu'. Did you mean"),
        (
            "mine.toml", 'recipe = "sagan_cpu"\ng_filtres = 8',
            "mine.toml: a recipe of gan has no field 'g_filtres'. Did you mean 'g_filters'?",
        ),
        ("mine.toml", 'recipe = "sagan_cpu"\nnum_labels = 8', "num_labels follows from the p"),
        ("mine.toml", 'recipe = "sagan_cpu"\ng_filters = "8"', "g_filters must be a whole number"),
        ("mine.toml", 'recipe = "sagan_cpu"\nloss = "hing"', "unknown loss 'hing', known: "),
        ("mine.toml", 'recipe = "sagan_cpu"\nd_wide = true', "d_wide is read only where archit"),
        ("a b.toml", 'recipe = "sagan_cpu"', "a b.toml: the name of a recipe is made of letters"),
        ("sagan_CPU.toml", 'recipe = "sagan"', "sagan_CPU is a recipe of the project; give"),
        ("mine.json", "[1]", "mine.json: it is no recipe"),
        ("mine.json", '{"name": "x", "system": "gna"}', "mine.json: There is no system 'gna'. Did"),
        ("mine.json", '{"name": "my/gan", "system": "gan"}', "letters, digits, _ and - alone, not"),
        ("mine.json", "{", "mine.json cannot be read: it is not JSON"),
    ],
)  # fmt: skip
def test_a_file_that_is_no_recipe_is_named(name, text, words, write):
    with pytest.raises(ValueError, match=r"\.(toml|json)") as found:
        recipes.load(write(name, text))
    assert words in str(found.value)
    assert "\n" not in str(found.value)


def test_a_file_that_changes_itself_is_refused(write):
    write("you.toml", 'recipe = "me.toml"')
    with pytest.raises(ValueError, match=r"me\.toml changes itself"):
        recipes.load(write("me.toml", 'recipe = "you.toml"'))


def test_a_missing_file(tmp_path, write):
    with pytest.raises(ValueError, match=r"There is no file .*nothing\.toml\. A recipe is a"):
        recipes.load(str(tmp_path / "nothing.toml"))
    assert not recipe_files.is_file("sagan_cpu")
    with pytest.raises(ValueError, match=r"There is no file .*nothing\.toml"):
        recipes.load(write("mine.toml", 'recipe = "nothing.toml"'))
    with pytest.raises(ValueError, match=r"or a file that ends in \.toml or \.json"):
        recipes.load("nothing")


def test_a_file_may_change_a_record_beside_it(write):
    write("recipe.json", json.dumps(recipes.load("vae_cpu").to_dict() | {"latent_dim": 50}))
    made = recipes.load(write("mine.toml", 'recipe = "recipe.json"\nbatch_size = 8\n'))
    assert (made.name, made.latent_dim, made.batch_size) == ("mine", 50, 8)
