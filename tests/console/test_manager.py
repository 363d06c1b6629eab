"""What a company sets up: numbers, departments, people, settings, customers and their documents, templates, webhooks, the audit trail."""

import json
import re

import pytest
from playwright.sync_api import expect

from support import PASSWORD, eventually, sign_in
from test_pages import SIZES, accuse

CPF = "529.982.247-25"
CNPJ = "11.222.333/0001-81"
# A port of this machine on which nobody listens would be refused as private; this name exists nowhere.
NOWHERE = "https://erp.invalid/dx"


def company(hub):
    """A company with something on every page."""
    support = hub.department(descricao="Atendimento geral")["id"]
    sales = hub.department("Vendas", cor="#10B981")["id"]
    hub.person("gabi", "Gabriela Souza", "gerente")
    ana = hub.person("ana", "Ana Ribeiro", departments=[support])
    hub.person("bruno", "Bruno Castro", departments=[support, sales])
    hub.admin.post("respostas-rapidas/", {"titulo": "Boas-vindas", "atalho": "/ola", "texto": "{{saudacao}}, {{nome}}! Sou {{atendente}}."})
    bakery = hub.admin.post("clientes/", {"razao_social": "Padaria Pão Quente Ltda", "cnpj_cpf": CNPJ, "whatsapp": "11988880001", "cidade": "São Paulo", "estado": "SP", "email": "contato@paoquente.com.br"})
    hub.admin.post("contatos/", {"cliente": bakery["id"], "nome": "Joana Prado", "whatsapp": "11988880002", "cargo": "Compras", "is_principal": True})
    hub.admin.post("grupos-empresa/", {"nome": "Rede Pão Quente"})
    hub.admin.post("documentos/gerar-contrato/", {"cliente_id": bakery["id"]})
    webhook = hub.admin.post("integracoes/webhooks/", {"nome": "ERP", "url": NOWHERE, "eventos": ["new_chat", "chat_closed"]})
    hub.admin.post(f"integracoes/webhooks/{webhook['id']}/ping/")
    return ana, bakery, webhook


def save(page):
    page.get_by_role("button", name="Salvar").click()


def toast(page, text):
    expect(page.locator(".toast", has_text=text).last).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", SIZES)
def test_pages_of_managers_are_accessible_and_fit(hub, screen, picture, scheme, size):
    ana, bakery, webhook = company(hub)
    width, height = SIZES[size]
    page = screen(width, height, scheme, bypass_csp=True)

    def look(name):
        assert page.evaluate("document.documentElement.scrollWidth") <= width, f"{name} is wider than the screen"
        wide = page.evaluate("[...document.querySelectorAll('.page, .dialog-content')].some((box) => box.scrollWidth > box.clientWidth)")
        assert not wide, f"something in {name} is wider than its place"
        accuse(page, name)
        picture(page, f"{name}-{size}-{scheme}")

    sign_in(page, "admin")
    card = f"/clientes/{bakery['id']}"
    for name, path, shown in [
        ("numbers", "/numeros", page.get_by_role("link", name=re.compile("Simulado"))),
        ("number", "/numeros/1", page.get_by_text("sem problemas")),
        ("departments", "/departamentos", page.get_by_role("link", name=re.compile("Vendas"))),
        ("department", "/departamentos/1", page.get_by_role("checkbox", name=re.compile("Ana Ribeiro"))),
        ("people", "/pessoas", page.get_by_role("link", name=re.compile("Ana Ribeiro"))),
        ("person", f"/pessoas/{ana.id}", page.get_by_role("checkbox", name=re.compile("Gerente"))),
        ("groups", "/pessoas/grupos", page.get_by_role("link", name=re.compile("Supervisor"))),
        ("group", "/pessoas/grupos/2", page.get_by_role("checkbox", name="Ver as mensagens de todos")),
        ("settings-company", "/configuracoes/empresa", page.get_by_label("CNPJ", exact=True)),
        ("settings-service", "/configuracoes/atendimento", page.get_by_role("switch").first),
        ("settings-messages", "/configuracoes/mensagens", page.get_by_label("Saudação", exact=True)),
        ("settings-hours", "/configuracoes/horarios", page.get_by_label("Segunda: das")),
        ("settings-whatsapp", "/configuracoes/whatsapp", page.get_by_role("switch").first),
        ("settings-email", "/configuracoes/email", page.get_by_label("Servidor SMTP")),
        ("settings-appearance", "/configuracoes/aparencia", page.get_by_label("CSS próprio")),
        ("webhooks", "/configuracoes/integracoes", page.get_by_role("link", name=re.compile("ERP"))),
        ("webhook", f"/configuracoes/integracoes/{webhook['id']}", page.get_by_role("button", name=re.compile("Teste .*tentativa"))),
        ("replies", "/respostas", page.get_by_role("button", name=re.compile("Boas-vindas"))),
        ("customers", "/clientes", page.get_by_role("link", name=re.compile("Padaria"))),
        ("customer", card, page.get_by_label("Razão social")),
        ("customer-contacts", f"{card}/contatos", page.get_by_role("button", name=re.compile("Joana"))),
        ("customer-documents", f"{card}/documentos", page.get_by_role("button", name=re.compile("Contrato de"))),
        ("customer-history", f"{card}/historico", page.get_by_text("criou")),
        ("customer-merges", f"{card}/unioes", page.get_by_text("Nenhuma união")),
        ("contacts", "/clientes/contatos", page.get_by_role("button", name=re.compile("Joana"))),
        ("documents", "/clientes/documentos", page.get_by_role("button", name=re.compile("Contrato de"))),
        ("company-groups", "/clientes/grupos", page.get_by_role("button", name=re.compile("Rede"))),
        ("templates", "/modelos", page.get_by_role("link", name=re.compile("boleto_padrao"))),
        ("template", "/modelos/boleto_padrao", page.locator("iframe.pdf-frame")),
        ("audit", "/auditoria", page.get_by_text(re.compile(r"\d+ registros"))),
    ]:
        page.goto(path)
        expect(shown.first).to_be_visible()
        look(name)
    for name, path, button in [
        ("number-new", "/numeros", "Novo número"),
        ("webhook-new", "/configuracoes/integracoes", "Novo webhook"),
        ("reply-new", "/respostas", "Nova resposta"),
        ("boleto", card, "Boleto"),
        ("contact-new", f"{card}/contatos", "Novo contato"),
        ("document-upload", f"{card}/documentos", "Enviar"),
    ]:
        page.goto(path)
        page.get_by_role("button", name=button, exact=True).click()
        expect(page.get_by_role("dialog")).to_be_visible()
        look(name)


