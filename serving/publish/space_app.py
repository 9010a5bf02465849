"""Faces from a trained generator, as a Gradio app. It needs what requirements.txt says."""

import json
import re
from pathlib import Path

import numpy as np
import onnxruntime

HERE = Path(__file__).parent
MODEL = json.loads((HERE / "model.json").read_text("utf-8"))
LABELS = MODEL["labels"] or {
    "kind": "none",
    "names": [],
    "groups": {},
    "shares": [],
    "examples": [],
}
NAMES, EXAMPLES = LABELS["names"], LABELS["examples"]
SESSION = onnxruntime.InferenceSession(str(HERE / MODEL["model"]["file"]))
# Answers that are no label; those of labels begin with "=".
RANDOM, NONE, ON, OFF = "random", "none", "on", "off"
SEEDS = 2**63  # as many as generate.py takes
MOST = 16  # faces
BLOCK = 64  # pictures that share a random stream


def stream(seed, which):
    """The random numbers of a seed: 0 for latents, 1 for labels."""
    return np.random.Generator(np.random.Philox(key=seed, counter=[0, 0, which, 0]))


def normal(rng, shape, deviation, cut):
    """Normal numbers, drawn again where they lie beyond ± cut."""
    values = rng.standard_normal(shape) * deviation
    while (outside := np.abs(values) > cut).any():
        values[outside] = rng.standard_normal(outside.sum()) * deviation
    return values


def latents(seed, truncation):
    """The latents of the seed's first pictures, float32 (BLOCK, dim)."""
    rng, name, shape = (
        stream(seed, 0),
        MODEL["latent"]["distribution"],
        (BLOCK, MODEL["latent"]["dim"]),
    )
    redrawn = truncation if MODEL["truncation"] == "redrawn" else 1.0
    if name == "truncated_normal":
        values = normal(rng, shape, 0.5, 1.0) * redrawn
    elif name == "normal":
        cut = np.inf if redrawn == 1.0 else 2.0 * redrawn
        values = normal(rng, shape, 1.0, cut)
    elif name == "uniform":
        values = rng.uniform(-redrawn, redrawn, shape)
    else:
        values = rng.integers(0, 2, shape) * redrawn
    return values.astype("float32")


def pick(uniform, shares):
    """Indices with probabilities in proportion to `shares`."""
    edges = np.cumsum(shares) / max(np.sum(shares), 1e-12)
    return np.minimum(np.searchsorted(edges, uniform, side="right"), len(shares) - 1)


def labels(seed, wishes):
    """The labels of the seed's first pictures, as wished; the rest as often as in the data."""
    uniform = stream(seed, 1).random((BLOCK, len(NAMES) + bool(EXAMPLES)))
    shares = np.array(LABELS["shares"])
    if LABELS["kind"] == "classes":
        chosen = next((NAMES.index(name) for name, on in wishes.items() if on), None)
        drawn = pick(uniform[:, 0], shares)
        return drawn.astype("int32") if chosen is None else np.full(BLOCK, chosen, "int32")
    values = examples(uniform[:, -1], wishes) if EXAMPLES else uniform < shares
    values = values.astype("float32")
    for names in LABELS["groups"].values():
        if EXAMPLES and wishes.keys().isdisjoint(names):
            continue
        members = [NAMES.index(name) for name in names]
        values[:, members] = 0.0
        if any(wishes.get(name) for name in names):
            continue
        allowed = [
            0.0 if wishes.get(name) is False else shares[NAMES.index(name)] for name in names
        ]
        none = max(0.0, 1.0 - shares[members].sum())
        for row, place in enumerate(pick(uniform[:, members[0]], [*allowed, none])):
            if place < len(members):
                values[row, members[place]] = 1.0
    for name, on in wishes.items():
        values[:, NAMES.index(name)] = on
    return values


