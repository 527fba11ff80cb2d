"""An embedder that stands for one on a card: the same code, another device."""

from dataclasses import fields

from shared.pictures.embedders.clip import ClipEmbedder

NAME = "Test card 9000"


class OnCard(ClipEmbedder):
    """Computes on the processor and says that it is a card. Picklable."""

    @classmethod
    def of(cls, embedder: ClipEmbedder) -> "OnCard":
        """Take what another embedder is made of."""
        return cls(**{one.name: getattr(embedder, one.name) for one in fields(embedder)})

    @property
    def card(self) -> str:
        return NAME