def test_what_is_not_for_somebody_is_hidden_and_says_so(hub, screen):
    company(hub)
    hub.person("sergio", "Sérgio Lima", "supervisor", [hub.department()["id"]])
    page = screen()
    sign_in(page, "ana")
    bar = page.get_by_role("navigation", name="Principal")
    expect(bar.get_by_role("link", name="Clientes")).to_be_visible()
    for label in ("Números", "Departamentos", "Pessoas", "Modelos", "Configurações", "Respostas", "Auditoria"):
        expect(bar.get_by_role("link", name=label)).to_have_count(0)
    for path in ("/numeros", "/numeros/1", "/departamentos", "/pessoas/1", "/configuracoes/empresa", "/modelos", "/auditoria", "/respostas"):
        page.goto(path)
        expect(page.get_by_text("Esta página não é para o seu acesso")).to_be_visible()
    page.get_by_role("button", name="Ir para as conversas").click()
    expect(page).to_have_url(re.compile("/conversas"))

    boss = screen()
    sign_in(boss, "sergio")
    boss.goto("/configuracoes")
    sections = boss.get_by_role("navigation", name="Configurações")
    expect(sections.get_by_role("link")).to_have_text(["Atendimento", "Mensagens automáticas", "Horários e feriados"])
    boss.goto("/auditoria")
    expect(boss.get_by_text("Esta página não é para o seu acesso")).to_be_visible()


def test_a_number_is_made_scanned_and_its_code_expires_visibly(hub, screen):
    page = screen()
    # The sandbox scans at once. What a person sees who does not is shown by a number that stays with its code, told by the hub's own words.
    picture = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
    extra = []
    sockets = []

    def between(line):
        server = line.connect_to_server()
        sockets.append(line)

        def tell(text):
            frame = json.loads(text)
            if "seq" in frame:
                frame["seq"] += len(extra)
                line.last = frame
            line.send(json.dumps(frame))

        server.on_message(tell)

    page.context.route_web_socket("**/ws/whatsapp/**", between)
    stays = {"status": "qrcode", "is_connected": False}

    def answer(route):
        row = route.fetch().json()
        route.fulfill(json={**row, **stays})

    sign_in(page, "admin")
    page.goto("/numeros")
    page.get_by_role("button", name="Novo número").click()
    page.get_by_role("radio", name=re.compile("Simulado")).check()
    page.get_by_label("Nome", exact=True).fill("Recepção")
    page.get_by_role("button", name="Criar").click()
    expect(page.get_by_role("heading", level=1, name="Recepção")).to_be_visible()
    number = int(page.url.rsplit("/", 1)[1])
    page.route(f"**/api/v1/whatsapp/sessions/{number}/", answer)
    page.clock.install()
    page.get_by_role("button", name="Conectar com QR code").click()
    eventually("the number is ready", lambda: hub.admin.get(f"whatsapp/sessions/{number}/")["status"] == "ready")
    page.reload()
    expect(page.locator(".shell")).to_be_visible()
    expect(page.get_by_role("heading", level=1, name="Recepção")).to_be_visible()
    # An event with which the numbers of this person go on.
    hub.admin.post("presence/set-status/", {"status": "busy"})
    line = sockets[-1]
    eventually("an event came", lambda: page.evaluate("1") and hasattr(line, "last"))

    def event(name, data):
        extra.append(name)
        line.send(json.dumps({"event": name, "data": {"session_id": number, **data}, "version": "v1", "notify": {}, "seq": line.last["seq"] + len(extra), "epoch": line.last["epoch"]}))

    now = page.evaluate("Date.now()")
    until = page.evaluate("(at) => new Date(at).toISOString()", now + 60_000)
    event("qrcode", {"image_b64": picture, "expires_at": until})
    expect(page.get_by_alt_text("QR code para ligar o celular")).to_be_visible()
    expect(page.locator(".pairing-state")).to_contain_text(re.compile(r"Vale por (1:00|0:5\d)"))
    page.clock.fast_forward(61_000)
    expect(page.locator(".pairing-state")).to_contain_text("expirou")
    expect(page.locator(".pairing-over")).to_contain_text("Expirado")
    event("pairing_code", {"pairing_code": "ABCD1234", "expires_at": page.evaluate("new Date(Date.now() + 160000).toISOString()")})
    expect(page.get_by_label("Código para digitar no celular")).to_have_text("ABCD–1234")
    expect(page.locator(".pairing-state")).to_contain_text("Vale por 2:")


