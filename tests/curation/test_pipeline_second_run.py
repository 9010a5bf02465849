"""What a second run does: with new, changed and renamed pictures, and with a person's word."""

import shutil

import numpy as np
import pytest
from PIL import Image

from benchmarks import scenes
from curation.decisions import Rules
from datasets.errors import DataError
from tests.curation.outcome import by_picture, files, looked_at, rows


def test_only_new_pictures_are_looked_at(raw, tmp_path, run):
    assert looked_at(run()) == "4 of them looked at now."
    first = (tmp_path / "out" / "manifest.csv").read_bytes()
    assert looked_at(run()) == "0 of them looked at now."
    assert (tmp_path / "out" / "manifest.csv").read_bytes() == first
    scenes.portrait(9, 96).save(raw / "e.png")
    assert looked_at(run()) == "1 of them looked at now."
    assert len(files(tmp_path / "out" / "faces")) == 5


def test_a_changed_picture_is_looked_at_again(raw, tmp_path, run):
    run()
    before = by_picture(tmp_path / "out")
    scenes.portrait(9, 100).save(raw / "a.png")
    assert looked_at(run()) == "1 of them looked at now."
    after = by_picture(tmp_path / "out")
    assert after["a.png"]["side"] == "100"
    assert after["b.png"] == before["b.png"]
    kept = files(tmp_path / "out" / "faces")
    assert kept == {row["face"] for row in after.values()}
    assert before["a.png"]["face"] not in kept


def test_two_pictures_that_change_places_are_not_lost(raw, tmp_path, run):
    run()
    (raw / "a.png").rename(raw / "t.png")
    (raw / "b.png").rename(raw / "a.png")
    (raw / "t.png").rename(raw / "b.png")
    run()
    assert {row["kept"] for row in rows(tmp_path / "out")} == {"yes"}


def test_a_picture_that_went_leaves_its_face_among_the_dropped(raw, tmp_path, run):
    shutil.copy(raw / "a.png", raw / "z.png")
    run()
    assert by_picture(tmp_path / "out")["z.png"]["why"] == "the same file as a.png"
    (raw / "a.png").unlink()
    run()
    found = by_picture(tmp_path / "out")
    assert found["a.png"]["why"] == "its picture is gone"
    assert found["z.png"]["kept"] == "yes"  # what it was a copy of is no more
    assert len(files(tmp_path / "out" / "dropped")) == 1


def test_a_renamed_picture_keeps_its_face(raw, tmp_path, run):
    run()
    (raw / "a.png").rename(raw / "other.png")
    run()
    assert by_picture(tmp_path / "out")["other.png"]["kept"] == "yes"


def test_a_decision_follows_a_renamed_picture(raw, tmp_path, run):
    run()
    out = tmp_path / "out"
    (out / "drop.txt").write_text(f"drop {by_picture(out)['a.png']['face']}\n")
    (raw / "sub").mkdir()
    (raw / "a.png").rename(raw / "sub" / "new.png")
    lines = run()
    found = by_picture(out)
    assert (found["sub/new.png"]["kept"], found["sub/new.png"]["why"]) == ("no", "by hand")
    assert found["a.png"]["why"] == "its picture is gone"
    assert "do not exist" not in " ".join(lines)
    page = (out / "review.html").read_text()
    assert f'"file": "{found["sub/new.png"]["face"]}", "why": "", "hand": true' in page
    scenes.portrait(9, 96).save(raw / "a.png")  # another picture takes the name
    run()
    found = by_picture(out)
    assert (found["a.png"]["kept"], found["sub/new.png"]["why"]) == ("yes", "by hand")


def test_a_decision_stays_with_its_picture_in_an_exchange_of_names(raw, tmp_path, run):
    run()
    out = tmp_path / "out"
    (out / "drop.txt").write_text(f"drop {by_picture(out)['a.png']['face']}\n")
    (raw / "a.png").rename(raw / "t.png")
    (raw / "b.png").rename(raw / "a.png")
    (raw / "t.png").rename(raw / "b.png")
    run()
    found = by_picture(out)
    assert (found["a.png"]["kept"], found["b.png"]["why"]) == ("yes", "by hand")
    pixels = np.asarray(Image.open(out / "dropped" / found["b.png"]["face"]))
    np.testing.assert_array_equal(pixels, np.asarray(scenes.portrait(0, 96).convert("RGB")))


def test_keeping_a_face_does_not_keep_it_twice(raw, tmp_path, run):
    """The face of the old name goes, although its line says keep."""
    run(rules=Rules(least=97))
    out = tmp_path / "out"
    (out / "drop.txt").write_text(f"keep {by_picture(out)['a.png']['face']}\n")
    run(rules=Rules(least=97))
    (raw / "a.png").rename(raw / "new.png")
    run(rules=Rules(least=97))
    assert files(out / "faces") == {by_picture(out)["new.png"]["face"]}


def test_a_persons_word_moves_files(raw, tmp_path, run):
    run(rules=Rules(least=97))
    out = tmp_path / "out"
    first, second, *_ = sorted(files(out / "dropped"))
    assert not files(out / "faces")
    (out / "drop.txt").write_text(f"keep {first}\nkeep {second}\ndrop nobody.png\n")
    lines = run(rules=Rules(least=97))
    assert files(out / "faces") == {first, second}
    assert "drop.txt names 1 faces that do not exist ('nobody.png')." in lines
    (out / "drop.txt").write_text(f"drop {first}\n")
    run()
    assert files(out / "dropped") == {first}
    assert {row["why"] for row in rows(out) if row["face"] == first} == {"by hand"}


def test_faces_that_are_deleted_by_hand_stay_away(raw, tmp_path, run):
    run()
    out = tmp_path / "out"
    first, second, *_ = sorted(files(out / "faces"))
    (out / "faces" / first).unlink()
    (out / "drop.txt").write_text(f"keep {first}\n")
    lines = run()
    assert "3 of 4 faces stay." in lines
    assert {row["why"] for row in rows(out) if row["face"] == first} == {"its file is gone"}
    (out / "faces" / second).write_bytes(b"damaged")
    with pytest.raises(DataError, match=rf"face '.*{second}' cannot be read: .*Delete it to leave"):
        run()
    (out / "faces" / second).unlink()
    assert "2 of 4 faces stay." in run()
    described = []

    def features(pictures):
        described.extend(pictures)
        return pictures.mean(axis=(1, 2)).astype("float32")

    assert "2 of 4 faces stay." in run(features=features)  # what is gone needs none
    assert len(described) == 2
    (raw / f"{first[0]}.png").unlink()  # and so has its picture
    assert "2 of 4 faces stay." in run()


def test_another_tagger_tags_anew(raw, tmp_path, run):
    said = [lambda pictures: [{"smile": 0.9}] * len(pictures),
            lambda pictures: [{"hat": 0.9}] * len(pictures)]  # fmt: skip
    run(tagger=said[0], tagger_name="first")
    run(tagger=said[1], tagger_name="first")
    assert "smile" in rows(tmp_path / "out")[0]
    run(tagger=said[1], tagger_name="second")
    assert "smile" not in rows(tmp_path / "out")[0]
    assert rows(tmp_path / "out")[0]["hat"] == "0.9"
