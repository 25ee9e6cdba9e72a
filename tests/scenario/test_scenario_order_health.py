"""How venues that fall silent, refuse or answer late go out of use, are tried, and come back; and what becomes of the orders there.

Left of the bar what comes in (`wait` lets time pass and has the clock look at the venues), right of it every event that goes out. The
customer has a margin account with $10,000; RUSH closed at 10.00. See `support.order_words` for the words.
"""

from __future__ import annotations

import pytest

from rushtrade.core.replay import restore, verify
from rushtrade.core.snapshot import decode_state, encode_state, state_hash
from rushtrade.domain.accounts import AccountKind
from support.books_check import check_books
from support.order_words import Desk
from support.small_house import SmallHouse
from support.tables import Case, cases

TABLE = """
== a venue that does not answer
asks A 10.00x500 B 10.01x500 |
buy 800 RUSH 10.05 day as o1 | o1 accepted to buy to open, holds $4020.01 · sent A1 500@10.00 IOC, B1 300@10.01 IOC
B fills B1 300 @ 10.01       | B1 filled 300@10.01, o1 500 left
wait 0.9                     |
wait 0.2                     | A unhealthy: 1 order without an answer, the first for 1.1 s, in doubt: A1
route o1                     |
buy 200 RUSH 10.05 ioc as o2 | o2 accepted to buy to open, holds $1005.01 · sent B2 200@10.01 IOC
B fills B2 200 @ 10.01       | B2 filled 200@10.01, o2 0 left
wait 6                       |
A fills A1 400 @ 10.00       | A1 filled 400@10.00, o1 100 left
A cancels A1                 | A1 ended, 100 left · o1 wants a route
route o1                     | sent B3 100@10.01 IOC
wait 0.1                     | A probing: its time out of use is over and it owes no answer: a small order may try it
buy 300 RUSH 10.05 ioc as o3 | o3 accepted to buy to open, holds $1507.51 · sent B4 200@10.01 IOC, A2 100@10.01 IOC
buy 300 RUSH 10.05 ioc as o4 | o4 accepted to buy to open, holds $1507.51 · sent B5 300@10.01 IOC
A fills A2 100 @ 10.00       | A2 filled 100@10.00, o3 200 left
wait 0.1                     | A healthy: the order that tried it was answered in time
buy 300 RUSH 10.05 ioc as o5 | o5 accepted to buy to open, holds $1507.51 · sent A3 300@10.00 IOC

== a child in doubt is never sent again, and its order can be canceled
asks A 10.00x500 B 10.01x500 |
buy 500 RUSH 10.00 day as o1 | o1 accepted to buy to open, holds $2500.01 · sent A1 500@10.00 IOC
wait 1.1                     | A unhealthy: 1 order without an answer, the first for 1.1 s, in doubt: A1
wait 30                      |
cancel o1                    | o1: cancel A1
A cancels A1                 | A1 ended, 500 left · o1 canceled, 500 left: canceled by the customer
wait 0.1                     |

== a venue that refuses whatever comes
asks A 10.00x500 B 10.01x500 |
buy 300 RUSH 10.00 ioc as o1 | o1 accepted to buy to open, holds $1500.01 · sent A1 300@10.00 IOC
A is closed to A1            | A1 ended, 300 left (refused) · o1 canceled, 300 left: remainder of an IOC order
buy 300 RUSH 10.00 ioc as o2 | o2 accepted to buy to open, holds $1500.01 · sent A2 300@10.00 IOC
A is closed to A2            | A2 ended, 300 left (refused) · o2 canceled, 300 left: remainder of an IOC order
buy 300 RUSH 10.00 ioc as o3 | o3 accepted to buy to open, holds $1500.01 · sent A3 300@10.00 IOC
A is closed to A3            | A3 ended, 300 left (refused) · o3 canceled, 300 left: remainder of an IOC order
wait 0.1                     | A unhealthy: 3 orders refused for reasons of its own
buy 300 RUSH 10.05 day as o4 | o4 accepted to buy to open, holds $1507.51 · sent B1 300@10.01 IOC
B fills B1 300 @ 10.01       | B1 filled 300@10.01, o4 0 left
wait 5.1                     | A probing: its time out of use is over and it owes no answer: a small order may try it
buy 300 RUSH 10.05 ioc as o5 | o5 accepted to buy to open, holds $1507.51 · sent B2 200@10.01 IOC, A4 100@10.01 IOC
A is closed to A4            | A4 ended, 100 left (refused)
B fills B2 200 @ 10.01       | B2 filled 200@10.01, o5 100 left · o5 canceled, 100 left: remainder of an IOC order
wait 0.1                     | A unhealthy: 1 order refused for reasons of its own
wait 6                       |
wait 4.1                     | A probing: its time out of use is over and it owes no answer: a small order may try it
route-switch A on            | RouteSwitched
buy 300 RUSH 10.05 ioc as o6 | o6 accepted to buy to open, holds $1507.51 · sent A5 300@10.00 IOC

== refusals of an order for its own reasons, and one late answer, say nothing of the venue
asks A 10.00x500             |
buy 300 RUSH 10.00 ioc as o1 | o1 accepted to buy to open, holds $1500.01 · sent A1 300@10.00 IOC
A refuses A1                 | A1 ended, 300 left (refused) · o1 canceled, 300 left: remainder of an IOC order
buy 300 RUSH 10.00 ioc as o2 | o2 accepted to buy to open, holds $1500.01 · sent A2 300@10.00 IOC
A refuses A2                 | A2 ended, 300 left (refused) · o2 canceled, 300 left: remainder of an IOC order
buy 300 RUSH 10.00 ioc as o3 | o3 accepted to buy to open, holds $1500.01 · sent A3 300@10.00 IOC
A refuses A3                 | A3 ended, 300 left (refused) · o3 canceled, 300 left: remainder of an IOC order
buy 300 RUSH 10.00 ioc as o4 | o4 accepted to buy to open, holds $1500.01 · sent A4 300@10.00 IOC
wait 0.5                     |
A fills A4 300 @ 10.00       | A4 filled 300@10.00, o4 0 left
wait 0.1                     |
buy 100 RUSH 10.00 ioc as o5 | o5 accepted to buy to open, holds $500.01 · sent A5 100@10.00 IOC

== answers that come late
asks A 10.00x500 B 10.01x500 |
buy 300 RUSH 10.00 ioc as o1 | o1 accepted to buy to open, holds $1500.01 · sent A1 300@10.00 IOC
wait 0.1                     |
A fills A1 300 @ 10.00       | A1 filled 300@10.00, o1 0 left
buy 300 RUSH 10.00 ioc as o2 | o2 accepted to buy to open, holds $1500.01 · sent A2 300@10.00 IOC
wait 0.1                     |
A fills A2 300 @ 10.00       | A2 filled 300@10.00, o2 0 left
buy 300 RUSH 10.00 ioc as o3 | o3 accepted to buy to open, holds $1500.01 · sent A3 300@10.00 IOC
wait 0.1                     |
A fills A3 300 @ 10.00       | A3 filled 300@10.00, o3 0 left
wait 0.1                     | A unhealthy: 3 answers too late

== what this house is late by is no venue's fault
asks A 10.00x500 B 10.01x500 |
buy 300 RUSH 10.00 ioc as o1 | o1 accepted to buy to open, holds $1500.01 · sent A1 300@10.00 IOC
buy 200 RUSH 10.00 ioc as o2 | o2 accepted to buy to open, holds $1000.01 · sent A2 200@10.00 IOC
buy 100 RUSH 10.00 ioc as o3 | o3 accepted to buy to open, holds $500.01 · sent A3 100@10.00 IOC
wait 1.2 late 0.5            | we are late by 0.5 s
A fills A1 300 @ 10.00       | A1 filled 300@10.00, o1 0 left
wait 0.2 late 0.5            |
wait 0.2 late 0.5            | A unhealthy: 2 orders without an answer, the first for 1.6 s, in doubt: A2, A3
A fills A2 200 @ 10.00       | A2 filled 200@10.00, o2 0 left
A fills A3 100 @ 10.00       | A3 filled 100@10.00, o3 0 left
wait 6 late 0.5              | A probing: its time out of use is over and it owes no answer: a small order may try it
buy 300 RUSH 10.05 ioc as o4 | o4 accepted to buy to open, holds $1507.51 · sent B1 200@10.01 IOC, A4 100@10.01 IOC
wait 0.4 late 0.5            |
A fills A4 100 @ 10.00       | A4 filled 100@10.00, o4 200 left
wait 0.1                     | we are late by 0.0 s · A healthy: the order that tried it was answered in time
buy 300 RUSH 10.00 ioc as o5 | o5 accepted to buy to open, holds $1500.01 · sent A5 300@10.00 IOC

== a sequence passes an ill route over and punts
asks A 10.00x500 B 10.01x500 C 10.02x500  |
buy 100 RUSH 10.02 day as o1 via SEQUENCE | o1 accepted to buy to open, holds $501.01 · sent B1 100@10.02 IOC
B is closed to B1                         | B1 ended, 100 left (refused) · o1 wants a route
route o1                                  | sent A1 100@10.02 IOC
A is closed to A1                         | A1 ended, 100 left (refused) · o1 wants a route
route o1                                  | sent C1 100@10.02 IOC
C fills C1 100 @ 10.02                    | C1 filled 100@10.02, o1 0 left
buy 100 RUSH 10.02 ioc as o2 via B        | o2 accepted to buy to open, holds $501.01 · sent B2 100@10.02 IOC
B is closed to B2                         | B2 ended, 100 left (refused) · o2 canceled, 100 left: remainder of an IOC order
buy 100 RUSH 10.02 ioc as o3 via B        | o3 accepted to buy to open, holds $501.01 · sent B3 100@10.02 IOC
B is closed to B3                         | B3 ended, 100 left (refused) · o3 canceled, 100 left: remainder of an IOC order
wait 0.1                                  | B unhealthy: 3 orders refused for reasons of its own
buy 100 RUSH 10.02 day as o4 via SEQUENCE | o4 accepted to buy to open, holds $501.01 · sent A2 100@10.02 IOC
A fills A2 100 @ 10.00                    | A2 filled 100@10.00, o4 0 left
buy 100 RUSH 10.02 ioc as o5 via B        | o5 accepted to buy to open, holds $501.01 · sent nothing · o5 canceled, 100 left: no route takes the rest of the order (AAA: not chosen, BBB: unhealthy, CCC: not chosen)
buy 300 RUSH 10.02 fok as o6              | o6 accepted to buy to open, holds $1503.01 · sent A3 300@10.00 FOK

== what nobody works any more goes elsewhere while the rest is in doubt, and never more than the order
asks A 10.00x500 B 10.01x500 |
buy 900 RUSH 10.05 day as o1 | o1 accepted to buy to open, holds $4522.51 · sent A1 500@10.00 IOC, B1 400@10.01 IOC
B cancels B1                 | B1 ended, 400 left
wait 1.1                     | A unhealthy: 1 order without an answer, the first for 1.1 s, in doubt: A1 · o1 wants a route
route o1                     | sent B2 400@10.01 IOC
B cancels B2                 | B2 ended, 400 left · o1 wants a route
route o1                     | sent B3 400@10.01 IOC
B fills B3 400 @ 10.01       | B3 filled 400@10.01, o1 500 left
A fills A1 300 @ 10.00       | A1 filled 300@10.00, o1 200 left
A cancels A1                 | A1 ended, 200 left · o1 wants a route
route o1                     | sent B4 200@10.01 IOC
B fills B4 200 @ 10.01       | B4 filled 200@10.01, o1 0 left

== a cancel without an answer is silence too, and what works goes on working
asks A 10.05x500             |
buy 100 RUSH 10.00 day as o1 | o1 accepted to buy to open, holds $500.01 · sent A1 100@10.00 DAY
A works A1                   | A1 works
cancel o1                    | o1: cancel A1
wait 1.1                     | A unhealthy: 1 order without an answer, the first for 1.1 s, in doubt: A1
A cancels A1                 | A1 ended, 100 left · o1 canceled, 100 left: canceled by the customer
wait 6                       | A probing: its time out of use is over and it owes no answer: a small order may try it

== a line that comes back settles what was owed
asks A 10.00x500 B 10.01x500 |
buy 300 RUSH 10.00 day as o1 | o1 accepted to buy to open, holds $1500.01 · sent A1 300@10.00 IOC
wait 1.1                     | A unhealthy: 1 order without an answer, the first for 1.1 s, in doubt: A1
link A lost                  | A up · A1 ended, 300 left · o1 wants a route
route o1                     | sent A2 300@10.00 IOC
A fills A2 300 @ 10.00       | A2 filled 300@10.00, o1 0 left
"""


@pytest.mark.parametrize("case", [pytest.param(case, id=case.title) for case in cases(TABLE)])
def test_an_ill_venue_is_left_out_tried_and_taken_back(case: Case):
    house = SmallHouse()
    house.found()
    desk = Desk(house, house.open_account(AccountKind.MARGIN, 10_000, short_permitted=True))
    steps = []
    for line, _ in case.steps:
        steps.append((line, desk.play(line)))
        check_books(house.state)
        again, next_seq = decode_state(encode_state(house.state, house.core.next_seq))
        assert encode_state(again, next_seq) == encode_state(house.state, house.core.next_seq)
    assert steps == case.steps
    assert verify(house.journal).state_hash == state_hash(house.state, house.core.next_seq).hex()
    folded, next_seq = restore(house.journal)
    assert encode_state(folded, next_seq) == encode_state(house.state, house.core.next_seq)
