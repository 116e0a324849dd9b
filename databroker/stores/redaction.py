"""Connection strings as they may be shown."""

import re

__all__ = ["redact"]

_SECRETS = re.compile(r"(?i)((?:password|token)[^=:&,]*[=:])[^&,]*")
_CREDENTIALS = re.compile(r"(?<=://)([^/@:]*):.*@")


def redact(uri: str) -> str:
    """A connection string without what is secret in it."""
    return _SECRETS.sub(r"\1***", _CREDENTIALS.sub(r"\1:***@", uri))
