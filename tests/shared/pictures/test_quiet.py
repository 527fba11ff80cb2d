import threading
import warnings

import pytest

from shared.pictures.quiet import pillow_silenced


def warn_as(module: str) -> None:
    warnings.warn_explicit("odd", UserWarning, "file.py", 1, module=module)


def test_pillows_warnings_are_held_back_inside() -> None:
    with pillow_silenced:
        warn_as("PIL.TiffImagePlugin")


def test_other_warnings_come_through() -> None:
    with pillow_silenced, pytest.raises(UserWarning):
        warn_as("numpy.core")


def test_filters_are_as_before_when_the_last_thread_has_left() -> None:
    before = list(warnings.filters)
    inside, may_leave = threading.Event(), threading.Event()

    def stay() -> None:
        with pillow_silenced:
            inside.set()
            may_leave.wait(10)

    other = threading.Thread(target=stay)
    with pillow_silenced:
        other.start()
        inside.wait(10)
    warn_as("PIL.Image")  # still held back: the other thread is inside
    may_leave.set()
    other.join()
    assert list(warnings.filters) == before


def test_filters_are_as_before_after_an_error() -> None:
    before = list(warnings.filters)
    with pytest.raises(ValueError, match="broken"), pillow_silenced:
        raise ValueError("broken")
    assert list(warnings.filters) == before
