"""SQLAlchemy models: what every table holds. No connection, no session, no query.

`zip_score_cache`, `score_cache` and `dataset_cache` are for users and other programs; the rest is
how a run knows what has been done already.
"""

from enum import StrEnum

from sqlalchemy import ForeignKey, LargeBinary, UniqueConstraint, false
from sqlalchemy.orm import Mapped, mapped_column

from shared.database.base import (
    ODD_REMEDY,
    Address,
    ClassifierId,
    ContainerId,
    Count,
    Digest,
    MemberId,
    RowId,
    Seconds,
    Words,
)
from shared.database.base import Base as Base  # noqa: PLC0414 - with all tables that it has
from shared.database.column_types import (
    BigNumberColumn,
    EntryColumn,
    NamedColumn,
    ScoreColumn,
    TruthColumn,
    VectorColumn,
    name_columns,
)
from shared.errors import Fate


class ContainerState(StrEnum):
    """How far a container has been read."""

    READING = "reading"
    """Its members are going in, or a run was stopped before the last one was."""
    READ = "read"
    UNSETTLED = "unsettled"
    """Read to its end, but some of it could not be read at all, which may pass."""
    AWAY = "away"
    """Read to its end earlier, and cannot be looked at for now."""
    OUTDATED = "outdated"
    """Found to be something else than what its stamp says."""


class Stands(StrEnum):
    """What stands in the database of a container that a survey found."""

    NOTHING = "nothing"
    BEGUN = "begun"
    """Nothing, and an earlier run was stopped while it read it."""
    BEGINNING = "beginning"
    """The first of its members; an earlier run was stopped there."""
    ALL = "all"
    """All of its members, as they are now, under the limits and the embedder of now."""
    AWAY = "away"
    """All of its members; it cannot be looked at for now."""


class ContainerRow(Base):
    """An archive on disk (stages 1 and 4) or a folder (stages 1 and 3) that was looked at."""

    __tablename__ = "containers"

    id: Mapped[RowId]
    address: Mapped[Address] = mapped_column(unique=True)
    stamp: Mapped[Digest] = mapped_column(comment="equal stamps mean unchanged content")
    read_under: Mapped[Digest] = mapped_column(
        comment="digest of the limits and the embedder under which it was read"
    )
    revision: Mapped[Count] = mapped_column(comment="grows whenever its members or scores change")
    fate: Mapped[Fate | None] = mapped_column(
        NamedColumn(Fate, "no fate"), comment="why it could not be opened; else NULL"
    )
    reason: Mapped[Words]
    state: Mapped[ContainerState] = mapped_column(
        NamedColumn(ContainerState, "no state"),
        server_default=ContainerState.OUTDATED,
        comment="how far it has been read",
    )
    device: Mapped[int] = mapped_column(
        BigNumberColumn,
        server_default="0",
        comment="number of the disk that it lay on when it was read",
    )
    is_decided: Mapped[bool] = mapped_column(
        TruthColumn,
        server_default=false(),
        comment="whether the tags of its pictures stand in `decided`",
    )


class MemberRow(Base):
    """One entry of a container, nested ones too, with its fate. Ordered by id as in the archive."""

    __tablename__ = "members"
    __table_args__ = (UniqueConstraint("container_id", "entry"),)

    id: Mapped[RowId]
    container_id: Mapped[ContainerId]
    entry: Mapped[str] = mapped_column(
        EntryColumn, comment="index in each listing, outermost first: 5.0.2"
    )
    file_path: Mapped[Address] = mapped_column(unique=True)
    parent: Mapped[Address] = mapped_column(comment="what holds it directly")
    file_name: Mapped[Words]
    fate: Mapped[Fate] = mapped_column(NamedColumn(Fate, "no fate"))
    reason: Mapped[Words]
    picture_id: Mapped[int | None] = mapped_column(
        BigNumberColumn, ForeignKey("pictures.id"), index=True
    )


