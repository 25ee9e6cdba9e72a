"""Trading by OUCH 5.0: what a firm says and what it hears, as text anybody of the trade can check."""

import pytest
from quiet_floors import SECOND, SESSION, Client, quiet_floor

from rushtrade.floor.soup_port import SoupPort
from rushtrade.wire import ouch50 as ouch
from rushtrade.wire import ouch50_codes as code
from rushtrade.wire import ouch50_options as tag
from rushtrade.wire import soupbintcp as soup
from rushtrade.wire.ouch50_options import Option

# One line an instruction or an answer. `>`: the firm says, `<`: the firm hears, `!`: the other firm says (its answers are not shown).
#   O number side shares@price [words]     U old new shares@price     X number size     M number side size
#   C number symbol side                   Q                          D number, E number
SCENARIOS = {
    "an order rests, is executed in parts, and is over": """
        > O 1 B 300@10.00
        < A 1 300@10.00 L
        ! O 1 S 100@10.00
        < E 1 100@10.00 A
        ! O 2 S 500@9.99
        < E 1 200@10.00 A
        > X 1 0
        < I 1
    """,
    "an order takes what it crosses at the resting price": """
        ! O 1 S 100@10.00
        > O 1 B 300@10.05
        < A 1 300@10.05 L
        < E 1 100@10.00 R
    """,
    "a cancel names the size an order is to have, executed shares included": """
        > O 1 B 300@10.00
        < A 1 300@10.00 L
        ! O 1 S 100@10.00
        < E 1 100@10.00 A
        > X 1 300
        < I 1
        > X 1 250
        < C 1 50 U
        > X 1 100
        < C 1 150 U
    """,
    "a replace counts what was executed; the old number is over": """
        > O 1 B 300@10.00
        < A 1 300@10.00 L
        ! O 1 S 100@10.00
        < E 1 100@10.00 A
        > U 1 2 200@10.01
        < U 1 2 200@10.01 L
        > X 1 0
        < I 1
        ! O 2 S 500@10.01
        < E 2 100@10.01 A
        > U 2 3 400@10.01
        < J 3 21
    """,
    "a replace to no more than was executed ends the order": """
        > O 1 B 300@10.00
        < A 1 300@10.00 L
        ! O 1 S 100@10.00
        < E 1 100@10.00 A
        > U 1 2 100@10.00
        < U 1 2 100@10.00 D
    """,
    "immediate or cancel gives back what it did not get": """
        ! O 1 S 100@10.00
        > O 1 B 300@10.00 ioc
        < A 1 300@10.00 L
        < E 1 100@10.00 R
        < C 1 200 I
    """,
    "numbers that were used are passed over, also those of refused orders": """
        > O 5 B 100@10.00 symbol=NONE
        < J 5 23
        > O 5 B 100@10.00
        > O 4 B 100@10.00
        > Q
        < Q 6
        > O 6 B 100@10.00
        < A 6 100@10.00 L
        > Q
        < Q 7
    """,
    "what the venue does not take is refused with a reason": """
        > O 1 X 100@10.00
        < J 1 9
        > O 2 B 0@10.00
        < J 2 19
        > O 3 B 1000000@10.00
        < J 3 19
        > O 4 B 100@0
        < J 4 29
        > O 5 B 100@10.001
        < J 5 29
        > O 6 B 100@10.00 display=Q
        < J 6 3
        > O 7 B 100@10.00 firm=ELSE
        < J 7 12
        > O 8 B 100@10.00 price_type=Q
        < J 8 5
        > O 9 B 100@10.00 retail
        < J 9 26
        > O 10 B 100@10.00 floor=500
        < J 10 4
        > O 11 B 100@999999.00
        < J 11 29
        > O 12 B 100@10.00 cross=S
        < J 12 20
        > O 13 B 100@10.00 expire=30
        < J 13 15
        > O 14 B 100@10.00 discretion=1
        < J 14 15
        > O 15 B 100@10.00 time=E
        < J 15 15
    """,
    "a market order takes and does not rest": """
        ! O 1 S 100@10.00
        > O 1 B 300@market
        < A 1 300@market L
        < E 1 100@10.00 R
        < C 1 200 I
    """,
    "hidden and reserve orders": """
        > O 1 B 100@10.00 display=N
        < A 1 100@10.00 L
        > O 2 B 300@10.00 floor=100
        < A 2 300@10.00 L
        ! O 1 S 400@10.00
        < E 2 100@10.00 A
        < E 2 100@10.00 A
        < E 2 100@10.00 A
        < E 1 100@10.00 J
    """,
    "post only is never executed on arrival": """
        ! O 1 S 100@10.00
        > O 1 B 100@10.00 post
        < A 1 100@10.00 L
        < C 1 100 F
    """,
    "an order that ends by time": """
        > O 1 B 100@10.00 time=6 expire=30
        < A 1 100@10.00 L
        wait 29
        > U 1 2 100@10.01
        < U 1 2 100@10.01 L
        wait 2
        < C 2 100 T
    """,
    "orders of one group do not meet": """
        > O 1 S 100@10.00 group=7 prevent=N
        < A 1 100@10.00 L
        > O 2 B 100@10.00 group=7 prevent=N
        < A 2 100@10.00 L
        < C 2 100 Q
    """,
    "an order made smaller where it stands": """
        > O 1 T 300@10.00
        < A 1 300@10.00 L
        > M 1 T 200
        < M 1 T 200
        > M 1 S 100
        < I 1
        > M 1 T 500
        < I 1
    """,
    "a mass cancel, of a side, then of all": """
        > O 1 B 100@9.00
        < A 1 100@9.00 L
        > O 2 S 100@11.00
        < A 2 100@11.00 L
        > C 3 AAPL B
        < C 1 100 U
        < X 3 AAPL
        > C 4 NONE B
        < J 4 23
        > C 5 - -
        < C 2 100 U
        < X 5
    """,
    "a firm switched off enters nothing until it is switched on": """
        > O 1 B 100@9.00
        < A 1 100@9.00 L
        > D 2
        < G 2
        > O 3 B 100@9.00
        < J 3 12
        > U 1 4 100@9.01
        < J 4 12
        > X 1 0
        < C 1 100 U
        > E 5
        < K 5
        > O 6 B 100@9.00
        < A 6 100@9.00 L
    """,
}
OPTIONS = {
    "firm": (tag.FIRM, str), "price_type": (tag.PRICE_TYPE, str), "floor": (tag.MAX_FLOOR, int),
    "expire": (tag.EXPIRE_TIME, int), "group": (tag.GROUP_ID, int), "prevent": (tag.AIQ_STRATEGY, str),
    "discretion": (tag.DISCRETION_PRICE, int),
}  # fmt: skip
FLAGS = {"post": Option(tag.POST_ONLY, "P"), "retail": Option(tag.CUSTOMER_TYPE, "R")}


