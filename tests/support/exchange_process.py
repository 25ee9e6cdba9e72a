"""A process of `rushtrade exchange up`, and clients that speak the exchanges' protocols to it over sockets."""

import contextlib
import json
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

from rushtrade.floor.port_table import VENUE_PORTS
from rushtrade.wire import ouch50
from rushtrade.wire import soupbintcp as soup
from rushtrade.wire.fix42_session import FixSession, SessionState
from support.ports import claim_ports
from support.waiting import PATIENCE_S


class Exchanges:
    """The process: its table of ports by venue code. At most two venues have room from a port of its own on.

    `first_port` None leaves the choice to the command.
    """

    def __init__(self, *options, first_port: int | None = 0):
        ports = [] if first_port is None else ["--ports", str(first_port or claim_ports(2 * VENUE_PORTS))]
        self.process = subprocess.Popen(
            [
                Path(sys.executable).with_name("rushtrade"),
                "exchange",
                "up",
                "--json",
                *ports,
                *options,
            ],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        text = ""
        while True:
            line = self.process.stdout.readline()
            if not line:
                raise AssertionError(self.process.stderr.read())
            text += line
            if line.rstrip() == "}":
                break
        self.told = json.loads(text)
        self.venues = {row["code"]: row for row in self.told["venues"]}

    def kill(self):
        """kill -9."""
        self.process.kill()
        self.process.communicate()

    def end(self, number=signal.SIGINT):
        """Tell it to end; give its exit code and last words."""
        self.process.send_signal(number)
        _, words = self.process.communicate(timeout=PATIENCE_S)
        return self.process.returncode, words


class FixConnection:
    """A client of FIX 4.2 over a socket; `store` outlives it."""

    def __init__(self, port, store, target, name="RUSH"):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_S)
        self.session = FixSession(name, lambda _peer, _own: store, peer=target)
        self.session.logon(time.time_ns())
        self.flush()
        while (
            self.session.state is SessionState.CALLING
        ):  # what is said before the answer waits to be asked for
            self.session.receive_data(self.socket.recv(1 << 16), time.time_ns())
        self.flush()

    def flush(self):
        self.socket.sendall(self.session.data_to_send())

    def say(self, kind, *fields):
        self.session.send(kind, fields, time.time_ns())
        self.flush()

    def hear(self, done):
        """Messages of the application until `done(message)`, or until the venue hangs up."""
        found = []
        while not (found and done(found[-1])):
            data = self.socket.recv(1 << 16)
            if not data:
                break
            found += self.session.receive_data(data, time.time_ns())
            self.flush()
        return found

    def close(self):
        with contextlib.suppress(OSError):
            self.socket.close()


class SoupConnection:
    """A client of SoupBinTCP over a socket."""

    def __init__(self, port, user="RUSH", session="", sequence=1):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_S)
        self.soup = soup.SoupClient()
        self.debugs = []
        self.socket.sendall(self.soup.login(user, "", session, sequence))

    def events(self, done):
        """Everything that comes, until `done(event)`."""
        found = []
        while True:
            while (event := self.soup.next_event()) is not None:
                if isinstance(event, soup.Debug):
                    self.debugs.append(event.text)
                    continue
                if not isinstance(event, soup.Heartbeat):
                    found.append(event)
                if done(event):
                    return found
            data = self.socket.recv(1 << 18)
            if not data:
                return found
            self.soup.receive_data(data)

    def opened(self):
        """The answer to the login."""
        return self.events(lambda event: not isinstance(event, soup.Heartbeat))[-1]

    def say(self, message):
        self.socket.sendall(self.soup.send_unsequenced(ouch50.encode(message)))

    def hear(self, *letters):
        """Messages of OUCH until one of these letters came."""
        events = self.events(
            lambda event: isinstance(event, soup.Sequenced) and chr(event.message[0]) in letters
        )
        return [
            ouch50.decode_outbound(event.message) for event in events if isinstance(event, soup.Sequenced)
        ]

    def close(self):
        with contextlib.suppress(OSError):
            self.socket.close()
