"""Reading of codebooks."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.workers.team.books import CODEWORDS, DIMENSIONS, STAGES, WIDTH, write_book
from workers.errors import BadCodebook
from workers.kernels.rans import TOTAL
from workers.team.feature_codebook import read_codebook


def test_a_codebook_is_read(tmp_path: Path) -> None:
    book = read_codebook(write_book(tmp_path / "book.npz"))
    assert (book.stages, book.width, book.dimensions) == (STAGES, WIDTH, DIMENSIONS)
    assert book.part(1) == slice(4, 8) and book.part(3) == slice(0, 4)
    assert not book.codewords[:, 0].any()
    assert book.starts.shape == (STAGES, CODEWORDS)
    assert (book.starts[:, 0] == 0).all() and (book.starts[:, -1] == TOTAL).all()
    assert (np.diff(book.starts) >= 1).all()


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"codewords": np.zeros((2, 3), np.int16)}, "int16"),
        ({"codewords": np.zeros((STAGES, CODEWORDS, WIDTH), np.float32)}, "int16"),
        ({"codewords": np.zeros((STAGES, 1, WIDTH), np.int16)}, "beyond the limits"),
        ({"codewords": np.ones((STAGES, CODEWORDS, WIDTH), np.int16)}, "not zero"),
        ({"dimensions": np.array(3)}, "dimensions"),
        ({"dimensions": np.array([1, 2])}, "dimensions"),
        ({"dimensions": np.array(10_000)}, "dimensions"),
        ({"firsts": np.array([0, 4, 9, 0, 4, 8], np.int16)}, "outside"),
        ({"firsts": np.array([0, -1, 8, 0, 4, 8], np.int16)}, "outside"),
        ({"firsts": np.array([0], np.int16)}, "outside"),
        ({"counts": np.zeros((STAGES, CODEWORDS - 1), np.uint16)}, "needs a count"),
        ({"counts": np.ones((STAGES, CODEWORDS - 1), np.uint16)}, "sum to"),
        ({"counts": np.ones((STAGES, 3), np.uint16)}, "needs a count"),
    ],
)
def test_a_codebook_that_cannot_be_is_refused(
    tmp_path: Path, changes: dict[str, np.ndarray], reason: str
) -> None:
    with pytest.raises(BadCodebook, match=reason):
        read_codebook(write_book(tmp_path / "book.npz", **changes))


def test_a_file_that_is_none_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "book.npz"
    with pytest.raises(BadCodebook, match="cannot be read"):
        read_codebook(path)
    path.write_bytes(b"PK\x03\x04 and no more")
    with pytest.raises(BadCodebook, match="cannot be read"):
        read_codebook(path)
    np.savez(path, firsts=np.zeros(1))
    with pytest.raises(BadCodebook, match="cannot be read"):
        read_codebook(path)
    # Objects would have to be unpickled.
    np.savez(path, dimensions=np.array({"a": 1}, dtype=object))
    with pytest.raises(BadCodebook, match="cannot be read"):
        read_codebook(path)
