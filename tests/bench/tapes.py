"""Tapes as aircheck writes them, made without waiting for weeks. The sound is holes in files: nobody listens to it."""

import hashlib
import os
from datetime import datetime, timedelta, timezone

SECONDS = 2
"""How long a segment plays."""
BYTES = 12_000
"""How many bytes it has, unless something else is said."""
LEVELS = '{"aircheck_levels":1,"seconds":3600,"peaks":"","loudness":[],"silent":[],"undecoded":[]}'

HEAD = """#EXTM3U
#EXT-X-VERSION:7
#EXT-X-PLAYLIST-TYPE:EVENT
#EXT-X-TARGETDURATION:4
#EXT-X-MEDIA-SEQUENCE:0
#aircheck format aac 48000 Hz 2 ch
"""


def long_tape(folder, length, size=BYTES):
    """Writes a tape of `length` that ended an hour ago, in reels of an hour, with segments of `size` bytes. Gives the
    names of the reels."""
    folder.mkdir(parents=True)
    end = datetime.now(timezone.utc).replace(minute=0, second=0, microsecond=0) - timedelta(hours=1)
    hours = int(length / timedelta(hours=1))
    return [reel(folder, end - timedelta(hours=before), size) for before in range(hours, 0, -1)]


def survey(folder, names):
    """Seals the reels of a tape and gives them levels, as aircheck does in the hour after they have ended."""
    word, sounds = "0" * 64, {}
    lines = [f"#aircheck seals after {word}\n"]
    for name in names:
        length, index = (folder / name).stat().st_size, (folder / name).with_suffix(".m3u8").read_bytes()
        if length not in sounds:
            sounds[length] = hashlib.sha256(bytes(length)).hexdigest()
        body = f"sealed {name} {length} {sounds[length]} {len(index)} {hashlib.sha256(index).hexdigest()}"
        word = hashlib.sha256(f"{word}\n{body}".encode()).hexdigest()
        lines.append(f"{body} {word}\n")
        (folder / name).with_suffix(".levels").write_text(LEVELS)
    (folder / "seals").write_text("".join(lines))


def copy(folder, target):
    """Makes the same tape once more, without room on the disk."""
    target.mkdir()
    for file in folder.iterdir():
        os.link(file, target / file.name)


def reel(folder, start, size):
    name = f"{start:%Y%m%dT%H%M%S}000Z.aac"
    count = 3600 // SECONDS
    with open(folder / name, "wb") as sound:
        sound.truncate(count * size)
    lines = [HEAD]
    for number in range(count):
        on_air = start + timedelta(seconds=number * SECONDS)
        lines.append(
            f"#aircheck arrived {on_air + timedelta(seconds=6):%Y-%m-%dT%H:%M:%S.%fZ} by programme\n"
            f"#EXT-X-PROGRAM-DATE-TIME:{on_air:%Y-%m-%dT%H:%M:%S.%fZ}\n"
            f"#EXTINF:{SECONDS:.6f},\n#EXT-X-BYTERANGE:{size}@{number * size}\n{name}\n"
        )
    first, last = (f"{start + timedelta(seconds=after):%Y-%m-%dT%H:%M:%S.%fZ}" for after in (6, 3604))
    lines.append(
        f"#EXT-X-ENDLIST\n#aircheck sum {count} entries {count * size} bytes begun {first} from {first} to {last} heard {last}\n"
    )
    (folder / name).with_suffix(".m3u8").write_text("".join(lines))
    return name
