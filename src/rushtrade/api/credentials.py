"""Keys and users, in one small file beside the journal: secrets never enter the journal, and nothing here is one.

An API secret is 256 random bits, so its SHA-256 is as good as any slow hash and costs a microsecond; a person's
password is argon2id, in a thread of its own pool, at most two at once (a login flood must not take the memory).
The file is written whole beside the old one and moved over it, readable by its owner alone.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import os
import secrets
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Final, Literal

import msgspec
from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError

from rushtrade.api.ports import KeyRecord, Permission, UserRecord
from rushtrade.domain.errors import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

PASSWORD_BYTES_MAX: Final = 256
PASSWORD_BYTES_MIN: Final = 8
HASHES_AT_ONCE: Final = 2

_hasher = PasswordHasher(time_cost=3, memory_cost=64 * 1024, parallelism=1)
_pool = ThreadPoolExecutor(HASHES_AT_ONCE, thread_name_prefix="argon2")
_nobody = KeyRecord("", hashlib.sha256(b"nobody").digest(), 0, frozenset())


def digest(secret: str) -> bytes:
    """Digest of an API secret, as it is kept."""
    return hashlib.sha256(secret.encode(errors="surrogatepass")).digest()


def check_secret(record: KeyRecord | None, secret: str) -> bool:
    """Tell whether a secret belongs to a key; takes as long for a key that does not exist."""
    same = hmac.compare_digest((record or _nobody).secret_digest, digest(secret))
    return same and record is not None


def hash_password(password: str) -> str:
    """Hash a password for keeping. Takes a tenth of a second or more."""
    size = len(password.encode())
    if not PASSWORD_BYTES_MIN <= size <= PASSWORD_BYTES_MAX:
        raise InvalidInput(
            f"a password has {PASSWORD_BYTES_MIN} to {PASSWORD_BYTES_MAX} bytes; this one has {size}"
        )
    return _hasher.hash(password)


_nobody_hash = ""


def _verify(hashed: str, password: str) -> bool:
    try:
        return _hasher.verify(hashed, password)
    except (Argon2Error, InvalidHashError):
        return False


def _dummy_hash() -> str:
    global _nobody_hash  # noqa: PLW0603 - made once, when first needed
    _nobody_hash = _nobody_hash or _hasher.hash(secrets.token_hex())
    return _nobody_hash


async def check_password(record: UserRecord | None, password: str) -> bool:
    """Tell whether a password is the user's; takes as long for a user who does not exist."""
    if len(password.encode()) > PASSWORD_BYTES_MAX:
        return False
    loop = asyncio.get_running_loop()
    hashed = record.password_hash if record else await loop.run_in_executor(_pool, _dummy_hash)
    same = await loop.run_in_executor(_pool, _verify, hashed, password)
    return same and record is not None


class _Contents(msgspec.Struct):
    version: int = 1
    keys: list[KeyRecord] = []
    users: list[UserRecord] = []


class CredentialFile:
    """Keys and users kept in a JSON file; read once, written on change."""

    def __init__(self, path: Path) -> None:
        self._path = path
        contents = msgspec.json.decode(path.read_bytes(), type=_Contents) if path.exists() else _Contents()
        self._keys = {record.key_id: record for record in contents.keys}
        self._users = {record.user: record for record in contents.users}

    def key(self, key_id: str) -> KeyRecord | None:
        """Find an API key."""
        return self._keys.get(key_id)

    def user(self, user: str) -> UserRecord | None:
        """Find a user."""
        return self._users.get(user)

    def keys(self) -> list[KeyRecord]:
        """All keys, in the order they were made."""
        return list(self._keys.values())

    def new_key(
        self,
        account_id: int,
        permissions: Iterable[Permission] = ("read", "trade", "market_data"),
        *,
        user: str = "",
        use: Literal["display", "non_display"] = "display",
    ) -> tuple[str, str]:
        """Make an API key for an account; give its id and its secret, which is shown this once.

        `user` is whose key it is, `use` whether a person sees its market data or a program decides with it.
        """
        key_id = "RT" + secrets.token_hex(9).upper()
        secret = secrets.token_urlsafe(32)
        self._keys[key_id] = KeyRecord(key_id, digest(secret), account_id, frozenset(permissions), user, use)
        self._write()
        return key_id, secret

    def put_user(
        self,
        user: str,
        name: str,
        password: str,
        account_ids: Iterable[int],
        permissions: Iterable[Permission] = ("read", "trade", "market_data"),
    ) -> None:
        """Add a user, or set all that is known of one."""
        self._users[user] = UserRecord(
            user, name, hash_password(password), tuple(account_ids), frozenset(permissions)
        )
        self._write()

    def _write(self) -> None:
        contents = _Contents(keys=list(self._keys.values()), users=list(self._users.values()))
        beside = self._path.with_name(self._path.name + ".new")
        handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(msgspec.json.format(msgspec.json.encode(contents, order="sorted"), indent=1))
            file.flush()
            os.fsync(file.fileno())
        beside.replace(self._path)
