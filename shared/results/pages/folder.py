"""`index.html` and the pages below it in a results folder: they replace older ones at once.

Which folder of pages is in force is told by `index.html` alone, so that a run that is killed leaves
the old ones or the new ones.
"""

import shutil
from pathlib import Path
from typing import Self

from shared.replacing import UNFINISHED, replace_file, synchronise, synchronise_names, write_new
from shared.results.files import failed
from shared.results.folder import INDEX_FILE, PAGES_FOLDER, free_path, is_pages_folder


class PagesFolder:
    """Pages in the making. As a context manager they are removed unless `finish` is called.

    ``durable`` has them wait for the disk, where nobody does so for the whole results folder.
    """

    def __init__(self, results: Path, *, durable: bool) -> None:
        self._results = results
        self._durable = durable
        self._root = results / (UNFINISHED + PAGES_FOLDER)
        self._final = free_path(results, PAGES_FOLDER)

    @property
    def name(self) -> str:
        """The name below the results folder that `finish` will give it."""
        return self._final.name

    def __enter__(self) -> Self:
        try:
            if self._root.is_dir() and not self._root.is_symlink():
                shutil.rmtree(self._root)
            self._root.mkdir()  # fails where something else is there
        except OSError as error:
            raise failed(self._root, error) from error
        return self

    def __exit__(self, *_: object) -> None:
        shutil.rmtree(self._root, ignore_errors=True)

    def write(self, name: str, content: str) -> None:
        """Write a page; `RunError` where that fails."""
        try:
            write_new(self._root / name, content.encode())
        except OSError as error:
            raise failed(self._root, error) from error

    def has(self, name: str) -> bool:
        """Tell whether a page has been written."""
        return (self._root / name).exists()

    def finish(self, index: str) -> None:
        """Give the folder its name, then let ``index`` lead there; older pages go afterwards."""
        try:
            if self._durable:
                synchronise(self._root)
            self._root.rename(self._final)
            if self._durable:
                synchronise_names(self._results)
            replace_file(self._results / INDEX_FILE, index.encode(), durable=self._durable)
            for path in self._results.iterdir():
                if is_pages_folder(path.name) and path != self._final and not path.is_symlink():
                    shutil.rmtree(path)
        except OSError as error:
            raise failed(self._results, error) from error
