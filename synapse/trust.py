"""Whom TLS connections believe: the authorities that everybody trusts, and those that ``SYNAPSE_CA_FILE`` adds."""

from __future__ import annotations

import ssl

import httpx

from synapse.settings import TlsSettings


def context() -> ssl.SSLContext:
    """For a client: certifi's authorities and the operator's own. Raises ValidationError for a file that cannot be used."""
    return widened(httpx.create_ssl_context(trust_env=False))


def widened(context: ssl.SSLContext) -> ssl.SSLContext:
    """The context, which from now on believes the operator's own authorities, too. Raises as `context`."""
    file = TlsSettings().ca_file
    if file is not None:
        context.load_verify_locations(cafile=file)
    return context