def test_a_code_that_nobody_scans_says_so_and_is_asked_for_again(hub, screen):
    number = hub.admin.post("whatsapp/sessions/", {"provider": "sandbox", "device_name": "Loja"})["id"]
    hub.admin.post("whatsapp/sandbox/falha/", {"falha": "qr_expira", "session_id": number})
    page = screen()
    sign_in(page, "admin")
    page.goto(f"/numeros/{number}")
    page.get_by_role("button", name="Conectar com QR code").click()
    expect(page.locator(".connection .finding").first).to_contain_text(re.compile("QR|código", re.I))
    expect(page.locator(".connection").get_by_text("Com problema")).to_be_visible()
    page.get_by_role("button", name="Conectar com um código").click()
    page.get_by_label("Número do celular").fill("12")
    page.get_by_role("button", name="Pedir o código").click()
    expect(page.locator(".field.wrong .note")).to_be_visible()
    expect(page.get_by_label("Número do celular")).to_have_value("12")
    page.get_by_label("Número do celular").fill("11 98888-7777")
    page.get_by_role("button", name="Pedir o código").click()
    expect(page.locator(".connection").get_by_text("Conectado", exact=True)).to_be_visible()
    # What others do is seen at once, and stopping asks first.
    hub.admin.post("whatsapp/sessions/stop/", {"session_id": number})
    expect(page.locator(".connection").get_by_text("Desconectado", exact=True)).to_be_visible()
    hub.admin.post("whatsapp/sessions/start/", {"session_id": number})
    expect(page.locator(".connection").get_by_text("Conectado", exact=True)).to_be_visible()
    page.get_by_role("button", name="Desconectar").click()
    page.get_by_role("dialog").get_by_role("button", name="Desconectar").click()
    toast(page, "O número foi desconectado.")
    assert hub.admin.get(f"whatsapp/sessions/{number}/")["status"] == "disconnected"


def test_choices_of_a_number_are_kept_and_what_is_refused_stays_typed(hub, screen):
    sales = hub.department("Vendas")["id"]
    page = screen()
    sign_in(page, "admin")
    page.goto("/numeros/1")
    page.get_by_label(re.compile("Ritmo")).fill("1200")
    page.get_by_label("Pessoas novas por dia").fill("40")
    page.get_by_label("Departamento", exact=True).select_option(label="Vendas")
    page.get_by_text("Usar um proxy").click()
    page.get_by_label("Endereço do proxy").fill("ftp://servidor")
    save(page)
    field = page.get_by_label("Endereço do proxy")
    expect(field).to_have_attribute("aria-invalid", "true")
    expect(field).to_be_focused()
    expect(field).to_have_value("ftp://servidor")
    field.fill("socks5://servidor:1080")
    save(page)
    toast(page, "Número salvo.")
    row = hub.admin.get("whatsapp/sessions/1/")
    assert (row["pace_ms"], row["cold_contacts_per_day"], row["departamento"], row["proxy_url"]) == (1200, 40, sales, "socks5://servidor:1080")
    page.get_by_label("Pessoas novas por dia").fill("")
    save(page)
    expect(page.get_by_text("Alterações não salvas")).to_have_count(0)
    assert hub.admin.get("whatsapp/sessions/1/")["cold_contacts_per_day"] is None


def test_what_is_typed_outlives_a_change_elsewhere_and_is_not_left_by_mistake(hub, screen):
    page = screen()
    sign_in(page, "admin")
    page.goto("/numeros")
    page.get_by_role("link", name=re.compile("Simulado")).click()
    page.get_by_label("Pessoas novas por dia").fill("7")
    # Somebody else changes the same number: his change is shown, what is typed here stays.
    hub.admin.patch("whatsapp/sessions/1/", {"pace_ms": 900})
    hub.admin.post("whatsapp/sessions/stop/")
    expect(page.get_by_label(re.compile("Ritmo"))).to_have_value("900")
    expect(page.get_by_label("Pessoas novas por dia")).to_have_value("7")
    question = page.get_by_role("dialog", name="Sair sem salvar?")
    page.get_by_role("navigation", name="Principal").get_by_role("link", name="Clientes").click()
    question.get_by_role("button", name="Cancelar").click()
    page.go_back()
    expect(question).to_be_visible()
    page.keyboard.press("Escape")
    expect(page).to_have_url(re.compile("/numeros/1$"))
    expect(page.get_by_label("Pessoas novas por dia")).to_have_value("7")
    page.go_back()
    question.get_by_role("button", name="Sair sem salvar").click()
    expect(page.get_by_role("heading", level=1, name="Números")).to_be_visible()
    assert hub.admin.get("whatsapp/sessions/1/")["cold_contacts_per_day"] is None


