"""Every member becomes one reading, in order; nothing is done that has been done before."""

import io
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import NoReturn

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL.Image import Image
from PIL.Image import new as new_image

from shared.errors import Fate, SkipError
from shared.flow.reading import readings
from shared.flow.reading.readings import Digests, iter_readings
from shared.flow.reading.thumbnails import SIDE_PIXELS, ThumbnailMaker
from shared.hashing import content_digest
from shared.pictures.embedders.builtin import BuiltinEmbedder
from shared.pictures.embedders.choosing import Embedder
from shared.pictures.opening import Opened, open_picture
from shared.records import HEAD_BYTES, Limits, Member, Picture, Place, Reading, Skipped
from shared.results.thumbnails import ThumbnailFolder
from tests.archive_cases.others import OTHERS
from tests.worlds import image_hash, png


@dataclass
class Known:
    """What is known, by digest, and how many digests each question was about."""

    found: dict[bytes, Picture] = field(default_factory=dict)
    with_vector: set[bytes] = field(default_factory=set)
    asked: list[int] = field(default_factory=list)

    def pictures(self, digests: Digests) -> Mapping[bytes, Picture]:
        self.asked.append(len(digests))
        return {digest: self.found[digest] for digest in digests if digest in self.found}

    def lacking(self, pictures: Mapping[bytes, Picture]) -> set[bytes]:
        return set(pictures) - self.with_vector


class CountingEmbedder(BuiltinEmbedder):
    """The built-in embedder, which notes the sizes of its batches."""

    def __init__(self) -> None:
        self.batches: list[list[tuple[int, int]]] = []

    def embed(self, images: Sequence[Image]) -> NDArray[np.float32]:
        self.batches.append([image.size for image in images])
        return super().embed(images)

    def __setattr__(self, name: str, value: object) -> None:
        object.__setattr__(self, name, value)

    @property
    def n_embedded(self) -> int:
        return sum(map(len, self.batches))


def unreadable() -> NoReturn:
    raise AssertionError("this must not be read")


def member(
    index: int, content: bytes, name: str = "1.png", read: Callable[[], bytes] | None = None
) -> Member:
    return Member(
        Place((index,), f"a.zip!/{index}/{name}", "a.zip", name),
        len(content),
        content[:HEAD_BYTES],
        read or (lambda: content),
    )


def facts(content: bytes, width: int = 3, height: int = 2) -> Picture:
    return Picture(image_hash(content), "RGB", width, height, "PNG")


def knowing(*contents: bytes, with_vector: bool = False) -> Known:
    found = {content_digest(content): facts(content) for content in contents}
    return Known(found, set(found) if with_vector else set())


def read(
    members: Iterable[Member | Skipped],
    known: Known | None = None,
    embedder: Embedder | None = None,
    limits: Limits | None = None,
) -> list[Reading]:
    return list(iter_readings(members, limits or Limits(), known or Known(), embedder))


FACTS = [one.name for one in fields(Reading) if one.name != "vector"]


def jpeg() -> bytes:
    file = io.BytesIO()
    new_image("RGB", (400, 300), (200, 100, 50)).save(file, "JPEG")
    return file.getvalue()


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """The contents that were decoded, one by one."""
    contents: list[bytes] = []

    def counted(content: bytes, limits: Limits) -> Opened:
        contents.append(content)
        return open_picture(content, limits)

    monkeypatch.setattr(readings, "open_picture", counted)
    return contents


class TestKinds:
    @pytest.mark.parametrize("name", ["a", "a.tar", "a.png", "a.txt"])
    def test_an_archive_of_another_kind_is_a_problem_that_says_what_is_read(
        self, name: str
    ) -> None:
        [one] = read([member(0, OTHERS["tar"], name, read=unreadable)])
        assert (one.fate, one.reason) == (Fate.UNSUPPORTED_ARCHIVE, "a tar archive; zip is read")

    def test_what_is_only_called_one_is_a_problem_too(self) -> None:
        [one] = read([member(0, b"", "a.rar", read=unreadable)])
        assert one.fate is Fate.UNSUPPORTED_ARCHIVE

    def test_a_picture_is_one_whatever_its_name(self) -> None:
        [one] = read([member(0, png(1), "1.rar")])
        assert one.fate is Fate.PENDING

    def test_a_picture_that_is_packed_by_its_format_is_one_of_a_format_that_is_not_read(
        self,
    ) -> None:
        [one] = read([member(0, OTHERS["gzip"], "a.svgz", read=unreadable)])
        assert one.fate is Fate.UNSUPPORTED_FORMAT


