"""The 24-hour window of Meta's Cloud API. The simulated number has none, so what the API says of it is put into its answer."""

import datetime
import json

from playwright.sync_api import expect

from support import bubble, open_chat, sign_in

MARIA = "5511988880001"


def with_window(page, minutes):
    """From now on the window of Maria's chat ends in so many minutes."""
    page.unroute_all(behavior="wait")
    until = datetime.datetime.now(datetime.UTC) + datetime.timedelta(minutes=minutes)

    def answer(route):
        answer = route.fetch()
        row = {**answer.json(), "janela_aberta": minutes > 0, "janela_aberta_ate": until.isoformat().replace("+00:00", "Z")}
        route.fulfill(response=answer, json=row)

    page.route(f"**/api/v1/chats/{MARIA}/", answer)


def start(hub, screen):
    support = hub.department()["id"]
    ana = hub.person("ana", "Ana Lima", departments=[support])
    hub.customer_writes(MARIA, "Oi")
    ana.post(f"chats/{MARIA}/aceitar/")
    return screen()


def test_the_end_of_the_window_is_counted_down(hub, screen):
    page = start(hub, screen)
    with_window(page, 30)
    sign_in(page, "ana")
    open_chat(page, "Maria Souza")
    banner = page.locator(".banner")
    expect(banner).to_contain_text("fecha em 29:")
    with_window(page, 120)
    page.reload()
    expect(banner).to_contain_text("fecha em 1 h 59")
    with_window(page, 23 * 60)
    page.reload()
    expect(bubble(page, "Oi")).to_be_visible()
    expect(page.locator("#composer")).to_be_visible()
    expect(banner).to_have_count(0)


def test_after_its_end_only_a_template_is_sent(hub, screen):
    page = start(hub, screen)
    with_window(page, -5)
    template = {
        "id": 1, "session": 1, "name": "retorno", "language": "pt_BR", "status": "approved",
        "components": [{"type": "BODY", "text": "Olá {{1}}, podemos falar do pedido {{2}}?"}],
    }
    page.route("**/api/v1/whatsapp/templates/*", lambda route: route.fulfill(json={"count": 1, "next": None, "previous": None, "results": [template]}))
    sent = []

    def take(route):
        sent.append(json.loads(route.request.post_data))
        route.fulfill(status=202, json={"message_id": "T1", "database_id": 900, "status": "queued", "client_message_id": sent[0]["client_message_id"]})

    page.route("**/api/v1/whatsapp/send/", take)
    sign_in(page, "ana")
    open_chat(page, "Maria Souza")
    expect(page.locator(".banner")).to_contain_text("A janela de 24 horas fechou")
    expect(page.locator("#composer")).to_have_count(0)
    page.get_by_role("button", name="Enviar modelo").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_text("retorno").click()
    dialog.get_by_label("Variável 1").fill("Maria")
    dialog.get_by_label("Variável 2").fill("4821")
    expect(dialog.locator(".template-preview")).to_have_text("Olá Maria, podemos falar do pedido 4821?")
    with page.expect_response("**/api/v1/whatsapp/send/"):
        dialog.get_by_role("button", name="Enviar").click()
    expect(dialog).to_have_count(0)
    expect(page.locator(".bubble-line.out")).to_be_visible()
    body = [{"type": "body", "parameters": [{"type": "text", "text": "Maria"}, {"type": "text", "text": "4821"}]}]
    assert (sent[0]["type"], sent[0]["template"]) == ("template", {"name": "retorno", "language": "pt_BR", "components": body})