class PictureRow(Base):
    """What a file's bytes decode to. Found by the bytes alone, never by name, size or date."""

    __tablename__ = "pictures"

    id: Mapped[RowId]
    content_sha256: Mapped[Digest] = mapped_column(unique=True)
    hash_id: Mapped[Words] = mapped_column(index=True)
    mode: Mapped[Words]
    width: Mapped[Count]
    height: Mapped[Count]
    format: Mapped[Words]
    n_bytes: Mapped[int] = mapped_column(BigNumberColumn)


class EmbeddingRow(Base):
    """A vector that an embedder made of a picture: little-endian float32 numbers."""

    __tablename__ = "embeddings"

    picture_id: Mapped[int] = mapped_column(
        BigNumberColumn, ForeignKey("pictures.id"), primary_key=True
    )
    embedder: Mapped[Words] = mapped_column(primary_key=True)
    vector: Mapped[bytes] = mapped_column(VectorColumn)


class NoveltyRow(Base):
    """How unlike a picture is to all labelled ones, of a picture that was embedded here."""

    __tablename__ = "novelties"

    picture_id: Mapped[int] = mapped_column(
        BigNumberColumn, ForeignKey("pictures.id"), primary_key=True, autoincrement=False
    )
    reference: Mapped[Digest] = mapped_column(comment="begins the digest of the labelled pictures")
    novelty: Mapped[float] = mapped_column(
        ScoreColumn, comment="share of labelled pictures that are nearer to the others, 0 to 1"
    )


class ClassifierRow(Base):
    """A classifier by the name under which its rows stand in the score tables."""

    __tablename__ = "classifiers"

    id: Mapped[RowId]
    model_name: Mapped[Words] = mapped_column(unique=True)


class ScoringRow(Base):
    """How far a container has been scored by one version of a classifier on which vectors."""

    __tablename__ = "scorings"

    container_id: Mapped[int] = mapped_column(
        BigNumberColumn, ForeignKey("containers.id", ondelete="CASCADE"), primary_key=True
    )
    classifier_id: Mapped[ClassifierId]
    version: Mapped[Digest] = mapped_column(comment="digest of classifier file and vectors")
    complete: Mapped[bool] = mapped_column(TruthColumn)
    scored_through: Mapped[int] = mapped_column(
        BigNumberColumn, comment="last members.id that was scored"
    )
    n_rows: Mapped[Count] = mapped_column(comment="rows that stand in the score table")


class ResultsRow(Base):
    """The results folder in an output folder that stands for a directory, and what it shows."""

    __tablename__ = "results"

    directory: Mapped[Words] = mapped_column(primary_key=True)
    output: Mapped[Words] = mapped_column(primary_key=True, comment="the folder that it lies in")
    folder: Mapped[Words]
    fingerprint: Mapped[Digest] = mapped_column(comment="digest of everything that it shows")
    decisions: Mapped[Digest | None] = mapped_column(
        comment="digest of the decisions that it tells, apart from that; NULL where it tells none"
    )


class ThresholdRow(Base):
    """The threshold in force for a tag, and the better one of its classifiers, which decides."""

    __tablename__ = "thresholds"

    tag: Mapped[Words] = mapped_column(primary_key=True)
    classifier_id: Mapped[int] = mapped_column(
        BigNumberColumn, ForeignKey("classifiers.id"), unique=True
    )
    version: Mapped[Digest] = mapped_column(comment="digest of classifier file and vectors")
    threshold: Mapped[float | None] = mapped_column(
        ScoreColumn, comment="scores of at least this are decided; none where it is NULL"
    )
    chosen_by: Mapped[Words] = mapped_column(
        comment="recommended, precision_95, ..., number; default where its file tells none"
    )
    max_novelty: Mapped[float] = mapped_column(
        ScoreColumn,
        server_default="1",
        comment="pictures of a greater novelty are not decided; 1 where all are",
    )


