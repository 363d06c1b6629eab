"""Every page and dialog: looked at by axe-core, drawn in both colour schemes and two widths, and usable at 360 px."""

import pathlib

import axe_playwright_python
import pytest
from playwright.sync_api import expect

from support import answer, bubble, go_online, open_chat, sign_in

MARIA = "5511988880001"
AXE = next(pathlib.Path(axe_playwright_python.__file__).parent.rglob("axe.min.js")).read_text()
# The rules of WCAG 2.2, levels A and AA, and what axe calls best practice.
RUN = "async () => (await axe.run(document, { resultTypes: ['violations'] })).violations"


def accuse(page, name):
    """Fails for what axe-core calls serious or critical."""
    page.evaluate(AXE)
    # A colour on its way from one to the other would be measured.
    page.evaluate("Promise.all(document.getAnimations().filter((a) => a.effect.getTiming().iterations !== Infinity).map((a) => a.finished.catch(() => {})))")
    found = [
        f"{name}: {violation['id']} ({violation['impact']}): {node['html'][:160]} {node.get('failureSummary', '')[:240]}"
        for violation in page.evaluate(RUN)
        if violation["impact"] in ("serious", "critical")
        for node in violation["nodes"]
    ]
    assert not found, "\n".join(found)


def company(hub):
    """Ana has a conversation with everything in it; others wait."""
    support = hub.department()["id"]
    hub.department("Vendas")
    ana = hub.person("ana", "Ana Ribeiro", departments=[support])
    hub.person("bruno", "Bruno Castro", departments=[support])
    hub.admin.post("respostas-rapidas/", {"titulo": "Boas-vindas", "atalho": "/ola", "texto": "{{saudacao}}, {{nome}}! Sou {{atendente}}. Como posso ajudar?"})
    hub.admin.post("respostas-rapidas/", {"titulo": "Segunda via", "atalho": "/boleto", "texto": "Enviei a segunda via ao seu e-mail."})
    ana.post("presence/set-status/", {"status": "online"})
    return ana


def fill(hub, ana):
    hub.customer_writes(MARIA, "Bom dia! Meu pedido de ontem ainda não chegou.")
    hub.customer_writes("5511988880002", "Oi, preciso da segunda via do boleto.", name="João Pereira")
    hub.customer_writes("5521988880003", "Vocês atendem no sábado?", name="Zé da Oficina")
    ana.post(f"chats/{MARIA}/aceitar/") if hub.admin.get(f"chats/{MARIA}/")["status"] == "aguardando" else None
    ana.post("whatsapp/send/", {"to": MARIA, "text": "Bom dia, Maria! Qual é o número do pedido?", "client_message_id": "c1"})
    hub.customer_writes(MARIA, "É o 4821.")
    ana.post(f"chats/{MARIA}/notas/", {"texto": "Cliente antiga: conferir o endereço de entrega."})
    ana._call("PUT", f"chats/{MARIA}/etiquetas/", {"etiquetas": ["entrega", "vip"]})


SIZES = {"wide": (1440, 900), "narrow": (360, 740)}


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", SIZES)
def test_pages_are_accessible_and_fit(hub, screen, picture, scheme, size):
    ana = company(hub)
    width, height = SIZES[size]
    page = screen(width, height, scheme, bypass_csp=True)
    is_wide = size == "wide"

    def look(name):
        assert page.evaluate("document.documentElement.scrollWidth") <= width, f"{name} is wider than the screen"
        accuse(page, name)
        picture(page, f"{name}-{size}-{scheme}")

    page.goto("/")
    expect(page.get_by_label("Usuário")).to_be_focused()
    look("sign-in")
    sign_in(page, "ana")
    go_online(page)
    expect(page.get_by_text("Tudo em dia")).to_be_visible()
    look("empty")
    fill(hub, ana)
    expect(page.locator(".chat-row")).to_have_count(3)
    look("list")
    open_chat(page, "Maria Souza")
    expect(page.locator(".bubble.note")).to_be_visible()
    if is_wide:
        expect(page.locator(".panel .pairs")).to_be_visible()
    look("conversation")
    if not is_wide:
        page.get_by_role("button", name="Cliente", exact=True).click()
        expect(page.locator(".panel .pairs")).to_be_visible()
        look("customer")
        page.get_by_role("button", name="Esconder o cliente").click()
    page.locator("#composer").fill("/")
    expect(page.locator(".quick-row")).to_have_count(2)
    look("quick-replies")
    page.locator("#composer").fill("")
    page.get_by_role("button", name="Transferir").click()
    expect(page.get_by_role("radio", name="Bruno Castro")).to_be_attached()
    look("transfer")
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Encerrar").click()
    expect(page.get_by_role("dialog")).to_be_visible()
    look("close")
    page.keyboard.press("Escape")
    if not is_wide:
        page.get_by_role("link", name="Voltar à lista").click()
    page.get_by_role("button", name="Presença:").click()
    expect(page.get_by_role("menu")).to_be_visible()
    look("presence")
    page.get_by_role("menuitem", name="Atalhos do teclado").click()
    expect(page.get_by_role("dialog")).to_be_visible()
    look("help")
    page.keyboard.press("Escape")
    page.locator("#chat-search").fill("pedido")
    expect(page.locator(".hit").first).to_be_visible()
    look("search")
    page.goto("/preferencias")
    expect(page.get_by_role("switch").first).to_be_visible()
    look("preferences")


def test_a_whole_conversation_fits_a_telephone(hub, screen):
    ana = company(hub)
    page = screen(360, 740, has_touch=True, is_mobile=True)
    sign_in(page, "ana")
    hub.customer_writes(MARIA, "Oi")
    open_chat(page, "Maria Souza")
    expect(page.locator(".list")).to_be_hidden()
    answer(page, "Olá! " + "Uma resposta comprida que precisa de mais de uma linha. " * 4)
    expect(bubble(page, "comprida")).to_have_attribute("data-status", "read")
    page.get_by_role("button", name="Encerrar").click()
    page.get_by_role("dialog").get_by_role("button", name="Encerrar").click()
    page.get_by_role("link", name="Voltar à lista").click()
    expect(page.get_by_text("Tudo em dia")).to_be_visible()
    assert ana.get("atendimento/atendimentos/")["results"][0]["status"] == "finalizado"


def test_the_theme_is_chosen_by_hand_and_stays(hub, screen):
    company(hub)
    page = screen(scheme="light")
    sign_in(page, "ana")
    colour = "getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(colour)
    page.goto("/preferencias")
    page.get_by_role("radio", name="Escuro").click()
    dark = page.evaluate(colour)
    assert dark != light
    page.reload()
    expect(page.get_by_role("radio", name="Escuro")).to_be_checked()
    assert page.evaluate(colour) == dark
    page.get_by_role("radio", name="Do sistema").click()
    assert page.evaluate(colour) == light


def test_choices_of_how_one_is_told_are_kept(hub, screen):
    ana = company(hub)
    page = screen()
    sign_in(page, "ana")
    page.goto("/preferencias")
    page.get_by_role("switch", name="Transferência").first.uncheck()
    page.get_by_role("switch", name="Silenciar em um horário").check()
    expect(page.get_by_label("Das", exact=True)).to_have_value("22:00")
    page.get_by_label("Das", exact=True).fill("20:30")
    page.get_by_label("Das", exact=True).blur()
    page.reload()
    expect(page.get_by_label("Das", exact=True)).to_have_value("20:30")
    kept = ana.get("me/preferencias-notificacao/")
    assert (kept["som_transferencia"], kept["modo_nao_perturbe"], kept["nao_perturbe_inicio"]) == (False, True, "20:30:00")
