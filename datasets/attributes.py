"""The 34 illustration2vec attributes of the anime notes: names, order and one-of groups."""

HAIR_COLOURS = tuple(
    f"{colour} hair"
    for colour in (
        "blonde", "brown", "black", "blue", "pink", "purple", "green",
        "red", "silver", "white", "orange", "aqua", "grey",
    )
)  # fmt: skip
HAIR_STYLES = ("long hair", "short hair", "twintails", "drill hair", "ponytail")
FACE = ("blush", "smile", "open mouth", "hat", "ribbon", "glasses")
EYE_COLOURS = tuple(
    f"{colour} eyes"
    for colour in (
        "blue", "red", "brown", "green", "purple",
        "yellow", "pink", "aqua", "black", "orange",
    )
)  # fmt: skip

ATTRIBUTES: tuple[str, ...] = HAIR_COLOURS + HAIR_STYLES + FACE + EYE_COLOURS
GROUPS: dict[str, tuple[str, ...]] = {"hair colour": HAIR_COLOURS, "eye colour": EYE_COLOURS}


def groups_among(names: tuple[str, ...]) -> dict[str, tuple[str, ...]]:
    """The one-of groups that apply to these attribute names, in the order of the names.

    A group is kept if at least two of its members are there; one member leaves no choice.
    """
    present = {
        group: tuple(name for name in names if name in members) for group, members in GROUPS.items()
    }
    return {group: members for group, members in present.items() if len(members) > 1}
