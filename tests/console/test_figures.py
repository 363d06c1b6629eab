"""What the console costs: bytes over the wire, time until it can be used, a list of two thousand. Times are printed (`-s`) and not
asserted: they are the machine's as much as the console's."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from playwright.sync_api import expect

from support import eventually, sign_in

# So that a slow line shows something soon.
FIRST_LOAD_BYTES_MAX = 150 * 1024
CHATS = 2000
# Of a list of which only what is seen is drawn: twice the screen.
ROWS_MAX = 60
# The best of a few shows what the console itself needs.
LOADS = 5


def cpu_ms(client):
    """What the page's own thread has worked so far; that depends on no neighbour."""
    metrics = {metric["name"]: metric["value"] for metric in client.send("Performance.getMetrics")["metrics"]}
    return metrics["TaskDuration"] * 1000


def bytes_over_the_wire(browser, url, act):
    """Everything that a browser without a cache receives, headers included."""
    context = browser.new_context(base_url=url, locale="pt-BR")
    page = context.new_page()
    client = context.new_cdp_session(page)
    client.send("Network.enable")
    received = []
    client.on("Network.loadingFinished", lambda event: received.append(event["encodedDataLength"]))
    act(page)
    page.wait_for_load_state("networkidle")
    context.close()
    return int(sum(received)), len(received)


def test_the_first_load_is_small(hub, browser, record_property):
    hub.person("ana", "Ana Lima")

    def first_load(page):
        sign_in(page, "ana")
        expect(page.get_by_text("Você não está online")).to_be_visible()

    size, requests = bytes_over_the_wire(browser, hub.url, first_load)
    print(f"\nfirst load, signing in and the first lists included: {size / 1024:.1f} KiB in {requests} requests")
    assert size <= FIRST_LOAD_BYTES_MAX


@pytest.mark.parametrize("path", ["/entrar", "/conversas"])
def test_how_soon_it_can_be_used(hub, browser, path):
    support = hub.department()["id"]
    ana = hub.person("ana", "Ana Lima", departments=[support])
    ana.post("presence/set-status/", {"status": "online"})
    for number in range(20):
        hub.customer_writes(f"55119888{number:05}", "Oi", name=f"Cliente {number}")
    times, work = [], []
    context = browser.new_context(base_url=hub.url, locale="pt-BR")
    page = context.new_page()
    if path == "/conversas":
        sign_in(page, "ana")
        page.get_by_role("tab", name="Todas").click()
        page.locator(".chat-row").first.wait_for()
    client = context.new_cdp_session(page)
    client.send("Performance.enable", {"timeDomain": "threadTicks"})
    for _ in range(LOADS):
        # Cold: as somebody who comes for the first time.
        client.send("Network.clearBrowserCache")
        page.goto(path)
        # The mark is set when what is shown takes clicks and keys.
        mark = "performance.getEntriesByName('dx.interactive')[0]?.startTime"
        times.append(eventually(f"{path} can be used", lambda: page.evaluate(mark)))
        work.append(cpu_ms(client))
    context.close()
    print(f"\n{path} interactive after {', '.join(f'{time:.0f}' for time in times)} ms, with {min(work):.0f} ms of work")


def test_two_thousand_chats_scroll(hub, screen):
    support = hub.department()["id"]
    hub.person("sergio", "Sérgio Reis", "supervisor", [support])
    with ThreadPoolExecutor(8) as customers:
        list(customers.map(lambda number: hub.customer_writes(f"55119{number:08}", f"Mensagem {number}", name=f"Cliente {number}"), range(CHATS)))
    page = screen()
    sign_in(page, "sergio")
    page.get_by_role("tab", name="Aguardando").click()
    expect(page.get_by_role("tab", name="Aguardando")).to_contain_text("2000")
    rows = page.locator(".list .chat-row")
    assert rows.count() <= ROWS_MAX
    client = page.context.new_cdp_session(page)
    client.send("Performance.enable", {"timeDomain": "threadTicks"})
    before = cpu_ms(client)
    # A person who turns the wheel for three seconds; what is measured is how long each frame took.
    frames = page.evaluate("""async () => {
        const list = document.querySelector(".virtual-list");
        const frames = [];
        let last = await new Promise(requestAnimationFrame);
        for (let step = 0; step < 180; step += 1) {
            list.scrollTop += 420;
            const now = await new Promise(requestAnimationFrame);
            frames.push(now - last);
            last = now;
        }
        return frames;
    }""")
    work = (cpu_ms(client) - before) / len(frames)
    frames.sort()
    print(f"\nscrolling {CHATS} chats: median frame {frames[len(frames) // 2]:.1f} ms, p95 {frames[int(len(frames) * 0.95)]:.1f} ms, longest {frames[-1]:.1f} ms, {work:.1f} ms of work each")
    assert rows.count() <= ROWS_MAX
    page.locator(".virtual-list").evaluate("(list) => { list.scrollTop = list.scrollHeight; }")
    expect(rows.last).to_be_visible()
    # It stays alive: who writes moves to the top of what is sorted by time.
    page.get_by_role("tab", name="Todas").click()
    hub.customer_writes("5511900000007", "Ainda estou aqui", name="Cliente 7")
    expect(page.locator(".virtual-list")).to_contain_text("Ainda estou aqui")
    expect(rows.first).to_contain_text("Cliente 7")
    page.keyboard.press("/")
    page.keyboard.type("Cliente 1999")
    expect(page.locator(".results .chat-row").first).to_contain_text("Cliente 1999")
