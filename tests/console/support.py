"""What the browser tests are made of: a hub of their own, a line to it that can be cut, the API, and people at screens."""

import itertools
import json
import os
import re
import selectors
import socket
import subprocess
import tempfile
import threading
import time
import urllib.error
import urllib.request

PASSWORD = "senha-boa-1"
# A debug hub makes its database and hashes a password first.
START_TIMEOUT_SECONDS = 60
# The longest that anything of these tests may take to come true on a busy machine.
PATIENCE_SECONDS = 20


def eventually(sentence, condition):
    """Waits until `condition()` gives something true, and returns it."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        found = condition()
        if found:
            return found
        if time.monotonic() > deadline:
            raise AssertionError(f"this came not true: {sentence}")
        # Between two looks at another process there is nothing to wait for.
        time.sleep(0.05)


class Hub:
    """The binary with an empty database, on a free port, its number connected."""

    def __init__(self, binary):
        self.folder = tempfile.TemporaryDirectory(prefix="dx-console.")
        environment = {
            "PATH": os.environ["PATH"],
            "BIND_ADDR": "127.0.0.1:0",
            "DATA_DIR": self.folder.name,
            "ADMIN_PASSWORD": PASSWORD,
            "RATE_LIMIT_PER_MINUTE": "0",
            "WHATSAPP_SANDBOX_FAST": "1",
            "LOG_LEVEL": "warn",
        }
        self.log = tempfile.TemporaryFile("w+")
        self.process = subprocess.Popen(
            [binary, "serve"], env=environment, cwd=self.folder.name, stdout=subprocess.PIPE, stderr=self.log, text=True
        )
        self.url = self._address()
        self.messages = itertools.count(1)
        self.admin = Api(self.url, "admin")
        # What the hub says by itself depends on the hour; tests must not.
        quiet = ("saudacao", "boas_vindas", "fora_expediente", "ausente", "encerramento", "inatividade")
        self.admin.patch("config/chat/", {f"mensagem_{name}": "" for name in quiet})
        self.admin.post("whatsapp/sessions/start/")
        eventually("the number is connected", lambda: self.admin.get("whatsapp/sessions/status/")["is_connected"])

    def _address(self):
        timer = threading.Timer(START_TIMEOUT_SECONDS, self.process.kill)
        timer.start()
        for line in self.process.stdout:
            found = re.search(r"http://[0-9.:]+", line)
            if found:
                timer.cancel()
                # What is printed later is not read, so it must not fill the pipe.
                threading.Thread(target=self.process.stdout.read, daemon=True).start()
                return found[0]
        self.log.seek(0)
        raise AssertionError(f"the hub did not start: {self.log.read()}")

    def stop(self):
        self.process.terminate()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.folder.cleanup()

    def department(self, name="Suporte", **changes):
        """The department of this name, made or changed as asked."""
        rows = self.admin.get("atendimento/departamentos/")["results"]
        found = next((row for row in rows if row["nome"] == name), None)
        if found is None:
            return self.admin.post("atendimento/departamentos/", {"nome": name, **changes})
        return self.admin.patch(f"atendimento/departamentos/{found['id']}/", changes) if changes else found

    def person(self, username, name, role="atendente", departments=()):
        body = {"username": username, "password": PASSWORD, "display_name": name, "role": role, "departamentos": list(departments)}
        row = self.admin.post("agents/", body)
        return Api(self.url, username, row["id"])

    def customer_writes(self, number, text, name="Maria Souza", **payload):
        body = {"type": "text", "text": text, "contact_name": name, "message_id": f"m{next(self.messages)}", **payload}
        return self.admin.post("whatsapp/inject-incoming/", {"from": number, "payload": body})

    def texts(self, chat_id):
        """What was said in the newest ticket of a chat by people, the oldest first."""
        rows = self.admin.get(f"chats/{chat_id}/messages/?limit=200")["results"]
        return [row["text_content"] for row in reversed(rows) if row["from_name"] != "Mensagem automática"]


class Api:
    """The API as one person."""

    def __init__(self, url, username, person_id=None):
        self.url = url
        self.username = username
        self.id = person_id
        self.token = self._call("POST", "auth/token/", {"username": username, "password": PASSWORD}, token=None)["access"]

    def _call(self, method, path, body=None, token=""):
        headers = {"Content-Type": "application/json"}
        if token is not None:
            headers["Authorization"] = f"Bearer {self.token}"
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.url}/api/v1/{path}", data, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE_SECONDS) as answer:
                text = answer.read()
        except urllib.error.HTTPError as error:
            raise AssertionError(f"{method} {path}: {error.code} {error.read().decode()}") from error
        return json.loads(text) if text else None

    def get(self, path):
        return self._call("GET", path)

    def post(self, path, body=None):
        return self._call("POST", path, body or {})

    def patch(self, path, body):
        return self._call("PATCH", path, body)


class Line:
    """A line between browser and hub that can be cut: nothing gets through and what was open breaks."""

    def __init__(self, hub):
        host, port = hub.url.removeprefix("http://").split(":")
        self.target = (host, int(port))
        self.is_cut = False
        self.pairs = {}
        self.lock = threading.Lock()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}"
        self.selector = selectors.DefaultSelector()
        self.selector.register(self.listener, selectors.EVENT_READ)
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _run(self):
        while True:
            try:
                ready = self.selector.select()
            except (OSError, ValueError):
                return
            for key, _ in ready:
                with self.lock:
                    if key.fileobj is self.listener:
                        self._accept()
                    else:
                        self._forward(key.fileobj)

    def _accept(self):
        try:
            near, _ = self.listener.accept()
        except OSError:
            return
        if self.is_cut:
            near.close()
            return
        far = socket.create_connection(self.target)
        for one, other in ((near, far), (far, near)):
            self.pairs[one] = other
            self.selector.register(one, selectors.EVENT_READ)

    def _forward(self, one):
        other = self.pairs.get(one)
        if other is None:
            return
        try:
            data = one.recv(65536)
            if data:
                other.sendall(data)
                return
        except OSError:
            pass
        self._close(one)

    def _close(self, one):
        for end in (one, self.pairs.get(one)):
            if end is not None and self.pairs.pop(end, None) is not None:
                self.selector.unregister(end)
                end.close()

    def cut(self):
        with self.lock:
            self.is_cut = True
            for one in list(self.pairs):
                self._close(one)

    def mend(self):
        self.is_cut = False

    def close(self):
        self.cut()
        self.selector.close()
        self.listener.close()


def sign_in(page, username, password=PASSWORD):
    """Through the door."""
    page.goto("/")
    page.get_by_label("Usuário").fill(username)
    page.get_by_label("Senha").fill(password)
    page.get_by_role("button", name="Entrar").click()
    page.locator(".shell").wait_for()
    # The page inside is loaded by itself; a key that comes before it goes astray.
    page.locator("#chat-search, .page").first.wait_for()


def go_online(page):
    page.get_by_role("button", name="Presença:").click()
    page.get_by_role("menuitemradio", name="Online").click()
    page.get_by_role("button", name="Presença: Online").wait_for()


def open_chat(page, name):
    page.locator(".list .chat-row", has_text=name).first.click()
    page.get_by_role("heading", level=1, name=name).wait_for()


def answer(page, text):
    page.locator("#composer").fill(text)
    page.locator("#composer").press("Enter")


def bubble(page, text):
    return page.locator(".thread .bubble-line", has_text=text)
