"""What the review command does with its options, and what it says while it serves."""

import signal
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from shared.errors import RunError
from shared.names import printable
from shared.terminal.options import take_limits
from shared.terminal.signals import signal_behind

if TYPE_CHECKING:
    # These need packages that are an extra.
    from shared.review.review import ReviewRequest
    from shared.review.serving import ServingRequest, Started

_PACKAGES = ("starlette", "uvicorn")
_INSTALL = "Install it: pip install -r ./stage4/requirements-review.txt"


def run_review(values: dict[str, Any]) -> None:
    """Serve a review until it is interrupted."""
    for name in _PACKAGES:
        if find_spec(name) is None:
            raise RunError("review", f"the package {name} is not installed", _INSTALL)
    from shared.review.serving import ServingRequest, serve  # noqa: PLC0415 - an extra

    where = ServingRequest(values["host"], values["port"])

    def tell(started: "Started") -> None:
        for sentence in sentences(values["output"], where, started):
            if not values["quiet"] or sentence.startswith("WARNING"):
                click.echo(printable(sentence), err=True)
        click.echo(started.link)
        if values["open"]:
            click.launch(started.link)

    n_unsaved: list[int] = []
    try:
        serve(_request(values), where, tell, n_unsaved.append)
    except KeyboardInterrupt as error:
        if signal_behind(error) != signal.SIGINT:
            raise
        # Ctrl-C is how it ends.
        if any(n_unsaved) or not values["quiet"]:
            click.echo(ending(*n_unsaved), err=True)


def ending(n_unsaved: int) -> str:
    """Say how a review has ended."""
    if not n_unsaved:
        return "ended; all answers are saved"
    answers = "1 answer is" if n_unsaved == 1 else f"{n_unsaved} answers are"
    return f"ended; {answers} not saved, as another program or the server took too long"


def sentences(output: Path, where: "ServingRequest", started: "Started") -> list[str]:
    """Say what is not as one might think of a server that has started."""
    return [
        *(
            [f"port {where.port} is in use, so it is {started.port}"]
            if started.port != where.port
            else []
        ),
        *(
            f"{output}: reviewed by {one} too; of two answers the later one counts"
            for one in started.others
        ),
        *(
            ["WARNING: other machines can reach this server, and nothing is encrypted"]
            if where.is_open_to_others
            else []
        ),
    ]


def _request(values: dict[str, Any]) -> "ReviewRequest":
    from shared.review.review import ReviewRequest  # noqa: PLC0415 - an extra

    output: Path = values["output"]
    lists = output / "input-tag-to-image-hash-list.json"
    own_lists = lists if lists.exists() else None
    return ReviewRequest(
        output=output,
        metadata_json=values["metadata_json"] or output / "input-metadata.json",
        tag_to_hash_json=values["tag_to_hash_json"] or own_lists,
        n_workers=values["n_workers"],
        limits=take_limits(values),
        server=values["database_url"],
    )
