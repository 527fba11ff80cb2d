"""A reader makes thumbnails of what it decodes, while there is room; nothing depends on them."""

import io
import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from shared.flow.reading import thumbnails
from shared.flow.reading.thumbnails import SIDE_PIXELS, ThumbnailMaker
from shared.hashing import content_digest
from shared.pictures.opening import open_picture
from shared.records import JPEG, Limits, SmallPicture
from shared.results.thumbnails import SHARES, ThumbnailFolder

N_BYTES = 100
MOST = 100 * SHARES * N_BYTES
"""Of thumbnails that are so large, a hundred are a share."""


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Thumbnails of a known size, and how often one was made."""
    sizes: list[int] = []

    def thumbnail_of(_: object, size: int) -> SmallPicture:
        sizes.append(size)
        return SmallPicture(bytes(N_BYTES), JPEG)

    monkeypatch.setattr(thumbnails, "thumbnail_of", thumbnail_of)
    return sizes


def photo() -> bytes:
    file = io.BytesIO()
    pixels = np.linspace(0, 255, 900 * 600 * 3).astype(np.uint8).reshape(600, 900, 3)
    Image.fromarray(pixels).save(file, "JPEG")
    return file.getvalue()


PHOTO = photo()
DECODED = open_picture(PHOTO, Limits())


def digests(n: int, start: int = 0) -> list[bytes]:
    return [content_digest(str(number).encode()) for number in range(start, start + n)]


def make(maker: ThumbnailMaker, wanted: list[bytes]) -> None:
    for one in wanted:
        maker.make(one, DECODED)


def test_the_thumbnail_of_a_decoded_picture_is_found(tmp_path: Path) -> None:
    folder = ThumbnailFolder.of(tmp_path)
    ThumbnailMaker(folder).make(content_digest(PHOTO), DECODED)
    found = folder.find(content_digest(PHOTO), SIDE_PIXELS)
    assert found
    assert Image.open(io.BytesIO(found.content)).size == (256, 171)


def test_one_that_is_there_is_not_made_again(tmp_path: Path, made: list[int]) -> None:
    folder = ThumbnailFolder.of(tmp_path)
    [one] = digests(1)
    make(ThumbnailMaker(folder), [one, one])
    make(ThumbnailMaker(folder), [one])
    assert made == [SIDE_PIXELS]


def test_of_what_cannot_be_made_there_is_none_and_the_next_is_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = ThumbnailFolder.of(tmp_path)
    maker = ThumbnailMaker(folder)
    first, second = digests(2)
    with monkeypatch.context() as patched:
        patched.setattr(thumbnails, "thumbnail_of", lambda *_: None)
        maker.make(first, DECODED)
    maker.make(second, DECODED)
    assert [folder.has(one, SIDE_PIXELS) for one in (first, second)] == [False, True]


def test_one_that_another_reader_writes_meanwhile_is_left_to_it(
    tmp_path: Path, made: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    def meanwhile(*_: object) -> None:
        raise FileExistsError

    maker = ThumbnailMaker(ThumbnailFolder.of(tmp_path))
    with monkeypatch.context() as patched:
        patched.setattr(ThumbnailFolder, "keep", meanwhile)
        make(maker, digests(1))
    make(maker, digests(1))
    assert len(made) == 2


def test_where_none_can_be_written_no_more_are_made(tmp_path: Path, made: list[int]) -> None:
    (tmp_path / ".review").write_text("in the way")
    make(ThumbnailMaker(ThumbnailFolder.of(tmp_path)), digests(5))
    assert len(made) == 1
    assert [path.name for path in tmp_path.iterdir()] == [".review"]


def test_where_it_is_full_none_is_made_and_none_goes(tmp_path: Path, made: list[int]) -> None:
    folder = ThumbnailFolder(tmp_path, MOST)
    folder.keep(digests(1)[0], 1024, SmallPicture(bytes(MOST), JPEG))
    make(ThumbnailMaker(folder), digests(5))
    assert made == []
    assert folder.has(digests(1)[0], 1024)


def test_it_stops_where_it_gets_full(tmp_path: Path, made: list[int]) -> None:
    folder = ThumbnailFolder(tmp_path, MOST)
    folder.keep(digests(1)[0], 1024, SmallPicture(bytes(MOST - 250), JPEG))
    make(ThumbnailMaker(folder), digests(9))
    assert len(made) == 3
    assert folder.n_bytes() - MOST < N_BYTES


@pytest.mark.parametrize("n_readers", [2, 5])
def test_readers_together_exceed_it_by_a_share_and_a_picture_of_each_at_most(
    tmp_path: Path, made: list[int], n_readers: int
) -> None:
    share = MOST // SHARES
    folder = ThumbnailFolder(tmp_path, MOST)
    folder.keep(digests(1)[0], 1024, SmallPicture(bytes(MOST - share), JPEG))
    makers = [ThumbnailMaker(folder) for _ in range(n_readers)]
    for at in range(200):  # all find room for a share, and fill it side by side
        for number, maker in enumerate(makers):
            make(maker, digests(1, 1 + 1000 * number + at))
    assert share < len(made) * N_BYTES <= share + n_readers * (share + N_BYTES)
    assert folder.n_bytes() - MOST <= n_readers * (share + N_BYTES)


def test_the_folder_is_looked_through_once_a_share(
    tmp_path: Path, made: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    looked = []
    n_bytes = ThumbnailFolder.n_bytes

    def noted(folder: ThumbnailFolder) -> int:
        looked.append(os.getpid())
        return n_bytes(folder)

    monkeypatch.setattr(ThumbnailFolder, "n_bytes", noted)
    make(ThumbnailMaker(ThumbnailFolder(tmp_path, MOST)), digests(250))
    assert len(made) == 250
    assert len(looked) == 3
