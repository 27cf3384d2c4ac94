"""What can be done with a workspace, and the least role that may do it: one table for console, API and command line."""

from __future__ import annotations

from typing import Final

from dujiang.store.roles import Role, register_action

ACTIONS: Final[dict[str, Role]] = {
    "page.read": "viewer",
    "metric.read": "viewer",
    "person.read": "viewer",
    "person.reveal": "operator",
    "person.mark": "operator",
    "prediction.read": "viewer",
    "prediction.fit": "operator",
    "group.fit": "operator",
    "group.name": "operator",
    "identity.decide": "operator",
    "identity.suggest": "operator",
    "table.export": "analyst",
    "report.send": "operator",
    "share.create": "operator",
    "share.revoke": "operator",
    "view.keep": "viewer",
    "view.share": "operator",
    "import.read": "viewer",
    "import.run": "operator",
    "import.undo": "operator",
    "source.read": "viewer",
    "platform_total.enter": "operator",
    "dead_letter.read": "operator",
    "dead_letter.repair": "operator",
    "answers.refresh": "operator",
    "answers.rebuild": "admin",
    "workspace.check": "admin",
}

for _action, _role in ACTIONS.items():
    register_action(_action, _role)