def test_a_number_of_the_cloud_api_and_its_secrets(hub, screen):
    page = screen()
    sign_in(page, "admin")
    page.goto("/numeros")
    page.get_by_role("button", name="Novo número").click()
    page.get_by_role("radio", name=re.compile("Cloud API")).check()
    page.get_by_label("Nome", exact=True).fill("Vendas")
    page.get_by_label("ID do número").fill("+55 11 90000-0000")
    page.get_by_role("button", name="Criar").click()
    expect(page.locator(".field.wrong")).to_have_count(4)
    expect(page.get_by_label("ID do número")).to_have_value("+55 11 90000-0000")
    page.get_by_label("ID do número").fill("123456789012345")
    page.get_by_label("ID da conta comercial").fill("987654321098765")
    page.get_by_label("Token de acesso").fill("EAAsegredo")
    page.get_by_label("Segredo do app").fill("segredo do app")
    page.get_by_role("button", name="Criar").click()
    expect(page.get_by_role("heading", level=1, name="Vendas")).to_be_visible()
    expect(page.get_by_text("Nenhum modelo", exact=True)).to_be_visible()
    number = int(page.url.rsplit("/", 1)[1])
    # Never shown again; cleared by hand, the others stay.
    expect(page.get_by_label("Token de acesso")).to_have_value("***")
    for text, stored in [("segredo de antes", "***"), ("", "")]:
        page.get_by_label("Segredo anterior").fill(text)
        save(page)
        expect(page.get_by_text("Alterações não salvas")).to_have_count(0)
        cloud = hub.admin.get(f"whatsapp/sessions/{number}/")["cloud"]
        assert (cloud["access_token"], cloud["previous_app_secret"]) == ("***", stored)
    # At its top: a menu closes when the page is scrolled under it.
    page.reload()
    page.get_by_role("button", name="Mais sobre o número").click()
    page.get_by_role("menuitem", name="Tirar de uso").click()
    page.get_by_role("dialog").get_by_role("button", name="Tirar de uso").click()
    toast(page, "O número saiu de uso.")
    expect(page.get_by_role("link", name=re.compile("Vendas"))).to_have_count(0)
    page.get_by_text("Mostrar também os que estão fora de uso").click()
    expect(page.get_by_role("link", name=re.compile("Vendas"))).to_contain_text("Fora de uso")


def test_a_number_is_exported_and_a_wrong_passphrase_says_so(hub, screen, tmp_path):
    hub.admin.post("whatsapp/sessions/stop/")
    page = screen()
    sign_in(page, "admin")
    page.goto("/numeros/1")
    page.get_by_role("button", name="Mais sobre o número").click()
    page.get_by_role("menuitem", name="Exportar").click()
    page.get_by_label("Senha do arquivo").fill("curta")
    page.get_by_role("button", name="Exportar").click()
    expect(page.get_by_text("Use pelo menos 12 caracteres.")).to_be_visible()
    page.get_by_label("Senha do arquivo").fill("uma senha çomprida")
    page.get_by_label("A senha de novo").fill("uma senha çomprida")
    with page.expect_download() as download:
        page.get_by_role("button", name="Exportar").click()
    file = tmp_path / download.value.suggested_filename
    download.value.save_as(file)
    assert json.loads(file.read_text())["phone_number"] == hub.admin.get("whatsapp/sessions/1/")["phone_number"]
    page.goto("/numeros")
    page.get_by_role("button", name="Importar").click()
    page.get_by_label("Arquivo", exact=True).set_input_files(file)
    page.get_by_label("Senha do arquivo").fill("uma senha errada")
    page.get_by_role("dialog").get_by_role("button", name="Importar").click()
    expect(page.get_by_role("dialog").get_by_role("alert")).to_contain_text(re.compile("senha", re.I))
    page.get_by_label("Senha do arquivo").fill("uma senha çomprida")
    page.get_by_role("dialog").get_by_role("button", name="Importar").click()
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    expect(page).to_have_url(re.compile(r"/numeros/1$"))


