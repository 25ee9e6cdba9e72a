"""What a venue does, as tables a trader can review.

A line is an instruction and, after the bar, everything that is said about it: first the reports, then `//`, then the
public feed. An order's token is its line's number. Words of the recorded flow begin with `file`; its orders are letters.

    sell 100 @ 10.02               reports: `1 works 100`; feed: `A#1 S100@10.02` (add, venue's number of the order)
    buy 50 @ 10.02 ioc             also fok, min 40, hidden, show 20 (a reserve order showing 20 at a time)
    buy 50 market                  no limit
    cancel 1 keep 20               without keep: all of it
    replace 1 by 80 @ 10.01        80 = new size, executed shares included
    `1 sold 50@10.02 +`            an execution report: + liquidity added, - removed
"""

import re

import numpy as np
import pytest
from exchange_feed_lines import feed_lines
from exchange_slow_flow import encoded

from rushtrade.exchange.venue import Exchange
from rushtrade.marketplace.flow import Flow
from rushtrade.wire import itch50
from rushtrade.wire import order_entry as oe

WORDS = {
    oe.REASON_USER_CANCEL: "cancelled",
    oe.REASON_IOC_REMAINDER: "remainder",
    oe.REASON_MINIMUM_NOT_MET: "minimum not met",
    oe.REASON_DAY_END: "day over",
    oe.REASON_HALTED: "halted",
    oe.REASON_CLOSED: "closed",
    oe.REASON_BAD_PRICE: "bad price",
    oe.REASON_BAD_SHARES: "bad shares",
    oe.REASON_BAD_DISPLAY: "bad display",
    oe.REASON_BAD_MINIMUM: "bad minimum",
    oe.REASON_UNKNOWN_ORDER: "unknown order",
    oe.REASON_TOO_LATE: "too late",
    oe.REASON_REPLACED: "replaced",
    oe.REASON_NONE: "",
}


def dollars(price):
    return f"{price // 10_000}.{price % 10_000:04d}"[:-2] if price % 100 == 0 else f"{price / 10_000}"


def units(text):
    whole, _, rest = text.partition(".")
    return int(whole) * 10_000 + int(rest.ljust(4, "0"))


class Source:
    label, simulated, messages, first_time, last_time = "scenario", True, None, 0, None

    def __init__(self):
        self.directory, self.waiting = {1: "RUSH"}, b""

    def read(self):
        piece, self.waiting = self.waiting, b""
        return piece


