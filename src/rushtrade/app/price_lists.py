"""Selling market data in a process: a price list into its journal, and the ports that ask the register."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec

from rushtrade.api.ports import Submit
from rushtrade.app.entitlement_desk import EntitlementFiles
from rushtrade.app.entitlements_port import EntitlementsPort
from rushtrade.core.sequencer import Core
from rushtrade.domain.commands import AnyCommand, DefineDataAgreement, DefineDataProduct
from rushtrade.domain.errors import InvalidInput
from rushtrade.domain.frames import FrameBody
from rushtrade.entitlements.coverage import Coverage
from rushtrade.entitlements.price_list import DisplayRule, PriceList
from rushtrade.scenario.founding import execute_all


class DataSales(msgspec.Struct, frozen=True):
    """What a process sells: a price list, for the house's own market or for data its lines carry from exchanges."""

    price_list: PriceList
    is_own: bool

    def ports(
        self, core: Core, mics: Sequence[str], submit: Submit, now_ns: Callable[[], int], journal: Path
    ) -> tuple[EntitlementsPort, EntitlementFiles]:
        """Give what asks the register, and what shows its files."""
        coverage = Coverage(mics, is_own=self.is_own)
        port = entitlements_of(core, coverage, submit, now_ns, self.price_list.displays)
        return port, EntitlementFiles(port, journal, self.price_list.texts)


def entitlements_of(
    core: Core, coverage: Coverage, submit: Submit, now_ns: Callable[[], int], rule: DisplayRule | None = None
) -> EntitlementsPort:
    """Give the port over a core's own register, reviewed with every frame that is released."""
    state = core.state
    port = EntitlementsPort(
        lambda: state.market_data, coverage, submit, now_ns, rule, is_account=state.accounts.__contains__
    )

    def on_frame(body: FrameBody) -> None:
        del body
        port.review()

    core.subscribe(on_frame)
    return port


def publish_price_list(core: Core, listed: PriceList) -> None:
    """Make the journal know a price list: what is new or changed, by ordinary commands.

    Raises:
        InvalidInput: an agreement that the journal knows has another text or date under the same version.

    """
    register = core.state.market_data
    commands: list[AnyCommand] = []
    for agreement in listed.agreements:
        known = {row.version: row for row in register.agreements.get(agreement.code, [])}
        if known.get(agreement.version, agreement) != agreement:
            raise InvalidInput(
                f"agreement {agreement.code} version {agreement.version} of price list {listed.name!r} is not the one "
                "people have signed; a changed text gets a new version"
            )
        if agreement.version not in known:
            commands.append(DefineDataAgreement(agreement))
    commands += [
        DefineDataProduct(product)
        for product in listed.products
        if register.products.get(product.code) != product
    ]
    execute_all(core, commands, "desk")
