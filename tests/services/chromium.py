"""Debian's Chromium, driven by Playwright: a real browser, whose own traffic to the outside is switched off."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from playwright.sync_api import Browser, sync_playwright

from tests.services.process import ServiceMissing

_QUIET: Final = ("--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update",
                 "--disable-sync")  # fmt: skip


@contextmanager
def chromium() -> Iterator[Browser]:
    """A browser. Raises ServiceMissing where none is installed."""
    program = shutil.which("chromium")
    if program is None:
        raise ServiceMissing("chromium is not installed: run scripts/install-services chromium")
    # Root has no sandbox to give up; everybody else keeps theirs.
    arguments = [*_QUIET, *(["--no-sandbox"] if os.geteuid() == 0 else [])]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=arguments)
        try:
            yield browser
        finally:
            browser.close()