class Scene:
    """One venue with one stock, a recorded flow, and the words of the table."""

    def __init__(self):
        self.venue = Exchange(0, ["RUSH"], 0)
        self.source = Source()
        self.flow = Flow(self.source, 0)
        self.flow.bind([self.venue], [1])
        self.venue.open(0)
        self.venue.feed()
        self.line = 0

    def do(self, words):
        self.line += 1
        verb = words.split()[0]
        if verb == "file":
            self.record(words.split()[1:])
        elif verb in ("halt", "resume", "close"):
            {
                "halt": lambda: self.venue.halt("RUSH", self.line),
                "resume": lambda: self.venue.resume("RUSH", self.line),
                "close": lambda: self.venue.close(self.line),
            }[verb]()
        else:
            self.venue.enter(self.row(words), self.line)
        reports = [self.report(row) for row in self.venue.reports()]
        packet = self.venue.feed()
        feed = [self.public(line) for line in feed_lines(packet.payload)] if packet else []
        said = "; ".join(reports)
        return f"{said} // {'; '.join(feed)}".strip() if feed else said

    def row(self, words):
        row = np.zeros(1, oe.ORDER_ENTRY)
        row["firm"], row["locate"], row["token"] = 1, 1, self.line
        numbers = {name: int(value) for name, value in re.findall(r"(keep|min|show|by) (-?\d+)", words)}
        price = re.search(r"@ ([\d.]+)", words)
        row["price"] = units(price[1]) if price else 0
        verb, first, *_ = words.split()
        if verb in ("buy", "sell"):
            row["kind"], row["side"], row["shares"] = oe.ENTER, verb == "sell", int(first)
            row["time_in_force"] = oe.IOC if "ioc" in words else oe.FOK if "fok" in words else oe.DAY
            row["display"] = (
                oe.HIDDEN if "hidden" in words else oe.RESERVE if "show" in words else oe.DISPLAYED
            )
            row["display_shares"], row["minimum_shares"] = numbers.get("show", 0), numbers.get("min", 0)
            if "again" in words:
                row["token"] = int(words.split()[-1])
        elif verb == "cancel":
            row["kind"], row["original_token"], row["shares"] = oe.CANCEL, int(first), numbers.get("keep", 0)
        elif verb == "replace":
            row["kind"], row["original_token"], row["shares"] = oe.REPLACE, int(first), numbers["by"]
            row["display_shares"] = numbers.get("show", 0)
        else:
            row["kind"], row["token"] = oe.ASK_STATUS, int(first)
        return row

    def record(self, words):
        """file A buys 100 @ 10.00; file A executes|cancels 50; file A deletes; file A becomes B 100 @ 10.01;
        file prints 100 @ 10.00."""
        head = {"locate": 1, "tracking": 0, "timestamp": self.line}
        if words[0] == "prints":
            price = units(words[3])
            made = itch50.Trade(
                **head, reference=0, side="B", shares=int(words[1]), stock="RUSH", price=price, match=9
            )
        else:
            reference, verb = ord(words[0]), words[1]
            number = int(words[2]) if verb in ("buys", "sells", "executes", "cancels") else 0
            made = {
                "buys": lambda: self.added(head, reference, "B", number, words),
                "sells": lambda: self.added(head, reference, "S", number, words),
                "executes": lambda: itch50.OrderExecuted(**head, reference=reference, shares=number, match=9),
                "cancels": lambda: itch50.OrderCancel(**head, reference=reference, shares=number),
                "deletes": lambda: itch50.OrderDelete(**head, reference=reference),
                "becomes": lambda: itch50.OrderReplace(
                    **head,
                    reference=reference,
                    new_reference=ord(words[2]),
                    shares=int(words[3]),
                    price=units(words[5]),
                ),
            }[verb]()
        self.source.waiting = encoded([made])
        self.flow._finished = False
        self.flow.advance(self.line)

    @staticmethod
    def added(head, reference, side, shares, words):
        return itch50.AddOrder(
            **head, reference=reference, side=side, shares=shares, stock="RUSH", price=units(words[4])
        )

    @staticmethod
    def report(row):
        token, shares, why = row["token"], row["shares"], WORDS.get(int(row["reason"]), "?")
        if row["kind"] == oe.ACCEPTED:
            return f"{token} works {shares}"
        if row["kind"] == oe.EXECUTED:
            verb, sign = ("bought", "sold")[row["side"]], "+" if row["liquidity"] == oe.ADDED else "-"
            return f"{token} {verb} {shares}@{dollars(int(row['price']))} {sign}"
        if row["kind"] == oe.CANCELED:
            return f"{token} loses {shares} {why}, {row['leaves']} left"
        if row["kind"] == oe.REPLACED:
            return f"{token} replaces {row['original_token']}, {row['leaves']} left"
        if row["kind"] == oe.REJECTED:
            return f"{token} refused: {why}"
        return f"{token} stands at {row['cumulative']} done {row['leaves']} left {why}".strip()

    @staticmethod
    def public(line):
        if not isinstance(line, tuple):
            return type(line).__name__
        letter, _, _, *f = line
        return {
            "A": lambda: f"A#{f[0]} {f[1]}{f[2]}@{dollars(f[3])}",
            "E": lambda: f"E#{f[0]} {f[1]}",
            "X": lambda: f"X#{f[0]} {f[1]}",
            "D": lambda: f"D#{f[0]}",
            "U": lambda: f"U#{f[0]} #{f[1]} {f[2]}@{dollars(f[3])}",
            "P": lambda: f"P {f[1]}{f[2]}@{dollars(f[3])}",
        }[letter]()