def test_a_department_with_members_hours_and_rules(hub, screen):
    ana = hub.person("ana", "Ana Ribeiro")
    page = screen()
    sign_in(page, "admin")
    page.goto("/departamentos")
    page.get_by_role("button", name="Novo departamento").click()
    page.get_by_label("Nome", exact=True).fill("Suporte")
    page.get_by_role("button", name="Criar departamento").click()
    expect(page.get_by_label("Nome", exact=True)).to_have_attribute("aria-invalid", "true")
    page.get_by_label("Nome", exact=True).fill("Cobrança")
    page.get_by_role("button", name="Cor #EF4444").click()
    page.get_by_role("checkbox", name=re.compile("Ana Ribeiro")).check()
    page.get_by_label("Conversas por pessoa ao mesmo tempo").fill("7")
    page.get_by_role("radio", name=re.compile("Oferta")).check()
    page.get_by_label("Segundos para aceitar").fill("45")
    page.get_by_label("Transbordo").select_option(label="Suporte")
    page.get_by_label("Depois de quantos segundos").fill("300")
    page.get_by_label(re.compile("Relaxar competências")).fill("30, 90")
    page.get_by_text("Horário próprio").click()
    page.get_by_role("button", name="Segunda: mais um intervalo").click()
    page.get_by_label("Segunda: às").first.fill("12:00")
    page.get_by_label("Segunda: das").nth(1).fill("13:30")
    page.get_by_label("Segunda: às").nth(1).fill("19:00")
    page.get_by_role("button", name="Criar departamento").click()
    toast(page, "Departamento salvo.")
    expect(page.get_by_role("heading", level=1, name="Cobrança")).to_be_visible()
    row = next(row for row in hub.admin.get("atendimento/departamentos/")["results"] if row["nome"] == "Cobrança")
    assert (row["cor"], row["atendentes"], row["max_atendimentos_simultaneos"]) == ("#EF4444", [ana.id], 7)
    assert (row["modo_atribuicao"], row["oferta_segundos"], row["transbordo_departamento"], row["relaxar_competencias_segundos"]) == ("oferta", 45, hub.department()["id"], [30, 90])
    assert row["horario_atendimento"]["segunda"] == [{"inicio": "08:00", "fim": "12:00"}, {"inicio": "13:30", "fim": "19:00"}]
    assert row["horario_atendimento"]["domingo"] == {"inicio": None, "fim": None}
    page.get_by_text("Desativado não recebe conversas").click()
    save(page)
    expect(page.locator(".page-name").get_by_text("Desativado")).to_be_visible()
    page.get_by_role("button", name="Excluir").click()
    page.get_by_role("dialog").get_by_role("button", name="Excluir").click()
    toast(page, "Departamento excluído.")
    # One that has conversations stays, and the API says why.
    hub.customer_writes("5511988880001", "Oi")
    page.get_by_role("link", name=re.compile("Suporte")).click()
    page.get_by_role("button", name="Excluir").click()
    page.get_by_role("dialog").get_by_role("button", name="Excluir").click()
    expect(page.get_by_role("dialog").get_by_role("alert")).to_be_visible()


def test_a_person_is_made_signs_in_and_is_out_at_once_when_deactivated(hub, screen):
    support = hub.department()["id"]
    page = screen()
    sign_in(page, "admin")
    page.goto("/pessoas/novo")
    page.get_by_label("Usuário").fill("davi costa")
    page.get_by_label("Senha").fill("curta")
    page.get_by_role("button", name="Criar pessoa").click()
    expect(page.locator(".field.wrong")).to_have_count(2)
    expect(page.get_by_label("Usuário")).to_have_value("davi costa")
    page.get_by_label("Usuário").fill("davi")
    page.get_by_label("Senha").fill(PASSWORD)
    page.get_by_label("Nome", exact=True).fill("Davi Costa")
    page.get_by_role("checkbox", name=re.compile("Suporte")).check()
    page.get_by_label("Competências").fill("inglês, boleto")
    page.get_by_role("button", name="Criar pessoa").click()
    expect(page.get_by_role("heading", level=1, name="Davi Costa")).to_be_visible()
    row = next(row for row in hub.admin.get("agents/?search=davi")["results"])
    assert (row["departamentos"], sorted(row["competencias"])) == ([support], ["boleto", "ingles"])
    davi = screen()
    sign_in(davi, "davi")
    page.get_by_label("Papel").select_option("supervisor")
    save(page)
    toast(page, "Pessoa salva.")
    page.get_by_role("button", name="Desativar").click()
    page.get_by_role("dialog").get_by_role("button", name="Desativar").click()
    toast(page, "Acesso desativado.")
    expect(davi.get_by_text("Seu acesso foi desativado.")).to_be_visible()
    page.get_by_role("button", name="Reativar").click()
    page.get_by_role("dialog").get_by_role("button", name="Reativar").click()
    toast(page, "Acesso reativado.")
    page.get_by_role("button", name="Trocar a senha").click()
    page.get_by_label("Nova senha").fill("outra-senha-2")
    page.get_by_role("dialog").get_by_role("button", name="Trocar").click()
    toast(page, "Senha trocada.")
    sign_in(davi, "davi", "outra-senha-2")


def test_a_group_gives_a_right_and_the_page_appears(hub, screen):
    ana = hub.person("ana", "Ana Ribeiro")
    page = screen()
    sign_in(page, "admin")
    page.goto("/pessoas/grupos")
    page.get_by_role("button", name="Novo grupo").click()
    page.get_by_label("Nome", exact=True).fill("Quem cuida dos números")
    page.get_by_role("checkbox", name="Gerenciar os números do WhatsApp").check()
    page.get_by_role("button", name="Criar grupo").click()
    expect(page.get_by_role("heading", level=1, name="Quem cuida dos números")).to_be_visible()
    page.goto(f"/pessoas/{ana.id}")
    page.get_by_role("checkbox", name=re.compile("Quem cuida")).check()
    save(page)
    toast(page, "Grupos salvos.")
    other = screen()
    sign_in(other, "ana")
    other.get_by_role("navigation", name="Principal").get_by_role("link", name="Números").click()
    expect(other.get_by_role("heading", level=1, name="Números")).to_be_visible()


