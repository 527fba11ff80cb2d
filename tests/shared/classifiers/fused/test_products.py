import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.classifiers.fused.products import iter_pairs, tiled, whole_tiles


@settings(max_examples=40, deadline=None, derandomize=True)
@given(st.integers(1, 200), st.integers(1, 200), st.integers(1, 3))
def test_product_is_the_matrix_product(n_features: int, n_columns: int, n_tiles: int) -> None:
    rng = np.random.default_rng(n_features * n_columns)
    rows, matrix = (
        rng.normal(size=(64 * n_tiles, n_features)),
        rng.normal(size=(n_features, n_columns)),
    )
    np.testing.assert_allclose(tiled(matrix).product(rows), rows @ matrix, rtol=0, atol=1e-12)


@pytest.mark.parametrize(("n_features", "n_columns"), [(1, 1), (300, 60), (512, 100), (700, 7)])
def test_a_row_of_a_product_does_not_depend_on_its_place(n_features: int, n_columns: int) -> None:
    rng = np.random.default_rng(0)
    rows, matrix = (
        rng.normal(size=(192, n_features)),
        tiled(rng.normal(size=(n_features, n_columns))),
    )
    shifted = matrix.product(np.roll(rows, 77, axis=0))
    np.testing.assert_array_equal(np.roll(shifted, -77, axis=0), matrix.product(rows))


def test_columns_are_the_columns_of_the_matrix() -> None:
    matrix = np.arange(130.0 * 150).reshape(130, 150)
    chosen = np.array([149, 0, 63, 64, 0])
    np.testing.assert_array_equal(tiled(matrix).columns(chosen), matrix.T[chosen])


@pytest.mark.parametrize(("n_rows", "n_padded"), [(1, 64), (64, 64), (65, 128)])
def test_whole_tiles_repeat_the_last_row(n_rows: int, n_padded: int) -> None:
    rows = np.arange(n_rows, dtype=np.float32)[:, np.newaxis]
    padded = whole_tiles(rows)[:, 0]
    assert padded.dtype == np.float64
    assert padded.tolist() == [*range(n_rows), *[n_rows - 1] * (n_padded - n_rows)]


def test_pairs_come_in_bounded_lists_and_all_of_them() -> None:
    wanted = np.arange(30).reshape(5, 6) % 3 == 0
    parts = list(iter_pairs(wanted, 4))
    assert [len(row) for row, _ in parts] == [4, 4, 2]
    found = [pair for rows, columns in parts for pair in zip(rows, columns, strict=True)]
    assert sorted(found) == sorted(zip(*np.nonzero(wanted), strict=True))
