"""A working day without a mouse."""

from playwright.sync_api import expect

from support import PASSWORD, bubble, sign_in

MARIA, JOAO = "5511988880001", "5511988880002"


def test_everything_an_agent_does_works_with_the_keyboard(hub, screen):
    support = hub.department()["id"]
    ana = hub.person("ana", "Ana Lima", departments=[support])
    bia = hub.person("bia", "Bia Rocha", departments=[support])
    page = screen()
    keys = page.keyboard
    page.goto("/")
    expect(page.get_by_label("Usuário")).to_be_focused()
    keys.type("ana")
    keys.press("Tab")
    keys.type(PASSWORD)
    keys.press("Enter")
    expect(page.get_by_text("Você não está online")).to_be_visible()
    ana.post("presence/set-status/", {"status": "online"})
    hub.customer_writes(MARIA, "Oi, aqui é a Maria")
    expect(page.locator(".chat-row")).to_have_count(1)
    hub.customer_writes(JOAO, "Oi, aqui é o João", name="João Pereira")
    expect(page.locator(".chat-row")).to_have_count(2)
    bia.post("presence/set-status/", {"status": "online"})

    # Up and down the list: the newest stands first.
    keys.press("j")
    expect(page.get_by_role("heading", level=1)).to_have_text("João Pereira")
    keys.press("j")
    expect(page.get_by_role("heading", level=1)).to_have_text("Maria Souza")
    keys.press("k")
    expect(page.get_by_role("heading", level=1)).to_have_text("João Pereira")

    # Help tells of what is understood, and Escape takes it away.
    keys.press("?")
    expect(page.get_by_role("dialog", name="Atalhos do teclado")).to_contain_text("Transferir")
    keys.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)

    # Answering: Shift+Enter breaks, Enter sends, Escape leaves the field.
    keys.press("r")
    expect(page.locator("#composer")).to_be_focused()
    keys.type("Olá,")
    keys.press("Shift+Enter")
    keys.type("João!")
    keys.press("Enter")
    expect(bubble(page, "Olá,\nJoão!")).to_have_attribute("data-status", "read")
    assert hub.texts(JOAO)[-1] == "Olá,\nJoão!"
    keys.press("Escape")
    expect(page.locator("#composer")).not_to_be_focused()

    # A note.
    keys.press("n")
    expect(page.get_by_label("Nota interna", exact=True)).to_be_focused()
    keys.type("Prefere ligação")
    keys.press("Enter")
    expect(page.locator(".bubble.note")).to_contain_text("Prefere ligação")

    # Handing over.
    expect(page.get_by_label("Resposta a João Pereira")).to_be_focused()
    keys.press("Escape")
    keys.press("t")
    expect(page.get_by_role("dialog")).to_be_visible()
    keys.type("bia")
    keys.press("Tab")
    keys.press("Space")
    expect(page.get_by_role("radio", name="Bia Rocha")).to_be_checked()
    keys.press("Tab")
    keys.type("Fala francês")
    keys.press("Tab")
    keys.press("Tab")
    expect(page.get_by_role("dialog").get_by_role("button", name="Transferir")).to_be_focused()
    keys.press("Enter")
    expect(page.locator(".toast")).to_contain_text("Conversa passada a Bia Rocha")
    expect(page.locator(".chat-row")).to_have_count(1)

    # Searching, opening what was found.
    keys.press("/")
    expect(page.locator("#chat-search")).to_be_focused()
    keys.type("maria")
    expect(page.locator(".results .hit")).to_have_count(1)
    keys.press("Tab")
    keys.press("Tab")
    keys.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Maria Souza")

    # Ending.
    page.locator("#chat-search").press("Escape")
    page.locator("#chat-search").press("Escape")
    keys.press("e")
    expect(page.get_by_role("dialog").get_by_role("button", name="Encerrar")).to_be_focused()
    keys.press("Enter")
    expect(page.locator(".composer-bar")).to_contain_text("Conversa encerrada")


def test_menus_are_walked_with_arrows_and_give_the_focus_back(hub, screen):
    hub.person("ana", "Ana Lima")
    page = screen()
    sign_in(page, "ana")
    button = page.get_by_role("button", name="Presença:")
    button.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("menuitemradio", name="Offline")).to_be_focused()
    page.keyboard.press("ArrowUp")
    expect(page.get_by_role("menuitemradio", name="Pausa")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Almoço")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Presença: Em pausa")).to_be_visible()
    row = hub.admin.get("presence/historico/")["results"][0]
    assert (row["para"], row["motivo"]) == ("away", "Almoço")
    page.get_by_role("button", name="Presença:").press("Enter")
    expect(page.get_by_role("menu")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name="Presença:")).to_be_focused()


def test_arrows_go_from_tab_to_tab(hub, screen):
    hub.person("ana", "Ana Lima")
    page = screen()
    sign_in(page, "ana")
    page.get_by_role("tab", name="Minhas").focus()
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("tab", name="Aguardando")).to_be_focused()
    expect(page.get_by_text("Ninguém esperando")).to_be_visible()
    page.keyboard.press("ArrowLeft")
    expect(page.get_by_role("tab", name="Minhas")).to_be_focused()