SCENES = {
    "the better price first, at a price the earlier order first": """
        sell 100 @ 10.02         | 1 works 100 // A#1 S100@10.02
        sell 100 @ 10.01         | 2 works 100 // A#2 S100@10.01
        sell 100 @ 10.01         | 3 works 100 // A#3 S100@10.01
        buy 250 @ 10.02          | 4 works 250; 2 sold 100@10.01 +; 4 bought 100@10.01 -; 3 sold 100@10.01 +; 4 bought 100@10.01 -; 1 sold 50@10.02 +; 4 bought 50@10.02 - // E#2 100; E#3 100; E#1 50
    """,
    "what a limit does not reach rests": """
        sell 100 @ 10.02         | 1 works 100 // A#1 S100@10.02
        buy 150 @ 10.02          | 2 works 150; 1 sold 100@10.02 +; 2 bought 100@10.02 - // E#1 100; A#2 B50@10.02
        sell 80 @ 10.01          | 3 works 80; 2 bought 50@10.02 +; 3 sold 50@10.02 - // E#2 50; A#3 S30@10.01
    """,
    "displayed before hidden at a price, and a hidden execution is a print": """
        sell 100 @ 10.01 hidden  | 1 works 100
        sell 100 @ 10.01         | 2 works 100 // A#2 S100@10.01
        buy 150 @ 10.01          | 3 works 150; 2 sold 100@10.01 +; 3 bought 100@10.01 -; 1 sold 50@10.01 +; 3 bought 50@10.01 - // E#2 100; P S50@10.01
        cancel 1                 | 1 loses 50 cancelled, 0 left
    """,
    "a reserve order shows its next part at the end of the queue, before hidden orders": """
        sell 250 @ 10.01 show 100 | 1 works 250 // A#1 S100@10.01
        sell 100 @ 10.01 hidden   | 2 works 100
        sell 100 @ 10.01          | 3 works 100 // A#3 S100@10.01
        buy 120 @ 10.01           | 4 works 120; 1 sold 100@10.01 +; 4 bought 100@10.01 -; 3 sold 20@10.01 +; 4 bought 20@10.01 - // E#1 100; A#5 S100@10.01; E#3 20
        buy 240 @ 10.01           | 5 works 240; 3 sold 80@10.01 +; 5 bought 80@10.01 -; 1 sold 100@10.01 +; 5 bought 100@10.01 -; 1 sold 50@10.01 +; 5 bought 50@10.01 -; 2 sold 10@10.01 +; 5 bought 10@10.01 - // E#3 80; E#5 100; A#7 S50@10.01; E#7 50; P S10@10.01
    """,
    "immediate or cancel, fill or kill, minimum, market": """
        sell 100 @ 10.01         | 1 works 100 // A#1 S100@10.01
        buy 150 @ 10.01 fok      | 2 works 150; 2 loses 150 minimum not met, 0 left
        buy 150 @ 10.01 ioc min 101 | 3 works 150; 3 loses 150 minimum not met, 0 left
        buy 50 @ 10.01 fok       | 4 works 50; 1 sold 50@10.01 +; 4 bought 50@10.01 - // E#1 50
        buy 80 @ 10.01 ioc min 50 | 5 works 80; 1 sold 50@10.01 +; 5 bought 50@10.01 -; 5 loses 30 remainder, 0 left // E#1 50
        buy 10 market            | 6 works 10; 6 loses 10 remainder, 0 left
        buy 10 @ 10.01 min 5     | 7 refused: bad minimum
    """,
    "a smaller size keeps its place; a new price or a larger size does not": """
        buy 100 @ 10.00          | 1 works 100 // A#1 B100@10.00
        buy 100 @ 10.00          | 2 works 100 // A#2 B100@10.00
        replace 1 by 60 @ 10.00  | 3 replaces 1, 60 left // X#1 40
        sell 10 @ 10.00 ioc      | 4 works 10; 3 bought 10@10.00 +; 4 sold 10@10.00 - // E#1 10
        replace 3 by 100 @ 10.00 | 5 replaces 3, 90 left // U#1 #4 90@10.00
        sell 10 @ 10.00 ioc      | 6 works 10; 2 bought 10@10.00 +; 6 sold 10@10.00 - // E#2 10
        replace 2 by 100 @ 9.99  | 7 replaces 2, 90 left // U#2 #6 90@9.99
        replace 5 by 10 @ 10.00  | 8 replaces 5, 0 left // D#4
        status 2                 | 2 stands at 10 done 0 left replaced
        cancel 8                 | 10 refused: too late
        cancel 77                | 11 refused: unknown order
    """,
    "a replace that crosses takes first and rests afterwards": """
        sell 50 @ 10.02          | 1 works 50 // A#1 S50@10.02
        buy 100 @ 10.00          | 2 works 100 // A#2 B100@10.00
        replace 2 by 100 @ 10.02 | 3 replaces 2, 100 left; 1 sold 50@10.02 +; 3 bought 50@10.02 - // E#1 50; U#2 #3 50@10.02
        cancel 3 keep 20         | 3 loses 30 cancelled, 20 left // X#3 30
        cancel 3 keep 20         | 5 refused: bad shares
        close                    | 3 loses 20 day over, 0 left // D#3; SystemEvent; SystemEvent; SystemEvent
        buy 10 @ 10.00           | 7 refused: closed
    """,
    "a token seen before never executes a second time": """
        sell 100 @ 10.01         | 1 works 100 // A#1 S100@10.01
        buy 40 @ 10.01           | 2 works 40; 1 sold 40@10.01 +; 2 bought 40@10.01 - // E#1 40
        buy 40 @ 10.01 again 2   | 2 stands at 40 done 0 left
        sell 100 @ 10.01 again 1 | 1 stands at 40 done 60 left
        status 9                 | 9 stands at 0 done 0 left unknown order
    """,
    "a halted stock takes cancels alone": """
        buy 100 @ 10.00          | 1 works 100 // A#1 B100@10.00
        halt                     | // StockTradingAction
        sell 10 @ 10.00          | 3 refused: halted
        replace 1 by 50 @ 9.99   | 4 refused: halted
        cancel 1 keep 60         | 1 loses 40 cancelled, 60 left // X#1 40
        resume                   | // StockTradingAction
        sell 10 @ 10.00          | 7 works 10; 1 bought 10@10.00 +; 7 sold 10@10.00 - // E#1 10
    """,
    "prices off the grid are refused, below a dollar the grid is finer": """
        buy 10 @ 10.0050         | 1 refused: bad price
        buy 10 @ 0.0051          | 2 works 10 // A#1 B10@0.0051
        replace 2 by 10 @ 1.0050 | 3 refused: bad price
        buy 10 @ 10.00 show 11   | 4 refused: bad display
        buy 0 @ 10.00            | 5 refused: bad shares
    """,
    "a taker consumes recorded orders; later messages act on what is left": """
        file A sells 300 @ 10.01  | // A#1 S300@10.01
        buy 100 @ 10.01           | 2 works 100; 2 bought 100@10.01 - // E#1 100
        file A executes 250       | // E#1 200
        file A deletes            |
    """,
    "what customers took of a recorded order goes to the customers behind it": """
        file A sells 100 @ 10.01  | // A#1 S100@10.01
        buy 100 @ 10.01           | 2 works 100; 2 bought 100@10.01 - // E#1 100
        sell 70 @ 10.01           | 3 works 70 // A#3 S70@10.01
        file A executes 90        | 3 sold 70@10.01 + // E#3 70
        file A executes 10        |
    """,
    "a customer's order gives way to those ahead of it and goes before those behind it": """
        file A buys 100 @ 10.00   | // A#1 B100@10.00
        buy 50 @ 10.00            | 2 works 50 // A#2 B50@10.00
        file B buys 100 @ 10.00   | // A#3 B100@10.00
        file A executes 60        | // E#1 60
        file B executes 30        | 2 bought 30@10.00 + // E#2 30; X#3 30
        file A executes 40        | // E#1 40
        file B executes 70        | 2 bought 20@10.00 + // E#2 20; E#3 50; D#3
    """,
    "a recorded execution behind a better customer's price reaches the customer first": """
        file A buys 100 @ 10.00   | // A#1 B100@10.00
        buy 60 @ 10.01            | 2 works 60 // A#2 B60@10.01
        buy 30 @ 10.01 hidden     | 3 works 30
        file A executes 100       | 2 bought 60@10.01 +; 3 bought 30@10.01 + // E#2 60; P B30@10.01; E#1 10; D#1
    """,
    "hidden customers come after the recorded displayed order at its price": """
        buy 60 @ 10.00 hidden     | 1 works 60
        file A buys 100 @ 10.00   | // A#2 B100@10.00
        file A executes 100       | // E#2 100
        file prints 50 @ 10.00    | // P B50@10.00
        file prints 50 @ 9.99     | 1 bought 50@10.00 + // P B50@10.00
    """,
    "a recorded print meets displayed customers at its price and better ones": """
        buy 60 @ 10.00            | 1 works 60 // A#1 B60@10.00
        buy 10 @ 10.01            | 2 works 10 // A#2 B10@10.01
        file prints 100 @ 10.00   | 2 bought 10@10.01 +; 1 bought 60@10.00 + // E#2 10; E#1 60; P B30@10.00
    """,
    "a recorded add that crosses a customer executes first, then rests": """
        sell 60 @ 10.01           | 1 works 60 // A#1 S60@10.01
        file A buys 100 @ 10.02   | 1 sold 60@10.01 + // E#1 60; A#2 B40@10.02
        file A cancels 30         | // X#2 30
        file A cancels 30         | // D#2
        file A executes 40        |
    """,
    "a recorded replace takes along what customers took, and may cross them": """
        file A buys 100 @ 10.00   | // A#1 B100@10.00
        sell 30 @ 10.00           | 2 works 30; 2 sold 30@10.00 - // E#1 30
        sell 20 @ 10.02           | 3 works 20 // A#3 S20@10.02
        file A becomes B 120 @ 10.01 | // U#1 #4 90@10.01
        file B becomes C 120 @ 10.02 | 3 sold 20@10.02 + // E#3 20; U#4 #5 70@10.02
        file C becomes D 40 @ 10.00  | // D#5
    """,
    "an order customers took whole comes back from a replace with nothing to give": """
        file A buys 100 @ 10.00   | // A#1 B100@10.00
        sell 100 @ 10.00          | 2 works 100; 2 sold 100@10.00 - // E#1 100
        file A becomes B 500 @ 9.99 |
        buy 80 @ 9.99             | 4 works 80 // A#3 B80@9.99
        file B executes 60        | 4 bought 60@9.99 + // E#3 60
    """,
}


@pytest.mark.parametrize("title", SCENES)
def test_a_venue(title):
    scene = Scene()
    for line in SCENES[title].strip().splitlines():
        words, _, expected = line.partition("|")
        assert (words.strip(), scene.do(words.strip())) == (words.strip(), expected.strip())
