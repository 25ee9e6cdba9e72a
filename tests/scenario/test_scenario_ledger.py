"""What is booked: fills to transfers, settlement on the dated cycle, fees rounded up once an order and day, trial balance.

Left of the bar what happens to account #1, which begins with $10,000 settled; right of it every transfer, from the account that is debited
to the account that is credited. ``balances`` shows the trial balance, credits less debits. Trade dates begin on Monday, 28 September
2026: trades settle on the next business day; Section 31 is $20.60 a million of a sale, TAF $0.000195 a share of one, CAT
$0.000003 a share; commissions are named in the headings.
"""

from __future__ import annotations

import pytest

from support.ledger_words import booked
from support.tables import Case, cases

TABLE = """
== a purchase that takes liquidity (half a cent a share, a dollar at least)
asks A 10.00x300             |
buy 200 RUSH 10.00 day as o1 |
A fills A1 200 @ 10.00       | trade cash $2000.00: #1 unsettled → street
                             | trade shares 200 RUSH: street → #1 unsettled
                             | commission $1.00: #1 unsettled → commission income
                             | cat fee $0.01: #1 unsettled → cat fee
                             | venue fee $0.60: venue fees → street
balances                     | #1 settled $10000.00
                             | #1 unsettled $-2001.01
                             | #1 unsettled 200 RUSH
                             | street $2000.60
                             | street -200 RUSH
                             | clearing $-10000.00
                             | commission income $1.00
                             | cat fee $0.01
                             | venue fees $-0.60
close day                    |
balances                     | #1 settled $10000.00
                             | #1 unsettled $-2001.01
                             | #1 unsettled 200 RUSH
                             | street $2000.60
                             | street -200 RUSH
                             | clearing $-10000.00
                             | commission income $1.00
                             | cat fee $0.01
                             | venue fees $-0.60
open 2026-09-29              |
market open                  |
close day                    | settle cash $2001.01: #1 settled → #1 unsettled
                             | settle shares 200 RUSH: #1 unsettled → #1 settled
                             | settle street $2000.60: street → clearing
                             | settle street 200 RUSH: clearing → street
balances                     | #1 settled $7998.99
                             | #1 settled 200 RUSH
                             | clearing $-7999.40
                             | clearing -200 RUSH
                             | commission income $1.00
                             | cat fee $0.01
                             | venue fees $-0.60

== a sale in parts (half a cent a share, a dollar at least)
bring 300 RUSH 2000           | shares in 300 RUSH: transfer agent → #1 settled
bids A 10.00x300              |
sell 300 RUSH 10.00 day as o1 |
A fills A1 100 @ 10.00        | trade cash $1000.00: street → #1 unsettled
                              | trade shares 100 RUSH: #1 unsettled → street
                              | commission $1.00: #1 unsettled → commission income
                              | sec fee $0.03: #1 unsettled → sec fee
                              | taf $0.02: #1 unsettled → taf
                              | cat fee $0.01: #1 unsettled → cat fee
                              | venue fee $0.30: venue fees → street
A fills A1 150 @ 10.01        | trade cash $1501.50: street → #1 unsettled
                              | trade shares 150 RUSH: #1 unsettled → street
                              | commission $0.25: #1 unsettled → commission income
                              | sec fee $0.03: #1 unsettled → sec fee
                              | taf $0.03: #1 unsettled → taf
                              | venue fee $0.45: venue fees → street
A fills A1 50 @ 10.02         | trade cash $501.00: street → #1 unsettled
                              | trade shares 50 RUSH: #1 unsettled → street
                              | commission $0.25: #1 unsettled → commission income
                              | sec fee $0.01: #1 unsettled → sec fee
                              | taf $0.01: #1 unsettled → taf
                              | venue fee $0.15: venue fees → street
balances                      | #1 settled $10000.00
                              | #1 settled 300 RUSH
                              | #1 unsettled $3000.86
                              | #1 unsettled -300 RUSH
                              | street $-3001.60
                              | street 300 RUSH
                              | clearing $-10000.00
                              | transfer agent -300 RUSH
                              | commission income $1.50
                              | sec fee $0.07
                              | taf $0.06
                              | cat fee $0.01
                              | venue fees $-0.90

== a short sale at a venue that pays takers, and the cover that gives (no commission)
bids C 10.00x300                  |
sell 100 RUSH 10.00 ioc as o1     |
C fills C1 100 @ 10.00            | trade cash $1000.00: street → #1 unsettled
                                  | trade shares 100 RUSH: #1 unsettled → street
                                  | sec fee $0.03: #1 unsettled → sec fee
                                  | taf $0.02: #1 unsettled → taf
                                  | cat fee $0.01: #1 unsettled → cat fee
                                  | venue fee $0.10: street → venue fees
asks A 10.00x1                    |
buy 100 RUSH 9.90 day as o2 via A |
A takes A1 100 @ 9.90             | trade cash $990.00: #1 unsettled → street
                                  | trade shares 100 RUSH: street → #1 unsettled
                                  | cat fee $0.01: #1 unsettled → cat fee
                                  | venue fee $0.20: street → venue fees
balances                          | #1 settled $10000.00
                                  | #1 unsettled $9.93
                                  | street $-10.30
                                  | clearing $-10000.00
                                  | sec fee $0.03
                                  | taf $0.02
                                  | cat fee $0.02
                                  | venue fees $0.30

== below a dollar a venue charges part of the value ($4.95 a trade)
asks A 0.5001x100                   |
mark RUSH 0.5000/0.5001 last 0.5000 |
buy 3 RUSH 0.5001 day as o1         |
A fills A1 3 @ 0.5001               | trade cash $1.5003: #1 unsettled → street
                                    | trade shares 3 RUSH: street → #1 unsettled
                                    | commission $4.95: #1 unsettled → commission income
                                    | cat fee $0.01: #1 unsettled → cat fee
                                    | venue fee $0.004501: venue fees → street
buy 1 RUSH 0.5001 day as o2         |
A takes A2 1 @ 0.5001               | trade cash $0.5001: #1 unsettled → street
                                    | trade shares 1 RUSH: street → #1 unsettled
                                    | commission $4.95: #1 unsettled → commission income
                                    | cat fee $0.01: #1 unsettled → cat fee

== fees are rounded up once an order and day (no commission)
bring 100 RUSH 1000         | shares in 100 RUSH: transfer agent → #1 settled
bids A 10.00x300            |
sell 6 RUSH 10.50 gtc as o1 |
A takes A1 1 @ 10.50        | trade cash $10.50: street → #1 unsettled
                            | trade shares 1 RUSH: #1 unsettled → street
                            | sec fee $0.01: #1 unsettled → sec fee
                            | taf $0.01: #1 unsettled → taf
                            | cat fee $0.01: #1 unsettled → cat fee
                            | venue fee $0.002: street → venue fees
A takes A1 1 @ 10.50        | trade cash $10.50: street → #1 unsettled
                            | trade shares 1 RUSH: #1 unsettled → street
                            | venue fee $0.002: street → venue fees
A takes A1 1 @ 10.50        | trade cash $10.50: street → #1 unsettled
                            | trade shares 1 RUSH: #1 unsettled → street
                            | venue fee $0.002: street → venue fees
close day                   |
open 2026-09-29             |
market open                 |
route o1                    |
A takes A2 1 @ 10.50        | trade cash $10.50: street → #1 unsettled
                            | trade shares 1 RUSH: #1 unsettled → street
                            | sec fee $0.01: #1 unsettled → sec fee
                            | taf $0.01: #1 unsettled → taf
                            | cat fee $0.01: #1 unsettled → cat fee
                            | venue fee $0.002: street → venue fees
A takes A2 2 @ 10.50        | trade cash $21.00: street → #1 unsettled
                            | trade shares 2 RUSH: #1 unsettled → street
                            | venue fee $0.004: street → venue fees

== commission counts over the whole order, replaces and days included (half a cent a share, a dollar at least)
asks A 10.05x300                      |
buy 400 RUSH 10.00 gtc as o1          |
A works A1                            |
A takes A1 100 @ 10.00                | trade cash $1000.00: #1 unsettled → street
                                      | trade shares 100 RUSH: street → #1 unsettled
                                      | commission $1.00: #1 unsettled → commission income
                                      | cat fee $0.01: #1 unsettled → cat fee
                                      | venue fee $0.20: street → venue fees
replace o1 total 500 as o2            |
A replaces A1 by A2 10.00 leaving 400 |
A takes A2 150 @ 10.00                | trade cash $1500.00: #1 unsettled → street
                                      | trade shares 150 RUSH: street → #1 unsettled
                                      | commission $0.25: #1 unsettled → commission income
                                      | venue fee $0.30: street → venue fees
close day                             |
open 2026-09-29                       |
market open                           |
route o2                              |
A takes A3 250 @ 10.00                | trade cash $2500.00: #1 unsettled → street
                                      | trade shares 250 RUSH: street → #1 unsettled
                                      | commission $1.25: #1 unsettled → commission income
                                      | cat fee $0.01: #1 unsettled → cat fee
                                      | venue fee $0.50: street → venue fees

== trades settle on their own dates (no commission)
asks A 10.00x300 bids A 10.00x300 |
buy 200 RUSH 10.00 day as o1      |
A fills A1 200 @ 10.00            | trade cash $2000.00: #1 unsettled → street
                                  | trade shares 200 RUSH: street → #1 unsettled
                                  | cat fee $0.01: #1 unsettled → cat fee
                                  | venue fee $0.60: venue fees → street
close day                         |
open 2026-09-29                   |
market open                       |
sell 50 RUSH 10.00 day as o2      |
A fills A2 50 @ 10.00             | trade cash $500.00: street → #1 unsettled
                                  | trade shares 50 RUSH: #1 unsettled → street
                                  | sec fee $0.02: #1 unsettled → sec fee
                                  | taf $0.01: #1 unsettled → taf
                                  | cat fee $0.01: #1 unsettled → cat fee
                                  | venue fee $0.15: venue fees → street
close day                         | settle cash $2000.01: #1 settled → #1 unsettled
                                  | settle shares 200 RUSH: #1 unsettled → #1 settled
                                  | settle street $2000.60: street → clearing
                                  | settle street 200 RUSH: clearing → street
balances                          | #1 settled $7999.99
                                  | #1 settled 200 RUSH
                                  | #1 unsettled $499.96
                                  | #1 unsettled -50 RUSH
                                  | street $-499.85
                                  | street 50 RUSH
                                  | clearing $-7999.40
                                  | clearing -200 RUSH
                                  | sec fee $0.02
                                  | taf $0.01
                                  | cat fee $0.02
                                  | venue fees $-0.75
open 2026-09-30                   |
market open                       |
close day                         | settle cash $499.96: #1 unsettled → #1 settled
                                  | settle shares 50 RUSH: #1 settled → #1 unsettled
                                  | settle street $499.85: clearing → street
                                  | settle street 50 RUSH: street → clearing
balances                          | #1 settled $8499.95
                                  | #1 settled 150 RUSH
                                  | clearing $-8499.25
                                  | clearing -150 RUSH
                                  | sec fee $0.02
                                  | taf $0.01
                                  | cat fee $0.02
                                  | venue fees $-0.75

== money and shares in and out (no commission)
deposit 500        | deposit $500.00: clearing → #1 settled
deposit -200       | withdrawal $200.00: #1 settled → clearing
bring 100 TUFF 900 | shares in 100 TUFF: transfer agent → #1 settled
bring -40 TUFF -1  | shares out 40 TUFF: #1 settled → transfer agent
balances           | #1 settled $10300.00
                   | #1 settled 60 TUFF
                   | clearing $-10300.00
                   | transfer agent -60 TUFF
"""

SCHEMES = {"(half a cent a share, a dollar at least)": 1, "(no commission)": 2, "($4.95 a trade)": 3}


@pytest.mark.parametrize("case", [pytest.param(case, id=case.title) for case in cases(TABLE)])
def test_the_ledger_books_what_the_table_says(case: Case):
    scheme_id = SCHEMES[case.title[case.title.index("(") :]]
    assert booked(case, scheme_id) == case.steps
