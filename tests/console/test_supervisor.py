"""The supervisor's board: who waits, who is there, why a chat went where it went, and what is done about it by hand."""

import pytest
from playwright.sync_api import expect

from support import PASSWORD, eventually, go_online, sign_in
from test_pages import SIZES, accuse

MARIA, JOAO, ZE = "5511988880001", "5511988880002", "5511988880003"


def company(hub):
    """Suporte, which gets the chats, with Ana and Bruno; Vendas with Carla. Sérgio answers for both."""
    support = hub.department()["id"]
    sales = hub.department("Vendas", cor="#10B981")["id"]
    hub.admin.patch("whatsapp/sessions/1/", {"departamento": support})
    # The administrator is a member from the first start on, and would only be in the way.
    hub.admin.patch("agents/1/", {"departamentos": []})
    people = {
        "sergio": hub.person("sergio", "Sérgio Reis", "supervisor", [support, sales]),
        "ana": hub.person("ana", "Ana Ribeiro", departments=[support]),
        "bruno": hub.person("bruno", "Bruno Castro", departments=[support]),
        "carla": hub.person("carla", "Carla Mendes", departments=[sales]),
    }
    return support, sales, people


def three_wait(hub):
    hub.customer_writes(MARIA, "Meu pedido não chegou.")
    hub.customer_writes(JOAO, "Segunda via do boleto, por favor.", name="João Pereira")
    hub.customer_writes(ZE, "Vocês atendem no sábado?", name="Zé da Oficina")


def card(page, name):
    return page.get_by_role("region", name=name, exact=True)


def figure(place, name):
    return place.locator(".department-figures > div", has=place.page.get_by_text(name, exact=True)).locator("dd").first


def names(page):
    return page.locator(".queue .place-name a").all_text_contents()


def row(page, name):
    return page.locator(".place", has_text=name)


def choose(page, name, action):
    row(page, name).get_by_role("button", name="Ações para").click()
    page.get_by_role("menuitem", name=action).click()


def test_the_board_is_alive(hub, screen):
    support, _, people = company(hub)
    page = screen()
    sign_in(page, "sergio")
    page.get_by_role("link", name="Painel").click()
    suporte = card(page, "Suporte")
    expect(figure(suporte, "Esperando")).to_have_text("0")
    expect(suporte).to_contain_text("Nada chegou nas últimas horas")
    hub.customer_writes(MARIA, "Alguém aí?")
    expect(figure(suporte, "Esperando")).to_have_text("1")
    expect(suporte.locator(".place")).to_contain_text("Maria Souza")
    expect(suporte).to_contain_text("Ninguém da equipe está conectado")
    expect(suporte.get_by_role("img")).to_have_attribute("aria-label", "Últimas 6 horas: 1 chegou, no máximo 1 esperando ao mesmo tempo.")
    expect(figure(card(page, "Vendas"), "Esperando")).to_have_text("0")
    # The clock runs by itself.
    before = suporte.locator(".place-wait").inner_text()
    expect(suporte.locator(".place-wait")).not_to_have_text(before)
    people["ana"].post("presence/set-status/", {"status": "online"})
    expect(figure(suporte, "Esperando")).to_have_text("0")
    expect(figure(suporte, "Vagas")).to_have_text("4")
    expect(suporte.locator(".face")).to_contain_text("Ana Ribeiro: Online, 1 de 5")
    suporte.get_by_role("link", name="Suporte", exact=True).click()
    expect(page.locator(".member", has_text="Ana Ribeiro")).to_contain_text("1 de 5")
    expect(page.get_by_text("3 pessoas offline")).to_be_hidden()
    expect(page.get_by_text("2 pessoas offline")).to_be_visible()


def test_who_waits_is_put_first_moved_and_given(hub, screen):
    support, sales, people = company(hub)
    three_wait(hub)
    page = screen()
    sign_in(page, "sergio")
    page.goto(f"/painel/{support}")
    expect(page.locator(".place")).to_have_count(3)
    assert names(page) == ["Maria Souza", "João Pereira", "Zé da Oficina"]

    choose(page, "Zé da Oficina", "Pôr à frente de todas")
    expect(page.locator(".place").first).to_contain_text("Zé da Oficina")
    expect(page.locator(".place").first).to_contain_text("À frente")
    choose(page, "Zé da Oficina", "Devolver à ordem da fila")
    expect(page.locator(".place").first).to_contain_text("Maria Souza")

    row(page, "João Pereira").get_by_role("button", name="Ações para").click()
    page.get_by_role("menuitemradio", name="Urgente").click()
    expect(page.locator(".place").first).to_contain_text("João Pereira")
    expect(page.locator(".place").first).to_contain_text("Urgente")

    choose(page, "Zé da Oficina", "Mover de fila…")
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Motivo").fill("Quer comprar")
    dialog.get_by_role("button", name="Mover").click()
    expect(page.locator(".place")).to_have_count(2)
    assert hub.admin.get(f"chats/{ZE}/")["departamento"] == sales

    row(page, "Maria Souza").get_by_role("button", name="Entregar", exact=True).click()
    dialog.get_by_role("button", name="Entregar").click()
    expect(dialog.get_by_role("alert")).to_have_text("Escolha uma pessoa.")
    dialog.locator(".target", has_text="Bruno Castro").click()
    expect(dialog.get_by_role("status")).to_contain_text("não está online")
    dialog.get_by_role("button", name="Entregar").click()
    expect(page.locator(".toast", has_text="Conversa entregue a Bruno Castro")).to_be_visible()
    expect(page.locator(".place")).to_have_count(1)
    chat = hub.admin.get(f"chats/{MARIA}/")
    assert (chat["atendente"], chat["status"]) == (people["bruno"].id, "em_atendimento")

    page.get_by_role("link", name="Todos os departamentos").click()
    expect(card(page, "Vendas").locator(".place")).to_contain_text("Zé da Oficina")


