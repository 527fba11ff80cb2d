"""The keys that the page tells are those of its document."""

import re

from tests.worlds import ROOT


def test_the_document_tells_every_key_of_the_page() -> None:
    script = (ROOT / "shared" / "review" / "static" / "keys.js").read_text(encoding="utf-8")
    told = script.partition("const TOLD")[2].partition("export")[0]
    keys = {key for names in re.findall(r'\["([^"]+)", "', told) for key in names.split(", ")}
    assert len(keys) > 20
    document = (ROOT / "stage4" / "REVIEW.md").read_text(encoding="utf-8")
    assert [key for key in keys if f"`{key}`" not in document] == []
