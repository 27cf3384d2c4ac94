"""Prediction quality, and lifetime value."""

from __future__ import annotations

from starlette.responses import Response

from dujiang.console.views import predictions as views
from dujiang.console.visit import Visit
from dujiang.console.web import Room, done, page
from dujiang.foundation.i18n import _

ROOM = Room()


@ROOM.get("/predictions", allow="prediction.read")
def quality(visit: Visit) -> Response:
    """How good the fitted models are."""
    runs = visit.workspace.predictions.latest()
    view = views.quality(visit, runs)
    sheets = [*(sheet for _title, _note, sheet in view.tables), *(sheet for _chart, sheet in view.pictures)]
    return page(visit, "predictions.html", [views.weeks_sheet(visit, runs), *sheets], view=view)


@ROOM.post("/predictions/fit", allow="prediction.fit")
def fit(visit: Visit) -> Response:
    """Fit every model in the background."""
    job = visit.workspace.jobs.create("predict", {}, visit.actor)
    visit.workspace.record(visit.actor, "prediction.fit", job.id)
    return done(visit, "/jobs", _("The models are being fitted. Predictions follow when they are done."))


@ROOM.get("/lifetime-value", allow="prediction.read")
def lifetime_value(visit: Visit) -> Response:
    """What customers were and will be worth, in three parts."""
    found = visit.workspace.predictions.lifetime_value()
    shares = "shares" not in found.missing
    sheets = [
        views.curves_sheet(visit, found.curves),
        views.ltv_sheet(visit, "ltv-channels", found.channels, shares=shares),
        views.ltv_sheet(visit, "ltv-cohorts", found.cohorts, shares=shares),
        views.ahead_sheet(visit, "ltv-channels-ahead", found.channels),
        views.ahead_sheet(visit, "ltv-cohorts-ahead", found.cohorts),
    ]
    return page(visit, "lifetime_value.html", sheets, view=views.lifetime_value(visit, found))
