"""The first start: an empty hub leads its administrator to the first conversation."""

import pytest
from playwright.sync_api import expect

from support import PASSWORD, Api, sign_in
from test_pages import SIZES, accuse

NEW_PASSWORD = "outra-senha-boa-2"


def step(page, title):
    return page.locator(".step", has=page.get_by_role("button", name=title))


@pytest.fixture
def empty_hub(hub):
    """As after a first start: its number is not connected."""
    hub.admin.post("whatsapp/sessions/stop/")
    return hub


def change_password(page, password=NEW_PASSWORD):
    page.get_by_label("Nova senha").fill(password)
    page.get_by_label("Repita a senha").fill(password)
    page.get_by_role("button", name="Trocar a senha", exact=True).click()


def add_person(page, name="Ana Ribeiro"):
    page.get_by_label("Nome", exact=True).fill(name)
    page.get_by_role("button", name="Cadastrar", exact=True).click()
    page.locator(".handover").wait_for()


def connect_number(page):
    page.get_by_role("button", name="Conectar", exact=True).click()
    page.get_by_role("button", name="Continuar").click()


def test_an_empty_hub_leads_to_the_first_conversation(empty_hub, screen):
    hub = empty_hub
    page = screen()
    sign_in(page, "admin")
    expect(page).to_have_url(f"{hub.url}/inicio")
    expect(page.get_by_role("img", name="0 de 5 passos feitos")).to_be_visible()

    # The new password counts, and nobody is thrown out for it.
    change_password(page)
    expect(step(page, "Trocar a senha")).to_contain_text("Senha trocada")
    expect(page).to_have_url(f"{hub.url}/inicio")
    expect(step(page, "Criar um departamento").get_by_role("button").first).to_be_focused()
    hub.admin.token = hub.admin._call("POST", "auth/token/", {"username": "admin", "password": NEW_PASSWORD}, token=None)["access"]

    page.get_by_label("Nome", exact=True).fill("Vendas")
    page.get_by_role("button", name="Criar departamento").click()
    expect(step(page, "Criar um departamento")).to_contain_text("Vendas")
    assert [row["nome"] for row in hub.admin.get("atendimento/departamentos/")["results"]] == ["Suporte", "Vendas"]

    # What is handed over opens the door.
    page.get_by_label("Nome", exact=True).fill("Ana Ribeiro")
    expect(page.get_by_label("Usuário")).to_have_value("ana")
    password = page.get_by_label("Senha").input_value()
    page.get_by_role("button", name="Cadastrar", exact=True).click()
    expect(page.locator(".handover")).to_contain_text(f"Usuário: ana\nSenha: {password}")
    other = screen()
    sign_in(other, "ana", password)
    expect(other.get_by_text("Você não está online")).to_be_visible()
    page.get_by_role("button", name="Continuar").click()

    page.get_by_role("button", name="Conectar", exact=True).click()
    expect(step(page, "Conectar um número").locator(".phases .at")).to_have_text("Pronto")
    assert hub.admin.get("whatsapp/sessions/status/")["is_connected"]
    page.get_by_role("button", name="Continuar").click()

    page.get_by_role("button", name="Ficar online").click()
    page.get_by_label("Mensagem").fill("Olá, é um teste!")
    page.get_by_role("button", name="Enviar como cliente").click()
    expect(page.locator(".arrived")).to_contain_text("Cliente de teste escreveu")
    expect(page.locator(".arrived")).to_contain_text("Olá, é um teste!")
    expect(page.locator(".arrived")).to_contain_text("com Administrador")
    expect(page.get_by_role("heading", name="Tudo pronto")).to_be_visible()
    expect(page.get_by_role("navigation", name="Principal").get_by_role("link", name="Início")).to_have_count(0)
    page.locator(".arrived").get_by_role("link", name="Abrir a conversa").click()
    expect(page.locator(".thread")).to_contain_text("Olá, é um teste!")


def test_it_is_left_resumed_elsewhere_and_dismissed(empty_hub, screen):
    hub = empty_hub
    page = screen()
    sign_in(page, "admin")
    page.get_by_role("button", name="Criar um departamento").click()
    page.get_by_role("button", name="Usar só “Suporte”").click()
    # Left, it stays in the bar and does not drag anybody back.
    page.get_by_role("link", name="Conversas").click()
    expect(page).to_have_url(f"{hub.url}/conversas")
    page.reload()
    expect(page.get_by_role("link", name="Início")).to_be_visible()
    expect(page).to_have_url(f"{hub.url}/conversas")
    # Somebody goes on without the console; another browser knows.
    hub.person("ana", "Ana Ribeiro")
    other = screen()
    sign_in(other, "admin")
    expect(other).to_have_url(f"{hub.url}/inicio")
    expect(step(other, "Cadastrar quem atende")).to_contain_text("Ana Ribeiro")
    expect(other.get_by_role("img", name="1 de 5 passos feitos")).to_be_visible()

    page.get_by_role("link", name="Início").click()
    page.get_by_role("button", name="Dispensar").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("button", name="Cancelar").click()
    expect(page.locator(".start")).to_be_visible()
    page.get_by_role("button", name="Dispensar").click()
    dialog.get_by_role("button", name="Dispensar").click()
    expect(page).to_have_url(f"{hub.url}/conversas")
    expect(page.get_by_role("link", name="Início")).to_have_count(0)
    page.reload()
    expect(page.get_by_role("link", name="Conversas")).to_be_visible()
    expect(page.get_by_role("link", name="Início")).to_have_count(0)
    # Its address goes on showing it.
    page.goto("/inicio")
    expect(page.locator(".step")).to_have_count(5)


