"""One holder at a time for a named duty, for as long as it keeps renewing, with a note for whoever holds it next."""

from __future__ import annotations

from synapse.state.driver import Driver

TAKE = """INSERT INTO lease (name, holder, until) VALUES (:name, :holder, {in:seconds})
ON CONFLICT (name) DO UPDATE SET holder = :holder, until = {in:seconds} WHERE lease.holder = :holder OR lease.until < {now}
RETURNING note"""
GIVE = "UPDATE lease SET until = {now} WHERE name = :name AND holder = :holder"
LEAVE = "UPDATE lease SET note = :note WHERE name = :name AND holder = :holder"


class Leases:
    """Named leases, by the database's clock."""

    def __init__(self, driver: Driver) -> None:
        self.driver = driver

    def take(self, name: str, holder: str, seconds: float) -> tuple[bool, str | None]:
        """Take or renew the lease: whether it is ours now, and the note left with it."""
        rows = self.driver.rows(TAKE, {"name": name, "holder": holder, "seconds": seconds})
        return (True, rows[0][0]) if rows else (False, None)

    def leave(self, name: str, holder: str, note: str) -> None:
        """Leave a note with a lease we hold."""
        self.driver.rows(LEAVE, {"name": name, "holder": holder, "note": note})

    def give(self, name: str, holder: str) -> None:
        """Give the lease back before it runs out."""
        self.driver.rows(GIVE, {"name": name, "holder": holder})
