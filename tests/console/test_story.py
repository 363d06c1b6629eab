"""A chat from its first message to its rating, with an agent and a supervisor at two screens."""

from playwright.sync_api import expect

from support import answer, bubble, eventually, go_online, open_chat, sign_in

MARIA, JOAO = "5511988880001", "5511988880002"


def test_a_chat_is_answered_handed_over_closed_and_rated(hub, screen):
    support = hub.department()["id"]
    hub.admin.patch("config/chat/", {"solicitar_avaliacao": True})
    hub.person("ana", "Ana Lima", departments=[support])
    hub.person("sergio", "Sérgio Reis", "supervisor", [support])
    agent, supervisor = screen(), screen()

    sign_in(agent, "ana")
    expect(agent.get_by_text("Você não está online")).to_be_visible()
    agent.get_by_role("button", name="Ficar online").click()
    expect(agent.get_by_text("Tudo em dia")).to_be_visible()

    # It arrives by itself, for both.
    sign_in(supervisor, "sergio")
    supervisor.get_by_role("tab", name="Todas").click()
    expect(supervisor.get_by_text("Nenhuma conversa aberta", exact=True)).to_be_visible()
    hub.customer_writes(MARIA, "Bom dia! Meu pedido não chegou.")
    row = agent.locator(".chat-row", has_text="Maria Souza")
    expect(row).to_contain_text("Meu pedido não chegou")
    expect(row.locator(".badge")).to_have_text("1")
    expect(supervisor.locator(".chat-row", has_text="Maria Souza")).to_contain_text("Ana Lima")

    # It is read and answered; the ticks move.
    open_chat(agent, "Maria Souza")
    expect(row.locator(".badge")).to_have_count(0)
    answer(agent, "Bom dia, Maria! Vou verificar.")
    expect(bubble(agent, "Vou verificar")).to_have_attribute("data-status", "read")
    hub.customer_writes(MARIA, "Obrigada!")
    expect(bubble(agent, "Obrigada!")).to_be_visible()
    assert hub.texts(MARIA) == ["Bom dia! Meu pedido não chegou.", "Bom dia, Maria! Vou verificar.", "Obrigada!"]

    # It goes to the supervisor, who can take it and so stands first.
    go_online(supervisor)
    agent.get_by_role("button", name="Transferir").click()
    dialog = agent.get_by_role("dialog")
    expect(dialog.locator(".target").first).to_contain_text("Sérgio Reis")
    dialog.locator(".target").first.click()
    dialog.get_by_label("Motivo").fill("Precisa de uma liberação")
    dialog.get_by_role("button", name="Transferir").click()
    expect(agent.locator(".toast")).to_contain_text("Conversa passada a Sérgio Reis")
    expect(row).to_have_count(0)
    supervisor.get_by_role("tab", name="Minhas").click()
    open_chat(supervisor, "Maria Souza")
    banner = supervisor.locator(".banner", has_text="passou esta conversa a você")
    expect(banner).to_contain_text("Precisa de uma liberação")
    supervisor.reload()
    banner.get_by_role("button", name="Ficar com ela").click()
    expect(banner).to_have_count(0)
    expect(bubble(supervisor, "Vou verificar")).to_be_visible()

    # It is closed, and Maria says what she thinks of it.
    answer(supervisor, "Liberado, chega amanhã.")
    expect(bubble(supervisor, "chega amanhã")).to_have_attribute("data-status", "read")
    supervisor.get_by_role("button", name="Encerrar").click()
    supervisor.get_by_role("dialog").get_by_role("button", name="Encerrar").click()
    expect(supervisor.locator(".composer-bar")).to_contain_text("Conversa encerrada")
    expect(supervisor.locator(".list .chat-row")).to_have_count(0)
    hub.customer_writes(MARIA, "5")
    ticket = eventually("the ticket is rated", lambda: next((row for row in hub.admin.get("atendimento/atendimentos/")["results"] if row["avaliacao"]), None))
    assert (ticket["avaliacao"], ticket["status"]) == (5, "finalizado")
    supervisor.get_by_role("tab", name="Histórico").click()
    expect(supervisor.get_by_label("Avaliação 5 de 5")).to_be_visible()


