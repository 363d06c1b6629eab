"""A browser for all tests, a hub for each."""

import os
import pathlib

import pytest
from playwright.sync_api import expect, sync_playwright

from support import PATIENCE_SECONDS, Hub, Line

ROOT = pathlib.Path(__file__).resolve().parents[2]
TARGET = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
BINARY = os.environ.get("DX_BINARY", str(TARGET / "debug" / "dx-connect"))
SCREENSHOTS = pathlib.Path(os.environ.get("DX_SCREENSHOTS", TARGET / "console-screenshots"))
CHROMIUM = os.environ.get("DX_CHROMIUM", "/usr/bin/chromium")
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # Sounds are made, and nobody has to hear them.
    "--mute-audio",
]

expect.set_options(timeout=PATIENCE_SECONDS * 1000)


@pytest.fixture(scope="session")
def browser():
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def hub():
    hub = Hub(BINARY)
    yield hub
    hub.stop()


@pytest.fixture
def line(hub):
    line = Line(hub)
    yield line
    line.close()


@pytest.fixture
def screen(browser, hub):
    """Makes a person's browser: a context of its own and a page in it. What a page throws or its policy refuses fails the test."""
    contexts, troubles = [], []

    def watch(page):
        page.set_default_timeout(PATIENCE_SECONDS * 1000)
        page.on("pageerror", lambda error: troubles.append(str(error)))
        page.on("console", lambda message: troubles.append(message.text) if "Content Security Policy" in message.text or "Trusted" in message.text else None)

    def make(width=1440, height=900, scheme="light", url=None, **options):
        context = browser.new_context(
            viewport={"width": width, "height": height},
            color_scheme=scheme,
            locale="pt-BR",
            timezone_id="America/Sao_Paulo",
            base_url=url or hub.url,
            # Nothing may be asked of anybody else.
            **options,
        )
        contexts.append(context)
        context.route(lambda address: not address.startswith((url or hub.url, "blob:", "data:")), lambda route: troubles.append(route.request.url) or route.abort())
        context.on("page", watch)
        return context.new_page()

    yield make
    for context in contexts:
        # Answers that are still being changed on their way belong to nobody any more.
        for page in context.pages:
            page.unroute_all(behavior="ignoreErrors")
        context.unroute_all(behavior="ignoreErrors")
        context.close()
    assert not troubles, troubles


@pytest.fixture
def picture():
    """Keeps a picture of a page, to be looked at."""
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)

    def take(page, name):
        # Whatever moves has come to rest in it.
        page.screenshot(path=SCREENSHOTS / f"{name}.png", animations="disabled")

    return take
