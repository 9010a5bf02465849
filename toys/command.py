"""`toy.py`: film a recipe's objective on a toy world, or a scene of the theory."""

from __future__ import annotations

import argparse
import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

import numpy as np

from console import backend, options
from console.ending import carry_out
from console.errors import user_errors
from console.screen import show
from datasets import toy as worlds
from foreign import bounds
from foreign.files import write_json
from foreign.names import problem
from foreign.numbers import shown
from models import fields, recipes
from models.fields import option, refuse_ignored
from models.systems.gan.points import on_points
from models.systems.gan.recipe import GANRecipe
from runs.files import made_folder
from toys import theory

_GROUP = "Toy"


@dataclasses.dataclass(frozen=True)
class ToySettings:
    """The settings of `toy.py`; every field is an option."""

    world: str = option(
        "ring",
        _GROUP,
        "ring of 8, grid of 25 (2-D), or line of 3 (1-D)",
        choices=("ring", "grid", "line"),
    )
    steps: int = option(5_000, _GROUP, "generator steps", least=1)
    frames: int = option(40, _GROUP, "in the film", least=1, most=bounds.PAGE)
    width: int = option(64, _GROUP, "hidden units of D; G has twice as many", least=1)
    seed: int = option(0, _GROUP, "of all random numbers", below=2**63)
    out: str = option("samples", _GROUP, "folder for the film and its numbers")

    def __post_init__(self) -> None:
        found = [*fields.problems(self, called=fields.as_option)]
        if wrong := problem(self.out):
            found.append(f"--out {shown(self.out)} {wrong}")
        if found:
            raise ValueError("; ".join(found))


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run `toy.py` and exit: 0 done, 2 a mistake (one line on stderr), 130 Ctrl-C."""
    raise SystemExit(run(arguments))


def run(arguments: Sequence[str] | None = None) -> int:
    """`main` without the exit: returns the exit code."""
    parser = build_parser()
    parsed = parser.parse(arguments)

    def work() -> int:
        backend.choose()
        if parsed.recipe in theory.SCENES:
            settings = build_scene(parsed)
            backend.wake()
            return _play(parsed.recipe, settings, "steps" in vars(parsed))
        recipe, settings = build_plan(parsed)
        backend.wake()
        return _film(recipe, settings)

    return carry_out(parser.prog, work, "nothing is kept")


def build_parser() -> options.Parser:
    """The options of toy.py."""
    parser = options.Parser(
        description="Train a recipe's objective on points whose density is known, and film it. Or "
        "film a scene of the theory, with exact numbers.",
        epilog=f"Recipes: {recipes.listed()}. Scenes: "
        f"{'; '.join(f'{name}, {words}' for name, words in theory.SCENES.items())}.",
    )
    parser.add_argument(
        "recipe", metavar="RECIPE|SCENE", help="whose objective and optimizer to use, or a scene"
    )
    options.add_fields(parser, ToySettings)
    own = ("name", "point_dim", "architecture")
    options.add_fields(parser, GANRecipe, skip=(*own, "steps"))
    return parser


def build_plan(parsed: argparse.Namespace) -> tuple[GANRecipe, ToySettings]:
    """The recipe on the points of the chosen world, and the settings. Raises `UserError`."""
    with user_errors(ValueError):
        settings = ToySettings(**options.given(parsed, ToySettings))
        changes = options.given(parsed, GANRecipe)
        changes.pop("steps", None)
        recipe = recipes.load(parsed.recipe)
        recipe = on_points(recipe, worlds.world(settings.world).dim, settings.width)
        recipe = recipe.changed(**changes)
        refuse_ignored(recipe, changes, unknown=())
        recipe.check_training()
    return recipe, settings


def build_scene(parsed: argparse.Namespace) -> ToySettings:
    """The settings of a scene, which has its own recipes and worlds. Raises `UserError`."""
    with user_errors(ValueError):
        settings = ToySettings(**options.given(parsed, ToySettings))
        given = set(vars(parsed)) - {"recipe", "steps", "frames", "seed", "out"}
        for name in sorted(given):
            raise ValueError(
                f"the scene {parsed.recipe} does not read {fields.as_option(name)}; it takes "
                "--steps, --frames, --seed and --out"
            )
    return settings


def _play(scene: str, settings: ToySettings, own_steps: bool) -> int:
    """Train and film a scene; its numbers go to a JSON file beside the film."""
    from tqdm import tqdm

    from media import film

    steps = settings.steps if own_steps else theory.scene(scene).STEPS
    out = made_folder(Path(settings.out))  # before minutes of training
    found = []
    with tqdm(total=steps, unit=" steps") as bar:
        for frame in theory.play(scene, steps, settings.frames, settings.seed):
            found.append(frame)
            bar.update(frame.step - bar.n)
    path = out / f"toy-{scene}.gif"
    film.write(path, [np.asarray(frame.picture) for frame in found], seconds=0.2, last=3.0)
    history = [{"step": frame.step, **frame.numbers} for frame in found]
    write_json(
        path.with_suffix(".json"), {"scene": scene, "seed": settings.seed, "history": history}
    )
    for name, value in found[-1].numbers.items():
        show(f"{name:40} {value + 0.0:.4g}")
    show(f"wrote {path}")
    return 0


def _film(recipe: GANRecipe, settings: ToySettings) -> int:
    from tqdm import tqdm

    from toys import training as toy
    from training.loop import advance

    world = worlds.world(settings.world)
    marks = theory.marks(settings.steps, settings.frames)[1:]
    with user_errors(ValueError):
        gan, feed = toy.begun(recipe, world, settings.seed, marks)
    out = made_folder(Path(settings.out))  # before minutes of training
    film = toy.Film(world, f"{recipe.name} on the {world.name}", settings.seed)
    film.shoot(gan)
    found = {}
    with tqdm(total=settings.steps, unit=" steps") as bar:
        for mark in marks:
            advance(gan, feed, mark)
            found = film.shoot(gan)
            bar.update(mark - bar.n)
            bar.set_postfix_str(
                f"{found['modes covered']:.0f}/{len(world.means)} modes, "
                f"{found['high quality']:.0%} high quality"
            )
    path = out / f"toy-{recipe.name}-{world.name}.gif"
    film.save(path)
    write_json(
        path.with_suffix(".json"),
        {
            "recipe": recipe.to_dict(),
            "settings": dataclasses.asdict(settings),
            "history": [{"step": step, **found} for step, found in film.history],
        },
    )
    for name, value in found.items():
        show(f"{name:15} {value + 0.0:.4g}")
    show(f"wrote {path}")
    return 0
