"""A broker that sends orders as fast as it can and is killed: python exchange_broker.py SOCKET FIRST_TOKEN."""

import socket
import sys

import numpy as np

from rushtrade.wire import order_entry as oe
from rushtrade.wire import venue_link as link

BATCH = 20


def batch_from(token):
    """The orders under tokens `token` … : a function of the token alone, as a journal would give them again."""
    batch = np.zeros(BATCH, oe.ORDER_ENTRY)
    tokens = token + np.arange(BATCH)
    batch["kind"], batch["firm"], batch["locate"], batch["token"] = oe.ENTER, 1, 2, tokens
    batch["side"], batch["price"] = tokens % 2, 1_880_000 + 100 * (tokens % 7)
    batch["shares"] = 100 + tokens % 300
    return batch


def connect(path, **wishes):
    line = socket.socket(socket.AF_UNIX)
    line.settimeout(120)
    line.connect(path)
    line.sendall(link.json_frame(link.LOGON, link.Logon(1, **wishes)))
    return line


def main(path, token):
    line = connect(path, feed=False)
    while True:
        for venue in (0, 1):
            line.sendall(link.rows_frame(link.ORDERS, venue, oe.to_bytes(batch_from(token))))
        print(token, flush=True)
        token += BATCH
        line.recv(1 << 20)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
