"""Tapes as aircheck writes them, made without waiting for weeks. The sound is holes in files, save where somebody listens:
there all reels have the same hour."""

import base64
import hashlib
import json
import os
import subprocess
from datetime import datetime, timedelta, timezone

SECONDS = 2
"""How long a segment plays."""
BYTES = 12_000
"""How many bytes it has, unless something else is said."""
FRAMES = 94
"""How many frames of AAC a segment has in which there is sound: about two seconds."""
PEAKS = base64.b64encode(bytes(second * 7 % 256 for second in range(3600))).decode()

HEAD = """#EXTM3U
#EXT-X-VERSION:7
#EXT-X-PLAYLIST-TYPE:EVENT
#EXT-X-TARGETDURATION:4
#EXT-X-MEDIA-SEQUENCE:0
#aircheck format aac 48000 Hz 2 ch
"""


class Hour:
    """What is on every reel of a tape: how long each segment plays, with its bytes, and the file of its sound if it has any."""

    def __init__(self, segments, file=None):
        self.segments, self.file = segments, file
        self.bytes = sum(size for _, size in segments)

    def sum(self):
        """The SHA-256 of the sound."""
        return hashlib.sha256(self.file.read_bytes() if self.file else bytes(self.bytes)).hexdigest()


def silent_hour(size=BYTES):
    """An hour of segments of `size` bytes without sound."""
    return Hour([(SECONDS, size)] * (3600 // SECONDS))


def hour_of_sound(file):
    """An hour of noise in AAC: three times twenty minutes."""
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
    sizes = sizes[: len(sizes) // FRAMES * FRAMES]
    segments = [(FRAMES * 1024 / 48_000, sum(sizes[at : at + FRAMES])) for at in range(0, len(sizes), FRAMES)]
    file.write_bytes(sound[: sum(sizes)] * 3)
    return Hour(segments * 3, file)


def long_tape(folder, length, hour):
    """Writes a tape of `length` that ended an hour ago, in reels of an `hour` each, with room for its sound and without it.
    Gives the names of the reels."""
    folder.mkdir(parents=True)
    end = datetime.now(timezone.utc).replace(minute=0, second=0, microsecond=0) - timedelta(hours=1)
    hours = int(length / timedelta(hours=1))
    return [reel(folder, end - timedelta(hours=before), hour) for before in range(hours, 0, -1)]


def give_sound(folder, names, hour):
    """Gives the reels of a tape the sound of the hour, without more room on the disk."""
    for name in names:
        (folder / name).unlink()
        os.link(hour.file, folder / name)


def start_of(name):
    """When the reel with this name begins."""
    return datetime.strptime(name[:15], "%Y%m%dT%H%M%S").replace(tzinfo=timezone.utc)


def survey(folder, names, hour):
    """Seals the reels of a tape and gives them levels, as aircheck does in the hour after they have ended."""
    word, sound = "0" * 64, hour.sum()
    lines = [f"#aircheck seals after {word}\n"]
    for name in names:
        index = (folder / name).with_suffix(".m3u8").read_bytes()
        body = f"sealed {name} {hour.bytes} {sound} {len(index)} {hashlib.sha256(index).hexdigest()}"
        word = hashlib.sha256(f"{word}\n{body}".encode()).hexdigest()
        lines.append(f"{body} {word}\n")
        (folder / name).with_suffix(".levels").write_text(levels(name, len(index)))
    (folder / "seals").write_text("".join(lines))


def levels(name, index):
    """The levels of a reel, whose index has so many bytes."""
    on_air = {"index": index, "runs": [[0.0, 3600.0, f"{start_of(name):%Y-%m-%dT%H:%M:%SZ}", True]]}
    told = {"aircheck_levels": 1, "seconds": 3600.0, "peaks": PEAKS, "loudness": [-23.0] * 60, "silent": []}
    return json.dumps({**told, "undecoded": [], "on_air": on_air}, separators=(",", ":"))


def copy(folder, target):
    """Makes the same tape once more, without room on the disk."""
    target.mkdir()
    for file in folder.iterdir():
        os.link(file, target / file.name)


def reel(folder, start, hour):
    name = f"{start:%Y%m%dT%H%M%S}000Z.aac"
    with open(folder / name, "wb") as sound:
        sound.truncate(hour.bytes)
    index(folder / name, start, hour.segments)
    return name


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
