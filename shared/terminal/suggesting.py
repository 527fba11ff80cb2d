"""What the command that suggests pictures does with its options."""

from typing import Any

import click

from shared.names import printable
from shared.training.suggesting import Suggestion, SuggestionRequest, suggestions


def run_suggest(values: dict[str, Any]) -> None:
    """Choose pictures and print one line for each: score, hash, file."""
    request = SuggestionRequest(
        metadata_json=values["metadata_json"],
        tag_to_hash_json=values["tag_to_hash_json"],
        tag=values["tag"],
        models=values["model"],
        output=values["output"],
        database=values["database"],
        count=values["count"],
    )
    for one in suggestions(request):
        click.echo(suggestion_line(one))


def suggestion_line(one: Suggestion) -> str:
    """One picture on one line: its score, its hash, and where it lies."""
    return printable(f"{one.score:.3f} {one.hash_id} {one.file_path}")
