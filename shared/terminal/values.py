"""What the words of a command line become, and which of them make no sense."""

import math
import os
import re
from pathlib import Path

import click

_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://")


class PathName(click.Path):
    """A path, of what need not exist. An empty one, which means the folder one is in, is a slip."""

    def __init__(self) -> None:
        super().__init__(path_type=Path)

    def convert(
        self,
        value: str | os.PathLike[str],
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> Path | str:
        """Convert, and refuse what is empty."""
        _check_given(value, param, ctx)
        return Path(os.fsdecode(super().convert(value, param, ctx)))


class PathOrUrl(PathName):
    """A path, or a URL, whose slashes a path would not keep."""

    def convert(
        self,
        value: str | os.PathLike[str],
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> Path | str:
        """Leave a URL as it is."""
        is_url = isinstance(value, str) and _URL.match(value)
        return str(value) if is_url else super().convert(value, param, ctx)


class GivenText(click.types.StringParamType):
    """A text that is not empty: where nothing is meant, the option is left out."""

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Convert, and refuse what is empty."""
        _check_given(value, param, ctx)
        return str(super().convert(value, param, ctx))


def _check_given(value: object, param: click.Parameter | None, ctx: click.Context | None) -> None:
    """Refuse an empty value, which a variable of the shell that is not set leaves."""
    if value == "":
        raise click.BadParameter("It is empty, a value is needed.", ctx=ctx, param=param)


class Number(click.FloatRange):
    """A number in a range. Python compares NaN with nothing, so no range would refuse it."""

    def convert(
        self, value: float, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """Convert, and refuse what is no number."""
        number = float(super().convert(value, param, ctx))
        if math.isnan(number):
            self.fail("NaN is not a number.", param, ctx)
        return number


class NameOrNumber(click.ParamType[str | float]):
    """One of some names, or a number from 0 to 1."""

    def __init__(self, name: str, *names: str) -> None:
        self.name = name
        self._names = names

    def convert(
        self, value: str | float, param: click.Parameter | None, ctx: click.Context | None
    ) -> str | float:
        """Convert what is no name."""
        if value in self._names:
            return value
        try:
            number = float(value)
        except ValueError:
            number = math.nan
        if not 0 <= number <= 1:
            allowed = f"{', '.join(self._names)}, or a number from 0 to 1"
            self.fail(f"{value!r} is no {self.name}. Allowed: {allowed}.", param, ctx)
        return number


PATH = PathName()
