"""The parts of the benchmark. Each yields rows: what is measured, the figure, its unit, and the bound that it must keep."""

import sqlite3
import subprocess
import time
from contextlib import ExitStack
from datetime import datetime, timedelta, timezone
from typing import NamedTuple

from listening import first_sounds, timelines
from origin import on_the_air
from processes import (
    Failure,
    aircheck,
    cpu_seconds,
    cpu_share,
    memory,
    running,
    shared_memory,
    until,
    write_configuration,
)
from tapes import copy, give_sound, hour_of_sound, long_tape, silent_hour, start_of, survey

PAGE = 'web: { listen: "127.0.0.1:0" }\n'
NO_PAGE = "web: { listen: off }\n"
SETTLE = 8
"""Seconds after which a start is over."""
WINDOW = 20
"""Seconds that a share of a processor is measured for."""


class Row(NamedTuple):
    what: str
    figure: float
    unit: str
    bound: float | None = None


def now():
    return datetime.now(timezone.utc)


def planned(count, each):
    """So many shows, `each` on a station, none of which is on in the next hours."""
    nowhere = "http://127.0.0.1:9/live.m3u8"
    stations = "".join(f'  s{n}: {{ name: Station {n}, hls: "{nowhere}" }}\n' for n in range(count // each))
    days = ["*", "1-5", "0,6", "3"]
    shows = "".join(
        f"  - {{ title: Show {n}, id: show-{n}, station: s{n // each}, length: 45m, "
        f'cron: "{n * 7 % 60} {(now().hour + 4 + n % 18) % 24} * * {days[n % 4]}" }}\n'
        for n in range(count)
    )
    return f"stations:\n{stations}shows:\n{shows}"


def taped(count, url):
    """Stations with one show each, which has begun already and goes on for hours; and the stations alone."""
    stations = "".join(f'  s{n}: {{ name: Station {n}, hls: "{url}" }}\n' for n in range(count))
    hour = (now() - timedelta(hours=1)).hour
    shows = "".join(
        f'  - {{ title: Show {n}, id: show-{n}, station: s{n}, cron: "0 {hour} * * *", length: 20h }}\n'
        for n in range(count)
    )
    return f"stations:\n{stations}shows:\n{shows}", f"stations:\n{stations}shows: []\n"


def idle(binary, folder):
    """Nothing is due."""
    with aircheck(binary, folder / "idle-1000", NO_PAGE + planned(1000, 10)) as daemon:
        time.sleep(SETTLE)
        yield Row("idle, 1,000 shows, page off", cpu_share([daemon.pid], WINDOW) * 100, "% CPU", 0.2)
        yield Row("idle, 1,000 shows, page off", memory(daemon.pid), "MB", 25)
    with aircheck(binary, folder / "idle-2000", PAGE + planned(2000, 10)) as daemon:
        time.sleep(SETTLE)
        yield Row("idle, 2,000 shows, page on", cpu_share([daemon.pid], WINDOW) * 100, "% CPU", 0.5)
        yield Row("2,000 shows: /stations, slowest of 5", daemon.slowest("/stations"), "ms", 100)
        yield Row("2,000 shows: /schedule.ics, slowest of 5", daemon.slowest("/schedule.ics"), "ms", 100)
        yield Row("2,000 shows: after these", memory(daemon.pid), "MB", 60)
        yield Row("2,000 shows: at the peak", memory(daemon.pid, "VmHWM"), "MB")


def tape(binary, folder):
    """Stations of one live stream, and ffmpeg at the same stream in the same minutes."""
    with on_the_air(folder / "origin") as url:
        yield from ffmpegs(folder, url, 40)
        for count, cpu, megabytes in [(40, 1.2, 40), (200, 5, 60), (1000, 20, 150)]:
            yield from stations(binary, folder / f"tape-{count}", url, count, cpu, megabytes)


def ffmpegs(folder, url, count):
    with ExitStack() as stack:
        pids = []
        for number in range(count):
            command = ["ffmpeg", "-nostdin", "-loglevel", "error", "-i", url, "-c", "copy"]
            copy = running([*command, str(folder / f"copy-{number}.ts")], folder / "ffmpeg.log")
            pids.append(stack.enter_context(copy).pid)
        time.sleep(SETTLE)
        share = cpu_share(pids, WINDOW)
        yield Row(f"{count} × ffmpeg -c copy, for comparison", share * 1000 / count, "ms CPU per station and second")
        yield Row(f"{count} × ffmpeg -c copy, for comparison", sum(map(shared_memory, pids)), "MB")


def stations(binary, folder, url, count, cpu, megabytes):
    name = f"{count:,} stations taped"
    busy, quiet = taped(count, url)
    with aircheck(binary, folder, PAGE + quiet) as daemon:
        daemon.url("/")
        time.sleep(3)
        base = memory(daemon.pid)
        daemon.configure(PAGE + busy)
        until(f"{name}", lambda: daemon.metric("aircheck_decks_running") == count)
        # What the window of the stream held is taken, and what comes is taken as it comes.
        until("sound of all", lambda: daemon.metric('aircheck_sound_seconds_total{fate="taped"}') > count * 30)
        time.sleep(SETTLE)
        before = daemon.metric('aircheck_sound_seconds_total{fate="taped"}')
        share = cpu_share([daemon.pid], WINDOW)
        got = daemon.metric('aircheck_sound_seconds_total{fate="taped"}') - before
        yield Row(name, share * 100, "% CPU", cpu)
        yield Row(name, memory(daemon.pid), "MB", megabytes)
        yield Row(f"{name}: at the peak", memory(daemon.pid, "VmHWM"), "MB")
        yield Row(f"{name}: lost", daemon.metric('aircheck_sound_seconds_total{fate="lost"}'), "s", 0)
        if got < count * (WINDOW - 8):
            raise Failure(f"{name}: only {got:.0f} s of sound in {WINDOW} s")
        if count == 40:
            yield Row(f"{name}: above its base", memory(daemon.pid) - base, "MB", 25)
            yield Row(name, share * 1000 / count, "ms CPU per station and second", 0.3)


def long(binary, folder):
    """A station that was on tape for six weeks, beside one that was never."""
    folder = folder / "long"
    with on_the_air(folder / "origin") as url:
        long_tape(folder / "state" / "tape" / "s1", timedelta(days=42), silent_hour())
        # Housekeeping, at 30 s past every tenth minute, would delete that tape.
        until("a quiet time", lambda: 40 < (now().minute % 10) * 60 + now().second < 500, 600)
        _, quiet = taped(2, url)
        with aircheck(binary, folder, PAGE + quiet) as daemon:
            daemon.url("/")
            time.sleep(3)
            none = cpu_share([daemon.pid], WINDOW)
            (first, _, one), (second, megabytes, both) = (begun(daemon, station) for station in ("s0", "s1"))
            yield Row("a tape of 42 days: opening it", (second - first) * 1000, "ms CPU", 50)
            yield Row("a tape of 42 days: in memory", megabytes, "MB", 2)
            # What cannot be told from nothing is allowed.
            more = (both - 2 * one + none) * 1000
            yield Row("a tape of 42 days: taping, more than on a new one", more, "ms CPU per second", 1)


def begun(daemon, station):
    """Records `station`: the processor time until it is on tape and 5 s more, the memory, and the share from then on."""
    cpu, megabytes = cpu_seconds(daemon.pid), memory(daemon.pid)
    daemon.post(f"/api/v1/stations/{station}/record")
    daemon.says(rf" on tape .*station={station} ")
    time.sleep(5)
    used = cpu_seconds(daemon.pid) - cpu
    return used, memory(daemon.pid) - megabytes, cpu_share([daemon.pid], WINDOW)


def always(binary, folder):
    """Stations that are always on tape, each with six weeks of it."""
    folder = folder / "always"
    tapes = folder / "state" / "tape"
    folder.mkdir()
    hour = hour_of_sound(folder / "hour")
    reels = long_tape(tapes / "s0", timedelta(days=42), hour)
    survey(tapes / "s0", reels, hour)
    for number in range(1, 100):
        copy(tapes / "s0", tapes / f"s{number}")
    give_sound(tapes / "s0", reels, hour)
    # Two days of a stream of 128 kbit/s, one of which is whole by the clock.
    large = silent_hour(32_000)
    survey(tapes / "day", long_tape(tapes / "day", timedelta(days=2), large), large)

    def yaml(url, count):
        keys = [", tape: 42d" if number < count else "" for number in range(100)]
        lines = (f'  s{n}: {{ name: Station {n}, hls: "{url}"{key} }}\n' for n, key in enumerate(keys))
        return f'{PAGE}stations:\n{"".join(lines)}  day: {{ name: Day, hls: "{url}" }}\nshows: []\n'

    with on_the_air(folder / "origin") as url:
        base = None
        for count in (0, 1, 100):
            began = time.monotonic()
            with aircheck(binary, folder, yaml(url, count)) as daemon:
                ready = (time.monotonic() - began) * 1000
                name = f"{count} of 100 stations always on tape, with 42 days each"
                daemon.url("/")
                until(name, lambda: daemon.metric("aircheck_decks_running") == count)
                time.sleep(SETTLE)
                used = memory(daemon.pid)
                base = base or used
                if count == 1:
                    yield Row("1 station always on tape, with 42 days: above its base", used - base, "MB", 5)
                    yield Row("1 station always on tape, with 42 days: ready", ready, "ms", 1000)
                    whole = (start_of(reels[0]), start_of(reels[-1]))
                    for what, slowest in first_sounds(daemon, "s0", *whole):
                        yield Row(f"42 days on tape: {what}, slowest of 8", slowest, "ms", 300)
                    for what, slowest in timelines(daemon, "s0", *whole):
                        yield Row(f"42 days on tape: {what}, slowest of 8", slowest, "ms", 200)
                if count == 100:
                    yield Row(f"{name}", used, "MB", 100)
                    yield Row(f"{name}: ready", ready, "ms", 1000)
            (folder / "run.log").unlink()
    noon = now() - timedelta(days=20)
    yield Row("42 days on tape: account of a day", command(binary, folder, "s0", f"{noon:%Y-%m-%d}"), "ms", 200)
    yesterday = now() - timedelta(days=1)
    yield Row(
        "a day of 128 kbit/s: verify", command(binary, folder, "day", f"{yesterday:%Y-%m-%d}", "--verify"), "ms", 2000
    )


def command(binary, folder, station, day, *more):
    """How many milliseconds the fastest of three accounts of a day takes, with the start of the program."""
    run = [binary, "--config", folder / "stations.yaml", "tape", station, "--day", day, *more]

    def one():
        began = time.monotonic()
        ran = subprocess.run(run, capture_output=True, text=True, check=False)
        if ran.returncode != 0:
            raise Failure(f"aircheck tape: {ran.stdout}{ran.stderr}")
        return (time.monotonic() - began) * 1000

    return min(one() for _ in range(3))


def clip(binary, folder):
    """A quarter of an hour of six weeks ago, beside what it takes to encode as much sound."""
    folder = folder / "clip"
    tape = folder / "state" / "tape" / "s0"
    folder.mkdir()
    hour = hour_of_sound(folder / "hour")
    reels = long_tape(tape, timedelta(days=42), hour)
    give_sound(tape, reels, hour)
    start = start_of(reels[24]) + timedelta(minutes=20)
    write_configuration(folder, planned(1, 1))
    samples = folder / "samples"
    decode = ["ffmpeg", "-nostdin", "-loglevel", "error", "-f", "lavfi", "-i", "anoisesrc=r=48000:a=0.2:c=pink:d=900"]
    subprocess.run([*decode, "-f", "f32le", "-ac", "2", samples], check=True)
    encode = ["ffmpeg", "-nostdin", "-loglevel", "error", "-f", "f32le", "-ar", "48000", "-ac", "2", "-i", samples]
    encode += ["-c:a", "libmp3lame", "-b:a", "128k", "-compression_level", "5", "-y", folder / "alone.mp3"]
    run = [binary, "--config", folder / "stations.yaml", "clip", "s0"]
    run += ["--from", f"{start:%Y-%m-%dT%H:%M:%SZ}", "--for", "15m", "--output", folder / "clip.mp3"]

    def one(command):
        (folder / "clip.mp3").unlink(missing_ok=True)
        began = time.monotonic()
        ran = subprocess.run(command, capture_output=True, text=True, check=False)
        if ran.returncode != 0:
            raise Failure(f"{command[0]}: {ran.stdout}{ran.stderr}")
        return time.monotonic() - began

    # By turns, so that what else the machine does weighs on both.
    times = [(one(run), one(encode)) for _ in range(3)]
    clipped, alone = (min(both) for both in zip(*times))
    yield Row("a clip of 15 min of six weeks ago", clipped, "s")
    yield Row("a clip of 15 min of six weeks ago, by what its encoding alone takes", clipped / alone, "×", 1.2)


def listed(binary, folder):
    """Twenty thousand recordings in the catalogue."""
    folder = folder / "list"
    yaml = PAGE + planned(400, 20)
    with aircheck(binary, folder, yaml) as daemon:
        daemon.url("/")
    fill(folder / "state" / "catalogue.sqlite", 20_000, 20)
    (folder / "run.log").unlink()
    with aircheck(binary, folder, yaml) as daemon:
        for path, bound in [("/stations", 100), ("/", None), ("/feed.xml", None)]:
            yield Row(f"20,000 recordings: {path}, slowest of 5", daemon.slowest(path), "ms", bound)
        yield Row("20,000 recordings: after these", memory(daemon.pid), "MB")


def fill(catalogue, count, stations):
    """Writes recordings into a catalogue that nobody uses: one a quarter of an hour, something missing of every tenth."""

    def stamp(instant):
        return instant.strftime("%Y-%m-%dT%H:%M:%S.000Z")

    connection = sqlite3.connect(catalogue)
    with connection:
        for number in range(count):
            start = datetime(2026, 1, 1, tzinfo=timezone.utc) + timedelta(minutes=15 * number)
            end, show, missing = start + timedelta(hours=1), f"show-{number % 400}", number % 10 == 0
            row = {
                "id": f"{show}@{start:%Y%m%dT%H%MZ}", "show": show, "station": f"s{number % stations}",
                "title": f"Show {number % 400}", "timezone": "UTC",
                "on_air_start": stamp(start), "on_air_end": stamp(end), "cut_start": stamp(start), "cut_end": stamp(end),
                "state": "shelved", "claimed_at": stamp(start), "finished_at": stamp(end),
                "verdict": "partial" if missing else "complete", "percent": 99.0 if missing else None,
                "seconds": 3564.0 if missing else 3600.0, "length": 3600.0, "file": f"{number}.mp3", "bytes": 57_600_000,
            }  # fmt: skip
            marks = ", ".join("?" * len(row))
            connection.execute(f"INSERT INTO airings ({', '.join(row)}) VALUES ({marks})", [*row.values()])
            if missing:
                gap = (row["id"], 0, stamp(start), 36.0, "it answered 503", "missing", "refused")
                names = "airing, position, start, seconds, cause, kind, cause_kind"
                connection.execute(f"INSERT INTO gaps ({names}) VALUES (?, ?, ?, ?, ?, ?, ?)", gap)
    connection.close()


PARTS = {"idle": idle, "tape": tape, "long": long, "always": always, "clip": clip, "list": listed}
