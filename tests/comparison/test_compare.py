"""Comparisons: what is planned, resumed and reported."""

import dataclasses
import json

import keras
import numpy as np
import pytest
from PIL import Image

import runs
from comparison import judges, pictures, plan, report, table, trials
from console.errors import TrainingStopped, UserError
from datasets import ATTRIBUTES
from models.systems.gan.turns import GAN
from runs import checkpoints

pytestmark = pytest.mark.usefixtures("eagerly")

WORDS = ["gan", "gan:g_term=mode_seeking,g_term_weight=0.5"]


def settings(tmp_path, **changes):
    values = {"data": "ring", "steps": 4, "seeds": 2, "marks": 2, "width": 4, "count": 500}
    return plan.CompareSettings(**{**values, "out": str(tmp_path), **changes})


def make(tmp_path, words=WORDS, **changes):
    return plan.make(words, {"batch_size": 8}, settings(tmp_path, **changes))


def train(made, out_of_time=lambda: False):
    data = trials.open_data(made)
    folder = trials.open_plan(made, data)
    judge = judges.choose(made.settings, data)
    told = []
    trials.train(made, folder, data, judge, out_of_time, told.append)
    return folder, judge, told


def test_variations_of_a_recipe(tmp_path):
    plain, other = make(tmp_path).entries.values()
    assert (plain.g_term, other.g_term, other.g_term_weight) == ("none", "mode_seeking", 0.5)
    assert (plain.batch_size, other.batch_size) == (8, 8)
    assert plain.point_dim == 2


@pytest.mark.parametrize(
    ("word", "mirrors"),
    [("mirror=true", True), ("mirror=True", True), ("mirror=false", False)],
)
def test_an_entry_switches_something_on_or_off(tmp_path, word, mirrors):
    (recipe,) = make(tmp_path, [f"gan:{word}"], data="faces").entries.values()
    assert recipe.mirror is mirrors


def test_an_entrys_own_changes_win(tmp_path):
    (own,) = make(tmp_path, ["gan:batch_size=4"]).entries.values()  # 8 for all
    assert own.batch_size == 4


def test_a_vae_is_compared_with_a_gan_on_pictures(tmp_path):
    words = ["vae:filters=8,latent_dim=4", "gan:g_filters=8,d_filters=4"]
    settings_ = settings(tmp_path, data="triangles", samples=4, marks=1, seeds=1, steps=2, count=64)
    made = plan.make(words, {"batch_size": 4, "resolution": 32}, settings_)
    folder, judge, _ = train(made)
    for title in words:
        (row,) = trials.result(trials.folder_of(folder, title, 0))["curve"]
        assert set(judge.better) <= set(row)
    assert "kl" in trials.result(trials.folder_of(folder, words[0], 0))["curve"][0]["logs"]


@pytest.mark.parametrize(
    ("word", "changes", "data", "message"),
    [
        ("vae", {"g_filters": 8}, "faces", r"vae: a vae has no g_filters; give it to the others"),
        ("vae", {}, "ring", "Recipe vae trains a vae, which has no form for points"),
        ("cyclegan", {}, "faces", "cyclegan trains a cyclegan; compare.py compares GANs, and VAEs"),
    ],
)
def test_what_cannot_be_compared_is_refused(tmp_path, word, changes, data, message):
    with pytest.raises(UserError, match=message):
        plan.make([word], changes, settings(tmp_path, data=data))


def test_an_entry_may_have_steps_of_its_own(tmp_path):
    made = make(tmp_path, ["gan", "gan:steps=6"])
    assert [made.recipe(title).steps for title in made.entries] == [4, 6]
    assert made.marks("gan:steps=6") == [3, 6]
    with pytest.raises(UserError, match=r"--minutes says how long a run trains; leave out steps"):
        make(tmp_path, ["gan:steps=6"], minutes=1.0)


def test_what_else_is_measured_is_part_of_the_plan_if_it_is_something(tmp_path):
    made = make(tmp_path, ["gan"], data="faces")
    assert "also" not in made.to_dict()["settings"]  # as in plans of earlier versions
    assert make(tmp_path, ["gan"], data="faces", also="raw").name != made.name