def price(text):
    return code.MARKET_PRICE if text == "market" else round(float(text) * 10_000)


def amount(shares, limit):
    shown = "market" if limit == code.MARKET_PRICE else f"{limit / 10_000:.2f}"
    return f"{shares}@{shown}"


def order(words):
    number, side, what, *more = words
    shares, limit = what.split("@")
    given = dict(word.split("=") for word in more if "=" in word)
    options = [
        Option(OPTIONS[name][0], OPTIONS[name][1](value)) for name, value in given.items() if name in OPTIONS
    ]
    options += [FLAGS[word] for word in more if word in FLAGS]
    time = "3" if "ioc" in more or limit == "market" else given.get("time", "0")
    return ouch.EnterOrder(
        int(number), side, int(shares), given.get("symbol", "AAPL"), price(limit), time, given.get("display", "Y"), "A",
        "N", given.get("cross", "N"), f"ID{number}", tuple(options),
    )  # fmt: skip


def message(words):
    kind, *rest = words
    if kind == "O":
        return order(rest)
    if kind == "U":
        shares, limit = rest[2].split("@")
        time = "6" if rest[0] == "1" and "10.01" in rest[2] and shares == "100" else "0"
        return ouch.ReplaceOrder(
            int(rest[0]), int(rest[1]), int(shares), price(limit), time, "Y", "N", f"ID{rest[1]}"
        )
    if kind == "C":
        side = () if rest[2] == "-" else (Option(tag.SIDE, rest[2]),)
        return ouch.MassCancel(int(rest[0]), "RUSH", rest[1].strip("-"), side)
    if kind == "X":
        return ouch.CancelOrder(int(rest[0]), int(rest[1]))
    if kind == "M":
        return ouch.ModifyOrder(int(rest[0]), rest[1], int(rest[2]))
    if kind == "Q":
        return ouch.AccountQuery()
    return (ouch.DisableOrderEntry if kind == "D" else ouch.EnableOrderEntry)(int(rest[0]), "RUSH")


def shown(said):
    head = f"{said.type} {getattr(said, 'user_ref_num', '')}".strip()
    tell = {
        "A": lambda: f"{head} {amount(said.quantity, said.price)} {said.state}",
        "U": lambda: (
            f"U {said.original_ref_num} {said.user_ref_num} {amount(said.quantity, said.price)} {said.state}"
        ),
        "E": lambda: f"{head} {amount(said.quantity, said.price)} {said.liquidity}",
        "C": lambda: f"{head} {said.quantity} {said.reason}",
        "J": lambda: f"{head} {said.reason}",
        "M": lambda: f"{head} {said.side} {said.quantity}",
        "Q": lambda: f"Q {said.next_user_ref_num}",
        "X": lambda: " ".join(f"{head} {said.symbol}".split()),
    }
    return tell.get(said.type, lambda: head)()


def trader(floor, user):
    client = Client(SoupPort(SESSION, lambda name, _password: floor.open_ouch(0, name)))
    client.login(user)
    return client


