import numpy as np
import pytest

from datasets import Batches, DataError, toy


@pytest.mark.parametrize("name", toy.WORLDS)
def test_density_integrates_to_one(name):
    world = toy.world(name)
    side = np.linspace(-6, 6, 2401)
    cell = side[1] - side[0]
    if world.dim == 1:
        total = world.density(side[:, None]).sum() * cell
    else:  # all mass of the first mode lies around it
        grid = np.stack(np.meshgrid(side, side), -1)[..., :2].reshape(-1, 2)
        near = grid[np.abs(grid - world.means[0]).max(1) < 8 * world.deviation]
        total = world.density(near).sum() * cell**2 * len(world.means)
    assert total == pytest.approx(1.0, rel=1e-3)


def test_density_by_hand():
    # Modes -2, 0, 2 of deviation 0.3: at 0 there is the middle mode's peak and nothing else.
    expected = 1 / (0.3 * np.sqrt(2 * np.pi)) / 3
    assert toy.world("line").density(np.zeros((1, 1)))[0] == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize(("name", "modes"), [("ring", 8), ("grid", 25), ("line", 3)])
def test_samples_lie_evenly_at_the_modes(name, modes):
    world = toy.world(name)
    points = world.sample(20_000, np.random.default_rng(0))
    assert points.dtype == np.float32
    apart = np.linalg.norm(points[:, None] - world.means, axis=-1)
    counts = np.bincount(apart.argmin(1), minlength=modes)
    assert len(counts) == modes
    np.testing.assert_allclose(counts / 20_000, 1 / modes, atol=5 * np.sqrt(1 / modes / 20_000))
    spread = (points - world.means[apart.argmin(1)]).std()
    assert spread == pytest.approx(world.deviation, rel=0.02)


def test_the_ring_has_radius_2():
    np.testing.assert_allclose(np.linalg.norm(toy.world("ring").means, axis=1), 2.0)


def test_points_are_batched_like_pictures():
    data = toy.open_world("ring", count=100)
    images, labels = Batches(data, 10, seed=0).batch(3)
    assert images.shape == (10, 2)
    assert images.dtype == np.float32
    assert labels.tolist() == [0] * 10
    again = toy.open_world("ring", count=100)
    np.testing.assert_array_equal(data.images, again.images)


def test_unknown_world_lists_the_known():
    with pytest.raises(DataError, match=r"Unknown toy world 'rong'\. Known: ring, grid, line"):
        toy.world("rong")
