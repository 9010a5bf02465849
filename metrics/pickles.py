"""Read a pickle of plain values and calls of known functions, without `pickle`.

A pickle is a program for a small stack machine. `pickle` runs all of it: it imports, calls, sets
attributes, hashes nested keys for hours and makes room for 2³² values at the word of nine bytes.
This machine has only the instructions that a state dict needs. It calls nothing but the functions
that it is given, and changes nothing but lists and dicts that it has made.
"""

import io
import pickletools
from collections.abc import Callable, Mapping
from typing import Any

from foreign.names import printable
from foreign.records import Unreadable

_MARK = object()
_CONSTANTS = {"NONE": None, "NEWTRUE": True, "NEWFALSE": False}
_VALUES = {
    "BININT", "BININT1", "BININT2", "LONG1", "BINFLOAT", "BINUNICODE", "SHORT_BINUNICODE",
    "BINUNICODE8", "BINSTRING", "SHORT_BINSTRING",
}  # fmt: skip
_TUPLES = {"EMPTY_TUPLE": 0, "TUPLE1": 1, "TUPLE2": 2, "TUPLE3": 3}


class PickleError(Exception):
    """A pickle that is damaged, or that does more than hold values."""


def load(
    file: io.BytesIO,
    known: Mapping[tuple[str, str], Any],
    persistent: Callable[[Any], Any] | None = None,
) -> Any:
    """The value of the pickle that begins where `file` stands; `file` then stands at its end.

    Args:
        known: (module, name) → the object that stands for it; the ones that are callable may be
            called by the pickle.
        persistent: reference → the data outside the pickle that it stands for.

    Raises `PickleError`.
    """
    machine = _Machine(known, persistent)
    try:
        for instruction, argument, _ in pickletools.genops(file):
            if instruction.name != "STOP":  # without one, `genops` raises ValueError
                machine.do(instruction.name, argument)
        return machine.pop()
    except (PickleError, Unreadable):
        raise
    except Exception as error:  # damaged bytes can raise anything
        reason = printable(str(error))[:100]
        raise PickleError(f"its pickle is damaged: {reason or type(error).__name__}") from error


class _Machine:
    def __init__(self, known, persistent):
        self._known, self._persistent = known, persistent
        self._stack: list[Any] = []
        self._memo: dict[int, Any] = {}

    def pop(self) -> Any:
        value = self._stack.pop()
        if value is _MARK:
            raise PickleError("its pickle is damaged: a value is missing")
        return value

    def do(self, name: str, argument: Any) -> None:
        """Carry out one instruction."""
        push = self._stack.append
        if name in ("PROTO", "FRAME"):
            return
        if name in _VALUES:
            push(argument)
        elif name in _CONSTANTS:
            push(_CONSTANTS[name])
        elif name == "MARK":
            push(_MARK)
        elif name in _TUPLES:
            count = _TUPLES[name]
            push(tuple(reversed([self.pop() for _ in range(count)])))
        elif name == "TUPLE":
            push(tuple(self._since_mark()))
        elif name in ("EMPTY_LIST", "EMPTY_DICT"):
            push([] if name == "EMPTY_LIST" else {})
        elif name in ("BINPUT", "LONG_BINPUT"):
            self._memo[argument] = self._stack[-1]
        elif name == "MEMOIZE":
            self._memo[len(self._memo)] = self._stack[-1]
        elif name in ("BINGET", "LONG_BINGET"):
            push(self._memo[argument])
        else:
            self._change(name, argument)

    def _change(self, name: str, argument: Any) -> None:
        push = self._stack.append
        if name in ("APPEND", "APPENDS"):
            added = [self.pop()] if name == "APPEND" else self._since_mark()
            self._top(list).extend(added)
        elif name in ("SETITEM", "SETITEMS"):
            added = [self.pop(), self.pop()][::-1] if name == "SETITEM" else self._since_mark()
            set_items(self._top(dict), added[::2], added[1::2])
        elif name == "GLOBAL":
            push(self._find(*argument.split(" ", 1)))
        elif name == "STACK_GLOBAL":
            last = self.pop()
            push(self._find(self.pop(), last))
        elif name == "BINPERSID":
            if self._persistent is None:
                raise PickleError("an unknown reference to data outside the pickle")
            push(self._persistent(self.pop()))
        elif name == "REDUCE":
            arguments, function = self.pop(), self.pop()
            if not callable(function) or type(arguments) is not tuple:
                raise PickleError("it calls what is no function")
            push(function(*arguments))
        elif name == "BUILD":  # attributes of a state dict, such as its _metadata
            self.pop()
            self._top(dict)
        else:
            raise PickleError(f"it has the instruction {name}, which no tensor needs")

    def _top(self, kind: type) -> Any:
        if type(self._stack[-1]) is not kind:
            raise PickleError(f"it changes something that is no {kind.__name__}")
        return self._stack[-1]

    def _since_mark(self) -> list[Any]:
        found: list[Any] = []
        while (value := self._stack.pop()) is not _MARK:
            found.append(value)
        return found[::-1]

    def _find(self, module: Any, name: Any) -> Any:
        if type(module) is not str or type(name) is not str:
            raise PickleError("it asks for something without a name")
        if (module, name) not in self._known:
            wanted = printable(f"{module}.{name}")
            raise PickleError(f"it asks for {wanted[:80]}, which is not a tensor")
        return self._known[module, name]


def set_items(target: dict, keys: list[Any], values: list[Any]) -> dict:
    """Add the items to `target`, which is returned. Keys are texts or whole numbers only."""
    if not all(type(key) in (str, int) for key in keys):
        raise PickleError("it has a key that is no name")
    target.update(zip(keys, values, strict=True))
    return target


def ordered_dict(pairs: Any = ()) -> dict:
    """What `collections.OrderedDict` is for a pickle: a dict, of pairs if some are given."""
    if type(pairs) not in (tuple, list) or not all(
        type(pair) in (tuple, list) and len(pair) == 2 for pair in pairs
    ):
        raise PickleError("it has a dict that is not made of pairs")
    return set_items({}, [pair[0] for pair in pairs], [pair[1] for pair in pairs])
