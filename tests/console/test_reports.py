"""Reports: the API's own figures, as charts, tables and files; and who was there when."""

import csv
import datetime
import io

import pytest
from playwright.sync_api import expect

from support import PASSWORD, eventually, sign_in
from test_pages import SIZES, accuse

MARIA, JOAO = "5511988880001", "5511988880002"


def company(hub):
    """A day's work: Ana has answered, closed and been rated; João is given up; Sérgio watches."""
    support = hub.department()["id"]
    sales = hub.department("Vendas")["id"]
    hub.admin.patch("whatsapp/sessions/1/", {"departamento": support})
    hub.admin.patch("agents/1/", {"departamentos": []})
    ana = hub.person("ana", "Ana Ribeiro", departments=[support])
    hub.person("carla", "Carla Mendes", departments=[sales])
    hub.person("sergio", "Sérgio Reis", "supervisor", [support])
    ana.post("presence/set-status/", {"status": "online"})
    hub.customer_writes(MARIA, "Meu pedido não chegou.")
    eventually("Ana has the chat", lambda: hub.admin.get(f"chats/{MARIA}/")["atendente"] == ana.id)
    ana.post("whatsapp/send/", {"to": MARIA, "text": "Vou verificar.", "client_message_id": "c1"})
    ticket = hub.admin.get(f"chats/{MARIA}/")["id"]
    ana.post(f"chats/{MARIA}/encerrar/")
    hub.admin.post(f"atendimento/atendimentos/{ticket}/avaliar/", {"avaliacao": 4})
    ana.post("presence/set-status/", {"status": "away", "motivo": "Almoço"})
    hub.customer_writes(JOAO, "Oi?", name="João Pereira")
    waiting = eventually("João waits", lambda: hub.admin.get("atendimento/filas/?aguardando=true")["results"])
    hub.admin._call("DELETE", f"atendimento/filas/{waiting[0]['id']}/")
    return support, ana


def today():
    return datetime.datetime.now(datetime.timezone(datetime.timedelta(hours=-3))).date().isoformat()


def total(page, name):
    return page.locator(".report-totals > div", has=page.get_by_text(name, exact=True)).locator("dd").first


def test_figures_are_those_of_the_api_as_chart_table_and_file(hub, screen):
    support, ana = company(hub)
    page = screen(accept_downloads=True)
    sign_in(page, "sergio")
    page.get_by_role("link", name="Relatórios").click()
    line = hub.admin.get(f"atendimento/relatorios/?departamento={support}")["linhas"][0]
    expect(total(page, "Abertas")).to_have_text(str(line["abertos"]))
    expect(total(page, "Encerradas")).to_have_text(str(line["encerrados"]))
    expect(total(page, "Abandonadas")).to_have_text(str(line["abandonados"]))
    expect(total(page, "Avaliação")).to_have_text("4")
    assert (line["abertos"], line["encerrados"], line["abandonados"]) == (2, 1, 1)

    # The picture says its highest value; behind the button are all of them.
    chart = page.get_by_role("figure", name="Conversas")
    picture = chart.locator("svg[role=img]")
    expect(picture).to_have_attribute("aria-label", eventually("a label", lambda: picture.get_attribute("aria-label")))
    assert "Abertas: no máximo 2" in picture.get_attribute("aria-label")
    chart.get_by_role("button", name="Ver “Conversas” como tabela").click()
    rows = chart.get_by_role("row")
    expect(rows).to_have_count(8)
    expect(rows.last).to_contain_text("211")
    expect(rows.nth(1)).to_contain_text("000")

    # A period is in the address and stays.
    page.get_by_role("button", name="Hoje", exact=True).click()
    expect(page).to_have_url(f"{hub.url}/relatorios?de={today()}&ate={today()}")
    expect(rows).to_have_count(2)
    page.reload()
    expect(page.get_by_role("button", name="Hoje", exact=True)).to_have_attribute("aria-pressed", "true")
    page.get_by_label("Pessoa", exact=True).select_option(label="Ana Ribeiro")
    expect(total(page, "Abandonadas")).to_have_text("0")
    expect(total(page, "Encerradas")).to_have_text("1")

    with page.expect_download() as download:
        page.get_by_role("button", name="CSV por pessoa").click()
    assert download.value.suggested_filename == f"relatorio_{today()}_{today()}.csv"
    text = download.value.path().read_bytes().decode("utf-8-sig")
    lines = list(csv.DictReader(io.StringIO(text), delimiter=";"))
    assert [(row["atendente"], row["encerrados"]) for row in lines] == [("Ana Ribeiro", "1")]


