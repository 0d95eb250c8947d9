"""Reads lines of JSON, {"name", "serializer", "compressor", "django", "node"}, the last two values as base64, and writes the names of
those that django-redis does not read as the same, types included."""
import base64
import json
import sys

import django.conf

django.conf.settings.configure(CACHES={})

from django_redis.compressors import identity, lz4, lzma, zlib
from django_redis.serializers import json as json_serializer, msgpack, pickle

SERIALIZERS = {
    "pickle": pickle.PickleSerializer({}),
    "json": json_serializer.JSONSerializer({}),
    "msgpack": msgpack.MSGPackSerializer({}),
}
COMPRESSORS = {
    "none": identity.IdentityCompressor({}),
    "zlib": zlib.ZlibCompressor({}),
    "lz4": lz4.Lz4Compressor({}),
    "lzma": lzma.LzmaCompressor({}),
}


def read(row, side):
    """As DefaultClient.decode."""
    value = base64.b64decode(row[side])
    try:
        return int(value)
    except (ValueError, TypeError):
        try:
            value = COMPRESSORS[row["compressor"]].decompress(value)
        except Exception:
            pass
        return SERIALIZERS[row["serializer"]].loads(value)


def shape(value):
    """Equal only where types and order are."""
    if isinstance(value, dict):
        return (type(value), [(shape(key), shape(member)) for key, member in value.items()])
    if isinstance(value, (list, tuple)):
        return (type(value), [shape(item) for item in value])
    if isinstance(value, (set, frozenset)):
        return (type(value), sorted(repr(shape(item)) for item in value))
    return (type(value), repr(value), getattr(value, "fold", None))


for line in sys.stdin:
    row = json.loads(line)
    if shape(read(row, "django")) != shape(read(row, "node")):
        print(row["name"], repr(read(row, "django"))[:200], repr(read(row, "node"))[:200])
