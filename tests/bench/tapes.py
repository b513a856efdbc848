"""Tapes as aircheck writes them, made without waiting for weeks. The sound is holes in files: nobody listens to it."""

from datetime import datetime, timedelta, timezone

SECONDS = 2
"""How long a segment plays."""
BYTES = 12_000

HEAD = """#EXTM3U
#EXT-X-VERSION:7
#EXT-X-PLAYLIST-TYPE:EVENT
#EXT-X-TARGETDURATION:4
#EXT-X-MEDIA-SEQUENCE:0
#aircheck format aac 48000 Hz 2 ch
"""


def long_tape(folder, length):
    """Writes a tape of `length` that ended an hour ago, in reels of an hour."""
    folder.mkdir(parents=True)
    end = datetime.now(timezone.utc).replace(minute=0, second=0, microsecond=0) - timedelta(hours=1)
    start = end - length
    while start < end:
        reel(folder, start)
        start += timedelta(hours=1)


def reel(folder, start):
    name = f"{start:%Y%m%dT%H%M%SZ}.aac"
    count = 3600 // SECONDS
    with open(folder / name, "wb") as sound:
        sound.truncate(count * BYTES)
    lines = [HEAD]
    for number in range(count):
        on_air = start + timedelta(seconds=number * SECONDS)
        lines.append(
            f"#aircheck arrived {on_air + timedelta(seconds=6):%Y-%m-%dT%H:%M:%S.%fZ} by programme\n"
            f"#EXT-X-PROGRAM-DATE-TIME:{on_air:%Y-%m-%dT%H:%M:%S.%fZ}\n"
            f"#EXTINF:{SECONDS:.6f},\n#EXT-X-BYTERANGE:{BYTES}@{number * BYTES}\n{name}\n"
        )
    first, last = (f"{start + timedelta(seconds=after):%Y-%m-%dT%H:%M:%S.%fZ}" for after in (6, 3604))
    lines.append(
        f"#EXT-X-ENDLIST\n#aircheck sum {count} entries {count * BYTES} bytes begun {first} from {first} to {last} heard {last}\n"
    )
    (folder / name).with_suffix(".m3u8").write_text("".join(lines))
