"""Tapes as aircheck writes them, made without waiting for weeks. The sound is holes in files: nobody listens to it, save to
an hour of it."""

import hashlib
import os
import subprocess
from datetime import datetime, timedelta, timezone

SECONDS = 2
"""How long a segment plays."""
BYTES = 12_000
"""How many bytes it has, unless something else is said."""
FRAMES = 94
"""How many frames of AAC a segment has in which there is sound: about two seconds."""
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
    index(folder / name, start, [(SECONDS, size)] * count)
    return name


def sound_on(reel):
    """Puts an hour of sound on a reel of a tape. Gives when that begins."""
    start = datetime.strptime(reel.name[:15], "%Y%m%dT%H%M%S").replace(tzinfo=timezone.utc)
    command = [
        "ffmpeg", "-nostdin", "-loglevel", "error", "-f", "lavfi", "-i", "anoisesrc=r=48000:a=0.2:c=pink:d=1200",
        "-c:a", "aac", "-b:a", "96k", "-ac", "2", "-f", "adts", "-",
    ]  # fmt: skip
    sound = subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout
    sizes, at = [], 0
    while at < len(sound):
        # The length of an ADTS frame is in 13 bits.
        sizes.append((sound[at + 3] & 3) << 11 | sound[at + 4] << 3 | sound[at + 5] >> 5)
        at += sizes[-1]
    # Three times twenty minutes, of which each segment has two seconds.
    sizes = sizes[: len(sizes) // FRAMES * FRAMES]
    segments = [(FRAMES * 1024 / 48_000, sum(sizes[at : at + FRAMES])) for at in range(0, len(sizes), FRAMES)]
    reel.write_bytes(sound[: sum(sizes)] * 3)
    index(reel, start, segments * 3)
    return start


def index(reel, start, segments):
    """Writes the index of a reel whose segments play so many seconds and have so many bytes."""
    lines, on_air, offset = [HEAD], start, 0
    for seconds, size in segments:
        lines.append(
            f"#aircheck arrived {on_air + timedelta(seconds=6):%Y-%m-%dT%H:%M:%S.%fZ} by programme\n"
            f"#EXT-X-PROGRAM-DATE-TIME:{on_air:%Y-%m-%dT%H:%M:%S.%fZ}\n"
            f"#EXTINF:{seconds:.6f},\n#EXT-X-BYTERANGE:{size}@{offset}\n{reel.name}\n"
        )
        arrived, on_air, offset = on_air + timedelta(seconds=6), on_air + timedelta(seconds=seconds), offset + size
    first, last = (f"{instant:%Y-%m-%dT%H:%M:%S.%fZ}" for instant in (start + timedelta(seconds=6), arrived))
    lines.append(
        f"#EXT-X-ENDLIST\n#aircheck sum {len(segments)} entries {offset} bytes begun {first} from {first} to {last} heard {last}\n"
    )
    reel.with_suffix(".m3u8").write_text("".join(lines))
