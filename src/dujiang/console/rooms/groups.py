"""Groups: people who behave alike, their names, and the fit that finds them."""

from __future__ import annotations

from starlette.responses import Response

from dujiang.console.rooms import jobs
from dujiang.console.views import groups as views
from dujiang.console.visit import Visit
from dujiang.console.web import Room, done, page, render
from dujiang.foundation.i18n import _

ROOM = Room()


@ROOM.get("/groups", allow="person.read")
def groups(visit: Visit) -> Response:
    """The groups as they are today."""
    now = visit.workspace.groups.now()
    sheets = [
        views.groups_sheet(visit, now),
        views.differences_sheet(visit, now),
        views.stability_sheet(visit, now.latest),
        views.flow_sheet(visit, now.flow),
        views.moves_sheet(visit, now.run),
    ]
    return page(visit, "groups.html", sheets, view=views.groups(visit, now), job=_job(visit))


@ROOM.get("/groups/progress", allow="person.read")
def progress(visit: Visit) -> Response:
    """How far the fit is; once it has ended, the whole page anew."""
    job = _job(visit)
    if job is None:
        return Response(headers={"hx-refresh": "true"})
    return render(visit, "groups_progress.html", job=job)


@ROOM.post("/groups/fit", allow="group.fit")
def fit(visit: Visit) -> Response:
    """Find groups anew, in the background."""
    job = visit.workspace.jobs.create("groups", {}, visit.actor)
    visit.workspace.record(visit.actor, "group.fit", job.id)
    return done(visit, "/groups", _("Groups are being found. You may leave this page."))


@ROOM.post("/groups/{id}/name", allow="group.name")
def name(visit: Visit) -> Response:
    """Give a group another name."""
    group, definitions = visit.request.path_params["id"], visit.workspace.definitions
    wanted = visit.workspace.groups.renamed(group, {visit.locale: visit.field("name")})
    definitions.apply(definitions.plan([wanted]), actor=visit.actor)
    return done(visit, "/groups", _("The group has its new name."))


@ROOM.post("/groups/{id}/segment", allow="definition.apply")
def segment(visit: Visit) -> Response:
    """Make a segment of a group."""
    made, definitions = visit.workspace.groups.segment_of(visit.request.path_params["id"]), visit.workspace.definitions
    definitions.apply(definitions.plan([made]), actor=visit.actor)
    return done(
        visit, f"/segments/{made.name}", _("Saved. The members follow with the next refresh, in a few seconds.")
    )


def _job(visit: Visit) -> jobs.JobView | None:
    """The fit that is waiting or running."""
    found = [jobs.view(visit, one) for one in visit.workspace.jobs.list(1, kind="groups")]
    return next((one for one in found if one.is_alive), None)
