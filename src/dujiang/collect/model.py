"""Channels and sources: what a brand has, and what sends facts about it."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from dujiang.foundation.definitions import Spec, register


class ChannelSpec(Spec):
    """A place where the brand meets people; definition kind ``channel``."""

    group: Literal["marketplace", "content", "private", "own", "store", "ads"] = "own"
    """``private`` is the brand's own domain (WeCom, communities); ``own`` its app, site and mini-program."""
    platform: str = ""
    """Whose channel it is, such as ``tmall``; empty for the brand's own."""
    position: int = Field(default=0, ge=0, le=999)
    """Place in lists, and with it the colour: 1 to 8 are told apart best; 0: after the others, by name."""


class SourceSpec(Spec):
    """Something that sends facts; definition kind ``source``."""

    type: Literal["tracking", "files"] = "tracking"
    channel: str
    """Channel of its facts, unless a fact names another."""
    tracking_plan: str = ""
    """Definition name of the tracking plan that its events are held against; empty for none."""
    app: str = ""
    """Scope of its platform ids, such as a mini-program's appid."""
    device: str = ""
    """Device class of its events where the call does not say: ``mini_program``, ``app``, ``store`` …"""
    silence_minutes: int = Field(default=120, ge=5)
    """Nothing for this long in hours that usually bring something is an alarm."""


register("channel", ChannelSpec)
register("source", SourceSpec)