def test_settings_are_saved_and_refusals_stand_at_their_field(hub, screen):
    page = screen()
    sign_in(page, "admin")
    page.goto("/configuracoes/empresa")
    page.get_by_label("CNPJ", exact=True).fill("123")
    page.get_by_label("Razão social").fill("Empresa XYZ Ltda")
    page.get_by_label("Banco", exact=True).fill("1")
    save(page)
    expect(page.locator(".field.wrong")).to_have_count(2)
    expect(page.get_by_label("CNPJ", exact=True)).to_be_focused()
    page.get_by_label("CNPJ", exact=True).fill(CNPJ)
    page.get_by_label("Banco", exact=True).fill("001")
    page.get_by_label("Chave").fill("financeiro@empresa.com.br")
    save(page)
    toast(page, "Configurações salvas.")
    stored = hub.admin.get("config/company/")
    assert (stored["razao_social"], stored["dados_bancarios"]["banco"], stored["pix"]["chave"]) == ("Empresa XYZ Ltda", "001", "financeiro@empresa.com.br")

    page.get_by_role("link", name="Mensagens automáticas").click()
    page.get_by_label("Despedida", exact=True).fill("Tchau, {{fulano}}")
    save(page)
    expect(page.locator(".field.wrong .note")).to_contain_text("{{fulano}}")
    page.get_by_label("Despedida", exact=True).fill("Tchau, ")
    page.get_by_role("button", name="Inserir {{nome}} em Despedida").click()
    expect(page.get_by_label("Como o cliente lê: Despedida")).to_have_text("Tchau, Maria")
    save(page)
    expect(page.get_by_text("Alterações não salvas")).to_have_count(0)
    assert hub.admin.get("config/chat/")["mensagem_encerramento"] == "Tchau, {{nome}}"

    page.get_by_role("link", name="Horários e feriados").click()
    page.get_by_role("button", name="Sábado: mais um intervalo").click()
    page.get_by_label("Sábado: às").fill("12:00")
    page.get_by_role("button", name="Mais um dia").click()
    save(page)
    expect(page.locator(".holiday .field.wrong")).to_have_count(2)
    page.get_by_label("Data").fill("2027-12-24")
    page.locator(".holiday").get_by_label("Nome").fill("Véspera de Natal")
    save(page)
    expect(page.get_by_text("Alterações não salvas")).to_have_count(0)
    chat = hub.admin.get("config/chat/")
    assert chat["horario_funcionamento"]["sabado"] == {"inicio": "08:00", "fim": "12:00"}
    assert [(day["data"], day["nome"]) for day in chat["feriados"]] == [("2027-12-24", "Véspera de Natal")]

    page.get_by_role("link", name="E-mail").click()
    page.get_by_label("Servidor SMTP").fill("smtp.invalid")
    page.get_by_label("Remetente").fill("contato@empresa.com.br")
    page.get_by_label("Senha", exact=True).fill("segredo")
    save(page)
    expect(page.get_by_text("Alterações não salvas")).to_have_count(0)
    page.get_by_role("button", name="Enviar um teste").click()
    page.get_by_label("Para", exact=True).fill("ana@empresa.com.br")
    page.get_by_role("dialog").get_by_role("button", name="Enviar").click()
    expect(page.get_by_role("dialog").get_by_role("alert")).to_be_visible()


def test_a_quick_reply_is_written_changed_and_removed(hub, screen):
    hub.person("sergio", "Sérgio Lima", "supervisor", [hub.department()["id"]])
    page = screen()
    sign_in(page, "sergio")
    page.goto("/respostas")
    page.get_by_role("button", name="Nova resposta").click()
    page.get_by_label("Título", exact=True).fill("Endereço")
    page.get_by_label("Atalho", exact=True).fill("/onde fica")
    page.get_by_label("Texto", exact=True).fill("Olá, ")
    page.get_by_role("button", name="Inserir {{nome}}").click()
    page.get_by_role("button", name="Salvar").click()
    expect(page.get_by_label("Atalho", exact=True)).to_have_attribute("aria-invalid", "true")
    page.get_by_label("Atalho", exact=True).fill("/onde")
    page.get_by_role("button", name="Salvar").click()
    toast(page, "Resposta salva.")
    row = page.get_by_role("button", name="/onde")
    expect(row).to_contain_text("Suporte")
    row.click()
    page.get_by_role("button", name="Excluir").click()
    page.get_by_role("dialog").get_by_role("button", name="Excluir").click()
    expect(page.get_by_text("Nenhuma resposta rápida", exact=True)).to_be_visible()


