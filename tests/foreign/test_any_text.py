"""Any text is read or refused by an error of this project; what the project writes is read back."""

import argparse
import contextlib
import csv
import dataclasses
import io
import json
import os
import string

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from console.errors import UserError
from datasets import captions, conditions, labels, shapes
from datasets.errors import DataError
from foreign import bounds, files, names, numbers, records
from models import forms, recipes
from models.systems import recipe_of
from runs.rows import read_rows
from training import cli
from training.callbacks.csv_log import CSVLog

few = settings(max_examples=50, deadline=None, derandomize=True, database=None)
# Also bytes of names that are not UTF-8, as Python keeps them.
TEXT = st.lists(st.characters() | st.just("\udcff"), max_size=60).map("".join)
WORDS = st.text(string.ascii_letters + string.digits + " -_,.'\"éß½", min_size=1, max_size=12)
WHOLE = st.integers(-(10**29), 10**29)
JSON = st.recursive(
    st.none() | st.booleans() | WHOLE | st.floats(allow_nan=False) | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=12,
)
# Text that is nearly JSON, or nearly a table.
SCRAPS = st.lists(
    st.sampled_from([*'{}[],:"\n\\', "1e999", "-", "null", "NaN", "file", "age", "label"]) | TEXT,
    max_size=20,
).map("".join)


def one_line(error, longest=10_000):
    assert str(error).strip()
    assert "\n" not in str(error)
    assert len(str(error)) <= longest


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    return tmp_path_factory.mktemp("any")


@few
@given(value=JSON)
def test_records_are_read_as_they_were_written(place, value):
    files.write_json(place / "a.json", value)
    assert records.read_json(place / "a.json") == value


@few
@given(content=st.binary(max_size=60) | SCRAPS.map(lambda text: text.encode("utf-8", "replace")))
def test_any_bytes_as_a_record_and_as_a_table(place, content):
    (place / "a").write_bytes(content)
    for read in (records.read_json, records.read_table):
        try:
            read(place / "a")
        except records.Unreadable as error:
            one_line(error)


@few
@given(value=JSON)
def test_any_record_fits_a_form_or_is_told_in_one_line(value):
    for form in (forms.RUN, forms.METADATA, forms.LABELS, [records.Every((int, None))]):
        if wrong := records.misfit(value, form):
            one_line(names.printable(wrong), 400)


@few
@given(rows=st.lists(st.lists(WORDS, min_size=2, max_size=4), max_size=6))
def test_tables_are_read_as_they_were_written(place, rows):
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    files.write_text(place / "a.csv", text.getvalue())
    assert [line for _, line in records.read_table(place / "a.csv")] == rows


@few
@given(values=st.lists(st.floats(), min_size=1, max_size=6))
def test_losses_are_read_as_they_were_logged(place, values):
    path = place / "losses.csv"
    path.unlink(missing_ok=True)
    log = CSVLog(path)
    for step, value in enumerate(values, 1):
        log.on_rows([{"step": float(step), "loss/1": value}])
    log.close()
    found = read_rows(path)
    assert [row["step"] for row in found] == list(range(1, len(values) + 1))
    for row, value in zip(found, values, strict=True):
        assert row["loss/1"] == pytest.approx(value, rel=1e-6, abs=0, nan_ok=True)


@few
@given(value=st.integers(0, bounds.COUNT), text=TEXT | SCRAPS)
def test_numbers_of_the_command_line(value, text):
    assert numbers.whole()(str(value)) == value
    for read in (numbers.whole(1, 8), numbers.real(above=0), numbers.plain(int), numbers.seed):
        try:
            assert isinstance(read(text), int | float)
        except argparse.ArgumentTypeError as error:
            one_line(error, 300)


@few
@given(value=st.floats(allow_nan=False, allow_infinity=False))
def test_floats_of_the_command_line(value):
    assert numbers.real()(repr(value)) == value


