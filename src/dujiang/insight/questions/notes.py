"""What a reader has to know about an answer, by code."""

from __future__ import annotations

from typing import Final

from dujiang.foundation.i18n import _
from dujiang.insight.incrementality.doubts import DOUBTS

NOTES: Final[dict[str, str]] = {
    "rows_left_out": _("Smaller rows are left out."),
    "attribution_is_no_effect": _(
        "Attribution shares out what was sold. What would not have been sold without a channel only a test can tell."
    ),
    "contribution_is_no_effect": _(
        "Direct and assist share out what was sold; what would not have been sold without a channel is the increment that a "
        "test measured. It is another view of the same sales and never added to them."
    ),
    **{str(code): text for code, text in DOUBTS.items()},
    "few_conversions": _("Fewer than 30 conversions: too few for intervals."),
    "quality_relative": _(
        "Quality holds an item against all items of the period: 50 is average, 80 twice as good in everything. Buying after "
        "reading is no proof of what the content did."
    ),
    "window_open": _("Of the newest, the time in which it could still happen is not over: they are left out of rates."),
    "sentiment_small_model": _(
        "Sentiment comes from a small model over characters: it is right for about four in five sentences. Watch shares, not "
        "single conversations."
    ),
    "private_not_causal": _(
        "These are people who came by a way and bought, not purchases that the way caused: whoever adds a guide wants to buy "
        "anyway."
    ),
    "no_private_channel": _("No channel belongs to the group private: give one that group in its definition."),
    "no_clicks": _("No click that states its place reached this page in these days."),
    "no_forms": _(
        "Nobody touched such a form in these days. The web tracker tells of forms by itself; by other ways send form_step and "
        "form_submitted, as the guide to tracking says."
    ),
    "devices_mixed": _("Pages look different on each class of devices: choose one to see where people click."),
    "dead_unknown": _("The tracker of this page does not say whether clicks had an effect: update it to version 1.1."),
    "no_attention": _("The page names no modules: mark them with data-module to see how long each is in view."),
    "cost_partly_known": _(
        "What entrants cost is known only for ways that a report of advertising names; which campaigns lead to the others can "
        "be said in the question. The cost of all ways is that of advertising in private channels."
    ),
    "places_guessed": _(
        "The tracker does not say where some modules lie: their places are guessed from clicks. Update it to version 1.2."
    ),
    "sentiment_no_text": _("No conversation came with its text, so that nothing is known of sentiment."),
}
