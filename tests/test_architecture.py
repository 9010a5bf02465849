"""The direction of imports: layers and what reads foreign files know nothing of ours."""

import ast
import graphlib
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
# Each room with those on which it stands, from the ground up.
MAY_IMPORT = {
    "foreign": set(),
    "layers": set(),
    "console": {"foreign"},
    "datasets": {"console", "foreign"},
    "metrics": {"foreign"},
    "media": {"console", "foreign"},
    # The feature network that `metrics` measures with compares pictures, its resize shrinks them.
    "models": {"foreign", "layers", "metrics"},
    "curation": {"console", "foreign", "metrics", "datasets"},
    "runs": {"console", "foreign", "datasets", "models"},
    "quality": {"console", "foreign", "runs", "models", "metrics", "datasets"},
    "training": {
        "console", "foreign", "layers", "datasets", "metrics", "media", "models", "runs", "quality",
    },
    "toys": {"console", "foreign", "datasets", "metrics", "media", "models", "runs", "training"},
    "comparison": {
        "console", "foreign", "datasets", "metrics", "media", "models", "runs", "quality", "toys",
        "training",
    },
    "studies": {
        "console", "foreign", "datasets", "layers", "models", "runs", "comparison", "training"
    },
    "serving": {
        "console", "foreign", "layers", "datasets", "metrics", "media", "models", "runs", "quality",
    },
}  # fmt: skip


def imported(path: Path) -> set[str]:
    """The top-level names that a file imports, wherever in the file."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            found.add(node.module.split(".")[0])
    return found


def ours() -> set[str]:
    scripts = {path.stem for path in ROOT.glob("*.py")}
    return scripts | {path.parent.name for path in ROOT.glob("*/__init__.py")}


@pytest.mark.parametrize("package", MAY_IMPORT)
def test_imports_point_down(package):
    for path in sorted((ROOT / package).rglob("*.py")):
        extra = (imported(path) & ours()) - MAY_IMPORT[package] - {package}
        assert not extra, f"{path.relative_to(ROOT)} imports {', '.join(sorted(extra))}"


def test_models_take_from_metrics_no_measure():
    """Networks, their weights and matrices have one home, and no measure is a loss."""
    taken = {}
    for path in (ROOT / "models").rglob("*.py"):
        found = {
            alias.name
            for node in ast.walk(ast.parse(path.read_text()))
            if isinstance(node, ast.ImportFrom) and node.module == "metrics"
            for alias in node.names
        }
        assert bool(found) == ("metrics" in imported(path)), path
        if found:
            taken[path.relative_to(ROOT).as_posix()] = found
    assert taken == {
        "models/frozen.py": {"lite0", "pth", "weights"},
        "models/perceptual.py": {"lite0", "pth", "weights"},
        "models/pixels.py": {"colour_space"},
        "models/pretrained.py": {"lite0", "pth", "weights"},
        "models/resizing.py": {"resize"},
        "models/systems/deoldify/rendering.py": {"colour_space"},
    }


def imports_of(path: Path, modules: dict[str, Path]) -> set[str]:
    """The modules of ours that a file imports, those under `if TYPE_CHECKING` left out."""
    tree = ast.parse(path.read_text())
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and getattr(node.test, "id", "") == "TYPE_CHECKING":
            node.body = []
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= {name if name in modules else node.module for name in names}
    return found & set(modules)


def test_no_module_imports_itself_by_a_detour():
    files = [p for package in MAY_IMPORT for p in (ROOT / package).rglob("*.py")]
    names = {p: ".".join(p.relative_to(ROOT).with_suffix("").parts) for p in files}
    modules = {name.removesuffix(".__init__"): path for path, name in names.items()}
    # `TopologicalSorter` names the circle in its error.
    order = graphlib.TopologicalSorter(
        {name: imports_of(path, modules) - {name} for name, path in modules.items()}
    )
    assert len(list(order.static_order())) == len(modules)


def test_every_package_is_held():
    packages = {path.parent.name for path in ROOT.glob("*/__init__.py")}
    assert packages - {"tests", "benchmarks"} == set(MAY_IMPORT)


def test_scripts_are_thin():
    for path in ROOT.glob("*.py"):
        assert len(path.read_text().splitlines()) <= 20, path.name


def test_only_autodiff_and_few_others_name_a_backend():
    """Those that the README counts and names, and no more."""
    found = {
        path.relative_to(ROOT).as_posix()
        for package in ("layers", "models")
        for path in (ROOT / package).rglob("*.py")
        if imported(path) & {"tensorflow", "jax", "torch"}
    }
    assert found == {
        "layers/grouped.py", "layers/norm.py", "layers/replicas.py", "layers/strided.py",
        "models/autodiff.py", "models/distribution.py", "models/feeding.py", "models/hosts.py",
        "models/optimizers.py",
    }  # fmt: skip
    page = (ROOT / "README.md").read_text()
    assert "Nine files of `layers/` and `models/` import a backend" in page
    assert all(f"`{path}`" in page for path in found)


def test_films_are_written_in_one_place():
    """imageio by `media/film.py` alone; nobody saves several frames by Pillow beside it."""
    for path in ROOT.glob("*/**/*.py"):
        if path.parts[len(ROOT.parts)] in MAY_IMPORT and path.name != "film.py":
            assert "imageio" not in imported(path), path.relative_to(ROOT)
            assert "save_all" not in path.read_text(), path.relative_to(ROOT)