def test_what_the_hub_refuses_stays_in_the_dialog(hub, screen):
    support, _, people = company(hub)
    hub.customer_writes(MARIA, "Oi")
    page = screen()
    sign_in(page, "sergio")
    page.goto(f"/painel/{support}")
    row(page, "Maria Souza").get_by_role("button", name="Entregar", exact=True).click()
    dialog = page.get_by_role("dialog")
    dialog.locator(".target", has_text="Bruno Castro").click()
    # Somebody was faster: the row goes, the dialog stays and says so.
    people["ana"].post(f"chats/{MARIA}/aceitar/")
    expect(page.locator(".place")).to_have_count(0)
    dialog.get_by_role("button", name="Entregar").click()
    expect(dialog.get_by_role("alert")).to_be_visible()
    expect(dialog.get_by_label("Bruno Castro")).to_be_checked()
    assert hub.admin.get(f"chats/{MARIA}/")["atendente"] == people["ana"].id


def test_the_board_says_why_a_chat_is_where_it_is(hub, screen):
    support, sales, people = company(hub)
    page = screen()
    sign_in(page, "sergio")
    hub.customer_writes(MARIA, "Oi")
    page.goto(f"/painel/{support}?porque={MARIA}")
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("heading", level=2)).to_have_text("Por que Maria Souza está aqui")
    expect(dialog.locator(".why-now")).to_contain_text("Ninguém pode receber agora: 3 offline.")
    # What happens meanwhile is shown at once.
    people["ana"].post("presence/set-status/", {"status": "online"})
    expect(dialog.locator(".why-list > li")).to_have_count(1)
    expect(dialog.locator(".why-list > li")).to_contain_text("Entregue a Ana Ribeiro pelo sistema")
    expect(dialog.locator(".why-now")).to_have_count(0)
    dialog.get_by_role("button", name="Quem foi avaliado").click()
    judged = dialog.get_by_role("row", name="Ana Ribeiro")
    expect(judged).to_contain_text("escolhido")
    expect(dialog.get_by_role("row", name="Bruno Castro")).to_contain_text("offline")
    people["ana"].post(f"chats/{MARIA}/transferir/", {"departamento_destino_id": sales, "motivo": "Quer comprar"})
    expect(dialog.locator(".why-list > li").first).to_contain_text("Ana Ribeiro passou à fila de Vendas")
    expect(dialog.locator(".why-way li")).to_have_count(3)
    expect(dialog.locator(".why-way li").last).to_contain_text("Na fila")
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    expect(page).to_have_url(f"{hub.url}/painel/{support}")


def test_an_agent_is_put_offline_and_the_reason_stays(hub, screen):
    support, _, people = company(hub)
    agent, page = screen(), screen()
    sign_in(agent, "ana")
    go_online(agent)
    hub.customer_writes(MARIA, "Oi")
    sign_in(page, "sergio")
    page.goto(f"/painel/{support}")
    ana = page.locator(".member", has_text="Ana Ribeiro")
    expect(ana).to_contain_text("1 de 5")
    ana.get_by_role("button", name="Ações para Ana Ribeiro").click()
    page.get_by_role("menuitem", name="Conversas abertas").click()
    expect(page.get_by_role("dialog")).to_contain_text("Maria Souza")
    page.keyboard.press("Escape")
    ana.get_by_role("button", name="Ações para Ana Ribeiro").click()
    page.get_by_role("menuitem", name="Colocar offline…").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("button", name="Colocar offline").click()
    expect(dialog.get_by_label("Motivo")).to_be_focused()
    assert people["ana"].get("presence/me/")["status"] == "online"
    dialog.get_by_label("Motivo").fill("Saiu sem avisar")
    dialog.get_by_role("button", name="Colocar offline").click()
    expect(dialog).to_have_count(0)
    expect(agent.get_by_role("button", name="Presença: Offline")).to_be_visible()
    expect(agent.locator(".toast")).to_contain_text("Saiu sem avisar")
    assert people["ana"].get("presence/me/")["status"] == "offline"

    # Its history, reached from the same menu.
    page.get_by_role("button", name="3 pessoas offline").click()
    ana.get_by_role("button", name="Ações para Ana Ribeiro").click()
    page.get_by_role("menuitem", name="Presença nos últimos dias").click()
    first = page.get_by_role("region", name="Tabela: mudanças").locator("tbody tr").first
    expect(first).to_contain_text("Offline")
    expect(first).to_contain_text("colocado por Sérgio Reis: Saiu sem avisar")
    people["ana"].post("presence/set-status/", {"status": "away", "motivo": "Almoço"})
    expect(first).to_contain_text("Em pausa")
    expect(first).to_contain_text("Almoço")


