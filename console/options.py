"""Command-line options made from dataclass fields, so that every field is an option, once.

A field's metadata holds `help`, `group` and, if only some values are allowed, `choices`.
"""

from __future__ import annotations

import argparse
import dataclasses
import difflib
import types
import typing
from collections.abc import Collection, Sequence
from typing import Any, NoReturn

from console.screen import say_error
from foreign import numbers


class Parser(argparse.ArgumentParser):
    """An `ArgumentParser` whose errors are one line that names the nearest known word."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(allow_abbrev=False, **settings)
        self.others: dict[str, str] = {}  # options of other systems only: option → system

    def error(self, message: str) -> NoReturn:
        """Print one line on stderr and leave with exit code 2."""
        say_error(self.prog, message)
        raise SystemExit(2)

    def parse(self, arguments: Sequence[str] | None) -> argparse.Namespace:
        """Like `parse_args`; an unknown option is answered with the nearest known one."""
        parsed, unknown = self.parse_known_args(arguments)
        if unknown:
            self.error(self._unknown_option(unknown[0]))
        return parsed

    def _unknown_option(self, word: str) -> str:
        if not word.startswith("-"):
            return f"unexpected argument {word!r}; --help lists the options"
        known = [name for action in self._actions for name in action.option_strings]
        option = word.split("=", 1)[0]
        if option in self.others:
            return f"{option} is only for recipes of the system {self.others[option]}"
        return f"unknown option {option}{nearest(option, known)}; --help lists them all"

    def _check_value(self, action: argparse.Action, value: Any) -> None:
        if action.choices is not None and value not in action.choices:
            known = [str(choice) for choice in action.choices]
            close = nearest(str(value), known)
            words = f"{numbers.shown(str(value))} is unknown{close}. Known: {', '.join(known)}"
            raise argparse.ArgumentError(action, words)


def nearest(word: str, known: Sequence[str]) -> str:
    """`" (did you mean X?)"` for the known word closest to `word`; "" if none is close."""
    folded = {name.lower(): name for name in known}
    close = difflib.get_close_matches(word.lower(), list(folded), n=1, cutoff=0.6)
    return f" (did you mean {folded[close[0]]}?)" if close else ""


def add_fields(
    parser: argparse.ArgumentParser,
    dataclass: type,
    defaults: dict[str, Any] | None = None,
    skip: Collection[str] = (),
    hidden: Collection[str] = (),
) -> None:
    """Add one option per field of `dataclass`, in argument groups named by the fields' metadata.

    Options that were not given are absent from the parsed namespace: a resumed run must tell "not
    given" from "given the default value". `defaults` replaces the defaults in the help text.
    `hidden` fields are accepted but not listed.
    """
    hints = typing.get_type_hints(dataclass)
    groups = {group.title: group for group in parser._action_groups}
    for field in dataclasses.fields(dataclass):
        if field.name in skip:
            continue
        title = field.metadata.get("group", "other")
        if title not in groups:
            groups[title] = parser.add_argument_group(title)
        default = (defaults or {}).get(field.name, _default(field))
        groups[title].add_argument(
            _option(field.name),
            dest=field.name,
            default=argparse.SUPPRESS,
            help=argparse.SUPPRESS if field.name in hidden else _help(field, default),
            **_value(field, hints[field.name]),
        )


def add_names(parser: argparse.ArgumentParser, classes: Sequence[type]) -> None:
    """Add one option per field of all `classes`, without converting or checking values.

    This is for a first look at a command line, before the right class is known.
    """
    hints: dict[str, Any] = {}
    for each in classes:
        hints |= typing.get_type_hints(each)
    names = dict.fromkeys(f.name for each in classes for f in dataclasses.fields(each))
    taken = {action.dest for action in parser._actions}
    for name in (name for name in names if name not in taken):
        kind: dict[str, Any] = {"nargs": 1}
        if hints[name] is bool:
            kind = {"action": argparse.BooleanOptionalAction}
        parser.add_argument(_option(name), dest=name, default=argparse.SUPPRESS, **kind)


def given(parsed: argparse.Namespace, dataclass: type) -> dict[str, Any]:
    """The fields of `dataclass` that were given on the command line."""
    names = {field.name for field in dataclasses.fields(dataclass)}
    return {name: value for name, value in vars(parsed).items() if name in names}


def _option(name: str) -> str:
    """The option of a field; an underscore at the end is for names that Python reserves."""
    return "--" + name.rstrip("_").replace("_", "-")


def _default(field: dataclasses.Field) -> Any:
    if field.default is not dataclasses.MISSING:
        return field.default
    return None if field.default_factory is dataclasses.MISSING else field.default_factory()


def _help(field: dataclasses.Field, default: Any) -> str:
    text = str(field.metadata.get("help", "")).replace("%", "%%")
    return text if default is None or default == "" else f"{text} (default: {default})"


def _value(field: dataclasses.Field, hint: Any) -> dict[str, Any]:
    """The argparse settings that read a value of the type `hint`."""
    if "option" in field.metadata:
        return dict(field.metadata["option"])
    if typing.get_origin(hint) in (typing.Union, types.UnionType):
        hint = next(kind for kind in typing.get_args(hint) if kind is not type(None))
    if hint is bool:
        return {"action": argparse.BooleanOptionalAction}
    choices = field.metadata.get("choices")
    if typing.get_origin(hint) is typing.Literal:
        choices, hint = typing.get_args(hint), str
    if choices:
        read = numbers.plain(hint) if hint in (int, float) else hint
        return {"type": read, "choices": list(choices), "metavar": "|".join(map(str, choices))}
    metavar = {int: "N", float: "X"}.get(hint, "NAME")
    # The ranges of numbers are checked by the dataclass.
    return {"type": numbers.plain(hint) if hint in (int, float) else hint, "metavar": metavar}
