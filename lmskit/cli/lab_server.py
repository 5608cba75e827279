"""JupyterLab's server with a port of its own from the moment on at which it has chosen one.

Jupyter only probes a port, and opens it seconds later; of two that start at the same time, the later one would then end.
"""

import errno
import socket

from jupyter_server.serverapp import ServerApp
from tornado.netutil import bind_sockets

TRIES = 20
"""Times that a port is chosen which another process takes between the probe and the opening, microseconds later."""


class ListeningServer(ServerApp):
    """The server of Jupyter, which opens its port where Jupyter only probes it; who connects before it runs waits."""

    _opened: list[socket.socket]

    def _find_http_port(self) -> None:
        for _ in range(TRIES):
            super()._find_http_port()  # ends the process if no port is free
            try:
                self._opened = bind_sockets(self.port, self.ip)
            except OSError as error:
                if error.errno != errno.EADDRINUSE:
                    raise
            else:
                return
        self.exit(f"Other programs take every port that JupyterLab chooses near {self.port}. Name another one: --port")

    def _bind_http_server_tcp(self) -> bool:
        self.http_server.add_sockets(self._opened)
        return True