def test_an_offer_counts_down_and_is_accepted(hub, screen):
    support = hub.department(modo_atribuicao="oferta", oferta_segundos=120)["id"]
    hub.person("ana", "Ana Lima", departments=[support])
    page = screen()
    sign_in(page, "ana")
    go_online(page)
    hub.customer_writes(MARIA, "Alguém pode ajudar?")
    # Above the list, whichever is shown.
    card = page.get_by_role("alert", name="Oferta: Maria Souza")
    expect(card).to_contain_text("1:")
    card.get_by_role("link").click()
    banner = page.locator(".banner", has_text="é oferecida a você")
    expect(banner).to_contain_text("Responda em 1:")
    page.reload()
    expect(banner).to_contain_text("Responda em 1:")
    banner.get_by_role("button", name="Aceitar").click()
    expect(banner).to_have_count(0)
    expect(page.locator("#composer")).to_be_visible()
    expect(card).to_have_count(0)
    expect(page.locator(".chat-row", has_text="Maria Souza")).to_be_visible()
    hub.customer_writes(JOAO, "E eu?", name="João Pereira")
    other = page.get_by_role("alert", name="Oferta: João Pereira")
    expect(other).to_be_visible()
    # Whoever comes now is asked next.
    bia = hub.person("bia", "Bia Rocha", departments=[support])
    bia.post("presence/set-status/", {"status": "online"})
    other.get_by_role("button", name="Recusar").click()
    expect(other).to_have_count(0)
    eventually("Bia is asked", lambda: hub.admin.get(f"chats/{JOAO}/")["atendente"] == bia.id)


def test_a_note_stays_inside_and_a_quick_reply_is_filled(hub, screen):
    support = hub.department()["id"]
    hub.person("ana", "Ana Lima", departments=[support])
    hub.admin.post("respostas-rapidas/", {"titulo": "Boas-vindas", "atalho": "/ola", "texto": "Olá, {{nome}}! Sou {{atendente}}."})
    page = screen()
    sign_in(page, "ana")
    go_online(page)
    hub.customer_writes(MARIA, "Oi")
    open_chat(page, "Maria Souza")
    page.locator("#composer").press_sequentially("/o")
    expect(page.get_by_role("option", name="Boas-vindas")).to_be_visible()
    page.locator("#composer").press("Enter")
    expect(page.locator("#composer")).to_have_value("Olá, Maria Souza! Sou Ana Lima.")
    page.locator("#composer").press("Enter")
    expect(bubble(page, "Sou Ana Lima")).to_have_attribute("data-status", "read")
    page.get_by_role("button", name="Nota interna").click()
    answer(page, "Cliente antigo")
    expect(page.locator(".bubble.note", has_text="Cliente antigo")).to_be_visible()
    assert hub.texts(MARIA) == ["Oi", "Olá, Maria Souza! Sou Ana Lima."]
    page.reload()
    expect(page.locator(".bubble.note", has_text="Cliente antigo")).to_be_visible()


def test_a_picture_a_recording_and_a_document_are_sent_and_shown(hub, screen, tmp_path):
    support = hub.department()["id"]
    hub.person("ana", "Ana Lima", departments=[support])
    page = screen()
    sign_in(page, "ana")
    go_online(page)
    hub.customer_writes(MARIA, "Mande a foto, por favor")
    open_chat(page, "Maria Souza")
    for name, content in files().items():
        (tmp_path / name).write_bytes(content)
        page.locator(".composer input[type=file]").set_input_files(tmp_path / name)
        expect(page.locator(".composer-extra", has_text=name)).not_to_contain_text("Carregando")
        page.get_by_role("button", name="Enviar").click()
        expect(page.locator(".composer-extra")).to_have_count(0)
    expect(page.locator(".picture img")).to_be_visible()
    expect(page.locator("audio")).to_have_count(1)
    expect(page.locator(".file", has_text="nota.txt")).to_be_visible()
    assert page.locator(".picture img").evaluate("async (image) => { await image.decode(); return image.naturalWidth; }") > 0
    with page.expect_download() as download:
        page.locator(".file", has_text="nota.txt").click()
    assert download.value.suggested_filename == "nota.txt"
    assert download.value.path().read_bytes() == files()["nota.txt"]


