"""What analyses that do not read events one by one cannot be limited or divided by."""

from __future__ import annotations

from dujiang.engine.question import Rows
from dujiang.foundation.i18n import _
from dujiang.insight.questions.model import Asked


def refuse_where(question: Asked) -> None:
    """Refuse conditions on events.

    Raises:
        ValueError: there are any.
    """
    if question.where:
        raise ValueError(_("this analysis is limited by `people` and `channels`"))


def refuse_by(question: Asked) -> None:
    """Refuse to be divided.

    Raises:
        ValueError: it is asked to be.
    """
    if question.by:
        raise ValueError(_("this analysis is not divided: ask it once for each of the `channels`"))


def only_channels(rows: Rows, channels: tuple[str, ...]) -> Rows:
    """The rows of these channels; of all where none are named."""
    return rows.filter(rows["channel"].isin(channels)) if channels else rows
