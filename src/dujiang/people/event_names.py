"""Well-known events in words; every other one bears the name that it was sent with."""

from __future__ import annotations

from typing import Final

from dujiang.foundation.i18n import _

EVENT_LABELS: Final = {
    "page_viewed": _("Looked at a page"),
    "screen_viewed": _("Looked at a screen"),
    "page_left": _("Left a page"),
    "shared": _("Shared"),
    "element_clicked": _("Clicked"),
    "product_viewed": _("Looked at a product"),
    "add_to_cart": _("Put into the cart"),
    "checkout_started": _("Began to check out"),
    "order_paid": _("Paid an order"),
    "identified": _("Signed in"),
    "search": _("Searched"),
    "favourite": _("Kept as a favourite"),
    "coupon_claimed": _("Took a coupon"),
    "coupon_redeemed": _("Used a coupon"),
    "campaign_received": _("Was reached by a campaign"),
    "article_viewed": _("Read an article"),
    "like": _("Liked"),
    "comment": _("Commented"),
    "share": _("Passed on"),
    "ugc_posted": _("Posted something of their own"),
    "community_message": _("Wrote in a community"),
    "form_step": _("Touched a field of a form"),
    "form_submitted": _("Sent a form"),
}
