"""RO-Crate by roc-validator, without a network.

The validator fetches the context https://w3id.org/ro/crate/1.1/context. It stands beside this file as published (CC0, version
1.1.0; the file says so itself), and is put into the validator's cache through the cache's own library, as if it had been
fetched; then the validator runs offline.
"""

import io
import pathlib
import tempfile

import requests_cache
import urllib3
from requests.adapters import HTTPAdapter
from rocrate_validator import models, services

CONTEXT = "https://w3id.org/ro/crate/1.1/context"
CONTEXT_FILE = pathlib.Path(__file__).with_name("ro-crate-1.1-context.jsonld")


class FromFile(HTTPAdapter):
    """Answers every request with the bytes of a file."""

    def send(self, request, **_):
        raw = urllib3.HTTPResponse(
            body=io.BytesIO(CONTEXT_FILE.read_bytes()),
            status=200,
            headers={"Content-Type": "application/ld+json"},
            preload_content=False,
            request_url=request.url,
        )
        return self.build_response(request, raw)


def validate(folder):
    """Validates a folder by the profile of RO-Crate 1.1; returns how many checks ran, and what they found."""
    with tempfile.TemporaryDirectory() as place:
        cache = str(pathlib.Path(place) / "cache")
        with requests_cache.CachedSession(cache_name=cache, backend="sqlite") as session:
            session.mount("https://", FromFile())
            session.get(CONTEXT).raise_for_status()
        settings = services.ValidationSettings(
            rocrate_uri=str(folder),
            profile_identifier="ro-crate-1.1",
            requirement_severity=models.Severity.REQUIRED,
            offline=True,
            cache_path=cache,
        )
        result = services.validate(settings)
        return len(result.executed_checks), [str(issue.message) for issue in result.get_issues()]
