"""Who may send which order, and what it holds: Rule 15c3-5 checks, buying power, margin, exits, absurd quotes.

A row is a situation, an order, and the house's answer: what the order is taken for and holds (and, for a market order, the worst
price it may execute at), or the reason it is refused for. RUSH closed at 10.00, its quotes are 9.95/10.05 unless a row says
otherwise. See `support.risk_words`.
"""

from __future__ import annotations

import pytest

from rushtrade.domain.rejects import RejectReason
from support.books_check import check_books
from support.risk_words import Situation, in_words
from support.tables import rows

PRECEDENCE = """
# Every order here breaks the rule it is refused for and one or more of the rules below it: the first in the written order counts.
cash $10,000 · open buy 1 RUSH 9.00 day as o1 · account 9                    | buy 0 XXXX 10.00 day as o1                | UNKNOWN_ACCOUNT
cash $10,000 · open buy 1 RUSH 9.00 day as o1                                | buy 0 XXXX 10.00 day as o1                | DUPLICATE_CLIENT_ORDER_ID
cash $10,000                                                                 | buy 0 XXXX 10.00 day                      | UNKNOWN_INSTRUMENT
cash $10,000                                                                 | buy 0 RUSH 0 day type limit               | MALFORMED_QUANTITY
cash $10,000                                                                 | buy 100 RUSH 0 day type stop_limit        | MALFORMED_PRICE
cash $10,000                                                                 | buy 100 RUSH 10.001 day type stop_limit   | MALFORMED_STOP_PRICE
cash $10,000                                                                 | buy 100 RUSH 10.001 ioc stop 10.00        | PRICE_INCREMENT
cash $10,000                                                                 | buy 100 RUSH 10.00 ioc stop 10.00 show 10 | TIME_IN_FORCE_NOT_TAKEN
cash $10,000                                                                 | buy 100 RUSH 10.00 ioc show 10 via X      | DISPLAY_NOT_TAKEN
cash $10,000                                                                 | buy 100 RUSH mkt day extended via X       | MARK_NOT_TAKEN
cash $10,000                                                                 | buy 100 DEAD 10.00 day via X              | ROUTE_UNKNOWN
cash $10,000 · market closed                                                 | buy 100 OTCB 10.00 day via A              | ROUTE_NOT_LEGAL
cash $10,000 · market closed · A takes limit                                 | buy 100 DEAD mkt day via A                | ORDER_TYPE_NOT_TAKEN
cash $10,000 · market closed                                                 | buy 100 DEAD 10.00 day                    | INSTRUMENT_NOT_TRADABLE
cash $10,000 · market closed                                                 | buy 100 HALT 10.00 day                    | INSTRUMENT_HALTED
cash $10,000 · market closed · no quotes                                     | buy 100 NEWS 10.00 day                    | MARKET_CLOSED
cash $10,000 · no quotes · killed                                            | buy 100 NEWS 10.00 day                    | NO_MARKET
cash $0 · killed · closed                                                    | buy 100 RUSH 12.00 day                    | KILL_SWITCH
cash $0 · closed                                                             | buy 100 RUSH 12.00 day                    | ACCOUNT_CLOSED
cash $10,000 · disabled                                                      | buy 100 RUSH 12.00 day                    | ACCOUNT_DISABLED
cash $10,000 · close only                                                    | buy 100 RUSH 12.00 day                    | ACCOUNT_CLOSE_ONLY
cash $10,000 · limit shares 99                                               | buy 100 RUSH 12.00 day                    | COLLAR
cash $10,000 · limit shares 99 · limit value 999                             | buy 100 RUSH 10.00 day                    | ORDER_SHARES_MAX
cash $10,000 · limit value 999 · limit orders 1 · open buy 1 RUSH 9.00 day   | buy 100 RUSH 10.00 day                    | ORDER_NOTIONAL_MAX
cash $10,000 · limit orders 1 · limit window 500 · open buy 1 RUSH 9.00 day  | buy 1 RUSH 9.00 day                       | OPEN_ORDERS_MAX
cash $10,000 · limit window 500 · long 10 RUSH · open sell 10 RUSH 10.50 day | sell 10 RUSH 10.50 day                    | DUPLICATE_ORDER
cash $10,000 · long 10 RUSH · open buy 10 RUSH 9.00 day                      | sell 11 RUSH 9.00 day                     | INSUFFICIENT_SHARES
margin $10,000 · may short · short 10 RUSH · open sell 10 RUSH 10.50 day     | buy 11 RUSH 10.50 day                     | POSITION_FLIP
cash $10 · open buy 1 RUSH 9.00 day                                          | sell 100 RUSH 10.00 day                   | OPPOSITE_ORDER_CROSSES
cash $10                                                                     | sell 100 RUSH 10.00 day                   | BUYING_POWER
margin $10,000                                                               | sell 100 TUFF 10.00 day                   | SHORT_NOT_PERMITTED
margin $10,000 · may short                                                   | sell 100 TUFF 10.00 day                   | NOT_EASY_TO_BORROW
margin $10,000 · may short                                                   | sell 100 RUSH 10.00 day                   | sell short, holds $517.59
"""