def test_few_of_the_pictures_are_trained_on(tmp_path, monkeypatch):
    """What a batch holds, and what is said where none are left to measure against."""
    changes = {"batch_size": 4, "resolution": 32, "g_filters": 8, "d_filters": 4}
    rng = np.random.default_rng(0)
    (tmp_path / "own").mkdir()
    for index in range(20):
        pixels = rng.integers(0, 256, (32, 32, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(tmp_path / "own" / f"{index:02}.png")
    own = {"data": str(tmp_path / "own"), "steps": 1, "marks": 1, "seeds": 1}
    made = plan.make(["gan"], changes, settings(tmp_path, **own, few=5))
    data = trials.open_data(made)
    assert len(data.images) == 20
    _, feed, trained = trials.build(made, "gan", 0, data)
    expected = {data.images[row].tobytes() for row in (0, 4, 8, 12, 16)}
    assert {each.tobytes() for each in trained.images} == expected
    seen = {each.tobytes() for step in range(5) for each in feed.batch(step)["images"]}
    assert seen == expected
    assert made.name != plan.make(["gan"], changes, settings(tmp_path, **own)).name
    with pytest.raises(UserError, match="20 of the pictures of 'own' leave none besides"):
        trials.open_data(plan.make(["gan"], changes, settings(tmp_path, **own, few=20)))
    auto = plan.make(["gan:augment=auto"], changes, settings(tmp_path, **own, few=5))
    told = []
    system, *_ = trials.build(auto, "gan:augment=auto", 0, data, told.append)
    assert system.recipe.augment == "diffaug"
    assert told == [
        "gan:augment=auto: augment    diffaug, chosen for 5 pictures; --augment overrides it"
    ]
    too_few = plan.make(["gan"], changes, settings(tmp_path, **own, few=3))
    with pytest.raises(UserError, match="A batch of 4 is larger than the data"):
        trials.check(too_few, data)


def test_an_entry_begins_with_the_networks_of_a_run(tmp_path, pictures, cache, train):
    assert train("--steps=2")[0] == 0  # run 0
    (run,) = (tmp_path / "out").iterdir()
    own = {
        "data": str(pictures), "steps": 1, "marks": 1, "seeds": 1, "samples": 4,
        "out": str(tmp_path / "out"), "precision": "float32",
    }  # fmt: skip
    changes = json.loads((run / "run.json").read_text())["overrides"]
    word = "SAGAN_V6:from=0,freeze_d=1"
    made = plan.make(["SAGAN_V6", word], changes, plan.CompareSettings(**own))
    assert (made.starts, made.given[word][-1]) == ({word: "0"}, "freeze_d")
    assert made.to_dict()["starts"] == {word: "0"}
    assert "starts" not in plan.make(["SAGAN_V6"], changes, plan.CompareSettings(**own)).to_dict()
    data = trials.open_data(made)
    theirs = runs.Run(run)
    source = GAN(theirs.recipe())
    source.load_weights(checkpoints.newest(theirs.checkpoints))
    for title, same in ((word, True), ("SAGAN_V6", False)):
        place = tmp_path / title.replace(":", "-")
        began = trials._Run(made, title, 0, place, data, None)
        system = began.system
        assert began.known.get("from", {}).get("run") == (run.name if same else None)
        for name in ("generator", "discriminator", "ema_generator"):
            pairs = zip(system.networks[name].variables, source.networks[name].variables,
                        strict=True)  # fmt: skip
            kernels = [(a.numpy() == b.numpy()).all() for a, b in pairs if "kernel" in a.path]
            assert all(kernels) == same, (title, name)
    missing = plan.make(["SAGAN_V6:from=7"], changes, plan.CompareSettings(**own))
    with pytest.raises(UserError, match=r"SAGAN_V6:from=7: .*no run"):
        trials.open_data(missing)


@pytest.mark.parametrize(
    ("word", "data", "message"),
    [
        ("gan:from=", "faces", "from=RUN names one run"),
        ("gan:from=a,from=b", "faces", "from=RUN names one run"),
        ("gan:from=a", "ring", "from is for runs of pictures, not for ring"),
    ],
)
def test_what_cannot_be_begun_with_is_refused(tmp_path, word, data, message):
    with pytest.raises(UserError, match=message):
        plan.make([word], {}, settings(tmp_path, data=data))


def test_only_some_of_the_pictures(tmp_path, cache):
    chosen = settings(tmp_path, data="faces", count=60, only="no hat", samples=4)
    made = plan.make(["gan"], {"batch_size": 4, "resolution": 32}, chosen)
    found = trials.open_data(made)
    assert not found.labels.values[:, ATTRIBUTES.index("hat")].any()
    assert 0 < len(found.images) < 60
    assert made.name != make(tmp_path, ["gan"], data="faces", count=60, samples=4).name
    with pytest.raises(ValueError, match="--only chooses among pictures; leave it out for"):
        settings(tmp_path, only="hat")


def test_logs_are_means_over_the_calls(tmp_path, monkeypatch):
    from training import loop

    heard = loop._MeanLogs()
    for d_loss in (1.0, 2.0, 6.0):
        heard.on_train_batch_end(0, {"d_loss": d_loss})
    assert heard.means() == {"d_loss": 3.0}
    heard.on_train_batch_end(0, {"d_loss": float("nan")})
    assert heard.means()["d_loss"] != heard.means()["d_loss"]
    assert loop._MeanLogs().means() == {}


def test_runs_on_other_pictures_are_not_mixed(tmp_path):
    (tmp_path / "own").mkdir()
    rng = np.random.default_rng(0)
    for index in range(6):
        pixels = rng.integers(0, 256, (32, 32, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(tmp_path / "own" / f"{index}.png")
    changes = {"batch_size": 2, "resolution": 32, "g_filters": 8, "d_filters": 4}
    made = plan.make(["gan"], changes, settings(tmp_path, data=str(tmp_path / "own"), count=0))
    folder = trials.open_plan(made, trials.open_data(made))
    assert trials.open_plan(made, trials.open_data(made)) == folder
    (tmp_path / "own" / "5.png").unlink()
    with pytest.raises(UserError, match=r"compare-own-.* holds runs on other pictures than 'own'"):
        trials.open_plan(made, trials.open_data(made))
    (folder / "data.json").unlink()
    data = trials.open_data(made)
    trials.open_plan(made, data, ["FD-lite0@224"])
    with pytest.raises(UserError, match="measured by FD-lite0@224, and these are by FD-lite1@240"):
        trials.open_plan(made, data, ["FD-lite1@240"])
    (folder / "data.json").write_text("{")
    with pytest.raises(UserError, match=r"data\.json .*; delete it if the pictures are the same"):
        trials.open_plan(made, trials.open_data(made))


def test_steps_of_ones_own_are_reported(tmp_path):
    judge = {"x": "min"}
    for words, told in (
        (["gan", "lsgan"], "4 generator steps each"),
        (["gan:steps=6", "lsgan:steps=6"], "6 generator steps each"),
        (["gan", "lsgan:steps=6"], "Generator steps: gan 4, lsgan:steps=6 6,"),
    ):
        made = make(tmp_path, words)
        folder = trials.open_plan(made, trials.open_data(made))
        assert told in report.write(made, folder, judge, "p")[0].read_text()


def test_labels_that_are_needed_and_missing(tmp_path):
    with pytest.raises(UserError, match="cgan: it needs labels, and triangles has none of its own"):
        trials.open_data(
            plan.make(["cgan"], {"resolution": 32}, settings(tmp_path, data="triangles"))
        )


def test_order_is_seed_by_seed(tmp_path):
    a, b = WORDS
    assert make(tmp_path).runs() == [(a, 0), (b, 0), (a, 1), (b, 1)]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["gon"], "Unknown recipe 'gon'"),
        (["gan", "gan"], "gan is named twice"),
        (["gan:g_turm=mode_seeking"], "is not field=value"),
        (["gan:d_steps=two"], "d_steps cannot be 'two'"),
        (["gan:dequantize=yes"], "dequantize cannot be 'yes'"),
        (["gan:g_term=mode"], "unknown g_term 'mode'"),
    ],
)
def test_mistakes_are_named(tmp_path, words, message):
    with pytest.raises(UserError, match=message):
        make(tmp_path, words)


def test_pictures_of_different_sizes_are_refused(tmp_path):
    with pytest.raises(
        UserError, match=r"different resolutions \(gan 32, SAGAN_V6 128\); give --resol"
    ):
        make(tmp_path, ["gan", "SAGAN_V6"], data="faces")


def test_pictures_of_other_shapes(tmp_path):
    words = ["gan:resolution=32x48,channels=4"]
    (recipe,) = make(tmp_path, words, data="faces").entries.values()
    assert recipe.data_shape == (48, 32, 4)
    with pytest.raises(UserError, match=r"\(gan:.* 32x48, 4 channels, gan 32\); give --resol"):
        make(tmp_path, [*words, "gan"], data="faces")
    for word in ("gan:channels=1", "gan:resolution=48x32"):
        with pytest.raises(UserError, match="triangles are measured as square RGB"):
            make(tmp_path, [word], data="triangles")


def test_more_seeds_are_the_same_comparison(tmp_path):
    assert make(tmp_path).name == make(tmp_path, seeds=5, budget=3.0).name
    assert make(tmp_path).name != make(tmp_path, steps=6).name


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    made = make(tmp_path_factory.mktemp("finished"))
    return made, *train(made)


def test_every_run_is_measured_at_every_mark(finished):
    made, folder, judge, told = finished
    assert len(told) == 2 * 2 * 2
    for title, seed in made.runs():
        known = trials.result(trials.folder_of(folder, title, seed))
        assert known["state"] == "done"
        assert [row["step"] for row in known["curve"]] == [2, 4]
        assert set(judge.better) <= set(known["curve"][0])
    assert not list(folder.rglob("*.h5"))
    curves = [trials.result(trials.folder_of(folder, *run))["curve"] for run in made.runs()]
    assert all(curves[0] != other for other in curves[1:])  # a seed and a recipe of its own each


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="only there")
def test_a_run_leaves_no_graph_behind(tmp_path):
    from tensorflow.python.framework import ops

    few = {"seeds": 1, "marks": 1, "steps": 1, "samples": 2, "count": 16}
    made = make(tmp_path, ["dcgan:resolution=16,g_filters=8,d_filters=4"], data="triangles", **few)
    train(made)
    kept = [name for name in ops.gradient_registry._registry if name.startswith("CustomGradient")]
    assert kept == []


