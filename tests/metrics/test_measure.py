"""Everything at once: intervals, floor, notes, passports, sheets and plots."""

import json

import numpy as np
import pytest
from PIL import Image

from metrics import (
    frechet,
    intervals,
    manifold,
    measure,
    measures,
    neighbours,
    plots,
    prd,
    protocol,
)
from metrics.errors import MetricError
from metrics.extractors import Features
from metrics.intervals import Estimate

FAST = measure.Settings(bootstrap=4, prd_runs=1, prd_clusters=5, kernel_subset_size=20)


def cloud(count, seed, shift=0.0, width=6):
    rng = np.random.default_rng(seed)
    return Features(
        (rng.normal(size=(count, width)) + shift).astype(np.float32),
        rng.normal(size=(count, 4)).astype(np.float32),
    )


# --- Intervals -------------------------------------------------------------------------------


def test_interval_of_a_mean_is_the_textbooks():
    values = np.random.default_rng(0).normal(3, 2, 400)
    found = intervals.estimate(values.mean(), intervals.bootstrap_mean(values, 500, seed=1))
    assert found.standard_error == pytest.approx(values.std() / 20, rel=0.1)
    assert found.high - found.low == pytest.approx(2 * 1.96 * found.standard_error, rel=1e-4)


def test_interval_covers_the_truth_about_as_often_as_it_says():
    # Fréchet distance of N(0, I) and N(1, I), d = 2: 2, plus a bias of about 0.05 at n = 100.
    hits = 0
    for trial in range(40):
        real, fake = cloud(100, (trial, 0), 0, 2).pool, cloud(100, (trial, 1), 1, 2).pool

        def distance(ours, theirs, real=real, fake=fake):
            return frechet.frechet_distance(real[ours], fake[theirs])

        value = frechet.frechet_distance(real, fake)
        found = intervals.estimate(value, intervals.bootstrap(distance, 100, 100, 25, trial))
        hits += found.low <= 2.05 <= found.high
    assert hits >= 34  # 38 expected


def test_no_replicates_no_interval():
    assert intervals.bootstrap(lambda *_: 0.0, 5, 5, 0, 0) is None
    assert intervals.estimate(1.5, None).to_dict() == {"value": 1.5}
    assert intervals.estimate(1.5, np.array([1.4])).to_dict() == {"value": 1.5}  # one has no spread
    assert intervals.bootstrap_mean(np.arange(5.0), 1, 0) is None
    assert intervals.estimate(0.1, np.array([0.0, 0.3]), (0, 1)).low == 0


def test_estimate_by_hand():
    found = intervals.estimate(10.0, np.array([1.0, 2.0, 3.0]))
    assert found.standard_error == pytest.approx(1.0)  # divided by n - 1
    assert (found.low, found.high) == pytest.approx((10 - 1.959964, 10 + 1.959964))


def test_replicates_without_a_value_do_not_count():
    found = intervals.estimate(10.0, np.array([1.0, np.nan, 2.0, 3.0]))
    assert found.standard_error == pytest.approx(1.0)
    assert intervals.estimate(10.0, np.array([1.0, np.nan])).to_dict() == {"value": 10.0}


def test_three_pictures_have_finite_intervals(lite0):
    found = measure.measure(lite0, cloud(3, 1), cloud(3, 2), measures=("kernel",))
    one = found.estimates["KD-lite0@224"]
    assert np.isfinite([one.value, one.low, one.high]).all()


def test_one_subset_of_too_many_pictures_has_no_interval(lite0, monkeypatch):
    monkeypatch.setattr(measures, "ALL_PAIRS", 2)
    chosen = measure.Settings(bootstrap=4, kernel_subset_size=3)
    found = measure.measure(lite0, cloud(3, 1), cloud(3, 2), settings=chosen, measures=("kernel",))
    known = found.estimates["KD-lite0@224"].to_dict()
    assert known.keys() == {"value"}  # NaN is no JSON
    assert np.isfinite(known["value"])


def test_both_sides_are_redrawn_with_replacement():
    seen = []
    intervals.bootstrap(lambda *rows: seen.append(rows) or 0.0, 40, 60, 3, seed=0)
    for side, count in enumerate((40, 60)):
        for rows in seen:
            assert rows[side].shape == (count,)
            assert 0 <= rows[side].min() < rows[side].max() < count
            assert len(set(rows[side].tolist())) < 0.8 * count
    assert not np.array_equal(seen[0][1], seen[1][1])


def test_bootstrap_weights_draw_as_many_as_there_are():
    weights = intervals.bootstrap_weights(50, 7, 0)
    assert weights.shape == (50, 7)
    assert (weights.sum(axis=0) == 50).all()
    assert weights.max() > 1
    assert (weights == 0).mean() == pytest.approx(np.exp(-1), abs=0.1)


