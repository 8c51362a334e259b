import numpy as np

from riskml.datasets.simulation.randomness import Streams, hash_normal, hash_uniform, mix


def test_a_stream_is_the_same_each_time_and_unlike_any_other() -> None:
    streams = Streams(7)
    first = streams.of("bills", 3).random(5)
    np.testing.assert_array_equal(first, Streams(7).of("bills", 3).random(5))
    for other in (streams.of("bills", 4), streams.of("lines", 3), Streams(8).of("bills", 3)):
        assert not np.array_equal(first, other.random(5))


def test_hashes_are_uniform_and_normal() -> None:
    number = np.arange(200_000)
    uniform, normal = hash_uniform(11, number), hash_normal(11, number)
    share = np.histogram(uniform, bins=20, range=(0, 1))[0] / len(number)
    assert np.abs(share - 0.05).max() < 0.003
    assert abs(normal.mean()) < 0.01
    assert abs(normal.std() - 1) < 0.01
    assert abs(np.corrcoef(normal[:-1], normal[1:])[0, 1]) < 0.01


def test_hashes_depend_on_every_number_and_broadcast() -> None:
    grid = mix(5, np.arange(30)[:, None], np.arange(20)[None, :])
    assert grid.shape == (30, 20)
    assert len(np.unique(grid)) == 600
    assert mix(5, np.array([1]))[0] != mix(6, np.array([1]))[0]