class TestPictures:
    def test_a_picture_has_its_facts(self) -> None:
        [one] = read([member(0, png(1))])
        assert (one.fate, one.picture, one.n_bytes) == (Fate.PENDING, facts(png(1)), len(png(1)))

    def test_a_picture_has_the_digest_of_its_bytes(self) -> None:
        [one] = read([member(0, png(1))])
        assert one.content_sha256 == content_digest(png(1))

    def test_known_bytes_are_not_decoded(self, opened: list[bytes]) -> None:
        [one] = read([member(0, png(1))], knowing(png(1)))
        assert opened == []
        assert one.picture == facts(png(1))

    def test_unknown_bytes_among_known_ones_are_decoded_alone(self, opened: list[bytes]) -> None:
        read([member(i, png(i)) for i in range(3)], knowing(png(0), png(2)))
        assert opened == [png(1)]

    def test_a_picture_beyond_the_limit_is_refused_although_its_bytes_are_known(self) -> None:
        content = png(1, (40, 50))
        known = Known({content_digest(content): facts(content, 40, 50)})
        [one] = read([member(0, content)], known, limits=Limits(max_megapixels=0.001))
        assert (one.fate, one.picture) == (Fate.TOO_LARGE, None)

    def test_a_known_picture_at_the_limit_is_not_refused(self, opened: list[bytes]) -> None:
        content = png(1, (40, 50))
        known = Known({content_digest(content): facts(content, 40, 50)})
        [one] = read([member(0, content)], known, limits=Limits(max_megapixels=0.002))
        assert (one.fate, opened) == (Fate.PENDING, [])


class TestFates:
    def test_what_was_skipped_keeps_its_fate(self) -> None:
        place = Place((3, 1), "a.zip!/x", "a.zip", "x")
        [one] = read([Skipped(place, Fate.ENCRYPTED, "why")])
        assert (one.place, one.fate, one.reason) == (place, Fate.ENCRYPTED, "why")

    def test_what_cannot_be_read_has_the_reason(self) -> None:
        def read_broken() -> bytes:
            raise SkipError(Fate.CRC, "checksum")

        [one] = read([member(0, png(1), read=read_broken)])
        assert (one.fate, one.reason, one.content_sha256) == (Fate.CRC, "checksum", None)

    def test_what_cannot_be_decoded_has_the_reason(self) -> None:
        [one] = read([member(0, png(1)[:50])])
        assert one.fate.is_problem
        assert one.reason

    def test_what_is_no_picture_is_not_read(self) -> None:
        [one] = read([member(0, b"some text", "1.txt", unreadable)])
        assert one.fate is Fate.NOT_AN_IMAGE

    def test_one_that_fails_costs_itself_alone(self) -> None:
        contents = [png(1), b"\x89PNG\r\n\x1a\n", png(2)]
        readings = read([member(i, content) for i, content in enumerate(contents)])
        assert [one.fate is Fate.PENDING for one in readings] == [True, False, True]


class TestVectors:
    def test_none_are_made_without_an_embedder(self) -> None:
        [one] = read([member(0, png(1))])
        assert one.vector is None

    @pytest.mark.parametrize("is_known", [True, False])
    def test_one_is_made_where_it_is_lacking(self, *, is_known: bool) -> None:
        known = knowing(png(1)) if is_known else Known()
        [one] = read([member(0, png(1))], known, CountingEmbedder())
        assert one.vector is not None
        assert one.vector.shape == (BuiltinEmbedder.n_features,)

    def test_a_known_picture_that_has_one_is_not_decoded(self, opened: list[bytes]) -> None:
        embedder = CountingEmbedder()
        [one] = read([member(0, png(1))], knowing(png(1), with_vector=True), embedder)
        assert (opened, embedder.n_embedded, one.vector) == ([], 0, None)

    def test_a_new_file_of_a_picture_that_has_one_is_not_embedded(self) -> None:
        known = Known(with_vector={content_digest(png(1))})
        embedder = CountingEmbedder()
        [one] = read([member(0, png(1))], known, embedder)
        assert (one.fate, embedder.n_embedded, one.vector) == (Fate.PENDING, 0, None)

    def test_each_goes_to_its_own_picture(self) -> None:
        contents = [png(10), png(60), png(110), png(160)]
        known = knowing(contents[0], contents[2], with_vector=True)
        readings = read(
            [member(i, content) for i, content in enumerate(contents)], known, CountingEmbedder()
        )
        alone = [read([member(0, c)], Known(), CountingEmbedder())[0].vector for c in contents]
        assert [one.vector is not None for one in readings] == [False, True, False, True]
        np.testing.assert_array_equal(readings[1].vector, alone[1])
        np.testing.assert_array_equal(readings[3].vector, alone[3])