class EstimateRow(Base):
    """What scores alone tell of a tag in the collection, beside the pictures that it was learnt on.

    Shares and means are of 0 to 1; NULL where its classifier does not tell what that takes.
    """

    __tablename__ = "estimates"

    tag: Mapped[Words] = mapped_column(primary_key=True)
    n_pictures: Mapped[int] = mapped_column(BigNumberColumn, comment="that were scored")
    decided_share: Mapped[float] = mapped_column(ScoreColumn)
    mean_score: Mapped[float] = mapped_column(ScoreColumn)
    mean_score_before: Mapped[float | None] = mapped_column(
        ScoreColumn, comment="when a run last decided anew, by the same classifier"
    )
    trained_decided_share: Mapped[float | None] = mapped_column(
        ScoreColumn, comment="of the pictures that it was learnt on, cross-validated"
    )
    trained_mean_score: Mapped[float | None] = mapped_column(ScoreColumn)
    trained_share: Mapped[float | None] = mapped_column(ScoreColumn, comment="that have the tag")
    trained_precision: Mapped[float | None] = mapped_column(
        ScoreColumn, comment="of the decided ones among them"
    )
    share: Mapped[float | None] = mapped_column(
        ScoreColumn, comment="estimated, of the collection's pictures that have the tag"
    )
    share_low: Mapped[float | None] = mapped_column(ScoreColumn)
    share_high: Mapped[float | None] = mapped_column(ScoreColumn)
    precision: Mapped[float | None] = mapped_column(
        ScoreColumn, comment="estimated, of the decided pictures that have the tag"
    )
    precision_low: Mapped[float | None] = mapped_column(ScoreColumn)
    precision_high: Mapped[float | None] = mapped_column(ScoreColumn)
    threshold_95: Mapped[float | None] = mapped_column(
        ScoreColumn, comment="from which on 95% would have the tag"
    )
    n_too_novel: Mapped[int] = mapped_column(
        BigNumberColumn,
        server_default="0",
        comment="of them, those too novel to be decided: share and precision are without",
    )


class AnswerRow(Base):
    """What a person said of a picture: it wins over every threshold. A copy of `labels.sqlite`."""

    __tablename__ = "answers"

    hash_id: Mapped[Words] = mapped_column(primary_key=True)
    tag: Mapped[Words] = mapped_column(primary_key=True)
    has_tag: Mapped[bool] = mapped_column(TruthColumn)


class DecidedRow(Base):
    """A tag that was decided for a member when a run last decided: what the next one compares."""

    __tablename__ = "decided"
    __table_args__ = {"sqlite_with_rowid": False}  # noqa: RUF012 - SQLAlchemy's own way

    member_id: Mapped[MemberId]
    tag: Mapped[Words] = mapped_column(primary_key=True)
    container_id: Mapped[int] = mapped_column(
        BigNumberColumn, comment="the member's, so that counting asks no other table"
    )


class ChangeRow(Base):
    """A tag that a member has gained or lost when a run last decided anew."""

    __tablename__ = "changes"
    __table_args__ = {"sqlite_with_rowid": False}  # noqa: RUF012 - SQLAlchemy's own way

    member_id: Mapped[MemberId]
    tag: Mapped[Words] = mapped_column(primary_key=True)
    is_gained: Mapped[bool] = mapped_column(TruthColumn)


class ScoreColumns:
    """What `score_cache` and `zip_score_cache` have in common.

    The two integers make a row unique: an index over `file_path` and `model_name` would halve the
    speed of writing. Both texts are unique in the tables that the integers point to.
    """

    member_id: Mapped[MemberId]
    classifier_id: Mapped[ClassifierId]
    file_name: Mapped[Words]
    file_path: Mapped[Address]
    type: Mapped[Words] = mapped_column(comment="file extension, .png")
    hash_id: Mapped[Words]
    model_name: Mapped[Words]
    model_type: Mapped[Words]
    model_train_date: Mapped[Words | None] = mapped_column(comment="YYYY-MM-DD, HH:MM:SS")
    tag: Mapped[Words]
    tag_score: Mapped[float] = mapped_column(ScoreColumn)


