"""Fields of recipes and settings: their help texts and the values that they may have."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from foreign import numbers


@dataclasses.dataclass(frozen=True)
class Above:
    """All numbers above `bound`, as the values of another field for which a field is read."""

    bound: float

    def __contains__(self, value: float) -> bool:
        return value > self.bound

    def __str__(self) -> str:
        return f"above {self.bound:g}"


def option(
    default: Any,
    group: str,
    help: str,
    *,
    choices: tuple[Any, ...] | None = None,
    only: Mapping[str, tuple | Above] | None = None,
    least: float | None = None,
    above: float | None = None,
    most: float | None = None,
    below: float | None = None,
    read: dict[str, Any] | None = None,
) -> Any:
    """A dataclass field that is also a command-line option.

    Args:
        group, help: the group of options that it is listed in, and what it does.
        choices: the allowed values.
        only: the field is read only if these other fields have one of these values.
        least, above, most, below: the range of a number; see `foreign.numbers.outside`.
        read: how argparse reads it, if not by the field's type.
    """
    metadata: dict[str, Any] = {
        "group": group,
        "help": help,
        "choices": choices,
        "only": only or {},
        "range": (least, above, most, below),
    }
    return dataclasses.field(
        default=default, metadata=metadata | ({"option": read} if read else {})
    )


def again(cls: type, name: str, default: Any, **changed: Any) -> Any:
    """The field `name` of the dataclass `cls` for a subclass, with another default.

    `changed`: metadata that differs, such as a help text.
    """
    field = {field.name: field for field in options(cls)}[name]
    return dataclasses.field(default=default, metadata={**field.metadata, **changed})


def options(of: Any) -> list[dataclasses.Field]:
    """The fields of a dataclass, or of one of its instances, that a user may set."""
    return [field for field in dataclasses.fields(of) if field.metadata]


def as_option(name: str) -> str:
    """The command-line option of the field `name`; `from_` is --from, which Python reserves."""
    return "--" + name.rstrip("_").replace("_", "-")


def problems(values: Any, called: Callable[[str], str] = str) -> Iterator[str]:
    """A sentence for each field of the instance `values` whose value is not allowed.

    Args:
        called: field name → its name in the sentence, such as "--seed".
    """
    for field in options(values):
        value = getattr(values, field.name)
        # The annotation is a string if its module postpones annotations, else a class.
        kind = str(getattr(field.type, "__name__", field.type))
        if wrong := _problem(value, kind, field.metadata):
            yield wrong.format(name=called(field.name), value=numbers.shown(value))


def _problem(value: Any, kind: str, metadata: Any) -> str | None:
    """The error of one value as a template, or None; `kind` is the name of the field's type."""
    choices = metadata["choices"]
    if choices and value not in choices:
        return f"unknown {{name}} {{value}}, known: {', '.join(map(str, choices))}"
    if kind == "bool" and not isinstance(value, bool):
        return "{name} must be true or false, not {value}"
    if kind == "str" and not isinstance(value, str):
        return "{name} must be a word, not {value}"
    if kind in ("int", "float"):
        wrong = numbers.outside(value, int if kind == "int" else float, metadata["range"])
        return f"{{name}} must be {wrong}, not {{value}}" if wrong else None
    return None


def ignored(values: Any, names: Any, unknown: tuple[str, ...] = ()) -> Iterator[str]:
    """A sentence for each of the fields `names` that nothing reads in `values`.

    `unknown` names fields whose values are not final, such as label_kind before the data is open;
    fields that depend on them are skipped.
    """
    wanted = set(names)
    for field in options(values):
        for other, read in field.metadata["only"].items() if field.name in wanted else ():
            value = getattr(values, other)
            if other not in unknown and value not in read:
                yield f"{field.name} is read only where {other} is {_named(read)}; it is {value}"


def _named(values: tuple | Above) -> str:
    if isinstance(values, Above):
        return str(values)
    known = ", ".join(map(str, values))
    return known if len(values) == 1 else f"one of {known}"


def refuse_ignored(
    values: Any, names: Iterable[str], unknown: tuple[str, ...] = ("label_kind",)
) -> None:
    """Raise ValueError if nothing reads one of the recipe's fields `names`; see `ignored`."""
    if found := list(ignored(values, names, unknown)):
        raise ValueError(f"Recipe {values.name}: {'; '.join(found)}.")