def test_a_finished_comparison_is_not_trained_again(finished):
    made, folder, _, _ = finished
    before = {p: p.stat().st_mtime_ns for p in folder.rglob("result.json")}
    assert train(made)[2] == []
    assert {p: p.stat().st_mtime_ns for p in folder.rglob("result.json")} == before


def test_a_killed_comparison_ends_as_if_it_had_not_been(finished, tmp_path):
    _, folder, _, _ = finished
    again = make(tmp_path, WORDS[1:], seeds=1)
    calls = iter(range(100))
    other, _, told = train(again, out_of_time=lambda: next(calls) >= 2)  # after the first mark
    first = trials.folder_of(other, WORDS[1], 0)
    assert trials.result(first)["state"] == "unfinished"
    assert len(told) == 1
    # Killed between the curve and the weights: the second mark is in one but not in the other.
    known = trials.result(first)
    known["curve"].append({**known["curve"][0], "step": 4})
    (first / "result.json").write_text(json.dumps(known))
    assert len(train(again)[2]) == 1
    whole = trials.result(trials.folder_of(folder, WORDS[1], 0))
    assert trials.result(first)["curve"] == whole["curve"]
    assert trials.result(first)["seconds"] > known["seconds"] > 0


def test_a_run_that_fails_is_named_and_not_tried_again(tmp_path, monkeypatch):
    def stop(gan, feed, step):
        raise TrainingStopped("d_loss is nan by step 2")

    monkeypatch.setattr(trials, "advance", stop)
    made = make(tmp_path, WORDS[:1], seeds=1)
    folder, judge, told = train(made)
    assert told == ["gan seed 0: d_loss is nan by step 2"]
    assert train(made)[2] == []
    report.write(made, folder, judge.better, judge.protocol)
    assert "a loss that was not finite: gan (1)." in (folder / "report.md").read_text()


