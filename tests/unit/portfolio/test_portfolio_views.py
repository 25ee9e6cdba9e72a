"""What screens show of an account and of the firm, in an accountant's words, after every line of a trading day.

A margin account with $10,000 and commissions of half a cent a share, a dollar at least. RUSH closed at 10.00 the day before.
"""

from __future__ import annotations

import pytest
from portfolio_words import shown

from rushtrade.domain.accounts import AccountKind
from support.order_words import Desk
from support.small_house import SmallHouse
from support.tables import Case, cases

TABLE = """
== nothing has happened yet
show account  | equity 10000.00, cash 10000.00, buying power 20000.00, excess 10000.00, day 0.00 = 0.00 + 0.00 + 0.00
show exposure | gross 0.00, net 0.00, largest nothing 0 ppm, no class
show firm     | 1 of 1 accounts, equity 10000.00, day 0.00, commissions 0.00, venues 0.00: nothing held

== a purchase is worth its price, less what it was charged
asks A 10.00x300                 |
buy 300 RUSH 10.00 day as o1     |
A fills A1 300 @ 10.00           |
show RUSH                        | 300@10.00 at 10.00 = 3000.00, 300045 ppm, open 0.00, realised 0.00, day -1.51 = 0.00 + 0.00 + -1.51
mark RUSH 10.49/10.51 last 10.50 |
show RUSH                        | 300@10.00 at 10.50 = 3150.00, 310391 ppm, open 150.00, realised 0.00, day 148.49 = 0.00 + 150.00 + -1.51
show account                     | equity 10148.49, cash 6998.49, buying power 17146.98, excess 9360.99, day 148.49 = 0.00 + 150.00 + -1.51
show exposure                    | gross 3150.00, net 3150.00, largest RUSH 1000000 ppm, NASDAQ 3150.00/0.00

== part of it is sold: profit is realised at average cost, the rest is open
asks A 10.00x300                 |
buy 200 RUSH 10.00 day as o1     |
A fills A1 100 @ 10.00           |
A fills A1 100 @ 9.90            |
bids A 10.50x500                 |
sell 100 RUSH 10.50 day as o2    |
A fills A2 100 @ 10.50           |
mark RUSH 10.49/10.51 last 10.50 |
show RUSH                        | 100@9.95 at 10.50 = 1050.00, 103878 ppm, open 55.00, realised 55.00, day 107.93 = 0.00 + 110.00 + -2.07

== a short sale earns when the price falls
bids A 10.00x500 asks A 10.02x500 |
sell 200 RUSH 10.00 day as o1     |
A fills A1 200 @ 10.00            |
mark RUSH 9.49/9.51 last 9.50     |
show RUSH                         | -200@10.00 at 9.50 = -1900.00, -188139 ppm, open 100.00, realised 0.00, day 98.90 = 0.00 + 100.00 + -1.10
show account                      | equity 10098.90, cash 11998.90, buying power 18197.80, excess 9098.90, day 98.90 = 0.00 + 100.00 + -1.10
show exposure                     | gross 1900.00, net -1900.00, largest RUSH 1000000 ppm, NASDAQ 0.00/-1900.00

== overnight, what is held moves from the close; what is traded moves from its price
asks A 10.00x300                 |
buy 100 RUSH 10.00 day as o1     |
A fills A1 100 @ 10.00           |
mark RUSH 10.99/11.01 last 11.00 |
close day                        |
open 2026-09-29                  |
market open                      |
show RUSH                        | 100@10.00 at 11.00 = 1100.00, 108921 ppm, open 100.00, realised 0.00, day 0.00 = 0.00 + 0.00 + 0.00
mark RUSH 11.49/11.51 last 11.50 |
show RUSH                        | 100@10.00 at 11.50 = 1150.00, 113311 ppm, open 150.00, realised 0.00, day 50.00 = 50.00 + 0.00 + 0.00
asks A 11.60x300                 |
buy 100 RUSH 11.60 day as o2     |
A fills A2 100 @ 11.60           |
show RUSH                        | 200@10.80 at 11.50 = 2300.00, 226869 ppm, open 140.00, realised 0.00, day 38.99 = 50.00 + -10.00 + -1.01
show account                     | equity 10137.98, cash 7837.98, buying power 17975.96, excess 9562.98, day 38.99 = 50.00 + -10.00 + -1.01

== a position closed today stays on the screen until the close
asks A 10.00x300              |
buy 100 RUSH 10.00 day as o1  |
A fills A1 100 @ 10.00        |
bids A 10.20x300              |
sell 100 RUSH 10.20 day as o2 |
A fills A2 100 @ 10.20        |
show RUSH                     | 0@0.00 at 10.00 = 0.00, 0 ppm, open 0.00, realised 20.00, day 17.93 = 0.00 + 20.00 + -2.07
show exposure                 | gross 0.00, net 0.00, largest nothing 0 ppm, no class

== shares brought in are no profit of the day, only what they move from the last close
bring 100 RUSH 300               |
show RUSH                        | 100@3.00 at 10.00 = 1000.00, 90909 ppm, open 700.00, realised 0.00, day 0.00 = 0.00 + 0.00 + 0.00
mark RUSH 10.09/10.11 last 10.10 |
show RUSH                        | 100@3.00 at 10.10 = 1010.00, 91734 ppm, open 710.00, realised 0.00, day 10.00 = 10.00 + 0.00 + 0.00

== shares without a close before show what was traded, not what they are worth
bring 100 NEWS 300               |
mark NEWS 50.00/50.02 last 50.00 |
show NEWS                        | 100@3.00 at 50.00 = 5000.00, 333333 ppm, open 4700.00, realised 0.00, day 0.00 = 0.00 + 0.00 + 0.00
bids A 50.00x500                 |
sell 50 NEWS 50.00 day as o1     |
A fills A1 50 @ 50.00            |
show NEWS                        | 50@3.00 at 50.00 = 2500.00, 166678 ppm, open 2350.00, realised 2350.00, day -1.08 = 0.00 + 0.00 + -1.08

== money wired in is no profit
deposit 5000 |
show account | equity 15000.00, cash 15000.00, buying power 30000.00, excess 15000.00, day 0.00 = 0.00 + 0.00 + 0.00

== an absurd quote moves nothing
asks A 10.00x300             |
buy 300 RUSH 10.00 day as o1 |
A fills A1 300 @ 10.00       |
mark RUSH 0.01/9999.00       |
show RUSH                    | 300@10.00 at 10.00 = 3000.00, 300045 ppm, open 0.00, realised 0.00, day -1.51 = 0.00 + 0.00 + -1.51

== below maintenance the account is called
asks A 10.00x2000             |
buy 1900 RUSH 10.00 day as o1 |
A fills A1 1900 @ 10.00       |
mark RUSH 5.99/6.01 last 6.00 |
show calls                    | #1 is short of $459.51
show account                  | equity 2390.49, cash -9009.51, buying power 0.00, excess -459.51, day -7609.51 = 0.00 + -7600.00 + -9.51

== the largest holding and the classes of what is held
asks A 10.00x300             |
buy 100 RUSH 10.00 day as o1 |
A fills A1 100 @ 10.00       |
asks C 10.00x500             |
buy 200 OTCB 10.00 day as o2 |
C takes C1 200 @ 10.00       |
show exposure                | gross 3000.00, net 3000.00, largest OTCB 666666 ppm, NASDAQ 1000.00/0.00, OTC_BB 2000.00/0.00
show firm                    | 1 of 1 accounts, equity 9997.98, day -2.02, commissions 2.00, venues 0.66: RUSH 100/0 of 1 day -1.01, OTCB 200/0 of 1 day -1.01
"""


def played(case: Case) -> list[tuple[str, str]]:
    house = SmallHouse()
    house.found()
    desk = Desk(house, house.open_account(AccountKind.MARGIN, 10_000, short_permitted=True, scheme_id=1))
    return [(line, shown(desk, line)) for line, _ in case.steps]


@pytest.mark.parametrize("case", cases(TABLE), ids=lambda case: case.title)
def test_the_screens_show_what_the_books_say(case):
    assert played(case) == case.steps
