"""Why a request is refused: one sentence for the page, and a status."""


class RefusedRequest(Exception):  # noqa: N818 - it is named for what became of the request
    """A request that is not answered.

    Attributes
    ----------
    status : int
        HTTP's number, 400 to 503.
    sentence : str
        What was found and what is allowed.
    """

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(status, sentence)
        self.status = status
        self.sentence = sentence


def not_found(what: str) -> RefusedRequest:
    """Say that there is no such thing."""
    return RefusedRequest(404, f"There is no such {what}.")


def bad(sentence: str) -> RefusedRequest:
    """Say what is wrong with a request."""
    return RefusedRequest(400, sentence)
