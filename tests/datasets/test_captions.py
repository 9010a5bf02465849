"""Captions: of files, of a CSV, and made from what a face shows."""

import json

import pytest

from datasets import ATTRIBUTES, DataError, captions, faces, split
from tests.datasets.conftest import first_values, save_picture

# === Made from attributes ===

GIRL = ("blue hair", "long hair", "drill hair", "smile", "glasses", "red eyes")
BARE = ("red hair", "pink eyes")


def test_wordings_to_train_on():
    assert captions.of_attributes(GIRL) == (
        "a girl with long blue hair in drills, red eyes, glasses and a smile",
        "a girl with long blue hair in drills and glasses",
        "blue hair, long hair, drill hair, smile, glasses, red eyes",
        "blue hair, long hair, drill hair, smile, glasses",
        "an anime face: long blue hair in drills, red eyes, glasses, a smile",
        "she has long blue hair in drills, red eyes and a smile and she wears glasses",
    )
    assert captions.of_attributes(BARE) == (
        "a girl with red hair and pink eyes",
        "a girl with red hair",
        "red hair, pink eyes",
        "red hair",
        "an anime face: red hair, pink eyes",
        "she has red hair and pink eyes",
    )


@pytest.mark.parametrize(
    ("attributes", "message"),
    [(("red hair", "hat"), "one eye colour; there is none among 'hat', 'red hair'"),
     (("red eyes",), "one hair colour; there is none among 'red eyes'"), ((), "among nothing")],
)  # fmt: skip
def test_a_face_has_two_colours(attributes, message):
    with pytest.raises(DataError, match=message):
        captions.of_attributes(attributes)


def test_wordings_held_out():
    assert captions.of_attributes(GIRL, held_out=True) == (
        "she wears glasses and she has a smile, red eyes and long blue hair in drills",
        "an anime girl: a smile, glasses, red eyes, long blue hair in drills",
        "red eyes, glasses, smile, drill hair, long hair, blue hair",
    )
    assert captions.of_attributes(BARE, held_out=True)[0] == "she has pink eyes and red hair"


def words_of(sentences):
    return {word.strip(",:") for sentence in sentences for word in sentence.split()}


@pytest.fixture(scope="module")
def told():
    """Of 300 faces: the attributes that are on, captions to train on, captions held out."""
    on = [[name for name, value in zip(ATTRIBUTES, row, strict=True) if value]
          for row in faces.labels(300)]  # fmt: skip
    return [(names, captions.of_attributes(names), captions.of_attributes(names, True))
            for names in on]  # fmt: skip


def test_held_out_sentences_are_new_but_their_words_are_not(told):
    training = {text for _, texts, _ in told for text in texts}
    held_out = {text for _, _, texts in told for text in texts}
    assert not training & held_out
    assert words_of(held_out) <= words_of(training)


SAID = {"twintails": "twintails", "drill hair": "drill", "ponytail": "ponytail", "blush": "blush",
        "smile": "smile", "open mouth": "open", "hat": "hat", "ribbon": "ribbon",
        "glasses": "glasses", "long hair": "long", "short hair": "short"}  # fmt: skip


def test_what_is_said_is_true_and_the_long_wordings_say_all(told):
    for names, training, held_out in told:
        for text in (*training, *held_out):
            for name, word in SAID.items():
                assert name in names or word not in text, (text, names)
        for text in (training[0], training[2], training[4], training[5], *held_out):
            for name in names:
                said = SAID.get(name, name)
                assert said in text, (text, name)


def test_every_picture_has_several_and_none_twice(told):
    assert {len(training) for _, training, _ in told} == {6}
    assert all(len(set(texts)) == len(texts) for each in told for texts in each[1:])


def test_drawn_captions(opened):
    data = opened("faces", count=20, captions="drawn")
    on = [[name for name, value in zip(ATTRIBUTES, row, strict=True) if value]
          for row in faces.labels(20)]  # fmt: skip
    assert data.captions == tuple(map(captions.of_attributes, on))
    assert data.captions == captions.of_labels(data.labels)
    held_out = captions.of_labels(data.labels, held_out=True)
    assert held_out[3] == captions.of_attributes(on[3], held_out=True)
    assert data.report() == ["20 pictures of 'faces' at 8 px; 34 attributes, 120 captions."]
    bare = opened("faces", count=20, captions="drawn", labels="none")
    assert (bare.labels, bare.captions) == (None, data.captions)


# === Files ===


def write(folder, **texts):
    for name, text in texts.items():
        (folder / f"{name.removeprefix('n')}.txt").write_text(text, "utf-8")


def test_one_text_beside_each_picture(opened, folder):
    save_picture(folder / "deep" / "0.png", (77, 77, 77))
    write(folder, n0="\ufeffa zero\n  null \n\n", n2="two", n5="fünf", n9="nine", readme="hello")
    write(folder / "deep", n0="seventy-seven", **{"._0": "left by another system"})
    data = opened(folder, captions="files")
    assert first_values(data.images) == [0, 2, 5, 77]
    assert data.captions == (("a zero", "null"), ("two",), ("fünf",), ("seventy-seven",))
    why = "has no .txt beside it"
    assert data.left_out == [("1.png", why), ("3.png", why), ("4.png", why)]
    assert data.notes == [
        "pictures: captions of pictures that are not there: 2 ('9.txt', 'readme.txt')."
    ]