def test_a_customer_from_search_to_boleto(hub, screen, tmp_path):
    hub.admin.patch("config/company/", {"razao_social": "Empresa XYZ Ltda", "pix": {"chave": "financeiro@empresa.com.br", "cidade": "SAO PAULO"}})
    hub.admin.post("clientes/", {"razao_social": "Oficina do Zé", "cnpj_cpf": CNPJ})
    page = screen()
    sign_in(page, "admin")
    page.goto("/clientes")
    page.get_by_role("button", name="Novo cliente").click()
    page.get_by_label("Razão social").fill("Padaria Pão Quente Ltda")
    page.get_by_label("CNPJ", exact=True).fill(CNPJ)
    page.get_by_label("E-mail").fill("sem arroba")
    page.get_by_role("button", name="Criar cliente").click()
    expect(page.locator(".field.wrong")).not_to_have_count(0)
    page.get_by_label("E-mail").fill("contato@paoquente.com.br")
    page.get_by_label("CNPJ", exact=True).fill("")
    page.get_by_label("Cidade").fill("São Paulo")
    page.get_by_label("Estado").select_option("SP")
    page.get_by_role("button", name="Criar cliente").click()
    expect(page.get_by_role("heading", level=1, name="Padaria Pão Quente Ltda")).to_be_visible()
    number = int(page.url.rsplit("/", 1)[1])
    page.get_by_label("Tipo", exact=True).select_option("fisica")
    page.get_by_label("CPF", exact=True).fill(CPF)
    save(page)
    # The same was said when it was created.
    expect(page.get_by_role("button", name="Salvar")).to_have_count(0)
    toast(page, "Cliente salvo.")
    assert hub.admin.get(f"clientes/{number}/")["cnpj_cpf"]

    page.get_by_role("button", name="Boleto", exact=True).click()
    page.get_by_label("Valor").fill("muito")
    page.get_by_role("button", name="Gerar", exact=True).click()
    expect(page.get_by_label("Valor")).to_have_attribute("aria-invalid", "true")
    page.get_by_label("Valor").fill("1.500,00")
    page.get_by_label("Vencimento").fill("2030-12-31")
    page.get_by_label("Descrição").fill("Mensalidade")
    page.get_by_role("button", name="Gerar", exact=True).click()
    expect(page.get_by_role("heading", name="Boleto gerado com sucesso")).to_be_visible()
    expect(page.get_by_label("Pix copia e cola", exact=True)).to_contain_text("1500.00")
    expect(page.locator("iframe.pdf-frame")).to_be_visible()
    with page.expect_download() as download:
        page.get_by_role("button", name="Baixar").click()
    download.value.save_as(tmp_path / "boleto.pdf")
    assert (tmp_path / "boleto.pdf").read_bytes().startswith(b"%PDF")
    page.get_by_role("button", name="Ver os documentos").click()
    page.get_by_role("button", name=re.compile("Boleto de Cobrança")).click()
    expect(page.locator("iframe.pdf-frame")).to_be_visible()
    page.get_by_label("Situação").select_option("enviado")
    save(page)
    toast(page, "Documento salvo.")
    page.keyboard.press("Escape")
    note = tmp_path / "nota.pdf"
    note.write_bytes((tmp_path / "boleto.pdf").read_bytes())
    page.get_by_role("button", name="Enviar", exact=True).click()
    page.get_by_label("Arquivo", exact=True).set_input_files(note)
    expect(page.get_by_label("Nome", exact=True)).to_have_value("nota")
    page.get_by_role("dialog").get_by_role("button", name="Enviar").click()
    expect(page.get_by_role("button", name=re.compile("^nota"))).to_be_visible()
    page.get_by_role("button", name="Gerar contrato").click()
    page.get_by_label("Valor dos serviços").fill("900")
    page.get_by_role("button", name="Gerar", exact=True).click()
    expect(page.get_by_text("Ficou em branco")).to_contain_text("Prazo")
    page.keyboard.press("Escape")

    page.goto("/clientes")
    page.get_by_label("Nome, CNPJ").fill("padaria pao")
    expect(page.get_by_role("list", name="Clientes").get_by_role("link")).to_have_count(1)
    expect(page.get_by_text("1 cliente", exact=True)).to_be_visible()
    page.get_by_label("Situação").select_option("bloqueado")
    expect(page.get_by_text("Nenhum cliente assim")).to_be_visible()
    page.get_by_role("button", name="Limpar").click()
    expect(page.get_by_role("list", name="Clientes").get_by_role("link")).to_have_count(2)


def test_two_cards_become_one_and_are_parted_again(hub, screen):
    first = hub.admin.post("clientes/", {"razao_social": "Maria Souza", "cnpj_cpf": CPF, "tipo_pessoa": "fisica"})["id"]
    second = hub.admin.post("clientes/", {"razao_social": "Maria S.", "cnpj_cpf": "111.444.777-35", "tipo_pessoa": "fisica"})["id"]
    hub.admin.post("contatos/", {"cliente": second, "nome": "Filha", "whatsapp": "11988880009"})
    page = screen()
    sign_in(page, "admin")
    page.goto(f"/clientes/{first}")
    page.get_by_role("button", name="Mais sobre o cliente").click()
    page.get_by_role("menuitem", name="Unir").click()
    page.get_by_label("O outro cadastro").fill("Maria S")
    page.get_by_role("dialog").get_by_role("button", name=re.compile("Maria S\\.")).click()
    page.get_by_label("Motivo").fill("Cadastrada duas vezes")
    page.get_by_role("button", name="Unir", exact=True).click()
    # Two different documents: the API asks to be sure.
    page.get_by_text("Unir mesmo assim").click()
    page.get_by_role("button", name="Unir", exact=True).click()
    toast(page, "faz parte de")
    page.get_by_role("link", name="Contatos").last.click()
    expect(page.get_by_role("button", name=re.compile("Filha"))).to_be_visible()
    page.goto(f"/clientes/{second}")
    expect(page.get_by_text("Este cliente foi unido a outro")).to_be_visible()
    page.get_by_role("button", name="Abrir Maria Souza").click()
    page.get_by_role("link", name="Uniões").click()
    page.get_by_role("button", name="Separar").click()
    page.get_by_role("dialog").get_by_role("button", name="Separar").click()
    toast(page, "é um cadastro de novo")
    expect(page.get_by_text("Separado", exact=True)).to_be_visible()
    assert hub.admin.get(f"contatos/?cliente={second}")["count"] == 1


