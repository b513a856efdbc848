"""Makes a film of numbered segments in a folder: transport streams whose clock goes on, made of one segment of ffmpeg's.
`v/000000.ts` and so on, and `list.m3u8`, which names them.
"""

import pathlib
import subprocess
import sys

FOLDER, SEGMENTS, KIBIBYTES = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
SECONDS = 4
PACKET = 188


def segment():
    """Returns a segment of so many KiB: picture of a rate that fills it, and sound."""
    rate = KIBIBYTES * 1024 * 8 // SECONDS
    command = ["ffmpeg", "-hide_banner", "-loglevel", "error"]
    command += ["-f", "lavfi", "-i", f"testsrc2=size=96x64:rate=25:duration={SECONDS}"]
    command += ["-f", "lavfi", "-i", f"sine=frequency=500:sample_rate=48000:duration={SECONDS}"]
    command += ["-c:v", "mpeg2video", "-g", "25", "-b:v", str(rate // 3), "-c:a", "aac", "-b:a", "32k"]
    command += ["-f", "mpegts", "-"]
    made = subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout
    wanted = KIBIBYTES * 1024 // PACKET * PACKET
    null = b"\x47\x1f\xff\x10" + b"\xff" * (PACKET - 4)
    return bytearray((made + null * (wanted // PACKET))[: max(wanted, len(made))])


def clocks(body):
    """Returns where time stamps lie in a segment: of PES headers and of the PCR."""
    places = []
    for packet in range(0, len(body), PACKET):
        head = body[packet + 1 : packet + 4]
        at = packet + 4
        if head[2] & 0x20:
            if body[at] and body[at + 1] & 0x10:
                places.append(("pcr", at + 2))
            at += 1 + body[at]
        if head[2] & 0x10 and head[0] & 0x40 and body[at : at + 3] == b"\0\0\1" and body[at + 3] >= 0xC0:
            flags = body[at + 7]
            if flags & 0x80:
                places.append(("pts", at + 9))
            if flags & 0xC0 == 0xC0:
                places.append(("pts", at + 14))
    return places


BODY = segment()
PLACES = clocks(BODY)


def numbered(number):
    """Returns the segment with this number: its clock is that much later."""
    body = bytearray(BODY)
    later = number * SECONDS * 90_000
    for kind, at in PLACES:
        if kind == "pcr":
            base = int.from_bytes(body[at : at + 4], "big") << 1 | body[at + 4] >> 7
            base = (base + later) % (1 << 33)
            body[at : at + 4] = (base >> 1).to_bytes(4, "big")
            body[at + 4] = body[at + 4] & 0x7F | (base & 1) << 7
        else:
            stamp = (body[at] >> 1 & 7) << 30 | body[at + 1] << 22 | body[at + 2] >> 1 << 15 | body[at + 3] << 7 | body[at + 4] >> 1
            stamp = (stamp + later) % (1 << 33)
            body[at] = body[at] & 0xF1 | (stamp >> 30) << 1
            body[at + 1] = stamp >> 22 & 0xFF
            body[at + 2] = (stamp >> 15 & 0x7F) << 1 | 1
            body[at + 3] = stamp >> 7 & 0xFF
            body[at + 4] = (stamp & 0x7F) << 1 | 1
    return bytes(body)


def playlist():
    lines = ["#EXTM3U", "#EXT-X-VERSION:3", f"#EXT-X-TARGETDURATION:{SECONDS}", "#EXT-X-PLAYLIST-TYPE:VOD"]
    for number in range(SEGMENTS):
        lines += [f"#EXTINF:{SECONDS}.000,", f"v/{number:06d}.ts"]
    return "\n".join(lines + ["#EXT-X-ENDLIST", ""]).encode()


def main():
    folder = pathlib.Path(FOLDER)
    (folder / "v").mkdir(parents=True)
    for number in range(SEGMENTS):
        (folder / f"v/{number:06d}.ts").write_bytes(numbered(number))
    (folder / "list.m3u8").write_bytes(playlist())


main()
