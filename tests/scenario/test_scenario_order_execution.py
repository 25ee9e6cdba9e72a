"""How orders execute: fills, sweeps, time in force, sequences, direct routes.

Left of the bar what comes in (commands of the customer, reports of the venues A, B and C), right of it every event that
goes out. The customer has a margin account with $10,000; RUSH closed at 10.00. See `support.order_words` for the words.
"""

from __future__ import annotations

import pytest

from support.order_play import played
from support.tables import Case, cases

TABLE = """
== a limit order rests, fills in parts, and is done
asks A 10.05x500 bids A 9.95x500 |
buy 100 RUSH 10.00 day as o1     | o1 accepted to buy to open, holds $500.01 · sent A1 100@10.00 DAY
A works A1                       | A1 works
A takes A1 40 @ 10.00            | A1 filled 40@10.00, o1 60 left
A takes A1 60 @ 10.00            | A1 filled 60@10.00, o1 0 left

== a marketable order sweeps three venues by all-in cost; what one sends back rests
asks A 10.00x100 10.01x200 · B 10.00x100 · C 10.00x50 |
buy 300 RUSH 10.01 day as o1                          | o1 accepted to buy to open, holds $1501.51 · sent A1 150@10.01 IOC, B1 100@10.00 IOC, C1 50@10.00 IOC
A works A1                                            | A1 works
B works B1                                            | B1 works
C works C1                                            | C1 works
C fills C1 50 @ 10.00                                 | C1 filled 50@10.00, o1 250 left
B fills B1 100 @ 10.00                                | B1 filled 100@10.00, o1 150 left
A fills A1 100 @ 10.00                                | A1 filled 100@10.00, o1 50 left
A cancels A1                                          | A1 ended, 50 left · o1 wants a route
asks C 10.02x100 bids A 10.00x100                     |
route o1                                              | sent A2 50@10.01 DAY

== IOC: what cannot be executed at once is canceled
asks A 10.00x100 · B 10.00x100 |
buy 300 RUSH 10.00 ioc as o1   | o1 accepted to buy to open, holds $1500.01 · sent A1 100@10.00 IOC, B1 100@10.00 IOC
A fills A1 60 @ 10.00          | A1 filled 60@10.00, o1 240 left
A cancels A1                   | A1 ended, 40 left
B fills B1 70 @ 10.00          | B1 filled 70@10.00, o1 170 left
B cancels B1                   | B1 ended, 30 left · o1 canceled, 170 left: remainder of an IOC order

== IOC met by nothing at all
asks A 10.05x100             |
buy 300 RUSH 10.00 ioc as o1 | o1 accepted to buy to open, holds $1500.01 · sent nothing · o1 canceled, 300 left: no route takes the rest of the order (AAA: no liquidity within limit, BBB: no known book, CCC: no known book)

== FOK goes whole to one venue or nowhere
asks A 10.00x100 · B 10.00x300 |
buy 300 RUSH 10.00 fok as o1   | o1 accepted to buy to open, holds $1500.01 · sent B1 300@10.00 FOK
B fills B1 300 @ 10.00         | B1 filled 300@10.00, o1 0 left
buy 400 RUSH 10.00 fok as o2   | o2 accepted to buy to open, holds $2000.01 · sent nothing · o2 canceled, 400 left: no route takes fill or kill (AAA: too small, BBB: too small, CCC: no known book)

== FOK that its venue cannot fill is canceled
asks B 10.00x300             |
buy 300 RUSH 10.00 fok as o1 | o1 accepted to buy to open, holds $1500.01 · sent B1 300@10.00 FOK
B works B1                   | B1 works
B cancels B1                 | B1 ended, 300 left · o1 canceled, 300 left: remainder of an FOK order

== stop triggers by a last sale inside the quote only
asks A 10.05x500 last 10.00           |
buy 100 RUSH mkt day as o1 stop 10.20 | o1 accepted to buy to open, holds $530.01
mark RUSH 9.99/10.01 last 10.50       | marked
mark RUSH 10.18/10.21 last 10.19      | marked
mark RUSH 10.18/10.21 last 10.20      | marked · o1 triggered at 10.20 · o1 wants a route
asks A 10.21x500 last 10.20           |
route o1                              | sent A1 100@10.21 IOC
A fills A1 100 @ 10.21                | A1 filled 100@10.21, o1 0 left

== stop limit, and a stop that is through at entry
asks A 10.05x500 bids A 9.95x500 last 10.00 |
buy 100 RUSH 10.06 day as o1 stop 10.00     | o1 accepted to buy to open, holds $503.01 · o1 triggered at 10.00 · sent A1 100@10.05 IOC
buy 100 RUSH 10.20 day as o2 stop 10.20     | o2 accepted to buy to open, holds $510.01
mark RUSH 10.18/10.21 last 10.20            | marked · o2 triggered at 10.20 · o2 wants a route
route o2                                    | sent A2 100@10.05 IOC

== a stop is canceled at once
asks A 10.05x500 last 10.00           |
buy 100 RUSH mkt day as o1 stop 10.20 | o1 accepted to buy to open, holds $530.01
cancel o1                             | o1 canceled, 100 left: canceled by the customer
mark RUSH 10.18/10.21 last 10.20      | marked

== stop entered while the market is closed
asks A 10.05x500 last 10.00          |
market closed                        | market closed
buy 100 RUSH mkt gtc as o1 stop 9.90 | o1 accepted to buy to open, holds $522.51
market open                          | market open

== kill switch
bids A 9.95x500 asks A 10.05x500 |
buy 100 RUSH 10.00 day as o1     | o1 accepted to buy to open, holds $500.01 · sent A1 100@10.00 DAY
A takes A1 100 @ 10.00           | A1 filled 100@10.00, o1 0 left
kill firm                        | KillSwitchSet
buy 100 RUSH 10.00 day as o2     | rejected KILL_SWITCH
sell 100 RUSH 9.95 ioc as o3     | o3 accepted to sell to close, holds 100 shares · sent A2 100@9.95 IOC
A fills A2 100 @ 9.95            | A2 filled 100@9.95, o3 0 left
allow firm                       | KillSwitchSet
buy 100 RUSH 10.00 day as o4     | o4 accepted to buy to open, holds $500.01 · sent A3 100@10.00 DAY
kill account                     | KillSwitchSet
buy 100 RUSH 10.00 day as o5     | rejected KILL_SWITCH
cancel o4                        | o4: cancel A3

== sequence with punt list
asks A 10.00x100                          |
buy 300 RUSH 10.00 day as o1 via SEQUENCE | o1 accepted to buy to open, holds $1500.01 · sent B1 300@10.00 IOC
B fills B1 100 @ 10.00                    | B1 filled 100@10.00, o1 200 left
B cancels B1                              | B1 ended, 200 left · o1 wants a route
route o1                                  | sent A1 200@10.00 IOC
A cancels A1                              | A1 ended, 200 left · o1 wants a route
route o1                                  | sent C1 200@10.00 IOC
C fills C1 100 @ 10.00                    | C1 filled 100@10.00, o1 100 left
C cancels C1                              | C1 ended, 100 left · o1 wants a route
route o1                                  | sent A2 100@10.00 DAY

== sequence with routes switched off
asks A 10.00x100                          |
route-switch B off                        | RouteSwitched
buy 300 RUSH 10.00 day as o1 via SEQUENCE | o1 accepted to buy to open, holds $1500.01 · sent A1 300@10.00 IOC

== direct
asks A 10.00x100                     |
buy 300 RUSH 10.00 day as o1 via C   | o1 accepted to buy to open, holds $1500.01 · sent C1 300@10.00 DAY
buy 300 RUSH 10.00 ioc as o2 via BBB | o2 accepted to buy to open, holds $1500.01 · sent B1 300@10.00 IOC
B cancels B1                         | B1 ended, 300 left · o2 canceled, 300 left: remainder of an IOC order

== reserve and hidden
asks A 10.05x100                      |
buy 300 RUSH 10.00 day as o1 show 100 | o1 accepted to buy to open, holds $1500.01 · sent A1 300@10.00 DAY show 100
buy 300 RUSH 10.00 day as o2 hidden   | o2 accepted to buy to open, holds $1500.01 · sent A2 300@10.00 DAY hidden

== an order that waits for a route is left alone while the market is closed
asks A 10.00x100             |
buy 200 RUSH 10.00 day as o1 | o1 accepted to buy to open, holds $1000.01 · sent A1 100@10.00 IOC
A fills A1 100 @ 10.00       | A1 filled 100@10.00, o1 100 left · o1 wants a route
market closed                | market closed
route o1                     |
market open                  | market open · o1 wants a route
route o1                     | sent A2 100@10.00 IOC
route o1                     |

== a stop waits while the market is closed
asks A 10.05x500 last 10.00           |
buy 100 RUSH mkt gtc as o1 stop 10.20 | o1 accepted to buy to open, holds $530.01
market closed                         | market closed
mark RUSH 10.18/10.21 last 10.20      | marked
market open                           | market open
mark RUSH 10.18/10.21 last 10.20      | marked · o1 triggered at 10.20 · o1 wants a route
"""


@pytest.mark.parametrize("case", [pytest.param(case, id=case.title) for case in cases(TABLE)])
def test_orders_execute_as_the_table_says(case: Case):
    assert played(case) == case.steps