# --- All measures ----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def result(request):
    lite0 = request.getfixturevalue("lite0")
    labels = np.arange(60) % 3 - 1  # a third are of no class
    floor = measure.floor_of(
        lite0,
        cloud(30, 3),
        cloud(30, 4),
        settings=FAST,
        classes=measure.Classes(labels[:30], labels[30:]),
    )
    return measure.measure(
        lite0,
        cloud(60, 1),
        cloud(60, 2, 0.5),
        settings=FAST,
        floor=floor,
        classes=measure.Classes(labels, labels[::-1], ("cat", "dog"), "kind"),
    )


def test_every_measure_has_an_interval_and_a_floor(result):
    expected = {
        *("FD-lite0@224", "KD-lite0@224", "CS-lite0@224", "precision", "recall", "density"),
        *("coverage", "PRD F8", "PRD F1/8", "Intra-FD-lite0@224", "duplicate share"),
    }
    assert set(result.estimates) == expected
    for name, one in result.estimates.items():
        assert one.low <= one.value <= one.high, name
        assert one.floor is not None, name


def test_intra_class_distance_is_that_of_the_named_classes(result):
    real, fake, labels = cloud(60, 1).pool, cloud(60, 2, 0.5).pool, np.arange(60) % 3 - 1
    cats = frechet.frechet_distance(real[labels == 0], fake[labels[::-1] == 0])
    dogs = frechet.frechet_distance(real[labels == 1], fake[labels[::-1] == 1])
    assert result.per_class == pytest.approx({"cat": cats, "dog": dogs})
    one = result.estimates["Intra-FD-lite0@224"]
    assert one.value == pytest.approx((cats + dogs) / 2)
    ours, theirs = cloud(30, 3).pool, cloud(30, 4).pool
    floors = [
        frechet.frechet_distance(ours[labels[:30] == k], theirs[labels[30:] == k]) for k in (0, 1)
    ]
    assert one.floor == pytest.approx(np.mean(floors))
    (note,) = [note for note in result.notes if note.startswith("Intra-FD")]
    assert note.startswith("Intra-FD-lite0@224: 2 classes (kind), 20 to 20 pictures of each (the ")


def test_estimates_are_the_measures_themselves(result):
    real, fake = cloud(60, 1).pool, cloud(60, 2, 0.5).pool
    distance = frechet.frechet_distance(real, fake)
    assert result.estimates["FD-lite0@224"].value == pytest.approx(distance)
    floor = frechet.frechet_distance(cloud(30, 3).pool, cloud(30, 4).pool)
    assert result.estimates["FD-lite0@224"].floor == pytest.approx(floor)
    assert result.estimates["recall"].value == manifold.manifold(real, fake).recall
    curve = prd.precision_recall_curve(real, fake, 5, 1, FAST.seed)
    assert result.estimates["PRD F8"].value == curve.f_scores[0]


def test_what_cannot_be_measured_is_left_out_and_said(lite0):
    few = measure.measure(lite0, cloud(5, 1), Features(cloud(4, 2).pool), settings=FAST)
    notes = "\n".join(few.notes)
    assert set(few.estimates) == {"FD-lite0@224", "KD-lite0@224", "duplicate share"}
    assert "score left out: This extractor gives no logits" in notes
    assert "manifold left out: " in notes
    assert "prd left out: " in notes
    assert "4 pictures for 6 features: FD-lite0@224 is biased upwards" in notes
    more = measure.measure(lite0, cloud(9, 1), cloud(9, 2), settings=FAST)
    assert (
        "FD-lite0@224 falls with the number of pictures: compare equal counts only." in more.notes
    )
    assert "not to be compared with published FID" in notes
    assert few.settings.kernel_subset_size == 4
    one_class = measure.measure(
        lite0,
        cloud(20, 1),
        cloud(20, 2),
        measures=("intra",),
        settings=FAST,
        classes=measure.Classes(np.zeros(20, int), np.zeros(20, int)),
    )
    assert one_class.estimates == {}
    assert any("intra left out" in note and "has one" in note for note in one_class.notes)


def test_identical_fakes_are_measured_and_named(lite0):
    same = Features(np.ones((30, 6), np.float32))
    found = measure.measure(
        lite0, cloud(30, 1), same, measures=("frechet", "manifold", "duplicates"), settings=FAST
    )
    assert found.estimates["duplicate share"].value == 1
    assert found.estimates["recall"].value == 0
    assert "All generated pictures are the same one." in found.notes


def test_measure_refuses(lite0):
    with pytest.raises(MetricError, match="Unknown measure 'fid'"):
        measure.measure(lite0, cloud(9, 1), cloud(9, 2), measures=("fid",))
    with pytest.raises(MetricError, match="9 real and 1 generated"):
        measure.measure(lite0, cloud(9, 1), cloud(1, 2))


# --- Neighbours ------------------------------------------------------------------------------


