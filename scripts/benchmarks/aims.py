"""What the benchmarks are to show, and whether they do."""

from benchmarks.network import ROLES
from benchmarks.sign import bytes_of_a_session

RATIO = 1.10
BESIDE_PROTOCOL_MS = 10
OF_ALLOWED = 0.9
SESSION_MB = 5
# In a trie a path grows with the logarithm of what there is, so the same to the microsecond is too much
# to ask.
LOOKUP_GROWTH = 2


def aims(found):
    """Of each aim: what it is, what was measured, and whether that meets it, or None if it was not."""
    by_parties = {2: found["sign"], 3: found["sign"]["three"]}
    return [*(signing(parties, sign) for parties, sign in by_parties.items()),
            *(beside_protocol(parties, sign) for parties, sign in by_parties.items()),
            throughput(found), lost(found), memory(found), lookups(found)]


def signing(parties, sign):
    slices = ", ".join(f"{one['ratio']:.2f}" for one in sign["slices"])
    return (f"signing end to end, T = {parties}: at most {RATIO:.2f} × bare synedrion",
            f"{sign['ratio']:.2f} × (by slice: {slices})", sign["ratio"] <= RATIO)


def beside_protocol(parties, sign):
    spent = sign["beside_protocol_ms"]
    return (f"all that is not the protocol, T = {parties}: under {BESIDE_PROTOCOL_MS} ms a request", f"{spent:.1f} ms",
            spent < BESIDE_PROTOCOL_MS)


def throughput(found):
    """Of as many users as the cores need to be busy. A signature has two parties, who often wait for
    each other."""
    cores = found["about"]["cores"]
    rows = [row for row in found["throughput"]["rows"] if row["users"] > cores]
    told = ", ".join(f"{100 * row['of_allowed']:.1f} % ({row['users']} users)" for row in rows)
    return (f"throughput: at least {100 * OF_ALLOWED:.0f} % of what the protocol's own time of {cores} cores allows",
            told or "not measured", min(row["of_allowed"] for row in rows) >= OF_ALLOWED if rows else None)


def lost(found):
    """What a client asked again for at another relayer, and had signed there, is not lost: that is told."""
    rows = [found["sign"], found["sign"]["three"], *found["throughput"]["rows"], *found["growth"]["messages"]]
    failed, answered = (sum(row[what] for row in rows) for what in ("failed", "answered"))
    others = " and ".join(f"{sum(sum(row['not_ok'][role].values()) for row in rows)} of {role}s" for role in ROLES)
    return ("no request lost, of all that are made for these figures",
            f"{failed} of {failed + answered}; answers other than ok: {others}", failed == 0)


def memory(found):
    """In a process of its own: of a node's memory nobody can tell what is a session's."""
    each = bytes_of_a_session(found["sign"]["memory"]) / 1e6
    return (f"memory of an open session: under {SESSION_MB} MB", f"{each:.2f} MB (the driver's, with links in memory)",
            each < SESSION_MB)


def lookups(found):
    first, *_, last = sorted(found["growth"]["lookups"], key=lambda row: row["registrations"])
    told = " and ".join(f"{row['microseconds']:.1f} µs ({row['registrations']:,})" for row in (first, last))
    return (f"look-ups do not grow with the registrations: at most {LOOKUP_GROWTH} ×",
            f"{told}, in memory, not in ParityDB",
            last["microseconds"] <= LOOKUP_GROWTH * first["microseconds"])
