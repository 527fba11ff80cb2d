"""A browser that opens pages from disk, without network."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
SECONDS = 60


def browser() -> str:
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    if found is None and not os.environ.get("CI"):
        pytest.skip("no Chromium is installed; CI has one")
    assert found, "CI needs Debian's package chromium"
    return found


def opened(
    page: Path, *options: str, anchor: str = "", profile: Path | None = None
) -> subprocess.CompletedProcess[str]:
    """Open a page from disk, without network, and wait until it is drawn."""
    command = [
        browser(),
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-dev-shm-usage",
        f"--user-data-dir={profile or page.parent / 'profile'}",
        "--host-resolver-rules=MAP * ~NOTFOUND",
        "--enable-logging=stderr",
        *options,
        page.as_uri() + anchor,
    ]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=SECONDS)
