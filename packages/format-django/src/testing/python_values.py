"""The Python side of the tests: makes pickles, and says whether a rewritten pickle stands for the same value.

    make SEED START COUNT     pickles of random values, one frame each, to stdout
    check SEED START COUNT    reads as many frames, and prints what differs from the values that `make` pickled
    compare                   reads frames in pairs, and prints the pairs that differ

A frame is four bytes of length, big-endian, and so many bytes. Differences are printed as one JSON list.
"""
import collections
import datetime
import decimal
import json
import pickle
import random
import struct
import sys
import types
import uuid
import zoneinfo

STRANGE_FLOATS = [0.0, -0.0, 1.0, -1.0, 2.0**53, -(2.0**53), 2.0**53 - 1, 1e308, 5e-324, float("inf"), float("-inf"), float("nan")]
STRANGE_INTS = [0, 1, -1, 255, 256, 65535, 65536, 2**31 - 1, 2**31, -(2**31), -(2**31) - 1, 2**53 - 1, 2**53, 2**53 + 1,
                -(2**53), 2**63, -(2**63), 2**64, 2**127, -(2**2039), 2**2040, 2**2047, -(2**2047), 2**4000]
STRANGE_TEXTS = ["", "a", "__proto__", "constructor", "0", "1", "10", "01", "-1", "4294967294", "4294967295", "toString", "\x00", "\n", "\\",
                 "\\u0041", "\u00e9", "\u4e2d\u6587", "\U0001f389", "\ud800", "\udc00", "\ud83c\udf89", "\udc00\ud800", "\ufeffx", "\ufffd",
                 "x" * 255, "x" * 256, "\u00e9" * 127 + "x", "\u00e9" * 128, "\u2028", "'\"", "\x7f\x80\xff"]
ZONES = ["UTC", "Asia/Tokyo", "America/New_York", "Europe/London", "Australia/Lord_Howe"]


class Maker:
    def __init__(self, seed, protocol):
        self.random = random.Random(seed)
        self.protocol = protocol
        self.known = []

    def text(self):
        r = self.random
        if r.random() < 0.3:
            return r.choice(STRANGE_TEXTS)
        alphabet = r.choice(["abcdefghij_0123456789", "abc\u00e9\u00ff\u0100", "\u3042\u30a2\u6f22", "\U0001f389\ud800\udc00x\n"])
        return "".join(r.choice(alphabet) for _ in range(r.choice([1, 3, 8, 20, 40, 90])))

    def integer(self):
        r = self.random
        if r.random() < 0.4:
            return r.choice(STRANGE_INTS)
        return r.getrandbits(r.choice([3, 8, 16, 31, 40, 53, 64, 100, 500])) * r.choice([1, -1])

    def real(self):
        r = self.random
        if r.random() < 0.5:
            return r.choice(STRANGE_FLOATS)
        return struct.unpack(">d", r.getrandbits(64).to_bytes(8, "big"))[0]

    def zone(self):
        r = self.random
        kind = r.randrange(4)
        if kind == 0:
            return None
        if kind == 1:
            return datetime.timezone.utc
        if kind == 2:
            return zoneinfo.ZoneInfo(r.choice(ZONES))
        offset = datetime.timedelta(seconds=r.randrange(-86399, 86400), microseconds=r.choice([0, 0, 7]))
        return datetime.timezone(offset) if r.random() < 0.5 else datetime.timezone(offset, "\u6642" + str(r.randrange(9)))

    def clock(self):
        r = self.random
        # Protocols before 4 have no room for fold.
        fold = r.randrange(2) if self.protocol >= 4 else 0
        return dict(hour=r.randrange(24), minute=r.randrange(60), second=r.randrange(60), microsecond=r.choice([0, 1, 999999]), fold=fold)

    def moment(self):
        r = self.random
        kind = r.randrange(4)
        date = dict(year=r.choice([1, 99, 1970, 2026, 9999]), month=r.randrange(1, 13), day=r.randrange(1, 29))
        if kind == 0:
            return datetime.date(**date)
        if kind == 1:
            return datetime.time(**self.clock(), tzinfo=self.zone())
        if kind == 2:
            return datetime.timedelta(r.randrange(-999999999, 999999999), r.randrange(86400), r.randrange(1000000))
        return datetime.datetime(**date, **self.clock(), tzinfo=self.zone())

    def number_class(self):
        r = self.random
        if r.random() < 0.5:
            value = uuid.UUID(int=r.getrandbits(128), is_safe=r.choice(list(uuid.SafeUUID)))
            return value
        return decimal.Decimal(r.choice(["1.10", "-0", "NaN", "sNaN12", "Infinity", "-Infinity", "1E+10", "0E-9", "12345678901234567890.123", "9E+999999"]))

    def scalar(self):
        r = self.random
        kind = r.randrange(12)
        if kind < 3:
            return self.text()
        if kind < 5:
            return self.integer()
        if kind == 5:
            return self.real()
        if kind == 6:
            return r.choice([None, True, False])
        if kind == 7:
            return r.randbytes(r.choice([0, 1, 5, 255, 256, 300]))
        if kind == 8:
            return bytearray(r.randbytes(r.choice([0, 1, 5, 256])))
        if kind == 9:
            return self.number_class()
        return self.moment()

    def key(self, depth):
        r = self.random
        kind = r.randrange(10)
        if kind == 0 and depth > 0:
            return tuple(self.key(depth - 1) for _ in range(r.randrange(4)))
        if kind == 1 and depth > 0:
            return frozenset(self.key(depth - 1) for _ in range(r.randrange(4)))
        if kind < 5:
            return self.text()
        while True:
            value = self.scalar()
            # A signalling NaN has no hash.
            if not isinstance(value, bytearray) and not (isinstance(value, decimal.Decimal) and value.is_snan()):
                return value

    def value(self, depth):
        r = self.random
        if depth == 0 or r.random() < 0.35:
            return self.scalar()
        if self.known and r.random() < 0.08:
            return r.choice(self.known)
        value = self.container(depth - 1)
        self.known.append(value)
        return value

    def container(self, depth):
        r = self.random
        kind = r.randrange(9)
        count = r.choice([0, 1, 2, 3, 4, 6])
        if r.random() < 0.002:
            count = 1001
            depth = 0
        if kind < 2:
            return [self.value(depth) for _ in range(count)]
        if kind < 4:
            return tuple(self.value(depth) for _ in range(count))
        if kind < 6:
            return {self.text(): self.value(depth) for _ in range(count)}
        if kind == 6:
            return {self.key(2): self.value(depth) for _ in range(count)}
        if kind == 7:
            return r.choice([set, frozenset])(self.key(2) for _ in range(count))
        return collections.OrderedDict((self.key(1), self.value(depth)) for _ in range(count))