def examples(uniform, wishes):
    """One example per number; outside of groups, as near to it as the wishes permit."""
    on = [set(map(int, example.split())) for example in EXAMPLES]
    known = np.array([[index in each for index in range(len(NAMES))] for each in on])
    chosen = (uniform * len(known)).astype(int)
    values = known[chosen]
    grouped = {name for names in LABELS["groups"].values() for name in names}
    loose = {NAMES.index(name): on for name, on in wishes.items() if name not in grouped}
    if not loose:
        return values
    free = [index for index, name in enumerate(NAMES) if name not in grouped]
    agreed = (known[:, list(loose)] == np.array(list(loose.values()))).sum(axis=1)
    best = np.flatnonzero(agreed == agreed.max())
    for row, own in zip(values, chosen, strict=True):
        distance = (known[best][:, free] != row[free]).sum(axis=1)
        nearest = best[np.lexsort(((best - own) % len(known), distance))[0]]
        row[free] = known[nearest, free]
    return values


def valued(name):
    """The answer that asks for a label."""
    return f"={name}"


def wished(controls, answers):
    """{name: on or off} of what the controls, (title, names), were answered with."""
    wishes = {}
    for (_, names), answer in zip(controls, answers, strict=True):
        if answer in (NONE, OFF):
            wishes |= dict.fromkeys(names, False)
        elif answer != RANDOM:
            wishes[names[0] if answer == ON else answer.removeprefix(valued(""))] = True
    return wishes


def choices(names):
    """(words, answer) of each choice of a control."""
    members = [(name, valued(name)) for name in names]
    if LABELS["kind"] == "classes":
        return [(RANDOM, RANDOM), *members]
    if len(names) == 1:
        return [(answer, answer) for answer in (RANDOM, ON, OFF)]
    return [(RANDOM, RANDOM), *members, ("none of these", NONE)]


def controls():
    """(title, names) of each control: a class, a group of attributes, or one attribute."""
    if LABELS["kind"] == "classes":
        return [("class", NAMES)]
    grouped = {name for names in LABELS["groups"].values() for name in names}
    alone = [(name, [name]) for name in NAMES if name not in grouped]
    return [*LABELS["groups"].items(), *alone]


def read_seed(text):
    """The seed in a text. Raises ValueError."""
    if not re.fullmatch("[0-9]{1,19}", text.strip()) or int(text) >= SEEDS:
        raise ValueError(f"{text!r} is no seed; give a whole number below 2 to the power of 63")
    return int(text)


def draw(seed, count, truncation, *answers):
    """`count` faces of the text `seed`: uint8 pictures, the same as everywhere for this seed."""
    seed, count = read_seed(seed), int(count)
    feeds = {"latents": latents(seed, truncation)[:count]}
    psi = truncation if MODEL["truncation"] == "psi" else 1.0
    feeds["truncation"] = np.array(psi, "float32")
    if NAMES:
        feeds["labels"] = labels(seed, wished(controls(), answers))[:count]
    if MODEL["styles"]:
        feeds |= {"other": feeds["latents"]} | {n: np.array(0, "int32") for n in ("first", "stop")}
    images = SESSION.run(["images"], feeds)[0]
    images = np.clip(np.rint((images + 1) * 127.5), 0, 255).astype("uint8")
    return list(images[..., 0] if images.shape[-1] == 1 else images)


def build():
    """The app."""
    import gradio as gr

    def answered(*given):
        try:
            return draw(*given)
        except ValueError as error:
            raise gr.Error(str(error)) from error

    with gr.Blocks(title=MODEL["title"]) as app:
        gr.Markdown(f"# {MODEL['title']}")
        with gr.Row():
            faces = gr.Gallery(label="faces", columns=4, format="png")
            with gr.Column():
                seed = gr.Textbox("0", label="seed", max_lines=1)
                count = gr.Slider(1, MOST, 4, step=1, label="how many")
                # Latents of 0 and 1 have none.
                truncation = gr.Slider(
                    0.3,
                    1,
                    1,
                    step=0.05,
                    label="truncation",
                    visible=MODEL["truncation"] != "none",
                )
                asked = [
                    gr.Dropdown(choices(names), value=RANDOM, label=title)
                    for title, names in controls()
                ]
                button = gr.Button("Generate", variant="primary")
        inputs = [seed, count, truncation, *asked]
        button.click(answered, inputs, faces)
        app.load(answered, inputs, faces)
        gr.Markdown("\n".join(f"- {name}: {value}" for name, value in MODEL["facts"]))
    return app


if __name__ == "__main__":
    build().launch()
