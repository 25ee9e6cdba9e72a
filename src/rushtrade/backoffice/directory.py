"""Who is who: the firm, its venues, instruments, customers and accounts, as last told by the journal."""

from __future__ import annotations

from rushtrade.backoffice.folding import Handler
from rushtrade.domain.accounts import AccountState
from rushtrade.domain.errors import require
from rushtrade.domain.events import (
    AccountChanged,
    AccountOpened,
    CustomerRegistered,
    Event,
    FirmOpened,
    InstrumentDefined,
)
from rushtrade.domain.instruments import Instrument
from rushtrade.domain.routes import Route


class AccountEntry:
    """An account as the back office knows it: its number at the clearing firm and its state."""

    __slots__ = ("account_id", "customer_id", "number", "state")

    def __init__(self, account_id: int, customer_id: int, number: str) -> None:
        self.account_id = account_id
        self.customer_id = customer_id
        self.number = number
        self.state = AccountState.ENABLED

    @property
    def is_open(self) -> bool:
        """True until the account is closed; a disabled account is still a customer's account."""
        return self.state is not AccountState.CLOSED


class Directory:
    """Fold of everything that names things."""

    def __init__(self) -> None:
        self.firm = ""
        self.accounts: dict[int, AccountEntry] = {}
        self.customers: dict[int, str] = {}
        self.instruments: dict[int, Instrument] = {}
        self._routes: dict[int, Route] = {}

    def handlers(self) -> dict[type[Event], Handler]:
        """Name the events folded."""
        return {
            FirmOpened: self._firm_opened,
            InstrumentDefined: self._instrument_defined,
            CustomerRegistered: self._customer_registered,
            AccountOpened: self._account_opened,
            AccountChanged: self._account_changed,
        }

    def number(self, account_id: int) -> str:
        """Give the account's number at the clearing firm."""
        return self.accounts[account_id].number

    def symbol(self, instrument_id: int) -> str:
        """Give the symbol of an instrument."""
        return self.instruments[instrument_id].symbol

    def venue(self, venue: int) -> str:
        """Give the house code of a venue, or its number where the firm has no such route."""
        route = self._routes.get(venue)
        return route.code if route else str(venue)

    def open_accounts(self) -> dict[int, None]:
        """Give the ids of the accounts that are open."""
        return {account_id: None for account_id, entry in self.accounts.items() if entry.is_open}

    def _firm_opened(self, event: FirmOpened, _seq: int, _time_ns: int) -> None:
        self.firm = event.name
        self._routes = {route.venue: route for route in event.routes}

    def _instrument_defined(self, event: InstrumentDefined, _seq: int, _time_ns: int) -> None:
        self.instruments[event.instrument.instrument_id] = event.instrument

    def _customer_registered(self, event: CustomerRegistered, _seq: int, _time_ns: int) -> None:
        self.customers[event.customer_id] = event.display_name

    def _account_opened(self, event: AccountOpened, _seq: int, _time_ns: int) -> None:
        require(event.account_id not in self.accounts, f"account {event.account_id} was opened twice")
        self.accounts[event.account_id] = AccountEntry(event.account_id, event.customer_id, event.number)

    def _account_changed(self, event: AccountChanged, _seq: int, _time_ns: int) -> None:
        self.accounts[event.account_id].state = event.state