class TestThumbnails:
    @pytest.fixture
    def folder(self, tmp_path: Path) -> ThumbnailFolder:
        return ThumbnailFolder.of(tmp_path)

    @staticmethod
    def made(folder: ThumbnailFolder, contents: Sequence[bytes]) -> list[bool]:
        return [folder.has(content_digest(one), SIDE_PIXELS) for one in contents]

    @pytest.mark.parametrize("embedder", [None, CountingEmbedder()], ids=["decoded", "embedded"])
    def test_what_is_decoded_has_one_and_what_is_known_has_none(
        self, folder: ThumbnailFolder, embedder: Embedder | None
    ) -> None:
        contents = [png(i) for i in range(3)] + [png(3)[:50]]
        members = [member(i, content) for i, content in enumerate(contents)]
        known = knowing(png(1), with_vector=True)
        list(iter_readings(members, Limits(), known, embedder, ThumbnailMaker(folder)))
        assert self.made(folder, contents) == [True, False, True, False]

    def test_a_reading_is_the_same_with_and_without(self, folder: ThumbnailFolder) -> None:
        contents = [png(1), jpeg(), b"\x89PNG\r\n\x1a\n", png(2, (500, 300))]
        members = [member(i, content) for i, content in enumerate(contents)]
        plain = read(members, Known(), CountingEmbedder())
        maker = ThumbnailMaker(folder)
        found = list(iter_readings(members, Limits(), Known(), CountingEmbedder(), maker))
        for one, other in zip(found, plain, strict=True):
            assert [getattr(one, name) for name in FACTS] == [
                getattr(other, name) for name in FACTS
            ]
            np.testing.assert_array_equal(one.vector, other.vector)

    def test_one_that_cannot_be_made_changes_no_fate(
        self, folder: ThumbnailFolder, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def fail(*_: object, **__: object) -> NoReturn:
            raise MemoryError

        monkeypatch.setattr("shared.pictures.thumbnails._made", fail)
        [one] = iter_readings([member(0, png(1))], Limits(), Known(), None, ThumbnailMaker(folder))
        assert one.fate is Fate.PENDING
        assert self.made(folder, [png(1)]) == [False]


class TestBatches:
    @pytest.fixture(autouse=True)
    def small(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(readings, "MAX_BATCH_MEMBERS", 3)

    def test_no_question_is_about_more_than_a_batch(self) -> None:
        known = Known()
        read([member(i, png(i)) for i in range(7)], known)
        assert known.asked == [3, 3, 1]

    def test_a_batch_is_bounded_by_its_bytes(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(readings, "MAX_BATCH_BYTES", 2 * len(png(1)))
        known = Known()
        read([member(i, png(1)) for i in range(4)], known)
        assert known.asked == [2, 2]

    def test_what_waits_for_the_embedder_is_bounded_by_its_pixels(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(readings, "MAX_EMBED_PIXELS", 12)
        embedder = CountingEmbedder()
        sizes = [(3, 2), (3, 2), (5, 5), (3, 2)]
        read([member(i, png(i, size)) for i, size in enumerate(sizes)], Known(), embedder)
        assert embedder.batches == [[(3, 2), (3, 2)], [(5, 5)], [(3, 2)]]

    def test_no_more_than_a_batch_is_read_before_the_first_reading(self) -> None:
        n_taken = 0

        def iter_members() -> Iterator[Member]:
            nonlocal n_taken
            for i in range(100):
                n_taken += 1
                yield member(i, png(1))

        next(iter_readings(iter_members(), Limits(), Known(), None))
        assert n_taken == 3

    @settings(max_examples=15)
    @given(st.lists(st.sampled_from(["known", "new", "skipped", "text", "broken"]), max_size=9))
    def test_readings_come_in_the_order_of_the_members_one_each(self, kinds: list[str]) -> None:
        contents = {"known": png(1), "new": png(2), "text": b"text", "broken": png(3)[:50]}
        members = [
            member(i, contents[kind])
            if kind in contents
            else Skipped(Place((i,), f"a.zip!/{i}", "a.zip", "x"), Fate.CRC)
            for i, kind in enumerate(kinds)
        ]
        readings = read(members, knowing(png(1), with_vector=True), CountingEmbedder())
        assert [one.place.entry for one in readings] == [(i,) for i in range(len(kinds))]
        is_new = [one.vector is not None for one in readings]
        assert is_new == [kind == "new" for kind in kinds]
