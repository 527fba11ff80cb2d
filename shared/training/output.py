"""What training leaves in an output folder: a file and a report of each classifier."""

import json
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from shared.records import GIBIBYTE
from shared.regular_files import read_small
from shared.results.files import held_folder, make_folder, swept_folder, write_file
from shared.training.fitting import MODEL_TYPES
from shared.training.jobs import TrainedTag
from shared.training.page.report_page import TagReports
from shared.training.reports import Findings, Origins, report_record, write_report
from shared.training.tags import MODEL_SUFFIX, model_names, page_names
from shared.training.thresholds import Record

MAX_REPORT_BYTES = GIBIBYTE // 16


@dataclass(frozen=True, slots=True)
class Output:
    """An output folder."""

    folder: Path

    @property
    def models(self) -> Path:
        """Folder of the classifier files."""
        return self.folder / "models"

    @property
    def reports(self) -> Path:
        """Folder of the reports."""
        return self.folder / "reports"

    @contextmanager
    def held(self) -> Iterator[None]:
        """Make the folders, and keep other runs out of them."""
        make_folder(self.folder)
        with held_folder(self.folder):
            make_folder(self.models)
            make_folder(self.reports)
            with swept_folder(self.models), swept_folder(self.reports):
                yield


class TagFiles:
    """The files of tags in an output folder; ``tags`` are all that have classifiers there.

    What a tag's files are called depends on what others there are: no two may be confused.
    """

    def __init__(self, output: Output, tags: Iterable[str]) -> None:
        self._output = output
        self._tags = list(tags)
        self._names = {kind: model_names(kind, self._tags) for kind in MODEL_TYPES}
        self._pages = page_names(self._tags)

    def write(self, found: TrainedTag, origins: Origins) -> TagReports:
        """Write the classifiers of a tag and their reports; RunError where that fails."""
        records = {}
        for kind, one in found.classifiers.items():
            name = self._names[kind][found.tag]
            write_file(self._output.models / name, one.content)
            findings = Findings(one.held_out, one.validation, found.curve, found.comparison)
            record = report_record(one.description, findings, origins)
            write_report(self._output.reports, name.removesuffix(MODEL_SUFFIX), record)
            records[kind] = record
        return TagReports(found.tag, records, self._pages[found.tag])

    def kept(self, but: Collection[str]) -> Iterator[TagReports]:
        """Yield the reports of all tags but some that stand there and have a page."""
        for tag in self._tags:
            page = self._pages[tag]
            if tag in but or not (self._output.reports / page).is_file():
                continue
            found = {kind: self._load(kind, tag) for kind in MODEL_TYPES}
            if records := {kind: one for kind, one in found.items() if one}:
                yield TagReports(tag, records, page)

    def _load(self, kind: str, tag: str) -> Record | None:
        """Load a report; None where it is not there or cannot be read."""
        name = self._names[kind][tag].removesuffix(MODEL_SUFFIX)
        try:
            content = read_small(self._output.reports / f"{name}.json", MAX_REPORT_BYTES)
            record = json.loads(content)
        except (OSError, ValueError, RecursionError):
            return None
        return record if isinstance(record, dict) and record.get("tag") == tag else None