def test_the_table_holds_means_and_intervals(finished):
    made, folder, judge, _ = finished
    report.write(made, folder, judge.better, judge.protocol)
    name = "EM distance"
    values = []
    for seed in (0, 1):
        path = trials.folder_of(folder, "gan", seed) / "result.json"
        values.append(json.loads(path.read_text())["curve"][-1][name])
    row = next(row for row in table.rows(made, folder, [name]) if row.title == "gan")
    assert row.measures[name].value == pytest.approx(np.mean(values))
    # Student's t for 2 values: 12.706 standard errors.
    error = abs(values[0] - values[1]) / 2
    assert row.measures[name].half == pytest.approx(12.7062 * error, rel=1e-4)
    text = (folder / "report.md").read_text()
    assert str(row.measures[name]) in text
    assert "2 recipes on ring" in text
    page = (folder / "report.html").read_text()
    assert page.count("<tr>") == 3
    for picture in ("curves.png", "samples.png"):
        assert f"]({picture})" in text
        assert f'src="{picture}"' in page
        assert np.asarray(Image.open(folder / picture)).std() > 5


def row(title, **values):
    return table.Row(title, values, len(next(iter(values.values()), [])), 0, 0.1)


def test_the_best_is_the_least_where_less_is_better():
    lines = [row("a", x=[1.0], y=[1.0]), row("b", x=[2.0], y=[2.0]), row("c")]
    assert table.best(lines, {"x": "max", "y": "min"}) == {"x": {"b"}, "y": {"a"}}