def test_what_the_hub_refuses_stays_as_typed(empty_hub, screen):
    hub = empty_hub
    hub.department("Vendas")
    page = screen()
    sign_in(page, "admin")
    page.get_by_label("Nova senha").fill(NEW_PASSWORD)
    page.get_by_label("Repita a senha").fill("diferente-1")
    page.get_by_role("button", name="Trocar a senha", exact=True).click()
    expect(page.get_by_text("As duas não são iguais.")).to_be_visible()
    change_password(page, "curta")
    expect(step(page, "Trocar a senha").get_by_role("alert")).to_contain_text("8")
    expect(page.get_by_label("Nova senha")).to_have_value("curta")
    # Still signed in, and alive.
    Api(hub.url, "admin")
    page.get_by_role("button", name="Criar um departamento").click()
    page.get_by_label("Nome", exact=True).fill("Vendas")
    page.get_by_role("button", name="Criar departamento").click()
    expect(step(page, "Criar um departamento").get_by_role("alert")).to_be_visible()
    expect(page.get_by_label("Nome", exact=True)).to_have_value("Vendas")
    page.get_by_role("button", name="Cadastrar quem atende").click()
    page.get_by_label("Nome", exact=True).fill("Admin Dois")
    page.get_by_role("button", name="Cadastrar", exact=True).click()
    expect(step(page, "Cadastrar quem atende").get_by_role("alert")).to_be_visible()
    expect(page.get_by_label("Nome", exact=True)).to_have_value("Admin Dois")


def test_a_number_that_fails_says_what_to_do(empty_hub, screen):
    hub = empty_hub
    page = screen()
    sign_in(page, "admin")
    page.get_by_role("button", name="Conectar um número").click()
    expect(page.get_by_label("As conversas deste número vão para")).to_contain_text("Suporte (o primeiro pelo nome)")
    hub.admin.post("whatsapp/sessions/start/")
    # Somebody else connects it: it is seen here, too.
    expect(step(page, "Conectar um número").locator(".phases .at")).to_have_text("Pronto")
    hub.admin.post("whatsapp/sandbox/falha/", {"falha": "suspenso"})
    expect(step(page, "Conectar um número").get_by_role("alert")).to_contain_text("suspens")


def test_it_is_for_administrators_of_new_hubs(hub, screen):
    hub.person("gabriela", "Gabriela Souza", "gerente")
    page, other = screen(), screen()
    sign_in(page, "gabriela")
    expect(page.get_by_role("link", name="Conversas")).to_be_visible()
    expect(page.get_by_role("link", name="Início")).to_have_count(0)
    page.goto("/inicio")
    expect(page.get_by_role("heading", name="Esta página não é para o seu acesso")).to_be_visible()
    # A hub with history is not new, whatever was never changed in it.
    hub.customer_writes("5511988880001", "Oi")
    sign_in(other, "admin", PASSWORD)
    other.get_by_role("tab", name="Todas").click()
    expect(other.locator(".chat-row")).to_have_count(1)
    expect(other).to_have_url(f"{hub.url}/conversas")
    expect(other.get_by_role("link", name="Início")).to_have_count(0)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", SIZES)
def test_the_first_start_is_accessible_and_fits(empty_hub, screen, picture, scheme, size):
    width, height = SIZES[size]
    page = screen(width, height, scheme, bypass_csp=True)

    def look(name):
        assert page.evaluate("document.documentElement.scrollWidth") <= width, f"{name} is wider than the screen"
        accuse(page, name)
        picture(page, f"{name}-{size}-{scheme}")

    sign_in(page, "admin")
    expect(page.locator(".step.open")).to_be_visible()
    look("start-password")
    change_password(page)
    expect(page.get_by_role("button", name="Criar departamento")).to_be_visible()
    look("start-department")
    page.get_by_role("button", name="Usar só “Suporte”").click()
    expect(page.get_by_label("Papel")).to_be_visible()
    look("start-person")
    add_person(page)
    look("start-handover")
    page.get_by_role("button", name="Continuar").click()
    look("start-number")
    connect_number(page)
    expect(page.get_by_role("button", name="Enviar como cliente")).to_be_visible()
    look("start-test")
    page.get_by_role("button", name="Enviar como cliente").click()
    expect(page.locator(".arrived")).to_be_visible()
    look("start-done")
