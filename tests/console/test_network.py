"""What happens to a working day when the line, a tab or the browser goes."""

from playwright.sync_api import expect

from support import answer, bubble, eventually, go_online, open_chat, sign_in

MARIA = "5511988880001"
SEND = "**/api/v1/whatsapp/send/"


def talking(hub, screen, **options):
    """Ana, online, with Maria's chat open."""
    support = hub.department()["id"]
    ana = hub.person("ana", "Ana Lima", departments=[support])
    page = screen(**options)
    sign_in(page, "ana")
    go_online(page)
    hub.customer_writes(MARIA, "Primeira")
    open_chat(page, "Maria Souza")
    expect(bubble(page, "Primeira")).to_be_visible()
    return ana, page


def test_nothing_is_lost_while_the_line_is_cut(hub, line, screen):
    _, page = talking(hub, screen, url=line.url)
    line.cut()
    expect(page.locator(".line-state")).to_contain_text("Sem conexão")
    for text in ("Segunda", "Terceira"):
        hub.customer_writes(MARIA, text)
    answer(page, "Escrevi sem rede")
    pending = bubble(page, "Escrevi sem rede")
    expect(pending).to_have_attribute("data-status", "pending")
    line.mend()
    page.get_by_role("button", name="Tentar agora").click()
    expect(page.locator(".line-state")).to_have_count(0)
    for text in ("Segunda", "Terceira"):
        expect(bubble(page, text)).to_have_count(1)
    expect(pending).to_have_attribute("data-status", "read")
    expect(pending).to_have_count(1)
    assert hub.texts(MARIA) == ["Primeira", "Segunda", "Terceira", "Escrevi sem rede"]


def test_a_message_on_its_way_survives_a_reload_and_is_sent_once(hub, screen):
    _, page = talking(hub, screen)
    page.route(SEND, lambda route: route.abort())
    answer(page, "Antes de recarregar")
    expect(bubble(page, "Antes de recarregar")).to_have_attribute("data-status", "pending")
    page.reload()
    expect(bubble(page, "Antes de recarregar")).to_have_attribute("data-status", "pending")
    assert hub.texts(MARIA) == ["Primeira"]
    page.unroute(SEND)
    expect(bubble(page, "Antes de recarregar")).to_have_attribute("data-status", "read")
    expect(bubble(page, "Antes de recarregar")).to_have_count(1)
    assert hub.texts(MARIA) == ["Primeira", "Antes de recarregar"]


def test_an_answer_of_the_hub_that_is_lost_sends_nothing_twice(hub, screen):
    _, page = talking(hub, screen)
    taken = []

    def lose(route):
        taken.append(route.fetch().status)
        route.abort()

    page.route(SEND, lose, times=1)
    answer(page, "Só uma vez")
    expect(bubble(page, "Só uma vez")).to_have_attribute("data-status", "read")
    # The second try has been answered: nothing is left to be sent.
    eventually("the outbox is empty", lambda: page.evaluate("localStorage.getItem('dx.outbox')") is None)
    assert taken == [202]
    expect(bubble(page, "Só uma vez")).to_have_count(1)
    assert hub.texts(MARIA) == ["Primeira", "Só uma vez"]


def test_a_refused_message_says_why_and_can_be_sent_again(hub, screen):
    _, page = talking(hub, screen)
    hub.admin.post("whatsapp/sessions/stop/")
    answer(page, "O número está parado")
    note = page.locator(".failed-note")
    expect(note).to_be_visible()
    assert "Não enviada" not in note.inner_text(), "the API's own words are shown"
    hub.admin.post("whatsapp/sessions/start/")
    eventually("the number is connected", lambda: hub.admin.get("whatsapp/sessions/status/")["is_connected"])
    note.get_by_role("button", name="Tentar de novo").click()
    expect(bubble(page, "O número está parado")).to_have_attribute("data-status", "read")
    assert hub.texts(MARIA) == ["Primeira", "O número está parado"]


def test_two_tabs_show_the_same_and_leave_together(hub, screen):
    _, first = talking(hub, screen)
    second = first.context.new_page()
    second.goto("/conversas")
    open_chat(second, "Maria Souza")
    answer(first, "Da primeira aba")
    expect(bubble(second, "Da primeira aba")).to_have_attribute("data-status", "read")
    answer(second, "Da segunda aba")
    for page in (first, second):
        expect(bubble(page, "Da segunda aba")).to_have_attribute("data-status", "read")
        expect(page.locator(".bubble-line.out", has_text="aba")).to_have_count(2)
    assert hub.texts(MARIA) == ["Primeira", "Da primeira aba", "Da segunda aba"]
    second.get_by_role("button", name="Presença:").click()
    second.get_by_role("menuitem", name="Sair").click()
    for page in (first, second):
        expect(page.get_by_role("heading", name="Entrar no DX Connect")).to_be_visible()
    assert first.evaluate("localStorage.getItem('dx.refresh')") is None


def test_whoever_is_deactivated_is_signed_out_at_once(hub, screen):
    ana, page = talking(hub, screen)
    hub.admin.patch(f"agents/{ana.id}/", {"is_active": False})
    expect(page.get_by_text("Seu acesso foi desativado.")).to_be_visible()
    assert page.evaluate("localStorage.getItem('dx.refresh')") is None


def test_a_draft_survives_a_reload(hub, screen):
    _, page = talking(hub, screen)
    page.locator("#composer").fill("Pela metade")
    page.reload()
    expect(page.locator("#composer")).to_have_value("Pela metade")


def test_a_message_that_the_network_refused_is_tried_again(hub, screen):
    _, page = talking(hub, screen)
    hub.admin.post("whatsapp/sandbox/falha/", {"falha": "envio_recusado"})
    answer(page, "Vai falhar uma vez")
    line = bubble(page, "Vai falhar uma vez")
    expect(line).to_have_attribute("data-status", "failed")
    line.get_by_role("button", name="Por quê?").click()
    expect(line.locator(".failed-note")).not_to_contain_text("Não enviada.")
    line.get_by_role("button", name="Tentar de novo").click()
    expect(line).to_have_attribute("data-status", "read")
    expect(line).to_have_count(1)


def test_a_hub_that_does_not_answer_at_the_start_is_asked_again(hub, screen):
    _, page = talking(hub, screen)
    page.route("**/api/v1/auth/refresh/", lambda route: route.abort())
    page.reload()
    expect(page.get_by_role("heading", name="Sem conexão")).to_be_visible()
    page.unroute("**/api/v1/auth/refresh/")
    page.get_by_role("button", name="Tentar de novo").click()
    expect(bubble(page, "Primeira")).to_be_visible()


def test_an_hour_that_is_over_ends_nothing(hub, screen):
    _, page = talking(hub, screen)
    # As the browser's clock has it, the token ends: the next request brings another first.
    renewed = []
    page.on("request", lambda request: renewed.append(1) if request.url.endswith("/auth/refresh/") else None)
    page.evaluate("const now = Date.now; Date.now = () => now() + 3600 * 1000")
    answer(page, "Uma hora depois")
    expect(bubble(page, "Uma hora depois")).to_have_attribute("data-status", "read")
    assert renewed, "no other token was asked for"
