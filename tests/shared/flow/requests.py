"""The request of a user who leaves all options as they are."""

from shared.database.tables import ZipScoreCache
from shared.flow.request import ClassifyRequest
from shared.pictures.embedders.choosing import AS_THE_METADATA_SAYS
from shared.records import Limits
from shared.sources.source import Source
from tests.worlds import World


def request_of(world: World, source: Source) -> ClassifyRequest:
    """Ask for all of a world, read in this process."""
    return ClassifyRequest(
        source=source,
        table=ZipScoreCache,
        metadata_json=world.metadata,
        model=world.models,
        output=world.output,
        n_bins=10,
        limits=Limits(),
        results="link",
        strict=False,
        rescan=False,
        n_workers=1,
        trust_models=False,
        clip=AS_THE_METADATA_SAYS,
        database_url=None,
        dask_scheduler=None,
    )
