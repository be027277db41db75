"""The root of live events."""

import strawberry

from schema.background.subscriptions import BackgroundSubscription
from schema.uploads.subscriptions import UploadSubscription


@strawberry.type(description="Live events. Every stream resumes with `after`.")
class Subscription(BackgroundSubscription, UploadSubscription):
    """All that can be followed."""