def test_columns_are_compared_and_sorted(hub, screen):
    company(hub)
    page = screen()
    sign_in(page, "admin", PASSWORD)
    page.goto("/relatorios")
    table = page.get_by_role("region", name="Por departamento", exact=True)
    expect(table.get_by_role("rowheader").first).to_have_text("Suporte")
    table.get_by_role("button", name="Nome").click()
    expect(table.get_by_role("columnheader", name="Nome")).to_have_attribute("aria-sort", "ascending")
    table.get_by_role("button", name="Nome").click()
    expect(table.get_by_role("columnheader", name="Nome")).to_have_attribute("aria-sort", "descending")


def test_agents_see_their_own_figures_only(hub, screen):
    company(hub)
    page = screen()
    sign_in(page, "ana")
    page.goto("/relatorios")
    expect(total(page, "Encerradas")).to_have_text("1")
    expect(total(page, "Abandonadas")).to_have_text("0")
    expect(page.get_by_label("Pessoa")).to_have_count(0)
    expect(page.get_by_label("Departamento")).to_have_count(0)
    expect(page.get_by_role("region", name="Por pessoa")).to_have_count(0)
    page.get_by_role("navigation", name="Relatórios").get_by_role("link", name="Presença").click()
    expect(page.get_by_role("region", name="Por dia")).to_contain_text("Ana Ribeiro, dia a dia")


def test_what_the_hub_refuses_is_said(hub, screen):
    company(hub)
    page = screen()
    sign_in(page, "sergio")
    sales = next(row["id"] for row in hub.admin.get("atendimento/departamentos/")["results"] if row["nome"] == "Vendas")
    page.goto(f"/relatorios?departamento={sales}")
    expect(page.get_by_role("alert")).to_contain_text("permissão")


def test_presence_over_time_is_drawn_told_and_saved(hub, screen):
    _, ana = company(hub)
    page = screen(accept_downloads=True)
    sign_in(page, "sergio")
    page.goto("/relatorios/presenca")
    people = page.get_by_role("region", name="Tabela: presença por pessoa")
    expect(people.get_by_role("row", name="Ana Ribeiro")).to_be_visible()
    people.get_by_role("link", name="Ana Ribeiro").click()
    changes = page.get_by_role("region", name="Tabela: mudanças").locator("tbody tr")
    expect(changes).to_have_count(2)
    expect(changes.first).to_contain_text("Em pausa")
    expect(changes.first).to_contain_text("Almoço")
    expect(page.locator(".day-row .stripe")).to_have_count(7)
    # It is alive.
    ana.post("presence/set-status/", {"status": "online"})
    expect(changes).to_have_count(3)
    with page.expect_download() as download:
        page.get_by_role("button", name="CSV das mudanças").click()
    lines = list(csv.DictReader(io.StringIO(download.value.path().read_bytes().decode("utf-8-sig")), delimiter=";"))
    assert [(line["Status"], line["Motivo"]) for line in lines] == [("Online", ""), ("Em pausa", "Almoço"), ("Online", "")]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", SIZES)
def test_reports_are_accessible_and_fit(hub, screen, picture, scheme, size):
    _, ana = company(hub)
    width, height = SIZES[size]
    page = screen(width, height, scheme, bypass_csp=True)

    def look(name):
        assert page.evaluate("document.documentElement.scrollWidth") <= width, f"{name} is wider than the screen"
        accuse(page, name)
        picture(page, f"{name}-{size}-{scheme}")

    sign_in(page, "sergio")
    page.goto("/relatorios")
    expect(page.locator(".chart").first).to_be_visible()
    look("reports")
    page.get_by_role("button", name="Ver “Conversas” como tabela").click()
    page.get_by_role("region", name="Por pessoa", exact=True).scroll_into_view_if_needed()
    look("reports-tables")
    page.goto("/relatorios/presenca")
    expect(page.locator(".comparison")).to_be_visible()
    look("presence-of-all")
    page.goto(f"/relatorios/presenca?atendente={ana.id}")
    expect(page.locator(".days")).to_be_visible()
    look("presence-of-one")
