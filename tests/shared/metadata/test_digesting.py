from hashlib import sha256

import pytest

from shared.metadata.digesting import BackgroundDigest


@pytest.mark.parametrize("n_blocks", [0, 1, 50])
def test_the_digest_is_that_of_all_blocks_in_their_order(n_blocks: int) -> None:
    blocks = [bytes([n]) * 100_000 for n in range(n_blocks)]
    digest = BackgroundDigest()
    for block in blocks:
        digest.update(block)
    assert digest.digest() == sha256(b"".join(blocks)).digest()
