"""The layout reports are taken apart by is the layout they are written in."""

from __future__ import annotations

from rushtrade.gateway import reports
from rushtrade.wire import order_entry as oe


def test_a_row_is_read_in_the_layout_of_order_entry():
    assert reports._ROW.size == oe.ORDER_REPORT.itemsize == oe.REPORT_BYTES
    codes = {"u1": "B", "u2": "H", "i8": "q"}
    layout = "".join(codes[oe.ORDER_REPORT[name].str[1:]] for name in oe.ORDER_REPORT.names)
    assert layout == "BBBBHHqqqqqqqqqq"