def test_a_csv_of_captions(opened, folder):
    path = folder.parent / "c.csv"
    path.write_text(
        'file,caption\n3.png,"three, or so"\n0.png,zero\n3.png, drei \nx/9.png,a\n'
        "9.png,b\n9.png,c\n"
    )
    data = opened(folder, captions=path)
    assert first_values(data.images) == [0, 3]
    assert data.captions == (("zero",), ("three, or so", "drei"))
    assert data.left_out[0] == ("1.png", "has no caption in c.csv")
    assert data.notes == ["c.csv: captions of pictures that are not there: 2 ('x/9.png', '9.png')."]


def test_captions_and_labels_stay_with_their_pictures_past_bad_files(opened, folder):
    write(folder, n0="zero", n1="one", n2="two", n3="three", n5="five")
    (folder / "2.png").write_bytes(b"")
    lines = ["file,label", "5.png,b", "0.png,a", "1.png,b", "2.png,a", "4.png,a"]
    (folder.parent / "l.csv").write_text("\n".join(lines))
    data = opened(folder, captions="files", labels=folder.parent / "l.csv")
    assert first_values(data.images) == [0, 1, 5]
    assert data.captions == (("zero",), ("one",), ("five",))
    assert [data.labels.names[i] for i in data.labels.values] == ["a", "b", "b"]
    assert [name for name, _ in data.left_out] == ["3.png", "4.png", "2.png"]
    assert split(data, ["b"])[0].captions == (("one",), ("five",))


def test_the_fingerprint_changes_with_the_captions(opened, folder):
    path = folder.parent / "c.csv"
    prints = [opened(folder).fingerprint]
    for text in ("zero", "null"):
        path.write_text(f"file,caption\n0.png,{text}\n")
        prints.append(opened(folder, captions=path).fingerprint)
    for text in ("zero", "a longer text"):
        write(folder, n0=text)
        prints.append(opened(folder, captions="files").fingerprint)
    assert len(set(prints)) == 5
    for labels in (None, "none"):  # captions of faces follow from the faces: one cache serves all
        plain, told = (
            opened("faces", count=2, captions=how, labels=labels) for how in (None, "drawn")
        )
        assert plain.fingerprint == told.fingerprint
    assert opened(folder).captions is opened("faces", count=2).captions is None


def test_without_captions_the_fingerprint_is_that_of_before_there_were_any(opened):
    """Caches that people have stay good: these digits are those of version 1.0."""
    assert opened("triangles", count=3).fingerprint == BEFORE


def test_they_lie_beside_the_labels(opened, folder):
    write(folder, n0="zero")
    data = opened(folder, captions="files")
    assert json.loads((data.folder / "captions.json").read_text()) == [["zero"]]
    assert opened(folder, captions="files").captions == (("zero",),)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "must start with the header 'file,caption'; its first line is ''"),
        ("0.png,zero\n", "its first line is '0.png,zero'"),
        ("file,label\n0.png,zero\n", "its first line is 'file,label'"),
        ("file,caption\n0.png,a,b\n", "line 2: 3 values, not a file and a caption.*in quotes"),
        ("file,caption\n0.png,zero\n1.png, \n", "line 3: the caption of '1.png' is empty"),
        ("file,caption\nx.png,a\ny.png,b\n", "none of the pictures; it names 'x.png', 'y.png'"),
    ],
)
def test_bad_csv_files(opened, folder, content, message):
    path = folder.parent / "c.csv"
    path.write_text(content)
    with pytest.raises(DataError, match=message) as error:
        opened(folder, captions=path)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        ({}, "has a caption for none of the pictures; it names nothing"),
        ({"x": "a"}, "none of the pictures; it names 'x.txt'"),
        ({"n0": "a", "n1": " \n\n"}, r"The caption file '.*1.txt' is empty; write a caption"),
    ],
)
def test_bad_text_files(opened, folder, texts, message):
    write(folder, **texts)
    with pytest.raises(DataError, match=message) as error:
        opened(folder, captions="files")
    assert "\n" not in str(error.value)


def test_what_is_no_text(opened, folder):
    with pytest.raises(DataError, match=r"The caption file .* cannot be read: it is not UTF-8"):
        opened(folder, captions=folder / "0.png")
    (folder / "0.txt").write_bytes(b"\xff\xfe\xff")
    with pytest.raises(DataError, match=r"The caption .*0.txt cannot be read: it is not UTF-8"):
        opened(folder, captions="files")
    (folder / "0.txt").unlink()
    (folder / "0.txt").symlink_to("nowhere")
    with pytest.raises(DataError, match=r"Cannot read .*0.txt.*No such file"):
        opened(folder, captions="files")


def test_captions_that_do_not_go_with_the_data(opened, folder):
    for spec, how, message in (
        (folder, "drawn", "made for 'faces' only"),
        ("mnist", "drawn", "made for 'faces' only"),
        ("faces", "files", "Captions 'files' are for a folder of pictures, not 'faces'"),
        ("triangles", "c.csv", "Captions 'c.csv' are for a folder"),
        (folder, "nowhere", "Captions 'nowhere' are neither a CSV file nor 'files'"),
    ):
        with pytest.raises(DataError, match=message):
            opened(spec, captions=how)


def test_no_picture_with_both(opened, folder):
    write(folder, n0="zero")
    (folder.parent / "l.csv").write_text("file,label\n1.png,a\n")
    with pytest.raises(DataError, match="No picture of 'pictures' has both a label and a caption"):
        opened(folder, captions="files", labels=folder.parent / "l.csv")


BEFORE = "29a6ddf2bdf3"