ANSWERS = """
# buys in a cash account need the whole price, and the commission
cash $1,000                                    | buy 99 RUSH 10.00 day  | buy to open, holds $990.01
cash $1,000                                    | buy 100 RUSH 10.00 day | BUYING_POWER
cash $1,000 · scheme 1                         | buy 99 RUSH 10.00 day  | buy to open, holds $991.01
cash $1,000 · scheme 3                         | buy 99 RUSH 10.00 day  | buy to open, holds $994.96
cash $1,001                                    | buy 100 RUSH 10.00 day | buy to open, holds $1000.01
cash $1,000 · open buy 50 RUSH 10.00 day as o1 | buy 50 RUSH 10.00 day  | BUYING_POWER
cash $1,000 · open buy 50 RUSH 10.00 day as o1 | buy 49 RUSH 10.00 day  | buy to open, holds $490.01

# buys on margin need half, above the minimum equity
margin $10,000                                                              | buy 1999 RUSH 10.00 day | buy to open, holds $9995.01
margin $10,000                                                              | buy 2000 RUSH 10.00 day | BUYING_POWER
margin $1,999                                                               | buy 199 RUSH 10.00 day  | buy to open, holds $1990.01
margin $1,999                                                               | buy 200 RUSH 10.00 day  | BUYING_POWER
margin $2,000                                                               | buy 399 RUSH 10.00 day  | buy to open, holds $1995.01
margin $10,000                                                              | buy 999 WARR 10.00 day  | buy to open, holds $9990.01
margin $10,000                                                              | buy 1000 WARR 10.00 day | BUYING_POWER
margin $10,000 · long 100 RUSH                                              | buy 2099 RUSH 10.00 day | buy to open, holds $10495.01
margin $10,000 · long 100 RUSH · mark RUSH 19.99/20.01 · quotes 19.99/20.01 | buy 1099 TUFF 10.00 day | buy to open, holds $5495.01

# a market order is held at its collar
cash $1,046                     | buy 100 RUSH mkt day            | buy to open, holds $1045.01, bound 10.45
cash $1,045                     | buy 100 RUSH mkt day            | BUYING_POWER
cash $2,000 · quotes 9.95/30.00 | buy 100 RUSH mkt day            | buy to open, holds $1144.01, bound 11.44
cash $2,000                     | buy 100 RUSH mkt day stop 11.00 | buy to open, holds $1144.01, bound 11.44

# exits hold shares, and no money
cash $0 · long 100 RUSH                                                       | sell 100 RUSH 10.00 day         | sell to close, holds 100 shares
cash $0 · long 100 RUSH                                                       | sell 100 RUSH mkt day           | sell to close, holds 100 shares, bound 9.55
cash $0 · long 100 RUSH                                                       | sell 100 RUSH mkt day stop 9.00 | sell to close, holds 100 shares, bound 8.60
cash $0 · long 100 RUSH                                                       | sell 101 RUSH 10.00 day         | INSUFFICIENT_SHARES
cash $0 · long 100 RUSH · open sell 60 RUSH 10.50 day as o1                   | sell 40 RUSH 10.00 day          | sell to close, holds 40 shares
cash $0 · long 100 RUSH · open sell 60 RUSH 10.50 day as o1                   | sell 41 RUSH 10.00 day          | INSUFFICIENT_SHARES
margin $10,000 · may short · short 100 RUSH                                   | buy 100 RUSH 10.00 day          | buy to close, holds 100 shares
margin $10,000 · may short · short 100 RUSH                                   | buy 101 RUSH 10.00 day          | POSITION_FLIP
margin $10,000 · may short · short 100 RUSH · open buy 60 RUSH 9.50 day as o1 | buy 41 RUSH 10.00 day           | POSITION_FLIP

# short sales
margin $10,000 · may short                  | sell 100 RUSH 10.00 day  | sell short, holds $517.59
margin $10,000 · may short                  | sell 100 RUSH mkt day    | sell short, holds $517.59, bound 9.55
margin $10,000                              | sell 100 RUSH 10.00 day  | SHORT_NOT_PERMITTED
cash $10,000                                | sell 100 RUSH 10.00 day  | SHORT_NOT_PERMITTED
margin $1,999 · may short                   | sell 10 RUSH 10.00 day   | SHORT_NOT_PERMITTED
margin $10,000 · may short                  | sell 100 TUFF 10.00 day  | NOT_EASY_TO_BORROW
margin $10,000 · may short                  | sell 1932 RUSH 10.00 day | sell short, holds $9999.56
margin $10,000 · may short                  | sell 1931 RUSH 10.00 day | sell short, holds $9994.38
margin $10,000 · may short · short 100 RUSH | sell 100 RUSH 10.00 day  | sell short, holds $517.59

# own orders on the other side
margin $10,000 · open buy 100 RUSH 9.50 day as o1                             | sell 100 RUSH 10.00 day | OPPOSITE_ORDER_CROSSES
margin $10,000 · may short · open sell 100 RUSH 10.50 day as o1               | buy 100 RUSH 10.00 day  | OPPOSITE_ORDER_CROSSES
margin $10,000 · long 100 RUSH · open sell 100 RUSH 10.00 day as o1           | buy 10 RUSH 10.00 day   | OPPOSITE_ORDER_CROSSES
margin $10,000 · long 100 RUSH · open sell 100 RUSH 10.00 day as o1           | buy 10 RUSH 9.99 day    | buy to open, holds $49.96
margin $10,000 · long 100 RUSH · open sell 100 RUSH 10.00 day as o1           | buy 10 RUSH mkt day     | OPPOSITE_ORDER_CROSSES
margin $10,000 · long 100 RUSH · open sell 100 RUSH mkt day as o1 stop 9.00   | buy 10 RUSH 9.99 day    | OPPOSITE_ORDER_CROSSES
margin $10,000 · long 100 RUSH · open buy 10 RUSH 10.00 day as o1             | sell 100 RUSH 10.00 day | sell to close, holds 100 shares
margin $10,000 · may short · short 100 RUSH · open buy 60 RUSH 9.90 day as o1 | sell 100 RUSH 9.90 day  | OPPOSITE_ORDER_CROSSES
margin $10,000 · may short · short 100 RUSH · open buy 60 RUSH 9.90 day as o1 | sell 100 RUSH 9.91 day  | sell short, holds $517.59

# a share that has never traded is judged by its quote alone
cash $10,000                                | buy 100 NEWS 10.00 day | buy to open, holds $1000.01
cash $10,000                                | buy 100 NEWS mkt day   | buy to open, holds $1045.01, bound 10.45
cash $10,000 · quotes 0/10.05               | buy 100 NEWS 10.00 day | buy to open, holds $1000.01
cash $10,000 · quotes 9.95/0                | buy 100 NEWS 10.00 day | NO_MARKET
margin $10,000 · may short · quotes 9.95/0  | sell 100 NEWS 9.95 day | sell short, holds $500.01
margin $10,000 · may short · quotes 0/10.05 | sell 100 NEWS 9.95 day | NO_MARKET

# erroneous orders
cash $10,000                                                     | buy 100 RUSH 11.05 day | buy to open, holds $1105.01
cash $10,000                                                     | buy 100 RUSH 11.06 day | COLLAR
margin $10,000 · may short                                       | sell 100 RUSH 8.96 day | sell short, holds $517.59
margin $10,000 · may short                                       | sell 100 RUSH 8.95 day | COLLAR
cash $10,000 · limit collar 100                                  | buy 100 RUSH 10.15 day | buy to open, holds $1015.01
cash $10,000 · limit collar 100                                  | buy 100 RUSH 10.16 day | COLLAR
cash $10,000 · limit shares 99                                   | buy 100 RUSH 10.00 day | ORDER_SHARES_MAX
cash $10,000 · limit shares 100                                  | buy 100 RUSH 10.00 day | buy to open, holds $1000.01
cash $10,000 · limit value 999                                   | buy 100 RUSH 10.00 day | ORDER_NOTIONAL_MAX
cash $10,000 · limit value 1000                                  | buy 100 RUSH 10.00 day | buy to open, holds $1000.01
cash $10,000 · limit orders 1 · open buy 1 RUSH 9.00 day as o1   | buy 100 RUSH 10.00 day | OPEN_ORDERS_MAX
cash $10,000 · limit window 500 · open buy 1 RUSH 9.00 day as o1 | buy 1 RUSH 9.00 day    | DUPLICATE_ORDER
cash $10,000 · limit window 500 · open buy 1 RUSH 9.00 day as o1 | buy 1 RUSH 9.01 day    | buy to open, holds $9.02

# shown in part, or not at all
cash $10,000 | buy 100 RUSH 10.00 day show 100       | buy to open, holds $1000.01
cash $10,000 | buy 100 RUSH 10.00 day show 101       | DISPLAY_NOT_TAKEN
cash $10,000 | buy 100 RUSH 10.00 day show -1        | DISPLAY_NOT_TAKEN
cash $10,000 | buy 100 RUSH 10.00 day show 10 hidden | DISPLAY_NOT_TAKEN
cash $10,000 | buy 100 RUSH 10.00 gtc hidden         | buy to open, holds $1000.01
cash $10,000 | buy 100 RUSH mkt day hidden           | DISPLAY_NOT_TAKEN
cash $10,000 | buy 100 RUSH 10.00 fok hidden         | DISPLAY_NOT_TAKEN

# absurd quotes: judged within a collar of the last good mark
cash $10,000 · quotes 9.95/1000000.00                     | buy 100 RUSH mkt day    | buy to open, holds $1144.01, bound 11.44
cash $10,000 · quotes 9.95/1000000.00                     | buy 100 RUSH 11.00 day  | buy to open, holds $1100.01
cash $10,000 · quotes 9.95/1000000.00                     | buy 100 RUSH 11.01 day  | buy to open, holds $1101.01
cash $10,000 · quotes 0/0                                 | buy 100 RUSH 11.00 day  | buy to open, holds $1100.01
cash $10,000 · quotes 0/0                                 | buy 100 RUSH mkt day    | buy to open, holds $1040.01, bound 10.40
cash $10,000 · quotes 9.95/0.01                           | buy 100 RUSH 10.00 day  | buy to open, holds $1000.01
cash $10,000 · quotes -5/-5                               | buy 100 RUSH 11.01 day  | COLLAR
margin $10,000 · may short · quotes 0.01/10.05            | sell 100 RUSH mkt day   | sell short, holds $517.59, bound 8.64
margin $10,000 · may short · quotes 1000000.00/10.05      | sell 100 RUSH 10.00 day | sell short, holds $517.59
margin $10,000 · may short · quotes 1000000.00/1000000.00 | sell 100 RUSH mkt day   | BUYING_POWER
margin $10,000 · long 100 RUSH · mark RUSH 0.01/199999.00 | buy 2200 TUFF 10.00 day | BUYING_POWER
margin $10,000 · long 100 RUSH · mark RUSH 0/199999.00    | buy 2200 TUFF 10.00 day | BUYING_POWER
margin $10,000 · long 100 RUSH · mark RUSH 20.00/10.00    | buy 2200 TUFF 10.00 day | BUYING_POWER
margin $10,000 · long 100 RUSH · mark RUSH -1.00/-1.00    | buy 2099 TUFF 10.00 day | buy to open, holds $10495.01
cash $10,000 · no quotes                                  | buy 100 NEWS 10.00 day  | NO_MARKET
cash $0 · long 100 NEWS · no quotes                       | sell 100 NEWS 10.00 day | NO_MARKET

# an exit passes whatever the customer's state is
cash $0 · long 100 RUSH · disabled                                                             | sell 100 RUSH 10.00 day | sell to close, holds 100 shares
cash $0 · long 100 RUSH · close only                                                           | sell 100 RUSH 10.00 day | sell to close, holds 100 shares
cash $0 · long 100 RUSH · killed                                                               | sell 100 RUSH 10.00 day | sell to close, holds 100 shares
cash $0 · long 100 RUSH · firm killed                                                          | sell 100 RUSH mkt ioc   | sell to close, holds 100 shares, bound 9.55
cash $0 · long 100 RUSH · limit shares 10                                                      | sell 100 RUSH 10.00 day | sell to close, holds 100 shares
cash $0 · long 100 RUSH · limit value 10                                                       | sell 100 RUSH 10.00 day | sell to close, holds 100 shares
cash $0 · long 100 RUSH · limit orders 0                                                       | sell 100 RUSH 10.00 day | sell to close, holds 100 shares
cash $0 · long 100 RUSH · limit window 500 · open sell 1 RUSH 10.00 day as o1                  | sell 1 RUSH 10.00 day   | sell to close, holds 1 shares
cash $0 · long 100 RUSH · quotes 9.95/10.05                                                    | sell 100 RUSH 0.01 day  | sell to close, holds 100 shares
cash $0 · long 100 RUSH · quotes 1000000.00/0.01                                               | sell 100 RUSH 9.00 ioc  | sell to close, holds 100 shares
cash $0 · long 100 RUSH · quotes 0/0                                                           | sell 100 RUSH mkt ioc   | sell to close, holds 100 shares, bound 9.60
cash $0 · long 100 RUSH · quotes -1/-1                                                         | sell 100 RUSH mkt ioc   | sell to close, holds 100 shares, bound 9.60
margin $10,000 · may short · short 100 RUSH · mark RUSH 500.00/500.02 · disabled · firm killed | buy 100 RUSH 500.00 day | buy to close, holds 100 shares
margin $10,000 · may short · short 100 RUSH · quotes 0.01/1000000.00                           | buy 100 RUSH mkt day    | buy to close, holds 100 shares, bound 11.44
margin $10,000 · may short · short 100 RUSH · quotes 0.01/0.02                                 | buy 100 RUSH mkt day    | buy to close, holds 100 shares, bound 10.40
cash $0 · long 100 RUSH · quotes 1000000.00/1000001.00                                         | sell 100 RUSH mkt ioc   | sell to close, holds 100 shares, bound 9.60
cash $0 · long 100 RUSH · disabled                                                             | sell 101 RUSH 10.00 day | ACCOUNT_DISABLED
cash $0 · long 100 RUSH · disabled                                                             | buy 1 RUSH 10.00 day    | ACCOUNT_DISABLED
"""

