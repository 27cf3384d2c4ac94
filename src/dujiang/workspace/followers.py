"""Who follows a refresh, in the order in which they read each other."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dujiang.engine.refresh import Follower
from dujiang.people.groups.follower import GroupFollower
from dujiang.people.hours.follower import ActiveHourFollower
from dujiang.people.lifecycle.follower import LifeCycleFollower
from dujiang.people.prediction.scoring import PredictionFollower
from dujiang.people.relations.follower import RelationFollower
from dujiang.people.segments.follower import SegmentFollower
from dujiang.people.segments.tags import TagKinds
from dujiang.people.segments.tree import trees
from dujiang.people.tags.catalogue import catalogue
from dujiang.people.tags.follower import TagFollower
from dujiang.people.value.follower import ValueFollower

if TYPE_CHECKING:
    from dujiang.workspace.workspace import Workspace


def followers(workspace: Workspace) -> tuple[Follower, ...]:
    """Relations; life cycle, value, hours; what models say; then tags, which show what all of these say; then segments."""
    return (
        RelationFollower(workspace.relations.rules, lambda: workspace.identifier_types),
        LifeCycleFollower(workspace.life.spec),
        ValueFollower(workspace.value.rules),
        ActiveHourFollower(),
        PredictionFollower(workspace.predictions.runs),
        GroupFollower(workspace.groups.runs),
        TagFollower(lambda: catalogue(workspace.definitions.current()), workspace.clock),
        SegmentFollower(lambda: trees(workspace.definitions.current()), lambda: tag_kinds(workspace)),
    )


def tag_kinds(workspace: Workspace) -> TagKinds:
    """The tags that segments may name."""
    tags = catalogue(workspace.definitions.current())
    return TagKinds({tag.name: tag.spec.kind for tag in tags}, tags.fingerprint, tags.marks)
