"""Every command that a docstring, the README or a page of docs shows is one that works.

Trainings are carried out dry and small. The other commands are read by their own parsers, and
what they ask for is checked as far as it can be without a run.
"""

import dataclasses
import functools
import importlib
import pkgutil
import re
import shlex
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from comparison import command as compare_command
from curation import command as prepare_command
from models import fields, perceptual, pretrained, recipes
from serving.commands import evaluate, explore, export, generate, publish, translate
from studies import command as study_command
from toys import command as toy_command
from toys import theory
from training import cli

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", *(ROOT / "docs").glob("*.md"), *(ROOT / "samples").rglob("*.md")]
SCRIPTS = {
    "train_sagan": "sagan", "train_biggan": "BIGGAN_V1", "train": None,
}  # fmt: skip
PARSERS = {
    "generate": generate.build_parser,
    "explore": explore.build_parser,
    "evaluate": evaluate.build_parser,
    "export": export.build_parser,
    "publish": publish.build_parser,
    # With the option that a network of ages and sexes adds.
    "translate": functools.partial(translate.build_parser, second="sex"),
}
# Smaller than any recipe.
SMALL = ["--batch-size=4", "--precision=float32", "--memory-check=off", "--workers=1"]
G_FILTERS = {"biggan": 2, "biggan_notes": 32, "sagan": 32, "sn_cnn": 32, "sresnet": 4}
D_FILTERS = {"r3gan": 16}
_COMMAND = re.compile(r"(?<!benchmarks/)\b(\w+)\.py((?: +[^`#&|\n]*)?)")


def written(text: str) -> list[tuple[str, str]]:
    """(script, its arguments) of every command in `text`."""
    text = re.sub(r"\\\n *", "", text)
    return [
        (script, re.split(r" {3,}|…|\(", arguments)[0].strip(" .,:;"))
        for script, arguments in _COMMAND.findall(text)
        if script in {*SCRIPTS, *PARSERS, "compare", "study", "toy"} and arguments.strip(" .,:;")
    ]


def of_recipes() -> list[tuple[str, str]]:
    """(recipe, command) of the "Command:" lines of all recipes, with their alternatives."""
    found = []
    for module in pkgutil.iter_modules(recipes.__path__):
        loaded = importlib.import_module(f"models.recipes.{module.name}")
        words = " ".join(loaded.__doc__.split())
        after = words.split("Command: ", 1)[1]
        main = re.split(r" \(or |\. |Run time:|Departures:| By attribute", after)[0].strip()
        found.append((loaded.RECIPE.name, main))
        for alternatives in re.findall(r"\(or (--[^)]*)\)", after.split("Run time:")[0]):
            for each in alternatives.split(";"):
                option = each.strip().split(",")[0]
                found.append((loaded.RECIPE.name, f"{main} {option}"))
    return found


def of_pages() -> list[tuple[str, str, str]]:
    """(page, script, arguments) of every command on a page, each once: trainings take seconds."""
    seen = {tuple(shlex.split(command.replace(".py", "", 1))[1:]) for _, command in of_recipes()}
    found = []
    for page in PAGES:
        for script, arguments in written(page.read_text("utf-8")):
            command = (script, *shlex.split(arguments))
            if script not in SCRIPTS or command not in seen:
                found.append((str(page.relative_to(ROOT)), script, arguments))
            seen.add(command)
    return found