@few
@given(text=TEXT)
@example("\ud800")  # JSON can hold half a letter
@example("\udcff")
def test_names_of_files(text):
    shown = names.printable(text)
    assert shown.isprintable()
    assert names.printable(shown) == shown
    try:
        assert names.word(text) == text
        assert b"\0" not in os.fsencode(text)
    except argparse.ArgumentTypeError as error:
        one_line(names.printable(str(error)))


@few
@given(width=st.integers(1, 999_999), height=st.integers(1, 999_999), text=TEXT | SCRAPS)
def test_resolutions(width, height, text):
    assert shapes.parse(f"{width}x{height}") == (height, width)
    with contextlib.suppress(DataError):
        shapes.parse(text)


@few
@given(text=SCRAPS, wanted=st.lists(WORDS, max_size=3))
def test_any_text_as_labels_captions_and_conditions(place, text, wanted):
    pictures = ["a.png", "b/c.png"]
    for head in ("file,label\n", "file,age,sex\n", "file,smile\n", "file,caption\n", ""):
        content = f"{head}a.png,1\n{text}"
        (place / "any.csv").write_text(content, "utf-8", errors="replace")
        for read in (labels.from_csv, captions.from_csv):
            try:
                read(place / "any.csv", pictures)
            except DataError as error:
                one_line(names.printable(str(error)))
    with contextlib.suppress(DataError, ValueError):
        conditions.parse(text, wanted)


@few
@given(scores=st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=5),
       attributes=st.lists(WORDS.map(str.strip).filter(bool), min_size=2, max_size=2,
                           unique=True))  # fmt: skip
def test_labels_are_read_as_they_were_written(place, scores, attributes):
    pictures = [f"{number}.png" for number in range(len(scores))]
    if attributes[0].lower() in (*labels.CLASS_COLUMNS, labels.AGE):
        return
    text = io.StringIO()
    rows = ([name, *map(int, row)] for name, row in zip(pictures, scores, strict=True))
    csv.writer(text).writerows([["file", *attributes], *rows])
    files.write_text(place / "labels.csv", text.getvalue())
    try:
        found = labels.from_csv(place / "labels.csv", pictures)
    except DataError as error:  # such as an attribute that nobody has
        one_line(error)
        return
    assert found.rows == list(range(len(scores)))
    known = dict(zip(attributes, zip(*scores, strict=True), strict=True))
    for name, column in zip(found.labels.names, found.labels.values.T, strict=True):
        assert tuple(column) == known[name]


@pytest.mark.parametrize("name", ["SAGAN_V6", "pggan", "srgan", "caae", "cyclegan"])
def test_recipes(name):
    recipe = recipes.load(name)
    assert recipe_of(json.loads(json.dumps(recipe.to_dict()))) == recipe
    fields = st.sampled_from([field.name for field in dataclasses.fields(recipe)] + ["nothing"])

    @few
    @given(changes=st.dictionaries(fields, JSON | st.integers(1, 64) | st.floats(0, 1), max_size=2))
    def any_values(changes):
        try:
            changed = recipe_of(recipe.to_dict() | changes)
        except ValueError as error:
            one_line(names.printable(str(error)))
        else:
            assert recipe_of(json.loads(json.dumps(changed.to_dict()))) == changed

    any_values()


def test_any_text_for_any_option(capsys):
    recipe = recipes.load("pggan")
    parser = cli.build_parser(None, recipe)
    known = [each for each in parser._actions if each.option_strings and each.nargs != 0]
    options = st.sampled_from([each.option_strings[0] for each in known])

    @few
    @given(option=options, text=TEXT | WHOLE.map(str))
    def any_value(option, text):
        try:
            parser.parse([recipe.name, f"{option}={text}"])
        except SystemExit:
            one_line(capsys.readouterr().err.rstrip("\n"))
        except UserError as error:
            one_line(error)

    any_value()