def test_the_board_is_for_supervisors_and_their_departments(hub, screen):
    support, sales, people = company(hub)
    hub.admin.patch(f"agents/{people['sergio'].id}/", {"departamentos": [support]})
    agent, page, boss = screen(), screen(), screen()
    sign_in(agent, "ana")
    expect(agent.get_by_role("navigation", name="Principal").get_by_role("link", name="Painel")).to_have_count(0)
    agent.goto("/painel")
    expect(agent.get_by_role("heading", name="Esta página não é para o seu acesso")).to_be_visible()

    sign_in(page, "sergio")
    page.goto("/painel")
    # One department needs no overview.
    expect(page.get_by_role("heading", level=1)).to_have_text("Suporte")
    page.goto(f"/painel/{sales}")
    expect(page.get_by_role("heading", name="Este departamento não é seu")).to_be_visible()

    sign_in(boss, "admin", PASSWORD)
    boss.goto("/painel")
    expect(boss.locator(".department-card")).to_have_count(2)


def test_the_board_comes_back_after_the_line_broke(hub, line, screen):
    support, _, _ = company(hub)
    page = screen(url=line.url)
    sign_in(page, "sergio")
    page.goto(f"/painel/{support}")
    expect(page.get_by_text("Ninguém esperando")).to_be_visible()
    line.cut()
    expect(page.locator(".line-state")).to_be_visible()
    three_wait(hub)
    line.mend()
    expect(page.locator(".place")).to_have_count(3)
    expect(page.locator(".line-state")).to_have_count(0)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", SIZES)
def test_the_board_is_accessible_and_fits(hub, screen, picture, scheme, size):
    support, sales, people = company(hub)
    width, height = SIZES[size]
    page = screen(width, height, scheme, bypass_csp=True)

    def look(name):
        assert page.evaluate("document.documentElement.scrollWidth") <= width, f"{name} is wider than the screen"
        accuse(page, name)
        picture(page, f"{name}-{size}-{scheme}")

    people["ana"].post("presence/set-status/", {"status": "online"})
    hub.customer_writes("5511988880009", "Bom dia!", name="Larissa Nunes")
    eventually("Ana has a chat", lambda: people["ana"].get("presence/me/")["atendimentos_ativos"] == 1)
    people["ana"].post("presence/set-status/", {"status": "busy"})
    people["bruno"].post("presence/set-status/", {"status": "away", "motivo": "Almoço"})
    three_wait(hub)
    waiting = hub.admin.get("atendimento/filas/?aguardando=true")["results"]
    hub.admin.post(f"atendimento/filas/{waiting[1]['id']}/priorizar/")
    hub.admin.patch(f"atendimento/filas/{waiting[2]['id']}/", {"prioridade": "urgente"})
    sign_in(page, "sergio")
    page.goto("/painel")
    expect(card(page, "Suporte").locator(".place")).to_have_count(3)
    look("board")
    page.goto(f"/painel/{sales}")
    expect(page.get_by_text("Ninguém esperando")).to_be_visible()
    look("board-empty")
    page.goto(f"/painel/{support}")
    expect(page.locator(".place")).to_have_count(3)
    expect(page.locator(".member")).to_have_count(2)
    look("department")
    page.locator(".place").first.get_by_role("button", name="Ações para").click()
    expect(page.get_by_role("menu")).to_be_visible()
    look("queue-menu")
    page.get_by_role("menuitem", name="Entregar a…").click()
    expect(page.get_by_role("dialog")).to_be_visible()
    look("assign")
    page.keyboard.press("Escape")
    choose(page, "Maria Souza", "Mover de fila…")
    expect(page.get_by_role("dialog")).to_be_visible()
    look("move")
    page.keyboard.press("Escape")
    choose(page, "Maria Souza", "Por que está aqui?")
    expect(page.locator(".why-now")).to_be_visible()
    look("why")
    page.keyboard.press("Escape")
    page.goto(f"/painel/{support}?porque=5511988880009")
    page.get_by_role("button", name="Quem foi avaliado").click()
    look("why-decided")
    page.keyboard.press("Escape")
    page.locator(".member", has_text="Ana Ribeiro").get_by_role("button", name="Ações para").click()
    page.get_by_role("menuitem", name="Colocar offline…").click()
    expect(page.get_by_role("dialog")).to_be_visible()
    look("force-offline")