def test_ties_are_best_together_and_not_at_all_where_all_are_equal():
    lines = [row("a", x=[8.0], y=[0.0]), row("b", x=[8.0], y=[0.0]), row("c", x=[7.0], y=[0.0])]
    assert table.best(lines, {"x": "max", "y": "max"}) == {"x": {"a", "b"}, "y": set()}


def test_differences_have_welchs_interval():
    from scipy import stats

    a, b = [1.0, 2.0, 4.0], [2.5, 2.6, 2.4, 2.5]
    found = table.difference(a, b)
    low, high = stats.ttest_ind(a, b, equal_var=False).confidence_interval()
    assert found.value == pytest.approx((low + high) / 2)
    assert found.half == pytest.approx((high - low) / 2)
    assert table.difference([8.0, 8.0], [7.0, 7.0]) == table.Mean(1.0, 0.0)


def test_verdicts_tell_better_from_worse_from_unclear():
    better = {"modes": "max", "distance": "min", "quality": "max"}
    lines = [
        row("a", modes=[4.0, 4.1], distance=[1.0, 1.01], quality=[0.1, 0.9]),
        row("b", modes=[8.0, 8.1], distance=[2.0, 2.01], quality=[0.2, 0.8]),
        row("c", modes=[8.0], distance=[2.0], quality=[0.5]),  # one seed says nothing
    ]
    ((title, sentence),) = table.verdicts(lines, better)
    assert title == "b"
    assert sentence.startswith("better in modes (+4 ± ")
    assert "; worse in distance (+1 ± " in sentence
    assert sentence.endswith("; no clear difference in quality.")


def test_the_report_says_what_differs(finished):
    made, folder, judge, _ = finished
    report.write(made, folder, judge.better, judge.protocol)
    text, page = ((folder / f"report.{end}").read_text() for end in ("md", "html"))
    ((title, sentence),) = table.verdicts(table.rows(made, folder, [*judge.better]), judge.better)
    assert "## Against gan\n" in text
    assert f"- **{title}**: {sentence}" in text
    assert f"<b>{title}</b>: " in page


