"""How the answer to each kind of question is shown: one module for each kind, tables alone where there is none."""

from __future__ import annotations

from typing import Final

from dujiang.console.views.asked.attribution import AttributionView
from dujiang.console.views.asked.content import ContentView
from dujiang.console.views.asked.contribution import ContributionView
from dujiang.console.views.asked.form import FormView
from dujiang.console.views.asked.funnel import FunnelView
from dujiang.console.views.asked.heatmap import HeatmapView
from dujiang.console.views.asked.metric import MetricView
from dujiang.console.views.asked.overlap import OverlapView
from dujiang.console.views.asked.paths import PathView
from dujiang.console.views.asked.plans import HoldoutView, PlanView, SwitchbackView, TestView
from dujiang.console.views.asked.private_domain import PrivateView
from dujiang.console.views.asked.retention import RetentionView
from dujiang.console.views.asked.service import ServiceView
from dujiang.console.views.asked.view import Behind, Picture, View

__all__ = ["Behind", "Picture", "View", "view_of"]

_VIEWS: Final[dict[str, View]] = {
    "metric": MetricView(),
    "funnel": FunnelView(),
    "retention": RetentionView(),
    "paths": PathView(),
    "overlap": OverlapView(),
    "form": FormView(),
    "attribution": AttributionView(),
    "contribution": ContributionView(),
    "content": ContentView(),
    "service": ServiceView(),
    "private_domain": PrivateView(),
    "heatmap": HeatmapView(),
    "lift": TestView(),
    "lift_plan": PlanView(),
    "lift_holdout": HoldoutView(),
    "lift_switchback": SwitchbackView(),
}


def view_of(kind: str) -> View:
    """The view of a kind of question."""
    return _VIEWS.get(kind) or View()