def test_a_template_is_seen_while_it_is_written(hub, screen):
    page = screen()
    sign_in(page, "admin")
    page.goto("/modelos/contrato_padrao")
    frame = page.locator("iframe.pdf-frame")
    expect(frame).to_be_visible()
    before = frame.get_attribute("src")
    text = page.get_by_label("Texto", exact=True)
    whole = text.input_value()
    text.fill(f"{whole}\n## Cláusula última\n\n{{{{objeto}}}}\n")
    expect(page.locator(".preview .notice")).to_contain_text("{{objeto}}")
    save(page)
    expect(text).to_have_attribute("aria-invalid", "true")
    page.get_by_label("Variáveis próprias").fill("objeto")
    expect(page.locator(".preview .notice")).to_have_count(0)
    expect(frame).not_to_have_attribute("src", before)
    save(page)
    toast(page, "Modelo salvo.")
    assert hub.admin.get("config/documents/")["contrato_padrao"]["variaveis"] == ["objeto"]
    page.get_by_role("button", name="Duplicar").click()
    page.get_by_label("Nome", exact=True).fill("Contrato anual")
    text.press("Control+End")
    page.get_by_role("button", name="Inserir uma variável").click()
    page.get_by_role("menuitem", name="Prazo").click()
    expect(text).to_have_value(re.compile(r"\{\{prazo_contrato\}\}"))
    page.get_by_role("button", name="Criar modelo").click()
    expect(page).to_have_url(re.compile("/modelos/contrato_anual$"))
    page.get_by_role("button", name="Excluir").click()
    page.get_by_role("dialog").get_by_role("button", name="Excluir").click()
    page.get_by_role("link", name=re.compile("contrato_padrao")).click()
    page.get_by_role("button", name="Restaurar o original").click()
    page.get_by_role("dialog").get_by_role("button", name="Restaurar").click()
    toast(page, "O original voltou.")
    assert hub.admin.get("config/documents/")["contrato_padrao"]["conteudo"] == whole


def test_a_webhook_its_secret_once_its_failures_and_its_end(hub, screen):
    page = screen()
    sign_in(page, "admin")
    page.goto("/configuracoes/integracoes")
    page.get_by_role("button", name="Novo webhook").click()
    page.get_by_label("Nome", exact=True).fill("ERP")
    page.get_by_label("Endereço").fill("http://127.0.0.1/dx")
    page.get_by_role("button", name="Criar").click()
    expect(page.get_by_label("Endereço")).to_have_attribute("aria-invalid", "true")
    page.get_by_label("Endereço").fill(NOWHERE)
    page.get_by_role("button", name="Criar").click()
    expect(page.locator(".secret output")).to_contain_text("whsec_")
    page.get_by_role("button", name="Guardei").click()
    expect(page.get_by_role("heading", level=1, name="ERP")).to_be_visible()
    page.get_by_role("button", name="Enviar um teste").click()
    expect(page.get_by_text("O teste não foi aceito")).to_be_visible()
    hub.customer_writes("5511988880001", "Oi")
    page.get_by_role("button", name="Atualizar").click()
    page.get_by_role("button", name=re.compile("Conversa nova")).click()
    expect(page.locator(".code-box").last).to_contain_text('"event": "new_chat"')
    page.get_by_role("dialog").get_by_role("button", name="Reenviar").click()
    toast(page, "Vai ser enviada de novo.")
    page.get_by_role("button", name="Mais sobre o webhook").click()
    page.get_by_role("menuitem", name="Trocar o segredo").click()
    page.get_by_role("dialog").get_by_role("button", name="Trocar").click()
    expect(page.locator(".secret output")).to_contain_text("whsec_")
    page.get_by_role("button", name="Guardei").click()
    page.get_by_role("button", name="Mais sobre o webhook").click()
    page.get_by_role("menuitem", name="Excluir").click()
    page.get_by_role("dialog").get_by_role("button", name="Excluir").click()
    expect(page.get_by_text("Nenhum webhook")).to_be_visible()


def test_the_trail_says_who_changed_what(hub, screen):
    hub.department("Vendas", descricao="Quem vende")
    department = hub.department("Vendas", descricao="Quem compra e vende")
    page = screen()
    sign_in(page, "admin")
    page.goto("/auditoria")
    page.get_by_label("Assunto").select_option(label="Departamento")
    page.get_by_label("Ação").select_option(label="Alterou")
    entry = page.locator("details.entry", has_text="Vendas")
    expect(entry).to_have_count(1)
    entry.locator("summary").click()
    expect(entry.locator(".changes")).to_contain_text("Quem vende")
    expect(entry.locator(".changes")).to_contain_text(department["descricao"])
