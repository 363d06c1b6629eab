"""How a person is called, and told of what others decide."""

from playwright.sync_api import expect

from support import bubble, eventually, go_online, open_chat, sign_in

MARIA, JOAO = "5511988880001", "5511988880002"
# In the place of what a person would see and hear. The clock can be put forward: what comes in quick succession is one sound.
RECORDER = """
window.shown = []; window.sounds = 0; window.skew = 0;
const now = Date.now;
Date.now = () => now() + window.skew;
window.Notification = class { constructor(title, options) { window.shown.push([title, options.body]); } static permission = "granted"; close() {} };
const resume = AudioContext.prototype.createOscillator;
AudioContext.prototype.createOscillator = function () { window.sounds += 1; return resume.call(this); };
"""


def test_a_message_calls_by_preference_and_only_who_looks_elsewhere(hub, screen):
    support = hub.department()["id"]
    ana = hub.person("ana", "Ana Lima", departments=[support])
    page = screen()
    page.add_init_script(RECORDER)
    sign_in(page, "ana")
    go_online(page)
    hub.customer_writes(MARIA, "Oi")
    open_chat(page, "Maria Souza")
    expect(bubble(page, "Oi")).to_be_visible()
    forget = "window.shown.length = 0; window.sounds = 0; window.skew += 60000"
    page.evaluate(forget)

    # The chat that is looked at calls nobody; another one sounds.
    hub.customer_writes(MARIA, "Na tela")
    expect(bubble(page, "Na tela")).to_be_visible()
    assert page.evaluate("[window.sounds, window.shown.length]") == [0, 0]
    hub.customer_writes(JOAO, "Em outra conversa", name="João Pereira")
    eventually("it sounds", lambda: page.evaluate("window.sounds") > 0)
    assert page.evaluate("window.shown.length") == 0, "whoever looks at the console needs no notification"
    expect(page).to_have_title("(1) Conversas · DX Connect")

    # All that is told of the new chat has been told once it is hers and its message counts.
    expect(page.locator(".chat-row", has_text="João Pereira").locator(".badge")).to_have_text("1")
    expect(page.get_by_role("tab", name="Minhas")).to_contain_text("2")

    # Who looks elsewhere is told on the desktop.
    page.evaluate(forget)
    page.evaluate("document.hasFocus = () => false; dispatchEvent(new Event('blur'))")
    hub.customer_writes(MARIA, "Está aí?")
    eventually("it is shown", lambda: page.evaluate("window.shown") == [["Maria Souza", "Está aí?"]])

    # In the quiet time nothing sounds; what is shown goes on.
    ana.patch("me/preferencias-notificacao/", {"modo_nao_perturbe": True, "nao_perturbe_inicio": "00:00", "nao_perturbe_fim": "23:59"})
    page.evaluate(forget)
    hub.customer_writes(MARIA, "E agora?")
    eventually("it is shown", lambda: page.evaluate("window.shown.length") == 1)
    assert page.evaluate("window.sounds") == 0


def test_two_tabs_call_once(hub, screen):
    support = hub.department()["id"]
    hub.person("ana", "Ana Lima", departments=[support])
    first = screen()
    first.context.add_init_script(RECORDER + "document.hasFocus = () => false;")
    sign_in(first, "ana")
    go_online(first)
    second = first.context.new_page()
    second.goto("/conversas")
    expect(second.get_by_text("Tudo em dia")).to_be_visible()
    hub.customer_writes(MARIA, "Oi")
    for page in (first, second):
        expect(page.locator(".chat-row")).to_be_visible()
    # A person is called for the message and for the chat; each of them by one of the tabs.
    titles = lambda: sorted(first.evaluate("window.shown") + second.evaluate("window.shown"))
    eventually("all calls are there", lambda: len(titles()) >= 2)
    hub.customer_writes(MARIA, "Fim")
    eventually("the last call is there", lambda: ["Maria Souza", "Fim"] in titles())
    assert len(titles()) == len({tuple(call) for call in titles()}), titles()


def test_both_see_each_other_typing(hub, screen):
    support = hub.department()["id"]
    hub.person("ana", "Ana Lima", departments=[support])
    hub.person("sergio", "Sérgio Reis", "supervisor", [support])
    agent, supervisor = screen(), screen()
    sign_in(agent, "ana")
    go_online(agent)
    hub.customer_writes(MARIA, "Oi")
    open_chat(agent, "Maria Souza")
    sign_in(supervisor, "sergio")
    supervisor.get_by_role("tab", name="Todas").click()
    row = supervisor.locator(".chat-row", has_text="Maria Souza")
    expect(row).to_be_visible()
    agent.locator("#composer").press_sequentially("Um mom")
    expect(row).to_contain_text("digitando…")
    open_chat(supervisor, "Maria Souza")
    expect(supervisor.get_by_label("Digitando")).to_be_visible()
    agent.locator("#composer").fill("")
    expect(row).not_to_contain_text("digitando…")
    expect(supervisor.get_by_label("Digitando")).to_have_count(0)


def test_whoever_is_set_offline_reads_why(hub, screen):
    support = hub.department()["id"]
    ana = hub.person("ana", "Ana Lima", departments=[support])
    page = screen()
    sign_in(page, "ana")
    go_online(page)
    hub.admin.post(f"presence/{ana.id}/forcar-offline/", {"motivo": "Saiu sem avisar"})
    expect(page.locator(".toast")).to_contain_text("Saiu sem avisar")
    expect(page.get_by_role("button", name="Presença: Offline")).to_be_visible()


def test_a_number_that_is_stopped_is_told_of(hub, screen):
    hub.person("ana", "Ana Lima", departments=[hub.department()["id"]])
    page = screen()
    sign_in(page, "ana")
    expect(page.get_by_text("Você não está online")).to_be_visible()
    expect(page.locator(".list-alert")).to_have_count(0)
    hub.admin.post("whatsapp/sessions/stop/")
    expect(page.locator(".list-alert")).to_contain_text("WhatsApp desconectado")
    hub.admin.post("whatsapp/sessions/start/")
    expect(page.locator(".list-alert")).to_have_count(0)


def test_an_address_of_a_closed_chat_shows_what_was_said(hub, screen):
    support = hub.department()["id"]
    ana = hub.person("ana", "Ana Lima", departments=[support])
    hub.customer_writes(MARIA, "Tudo certo, obrigada")
    ana.post(f"chats/{MARIA}/aceitar/")
    ana.post(f"chats/{MARIA}/encerrar/")
    page = screen()
    page.goto(f"/conversas/{MARIA}")
    page.get_by_label("Usuário").fill("ana")
    page.get_by_label("Senha").fill("senha-boa-1")
    page.get_by_role("button", name="Entrar").click()
    # Back to where one wanted to go.
    expect(bubble(page, "Tudo certo, obrigada")).to_be_visible()
    expect(page.locator(".composer-bar")).to_contain_text("Conversa encerrada")
    page.goto("/conversas/5511900000000")
    expect(page.get_by_text("Conversa não encontrada")).to_be_visible()