class ScoreCache(ScoreColumns, Base):
    """Stage 3: one row per loose image and classifier."""

    __tablename__ = "score_cache"


class ZipScoreCache(ScoreColumns, Base):
    """Stage 4: one row per image occurrence in an archive and classifier."""

    __tablename__ = "zip_score_cache"

    archive_path: Mapped[Address] = mapped_column(
        comment="the archive that holds it directly", sort_order=1
    )


class DatasetCache(Base):
    """Stage 1: one row per image of the dataset."""

    __tablename__ = "dataset_cache"

    member_id: Mapped[MemberId]
    file_name: Mapped[Words]
    file_path: Mapped[Address] = mapped_column(unique=True)
    type: Mapped[Words]
    hash_id: Mapped[Words] = mapped_column(index=True)
    tag: Mapped[Words | None] = mapped_column(comment="name of the folder that holds it")


class DatasetSidecarRow(Base):
    """Stage 1: a text that may tell tags of pictures, and has been read for them."""

    __tablename__ = "dataset_sidecars"

    member_id: Mapped[MemberId]


class DatasetTagRow(Base):
    """Stage 1: a tag that a text tells of a picture, which may lie in another container."""

    __tablename__ = "dataset_tags"

    member_id: Mapped[MemberId] = mapped_column(comment="the text")
    file_path: Mapped[Address] = mapped_column(primary_key=True, index=True)
    tag: Mapped[Words] = mapped_column(primary_key=True)


class SurveyRow(Base):
    """What the run under way found, in its order; in SQLite gone with the connection."""

    __tablename__ = "survey"

    position: Mapped[RowId]
    address: Mapped[Words] = mapped_column(unique=True)
    location: Mapped[bytes] = mapped_column(LargeBinary, comment="what opens it, as bytes")
    stamp: Mapped[Digest]
    n_entries: Mapped[Count]
    stands: Mapped[Stands] = mapped_column(
        NamedColumn(Stands, "no state"),
        server_default=Stands.NOTHING,
        comment="what of it is in the database",
    )
    device: Mapped[int] = mapped_column(
        BigNumberColumn, server_default="0", comment="number of the disk that it lies on"
    )
    n_bytes: Mapped[int] = mapped_column(
        BigNumberColumn, server_default="0", comment="what it takes on the disk"
    )


class RunRow(Base):
    """A run of stage 3 or 4 that came to its end: what it did, and what each step took.

    Seconds are those that the command's own process spent on a step or waited for it: together
    they make up the run, however many read.
    """

    __tablename__ = "runs"
    __table_args__ = (UniqueConstraint("started", "command", "directory"),)

    id: Mapped[RowId]
    started: Mapped[Words] = mapped_column(comment="local time, YYYY-MM-DD HH:MM:SS.ffffff")
    command: Mapped[Words] = mapped_column(comment="stage4/classify_zip.py")
    directory: Mapped[Words]
    n_containers: Mapped[Count] = mapped_column(comment="archives or folders that were read")
    n_read: Mapped[Count] = mapped_column(comment="pictures that were read, known ones too")
    n_decoded: Mapped[Count]
    n_embedded: Mapped[Count]
    n_rows: Mapped[int] = mapped_column(BigNumberColumn, comment="score rows that were written")
    n_published: Mapped[Count] = mapped_column(comment="pictures placed in a results folder")
    seconds: Mapped[Seconds] = mapped_column(comment="of the whole run")
    reading_seconds: Mapped[Seconds] = mapped_column(comment="of decoding and embedding")
    scoring_seconds: Mapped[Seconds] = mapped_column(comment="of scoring, and writing the rows")
    publishing_seconds: Mapped[Seconds] = mapped_column(comment="of the results folder")
    n_judged: Mapped[Count] = mapped_column(
        server_default="0", comment="pictures that were compared with the labelled ones"
    )
    n_novel: Mapped[Count] = mapped_column(
        server_default="0", comment="of them, those that are unlike all of them"
    )


name_columns(Base.metadata, ODD_REMEDY)
