"""A hub on a machine of its own (`hub_machine`), and people who use it as a browser does: the form to sign in, servers, kernels."""

from __future__ import annotations

import json
import re
import socket
import subprocess
import sys
import time
import uuid
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests
import websocket

MACHINE = Path(__file__).with_name("hub_machine.py")
PATIENCE = 240
"""Seconds that a step may take on a busy machine."""
OURS = """
c.JupyterHub.bind_url = "http://127.0.0.1:{}"
c.JupyterHub.hub_bind_url = "http://127.0.0.1:{}"
c.ConfigurableHTTPProxy.api_url = "http://127.0.0.1:{}"
c.Spawner.start_timeout = c.Spawner.http_timeout = 240  # the machine may be busy
"""


def free_ports(number: int) -> list[int]:
    opened = [socket.create_server(("127.0.0.1", 0)) for _ in range(number)]
    found = [port.getsockname()[1] for port in opened]
    for port in opened:
        port.close()
    return found


class HubMachine:
    """A hub and its accounts in `folder`, from a configuration as an operator writes it."""

    def __init__(self, folder: Path, configuration: str, accounts: dict[str, str]) -> None:
        self.folder, self.accounts, self.log = folder, accounts, folder / "hub" / "hub.log"
        self.ports = free_ports(3)
        self.closing: list[HubKernel | requests.Session] = []
        self.address = f"http://127.0.0.1:{self.ports[0]}"
        self.configure(configuration)
        command = ["unshare", "--mount", "--pid", "--fork", "--mount-proc", "--kill-child", sys.executable, str(MACHINE), str(folder)]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self._say(" ".join(f"{name}:{password}" for name, password in accounts.items())) == "accounts"

    def configure(self, configuration: str) -> None:
        (self.folder / "hub" / "jupyterhub_config.py").write_text(configuration + OURS.format(*self.ports))

    def start(self) -> None:
        self._say("start")
        wait_for(self._answers, self.log)

    def stop(self) -> None:
        self._say("stop")

    def end(self) -> None:
        for opened in self.closing:
            opened.close()
        self.process.kill()  # unshare takes all processes of the machine with it
        self.process.communicate()

    def _say(self, line: str) -> str:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        return self.process.stdout.readline().strip()

    def _answers(self) -> bool:
        try:
            return bool(requests.get(f"{self.address}/hub/api", timeout=10).ok)
        except requests.ConnectionError:
            return False


def wait_for(condition: Any, log: Path) -> Any:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        if found := condition():
            return found
        time.sleep(0.2)
    raise AssertionError(log.read_text()[-4000:])


@dataclass
class HubUser:
    """A person at the hub, signed in with the account's password."""

    machine: HubMachine
    name: str
    token: str = field(default="", repr=False)

    def __post_init__(self) -> None:
        self.session = requests.Session()
        self.machine.closing.append(self.session)
        self.token = self._sign_in(self.session)

    def _sign_in(self, session: requests.Session) -> str:
        page = f"{self.machine.address}/hub/login"
        hidden = re.search(r'name="_xsrf" value="([^"]+)"', session.get(page, timeout=PATIENCE).text)
        assert hidden is not None
        form = {"username": self.name, "password": self.machine.accounts[self.name], "_xsrf": hidden[1]}
        session.post(page, data=form, allow_redirects=False, timeout=PATIENCE).raise_for_status()
        xsrf = {"X-XSRFToken": session.cookies.get("_xsrf", "", path="/hub/") or ""}
        answer = session.post(f"{self.machine.address}/hub/api/users/{self.name}/tokens", json={}, headers=xsrf, timeout=PATIENCE)
        answer.raise_for_status()
        token: str = answer.json()["token"]
        return token

    def ask(self, path: str, *, method: str = "GET") -> requests.Response:
        return requests.request(method, self.machine.address + path, headers=self._headers, timeout=PATIENCE)

    def start_server(self, server: str = "") -> None:
        self.ask(self._server(server), method="POST").raise_for_status()
        wait_for(lambda: self._servers().get(server, {}).get("ready"), self.machine.log)

    def stop_server(self, server: str = "") -> None:
        self.ask(self._server(server), method="DELETE").raise_for_status()
        wait_for(lambda: server not in self._servers(), self.machine.log)

    def page(self, path: str) -> str:
        """The text of a page of the hub, as the person's browser has it."""
        return self.session.get(self.machine.address + path, timeout=PATIENCE).text

    def kernel(self, server: str = "", kernel: str | None = None) -> HubKernel:
        """A new kernel of a server, or one that it has."""
        kernels = f"/user/{self.name}/{server + '/' if server else ''}api/kernels"
        if kernel is None:
            started = self.ask(kernels, method="POST")
            started.raise_for_status()
            kernel = started.json()["id"]
        address = f"{self.machine.address}{kernels}/{kernel}/channels"
        headers = [f"{name}: {value}" for name, value in self._headers.items()]
        made = HubKernel(websocket.create_connection(address.replace("http:", "ws:"), header=headers, timeout=PATIENCE))
        self.machine.closing.append(made)
        return made

    @property
    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"token {self.token}"}

    def _server(self, server: str) -> str:
        return f"/hub/api/users/{self.name}/servers/{server}" if server else f"/hub/api/users/{self.name}/server"

    def _servers(self) -> dict[str, dict[str, object]]:
        found: dict[str, dict[str, object]] = self.ask(f"/hub/api/users/{self.name}").json()["servers"]
        return found


class HubKernel:
    """A kernel of a person's server, over the web as a notebook has it."""

    def __init__(self, channel: Any) -> None:
        self._channel = channel

    def close(self) -> None:
        self._channel.close()

    def run(self, code: str) -> str:
        """Run a cell and return what it prints, or the sentence of the error that ended it."""
        message_id = uuid.uuid4().hex
        header = {"msg_id": message_id, "msg_type": "execute_request", "username": "", "session": "test", "version": "5.3", "date": ""}
        content = {
            "code": code,
            "silent": False,
            "store_history": False,
            "user_expressions": {},
            "allow_stdin": False,
            "stop_on_error": False,
        }
        request = {"header": header, "parent_header": {}, "metadata": {}, "content": content, "channel": "shell", "buffers": []}
        self._channel.send(json.dumps(request))
        printed = ""
        while True:
            answer = json.loads(self._channel.recv())
            if answer["parent_header"].get("msg_id") != message_id:
                continue
            kind, content = answer["msg_type"], answer["content"]
            if kind == "stream" and content["name"] == "stdout":
                printed += content["text"]
            elif kind == "error":
                printed += f"{content['ename']}: {content['evalue']}"
            elif kind == "status" and content["execution_state"] == "idle":
                return printed.strip()
