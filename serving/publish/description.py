"""`model.json`: all that a page knows about its network."""

from __future__ import annotations

from typing import Any

from serving.ager import Ager
from serving.colourer import Colourer
from serving.export.graph import Subject
from serving.generator import Generator
from serving.publish import FORMAT
from serving.style_generator import StyleGenerator, level, levels_of
from serving.upscaler import TILE, Upscaler

_DOES = {
    "translate": "translated",
    "reconstruct": "reconstructed",
    "upscale": "enlarged",
    "colour": "coloured",
    "age": "at another age",
}
_PAGE_TILE = 64  # px: a browser has less memory, and shows progress after each


def describe(subject: Subject, title: str | None, model: dict[str, Any]) -> dict[str, Any]:
    """What the page is told.

    Args:
        title: the page's heading, or None for one that says what it shows.
        model: "file", "bytes", "sha256", "precision" and "error" of the network's file.
    """
    known = _generator(subject) if isinstance(subject, Generator) else _on_pictures(subject)
    heading = title or known.pop("heading")
    known.pop("heading", None)
    return {
        "format": FORMAT,
        "title": heading,
        "name": subject.recipe.name,
        "model": {key: model[key] for key in ("file", "bytes", "sha256")},
        **known,
        "facts": _facts(subject, model),
    }


def _generator(generator: Generator) -> dict[str, Any]:
    recipe, labels = generator.recipe, generator.labels
    height, width, _ = recipe.data_shape
    styled = isinstance(generator, StyleGenerator)
    return {
        "kind": "generator",
        "heading": "Faces" if str(generator.metadata.get("data")) == "faces" else "New pictures",
        "subtitle": f"{width} × {height} pixels, drawn in your browser by {recipe.name}",
        "latent": {"distribution": recipe.latent, "dim": recipe.latent_dim},
        "truncation": "psi" if styled else _truncation(recipe.latent),
        "labels": labels and {
            "kind": labels.kind,
            "names": list(labels.names),
            "groups": {name: list(members) for name, members in labels.groups.items()},
            "shares": [float(share) for share in labels.drawn_shares()],
            "examples": list(labels.examples),
        },
        "styles": {
            "levels": {name: level(name, generator.layers) for name in levels_of(generator.layers)}
        } if styled else None,
    }  # fmt: skip


def _truncation(latent: str) -> str:
    """Latents of 0 and 1 become smaller alone, which no network has seen."""
    return "none" if latent == "binomial" else "redrawn"


def _on_pictures(network: Any) -> dict[str, Any]:
    title = f", {network.title}" if network.title else ""
    known: dict[str, Any] = {
        "kind": "translator",
        "heading": f"Pictures {_DOES[network.verb]}",
        "subtitle": f"by {network.recipe.name}, in your browser{title}",
        "does": _DOES[network.verb],
        "way": "fixed",
        "side": network.resolution,
    }
    if isinstance(network, Upscaler):
        known |= {"way": "enlarge", "scale": network.scale, "reach": network.reach}
        known["tile"] = min(TILE, _PAGE_TILE)
    if isinstance(network, Colourer):
        known["way"] = "colour"
    if isinstance(network, Ager):
        inputs = [each.name for each in network.network.inputs[1:]]
        members = [list(names) for names in network.groups.values()]
        known["choices"] = dict(zip(inputs, members, strict=True))
    return known


def _facts(subject: Subject, model: dict[str, Any]) -> list[tuple[str, str]]:
    """The model's card: names and values, in order."""
    known = subject.metadata
    facts = [
        ("Recipe", subject.recipe.name),
        ("System", subject.recipe.system),
        ("Trained on", known.get("data") or "unknown"),
        ("Fingerprint of the data", known.get("data_fingerprint") or "unknown"),
        ("Training steps", "unknown" if known.get("step") is None else f"{known['step']:,}"),
    ]
    if isinstance(subject, Generator) and subject.stands_below_one:
        facts.append(("Truncations below 1", "the pictures of generate.py --statistics running"))
    passport = known.get("passport") or {}
    for name, result in (passport.get("results") or {}).items():
        facts.append((name, _measured(result, passport)))
    weights = (
        f"in {model['precision']} precision; colours differ from the trained network's by at most "
        f"{127.5 * model['error']:.2g} of 255"
    )
    return [*facts, ("Weights", weights)]


def _measured(result: dict[str, Any], passport: dict[str, Any]) -> str:
    """A measure with what it was measured on. Only a training's own records name no subject."""
    words = f"{result.get('value', float('nan')):.4g}"
    protocol = passport.get("protocol") or {}
    count = (protocol.get("real") or {}).get("count")
    truncation = (protocol.get("fake") or {}).get("truncation")
    conditions = [f"N = {count:,}"] if count else []
    if truncation not in (None, 1):
        conditions.append(f"truncation {truncation:g}")
    if conditions and "name" not in (passport.get("subject") or {}):
        conditions.append("while training")
    if result.get("floor") is not None:
        words += f"; real pictures among themselves {result['floor']:.4g}"
    return words + (f" ({', '.join(conditions)})" if conditions else "")