@pytest.mark.parametrize("name", SCENARIOS)
def test_a_firm_hears(name):
    floor = quiet_floor()
    firm, other = trader(floor, "RUSH"), trader(floor, "OTHER")
    told, heard = [], []
    for line in SCENARIOS[name].strip().splitlines():
        mark, *words = line.split()
        if mark == "<":
            told.append(line.strip())
            continue
        if mark == "wait":
            floor.market.flow.advance = lambda _until: None  # books stay as the test made them
            floor.advance(floor.now_ns + int(words[0]) * SECOND)
        elif mark == "!":
            other.say(message(words))
        else:
            firm.say(message(words))
        heard += [f"< {shown(said)}" for said in since(floor, firm, len(heard))]
    assert heard == told


def since(floor, client, count):
    client.read()
    said = floor.account(0, "RUSH").said
    return [ouch.decode_outbound(said.message(number)) for number in range(count + 2, said.next_number)]


def test_everything_is_read_again_from_the_number_asked_for():
    floor = quiet_floor()
    first = trader(floor, "RUSH")
    for number in range(1, 6):
        first.say(ouch.EnterOrder(number, "B", 100, "AAPL", 90_000, "0", "Y", "A", "N", "N", f"ID{number}"))
    again = Client(SoupPort(SESSION, lambda name, _password: floor.open_ouch(0, name)))
    events = again.login("rush", SESSION, 4)
    assert events[0] == soup.LoginAccepted(SESSION, 4)
    assert [ouch.decode_outbound(event.message).client_order_id for event in events[1:]] == [
        "ID3",
        "ID4",
        "ID5",
    ]
    assert [event.sequence for event in events[1:]] == [4, 5, 6]


def test_an_order_sent_again_after_a_broken_line_is_not_entered_twice():
    floor = quiet_floor()
    order = ouch.EnterOrder(1, "B", 100, "AAPL", 90_000, "0", "Y", "A", "N", "N", "ONE")
    trader(floor, "RUSH").say(order)
    again = trader(floor, "RUSH")
    assert again.heard(order) == []
    assert floor.account(0, "RUSH").repeated == 1
    assert floor.account(0, "RUSH").orders == 1


@pytest.mark.parametrize(
    ("login", "words"),
    [
        ({"user": "R-1"}, "a user is 1 to 6 letters or digits, not 'R-1'"),
        ({"session": "OTHER"}, "session DAY1 keeps messages 1 to 1; session OTHER from 1 cannot be had"),
        ({"sequence": 3}, "session DAY1 from 3 cannot be had"),
    ],
)
def test_a_login_that_cannot_be_had_is_refused_in_words(login, words):
    floor = quiet_floor()
    client = Client(SoupPort(SESSION, lambda name, _password: floor.open_ouch(0, name)))
    (event,) = client.login(**login)
    assert isinstance(event, soup.LoginRejected)
    assert words in client.debugs[0]
    assert client.port.leaving


def test_what_is_no_message_is_answered_in_words_and_counted():
    floor = quiet_floor()
    client = trader(floor, "RUSH")
    client.say(b"?nonsense")
    client.say(b"X\0")
    assert client.debugs == [
        "b'?' begins no OUCH 5.0 message of a firm",
        "CancelOrder b'X' takes 9 bytes at least, got 2",
    ]
    assert client.port.refused == 2
    assert [said.type for said in client.heard(ouch.AccountQuery())] == ["Q"]


def test_a_line_that_speaks_another_protocol_is_told_so_and_closed():
    port = SoupPort(SESSION, lambda _user, _password: pytest.fail("nobody logged in"))
    port.receive_data(b"GET / HTTP/1.1\r\n\r\n" * 2_000)
    assert port.leaving
    assert b"this is no SoupBinTCP" in port.data_to_send()


def test_a_silent_client_is_left_after_fifteen_seconds():
    floor = quiet_floor()
    client = trader(floor, "RUSH")
    for _ in range(15):
        client.port.beat()
        assert not client.port.leaving
    assert soup.Heartbeat() in client.read()
    client.port.beat()
    assert client.port.leaving


def test_channels_count_their_own_numbers_and_are_named_in_answers():
    client = trader(quiet_floor(), "RUSH")
    channel = (Option(tag.USER_REF_INDEX, 5),)
    first = client.heard(ouch.EnterOrder(1, "B", 100, "AAPL", 90_000, "0", "Y", "A", "N", "N", "ONE"))
    second = client.heard(
        ouch.EnterOrder(1, "B", 100, "AAPL", 90_000, "0", "Y", "A", "N", "N", "TWO", channel)
    )
    assert (first[0].client_order_id, second[0].client_order_id) == ("ONE", "TWO")
    (canceled,) = client.heard(ouch.CancelOrder(1, 0, channel))
    assert canceled.options == channel
    assert [said.next_user_ref_num for said in client.heard(ouch.AccountQuery(channel))] == [2]


def test_firms_of_a_day_are_bounded():
    floor = quiet_floor()
    for number in range(64):
        floor.firm(f"F{number}")
    client = Client(SoupPort(SESSION, lambda name, _password: floor.open_ouch(0, name)))
    (event,) = client.login("MORE")
    assert isinstance(event, soup.LoginRejected)
    assert "64 firms trade here today" in client.debugs[0]
