"""Tries an integration out and says in words what works."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass

from app.core.errors import Refused, Unavailable
from app.core.storage import integrations, opening
from app.core.storage.integrations import Allowances, LocalFolder
from app.core.storage.store import Store
from app.files import stores
from app.files.models import Integration
from app.files.stores import Terms

LONGEST_SECONDS = 20.0


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was tried, and how it went."""

    is_ok: bool
    message: str


async def examine(
    row: Integration,
    url: str | None,
    *,
    secret: bytes,
    terms: Terms,
    longest_seconds: float = LONGEST_SECONDS,
) -> list[Finding]:
    """Open the store and look: at the object that the URL names, or else at the bucket.

    The last finding is the fault, if there is one. No media is read.
    """
    findings: list[Finding] = []
    try:
        async with asyncio.timeout(longest_seconds), terms.in_force() as allowances:
            async for words in _steps(row, url, secret, allowances):
                findings.append(Finding(is_ok=True, message=words))  # noqa: PERF401  kept if the next raises
    except Refused as refused:
        findings.append(Finding(is_ok=False, message=refused.message))
    except Unavailable as unavailable:
        findings.append(Finding(is_ok=False, message=str(unavailable)))
    except TimeoutError:
        message = f"The store did not answer within {longest_seconds:g} seconds."
        findings.append(Finding(is_ok=False, message=message))
    return findings


async def _steps(
    row: Integration, url: str | None, secret: bytes, allowances: Allowances
) -> AsyncIterator[str]:
    """What works, one thing after the other; raises at the first that does not."""
    integration = stores.integration_of(row, secret)
    await integrations.check(integration, allowances)
    yield "The configuration keeps to the rules of this server."
    if url is not None:
        bucket, key = integrations.resolve(integration, url)
        yield "The URL lies within what this integration reaches."
        store = await opening.open_store(integration, bucket, allowances)
        info = await store.head(key)
        yield f"The object is there and has {info.byte_size:,} bytes."
        if not isinstance(integration, LocalFolder):
            await store.signed_url(key)
            yield "Links to it can be signed."
    elif isinstance(integration, LocalFolder):
        yield "The folder is there."
    elif integration.bucket is None:
        yield "No bucket is configured; give the URL of an object to try the credentials."
    else:
        store = await opening.open_store(integration, integration.bucket, allowances)
        yield await _look_into(store, integration.prefix.strip("/"))


async def _look_into(store: Store, prefix: str) -> str:
    async for _ in store.list(prefix):
        return "The bucket can be listed and holds objects."
    return "The bucket can be listed; there is no object in it yet."
