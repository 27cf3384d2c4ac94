"""Every kind of question there is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from pydantic import ValidationError

from dujiang.foundation.errors import InvalidInput
from dujiang.foundation.i18n import _
from dujiang.foundation.reasons import Reason
from dujiang.insight.attribution.analysis import AttributionAnalysis
from dujiang.insight.content.analysis import ContentAnalysis
from dujiang.insight.contribution.analysis import ContributionAnalysis
from dujiang.insight.desk.analysis import ServiceAnalysis
from dujiang.insight.heatmap.analysis import HeatmapAnalysis
from dujiang.insight.incrementality.analysis import LiftAnalysis, LiftPlanAnalysis
from dujiang.insight.incrementality.designs import LiftHoldoutAnalysis, LiftSwitchbackAnalysis
from dujiang.insight.private.analysis import PrivateAnalysis
from dujiang.insight.questions.analysis import Analysis
from dujiang.insight.questions.form import FormAnalysis
from dujiang.insight.questions.funnel import FunnelAnalysis
from dujiang.insight.questions.measure import MetricAnalysis
from dujiang.insight.questions.model import Asked, Pick
from dujiang.insight.questions.overlap import OverlapAnalysis
from dujiang.insight.questions.paths import PathAnalysis
from dujiang.insight.questions.retention import RetentionAnalysis

ANALYSES: Final[dict[str, Analysis[Any, Any]]] = {
    one.type: one
    for one in (
        MetricAnalysis(),
        FunnelAnalysis(),
        FormAnalysis(),
        OverlapAnalysis(),
        PathAnalysis(),
        RetentionAnalysis(),
        AttributionAnalysis(),
        ContributionAnalysis(),
        ContentAnalysis(),
        ServiceAnalysis(),
        PrivateAnalysis(),
        HeatmapAnalysis(),
        LiftAnalysis(),
        LiftPlanAnalysis(),
        LiftHoldoutAnalysis(),
        LiftSwitchbackAnalysis(),
    )
}


def analysis_of(question: Asked) -> Analysis[Any, Any]:
    """The analysis that answers ``question``."""
    return ANALYSES[question.model_dump(include={"type"})["type"]]


def parse_question(plain: Mapping[str, Any]) -> Asked:
    """A checked question from its plain form.

    Raises:
        InvalidInput: ``question.unknown_type``, or ``question.invalid`` naming the field.

    >>> parse_question({"type": "metric", "metrics": ["gmv"]}).metrics
    ('gmv',)
    """
    wanted = plain.get("type")
    if not isinstance(wanted, str) or wanted not in ANALYSES:
        sentence = _("“{value}” is no kind of question. There are {known}.")
        raise InvalidInput("question.unknown_type", sentence, value=str(wanted)[:40], known=", ".join(ANALYSES))
    return checked(ANALYSES[wanted].question, plain)


def parse_pick(question: Asked, plain: Mapping[str, Any]) -> Pick:
    """What names one number of the answer to ``question``, from its plain form.

    Raises:
        InvalidInput: ``question.invalid``, naming the field.
    """
    return checked(analysis_of(question).pick, plain)


def checked(kind: type[Any], plain: Mapping[str, Any]) -> Any:
    """A value of ``kind``, which a question is or has a part of, from its plain form.

    Raises:
        InvalidInput: ``question.invalid``, naming the field.
    """
    try:
        return kind.model_validate(dict(plain))
    except ValidationError as error:
        first = error.errors()[0]
        field, reason = ".".join(str(part) for part in first["loc"]), Reason.of(error)
        if reason.sentence.endswith("."):  # it says everything by itself
            raise InvalidInput("question.invalid", reason.sentence, **reason.given) from None
        sentence = _("The question is wrong at {field}: {reason}.") if field else _("The question is wrong: {reason}.")
        raise InvalidInput("question.invalid", sentence, field=field[:200], reason=reason) from None
