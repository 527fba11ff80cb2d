"""What exiftool reads in a sidecar, where it is installed."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest


def exiftool(*arguments: str) -> str:
    """Run it; without it the test is passed over, but not in CI."""
    program = shutil.which("exiftool")
    if program is None and not os.environ.get("CI"):
        pytest.skip("exiftool is not installed")
    assert program, "CI needs Debian's package libimage-exiftool-perl"
    done = subprocess.run([program, *arguments], capture_output=True, text=True, check=True)
    assert done.stderr == ""
    return done.stdout


def tags_of(path: Path) -> dict[str, object]:
    """All that a sidecar says, one text as a list too where there can be several."""
    [told] = json.loads(exiftool("-j", "-XMP:all", str(path)))
    lists = {"HierarchicalSubject", "Subject"}
    return {
        name: [value] if name in lists and not isinstance(value, list) else value
        for name, value in told.items()
        if name not in ("SourceFile", "XMPToolkit")
    }