def test_long_captions_break_after_commas():
    words = pictures._wrapped("wgan:weight_clip=0.1,g_learning_rate=5e-4", 240)
    assert words == "wgan:weight_clip=0.1,\ng_learning_rate=5e-4"
    assert pictures._wrapped("gan", 240) == "gan"


def test_a_seed_is_that_of_the_networks_and_of_the_batches(tmp_path):
    made = make(tmp_path, ["gan"])
    data = trials.open_data(made)
    (one, first, _), (two, second, _) = (trials.build(made, "gan", seed, data) for seed in (0, 1))
    kernels = [
        keras.ops.convert_to_numpy(each.generator.trainable_variables[0]) for each in (one, two)
    ]
    assert (kernels[0] != kernels[1]).any()
    assert (first.batch(0)["images"] != second.batch(0)["images"]).any()


def test_the_runs_that_are_left_of_one_that_fails_are_not_compared():
    """They would be its better ones. The other way round, too."""
    rows = [row("a", x=[3.0, 3.1]), row("b", x=[1.0, 1.1]), row("c", x=[2.0, 2.1])]
    failed = [rows[0], dataclasses.replace(rows[1], failed=1), rows[2]]
    assert table.best(rows, {"x": "min"}) == {"x": {"b"}}
    assert table.best(failed, {"x": "min"}) == {"x": {"c"}}
    assert [title for title, _ in table.verdicts(rows, {"x": "min"})] == ["b", "c"]
    assert [title for title, _ in table.verdicts(failed, {"x": "min"})] == ["c"]
    assert table.verdicts(failed[1:], {"x": "min"}) == []


def test_nothing_is_told_against_an_entry_with_one_finished_run():
    lines = [row("a", x=[1.0]), row("b", x=[2.0, 2.1])]
    assert table.verdicts(lines, {"x": "min"}) == []


def test_what_no_training_should_begin_with_is_refused(tmp_path):
    made = make(tmp_path, ["gan:augment=apa,augment_target=0"], data="faces", count=8)
    with pytest.raises(UserError, match=r"^gan:augment=apa.*: .*replaces every real picture"):
        trials.open_data(made)


def test_the_time_of_a_step_counts_the_entrys_own_steps(tmp_path):
    made = make(tmp_path, ["gan", "gan:steps=6"], seeds=3)
    for title, steps in (("gan", 4), ("gan:steps=6", 6)):
        for seed, seconds in enumerate((1.0, 2.0, 9.0)):
            place = trials.folder_of(tmp_path, title, seed)
            place.mkdir(parents=True)
            curve = [{"step": steps, "x": 0.5}]
            known = {"curve": curve, "state": "done", "seconds": seconds * steps}
            (place / "result.json").write_text(json.dumps(known))
    assert [each.step_seconds for each in table.rows(made, tmp_path, ["x"])] == [2.0, 2.0]


def test_a_comparison_among_its_own_pictures_is_refused(tmp_path, pictures):
    made = make(pictures / "out", ["gan"], data=str(pictures))
    with pytest.raises(UserError, match="lies in the folder of pictures"):
        trials.open_data(made)


def test_damaged_files_of_a_run_are_named(tmp_path):
    made = make(tmp_path, ["gan"])
    data = trials.open_data(made)
    folder = trials.open_plan(made, data)
    place = trials.folder_of(folder, "gan", 0)
    place.mkdir(parents=True)
    (place / "unfinished.weights.h5").write_bytes(b"cut")
    words = r"unfinished\S+ cannot be read .*gan-0 to train this run again"
    with pytest.raises(UserError, match=words):
        trials.train(made, folder, data, None, lambda: False, print)
    (place / "result.json").write_text("{")
    with pytest.raises(UserError, match=r"result\.json .*gan-0 to train this run again"):
        trials.result(place)