NOT_OF_ENTRY = {
    # of cancels, replaces and reports: the order tables have them
    RejectReason.ORDER_NOT_OPEN,
    RejectReason.CANCEL_PENDING,
    RejectReason.REPLACE_PENDING,
    RejectReason.NOTHING_TO_REPLACE,
    RejectReason.QUANTITY_BELOW_FILLED,
    RejectReason.NOT_YET_AT_VENUE,
    # of the firm's tables
    RejectReason.INVALID_ADMINISTRATION,
    # kept for what stands before the core: nothing in it refuses for these
    RejectReason.UNKNOWN_ORDER,
    RejectReason.ROUTE_UNAVAILABLE,
    RejectReason.STOP_THROUGH_MARKET,
}


@pytest.mark.parametrize(("situation", "order", "answer"), rows(PRECEDENCE) + rows(ANSWERS))
def test_the_house_answers_an_order(situation, order, answer):
    made = Situation(situation)
    assert in_words(made.answer(order)) == answer
    check_books(made.house.state)


def test_every_reason_an_order_can_be_refused_for_has_its_row_in_order():
    given = [answer for *_, answer in rows(PRECEDENCE)][:-1]
    assert len(set(given)) == len(given)
    assert {RejectReason[name] for name in given} == set(RejectReason) - NOT_OF_ENTRY