def test_what_was_said_is_quoted_changed_and_taken_back(hub, screen):
    support = hub.department()["id"]
    hub.person("ana", "Ana Lima", departments=[support])
    page = screen()
    sign_in(page, "ana")
    go_online(page)
    hub.customer_writes(MARIA, "Qual é o prazo?")
    open_chat(page, "Maria Souza")

    def act(text, name):
        bubble(page, text).first.hover()
        bubble(page, text).first.get_by_role("button", name="Ações da mensagem").click()
        page.get_by_role("menuitem", name=name).click()

    act("Qual é o prazo?", "Responder citando")
    expect(page.locator("#composer")).to_be_focused()
    answer(page, "Cinco dias")
    expect(bubble(page, "Cinco dias").locator(".quote")).to_contain_text("Qual é o prazo?")
    expect(bubble(page, "Cinco dias")).to_have_attribute("data-status", "read")
    act("Cinco dias", "Editar")
    page.get_by_role("dialog").get_by_label("Texto").fill("Três dias úteis")
    page.get_by_role("dialog").get_by_role("button", name="Guardar").click()
    expect(bubble(page, "Três dias úteis")).to_contain_text("editada")
    act("Três dias úteis", "Apagar para todos")
    expect(page.locator(".bubble-line.out")).to_contain_text("Mensagem apagada")


def files():
    """The smallest of each kind: a picture of 2 × 2 dots, a second of silence, some text."""
    import struct
    import zlib

    def chunk(name, data):
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    dots = b"".join(b"\0" + b"\x20\x80\x70" * 2 for _ in range(2))
    png = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 2, 2, 8, 2, 0, 0, 0)) + chunk(b"IDAT", zlib.compress(dots)) + chunk(b"IEND", b"")
    # MPEG 1 layer III, 128 kbit/s, 44.1 kHz: frames of 417 bytes without sound.
    mp3 = (b"\xff\xfb\x90\x00" + b"\0" * 413) * 38
    return {"foto.png": png, "recado.mp3": mp3, "nota.txt": "Ordem de serviço 42\n".encode()}


def test_a_message_that_was_found_is_shown_where_it_was_said(hub, screen):
    support = hub.department()["id"]
    ana = hub.person("ana", "Ana Lima", departments=[support])
    hub.customer_writes(MARIA, "Meu contrato é o 778")
    ana.post(f"chats/{MARIA}/aceitar/")
    ana.post(f"chats/{MARIA}/encerrar/")
    hub.customer_writes(MARIA, "Agora é sobre o boleto 991")
    for number in range(70):
        hub.customer_writes(MARIA, f"Linha {number}")
    ana.post(f"chats/{MARIA}/aceitar/")
    page = screen()
    sign_in(page, "ana")
    # Beyond the page of the history that is loaded first.
    page.locator("#chat-search").fill("boleto 991")
    page.locator(".hit").click()
    expect(page.locator(".found", has_text="boleto 991")).to_be_in_viewport()
    # In a ticket that is over.
    page.locator("#chat-search").fill("contrato 778")
    page.locator(".hit", has_text="778").click()
    expect(page.locator(".panel .earlier", has_text="Meu contrato é o 778")).to_be_visible()


def test_what_a_customer_writes_stays_text(hub, screen):
    support = hub.department()["id"]
    ana = hub.person("ana", "Ana Lima", departments=[support])
    wicked = """<img src=x onerror="window.hacked=1"> javascript:alert(1) <b>veneno</b> &amp; https://exemplo.com/a?b=1&c=<i>"""
    hub.customer_writes(MARIA, wicked, name="<b>Maria</b>")
    ana.post(f"chats/{MARIA}/aceitar/")
    page = screen()
    sign_in(page, "ana")
    expect(page.locator(".chat-row")).to_contain_text("<b>Maria</b>")
    page.locator(".chat-row").click()
    expect(page.locator(".bubble-text")).to_have_text(wicked)
    expect(page.locator(".bubble-text a")).to_have_attribute("href", "https://exemplo.com/a?b=1&c=")
    page.keyboard.press("Escape")
    page.keyboard.press("/")
    page.keyboard.type("veneno")
    expect(page.locator(".hit mark")).to_have_text("veneno")
    expect(page.locator(".hit")).to_contain_text("<b>veneno</b> &amp; https://")
    assert page.evaluate("window.hacked") is None
