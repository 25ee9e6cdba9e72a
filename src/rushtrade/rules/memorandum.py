"""The special memorandum account (Regulation T, 12 CFR 220.5) of a margin account that is long only.

A state and one function a kind of event, each giving the next state: the market can only raise the account, a sale adds
half its proceeds, a purchase uses what of its initial margin was not deposited, a withdrawal takes from it. Buying
power is what the account can carry at the initial rate.
"""

from __future__ import annotations

import msgspec

from rushtrade.rules.margin import MILLION, part


class Memorandum(msgspec.Struct, frozen=True):
    """Long market value, debit balance and special memorandum account, in micro-dollars."""

    initial_ppm: int
    long_value: int = 0
    debit: int = 0
    sma: int = 0

    @property
    def equity(self) -> int:
        """Long market value less debit."""
        return self.long_value - self.debit

    @property
    def buying_power(self) -> int:
        """What can be bought without a deposit."""
        return max(0, self.sma * MILLION // self.initial_ppm)

    def bought(self, cost: int, deposit: int) -> Memorandum:
        """Return the state after a purchase with a deposit of cash."""
        return msgspec.structs.replace(
            self,
            long_value=self.long_value + cost,
            debit=self.debit + cost - deposit,
            sma=self.sma - (part(cost, self.initial_ppm) - deposit),
        )

    def sold(self, proceeds: int) -> Memorandum:
        """Return the state after a sale at the value last marked."""
        return msgspec.structs.replace(
            self,
            long_value=self.long_value - proceeds,
            debit=self.debit - proceeds,
            sma=self.sma + part(proceeds, self.initial_ppm),
        )

    def deposited(self, amount: int) -> Memorandum:
        """Return the state after a deposit of cash."""
        return msgspec.structs.replace(self, debit=self.debit - amount, sma=self.sma + amount)

    def withdrew(self, amount: int) -> Memorandum:
        """Return the state after cash was taken out against the account."""
        return msgspec.structs.replace(self, debit=self.debit + amount, sma=self.sma - amount)

    def marked(self, long_value: int) -> Memorandum:
        """Return the state after the market has moved to a new long value."""
        excess = long_value - self.debit - part(long_value, self.initial_ppm)
        return msgspec.structs.replace(self, long_value=long_value, sma=max(self.sma, excess))
