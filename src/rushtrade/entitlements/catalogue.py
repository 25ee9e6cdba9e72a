"""What a product and an agreement must be before a house takes them: the checks of a price list, wherever it comes from."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final

from rushtrade.domain.data_products import DataAgreement, DataPrice, DataProduct, Level
from rushtrade.domain.instants import day_from_number, day_number
from rushtrade.domain.numbers import MONEY_UNIT, dollars
from rushtrade.entitlements.view import TAPES
from rushtrade.rules.new_york import EPOCH

HOUSE_EXCHANGE: Final = "HOUSE"
"""Stands for the house where a product is its own: what it costs is income, not owed to anybody."""
CODE_MAX, TITLE_MAX, SOURCE_MAX, VENUES_MAX, PRICES_MAX = 40, 120, 300, 64, 120
"""Bounds of a product's texts and lists: a price list of ten years with a change every month fits."""
PRICE_MAX: Final = 10_000_000 * MONEY_UNIT
"""Dearer than any market data there is; the sum of a large house stays within 64 bits."""
GRACE_DAYS_MAX: Final = 366
_CODE: Final = re.compile(r"[A-Z0-9][A-Z0-9-]*", re.ASCII)
_DIGEST: Final = re.compile(r"[0-9a-f]{64}", re.ASCII)
_DAY_MIN, _DAY_MAX = day_number(EPOCH.date()), day_number(EPOCH.date().replace(year=9998))


def product_problem(product: DataProduct, agreements: Mapping[str, Sequence[DataAgreement]]) -> str:
    """Say why a product cannot be taken; "" when it can."""
    for name, text in (("code", product.code), ("exchange", product.exchange)):
        if not _is_code(text):
            return f"a product's {name} has 1 to {CODE_MAX} of A–Z, 0–9 and '-', unlike {text[:CODE_MAX]!r}"
    if not _is_title(product.title):
        return f"{product.code}: a title has 1 to {TITLE_MAX} printable characters"
    problem = _coverage_problem(product)
    if problem:
        return problem
    if product.agreement and product.agreement not in agreements:
        return f"{product.code} needs the agreement {product.agreement[:CODE_MAX]!r}, which is not defined"
    if not product.prices and not product.is_open:
        return f"{product.code} has no price; a product without one is open to all"
    if len(product.prices) > PRICES_MAX:
        return f"{product.code} has {len(product.prices)} rows of prices; {PRICES_MAX} would pass"
    earlier = _DAY_MIN
    for row in product.prices:
        problem = _price_problem(row, earlier)
        if problem:
            return f"{product.code}: {problem}"
        earlier = row.first_day + 1
    return ""


def _coverage_problem(product: DataProduct) -> str:
    code, tapes, venues = product.code, product.tapes, product.venues
    if any(tape not in TAPES for tape in tapes) or len(dict.fromkeys(tapes)) != len(tapes):
        return f"{code}: tapes are some of {', '.join(TAPES)}, none twice"
    if len(venues) > VENUES_MAX or not all(_is_code(mic) for mic in venues):
        return f"{code}: venues are at most {VENUES_MAX} market identifier codes, such as XNAS"
    if product.level is Level.LEVEL_1 and (not tapes or venues):
        return f"{code}: a Level I product names its tapes, and no venues"
    if product.level is Level.DEPTH and (tapes or not venues):
        return f"{code}: a depth product names its venues, and no tapes"
    if product.level is Level.HOUSE and (tapes or venues):
        return f"{code}: the house's own market is covered whole, without tapes or venues"
    if product.is_delayed and product.level is not Level.LEVEL_1:
        return f"{code}: only Level I is shown late"
    return ""


def _price_problem(row: DataPrice, first: int) -> str:
    if not first <= row.first_day <= _DAY_MAX:
        return f"rows of prices follow each other by their first days; {row.first_day} is not after the one before"
    if not row.source or len(row.source) > SOURCE_MAX:
        return f"the prices of {day_from_number(row.first_day)} name their source in 1 to {SOURCE_MAX} characters"
    amounts = (row.professional, row.non_professional, row.non_display, row.query_professional)
    if not all(0 <= amount <= PRICE_MAX for amount in (*amounts, row.query_non_professional)):
        return f"a price is {dollars(0)} to {dollars(PRICE_MAX)}"
    return ""


def agreement_problem(agreement: DataAgreement, earlier: Sequence[DataAgreement]) -> str:
    """Say why a version of an agreement cannot be taken after the earlier ones; "" when it can."""
    if not (_is_code(agreement.code) and _is_code(agreement.exchange)):
        return f"an agreement's code and exchange have 1 to {CODE_MAX} of A–Z, 0–9 and '-'"
    if not _is_title(agreement.title):
        return f"{agreement.code}: a title has 1 to {TITLE_MAX} printable characters"
    wanted = earlier[-1].version + 1 if earlier else 1
    if agreement.version != wanted:
        return f"the next version of {agreement.code} is {wanted}, not {agreement.version}"
    first = earlier[-1].first_day + 1 if earlier else _DAY_MIN
    if not first <= agreement.first_day <= _DAY_MAX:
        return f"version {wanted} of {agreement.code} comes into force after the one before, from {day_from_number(first)} on"
    if not 0 <= agreement.grace_days <= GRACE_DAYS_MAX:
        return f"{agreement.grace_days} days of grace are outside 0 to {GRACE_DAYS_MAX}"
    if not _DIGEST.fullmatch(agreement.digest):
        return f"{agreement.code}: the digest of an agreement's text is its SHA-256 in 64 hexadecimal digits"
    return ""


def _is_code(text: str) -> bool:
    return len(text) <= CODE_MAX and _CODE.fullmatch(text) is not None


def _is_title(text: str) -> bool:
    return 0 < len(text) <= TITLE_MAX and text.isprintable()
