"""The console's pages, one module for each room."""

from __future__ import annotations

from dujiang.console.rooms import definitions, jobs, palette, settings, sign_in

ROOMS = (sign_in.ROOM, palette.ROOM, definitions.ROOM, jobs.ROOM, settings.ROOM)
