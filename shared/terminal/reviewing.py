"""What the review command does with its options, and what it says while it serves."""

from pathlib import Path
from typing import Any

import click

from shared.errors import RunError
from shared.names import printable
from shared.terminal.options import take_limits

_PACKAGES = {"starlette", "uvicorn"}
_INSTALL = "pip install -r ./stage4/requirements-review.txt"


def run_review(values: dict[str, Any]) -> None:
    """Serve a review until it is interrupted."""
    try:
        from shared.review.review import ReviewRequest  # noqa: PLC0415 - an extra
        from shared.review.serving import ServingRequest, serve  # noqa: PLC0415
    except ModuleNotFoundError as error:
        if error.name not in _PACKAGES:
            raise
        found = f"the package {error.name} is not installed"
        raise RunError("review", found, f"Install it: {_INSTALL}") from error

    output: Path = values["output"]
    where = ServingRequest(values["host"], values["port"])
    request = ReviewRequest(
        output=output,
        metadata_json=values["metadata_json"] or output / "input-metadata.json",
        tag_to_hash_json=values["tag_to_hash_json"] or output / "input-tag-to-image-hash-list.json",
        n_workers=values["n_workers"],
        limits=take_limits(values),
    )

    def tell(link: str, port: int) -> None:
        if port != where.port:
            _say(f"port {where.port} is in use, so it is {port}")
        if where.is_open_to_others:
            _say("WARNING: other machines can reach this server, and nothing is encrypted")
        click.echo(link)
        if values["open"]:
            click.launch(link)

    def _say(sentence: str) -> None:
        if not values["quiet"] or sentence.startswith("WARNING"):
            click.echo(printable(sentence), err=True)

    serve(request, where, tell)