def plan_on(page: str, name: str) -> str:
    """The plan called `name` of a page: its first .toml file is the first plan, and so on."""
    text = (ROOT / page).read_text("utf-8")
    plans = [part.split("```")[0] for part in text.split("```toml\n")[1:]]
    return plans[[*dict.fromkeys(re.findall(r"[\w-]+\.toml", text))].index(name)]


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A working folder with labelled pictures; what would be downloaded is made up, VGG19 too."""
    rng = np.random.default_rng(0)
    for index in range(8):
        pixels = rng.integers(0, 256, (32, 32, 3), dtype=np.uint8)
        for name in ("FOLDER", "OUT/faces"):
            folder = tmp_path / name / "ab"[index % 2]
            folder.mkdir(parents=True, exist_ok=True)
            Image.fromarray(pixels).save(folder / f"{index}.png")
            (folder / f"{index}.txt").write_text(f"picture {index}")

    def public():
        images = rng.integers(0, 256, (16, 32, 32, 3), dtype=np.uint8)
        return images, np.arange(16) % 10, tuple("0123456789")

    monkeypatch.setattr("datasets.sources.PUBLIC", {"cifar10": public, "mnist": public})
    own_map = perceptual.content_map
    monkeypatch.setattr(perceptual, "check", lambda *_: None)
    monkeypatch.setattr(perceptual, "content_map", lambda _, side: own_map("lite0_block1", side))
    monkeypatch.setattr(pretrained, "check_encoder", lambda _: None)
    for name in ("encode", "encoder_layers", "load_encoder"):
        own = getattr(pretrained, name)
        monkeypatch.setattr(pretrained, name, lambda _, x, own=own: own("lite0", x))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def train(script: str, arguments: list[str], place: Path) -> int:
    recipe = cli.asked_for(SCRIPTS[script], arguments)
    filters = [
        f"--{name.replace('_', '-')}="
        f"{G_FILTERS.get(architecture, 16) if name[0] == 'g' else D_FILTERS.get(architecture, 2)}"
        for name in (field.name for field in fields.options(recipe))
        if name.endswith("filters")
        for architecture in [getattr(recipe, "architecture", None)]
    ]
    cache = f"--cache-dir={place / 'cache'}"
    if hasattr(recipe, "most_batch"):
        filters.append("--most-batch=4")
        if "--no-grow" not in arguments:
            filters += ["--stable-pictures=4", "--fade-pictures=4"]
    # Of few faces none has red hair.
    count = "--count=300" if any("--domains" in word for word in arguments) else "--count=8"
    filters.append(count)
    if "--from" in arguments:  # networks of other sizes
        filters = [each for each in filters if "filters" not in each]
    return cli.run(SCRIPTS[script], [*arguments, *SMALL, *filters, cache, "--dry-run"])


@pytest.mark.parametrize(("name", "command"), of_recipes(), ids=lambda text: text.replace(" ", "_"))
def test_the_command_of_a_recipe(name, command, place, capfd):
    _, script, *arguments = shlex.split(command)
    script = script.removesuffix(".py")
    assert script in SCRIPTS
    assert train(script, arguments, place) == 0, capfd.readouterr().err
    said = capfd.readouterr().err
    expected = {"sagan_cpu": "sagan_cpu", "biggan_cpu": "biggan_cpu"}.get(name, name)
    assert re.search(rf"^recipe +{expected}:", said, re.MULTILINE), said
    assert list(place.glob("samples/*")) == []


@pytest.mark.parametrize(("page", "script", "arguments"), of_pages())
def test_a_command_on_a_page(page, script, arguments, place, capfd):
    words = shlex.split(arguments)
    if script in SCRIPTS:
        if "RECIPE" in words or "--list" in words:
            return  # a form, not a command; the forms' options are checked below
        if "--distribute" in words:  # needs devices or hosts; the option is checked below
            return
        assert train(script, words, place) == 0, capfd.readouterr().err
    elif script == "compare":
        compare_command.build_plan(compare_command.build_parser().parse(words))
    elif script == "toy":
        if "RECIPE" not in words:
            parsed = toy_command.build_parser().parse(words)
            scene = parsed.recipe in theory.SCENES
            (toy_command.build_scene if scene else toy_command.build_plan)(parsed)
    elif script == "study":
        if words[0].endswith(".toml"):  # the plan that stands on the page
            name, words[0] = words[0], str(place / words[0])
            Path(words[0]).write_text(plan_on(page, name), "utf-8")
        study_command.build_study(study_command.build_parser().parse(words))
    else:
        PARSERS[script]().parse(words)


def known_options() -> set[str]:
    parsers = [cli.build_parser("sagan", recipes.load("sagan"))]
    parsers += [cli.build_parser(None, recipes.load(name)) for name in recipes.names()]
    parsers += [compare_command.build_parser(), toy_command.build_parser()]
    parsers += [prepare_command.build_parser(), study_command.build_parser()]
    parsers += [build() for build in PARSERS.values()]
    for parser in list(parsers):
        for action in parser._actions:
            parsers += (
                list(getattr(action, "choices", None).values())
                if isinstance(getattr(action, "choices", None), dict)
                else []
            )
    return {name for parser in parsers for action in parser._actions
            for name in action.option_strings}  # fmt: skip


def test_every_option_that_a_docstring_or_a_page_names_exists():
    # Of pytest, git and http.server.
    others = {"--dist", "--always", "--dirty", "--show-prefix", "--directory"}
    known = known_options() | others
    texts = {str(page): page.read_text("utf-8") for page in PAGES}
    texts |= {name: recipes.describe(name) for name in recipes.names()}
    for file in (*ROOT.glob("*.py"), *(ROOT / "training").rglob("*.py"),
                 *(ROOT / "serving").rglob("*.py"), *(ROOT / "models").rglob("*.py")):  # fmt: skip
        texts[str(file)] = file.read_text("utf-8")
    for place, text in texts.items():
        text = re.sub(r"benchmarks\S* .*", "", text)  # they have options of their own
        named = set(re.findall(r"(?<![\w-])--[a-z][a-z0-9-]+(?![\w=-])", text))
        assert named <= known, f"{place}: {sorted(named - known)}"


def test_no_field_of_a_recipe_is_without_its_option():
    fields = {f"--{o.name.replace('_', '-')}" for o in dataclasses.fields(recipes.Recipe)
              if o.name not in ("name", "label_kind", "num_labels")}  # fmt: skip
    assert fields <= known_options()
