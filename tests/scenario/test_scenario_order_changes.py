"""How orders are cancelled and replaced, and what happens when that crosses fills and other changes on the way.

Left of the bar what comes in (commands of the customer, reports of the venues A, B and C), right of it every event that
goes out. The customer has a margin account with $10,000; RUSH closed at 10.00. See `support.order_words` for the words.
"""

from __future__ import annotations

import pytest

from support.order_play import played
from support.tables import Case, cases

TABLE = """
== cancel
asks A 10.05x500             |
buy 100 RUSH 10.00 day as o1 | o1 accepted to buy to open, holds $500.01 · sent A1 100@10.00 DAY
A works A1                   | A1 works
cancel o1                    | o1: cancel A1
cancel o1                    | refused CANCEL_PENDING
A cancels A1                 | A1 ended, 100 left · o1 canceled, 100 left: canceled by the customer
cancel o1                    | refused ORDER_NOT_OPEN

== cancel and fill cross on the way: the fill that came first stands
asks A 10.05x500             |
buy 100 RUSH 10.00 day as o1 | o1 accepted to buy to open, holds $500.01 · sent A1 100@10.00 DAY
A works A1                   | A1 works
cancel o1                    | o1: cancel A1
A takes A1 60 @ 10.00        | A1 filled 60@10.00, o1 40 left
A cancels A1                 | A1 ended, 40 left · o1 canceled, 40 left: canceled by the customer

== cancel and fill cross on the way: nothing is left to cancel
asks A 10.05x500             |
buy 100 RUSH 10.00 day as o1 | o1 accepted to buy to open, holds $500.01 · sent A1 100@10.00 DAY
A works A1                   | A1 works
cancel o1                    | o1: cancel A1
A takes A1 100 @ 10.00       | A1 filled 100@10.00, o1 0 left
A refuses to cancel A1       |

== cancel before the venue has answered
asks A 10.05x500             |
buy 100 RUSH 10.00 day as o1 | o1 accepted to buy to open, holds $500.01 · sent A1 100@10.00 DAY
cancel o1                    | o1: cancel A1
A works A1                   | A1 works
A cancels A1                 | A1 ended, 100 left · o1 canceled, 100 left: canceled by the customer

== cancel all, and cancel all in one share
asks A 10.05x500             |
buy 100 RUSH 10.00 day as o1 | o1 accepted to buy to open, holds $500.01 · sent A1 100@10.00 DAY
buy 100 TUFF 10.00 day as o2 | o2 accepted to buy to open, holds $500.01 · sent A2 100@10.00 DAY
cancel all TUFF              | o2: cancel A2
cancel all                   | o1: cancel A1
A cancels A2                 | A2 ended, 100 left · o2 canceled, 100 left: canceled by the customer
A cancels A1                 | A1 ended, 100 left · o1 canceled, 100 left: canceled by the customer

== a cancel the venue refuses leaves the order as it was
asks A 10.05x500             |
buy 100 RUSH 10.00 day as o1 | o1 accepted to buy to open, holds $500.01 · sent A1 100@10.00 DAY
A works A1                   | A1 works
cancel o1                    | o1: cancel A1
A refuses to cancel A1       | A1 stands: too late
cancel o1                    | o1: cancel A1
A cancels A1                 | A1 ended, 100 left · o1 canceled, 100 left: canceled by the customer

== replace at the venue
asks A 10.05x500                       |
buy 100 RUSH 10.00 day as o1           | o1 accepted to buy to open, holds $500.01 · sent A1 100@10.00 DAY
A works A1                             | A1 works
A takes A1 30 @ 10.00                  | A1 filled 30@10.00, o1 70 left
replace o1 total 200 limit 10.01 as o2 | o1 to become o2: replace A1 by A2, total 200@10.01
replace o1 total 300 as o3             | refused REPLACE_PENDING
A replaces A1 by A2 10.01 leaving 170  | A1 became A2 170@10.01 · o2 accepted in place of o1 to buy to open, holds $850.86 · o1 replaced by o2
A takes A2 170 @ 10.01                 | A2 filled 170@10.01, o2 0 left

== replace at the venue, down
asks A 10.05x500                     |
buy 100 RUSH 10.00 day as o1         | o1 accepted to buy to open, holds $500.01 · sent A1 100@10.00 DAY
A works A1                           | A1 works
A takes A1 30 @ 10.00                | A1 filled 30@10.00, o1 70 left
replace o1 total 50 as o2            | o1 to become o2: replace A1 by A2, total 50@10.00
A replaces A1 by A2 10.00 leaving 20 | A1 became A2 20@10.00 · o2 accepted in place of o1 to buy to open, holds $100.01 · o1 replaced by o2
A takes A2 20 @ 10.00                | A2 filled 20@10.00, o2 0 left

== replace by cancel and new order: the new limit takes from another venue
asks A 10.05x500             |
buy 100 RUSH 10.00 day as o1 | o1 accepted to buy to open, holds $500.01 · sent A1 100@10.00 DAY
A works A1                   | A1 works
asks B 10.03x200             |
replace o1 limit 10.04 as o2 | o1 to become o2: cancel A1
A cancels A1                 | A1 ended, 100 left · o2 accepted in place of o1 to buy to open, holds $502.01 · o1 replaced by o2 · o2 wants a route
route o2                     | sent B1 100@10.03 IOC
B fills B1 100 @ 10.03       | B1 filled 100@10.03, o2 0 left

== replace lost to a fill
asks A 10.05x500              |
buy 100 RUSH 10.00 day as o1  | o1 accepted to buy to open, holds $500.01 · sent A1 100@10.00 DAY
A works A1                    | A1 works
replace o1 limit 9.99 as o2   | o1 to become o2: replace A1 by A2, total 100@9.99
A takes A1 100 @ 10.00        | o1 not replaced by o2: the order was filled first · A1 filled 100@10.00, o1 0 left
A refuses to replace A1 by A2 |

== replace refused by the venue
asks A 10.05x500              |
buy 100 RUSH 10.00 day as o1  | o1 accepted to buy to open, holds $500.01 · sent A1 100@10.00 DAY
A works A1                    | A1 works
replace o1 limit 9.99 as o2   | o1 to become o2: replace A1 by A2, total 100@9.99
A refuses to replace A1 by A2 | A1 stands: too late · o1 not replaced by o2: too late
replace o1 limit 9.98 as o2   | refused DUPLICATE_CLIENT_ORDER_ID
replace o1 limit 9.98 as o3   | o1 to become o3: replace A1 by A3, total 100@9.98

== a part is executed before the replace: hold and leaves follow
asks A 10.05x500                     |
buy 100 RUSH 10.00 day as o1         | o1 accepted to buy to open, holds $500.01 · sent A1 100@10.00 DAY
A works A1                           | A1 works
replace o1 limit 10.01 as o2         | o1 to become o2: replace A1 by A2, total 100@10.01
A takes A1 60 @ 10.00                | A1 filled 60@10.00, o1 40 left
A replaces A1 by A2 10.01 leaving 40 | A1 became A2 40@10.01 · o2 accepted in place of o1 to buy to open, holds $200.20 · o1 replaced by o2
A takes A2 40 @ 10.01                | A2 filled 40@10.01, o2 0 left

== executions pass the new quantity before the venue replaces
asks A 10.05x500                    |
buy 100 RUSH 10.00 day as o1        | o1 accepted to buy to open, holds $500.01 · sent A1 100@10.00 DAY
A works A1                          | A1 works
replace o1 total 50 as o2           | o1 to become o2: replace A1 by A2, total 50@10.00
A takes A1 60 @ 10.00               | A1 filled 60@10.00, o1 40 left
A replaces A1 by A2 10.00 leaving 0 | A1 ended, 40 left · o1 not replaced by o2: executions passed the new quantity · o1 canceled, 40 left: reduced to what was executed

== cancel while a replace is on its way; the venue replaces first
asks A 10.05x500                     |
buy 100 RUSH 10.00 day as o1         | o1 accepted to buy to open, holds $500.01 · sent A1 100@10.00 DAY
A works A1                           | A1 works
replace o1 limit 9.99 as o2          | o1 to become o2: replace A1 by A2, total 100@9.99
cancel o1                            | o1: cancel A1
A replaces A1 by A2 9.99 leaving 100 | A1 became A2 100@9.99 · o2 accepted in place of o1 to buy to open, holds $499.51 · o1 replaced by o2 · o2: cancel A2
A refuses to cancel A1               |
A cancels A2                         | A2 ended, 100 left · o2 canceled, 100 left: canceled by the customer

== cancel while a replace is on its way; the venue refuses the replace, then cancels
asks A 10.05x500              |
buy 100 RUSH 10.00 day as o1  | o1 accepted to buy to open, holds $500.01 · sent A1 100@10.00 DAY
A works A1                    | A1 works
replace o1 limit 9.99 as o2   | o1 to become o2: replace A1 by A2, total 100@9.99
cancel o1                     | o1: cancel A1
A refuses to replace A1 by A2 | o1 not replaced by o2: too late
A cancels A1                  | A1 ended, 100 left · o1 canceled, 100 left: canceled by the customer

== the venue cancels by itself while a replace is on its way
asks A 10.05x500              |
buy 100 RUSH 10.00 day as o1  | o1 accepted to buy to open, holds $500.01 · sent A1 100@10.00 DAY
A works A1                    | A1 works
replace o1 limit 9.99 as o2   | o1 to become o2: replace A1 by A2, total 100@9.99
A cancels A1                  | A1 ended, 100 left · o2 accepted in place of o1 to buy to open, holds $499.51 · o1 replaced by o2 · o2 wants a route
A refuses to replace A1 by A2 |
route o2                      | sent A3 100@9.99 DAY
A works A3                    | A3 works

== replace of an order that is at no venue
asks B 10.05x500             |
market closed                | market closed
buy 100 RUSH 10.00 gtc as o1 | o1 accepted to buy to open, holds $500.01 · o1 wants a route
replace o1 total 50 as o2    | o2 accepted in place of o1 to buy to open, holds $250.01 · o1 replaced by o2 · o2 wants a route
market open                  | market open · o2 wants a route
route o2                     | sent B1 50@10.00 DAY

== replace a stop
asks A 10.05x500 last 10.00           |
buy 100 RUSH mkt day as o1 stop 10.20 | o1 accepted to buy to open, holds $530.01
replace o1 stop 10.10 as o2           | o2 accepted in place of o1 to buy to open, holds $525.01 · o1 replaced by o2
mark RUSH 10.09/10.11 last 10.10      | marked · o2 triggered at 10.10 · o2 wants a route
route o2                              | sent A1 100@10.05 IOC

== replace with another venue child in a sweep
asks A 10.00x100 · B 10.00x100 |
buy 200 RUSH 10.00 day as o1   | o1 accepted to buy to open, holds $1000.01 · sent A1 100@10.00 IOC, B1 100@10.00 IOC
A works A1                     | A1 works
B works B1                     | B1 works
replace o1 total 300 as o2     | o1 to become o2: cancel A1, B1
A fills A1 100 @ 10.00         | A1 filled 100@10.00, o1 100 left
B cancels B1                   | B1 ended, 100 left · o2 accepted in place of o1 to buy to open, holds $1000.01 · o1 replaced by o2 · o2 wants a route
route o2                       | sent A2 100@10.00 IOC, B2 100@10.00 IOC

== a sale is held while its replace is on its way: the shares it adds cannot be promised twice
asks A 10.05x500 bids A 9.95x500      |
buy 100 RUSH 10.05 ioc as o1          | o1 accepted to buy to open, holds $502.51 · sent A1 100@10.05 IOC
A fills A1 100 @ 10.05                | A1 filled 100@10.05, o1 0 left
sell 50 RUSH 10.10 day as o2          | o2 accepted to sell to close, holds 50 shares · sent A2 50@10.10 DAY
A works A2                            | A2 works
replace o2 total 100 as o3            | o2 to become o3: replace A2 by A3, total 100@10.10
sell 50 RUSH 10.20 day as o4          | rejected INSUFFICIENT_SHARES
A replaces A2 by A3 10.10 leaving 100 | A2 became A3 100@10.10 · o3 accepted in place of o2 to sell to close, holds 100 shares · o2 replaced by o3
sell 1 RUSH 10.20 day as o5           | rejected INSUFFICIENT_SHARES
A takes A3 100 @ 10.10                | A3 filled 100@10.10, o3 0 left

== a replace that comes to nothing gives back what it held
asks A 10.05x500 bids A 9.95x500 |
buy 100 RUSH 10.05 ioc as o1     | o1 accepted to buy to open, holds $502.51 · sent A1 100@10.05 IOC
A fills A1 100 @ 10.05           | A1 filled 100@10.05, o1 0 left
sell 50 RUSH 10.10 day as o2     | o2 accepted to sell to close, holds 50 shares · sent A2 50@10.10 DAY
A works A2                       | A2 works
replace o2 total 100 as o3       | o2 to become o3: replace A2 by A3, total 100@10.10
A refuses to replace A2 by A3    | A2 stands: too late · o2 not replaced by o3: too late
sell 50 RUSH 10.20 day as o4     | o4 accepted to sell to close, holds 50 shares · sent A4 50@10.20 DAY

== money is held for a larger order before its venue has replaced it
asks A 10.05x5000                      |
buy 100 RUSH 10.00 day as o1           | o1 accepted to buy to open, holds $500.01 · sent A1 100@10.00 DAY
A works A1                             | A1 works
replace o1 total 1900 as o2            | o1 to become o2: replace A1 by A2, total 1900@10.00
buy 200 RUSH 10.00 day as o3           | rejected BUYING_POWER
A replaces A1 by A2 10.00 leaving 1900 | A1 became A2 1900@10.00 · o2 accepted in place of o1 to buy to open, holds $9500.01 · o1 replaced by o2
buy 200 RUSH 10.00 day as o4           | rejected BUYING_POWER

== replaces that are refused here
asks A 10.05x500             |
buy 100 RUSH 10.00 day as o1 | o1 accepted to buy to open, holds $500.01 · sent A1 100@10.00 DAY
replace o1 limit 9.99 as o2  | refused NOT_YET_AT_VENUE
A works A1                   | A1 works
A takes A1 40 @ 10.00        | A1 filled 40@10.00, o1 60 left
replace o1 total 40 as o2    | refused QUANTITY_BELOW_FILLED
replace o1 total -5 as o2    | refused QUANTITY_BELOW_FILLED
replace o1 limit 10.00 as o2 | refused NOTHING_TO_REPLACE
replace o1 limit 9.999 as o2 | refused PRICE_INCREMENT
replace o1 stop 9.99 as o2   | refused MALFORMED_STOP_PRICE
replace o1 limit 9.99 as o1  | refused DUPLICATE_CLIENT_ORDER_ID
replace o9 limit 9.99 as o2  | refused ORDER_NOT_OPEN
replace o1 limit 19.99 as o2 | refused COLLAR
link A down                  | A down, in doubt: A1
replace o1 limit 9.99 as o2  | refused NOT_YET_AT_VENUE
link A up                    | A up
A works A1                   | A1 works
cancel o1                    | o1: cancel A1
replace o1 limit 9.99 as o2  | refused CANCEL_PENDING

== executions reach the new quantity while children are cancelled for it
asks A 10.00x100 · B 10.00x100 |
buy 200 RUSH 10.00 day as o1   | o1 accepted to buy to open, holds $1000.01 · sent A1 100@10.00 IOC, B1 100@10.00 IOC
A works A1                     | A1 works
B works B1                     | B1 works
replace o1 total 100 as o2     | o1 to become o2: cancel A1, B1
A fills A1 100 @ 10.00         | A1 filled 100@10.00, o1 100 left
B cancels B1                   | B1 ended, 100 left · o1 not replaced by o2: executions passed the new quantity · o1 canceled, 100 left: reduced to what was executed

== replace while no quotes are known goes to the venue
asks A 10.05x500             |
buy 100 RUSH 10.00 day as o1 | o1 accepted to buy to open, holds $500.01 · sent A1 100@10.00 DAY
A works A1                   | A1 works
bids                         |
replace o1 limit 10.02 as o2 | o1 to become o2: replace A1 by A2, total 100@10.02

== replace of an order of which a part is at no venue: the child is cancelled and all is routed afresh
asks A 10.00x100 · B 10.00x100 |
buy 300 RUSH 10.00 day as o1   | o1 accepted to buy to open, holds $1500.01 · sent A1 100@10.00 IOC, B1 100@10.00 IOC
A works A1                     | A1 works
B works B1                     | B1 works
B cancels B1                   | B1 ended, 100 left
replace o1 total 400 as o2     | o1 to become o2: cancel A1
A cancels A1                   | A1 ended, 100 left · o2 accepted in place of o1 to buy to open, holds $2000.01 · o1 replaced by o2 · o2 wants a route

== a name that was given to a replace is taken
asks A 10.05x500              |
buy 100 RUSH 10.00 day as o1  | o1 accepted to buy to open, holds $500.01 · sent A1 100@10.00 DAY
A works A1                    | A1 works
replace o1 limit 9.99 as o2   | o1 to become o2: replace A1 by A2, total 100@9.99
buy 100 TUFF 10.00 day as o2  | rejected DUPLICATE_CLIENT_ORDER_ID
A refuses to replace A1 by A2 | A1 stands: too late · o1 not replaced by o2: too late
buy 100 TUFF 10.00 day as o2  | rejected DUPLICATE_CLIENT_ORDER_ID
cancel o2                     | refused ORDER_NOT_OPEN
"""


@pytest.mark.parametrize("case", [pytest.param(case, id=case.title) for case in cases(TABLE)])
def test_orders_change_as_the_table_says(case: Case):
    assert played(case) == case.steps
