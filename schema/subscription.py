"""The root of live events."""

import strawberry

from schema.uploads.subscriptions import UploadSubscription


@strawberry.type(description="Live events. Every stream resumes with `after`.")
class Subscription(UploadSubscription):
    """All that can be followed."""