def values(seed, start, count):
    for i in range(start, start + count):
        protocol = i % 6
        yield protocol, Maker(seed * 1000003 + i, protocol).value(4)


def describe(value):
    """Everything that a pickle keeps of a value, as something that compares by type, too."""
    kind = type(value)
    name = kind.__module__ + "." + kind.__qualname__
    if kind is float:
        return name, "nan" if value != value else struct.pack(">d", value)
    if kind in (dict, collections.OrderedDict):
        return name, [(describe(k), describe(v)) for k, v in value.items()]
    if kind in (list, tuple):
        return name, [describe(v) for v in value]
    if kind in (set, frozenset):
        return name, sorted((describe(v) for v in value), key=repr)
    if kind in (datetime.datetime, datetime.time):
        return name, repr(value.replace(tzinfo=None)), value.fold, describe(value.tzinfo)
    if kind is datetime.timezone:
        return name, repr(value), value.tzname(None)
    if kind is uuid.UUID:
        return name, value.int, value.is_safe
    if kind.__module__ in ("pytz", "django_redis.client.herd"):
        return name, sorted(vars(value).items())
    return name, kind.__repr__(value) if kind is not str else value


def add_stand_ins():
    """Classes of Django and pytz, as far as pickle knows them, for a Python that has neither."""

    class SafeString(str):
        pass

    class Marker:
        pass

    class Zone(datetime.tzinfo):
        def __init__(self, *args):
            self.args = args

        def __reduce__(self):
            return (_p, self.args) if self.args != ("UTC",) else (_UTC, ())

    def _UTC():
        return Zone("UTC")

    def _p(*args):
        return Zone(*args)

    for name, members in [("django.utils.safestring", [SafeString]), ("django_redis.client.herd", [Marker]), ("pytz", [Zone, _UTC, _p])]:
        module = sys.modules[name] = types.ModuleType(name)
        for member in members:
            member.__module__ = name
            member.__qualname__ = member.__name__
            setattr(module, member.__name__, member)
    for parent in ["django", "django.utils", "django_redis", "django_redis.client"]:
        sys.modules.setdefault(parent, types.ModuleType(parent))


def read_frames():
    while True:
        head = sys.stdin.buffer.read(4)
        if not head:
            return
        yield sys.stdin.buffer.read(struct.unpack(">I", head)[0])


def write_frame(data):
    sys.stdout.buffer.write(struct.pack(">I", len(data)) + data)


def differences(pairs):
    for i, (expected, data) in enumerate(pairs):
        try:
            got = describe(pickle.loads(data))
        except Exception as error:
            yield [i, "%s: %s" % (type(error).__name__, error)]
            continue
        wanted = describe(expected)
        if got != wanted:
            yield [i, ascii(wanted)[:600], ascii(got)[:600]]


def loads_pairs():
    frames = read_frames()
    for original in frames:
        yield pickle.loads(original), next(frames)


def main(mode, *numbers):
    if mode == "make":
        for protocol, value in values(*map(int, numbers)):
            write_frame(pickle.dumps(value, protocol))
    elif mode == "check":
        expected = (value for _, value in values(*map(int, numbers)))
        print(json.dumps(list(differences(zip(expected, read_frames())))))
    else:
        add_stand_ins()
        print(json.dumps(list(differences(loads_pairs()))))


main(*sys.argv[1:])
