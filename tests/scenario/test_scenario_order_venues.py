"""How orders live through days, refusals, lost lines, and reports that repeat, skip or contradict.

Left of the bar what comes in (commands of the customer, reports of the venues A, B and C), right of it every event that
goes out. The customer has a margin account with $10,000; RUSH closed at 10.00. See `support.order_words` for the words.
"""

from __future__ import annotations

import pytest

from support.order_play import played
from support.tables import Case, cases

TABLE = """
== day end
asks A 10.05x500                      |
buy 100 RUSH 10.00 day as o1          | o1 accepted to buy to open, holds $500.01 · sent A1 100@10.00 DAY
buy 100 RUSH 10.00 gtc as o2          | o2 accepted to buy to open, holds $500.01 · sent A2 100@10.00 DAY
buy 100 RUSH mkt gtc as o3 stop 10.50 | o3 accepted to buy to open, holds $546.01
A works A1                            | A1 works
A takes A2 40 @ 10.00                 | A2 filled 40@10.00, o2 60 left
close day                             | market closed · A1 ended, 100 left · o1 expired, 100 left · A2 ended, 60 left · o2 wants a route · settled 0 · day closed
open 2026-09-29                       | opened, settles 2026-09-30
market open                           | market open · o2 wants a route
route o2                              | sent A3 60@10.00 DAY
A takes A3 60 @ 10.00                 | A3 filled 60@10.00, o2 0 left

== venue refuses, three times
asks A 10.05x500             |
buy 100 RUSH 10.00 day as o1 | o1 accepted to buy to open, holds $500.01 · sent A1 100@10.00 DAY
A refuses A1                 | A1 ended, 100 left (refused) · o1 wants a route
route o1                     | sent A2 100@10.00 DAY
A refuses A2                 | A2 ended, 100 left (refused) · o1 wants a route
route o1                     | sent A3 100@10.00 DAY
A refuses A3                 | A3 ended, 100 left (refused) · o1 canceled, 100 left: refused by AAA: no

== a lost venue
asks A 10.05x500             |
buy 100 RUSH 10.00 day as o1 | o1 accepted to buy to open, holds $500.01 · sent A1 100@10.00 DAY
A works A1                   | A1 works
link A down                  | A down, in doubt: A1
cancel o1                    | o1: cancel A1
link A up                    | A up
A cancels A1                 | A1 ended, 100 left · o1 canceled, 100 left: canceled by the customer

== a venue that begins anew
asks A 10.05x500             |
buy 100 RUSH 10.00 day as o1 | o1 accepted to buy to open, holds $500.01 · sent A1 100@10.00 DAY
A works A1                   | A1 works
link A down                  | A down, in doubt: A1
link A lost                  | A up · A1 ended, 100 left · o1 wants a route
route o1                     | sent A2 100@10.00 DAY
A works A2                   | A2 works

== repeated and contradicting reports
asks A 10.05x500                      |
buy 100 RUSH 10.00 day as o1          | o1 accepted to buy to open, holds $500.01 · sent A1 100@10.00 DAY
A works A1                            | A1 works
A takes A1 40 @ 10.00                 | A1 filled 40@10.00, o1 60 left
A repeats                             | repeated A 2
A takes A1 70 @ 10.00                 | ANOMALY at A: execution of 70 shares where 60 were working
A takes A1 10 @ 10.01                 | ANOMALY at A: execution at 10.01 beyond the limit 10.00
A takes A9 10 @ 10.00                 | ANOMALY at A: execution of 10 shares of an order that is not working
B takes A1 10 @ 10.00                 | ANOMALY at B: execution of 10 shares of an order that is not working
A takes A1 0 @ 10.00                  | ANOMALY at A: execution of 0 shares where 60 were working
A takes A1 10 @ 0                     | ANOMALY at A: execution at 0.00 beyond the limit 10.00
A cancels A1 leaving 80               | ANOMALY at A: cancel leaving 80 of 60 shares
A cancels A1 leaving 60               | ANOMALY at A: cancel leaving 60 of 60 shares
A cancels A1 leaving 20               | A1 reduced to 20
A replaces A1 by A1 10.00 leaving 100 | ANOMALY at A: replace of order A1 that was not asked for
A works A9                            | ANOMALY at A: acceptance of an order that is not working
A refuses A1                          | ANOMALY at A: refusal of order A1, which the venue had taken
A takes A1 20 @ 10.00                 | A1 filled 20@10.00, o1 40 left · o1 wants a route
A cancels A1                          | ANOMALY at A: cancel of an order that is not working
A refuses A1                          | ANOMALY at A: refusal of an order that is not working

== a report that skips a number waits until those between have come
asks A 10.05x500                          |
buy 100 RUSH 10.00 day as o1              | o1 accepted to buy to open, holds $500.01 · sent A1 100@10.00 DAY
A works A1                                | A1 works
A loses a report                          |
A takes A1 40 @ 10.00                     | ANOMALY at A: report 3 came where 2 is due; it is not taken before that one
A sends the lost one: takes A1 30 @ 10.00 | A1 filled 30@10.00, o1 70 left
A repeats                                 | A1 filled 40@10.00, o1 30 left

== a venue whose line is down gets nothing; with no venue left the order ends
asks A 10.00x100 · B 10.00x100 |
link A down                    | A down
buy 200 RUSH 10.00 ioc as o1   | o1 accepted to buy to open, holds $1000.01 · sent B1 100@10.00 IOC
link B down                    | B down, in doubt: B1
link C down                    | C down
buy 200 RUSH 10.00 day as o2   | o2 accepted to buy to open, holds $1000.01 · sent nothing · o2 canceled, 200 left: no route takes the rest of the order (AAA: link down within limit, BBB: link down within limit, CCC: link down)
"""


@pytest.mark.parametrize("case", [pytest.param(case, id=case.title) for case in cases(TABLE)])
def test_orders_outlive_days_and_lines(case: Case):
    assert played(case) == case.steps