def test_nearest_reals_by_hand():
    real = np.array([[0.0, 0], [10, 0], [0, 10], [1, 0]])
    fake = np.array([[9.0, 0], [0, 0]])
    found = neighbours.nearest_reals(real, fake, 2)
    assert found.indices.tolist() == [[1, 3], [0, 3]]
    np.testing.assert_allclose(found.distances, [[1, 8], [0, 1]], atol=1e-9)
    assert found.typical == pytest.approx((1 + 9) / 2)  # 1, 9, 10, 1
    with pytest.raises(MetricError, match="5 nearest reals"):
        neighbours.nearest_reals(real, fake, 5)


def test_duplicate_share_by_hand():
    fake = np.array([[0.0], [0.2], [5.0], [9.0], [9.0]])
    assert neighbours.duplicate_share(fake, typical=1.0) == pytest.approx(4 / 5)
    assert neighbours.duplicate_share(fake, typical=0.5) == pytest.approx(2 / 5)
    assert neighbours.duplicate_share(cloud(50, 1).pool, 1.0) < 0.1


def test_sheet_shows_copies_first():
    reals = np.zeros((4, 8, 8, 3), np.uint8)
    reals[2] = (255, 0, 0)
    fakes = np.stack([np.full((8, 8, 3), 90, np.uint8), reals[2]])
    found = neighbours.nearest_reals(
        reals.reshape(4, -1).astype(float), fakes.reshape(2, -1).astype(float), 3
    )
    sheet = neighbours.sheet(fakes, reals, found)
    assert sheet.getpixel((2, 2)) == (255, 0, 0)  # the copy comes first …
    assert sheet.getpixel((8 + 2 + 6 + 2, 2)) == (255, 0, 0)  # … and the real it copies
    assert sheet.getpixel((2, 8 + neighbours.CAPTION + 2 + 2)) == (90, 90, 90)


# --- Passports -------------------------------------------------------------------------------


def record(count=100, truncation=1.0, seed=0):
    return protocol.Record(
        protocol={"fake": {"count": count, "truncation": truncation}, "extractor": {"name": "x"}},
        subject={"name": "run", "seed": seed},
        results={"FD": Estimate(3.0, 2.0, 4.0).to_dict()},
        notes=("note",),
    )


def test_records_go_through_json(tmp_path):
    records = [record(), record(seed=1)]
    protocol.save(records, tmp_path / "new" / "r.json")
    assert protocol.load(tmp_path / "new" / "r.json") == records
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["r.json"]
    content = json.loads((tmp_path / "new" / "r.json").read_text())[0]
    assert {"python", "keras", "numpy", "backend"} <= set(content["versions"])


def test_different_protocols_are_refused_and_named():
    assert protocol.require_comparable([record(), record(seed=5)]) == []
    with pytest.raises(protocol.ProtocolMismatch) as caught:
        protocol.require_comparable([record(), record(50), record(50, 0.7)])
    assert caught.value.fields == ["fake.count", "fake.truncation"]
    assert "fake.count: 100 / 50; fake.truncation: 1.0 / 0.7" in str(caught.value)
    assert "--force" in str(caught.value)
    assert protocol.require_comparable([record(), record(50)], force=True) == ["fake.count"]


def test_a_missing_field_is_a_difference():
    other = record()
    other.protocol["fake"].pop("truncation")
    assert protocol.differences(record(), other) == {"fake.truncation": (1.0, None)}


@pytest.mark.parametrize("text", ["", "{}", "[1]", '[{"format": 9}]', '[{"format": 1, "x": 2}]'])
def test_other_files_are_no_records(tmp_path, text):
    (tmp_path / "r.json").write_text(text)
    with pytest.raises(MetricError):
        protocol.load(tmp_path / "r.json")


# --- Plots -----------------------------------------------------------------------------------


def stars(monkeypatch, tmp_path, **more):
    """Where the plot's star stands: [(step, value)]."""
    drawn = []
    monkeypatch.setattr(plots, "_save", lambda figure, path: drawn.append(figure.axes[0]))
    history = [(0, Estimate(9.0)), (10, Estimate(3.0)), (20, Estimate(4.0))]
    plots.quality_over_steps({"run": history}, "FD", tmp_path / "q.png", **more)
    lines = [line for line in drawn[0].lines if line.get_marker() == "*"]
    return [(line.get_xdata()[0], line.get_ydata()[0]) for line in lines]


def test_the_star_is_at_the_kept_step(monkeypatch, tmp_path):
    assert stars(monkeypatch, tmp_path) == [(10, 3.0)]
    assert stars(monkeypatch, tmp_path, kept={"run": 20}) == [(20, 4.0)]
    assert stars(monkeypatch, tmp_path, kept={"run": None}) == [(10, 3.0)]


def test_plots_are_drawn(tmp_path, result):
    history = [(0, Estimate(9.0)), (10, Estimate(3.0, 2.0, 4.0)), (20, Estimate(4.0))]
    plots.quality_over_steps({"run": history}, "FD", tmp_path / "quality.png", {"run": 1.0})
    plots.precision_recall_curves({"run": result.curve}, tmp_path / "prd.png")
    for name in ("quality.png", "prd.png"):
        with Image.open(tmp_path / name) as image:
            assert np.asarray(image.convert("L")).std() > 5
